// One side of a TCP conversation: what it has sent and what it has received, in sequence numbers from the initial one.
import type { Bytes } from './bytes.ts'
import type { Nanoseconds, Sighting } from './wire.ts'

export interface Host {
  /** Also the name of the vantage at this host; hosts that share a name share a capture. */
  name: string
  ip: string
  ttl: number
  mac: number
  /** IPv4 identification of its next packet. */
  ipId: number
}

type Range = [from: number, to: number]

export interface Segment {
  seq: number
  flags: string
  payload: Bytes
}

export interface Side {
  host: Host
  port: number
  isn: number
  mss: number
  window: number
  /** Next sequence number to send, and oldest that no acknowledgement has come for. */
  next: number
  unacknowledged: number
  sent: Segment[]
  /** Next sequence number expected, what came beyond it (newest first), what came twice. */
  expected: number
  islands: Range[]
  /** `expected` over time: what crosses an arrival on its way does not acknowledge it yet. */
  arrivals: [at: Nanoseconds, expected: number][]
  duplicate: Range | null
  timestampToEcho: number
  delayedAck: { at: Nanoseconds; seen: Sighting[] } | null
  /** The last IP packet that left, for ICMP to quote. */
  lastPacket: Bytes
}

export const NOTHING: Bytes = new Uint8Array(0)

/** Length in sequence space: SYN and FIN count as a byte. */
export const lengthOf = ({ flags, payload }: Segment): number => payload.length + (/[SF]/.test(flags) ? 1 : 0)

export function side(host: Host, port: number, isn: number, mss: number, window: number): Side {
  const sending = { next: 0, unacknowledged: 0, sent: [], lastPacket: NOTHING }
  const receiving = { expected: 0, islands: [], arrivals: [], duplicate: null, timestampToEcho: 0, delayedAck: null }
  return { host, port, isn, mss, window, ...sending, ...receiving }
}

/** The receiver's side of a segment that arrived. True when it has to be acknowledged at once (RFC 5681, 4.2). */
export function receive(me: Side, segment: Segment, at: Nanoseconds): boolean {
  const urgent = take(me, segment)
  me.arrivals.push([at, me.expected])
  return urgent
}

/** What `me` had received, without gap, by then: the acknowledgement number of what it sent at that time. */
export const expectedAt = (me: Side, at: Nanoseconds): number =>
  me.arrivals.findLast(([arrival]) => arrival <= at)?.[1] ?? 0

function take(me: Side, segment: Segment): boolean {
  const [from, to] = [segment.seq, segment.seq + lengthOf(segment)]
  if (segment.flags.includes('S')) {
    me.expected = to
    return false
  }
  if (to <= me.expected) {
    if (to > from) me.duplicate = [from, to]
    return true
  }
  if (from > me.expected) {
    me.islands = [merge([from, to], me.islands), ...me.islands.filter((island) => !touches(island, [from, to]))]
    return true
  }
  const filling = me.islands.length > 0
  me.expected = to
  for (const [, end] of me.islands.toSorted((a, b) => a[0] - b[0]).filter(([start]) => start <= me.expected)) {
    me.expected = Math.max(me.expected, end)
  }
  me.islands = me.islands.filter(([, end]) => end > me.expected)
  return filling
}

const touches = (a: Range, b: Range): boolean => a[0] <= b[1] && b[0] <= a[1]
const merge = (range: Range, islands: Range[]): Range =>
  islands
    .filter((island) => touches(island, range))
    .reduce((a, b) => [Math.min(a[0], b[0]), Math.max(a[1], b[1])], range)
