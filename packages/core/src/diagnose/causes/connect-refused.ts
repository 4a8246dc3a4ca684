// The SYN was answered by a RST (RFC 9293 section 3.10.7.1): nothing listens at that port, or a firewall says so.
import { SERVER } from '../../observe/observations.ts'
import { duration, type Judge, upstreamOf } from '../judgement.ts'

const judge: Judge = (facts) => {
  const { connecting, near, far } = facts
  if (connecting.outcome !== 'refused') return null
  const upstream = upstreamOf(facts)
  const refusal = near.connection.sides[SERVER].reset!
  // Where the upstream's own capture has the connection without that RST, something on the path has sent it.
  const forged = far !== null && far.connection.sides[SERVER].reset === null
  return {
    cause: 'connect-refused',
    confidence: forged ? 'likely' : 'certain',
    ...(forged ? { domain: 'network' as const } : {}),
    summary: `${upstream} refused the connection: ${forged ? 'a RST that the upstream did not send' : 'a RST'} answered the SYN after ${duration(connecting.seconds)}.`,
    findings: [
      { text: `a RST answered the SYN to ${upstream}`, frames: [near.ref(refusal)] },
      ...(near.connection.syns.length === 0
        ? []
        : [{ text: 'the proxy sent a SYN', frames: near.connection.syns.slice(0, 3).map((m) => near.ref(m)) }]),
    ],
  }
}
export default judge
