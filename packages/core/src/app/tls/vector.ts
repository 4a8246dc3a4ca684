// The presentation language of TLS (RFC 8446 section 3): numbers, and vectors with their length before them.
import { type Bytes, u16, u24 } from '../../bytes/read.ts'

/** Reads on in `bytes[at..end)`. Past the end: zeros and empty vectors, and `short` says so. */
export class Vector {
  readonly bytes: Bytes
  at: number
  readonly end: number
  short = false

  constructor(bytes: Bytes, at: number, end: number) {
    this.bytes = bytes
    this.at = at
    this.end = end
  }

  get left(): number {
    return this.end - this.at
  }

  u8(): number {
    return this.#take(1) ? this.bytes[this.at - 1]! : 0
  }

  u16(): number {
    return this.#take(2) ? u16(this.bytes, this.at - 2) : 0
  }

  u24(): number {
    return this.#take(3) ? u24(this.bytes, this.at - 3) : 0
  }

  /** `length` bytes, copied; fewer at the end. */
  copy(length: number): Bytes {
    const part = this.part(length)
    return part.bytes.slice(part.at, part.end)
  }

  /** The next `length` bytes; those that are there. */
  part(length: number): Vector {
    const to = Math.min(this.end, this.at + length)
    const part = new Vector(this.bytes, this.at, to)
    part.short = to < this.at + length
    this.short ||= part.short
    this.at = to
    return part
  }

  vector8(): Vector {
    return this.part(this.u8())
  }

  vector16(): Vector {
    return this.part(this.u16())
  }

  vector24(): Vector {
    return this.part(this.u24())
  }

  /** All that is left as 16-bit numbers, up to `limit`. */
  numbers(limit: number): number[] {
    const numbers: number[] = []
    while (this.left >= 2 && numbers.length < limit) numbers.push(this.u16())
    return numbers
  }

  #take(length: number): boolean {
    if (this.left < length) {
      this.short = true
      this.at = this.end
      return false
    }
    this.at += length
    return true
  }
}
