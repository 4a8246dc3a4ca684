// What is asked of a try by many causes, computed once: how far the connection got, whether the request was delivered,
// what came back, who closed, how long it had been idle. Judges read these facts; each names the frames it rests on.
import {
  CLIENT,
  CONTROL,
  type Exchange,
  GAP_BEFORE,
  isSealed,
  KEEP_ALIVE,
  type Moment,
  type PacketRow,
  RETRANSMISSION,
  SERVER,
  SPURIOUS,
  WINDOW_PROBE,
} from '../observe/observations.ts'
import { packetNotKept } from '../observe/packets.ts'
import type { FrameRef } from '../report/document.ts'
import { vagueness } from '../story/clocks/order.ts'
import { serverView, type Request, type Story, storyTime, type Try } from '../story/story.ts'
import { ACK, FIN, RST, SYN } from '../wire/tcp.ts'
import { abandonedAt, type StreamFacts, streamOf } from './stream.ts'
import { isServersEnd } from './servers-end.ts'
import { type View, viewsOf } from './view.ts'
import { unseenOf } from './witness.ts'

/** How the TCP handshake went. */
export interface Connecting {
  outcome: 'open' | 'refused' | 'unreachable' | 'no-answer' | 'not-seen'
  /** SYNs, and what answered them: SYN-ACK, RST or ICMP error. */
  frames: FrameRef[]
  syns: number
  /** Seconds from the first SYN to the answer, or to the end of the try without one. */
  seconds: number
  /** For `unreachable`: what the ICMP error said and who sent it. */
  reason: string | null
  /** SYN-ACKs that were repeated after the proxy had completed the handshake. */
  synAckRepeats: FrameRef[]
}

/** How far the request got. Positions are relative sequence numbers. */
export interface Delivery {
  /** First byte, one past the last that was sent by the end of the try, and one past the last acknowledged. */
  from: number
  to: number
  acked: number
  /** The whole request was sent; acknowledged. */
  complete: boolean
  delivered: boolean
  first: FrameRef[]
  /** When the acknowledgement of the last byte arrived. */
  ackedAt: PacketRow | null
  retransmissions: PacketRow[]
  /** Segments still unacknowledged at the end, as first sent. */
  unacked: PacketRow[]
  /** The upstream selectively acknowledged bytes behind the first unacknowledged one. */
  sacked: boolean
  largestAcked: number
}

/** What came back. */
export interface Answer {
  /** Segments with response bytes, before and after the proxy gave up; repetitions left out. */
  before: PacketRow[]
  after: PacketRow[]
  /** Position of the first response byte, one past the last byte that arrived without a hole before the end. */
  from: number
  edge: number
  /** Bytes beyond a hole arrived before the end: positions of the hole. */
  hole: { from: number; to: number } | null
  /** The proxy acknowledged past the hole: the capture lost the packets, the proxy had them. */
  holeInCapture: boolean
  /** The proxy acknowledged bytes of it that the capture does not have: what they said, nobody knows. */
  isUnseen: boolean
  /** The response is complete by its own framing before the proxy gave up. */
  complete: boolean
  /** Keep-alives and probes by the upstream, and anything else without payload, prove that it lives. */
  lastSign: PacketRow | null
}

export interface Closing {
  by: 'proxy' | 'upstream'
  /** What TLS sends before it closes (close_notify, or an alert that nobody could read) closes as a FIN does. */
  kind: 'FIN' | 'RST'
  packet: PacketRow
}

export interface Facts {
  story: Story
  request: Request | null
  attempt: Try
  /** The HTTP/2 stream that carried it; null for other protocols. */
  stream: StreamFacts | null
  /** At the proxy's end, and at the upstream's where another capture saw the connection there. */
  near: View
  far: View | null
  /** Story time at which the proxy gave up: its error to the client, its closing of the connection, its RST_STREAM. */
  gaveUp: number
  /** Story time of the request's first byte on this connection; of the SYN where none was sent. */
  asked: number
  /** Seconds from the end of the request (or the SYN) to the giving up; Infinity when neither was seen. */
  waitSeconds: number
  connecting: Connecting
  delivery: Delivery | null
  answer: Answer
  closings: Closing[]
  /** Seconds without data before this request on a connection used before; -1 on a fresh one. */
  idleSeconds: number
  reused: boolean
  /** Round-trip time of the handshake as the proxy's end saw it, in seconds; a guess of 50 ms when unseen. */
  rttSeconds: number
  /** How far the moment of giving up may be off, in seconds, where it rests on another capture's clock. */
  clockSlackSeconds: number
}

const seconds = (ns: number): number => ns / 1e9

/** The facts of a try that has a connection. `until` bounds it where the proxy's next try or its answer began. */
export function factsOf(story: Story, request: Request | null, attempt: Try, until: number): Facts {
  const views = viewsOf(story, attempt)
  const near = views.find((view) => view.exchange !== null) ?? views[0]
  const last = views.at(-1)!
  const far = last !== near && isServersEnd(story, near, last) ? last : null
  const { connection, exchange } = near
  const asked =
    exchange !== null && exchange.request.frame >= 0
      ? near.at(exchange.request)
      : near.at(connection.syns[0] ?? connection.first)
  const closings = closingsOf(near)
  const stream = streamOf(near)
  const closed = closings.find((c) => c.by === 'proxy' && c.packet.time >= asked)
  const cancelled = exchange?.detail?.streamReset
  const abandoned = exchange !== null && isSealed(exchange) && cancelled ? near.at(cancelled) : abandonedAt(stream)
  const own = Math.min(closed?.packet.time ?? Infinity, abandoned)
  const slack = clockSlack(story, request, near.capture, until)
  const gaveUp = Math.min(until + (slack === Infinity ? LOOSE_NS : Math.min(slack, MOST_SLACK_NS)), own)
  const delivery = deliveryOf(near, gaveUp)
  const sent = delivery === null ? asked : lastSent(near, gaveUp, asked)
  return {
    story,
    request,
    attempt,
    stream,
    near,
    far,
    gaveUp,
    asked,
    waitSeconds: seconds(gaveUp - sent),
    connecting: connectingOf(near, attempt, story, gaveUp),
    delivery,
    answer: answerOf(near, gaveUp),
    closings,
    idleSeconds: idleOf(near),
    reused: exchange !== null && exchange.ordinal > 0,
    rttSeconds: rttOf(near),
    // What the proxy did on this very connection was seen on this very clock.
    clockSlackSeconds: gaveUp === own ? 0 : seconds(slack),
  }
}

/** What the clocks of captures that nothing ties are taken to differ by: mostly they are one host's. */
const LOOSE_NS = 5e6

/** Late events are not counted in beyond this; where the clocks are apart further, nothing is certain. */
const MOST_SLACK_NS = 50e6

/** How late the answer to the client may really have been on the clock of the try's capture, in nanoseconds. */
const clockSlack = (story: Story, request: Request | null, capture: number, until: number): number =>
  request === null ? 0 : vagueness(story, serverView(request.turn).sighting.capture, capture, until).later

function rttOf({ connection: { syns, synAck } }: View): number {
  return syns.length === 0 || synAck === null ? 0.05 : Math.max(0, seconds(synAck.time - syns.at(-1)!.time))
}

/** Where the request ends in the proxy's stream, as far as seen: behind it come other HTTP/2 streams, and TLS alerts. */
function requestBound({ exchange, connection }: View): number {
  if (exchange === null || (exchange.protocol !== 'http2' && connection.tls === null)) return Infinity
  return exchange.requestTo > exchange.requestFrom ? exchange.requestTo : Infinity
}

/** When the last new byte of the request left. */
function lastSent(view: View, gaveUp: number, asked: number): number {
  const bound = requestBound(view)
  const own = view.packets.filter(
    (p) => p.from === CLIENT && p.length > 0 && p.time <= gaveUp && p.seq < bound && !(p.marks & RETRANSMISSION),
  )
  return Math.max(own.at(-1)?.time ?? asked, asked)
}

/** Seconds without data before the request; on a connection of many streams, without that of any. */
function idleOf({ exchange, packets }: View): number {
  if (exchange === null || exchange.idle < 0) return -1
  if (exchange.protocol !== 'http2') return seconds(exchange.idle)
  const { frame } = exchange.request
  const before = packets.findLast((p) => p.frame < frame && p.length > 0)
  // Packets are on the story's clock, the exchange on its capture's; what passes between two of them is the same.
  const first = packets.find((p) => p.frame === frame)
  return before === undefined || first === undefined ? seconds(exchange.idle) : seconds(first.time - before.time)
}

function connectingOf(view: View, attempt: Try, story: Story, gaveUp: number): Connecting {
  const { connection } = view
  const { syns, synAck, established } = connection
  const refs = syns.map((m) => view.ref(m))
  const start = view.at(syns[0] ?? connection.first)
  const result = (outcome: Connecting['outcome'], answer: Moment | null, more: FrameRef[] = []): Connecting => {
    const end = answer === null ? gaveUp : view.at(answer)
    return {
      outcome,
      frames: [...refs, ...(answer === null ? [] : [view.ref(answer)]), ...more],
      syns: syns.length,
      seconds: seconds(end - start),
      reason: null,
      synAckRepeats: [],
    }
  }
  // A SYN-ACK for which nobody waited any more is answered by a RST, and opens nothing.
  const isLate = synAck !== null && established === null && view.at(synAck) > gaveUp - AT_ONCE_NS
  if (synAck !== null && !isLate) {
    const repeats = connection.synAckRepeats.filter((m) => established !== null && m.time > established.time)
    return { ...result('open', synAck), synAckRepeats: repeats.map((m) => view.ref(m)) }
  }
  const refusal = connection.sides[SERVER].reset
  if (
    refusal !== null &&
    answersSyn(view) &&
    connection.sides[SERVER].segments === 0 &&
    connection.exchangeCount === 0
  ) {
    return result('refused', refusal)
  }
  if (syns.length === 0) return result('not-seen', null)
  // A connection that carries data was opened, whether its SYN-ACK was captured or not.
  if (connection.sides.some((side) => side.segments > 0)) return result('open', null)
  const icmp = attempt.conversation?.icmp.find(({ error }) => error.mtu < 0)
  if (icmp !== undefined) {
    const at = storyTime(story, icmp.capture, icmp.error)
    const frame = { capture: story.captures[icmp.capture].ids[0], frame: icmp.error.frame }
    return {
      ...result('unreachable', null, [frame]),
      seconds: seconds(at - start),
      reason: `${icmp.error.text}, from ${icmp.error.from}`,
    }
  }
  return result('no-answer', null)
}

/** What one host does without waiting for anything. */
const AT_ONCE_NS = 1e6

/** Whether the first RST of the server can be the answer to the SYN: one that acknowledges more comes from later. */
function answersSyn({ connection, packets }: View): boolean {
  const rst = packets.find((p) => p.from === SERVER && p.flags & RST)
  // Without its SYN, only the sequence number 0 of a RST that answers one told the sides apart (RFC 9293 3.10.7.1).
  if (connection.syns.length === 0) return connection.orientation === 'syn'
  return rst === undefined || rst.ack <= 1
}

/** The first retransmission comes within 200 ms and a round trip; 1 s where the round trip is not known (RFC 6298). */
const LONGEST_RTO_NS = 1.2e9

/** Whether a packet carries bytes of messages. */
export const isData = (p: PacketRow): boolean => p.length > 0 && !(p.marks & (KEEP_ALIVE | WINDOW_PROBE | CONTROL))

const isProbe = (p: PacketRow): boolean => p.from === CLIENT && (p.marks & WINDOW_PROBE) !== 0

/** What the proxy sent: the request, or where a TLS handshake never came to one, its messages. */
function deliveryOf(view: View, gaveUp: number): Delivery | null {
  const { exchange, packets } = view
  const sending = exchange === null ? handshakeSent(view) : requestSent(view, exchange)
  if (sending === null) return null
  const { from, bound, complete: isWhole, first } = sending
  const own = packets.filter(
    (p) => p.from === CLIENT && isData(p) && p.seq + p.length > from && p.seq < bound && p.time <= gaveUp,
  )
  const sent = own.reduce((to, p) => Math.max(to, p.seq + p.length), from)
  // Of a request whose head the capture cut, the acknowledgement says when it was over.
  const cut = !isWhole && exchange?.detail?.incomplete === true && sent > from
  // Inside TLS nobody knows the length of the request: who probes a closed window has more to send.
  const isLonger = exchange !== null && isSealed(exchange) && own.length > 0
  const more = isLonger && packets.some((p) => isProbe(p) && p.time <= gaveUp)
  const complete = (isWhole || cut) && !more
  const to = complete && sending.to > from ? sending.to : sent
  const answers = packets.filter((p) => p.from === SERVER && p.ack >= 0 && !(p.flags & RST) && p.time <= gaveUp)
  const acked = answers.reduce((most, p) => Math.max(most, p.ack), from)
  const ackedAt = answers.find((p) => p.ack >= to) ?? null
  const missing = own.filter((p) => p.seq + p.length > acked)
  // A sender that never repeats itself has its acknowledgement: then the capture does not.
  // Nor does it say so where its first bytes did not even come.
  const headless = own.length > 0 && own.every((p) => p.seq > from)
  const repeated = headless || own.some((p) => p.marks & (RETRANSMISSION | GAP_BEFORE))
  const unaskedFor = !repeated && missing.length > 0 && gaveUp - missing[0].time > LONGEST_RTO_NS
  return {
    from,
    to,
    acked,
    complete,
    // Without packets (they are kept only where something went wrong) an answer proves the delivery.
    delivered:
      complete &&
      (acked >= to || (packets.length === 0 && exchange !== null && exchange.response.frame >= 0) || unaskedFor),
    first: [view.ref(first)],
    ackedAt,
    retransmissions: own.filter((p) => p.marks & RETRANSMISSION && !(p.marks & SPURIOUS)),
    unacked: missing.filter((p) => !(p.marks & RETRANSMISSION)),
    sacked: answers.some((p) => p.sack > acked && p.ack <= acked),
    largestAcked: own.filter((p) => p.seq + p.length <= acked).reduce((most, p) => Math.max(most, p.length), 0),
  }
}

/** Positions of what is asked, `to` -1 where its end is not known, and where it begins. */
interface Sending {
  from: number
  to: number
  /** Behind it come bytes that are no part of it. */
  bound: number
  complete: boolean
  first: Moment
}

function requestSent(view: View, { request, requestFrom, requestTo, requestEnd }: Exchange): Sending | null {
  if (request.frame < 0) return null
  return {
    from: requestFrom,
    to: requestTo,
    bound: requestBound(view),
    complete: requestEnd.time >= 0,
    first: request,
  }
}

/** The proxy's side of a TLS handshake; what it says as it leaves, an alert, is no part of it. */
function handshakeSent({ connection, packets }: View): Sending | null {
  const { tls } = connection
  const last = tls?.messages.findLast(({ from }) => from === CLIENT)?.last ?? null
  if (tls === null || tls.clientHello === null || last === null) return null
  const own = packets.filter((p) => p.from === CLIENT && isData(p) && p.frame <= last.frame)
  if (own.length === 0) return null
  const to = Math.max(...own.map((p) => p.seq + p.length))
  const from = Math.min(...own.map((p) => p.seq))
  return { from, to, bound: to, complete: true, first: own[0] }
}

function answerOf(view: View, gaveUp: number): Answer {
  return view.exchange?.protocol === 'http2'
    ? answerOnStream(view, view.exchange, gaveUp)
    : answerOnConnection(view, gaveUp)
}

/** One past the last byte that TLS sent of its own. */
const ownEnd = (theirs: readonly PacketRow[]): number => tailOf(theirs.filter((p) => p.marks & CONTROL))

/** Who waits on for so long after the last record of a sealed response did not have the whole of it. */
const WAITED_ON_NS = 0.5e9

function answerOnConnection(view: View, gaveUp: number): Answer {
  const { exchange, packets } = view
  const asked = exchange !== null && exchange.request.frame >= 0 ? view.at(exchange.request) : -Infinity
  const asking = packets.find((p) => p.from === CLIENT && p.time >= asked && isData(p) && p.ack >= 0)
  const theirs = packets.filter((p) => p.from === SERVER && p.time >= asked)
  // What the proxy expects next is what its request acknowledges.
  const expected = asking?.ack ?? -1
  const final = exchange?.responseFrom ?? -1
  const sent = theirs.filter((p) => isData(p))
  // Interim responses (RFC 9110 section 15.2) are no answer; but where a hole lies before it, it is no response either.
  const from =
    final >= 0 && (expected < 0 || final <= edgeOf(sent, expected)) ? final : Math.max(expected, ownEnd(theirs), 1)
  const data = sent.filter((p) => p.seq + p.length > from)
  const fresh: PacketRow[] = []
  const held = data.filter((p) => p.time <= gaveUp)
  const edge = edgeOf(held, from)
  let top = from
  let reached = from
  for (const p of data) {
    if (p.time <= gaveUp && p.seq <= reached) reached = Math.max(reached, p.seq + p.length)
    if (p.seq + p.length > top || p.seq >= reached || !(p.marks & RETRANSMISSION)) fresh.push(p)
    top = Math.max(top, p.seq + p.length)
  }
  // A FIN has its place behind the last byte, whether that came or not.
  const beyond = theirs.filter((p) => p.time <= gaveUp && p.seq > edge && (isData(p) || p.flags & FIN))
  const hole = beyond.length === 0 ? null : { from: edge, to: Math.min(...beyond.map((p) => p.seq)) }
  const proxyAck = packets
    .filter((p) => p.from === CLIENT && p.time <= gaveUp)
    .reduce((most, p) => Math.max(most, p.ack), 0)
  const holeInCapture = hole !== null && proxyAck > hole.from
  // Who asks again on the connection had the whole of it.
  const isLast = exchange !== null && exchange.ordinal === view.connection.exchangeCount - 1
  // A response cut by the snap length that ends in a close may have been whole or not.
  const open = exchange?.ended === 'closed' && exchange.detail?.incomplete === true
  const ended =
    exchange !== null &&
    (exchange.ended === 'complete' || exchange.ended === 'closed') &&
    (exchange.status > 0 || isSealed(exchange)) &&
    !open
  return {
    before: fresh.filter((p) => p.time <= gaveUp),
    after: fresh.filter((p) => p.time > gaveUp),
    from,
    edge,
    hole,
    holeInCapture,
    // One more may be a FIN.
    isUnseen: unseenOf(packets, SERVER, gaveUp) > 1,
    // Of a response with a hole that the proxy had too, it got the end and not the whole.
    complete:
      ended &&
      (hole === null || holeInCapture) &&
      view.at(exchange.responseEnd) <= gaveUp &&
      !(isSealed(exchange) && isLast && gaveUp - view.at(exchange.responseEnd) > WAITED_ON_NS),
    lastSign: theirs.findLast((p) => p.time <= gaveUp && !(p.flags & SYN)) ?? null,
  }
}

/**
 * On an HTTP/2 connection the response is what the stream's own frames bring: PING, SETTINGS and other streams' DATA are
 * no answer. Edge and hole are the connection's, as a hole holds all streams up.
 */
function answerOnStream(view: View, exchange: Exchange, gaveUp: number): Answer {
  const { packets } = view
  const asked = exchange.request.frame >= 0 ? view.at(exchange.request) : -Infinity
  const theirs = packets.filter((p) => p.from === SERVER && p.time >= asked)
  const held = theirs.filter((p) => isData(p) && p.time <= gaveUp)
  const acked = packets
    .filter((p) => p.from === CLIENT && p.time <= gaveUp)
    .reduce((most, p) => Math.max(most, p.ack), 0)
  const asking = packets.find((p) => p.from === CLIENT && p.time >= asked && isData(p) && p.ack >= 0)
  const reached = edgeOf(held, Math.max(asking?.ack ?? held[0]?.seq ?? 1, 1))
  // What the proxy acknowledged it had, whether the packets were kept or not.
  const edge = Math.max(reached, held.length === 0 ? 0 : Math.min(acked, tailOf(held)))
  const beyond = theirs.filter((p) => p.time <= gaveUp && p.seq > reached && (isData(p) || p.flags & FIN))
  const hole = beyond.length === 0 ? null : { from: reached, to: Math.min(...beyond.map((p) => p.seq)) }
  const holeInCapture = hole !== null && acked > hole.from
  const rows = responseRows(view, exchange)
  return {
    before: rows.filter((p) => p.time <= gaveUp),
    after: rows.filter((p) => p.time > gaveUp),
    from: rows.length > 0 && exchange.responseFrom >= 0 ? exchange.responseFrom : edge,
    edge,
    hole,
    holeInCapture,
    isUnseen: false,
    complete: exchange.ended === 'complete' && exchange.status > 0 && view.at(exchange.responseEnd) <= gaveUp,
    lastSign: theirs.findLast((p) => p.time <= gaveUp) ?? null,
  }
}

const tailOf = (data: readonly PacketRow[]): number => data.reduce((most, p) => Math.max(most, p.seq + p.length), 0)

/** Packets between the first and the last frame of the stream's response; those two also where they were not kept. */
function responseRows(view: View, exchange: Exchange): PacketRow[] {
  const first = exchange.response
  if (first.frame < 0) return []
  const last =
    exchange.detail?.responseLast ?? (exchange.responseEnd.frame >= first.frame ? exchange.responseEnd : first)
  const rows = view.packets.filter(
    (p) => p.from === SERVER && isData(p) && p.frame >= first.frame && p.frame <= last.frame,
  )
  if (rows[0]?.frame !== first.frame) rows.unshift(standIn(view, first, exchange.responseFrom))
  if (rows.at(-1)!.frame < last.frame) rows.push(standIn(view, last, rows[0].seq))
  return rows
}

const standIn = (view: View, moment: Moment, seq: number): PacketRow => ({
  ...packetNotKept(moment.frame, view.at(moment), SERVER, seq),
  flags: ACK,
  length: 1,
})

/** One past the last byte that came without a hole from `from` on; segments held behind a hole count once it is filled. */
function edgeOf(data: readonly PacketRow[], from: number): number {
  let edge = from
  for (const p of data.toSorted((a, b) => a.seq - b.seq)) {
    if (p.seq > edge) break
    edge = Math.max(edge, p.seq + p.length)
  }
  return edge
}

/** FINs, RSTs and TLS alerts that close, in order of time, the first of each side and kind. */
function closingsOf({ packets, connection: { tls } }: View): Closing[] {
  const seen = new Set<string>()
  const alerts = new Set(tls?.alerts.flatMap((a) => (a.level === WARNING && a.description !== 0 ? [] : [a.at.frame])))
  return [...packets, ...unseenFin(packets)].flatMap((packet): Closing[] => {
    const isAlert = alerts.has(packet.frame) && packet.length > 0
    if (!(packet.flags & (FIN | RST) || isAlert) || packet.flags & SYN) return []
    const by = packet.from === CLIENT ? 'proxy' : 'upstream'
    const kind = packet.flags & RST ? 'RST' : 'FIN'
    if (seen.has(by + kind)) return []
    seen.add(by + kind)
    return [{ by, kind, packet }]
  })
}

/** The upstream's FIN where the capture lacks it, and has the proxy acknowledge it: told by that packet. */
function unseenFin(packets: readonly PacketRow[]): PacketRow[] {
  if (unseenOf(packets, SERVER) !== 1 || packets.some((p) => p.from === SERVER && p.flags & (FIN | RST))) return []
  const top = Math.max(...packets.map((p) => (p.from === CLIENT && !(p.flags & RST) ? p.ack : 0)))
  const at = packets.findIndex((p) => p.from === CLIENT && p.ack === top)
  const before = packets.slice(0, at).findLast((p) => p.from === SERVER)
  const closed = packets.some((p, i) => i < at && p.from === CLIENT && p.flags & FIN)
  if (before === undefined || closed) return []
  return [{ ...packets[at], from: SERVER, flags: FIN | ACK, seq: top - 1, length: 0, ack: before.ack, marks: 0 }]
}

/** AlertLevel (RFC 5246 section 7.2). */
const WARNING = 1

/** The upstream's first closing before the proxy gave up, or hardly after it (the proxy reacts to it). */
export function upstreamClosed({ closings, gaveUp, delivery }: Facts): Closing | null {
  const theirs = closings.find((c) => c.by === 'upstream' && c.packet.time <= gaveUp)
  const own = closings.find((c) => c.by === 'proxy')
  if (theirs === undefined || (own !== undefined && own.packet.time < theirs.packet.time)) return null
  // It acknowledges one more than was sent: the proxy's FIN, which the capture missed, came first.
  if (delivery !== null && delivery.complete && theirs.packet.ack === delivery.to + 1) return null
  return theirs
}

/** How the proxy gave up on the upstream leg: its RST_STREAM, or its first closing of the connection. */
export function givingUp({ near, closings, stream }: Facts): FrameRef[] {
  if (stream?.reset?.by === 'proxy') return [stream.reset.frame]
  return closings
    .filter((c) => c.by === 'proxy')
    .slice(0, 1)
    .map((c) => near.ref(c.packet))
}

/** When the bytes of the response left the upstream, as its own capture has them; on HTTP/2, its first byte alone. */
export function leftUpstream({ far, answer, asked, stream }: Facts): { time: number; frame: FrameRef }[] {
  if (far === null) return []
  if (stream !== null) {
    const first = far.exchange?.response
    return first === undefined || first.frame < 0 ? [] : [{ time: far.at(first), frame: far.ref(first) }]
  }
  return far.packets
    .filter((p) => p.from === SERVER && isData(p) && p.seq >= answer.from && p.time >= asked)
    .map((p) => ({ time: p.time, frame: far.ref(p) }))
}

/** A RST with ACK comes from a process or a kernel that has the connection; one without from a kernel that has not. */
export const knowsConnection = (packet: PacketRow): boolean => (packet.flags & ACK) !== 0

/** Status that the client got, as far as seen. */
export function clientStatus(request: Request | null): number | null {
  if (request === null) return null
  const { exchange } = serverView(request.turn)
  return exchange.status > 0 ? exchange.status : null
}
