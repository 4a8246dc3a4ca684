// One exchange as an entry of an HTTP Archive (HAR 1.2). Fields of our own begin with an underscore, as it asks.
import type { Entry, Header, QueryString, Request, Response, Timings } from 'har-format'
import { frameRef } from '../../diagnose/view.ts'
import type { Connection, Exchange, Moment } from '../../observe/observations.ts'
import type { Story, Turn } from '../../story/story.ts'
import type { FrameRef } from '../document.ts'
import { ownTimestamp } from '../time.ts'
import type { Part } from './incidents.ts'
import type { HarLeg } from './legs.ts'
import { lengthOf, type Phases } from './phases.ts'
import { isSecretName, LEFT_OUT, parametersOf, withoutSecrets } from './secrets.ts'

export interface EntrySource {
  story: Story
  turn: Turn
  /** Index of the view that is told, in `turn.views`: the asker's, which waited. */
  view: number
  phases: Phases
  leg: HarLeg
  part: Part | null
  showSecrets: boolean
}

/** Frames of one exchange in one capture; null for what was not seen. */
interface EntryFrames {
  request: FrameRef | null
  requestEnd: FrameRef | null
  response: FrameRef | null
  responseEnd: FrameRef | null
}

export function entryOf(source: EntrySource): Entry {
  const { story, turn, view, phases } = source
  const { connection } = turn.conversation.sightings[view]!
  const exchange = turn.views[view]!
  const started = ownTimestamp(story.captures[0]!.observations, phases.started)
  return {
    startedDateTime: `${started.slice(0, -7)}Z`,
    time: milliseconds(lengthOf(phases)),
    request: requestOf(source, connection, exchange),
    response: responseOf(source, exchange),
    cache: {},
    timings: timingsOf(phases),
    serverIPAddress: connection.serverAddress,
    connection: String(turn.conversation.id),
    ...ownOf(source, connection, exchange, started),
  }
}

/** What HAR has no field for; those without a value are left out of the text. */
function ownOf(
  { story, turn, phases: { unseen }, leg, part, showSecrets }: EntrySource,
  connection: Connection,
  { protocol, status, stream, grpcStatus, idle, ended, detail }: Exchange,
  started: string,
): { [field: `_${string}`]: unknown } {
  const frames = framesOf(story, turn)
  const fault = (detail?.responseFault ?? detail?.requestFault)?.text
  return {
    _startedDateTime: started,
    _leg: leg,
    _incident: part?.incident.id,
    _cause: part?.cause ?? undefined,
    _error: status > 0 ? undefined : 'no response was seen',
    // It may quote what is wrong.
    _fault: fault === undefined || showSecrets ? fault : withoutSecrets(fault),
    _ended: ended,
    _unseen: unseen.length > 0 ? unseen : undefined,
    _protocol: protocol,
    _stream: stream >= 0 ? stream : undefined,
    _grpcStatus: grpcStatus >= 0 ? grpcStatus : undefined,
    _idle: idle >= 0 ? milliseconds(idle) : undefined,
    _client: connection.client,
    _server: connection.server,
    _capture: (frames[0]!.request ?? frames[0]!.response)?.capture,
    _frames: frames,
  }
}

/** Milliseconds with all six digits of the nanoseconds; -1 stays. */
const milliseconds = (ns: number): number => (ns < 0 ? -1 : Math.round(ns) / 1e6)

const timingsOf = ({ blocked, dns, connect, ssl, send, wait, receive }: Phases): Timings => ({
  blocked: milliseconds(blocked),
  dns: milliseconds(dns),
  connect: milliseconds(connect),
  send: milliseconds(send),
  wait: milliseconds(wait),
  receive: milliseconds(receive),
  ssl: milliseconds(ssl),
})

function framesOf(story: Story, { conversation, views }: Turn): EntryFrames[] {
  return conversation.sightings.flatMap(({ capture }, i) => {
    const exchange = views[i]
    if (exchange == null) return []
    const ref = ({ frame }: Moment): FrameRef | null => (frame < 0 ? null : frameRef(story, capture, frame))
    const { request, requestEnd, response, responseEnd } = exchange
    return [
      { request: ref(request), requestEnd: ref(requestEnd), response: ref(response), responseEnd: ref(responseEnd) },
    ]
  })
}

function requestOf({ showSecrets }: EntrySource, connection: Connection, exchange: Exchange): Request {
  const { method, detail, bodyLength } = exchange
  const target = showSecrets ? exchange.target : withoutSecrets(exchange.target)
  // Of what went well the identifiers are kept, and nothing else.
  const kept = detail?.requestFields ?? keptOf(exchange)
  return {
    method,
    url: urlOf(connection, exchange.host, target),
    httpVersion: versionOf(exchange, detail?.requestVersion ?? 0),
    cookies: [],
    headers: headersOf(kept, showSecrets),
    queryString: parametersOf(target) satisfies QueryString[],
    headersSize: requestHeadSize(exchange),
    bodySize: bodyLength,
  }
}

function keptOf({ host, ids }: Exchange): [string, string][] {
  const fields = ids.map((id): [string, string] => {
    const equals = id.indexOf('=')
    return [id.slice(0, equals), id.slice(equals + 1)]
  })
  return host === null ? fields : [['host', host], ...fields]
}

/** Known where the body is known to be as long as what is said of it, without the frame of chunks. */
function requestHeadSize({ protocol, method, detail, requestFrom, requestTo, bodyLength }: Exchange): number {
  if (protocol !== 'http1' || requestFrom < 0 || requestTo < 0 || bodyLength < 0) return -1
  const isPlain =
    detail === null
      ? bodyLength === 0 && (method === 'GET' || method === 'HEAD')
      : !detail.requestFields.some(([name]) => name === 'transfer-encoding')
  const size = requestTo - requestFrom - bodyLength
  return isPlain && size > 0 ? size : -1
}

function responseOf({ showSecrets }: EntrySource, exchange: Exchange): Response {
  const { status, detail, headSize, responseBytes } = exchange
  const fields = detail?.responseFields ?? []
  const reason = detail?.reason ?? ''
  const field = (wanted: string): string => fields.find(([name]) => name === wanted)?.[1] ?? ''
  const location = field('location')
  const isAnswered = status > 0
  return {
    status,
    statusText: showSecrets ? reason : withoutSecrets(reason),
    httpVersion: isAnswered ? versionOf(exchange, detail?.responseVersion ?? 0) : '',
    cookies: [],
    headers: headersOf(fields, showSecrets),
    // As it came: compressed where it was.
    content: { size: responseBytes, mimeType: field('content-type') || 'x-unknown' },
    redirectURL: showSecrets ? location : withoutSecrets(location),
    headersSize: isAnswered && exchange.protocol === 'http1' && headSize > 0 ? headSize : -1,
    bodySize: isAnswered ? responseBytes : -1,
  }
}

const headersOf = (fields: readonly [string, string][], showSecrets: boolean): Header[] =>
  fields.map(([name, value]) => ({
    name,
    value: showSecrets ? value : isSecretName(name) ? LEFT_OUT : withoutSecrets(value),
  }))

/** As a status line has it; `unknown` where the minor version was not kept, or the protocol is none of HTTP. */
function versionOf({ protocol }: Exchange, version: number): string {
  if (protocol === 'http2') return 'HTTP/2'
  if (protocol !== 'http1' || version === 0) return 'unknown'
  return `HTTP/${Math.floor(version / 10)}.${version % 10}`
}

/** Characters of host and port (RFC 3986 section 3.2). */
const AUTHORITY = /^[\w.~!$&'()*+,;=%:[\]-]+$/

/** An absolute URL in ASCII, whatever the request says. */
function urlOf({ tls, server }: Connection, host: string | null, target: string): string {
  const scheme = tls === null ? 'http' : 'https'
  const authority = host !== null && AUTHORITY.test(host) ? host : server
  if (/^https?:\/\//i.test(target)) return encoded(target)
  const path = target.startsWith('/') ? target : target === '' ? '/' : `/${target}`
  return `${scheme}://${authority}${encoded(path)}`
}

/** What may not stand in a URL, percent-encoded. Texts of messages are one character a byte. */
const encoded = (text: string): string =>
  text.replaceAll(/[^!#$%&'()*+,\-./\w:;=?@[\]~]/g, (character) => {
    const code = character.charCodeAt(0)
    return code > 0xff ? encodeURIComponent(character) : `%${code.toString(16).toUpperCase().padStart(2, '0')}`
  })
