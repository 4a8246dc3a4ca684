// A plaintext request to a TLS listener. It answers with a TLS alert record (RFC 8446 section 6), says 400 in
// plaintext, or closes; a bare close says nothing by itself, unless the same listener is seen to speak TLS.
import { CLIENT, SERVER } from '../../observe/observations.ts'
import type { FrameRef } from '../../report/document.ts'
import type { Conversation } from '../../story/story.ts'
import { conversationsWith } from '../by-endpoint.ts'
import { upstreamClosed, type Facts } from '../facts.ts'
import { frames, type Judge, upstreamOf } from '../judgement.ts'
import { perStory } from '../remember.ts'

/** What TLS servers say in plaintext to those who do not speak TLS. */
const PHRASES = [
  /plain HTTP request was sent to HTTPS port/i,
  /speaking plain HTTP to an SSL-enabled server port/i,
  /sent an HTTP request to an HTTPS server/i,
  /HTTP request (?:was )?sent to (?:an )?HTTPS/i,
  /combination of host and port requires TLS/i,
]

const judge: Judge = (facts) => {
  const { near, answer } = facts
  const { connection, exchange } = near
  if (exchange === null || exchange.request.frame < 0 || connection.tls !== null) return null
  const upstream = upstreamOf(facts)
  const spoken = connection.speaks[SERVER]
  if (spoken === 'tls' || spoken === 'tls-alert') {
    const what = connection.firstBytes[1].charCodeAt(0) === 21 ? 'a TLS alert' : 'TLS'
    return {
      cause: 'protocol-plaintext-to-tls',
      confidence: 'certain',
      summary: `The proxy sent plain HTTP to ${upstream}, which answered with ${what}: that port expects TLS.`,
      findings: [
        {
          text: `${upstream} answered the plaintext request with ${what} record`,
          frames: frames(near, answer.before.length > 0 ? answer.before : saidBy(near), 2),
        },
        { text: 'the proxy sent the request in plaintext', frames: [near.ref(exchange.request)] },
      ],
    }
  }
  const said = PHRASES.find((phrase) => phrase.test(exchange.detail?.body ?? ''))
  if (exchange.status === 400 && said !== undefined) {
    return {
      cause: 'protocol-plaintext-to-tls',
      confidence: 'certain',
      summary: `The proxy sent plain HTTP to ${upstream}, which said that its port expects TLS.`,
      findings: [{ text: `${upstream} answered 400: plain HTTP on a TLS port`, frames: [near.ref(exchange.response)] }],
    }
  }
  const closed = upstreamClosed(facts)
  const others = tlsElsewhere(facts)
  if (closed === null || answer.before.length > 0 || others.length === 0) return null
  return {
    cause: 'protocol-plaintext-to-tls',
    confidence: 'likely',
    summary: `The proxy sent plain HTTP to ${upstream}, which closed: other connections to that port speak TLS.`,
    findings: [
      { text: `${upstream} closed with no response byte`, frames: [near.ref(closed.packet)] },
      { text: 'other connections to the same port begin with a TLS ClientHello', frames: others },
    ],
    competing: [
      { cause: 'closed-without-response', because: "the close alone could also be the application's", frames: [] },
    ],
  }
}

/** What the upstream sent on a connection whose answers are no HTTP/2. */
const saidBy = ({ packets }: Facts['near']) => packets.filter((p) => p.from === SERVER && p.length > 0)

const isTls = ({ sightings: [{ connection }] }: Conversation): boolean =>
  connection.speaks[CLIENT] === 'tls' && connection.speaks[SERVER] === 'tls'

/** Other connections to the same listener on which both sides speak TLS: the first one's frame. */
const tlsElsewhere = ({ story, near }: Facts): FrameRef[] => [...tlsAt(story, near.connection.server)]

const tlsAt = perStory((story, server): FrameRef[] => {
  const found = conversationsWith(story, server).find(isTls)
  return found === undefined
    ? []
    : [{ capture: story.captures[found.sightings[0].capture].ids[0], frame: found.sightings[0].connection.first.frame }]
})
export default judge
