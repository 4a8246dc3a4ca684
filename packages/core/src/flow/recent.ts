// The last packets of one direction, to recognise the same frame captured twice: by another interface, on a bridge, on
// both sides of a router. A copy has the same IP identification; a retransmission has a new one.
import type { Segment } from './segment.ts'

/** A row of numbers each: a hash of what copies agree in, and what tells copies from repetitions. */
const ROW = 4
const HASH = 0
const LINK = 1
const TIME = 2
const FRAME = 3
/** Packets remembered: few at first, more while they follow each other closely. */
const RECENT = 4
const RECENT_LIMIT = 64
/** How much later a copy comes: over another link with the same IP identification, or without one; over the same link. */
const COPY_NS = 1e9
const COPY_NO_ID_NS = 20e6
const COPY_SAME_LINK_NS = 5e6
/** No sender repeats a segment this soon of its own accord: timers are coarser. */
const TOO_SOON_NS = 1e6

export class RecentPackets {
  #rows: Float64Array | null = null
  #next = 0

  /**
   * True when this very frame was captured before. Where it has no IP identification (0, IPv6), a copy came over another
   * link, or sooner than any sender repeats itself while the other side, last heard in `otherFrame`, is silent.
   */
  holdsCopyOf(s: Segment, otherFrame: number): boolean {
    const r = this.#rows
    if (r === null) return false
    const hash = hashOf(s)
    for (let at = 0; at < r.length; at += ROW) {
      if (r[at + HASH] !== hash || r[at + FRAME] < 0) continue
      const age = s.time - r[at + TIME]
      if (age < 0) continue
      const elsewhere = r[at + LINK] !== s.link
      if (s.ipId > 0) {
        if (age < (elsewhere ? COPY_NS : COPY_SAME_LINK_NS)) return true
      } else if (elsewhere) {
        if (age < COPY_NO_ID_NS) return true
      } else if (age < TOO_SOON_NS && otherFrame >= 0 && otherFrame < r[at + FRAME]) return true
    }
    return false
  }

  add(s: Segment): void {
    let r = (this.#rows ??= new Float64Array(RECENT * ROW).fill(-1))
    let at = this.#next
    if (r[at + FRAME] >= 0 && s.time - r[at + TIME] < COPY_NO_ID_NS && r.length < RECENT_LIMIT * ROW) {
      const larger = new Float64Array(r.length * 4).fill(-1)
      larger.set(r)
      at = r.length
      this.#rows = r = larger
    }
    r[at + HASH] = hashOf(s)
    r[at + LINK] = s.link
    r[at + TIME] = s.time
    r[at + FRAME] = s.frame
    this.#next = at + ROW === r.length ? 0 : at + ROW
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
