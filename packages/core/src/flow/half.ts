// One direction of a connection: sequence numbers, what is new, repeated, missing or acknowledged (RFC 9293), and the
// order in which its bytes are handed on. Positions are relative to the initial sequence number and unwrapped, so that
// they are plain numbers: the SYN has 0, the first byte 1.
import type { Bytes } from '../bytes/read.ts'
import { widen } from './numbers.ts'

/** Takes the bytes of one direction in order. */
export interface StreamSink {
  push(bytes: Bytes, at: number, end: number, frame: number, time: number): void
  gap(length: number, frame: number, time: number): void
}

interface Pending {
  from: number
  to: number
  bytes: Bytes
  frame: number
  time: number
}

/** Bytes one direction may hold back while it waits for a hole to be filled. Beyond it, holes count as lost. */
const PENDING_LIMIT = 4 << 20
const PENDING_SEGMENTS = 4096
/** What holding a segment costs beside its bytes. */
const PENDING_COST = 200

/** Stands for a list that nothing was put into yet. */
const NONE: Pending[] = []

/** Bytes that all connections together may hold back. */
export class Held {
  left: number
  constructor(limit: number = 64 << 20) {
    this.left = limit
  }
}

/** The largest receive window there is (RFC 7323 section 2.3): no segment lies further ahead, or as far behind. */
export const FARTHEST: number = 2 ** 30

export class Half {
  isn = -1
  known = false
  /** Sequence number (32 bit) of position 1, -1 while unknown. */
  base = -1
  /** Next position to hand on, highest position sent (exclusive), highest position the other side acknowledged. */
  next = 1
  max = 1
  acked = 0
  /** Position of the first byte: later than 1 when the connection was met mid-stream. */
  first = 1
  /** Data was seen. */
  begun = false
  /** Position of the first byte that is being handed on. */
  handing = 1
  windowScale = -1
  mss = -1
  ttl = -1
  /** TSval of its first SYN. */
  stamp = 0
  segments = 0
  retransmissions = 0
  outOfOrder = 0
  captureDuplicates = 0
  missing = 0
  largest = 0
  largestAcked = 0
  finFrame = -1
  finTime = -1
  /** Position of the FIN, -1 without. */
  fin = -1
  resetFrame = -1
  resetTime = -1
  lastAck = -1
  lastWindow = -1
  /** Latest frame that is no copy, and its number among the `RecentPackets` of the capture, 0 for none. */
  lastFrame = -1
  lastNumber = 0
  /** The segment that left the newest hole behind it: time and IP identification tell reordering from repetition. */
  holeTime = -1
  holeId = -1
  /** End of a segment far outside of any window. Goes the next one on there, the stream has moved. */
  strayEnd = -1
  /** First sight of acknowledged data that is not there (-1 when nothing is open), and where it is missing. */
  lateSince = -1
  lateAt = -1
  /** All up to its FIN was handed on, and that was told. */
  finished = false
  /** A byte sent into a closed window, which the other side may have thrown away. */
  #probe: Pending | null = null
  #pending = NONE
  #pendingBytes = 0
  #held: Held
  // Two unacknowledged segments that are larger than any acknowledged one: the first such, and the largest after it.
  #firstLength = 0
  #firstEnd = -1
  #topLength = 0
  #topEnd = -1

  constructor(held: Held = new Held()) {
    this.#held = held
  }

  /** As it was when it was made: for the next connection. */
  renew(): void {
    this.isn = -1
    this.known = false
    this.base = -1
    this.next = 1
    this.max = 1
    this.acked = 0
    this.first = 1
    this.begun = false
    this.handing = 1
    this.windowScale = -1
    this.mss = -1
    this.ttl = -1
    this.stamp = 0
    this.segments = 0
    this.retransmissions = 0
    this.outOfOrder = 0
    this.captureDuplicates = 0
    this.missing = 0
    this.largest = 0
    this.largestAcked = 0
    this.finFrame = -1
    this.finTime = -1
    this.fin = -1
    this.resetFrame = -1
    this.resetTime = -1
    this.lastAck = -1
    this.lastWindow = -1
    this.lastFrame = -1
    this.lastNumber = 0
    this.holeTime = -1
    this.holeId = -1
    this.strayEnd = -1
    this.lateSince = -1
    this.lateAt = -1
    this.finished = false
    this.#probe = null
    for (const { bytes } of this.#pending) this.#held.left += bytes.length + PENDING_COST
    this.#pending = NONE
    this.#pendingBytes = 0
    this.#firstLength = 0
    this.#firstEnd = -1
    this.#topLength = 0
    this.#topEnd = -1
  }

  /**
   * Nothing is open: what was sent was handed on, none of it is missing, and the side has not said that it is done. The
   * next segment in order has no more to do than to move the numbers on.
   */
  get isCalm(): boolean {
    return (
      this.known &&
      (this.begun || this.isn >= 0) &&
      this.next === this.max &&
      this.acked <= this.next &&
      this.fin < 0 &&
      this.#pending.length === 0 &&
      this.#probe === null
    )
  }

  /** Distinct payload bytes known to have been sent. */
  get bytes(): number {
    return this.max - this.first
  }

  /** Position of a 32-bit sequence number: the one nearest to the highest position so far (RFC 9293 section 3.4). */
  position(seq: number): number {
    if (!this.known) {
      // Met mid-stream: the first byte seen gets position 1.
      this.known = true
      this.base = seq
    }
    return this.max + ((seq - (this.base - 1 + this.max)) | 0)
  }

  start(isn: number): void {
    this.isn = isn
    this.known = true
    this.base = (isn + 1) >>> 0
  }

  /** Met mid-stream: what came before `position` is nobody's loss. */
  begin(position: number): void {
    if (this.begun || this.isn >= 0 || position <= this.next) return
    this.next = position
    if (position <= this.max) return
    this.first += position - this.max
    this.max = position
  }

  /** Takes note of an acknowledgement by the other side; what it covers was sent, captured or not. */
  acknowledge(position: number): void {
    if (position <= this.acked) return
    this.acked = position
    if (position > this.max) this.max = position
    if (this.#topEnd >= 0 && position >= this.#topEnd) {
      this.largestAcked = this.#topLength
      this.#topEnd = this.#firstEnd = -1
    } else if (this.#firstEnd >= 0 && position >= this.#firstEnd) {
      this.largestAcked = this.#firstLength
      this.#firstLength = this.#topLength
      this.#firstEnd = this.#topEnd
      this.#topEnd = -1
    }
  }

  /** Books a segment of `length` payload bytes at `position`. */
  book(position: number, length: number): void {
    this.segments++
    if (length > this.largest) this.largest = length
    const end = position + length
    if (end > this.max) this.max = end
    if (this.#firstEnd >= 0 || length > this.largestAcked) this.#watch(position, length)
  }

  #watch(position: number, length: number): void {
    const end = position + length
    // Sent again in smaller pieces: that its end is acknowledged says nothing about its size any more.
    if (position < this.#topEnd && end > this.#topEnd - this.#topLength && length < this.#topLength) this.#topEnd = -1
    if (position < this.#firstEnd && end > this.#firstEnd - this.#firstLength && length < this.#firstLength) {
      this.#firstLength = this.#topLength
      this.#firstEnd = this.#topEnd
      this.#topEnd = -1
    }
    if (length <= this.largestAcked) return
    if (this.#firstEnd < 0) {
      this.#firstLength = length
      this.#firstEnd = end
    } else if (length > this.#firstLength && (this.#topEnd < 0 || length > this.#topLength)) {
      this.#topLength = length
      this.#topEnd = end
    }
  }

  /** Keeps the byte of a window probe: new data only if the other side takes it. */
  probe(position: number, bytes: Bytes, at: number, end: number, frame: number, time: number): void {
    this.#probe = { from: position, to: position + 1, bytes: bytes.slice(at, end), frame, time }
  }

  /** The sender went on at `position`. Behind a probe: then its byte was taken. At it: the byte comes again. */
  resume(sink: StreamSink, position: number): void {
    const p = this.#probe
    if (p === null) return
    this.#probe = null
    if (position < p.to || p.from < this.max) return
    this.book(p.from, 1)
    this.deliver(sink, p.from, 1, p.bytes, 0, p.bytes.length, p.frame, p.time)
  }

  /**
   * Hands on what is in order now. `position` may lie ahead (then the bytes are kept) or behind (then what is new of
   * them is used). `end - at` may be less than `length` where the snap length cut the segment.
   */
  deliver(
    sink: StreamSink,
    position: number,
    length: number,
    bytes: Bytes,
    at: number,
    end: number,
    frame: number,
    time: number,
  ): void {
    if (position + length <= this.next) return
    if (position > this.next) {
      this.#hold(sink, position, length, bytes, at, end, frame, time)
      return
    }
    const skip = this.next - position
    this.handing = this.next
    this.next = position + length
    pass(sink, bytes, Math.min(at + skip, end), end, length - skip, frame, time)
    if (this.#pending.length > 0) this.#release(sink)
  }

  /** Keeps bytes although they are in order: what they answer is still to be captured. */
  keep(
    sink: StreamSink,
    position: number,
    length: number,
    bytes: Bytes,
    at: number,
    end: number,
    frame: number,
    time: number,
  ): void {
    if (position + length > this.next) this.#hold(sink, position, length, bytes, at, end, frame, time)
  }

  /** Bytes are kept that are in order. */
  get holds(): boolean {
    const first = this.#pending[0]
    return first !== undefined && first.from <= this.next
  }

  /** Hands on what was kept. */
  letGo(sink: StreamSink): void {
    if (this.#pending.length > 0) this.#release(sink)
  }

  /** Gives up waiting for bytes below `position`: they were acknowledged, or the connection is over. */
  skipTo(sink: StreamSink, position: number, frame: number, time: number): void {
    while (this.next < position) {
      const first = this.#pending[0]
      const to = first !== undefined && first.from < position ? first.from : position
      const hole = to - this.next
      if (hole > 0) {
        this.missing += Math.max(0, Math.min(to, this.acked) - this.next)
        this.next = to
        sink.gap(hole, frame, time)
      }
      this.#release(sink)
    }
  }

  /** Position up to which bytes are held, beyond a hole; -1 when nothing waits. */
  get waiting(): number {
    const last = this.#pending.at(-1)
    return last === undefined ? -1 : last.to
  }

  #hold(
    sink: StreamSink,
    from: number,
    length: number,
    bytes: Bytes,
    at: number,
    end: number,
    frame: number,
    time: number,
  ): void {
    const cost = end - at + PENDING_COST
    const full = this.#pendingBytes + cost > PENDING_LIMIT || this.#pending.length >= PENDING_SEGMENTS
    if (full || this.#held.left < cost) {
      this.skipTo(sink, from, frame, time)
      this.deliver(sink, from, length, bytes, at, end, frame, time)
      return
    }
    const to = from + length
    let i = this.#pending.length
    while (i > 0 && this.#pending[i - 1].from > from) i--
    if (i > 0 && this.#pending[i - 1].to >= to) return
    const pending = { from, to, bytes: bytes.slice(at, end), frame, time }
    if (this.#pending.length === 0) this.#pending = [pending]
    else this.#pending.splice(i, 0, pending)
    this.#pendingBytes += cost
    this.#held.left -= cost
  }

  #release(sink: StreamSink): void {
    let used = 0
    for (const p of this.#pending) {
      if (p.from > this.next) break
      used++
      const cost = p.bytes.length + PENDING_COST
      this.#pendingBytes -= cost
      this.#held.left += cost
      if (p.to <= this.next) continue
      const skip = this.next - p.from
      this.handing = this.next
      this.next = p.to
      pass(sink, p.bytes, Math.min(skip, p.bytes.length), p.bytes.length, p.to - p.from - skip, p.frame, p.time)
    }
    if (used > 0) this.#pending.splice(0, used)
  }
}

widen(new Half(), 'isn', 'base', 'finTime', 'resetTime', 'holeTime', 'lateSince')

/** Hands on `length` bytes of the stream of which `end - at` were captured. */
function pass(
  sink: StreamSink,
  bytes: Bytes,
  at: number,
  end: number,
  length: number,
  frame: number,
  time: number,
): void {
  const captured = Math.min(end - at, length)
  if (captured > 0) sink.push(bytes, at, at + captured, frame, time)
  if (length > captured) sink.gap(length - captured, frame, time)
}
