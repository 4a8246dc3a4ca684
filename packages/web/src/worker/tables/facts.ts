// All that is known of one connection, or of one exchange, for a person.
import {
  type Connection,
  type Exchange,
  filtersFor,
  isSealed,
  type Moment,
  ownTimestamp,
  toStory,
} from '@pcap-surgery/core'
import type { FactGroup, RowFacts } from '../../session/protocol.ts'
import type { ConnectionRef, ExchangeRef, TableCapture } from './shelf.ts'
import { endOf, spokenOn } from './words.ts'

type Fact = [label: string, value: string] | null

export function connectionFacts(row: ConnectionRef, first: TableCapture): RowFacts {
  const { connection } = row
  return {
    title: `${connection.client} → ${connection.server}`,
    incident: null,
    groups: [...connectionGroups(row, first), ...sideGroups(row, first)],
    filters: filtersOf(row, null),
  }
}

export function exchangeFacts(row: ExchangeRef, first: TableCapture, incident: string | null): RowFacts {
  const { capture, exchange } = row
  const when = (moment: Moment): string => momentText(capture, moment, first)
  const { request, requestEnd, response, responseEnd } = exchange
  const sealed = isSealed(exchange)
  return {
    title: sealed ? 'Encrypted exchange' : `${exchange.method} ${exchange.target}`,
    incident,
    groups: [
      group('Request', [
        ['Protocol', PROTOCOLS[exchange.protocol] + (exchange.stream < 0 ? '' : `, stream ${exchange.stream}`)],
        exchange.host === null ? null : ['Host', exchange.host],
        ['First byte', when(request)],
        ['Whole', when(requestEnd)],
        ['Body', exchange.bodyLength < 0 ? 'length unknown' : bytes(exchange.bodyLength)],
        exchange.idle < 0 ? null : ['Idle before', seconds(exchange.idle)],
        exchange.forwardedFor === null ? null : ['Forwarded for', exchange.forwardedFor],
        ...exchange.ids.map((id): Fact => ['Identifier', id]),
      ]),
      group('Response', [
        ['Status', exchange.status > 0 ? String(exchange.status) : sealed ? 'encrypted' : 'none'],
        exchange.grpcStatus < 0 ? null : ['gRPC status', String(exchange.grpcStatus)],
        ['First byte', when(response)],
        ['Ended', `${exchange.ended === null ? 'never began' : ENDED[exchange.ended]}; ${when(responseEnd)}`],
        request.time < 0 || response.time < 0 ? null : ['Wait', seconds(response.time - request.time)],
        request.time < 0 || responseEnd.time < 0 ? null : ['Duration', seconds(responseEnd.time - request.time)],
        ['Header section', bytes(exchange.headSize)],
        ['Body', bytes(exchange.responseBytes)],
        exchange.tunnel ? ['Tunnel', 'from here on'] : null,
        ...detailFacts(exchange),
      ]),
      ...connectionGroups(row, first),
    ],
    filters: filtersOf(row, exchange),
  }
}

const PROTOCOLS: { readonly [protocol in Exchange['protocol']]: string } = {
  http1: 'HTTP/1',
  http2: 'HTTP/2',
  fastcgi: 'FastCGI',
  uwsgi: 'uwsgi',
  scgi: 'SCGI',
  ajp: 'AJP',
  tls: 'TLS, not decrypted',
}

const ENDED: { readonly [how in NonNullable<Exchange['ended']>]: string } = {
  complete: 'complete',
  closed: 'by the end of the connection',
  truncated: 'truncated',
  broken: 'broken',
  open: 'still going on',
}

function detailFacts({ detail }: Exchange): Fact[] {
  if (detail === null) return []
  const { reason, contentLength, incomplete, streamReset, requestFields, responseFields } = detail
  return [
    reason === '' ? null : ['Reason', reason],
    contentLength < 0 ? null : ['Content length', bytes(contentLength)],
    incomplete ? ['Missing', 'bytes of this exchange are not in the capture'] : null,
    streamReset === null ? null : [streamReset.by, `error code ${streamReset.code}`],
    ...requestFields.map(([name, value]): Fact => [`Request ${name}`, value]),
    ...responseFields.map(([name, value]): Fact => [`Response ${name}`, value]),
  ]
}

const ORIENTATIONS: { readonly [by in Connection['orientation']]: string } = {
  syn: 'by SYN',
  content: 'by who speaks',
  port: 'by the lower port, a guess',
}

function connectionGroups({ capture, connection }: ConnectionRef, first: TableCapture): FactGroup[] {
  const { tls, proxyHeader, proxiedFor, interfaces, vlans, syns, synAck, established } = connection
  const when = (moment: Moment | null): string => momentText(capture, moment, first)
  const tagged = vlans.filter((vlan) => vlan >= 0)
  const names = interfaces.map((id) => capture.observations.interfaces[id]?.name ?? `interface ${id}`)
  return [
    group('Connection', [
      ['Client', `${connection.client} (told ${ORIENTATIONS[connection.orientation]})`],
      ['Server', connection.server],
      ['Speaks', spokenOn(connection) ?? 'no bytes were seen'],
      tls?.clientHello?.serverName == null ? null : ['Server name', tls.clientHello.serverName],
      ['Day', ownTimestamp(first.observations, toStory(capture, connection.first.time)).slice(0, '2026-01-01'.length)],
      ['First packet', when(connection.first)],
      syns.length > 1 ? ['SYNs', String(syns.length)] : null,
      syns.length === 0 || synAck === null ? null : ['SYN to SYN-ACK', seconds(synAck.time - syns[0]!.time)],
      ['Established', established === null ? 'not seen' : when(established)],
      ['Last packet', when(connection.last)],
      ['Ended', endOf(connection)],
      ['Exchanges', count(connection.exchangeCount)],
      proxyHeader ? ['PROXY header', proxiedFor === null ? 'for nobody' : `for ${proxiedFor.source}`] : null,
      ['Capture', capture.observations.parts.map(({ file }) => file).join(', ')],
      names.length > 0 ? ['Interface', names.join(', ')] : null,
      tagged.length > 0 ? ['VLAN', tagged.join(', ')] : null,
    ]),
  ]
}

function sideGroups({ capture, connection }: ConnectionRef, first: TableCapture): FactGroup[] {
  return connection.sides.map((side, i) =>
    group(i === 0 ? 'From the client' : 'From the server', [
      ['Bytes', bytes(side.bytes)],
      ['Segments', count(side.segments)],
      ['Retransmissions', count(side.retransmissions)],
      ['Out of order', count(side.outOfOrder)],
      side.missing > 0 ? ['Not captured', bytes(side.missing)] : null,
      side.captureDuplicates > 0 ? ['Captured twice', count(side.captureDuplicates)] : null,
      ['Largest segment', bytes(side.largest)],
      side.mss < 0 ? null : ['MSS', bytes(side.mss)],
      side.isn < 0 ? null : ['Initial sequence number', String(side.isn)],
      side.ttl < 0 ? null : ['TTL', String(side.ttl)],
      side.fin === null ? null : ['FIN', momentText(capture, side.fin, first)],
      side.reset === null ? null : ['RST', momentText(capture, side.reset, first)],
    ]),
  )
}

const group = (title: string, facts: Fact[]): FactGroup => ({
  title,
  facts: facts.filter((fact) => fact !== null).map(([label, value]) => [label, value.slice(0, LONGEST)]),
})

/** Characters of a value. */
const LONGEST = 8192

/** Time of day on the first capture's clock, and the frame in its file. */
function momentText(capture: TableCapture, moment: Moment | null, { observations }: TableCapture): string {
  if (moment === null || moment.frame < 0) return 'not seen'
  const { parts } = capture.observations
  const part = parts.findLast(({ offset }) => offset < moment.frame) ?? parts[0]!
  const frame = `frame ${count(moment.frame - part.offset)}`
  if (moment.time < 0) return frame
  return `${ownTimestamp(observations, toStory(capture, moment.time)).slice('2026-01-01T'.length)}, ${frame}`
}

const count = (value: number): string => value.toLocaleString('en-US')
const bytes = (value: number): string => `${count(value)} ${value === 1 ? 'byte' : 'bytes'}`
const seconds = (ns: number): string => `${(ns / 1e9).toFixed(6)} s`

function filtersOf({ capture, connection }: ConnectionRef, exchange: Exchange | null): RowFacts['filters'] {
  const { parts } = capture.observations
  return filtersFor(capture, connection, exchange).map(({ capture: id, filter }) => ({
    file: parts[capture.ids.indexOf(id)]?.file ?? '',
    filter,
  }))
}
