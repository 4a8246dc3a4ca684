// The last packets of a capture, to recognise the same frame captured twice: by another interface, on a bridge, on both
// sides of a router. A copy has the same IP identification; a retransmission has a new one.
//
// All connections share one ring, which is written from front to back: a ring each would be memory that is far away
// whenever its connection sends.
import type { Segment } from './segment.ts'

/** Packets of a capture that are remembered, a power of two, and how many of one direction are looked at. */
const ROWS = 65_536
const LOOKED_AT = 64
/** How much later a copy comes: over another link with the same IP identification, or without one; over the same link. */
const COPY_NS = 1e9
const COPY_NO_ID_NS = 20e6
const COPY_SAME_LINK_NS = 5e6
/** No sender repeats a segment this soon of its own accord: timers are coarser. */
const TOO_SOON_NS = 1e6

export class RecentPackets {
  readonly #rows: number
  /** What copies agree in, and what tells copies from repetitions. */
  readonly #hash: Int32Array
  readonly #link: Int32Array
  readonly #frame: Uint32Array
  readonly #time: Float64Array
  /** Number of the packet before it of the same direction, 0 for none. */
  readonly #before: Uint32Array
  /** Packets are numbered from 1. */
  #latest = 0

  constructor(rows: number = ROWS) {
    this.#rows = rows
    this.#hash = new Int32Array(rows)
    this.#link = new Int32Array(rows)
    this.#frame = new Uint32Array(rows)
    this.#time = new Float64Array(rows)
    this.#before = new Uint32Array(rows)
  }

  /**
   * True when this very frame was captured before, among the packets of its direction up to `number`. Where it has no IP
   * identification (0, IPv6), a copy came over another link, or sooner than any sender repeats itself while the other
   * side, last heard in `otherFrame`, is silent.
   */
  holdsCopyOf(s: Segment, number: number, otherFrame: number): boolean {
    const oldest = Math.max(1, this.#latest - this.#rows + 1)
    const hash = hashOf(s)
    let row = 0
    for (let n = number, left = LOOKED_AT; n >= oldest && left > 0; n = this.#before[row], left--) {
      row = n & (this.#rows - 1)
      if (this.#hash[row] !== hash) continue
      const age = s.time - this.#time[row]
      if (age < 0) continue
      const elsewhere = this.#link[row] !== s.link
      if (s.ipId > 0) {
        if (age < (elsewhere ? COPY_NS : COPY_SAME_LINK_NS)) return true
      } else if (elsewhere) {
        if (age < COPY_NO_ID_NS) return true
      } else if (age < TOO_SOON_NS && otherFrame >= 0 && otherFrame < this.#frame[row]) return true
    }
    return false
  }

  /** Remembers a packet whose direction's packet before was number `before`, or 0. Returns its number. */
  add(s: Segment, before: number): number {
    const number = ++this.#latest
    const row = number & (this.#rows - 1)
    this.#hash[row] = hashOf(s)
    this.#link[row] = s.link
    this.#frame[row] = s.frame
    this.#time[row] = s.time
    this.#before[row] = before
    return number
  }
}

/** 32 bits of all that copies of a segment agree in. Two others within the few remembered do not meet in them by chance. */
function hashOf(s: Segment): number {
  let h = Math.imul(s.seq | 0, 0x9e3779b1) ^ (s.ack | 0)
  h = Math.imul(h ^ (h >>> 15), 0x85ebca6b) ^ (s.options.tsval | 0)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35) ^ ((s.flags << 16) | s.window)
  h = Math.imul(h ^ (h >>> 16), 0x27d4eb2f) ^ ((s.ipId << 16) | s.length)
  return Math.imul(h ^ (h >>> 15), 0x9e3779b1) | 0
}
