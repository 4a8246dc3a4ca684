// What the packets of a view are: their kind by shape, their marks, and a few words for each.
import { http2ErrorName } from '../app/http2/errors.ts'
import { grpcStatusName } from '../app/http2/grpc.ts'
import { alertName, handshakeName } from '../app/tls/names.ts'
import { plural } from '../amounts.ts'
import type { View } from '../diagnose/view.ts'
import {
  CLIENT,
  CONTROL,
  DUPLICATE_ACK,
  type Exchange,
  GAP_BEFORE,
  isSealed,
  KEEP_ALIVE,
  type Moment,
  OUT_OF_ORDER,
  type PacketRow,
  RETRANSMISSION,
  SERVER,
  type SideIndex,
  SPURIOUS,
  WINDOW_FULL,
  WINDOW_PROBE,
} from '../observe/observations.ts'
import { packetNotKept } from '../observe/packets.ts'
import { ACK, CWR, ECE, FIN, PSH, RST, SYN, URG } from '../wire/tcp.ts'
import type { Sent } from './ladder-packets.ts'
import type { ArrowKind, ArrowMark } from './ladder.ts'

/** Something that begins in a frame: `part` is the same in every view of the connection. */
interface Part {
  moment: Moment
  from: SideIndex
  part: string
  kind: ArrowKind
  label: string
  /** Drawn also where its packet was not kept; the others only if somebody cites them. */
  isOwn: boolean
  /** Position of its first byte, where that is known. */
  seq?: number
}

/** Whatever packet it was: in another view it is another one. */
const LAST = 'last'

/** What is known of frames of a view beside the packets' own numbers. */
export interface Spoken {
  byFrame: Map<number, Part[]>
  /** Last frame of the TLS handshake; -1 without. */
  handshakeUntil: number
}

export function spokenIn(view: View): Spoken {
  const parts = [...tlsParts(view), ...exchangeParts(view), ...http2Parts(view), ...connectionParts(view)].filter(
    ({ moment }) => moment.frame >= 0,
  )
  const byFrame = new Map<number, Part[]>()
  for (const part of parts) {
    const others = byFrame.get(part.moment.frame)
    if (others === undefined) byFrame.set(part.moment.frame, [part])
    else if (part.part !== LAST) others.push(part)
  }
  const messages = view.connection.tls?.messages ?? []
  return { byFrame, handshakeUntil: messages.reduce((until, { last }) => Math.max(until, last.frame), -1) }
}

function connectionParts({ connection, exchange }: View): Part[] {
  const { syns, synAck, synAckRepeats, established, sides, last, lastFrom } = connection
  // Where others of its exchanges were seen, and this one was not, the handshake was for them.
  const isAlone = exchange === null && connection.exchangeCount === 0
  const isOwn = isAlone || exchange?.ordinal === 0
  const part = (moment: Moment | null, from: SideIndex, name: string, kind: ArrowKind, label: string): Part[] =>
    moment === null ? [] : [{ moment, from, part: name, kind, label, isOwn }]
  return [
    ...syns.flatMap((moment, i) => part(moment, CLIENT, `SYN ${i}`, 'syn', 'SYN')),
    ...part(synAck, SERVER, 'SYN-ACK', 'syn-ack', 'SYN-ACK'),
    ...synAckRepeats.flatMap((moment, i) => part(moment, SERVER, `SYN-ACK ${i}`, 'syn-ack', 'SYN-ACK')),
    ...part(established, CLIENT, 'ACK', 'ack', 'ACK'),
    ...[CLIENT, SERVER].flatMap((side) => {
      const { fin, reset } = sides[side as SideIndex]
      // An RST that answers another exchange of the connection is none of this one's.
      return [
        ...part(fin, side as SideIndex, `FIN ${side}`, 'fin', 'FIN'),
        ...part(reset, side as SideIndex, `RST ${side}`, 'reset', 'RST'),
      ].map((one) => ({ ...one, isOwn: isAlone }))
    }),
    // Nothing more is known of it; another capture may show later ones.
    { moment: last, from: lastFrom, part: LAST, kind: 'ack', label: 'last packet in this capture', isOwn: false },
  ]
}

function tlsParts({ connection: { tls } }: View): Part[] {
  const messages = (tls?.messages ?? []).map(({ type, from, first }, i): Part => {
    const label = type < 0 ? 'encrypted handshake' : handshakeName(type)
    return { moment: first, from, part: `TLS ${i}`, kind: 'tls', label, isOwn: false }
  })
  const alerts = (tls?.alerts ?? []).map(({ description, from, at }, i): Part => {
    const label = description < 0 ? 'encrypted alert' : `alert ${alertName(description)}`
    return { moment: at, from, part: `alert ${i}`, kind: 'tls', label, isOwn: false }
  })
  return [...messages, ...alerts]
}

const messagePart = (
  moment: Moment | null,
  from: SideIndex,
  kind: ArrowKind,
  part: string,
  label: string,
  seq = -1,
): Part[] => (moment === null ? [] : [{ moment, from, part, kind, label, isOwn: true, seq }])

function exchangeParts({ exchange }: View): Part[] {
  if (exchange === null) return []
  const { request, requestEnd, requestFrom, response, responseEnd, responseFrom, detail, ended } = exchange
  const last = detail?.responseLast ?? responseEnd
  return [
    ...messagePart(request, CLIENT, 'request', 'request', requestLabel(exchange), requestFrom),
    ...messagePart(
      requestEnd.frame > request.frame ? requestEnd : null,
      CLIENT,
      'request',
      'request end',
      'end of request',
    ),
    ...messagePart(response, SERVER, 'response', 'response', responseLabel(exchange), responseFrom),
    ...messagePart(
      // Where a response was cut off, its end is what cut it.
      last.frame > response.frame && (last !== responseEnd || ended === 'complete') ? last : null,
      SERVER,
      'response',
      'response end',
      `end of response${grpcWords(exchange)}`,
    ),
  ]
}

const framePart = (moment: Moment & { from: SideIndex }, part: string, label: string, isOwn = false): Part => ({
  moment,
  from: moment.from,
  part,
  kind: 'http2',
  label,
  isOwn,
})

function http2Parts({ connection: { http2 }, exchange }: View): Part[] {
  if (exchange?.protocol !== 'http2') return []
  const { stream, detail } = exchange
  const reset = detail?.streamReset ?? null
  const { goaways, stalls, faults } = http2 ?? { goaways: [], stalls: [], faults: [] }
  return [
    ...(reset === null || reset.by === 'GOAWAY'
      ? []
      : [framePart(reset, 'RST_STREAM', `RST_STREAM ${http2ErrorName(reset.code)}, stream ${stream}`, true)]),
    ...goaways.map((one, i) =>
      framePart(one, `GOAWAY ${i}`, `GOAWAY ${http2ErrorName(one.code)}, last stream ${one.lastStream}`),
    ),
    ...stalls.map((one, i) =>
      framePart(one, `stall ${i}`, `window of ${one.stream === 0 ? 'the connection' : `stream ${one.stream}`} used up`),
    ),
    ...faults.map((one, i) => framePart(one, `fault ${i}`, one.text)),
  ]
}

function requestLabel(exchange: Exchange): string {
  if (isSealed(exchange)) return `encrypted request, ${plural(exchange.bodyLength, 'byte')}`
  const stream = exchange.stream < 0 ? '' : `, stream ${exchange.stream}`
  return `${exchange.method || '?'} ${exchange.target}${stream}`
}

function responseLabel(exchange: Exchange): string {
  if (isSealed(exchange)) return `encrypted response, ${plural(exchange.responseBytes, 'byte')}`
  if (exchange.status <= 0) return 'no HTTP response'
  const stream = exchange.stream < 0 ? '' : `, stream ${exchange.stream}`
  const reason = exchange.detail?.reason ?? ''
  const grpc = exchange.detail?.responseLast == null ? grpcWords(exchange) : ''
  return `${exchange.status}${reason === '' ? '' : ` ${reason}`}${grpc}${stream}`
}

const grpcWords = ({ grpcStatus }: Exchange): string =>
  grpcStatus < 0 ? '' : `, grpc-status ${grpcStatus} (${grpcStatusName(grpcStatus)})`

/** The packets kept of a view, and what was not kept and is own or `wanted`: as moments. */
export function rowsOf({ packets, at }: View, { byFrame }: Spoken, wanted: (moment: Moment) => boolean): Sent[] {
  const kept = new Set(packets.map(({ frame }) => frame))
  const rows = packets.map((packet): Sent => {
    const [part] = byFrame.get(packet.frame) ?? []
    return { ...packet, isMoment: false, part: part?.from === packet.from && part.part !== LAST ? part.part : null }
  })
  for (const [frame, parts] of byFrame) {
    if (kept.has(frame)) continue
    const [first] = parts
    if (!parts.some(({ isOwn }) => isOwn) && !wanted(first!.moment)) continue
    rows.push(momentRow(first!, at(first!.moment)))
  }
  return rows.toSorted((a, b) => a.frame - b.frame)
}

const momentRow = ({ moment: { frame }, from, part, seq = -1 }: Part, time: number): Sent => ({
  ...packetNotKept(frame, time, from, seq),
  isMoment: true,
  part,
})

export interface Said {
  kind: ArrowKind
  label: string
  /** Bytes of a message that began in another packet. */
  isContinued?: boolean
}

/** What a packet of a view is and says; `row` is as the view counts, under the view's own frame number. */
export function said({ exchange, connection }: View, { byFrame, handshakeUntil }: Spoken, row: Sent): Said {
  const parts = (byFrame.get(row.frame) ?? []).filter(({ from }) => from === row.from)
  if (row.isMoment) return { kind: parts[0]!.kind, label: wordsOf(parts) }
  if (row.flags & SYN) {
    const isAnswer = (row.flags & ACK) !== 0
    return { kind: isAnswer ? 'syn-ack' : 'syn', label: isAnswer ? 'SYN-ACK' : 'SYN' }
  }
  // As analysers print it: with ACK it comes from whoever has the connection, without from one that has not.
  if (row.flags & RST) return { kind: 'reset', label: row.flags & ACK ? 'RST, ACK' : 'RST' }
  if (row.marks & KEEP_ALIVE) return { kind: 'probe', label: 'keep-alive' }
  if (row.marks & WINDOW_PROBE) return { kind: 'probe', label: 'window probe' }
  const end = row.flags & FIN ? ', FIN' : ''
  if (row.length === 0) {
    if (end !== '') return { kind: 'fin', label: 'FIN' }
    return { kind: 'ack', label: row.window === 0 ? 'ACK, window 0' : 'ACK' }
  }
  const bytes = plural(row.length, 'byte')
  const spoken = parts.filter(({ kind }) => !['syn', 'syn-ack', 'ack', 'fin', 'reset'].includes(kind))
  if (spoken.length > 0) {
    // Beginnings say what they are; of an end the length tells more.
    const isEnd = spoken.every(({ part }) => part === 'request end')
    return { kind: spoken[0]!.kind, label: wordsOf(spoken) + (isEnd ? `, ${bytes}` : '') + end }
  }
  const own = exchange === null ? null : messageOf(exchange, row)
  if (own !== null) return { ...own, label: own.label + end }
  if (row.frame <= handshakeUntil) return { kind: 'tls', label: `TLS handshake, ${bytes}${end}` }
  if (connection.tls !== null && row.marks & CONTROL) return { kind: 'tls', label: `TLS, ${bytes}${end}` }
  const isBefore = exchange !== null && exchange.ordinal > 0 && row.frame < exchange.request.frame
  return { kind: 'data', label: `${bytes}${isBefore ? ' of the exchange before' : ''}${end}` }
}

const wordsOf = (parts: readonly Part[]): string => [...new Set(parts.map(({ label }) => label))].join(', ')

/** Bytes of the exchange's messages; of HTTP/2 only frames tell whose bytes are whose. */
function messageOf(exchange: Exchange, row: Sent): Said | null {
  const { protocol, request, requestFrom, requestTo, responseFrom } = exchange
  if (protocol === 'http2') return null
  const end = row.seq + row.length
  const bytes = plural(row.length, 'byte')
  if (row.from === CLIENT) {
    if (requestFrom < 0 || end <= requestFrom || (requestTo > requestFrom && row.seq >= requestTo)) return null
    const isFirst = row.seq <= requestFrom
    if (requestTo <= requestFrom && row.frame < request.frame) return null
    return { kind: 'request', label: isFirst ? requestLabel(exchange) : `request, ${bytes}`, isContinued: !isFirst }
  }
  if (responseFrom < 0 || end <= responseFrom || exchange.response.frame < 0) return null
  const isFirst = row.seq <= responseFrom
  return { kind: 'response', label: isFirst ? responseLabel(exchange) : `response, ${bytes}`, isContinued: !isFirst }
}

const MARKS: readonly (readonly [bit: number, mark: ArrowMark])[] = [
  [RETRANSMISSION, 'retransmission'],
  [SPURIOUS, 'spurious'],
  [OUT_OF_ORDER, 'out-of-order'],
  [KEEP_ALIVE, 'keep-alive'],
  [WINDOW_PROBE, 'window-probe'],
  [GAP_BEFORE, 'gap-before'],
  [DUPLICATE_ACK, 'duplicate-ack'],
  [WINDOW_FULL, 'window-full'],
]

export function marksOf(row: Sent): ArrowMark[] {
  if (row.isMoment) return []
  const marks = MARKS.flatMap(([bit, mark]) => (row.marks & bit ? [mark] : []))
  if (row.window === 0 && !(row.flags & (RST | SYN))) marks.push('zero-window')
  if (row.sack >= 0) marks.push('sack')
  if (row.flags & FIN) marks.push('fin')
  return marks
}

const FLAGS: readonly (readonly [bit: number, name: string])[] = [
  [SYN, 'SYN'],
  [FIN, 'FIN'],
  [RST, 'RST'],
  [PSH, 'PSH'],
  [URG, 'URG'],
  [ECE, 'ECE'],
  [CWR, 'CWR'],
  [ACK, 'ACK'],
]

/** `PSH, ACK`. */
export const flagNames = ({ flags }: PacketRow): string =>
  FLAGS.flatMap(([bit, name]) => (flags & bit ? [name] : [])).join(', ')
