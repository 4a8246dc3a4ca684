// What a time-sequence plot shows of one direction of a connection, as its sender saw it: segments over their sequence
// numbers, and how far the receiver acknowledged them and let the sender go on (RFC 9293 section 3.8).
import { type Arrow, type ArrowTcp, duration, type Ladder } from '@pcap-surgery/core'

/** Which side sends the segments. */
export type Direction = 'client' | 'server'

export type SegmentKind = 'data' | 'retransmission' | 'out-of-order' | 'probe'

/** Indices are those of the ladder's arrows, seconds the ladder's, positions relative to the initial sequence number. */
export interface Segment {
  arrow: number
  seconds: number
  from: number
  to: number
  kind: SegmentKind
  /** It left and did not arrive. */
  isLost: boolean
  isDeciding: boolean
}

export type MarkKind = 'syn' | 'fin' | 'reset' | 'zero-window' | 'duplicate-ack'

/** A packet that says something beside its bytes: by the sender of the segments, or by their receiver. */
export interface Mark {
  arrow: number
  seconds: number
  at: number
  kind: MarkKind
  by: 'sender' | 'receiver'
  isLost: boolean
  isDeciding: boolean
}

/** A value from a time on, until the next one. */
export interface Step {
  seconds: number
  value: number
}

/** The highest SACK block that an acknowledgement had: its right edge is known, its left one is above `from`. */
export interface Sack {
  arrow: number
  seconds: number
  from: number
  to: number
}

/** A moment of the proxy, as a vertical line. */
export interface Moment {
  seconds: number
  label: string
}

/** Where a packet is on the plot, for the cursor and for the table; `at` null where it has no place on it. */
export interface Place {
  arrow: number
  seconds: number
  at: number | null
}

export interface TimeSequence {
  direction: Direction
  sender: string
  receiver: string
  segments: Segment[]
  marks: Mark[]
  /** Left edge of what is not acknowledged; right edge of the receive window. */
  acknowledged: Step[]
  window: Step[]
  sacks: Sack[]
  moments: Moment[]
  /** Packets that nobody kept, and when they were sent. */
  omitted: { from: number; to: number; count: number } | null
  /** Every packet of the connection in order of time. */
  places: Place[]
}

/** One direction of one connection of a ladder; `connection` is an index in `ladder.connections`. */
export function timeSequenceOf(ladder: Ladder, connection: number, direction: Direction): TimeSequence {
  const of = ladder.connections[connection]!
  const senderLane = direction === 'client' ? of.clientLane : of.serverLane
  const [sender, receiver] = direction === 'client' ? [of.client, of.server] : [of.server, of.client]
  const plot: TimeSequence = {
    direction,
    sender,
    receiver,
    segments: [],
    marks: [],
    acknowledged: [],
    window: [],
    sacks: [],
    moments: momentsOf(ladder, connection),
    omitted:
      of.omitted === 0 || of.omittedFrom === null || of.omittedTo === null
        ? null
        : { from: of.omittedFrom, to: of.omittedTo, count: of.omitted },
    places: [],
  }
  ladder.arrows.forEach((arrow, i) => {
    if (arrow.connection !== connection) return
    if (arrow.tcp === null) plot.places.push({ arrow: i, seconds: arrow.seconds, at: null })
    else if (arrow.from === senderLane) addSent(plot, i, arrow, arrow.tcp)
    else addReceived(plot, i, arrow, arrow.tcp)
  })
  // What comes back is plotted at its arrival: later than what left meanwhile.
  for (const list of [plot.acknowledged, plot.window, plot.sacks, plot.marks, plot.places])
    (list as { seconds: number }[]).sort((a, b) => a.seconds - b.seconds)
  plot.acknowledged = rising(plot.acknowledged)
  plot.window = changing(plot.window)
  return plot
}

function addSent(plot: TimeSequence, index: number, arrow: Arrow, { seq, length }: ArrowTcp): void {
  const { seconds, lost: isLost, deciding: isDeciding } = arrow
  if (length > 0 && seq >= 0) {
    const kind = segmentKind(arrow)
    plot.segments.push({ arrow: index, seconds, from: seq, to: seq + length, kind, isLost, isDeciding })
  }
  const kind = controlOf(arrow)
  const end = seq < 0 ? (lastOf(plot.segments)?.to ?? 0) : seq + length
  if (kind !== null) plot.marks.push({ arrow: index, seconds, at: end, kind, by: 'sender', isLost, isDeciding })
  const isPlotted = length > 0 || kind !== null || isDeciding
  plot.places.push({ arrow: index, seconds, at: isPlotted ? end : null })
}

/** As it came back: what was lost on its way never opened the window. */
function addReceived(plot: TimeSequence, index: number, arrow: Arrow, tcp: ArrowTcp): void {
  const { lost: isLost, deciding: isDeciding } = arrow
  const seconds = arrow.arrivalSeconds ?? arrow.seconds
  const isKnown = tcp.ack >= 0 && arrow.kind !== 'reset'
  const at = tcp.ack >= 0 ? tcp.ack : (lastOf(plot.acknowledged)?.value ?? 0)
  if (isKnown && !isLost) {
    plot.acknowledged.push({ seconds, value: tcp.ack })
    if (tcp.window >= 0) plot.window.push({ seconds, value: tcp.ack + tcp.window })
    if (tcp.sack > tcp.ack) plot.sacks.push({ arrow: index, seconds, from: tcp.ack, to: tcp.sack })
  }
  const kind = controlOf(arrow) ?? answerOf(arrow)
  if (kind !== null) plot.marks.push({ arrow: index, seconds, at, kind, by: 'receiver', isLost, isDeciding })
  plot.places.push({ arrow: index, seconds, at })
}

function segmentKind({ kind, marks }: Arrow): SegmentKind {
  if (kind === 'probe' || marks.includes('keep-alive') || marks.includes('window-probe')) return 'probe'
  if (marks.includes('retransmission') || marks.includes('spurious')) return 'retransmission'
  return marks.includes('out-of-order') ? 'out-of-order' : 'data'
}

function controlOf({ kind, marks }: Arrow): MarkKind | null {
  if (kind === 'reset') return 'reset'
  if (kind === 'syn' || kind === 'syn-ack') return 'syn'
  return kind === 'fin' || marks.includes('fin') ? 'fin' : null
}

function answerOf({ marks }: Arrow): MarkKind | null {
  if (marks.includes('zero-window')) return 'zero-window'
  return marks.includes('duplicate-ack') ? 'duplicate-ack' : null
}

/** The connection to look at first: one with a packet that decides, of those behind the proxy where there is one. */
export function firstConnection({ connections, arrows }: Ladder): number {
  const deciding = arrows.flatMap((one) =>
    one.deciding && one.tcp !== null && one.connection !== null ? [one.connection] : [],
  )
  const isUpstream = (connection: number): boolean => connections[connection]!.leg === 'upstream'
  const upstream = connections.findIndex(({ leg }) => leg === 'upstream')
  return deciding.find(isUpstream) ?? (upstream < 0 ? undefined : upstream) ?? deciding[0] ?? 0
}

/** The direction to look at first: that of the data that decides, else what the client sent. */
export function firstDirection({ connections, arrows }: Ladder, connection: number): Direction {
  const { serverLane } = connections[connection]!
  const deciding = arrows.find(
    (one) => one.deciding && one.connection === connection && one.tcp !== null && one.tcp.length > 0,
  )
  return deciding?.from === serverLane ? 'server' : 'client'
}

/** When the proxy began its try and was done with it; that it closed then says that it gave up. */
function momentsOf({ connections, arrows }: Ladder, connection: number): Moment[] {
  const { startSeconds, endSeconds, clientLane } = connections[connection]!
  if (startSeconds === null || endSeconds === null || endSeconds < startSeconds) return []
  const isClosing = arrows.some(
    (one) =>
      one.connection === connection &&
      one.from === clientLane &&
      controlOf(one) !== null &&
      controlOf(one) !== 'syn' &&
      Math.abs(one.seconds - endSeconds) < SAME,
  )
  const after = duration(endSeconds - startSeconds)
  return [{ seconds: endSeconds, label: isClosing ? `proxy gives up after ${after}` : `try over after ${after}` }]
}

/** The document counts in whole nanoseconds, the proxy's own end is that of its packet. */
const SAME = 1e-6

/** Acknowledgements that overtook one another take nothing back. */
function rising(steps: readonly Step[]): Step[] {
  let highest = -Infinity
  return steps.filter(({ value }) => {
    if (value <= highest) return false
    highest = value
    return true
  })
}

const changing = (steps: readonly Step[]): Step[] =>
  steps.filter(({ value }, i) => i === 0 || value !== steps[i - 1]!.value)

const lastOf = <T>(list: readonly T[]): T | undefined => list.at(-1)
