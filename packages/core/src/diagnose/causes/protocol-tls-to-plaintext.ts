// The proxy opens TLS to a listener that speaks plaintext: its ClientHello is answered with bytes that are no TLS record.
// Some listeners say nothing to what they cannot read; then what they say to others tells.
import { CLIENT, SERVER } from '../../observe/observations.ts'
import type { FrameRef } from '../../report/document.ts'
import { nearClient } from '../../story/story.ts'
import { conversationsWith } from '../by-endpoint.ts'
import { type Facts, upstreamClosed } from '../facts.ts'
import { frames, type Judge, type Judgement, upstreamOf } from '../judgement.ts'
import { perStory } from '../remember.ts'
import { frameRef } from '../view.ts'

const judge: Judge = (facts) => {
  const { near } = facts
  const [client, server] = near.connection.speaks
  if (client === 'tls' && server === null) return unanswered(facts)
  if (client !== 'tls' || server === null || server === 'tls' || server === 'tls-alert') return null
  const upstream = upstreamOf(facts)
  const what = server === 'http1-response' ? 'plain HTTP' : 'bytes that are no TLS'
  const reply = near.packets.find((p) => p.from === SERVER && p.length > 0)
  const hello = near.packets.find((p) => p.from === CLIENT && p.length > 0)
  // Records whose beginning the capture does not have look like anything.
  if (server !== 'http1-response' && reply !== undefined && reply.seq > 1) return null
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
function unanswered(facts: Facts): Judgement | null {
  const { near, connecting } = facts
  const others = connecting.outcome === 'open' ? plaintextElsewhere(facts) : []
  if (others.length === 0) return null
  const closed = upstreamClosed(facts)
  const upstream = upstreamOf(facts)
  const hello = near.packets.filter((p) => p.from === CLIENT && p.length > 0).slice(0, 1)
  return {
    cause: 'protocol-tls-to-plaintext',
    confidence: 'likely',
    summary: `The proxy opened TLS to ${upstream}, which ${closed === null ? 'said nothing' : 'closed'}: other connections to that port speak plain HTTP.`,
    findings: [
      { text: 'the proxy sent a TLS ClientHello', frames: frames(near, hello) },
      ...(closed === null ? [] : [{ text: `${closed.kind} from ${upstream}`, frames: [near.ref(closed.packet)] }]),
      { text: 'another connection to the same port was answered in plain HTTP', frames: others },
    ],
    competing: [
      {
        cause: closed === null ? 'tls-stalled' : 'tls-closed',
        because: 'a listener that takes both, and fails at TLS, looks the same; its configuration would tell',
        frames: [],
      },
    ],
  }
}

/** The first other connection to the same listener that was answered in plaintext; none where TLS works there as well. */
const plaintextElsewhere = ({ story, near }: Facts): FrameRef[] => [...plaintextAt(story, near.connection.server)]

const plaintextAt = perStory((story, server): FrameRef[] => {
  const others = conversationsWith(story, server).map(nearClient)
  if (others.some(({ connection }) => connection.speaks[SERVER] === 'tls')) return []
  const found = others.find(({ connection }) => connection.speaks[SERVER] === 'http1-response')
  return found === undefined ? [] : [frameRef(story, found.capture, found.connection.first.frame)]
})
export default judge
