// The proxy opens TLS to a listener that speaks plaintext: its ClientHello is answered with bytes that are no TLS record.
import { CLIENT, SERVER } from '../../observe/observations.ts'
import { type Judge, upstreamOf } from '../judgement.ts'

const judge: Judge = (facts) => {
  const { near } = facts
  const [client, server] = near.connection.speaks
  if (client !== 'tls' || server === null || server === 'tls' || server === 'tls-alert') return null
  const upstream = upstreamOf(facts)
  const what = server === 'http1-response' ? 'plain HTTP' : 'bytes that are no TLS'
  const reply = near.packets.find((p) => p.from === SERVER && p.length > 0)
  const hello = near.packets.find((p) => p.from === CLIENT && p.length > 0)
  return {
    cause: 'protocol-tls-to-plaintext',
    confidence: 'certain',
    summary: `The proxy opened TLS to ${upstream}, which answered in ${what}: that port does not speak TLS.`,
    findings: [
      {
        text: `${upstream} answered the ClientHello with ${what}`,
        frames: reply === undefined ? [] : [near.ref(reply)],
      },
      { text: 'the proxy sent a TLS ClientHello', frames: hello === undefined ? [] : [near.ref(hello)] },
    ],
  }
}
export default judge
