// The upstream speaks another protocol than the proxy: its first bytes are those of SSH, a database, HTTP/2 ...
import { SERVER } from '../../observe/observations.ts'
import { type Sniffed, SNIFFED_NAMES } from '../../app/sniff.ts'
import { frames, type Judge, upstreamOf } from '../judgement.ts'

/** First bytes that say nothing about a protocol, or belong to causes of their own. */
const SILENT: ReadonlySet<Sniffed> = new Set<Sniffed>(['http1-response', 'tls', 'tls-alert', 'text', 'unknown'])

/** Protocols whose answers never look like HTTP/1. */
const NEVER_HTTP1: ReadonlySet<Sniffed> = new Set<Sniffed>(['http2', 'fastcgi', 'ajp'])

const judge: Judge = (facts) => {
  const { near, answer } = facts
  const [client, server] = near.connection.speaks
  if (server === null || client === server || client === 'tls') return null
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
export default judge
