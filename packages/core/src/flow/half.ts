// One direction of a connection: sequence numbers, what is new, repeated, missing or acknowledged (RFC 9293), and the
// order in which its bytes are handed on. Positions are relative to the initial sequence number and unwrapped, so that
// they are plain numbers: the SYN has 0, the first byte 1.
import type { Bytes } from '../bytes/read.ts'

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

/** How many packets back a capture duplicate is looked for, and numbers kept of each. */
const RECENT = 4

export class Half {
  isn = -1
  /** Sequence number (32 bit) of position `anchor`. */
  #anchorSeq = 0
  #anchor = 0
  known = false
  /** Sequence number (32 bit) of position 1, -1 while unknown. */
  base = -1
  /** Next position to hand on, highest position sent (exclusive), highest position the other side acknowledged. */
  next = 1
  max = 1
  acked = 0
  /** First position seen when the connection was met mid-stream. */
  begun = false
  /** Position of the first byte that is being handed on. */
  handing = 1
  windowScale = -1
  mss = -1
  ttl = -1
  bytes = 0
  segments = 0
  retransmissions = 0
  outOfOrder = 0
  captureDuplicates = 0
  missing = 0
  largest = 0
  largestAcked = 0
  /** Largest segment since the last acknowledgement that covered everything, for `largestAcked`. */
  #largestOpen = 0
  finFrame = -1
  finTime = -1
  /** Position of the FIN, -1 without. */
  fin = -1
  resetFrame = -1
  resetTime = -1
  lastAck = -1
  lastWindow = -1
  /** Times of the first sight of a hole at `max`, to tell reordering from repetition. */
  holeTime = -1
  #pending: Pending[] = []
  #pendingBytes = 0
  // The last packets of this direction, to recognise the same frame captured twice.
  #recent = new Float64Array(RECENT * 6)
  #recentAt = 0

  /** Position of a 32-bit sequence number, relative to the initial one. */
  position(seq: number): number {
    if (!this.known) {
      // Met mid-stream: the first byte seen gets position 1.
      this.known = true
      this.base = seq
      this.#anchorSeq = seq
      this.#anchor = 1
    }
    const position = this.#anchor + ((seq - this.#anchorSeq) | 0)
    // The anchor moves along, so that the 2 GiB at which the difference turns over are never reached.
    if (position - this.#anchor > 0x20000000) {
      this.#anchorSeq = seq
      this.#anchor = position
    }
    return position
  }

  start(isn: number): void {
    this.isn = isn
    this.known = true
    this.base = (isn + 1) >>> 0
    this.#anchorSeq = isn
    this.#anchor = 0
  }

  /**
   * True when this very frame was captured before: same numbers, same IP identification, a moment ago. A retransmission
   * carries a new IP identification, or (IPv6, or identification 0) a later TCP timestamp.
   */
  seenBefore(
    seq: number,
    ack: number,
    shape: number,
    ipId: number,
    tsval: number,
    link: number,
    time: number,
  ): boolean {
    const recent = this.#recent
    for (let i = 0; i < RECENT; i++) {
      const at = i * 6
      if (recent[at] !== seq || recent[at + 1] !== ack || recent[at + 2] !== shape || recent[at + 3] !== ipId) continue
      if (recent[at + 4] !== tsval) continue
      const age = time - recent[at + 5]!
      if (age < 0 || age > 20e6) continue
      // Without an identification only another link (interface, VLAN, MAC, TTL) tells a copy from a repetition.
      const packed = this.#links[i]!
      if (ipId > 0 ? age < 5e6 || packed !== link : packed !== link) return true
    }
    const at = this.#recentAt * 6
    recent[at] = seq
    recent[at + 1] = ack
    recent[at + 2] = shape
    recent[at + 3] = ipId
    recent[at + 4] = tsval
    recent[at + 5] = time
    this.#links[this.#recentAt] = link
    this.#recentAt = (this.#recentAt + 1) % RECENT
    return false
  }
  #links = new Float64Array(RECENT)

  /** Takes note of an acknowledgement by the other side. Returns bytes that were acknowledged and never captured. */
  acknowledge(position: number): number {
    if (position <= this.acked) return 0
    this.acked = position
    if (this.#largestOpen > this.largestAcked && position >= this.max) {
      this.largestAcked = this.#largestOpen
    }
    if (position >= this.max) this.#largestOpen = 0
    const unseen = position - this.max
    if (unseen <= 0) return 0
    this.max = position
    return unseen
  }

  /** Books a segment of `length` payload bytes at `position`. */
  book(position: number, length: number): void {
    this.segments++
    if (length > this.largest) this.largest = length
    if (length > this.#largestOpen) this.#largestOpen = length
    const end = position + length
    if (end > this.max) {
      this.bytes += end - Math.max(position, this.max)
      this.max = end
    }
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

  /** Gives up waiting for bytes below `position`: they were acknowledged, or the connection is over. */
  skipTo(sink: StreamSink, position: number, frame: number, time: number): void {
    while (this.next < position) {
      const first = this.#pending[0]
      const to = first !== undefined && first.from < position ? first.from : position
      if (to > this.next) {
        sink.gap(to - this.next, frame, time)
        this.missing += to - this.next
        this.next = to
      }
      this.#release(sink)
      if (first === undefined || first.from >= position) break
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
    if (this.#pendingBytes + length > PENDING_LIMIT || this.#pending.length >= 4096) {
      this.skipTo(sink, from, frame, time)
      this.deliver(sink, from, length, bytes, at, end, frame, time)
      return
    }
    const to = from + length
    let i = this.#pending.length
    while (i > 0 && this.#pending[i - 1]!.from > from) i--
    if (i > 0 && this.#pending[i - 1]!.to >= to) return
    this.#pending.splice(i, 0, { from, to, bytes: bytes.slice(at, end), frame, time })
    this.#pendingBytes += end - at
  }

  #release(sink: StreamSink): void {
    let used = 0
    for (const p of this.#pending) {
      if (p.from > this.next) break
      used++
      this.#pendingBytes -= p.bytes.length
      if (p.to <= this.next) continue
      const skip = this.next - p.from
      this.handing = this.next
      this.next = p.to
      pass(sink, p.bytes, Math.min(skip, p.bytes.length), p.bytes.length, p.to - p.from - skip, p.frame, p.time)
    }
    if (used > 0) this.#pending.splice(0, used)
  }
}

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
