// The upstream speaks another protocol than the proxy: its first bytes are those of SSH, a database, HTTP/2 ... Or it
// closes at once, and other connections to it tell that a PROXY header (haproxy's proxy-protocol.txt) made the difference.
import { CLIENT, SERVER } from '../../observe/observations.ts'
import { type Sniffed, SNIFFED_NAMES } from '../../app/sniff.ts'
import { nearClient, type Sighting } from '../../story/story.ts'
import { conversationsWith } from '../by-endpoint.ts'
import { type Facts, upstreamClosed } from '../facts.ts'
import { frames, type Judge, type Judgement, upstreamOf } from '../judgement.ts'
import { perStory } from '../remember.ts'
import { frameRef } from '../view.ts'

/** First bytes that say nothing about a protocol, or belong to causes of their own. */
const SILENT: ReadonlySet<Sniffed> = new Set<Sniffed>(['http1-response', 'tls', 'tls-alert', 'text', 'unknown'])

/** Protocols whose answers never look like HTTP/1. */
const NEVER_HTTP1: ReadonlySet<Sniffed> = new Set<Sniffed>(['http2', 'fastcgi', 'ajp'])

const judge: Judge = (facts) => {
  const { attempt, near, answer } = facts
  const server = near.connection.speaks[SERVER]
  // What one capture does not have of a connection, another one may.
  const spoken = attempt.conversation!.sightings.map(({ connection }) => connection.speaks[CLIENT])
  const client = spoken.find((protocol) => protocol !== null) ?? null
  if (server === null || server === 'tls-alert') return withoutOrWithHeader(facts)
  if (client === server || client === 'tls') return null
  // What no capture has the proxy may have said all the same, and in that protocol.
  const { isn, ttl, missing } = near.connection.sides[CLIENT]
  if (client === null && (isn < 0 || ttl < 0 || missing > 0)) return null
  const isHttp1 = server === 'http1-response' && client !== null && NEVER_HTTP1.has(client)
  if (SILENT.has(server) && !isHttp1) return null
  const expected = client === 'http1-request' ? 'HTTP/1' : client === null ? 'another protocol' : SNIFFED_NAMES[client]
  const upstream = upstreamOf(facts)
  const reply = answer.before.length > 0 ? answer.before : near.packets.filter((p) => p.from === SERVER && p.length > 0)
  return {
    cause: 'protocol-other',
    confidence: 'certain',
    summary: `${upstream} speaks ${SNIFFED_NAMES[server]}, and the proxy expected ${expected}.`,
    findings: [
      { text: `the first bytes from ${upstream} are ${SNIFFED_NAMES[server]}`, frames: frames(near, reply, 2) },
    ],
  }
}

/** Who cannot make anything of the first bytes closes as soon as it has read them. */
const AT_ONCE_NS = 1e9

/** A header that the listener does not know, or one that it waits for in vain. */
function withoutOrWithHeader(facts: Facts): Judgement | null {
  const { story, near, asked } = facts
  const { connection, exchange } = near
  const closed = upstreamClosed(facts)
  if (closed === null || closed.packet.time - asked > AT_ONCE_NS || (exchange?.ordinal ?? 0) > 0) return null
  const answered = answeredAt(story, connection.server)
  const unlike = connection.proxyHeader ? answered.without : answered.withHeader
  const alike = connection.proxyHeader ? answered.withHeader : answered.without
  // Where others of its kind are answered, the header is none of the reasons.
  if (unlike === null || alike !== null) return null
  const upstream = upstreamOf(facts)
  const has = connection.proxyHeader
  return {
    cause: 'protocol-other',
    confidence: 'likely',
    summary: has
      ? `The proxy puts a PROXY header in front, and ${upstream} closed: it answers connections that have none.`
      : `${upstream} closed at once on a connection without a PROXY header: it answers connections that have one.`,
    findings: [
      { text: `${upstream} closed without an answer`, frames: [near.ref(closed.packet)] },
      {
        text: `a connection ${has ? 'without' : 'with'} a PROXY header that was answered`,
        frames: [frameRef(story, unlike.capture, unlike.connection.first.frame)],
      },
    ],
  }
}

interface Answered {
  withHeader: Sighting | null
  without: Sighting | null
}

/** The first connections that a server answered, with and without a PROXY header. */
const answeredAt = perStory((story, server): Answered => {
  const answered = conversationsWith(story, server).map(nearClient).filter(isAnswered)
  return {
    withHeader: answered.find(({ connection }) => connection.proxyHeader) ?? null,
    without: answered.find(({ connection }) => !connection.proxyHeader) ?? null,
  }
})

function isAnswered({
  connection: {
    speaks: [, server],
  },
}: Sighting): boolean {
  return server !== null && server !== 'tls-alert'
}
export default judge
