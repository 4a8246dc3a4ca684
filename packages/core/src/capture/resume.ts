// Where to go on behind damage. A record says how long it is, so records that are whole lead from one to the next; bytes
// that are none soon lead nowhere. It is proof when such a chain is longer than any packet, which could itself carry a
// capture, or leads to exactly the end of the file. Where neither holds, nothing is guessed.
import type { Bytes } from '../bytes/read.ts'

/** A chain longer than this is no packet's content: what libpcap and Wireshark allow, and its header. */
const PROOF = 262_144 + 1024
const WINDOW = 4 * PROOF

/** Records of a chain to the end of the file; fewer could be chance. */
const LEAST_RECORDS = 3

/** Length of what may be a record at `at`, if all of it lies before `end` and its fields go together; else 0. */
export type LengthAt = (bytes: Bytes, at: number, end: number) => number

/** Bytes from the damage on, in a window that moves over them. */
export class Search {
  readonly #lengthAt: LengthAt
  readonly #window = new Uint8Array(WINDOW)
  #filled = 0
  /** Byte offset in the capture of the window's first byte. */
  offset: number
  /** That of the damaged record, which is none to go on with. */
  readonly #damage: number

  constructor(offset: number, lengthAt: LengthAt) {
    this.offset = offset
    this.#damage = offset
    this.#lengthAt = lengthAt
  }

  /** Takes bytes from `bytes[at]` on, as many as there is room for, and answers how many. */
  take(bytes: Bytes, at: number): number {
    const taken = Math.min(WINDOW - this.#filled, bytes.length - at)
    this.#window.set(bytes.subarray(at, at + taken), this.#filled)
    this.#filled += taken
    return taken
  }

  /**
   * What was taken, from the first record on; null where there is none yet. Asked when the window is full, and at the
   * end of the file: what cannot be the beginning any more is then given up.
   */
  found(ended: boolean): Bytes | null {
    if (!ended && this.#filled < WINDOW) return null
    const at = this.#first(ended)
    if (at < 0) {
      const passed = ended ? this.#filled : WINDOW / 2
      this.#window.copyWithin(0, passed, this.#filled)
      this.#filled -= passed
      this.offset += passed
      return null
    }
    this.offset += at
    return this.#window.slice(at, this.#filled)
  }

  /** From the back, so that each place is looked at once: a chain is its first record and the chain behind it. */
  #first(ended: boolean): number {
    const end = this.#filled
    const reach = new Int32Array(end + 1)
    let first = -1
    for (let at = end; at >= 0 && this.offset + at > this.#damage; at--) {
      const length = at === end ? 0 : this.#lengthAt(this.#window, at, end)
      reach[at] = length === 0 ? at : reach[at + length]!
      const isProven = reach[at]! - at > PROOF || (ended && reach[at] === end && this.#isLong(at))
      if (isProven) first = at
    }
    return first
  }

  #isLong(from: number): boolean {
    let at = from
    for (let records = 0; records < LEAST_RECORDS; records++) {
      if (at === this.#filled) return false
      at += this.#lengthAt(this.#window, at, this.#filled)
    }
    return true
  }
}
