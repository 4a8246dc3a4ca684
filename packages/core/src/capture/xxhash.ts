// xxHash, the checksums of lz4 (XXH32) and zstd (the lower half of XXH64), with seed 0.
// https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
import { u32le, type Bytes } from '../bytes/read.ts'

export interface Hash {
  update(b: Bytes): void
  /** The lower 32 bits of the hash over all bytes so far. */
  digest(): number
}

/** Feeds `round` with whole stripes; a rest is kept for the next update. */
function stripes(size: number, round: (b: Bytes, at: number) => void): { update(b: Bytes): void; rest(): Bytes } {
  const rest = new Uint8Array(size)
  let kept = 0
  return {
    update(b: Bytes): void {
      let at = 0
      if (kept > 0) {
        at = Math.min(size - kept, b.length)
        rest.set(b.subarray(0, at), kept)
        kept += at
        if (kept < size) return
        round(rest, 0)
        kept = 0
      }
      for (; at + size <= b.length; at += size) round(b, at)
      rest.set(b.subarray(at))
      kept = b.length - at
    },
    rest: () => rest.subarray(0, kept),
  }
}

const rotate = (value: number, by: number): number => (value << by) | (value >>> (32 - by))

const P32_1 = 0x9e3779b1
const P32_2 = 0x85ebca77
const P32_3 = 0xc2b2ae3d
const P32_4 = 0x27d4eb2f
const P32_5 = 0x165667b1

export function xxh32(): Hash {
  let total = 0
  let [v1, v2, v3, v4] = [(P32_1 + P32_2) | 0, P32_2 | 0, 0, -P32_1 | 0]
  const lane = (value: number, input: number): number =>
    Math.imul(rotate((value + Math.imul(input, P32_2)) | 0, 13), P32_1)
  const body = stripes(16, (b, at) => {
    v1 = lane(v1, u32le(b, at))
    v2 = lane(v2, u32le(b, at + 4))
    v3 = lane(v3, u32le(b, at + 8))
    v4 = lane(v4, u32le(b, at + 12))
  })
  return {
    update(b: Bytes): void {
      total += b.length
      body.update(b)
    },
    digest(): number {
      let hash = total < 16 ? P32_5 : rotate(v1, 1) + rotate(v2, 7) + rotate(v3, 12) + rotate(v4, 18)
      hash = (hash + total) | 0
      const rest = body.rest()
      let at = 0
      for (; at + 4 <= rest.length; at += 4) {
        hash = Math.imul(rotate((hash + Math.imul(u32le(rest, at), P32_3)) | 0, 17), P32_4)
      }
      for (; at < rest.length; at++) hash = Math.imul(rotate((hash + Math.imul(rest[at]!, P32_5)) | 0, 11), P32_1)
      hash = Math.imul(hash ^ (hash >>> 15), P32_2)
      hash = Math.imul(hash ^ (hash >>> 13), P32_3)
      return (hash ^ (hash >>> 16)) >>> 0
    },
  }
}

/** XXH32 of a short piece. */
export function xxh32Of(b: Bytes): number {
  const hash = xxh32()
  hash.update(b)
  return hash.digest()
}

/** The 64-bit primes as high and low halves. */
const [P1H, P1L] = [0x9e3779b1, 0x85ebca87]
const [P2H, P2L] = [0xc2b2ae3d, 0x27d4eb4f]
const [P3H, P3L] = [0x165667b1, 0x9e3779f9]
const [P4H, P4L] = [0x85ebca77, 0xc2b2ae63]
const [P5H, P5L] = [0x27d4eb2f, 0x165667c5]

/** 64-bit arithmetic on halves, in one register: JavaScript's own integers would be several times slower. */
function register(): {
  high: number
  low: number
  set(high: number, low: number): void
  add(high: number, low: number): void
  multiply(high: number, low: number): void
  rotate(by: number): void
} {
  return {
    high: 0,
    low: 0,
    set(high: number, low: number): void {
      this.high = high | 0
      this.low = low | 0
    },
    add(high: number, low: number): void {
      const sum = (this.low >>> 0) + (low >>> 0)
      this.high = (this.high + high + (sum > 0xffff_ffff ? 1 : 0)) | 0
      this.low = sum | 0
    },
    multiply(high: number, low: number): void {
      const a0 = this.low & 0xffff
      const a1 = this.low >>> 16
      const b0 = low & 0xffff
      const b1 = low >>> 16
      // The upper half of the product of the lower halves; no sum leaves 32 bits.
      const m1 = a1 * b0 + ((a0 * b0) >>> 16)
      const m2 = a0 * b1 + (m1 & 0xffff)
      const carry = a1 * b1 + (m1 >>> 16) + (m2 >>> 16)
      this.high = (carry + Math.imul(this.high, low) + Math.imul(this.low, high)) | 0
      this.low = Math.imul(this.low, low)
    },
    /** By 1 to 31 places, to the left. */
    rotate(by: number): void {
      const { high, low } = this
      this.high = (high << by) | (low >>> (32 - by))
      this.low = (low << by) | (high >>> (32 - by))
    },
  }
}

export function xxh64(): Hash {
  const r = register()
  let total = 0
  /** Four lanes, high and low half each. */
  const lanes = new Int32Array(8)
  r.set(P1H, P1L)
  r.add(P2H, P2L)
  lanes.set([r.high, r.low, P2H, P2L, 0, 0])
  r.set(~P1H, ~P1L)
  r.add(0, 1)
  lanes.set([r.high, r.low], 6)

  /** r becomes the lane `high, low` after one input. */
  const round = (high: number, low: number, inputHigh: number, inputLow: number): void => {
    r.set(inputHigh, inputLow)
    r.multiply(P2H, P2L)
    r.add(high, low)
    r.rotate(31)
    r.multiply(P1H, P1L)
  }

  const body = stripes(32, (b, at) => {
    for (let lane = 0; lane < 8; lane += 2) {
      round(lanes[lane]!, lanes[lane + 1]!, u32le(b, at + 4 * lane + 4), u32le(b, at + 4 * lane))
      lanes[lane] = r.high
      lanes[lane + 1] = r.low
    }
  })

  /** r becomes (hash XOR r) rotated, times `m`, plus `a`. */
  const mix = (high: number, low: number, by: number, mh: number, ml: number, ah: number, al: number): void => {
    r.set(r.high ^ high, r.low ^ low)
    r.rotate(by)
    r.multiply(mh, ml)
    r.add(ah, al)
  }

  const merge = (): void => {
    let [high, low] = [0, 0]
    for (const [lane, by] of [1, 7, 12, 18].entries()) {
      r.set(lanes[2 * lane]!, lanes[2 * lane + 1]!)
      r.rotate(by)
      r.add(high, low)
      ;[high, low] = [r.high, r.low]
    }
    for (let lane = 0; lane < 8; lane += 2) {
      round(0, 0, lanes[lane]!, lanes[lane + 1]!)
      r.set(r.high ^ high, r.low ^ low)
      r.multiply(P1H, P1L)
      r.add(P4H, P4L)
      ;[high, low] = [r.high, r.low]
    }
  }

  return {
    update(b: Bytes): void {
      total += b.length
      body.update(b)
    },
    digest(): number {
      if (total < 32) r.set(P5H, P5L)
      else merge()
      r.add(Math.floor(total / 2 ** 32), total % 2 ** 32)
      const rest = body.rest()
      let at = 0
      for (; at + 8 <= rest.length; at += 8) {
        const { high, low } = r
        round(0, 0, u32le(rest, at + 4), u32le(rest, at))
        mix(high, low, 27, P1H, P1L, P4H, P4L)
      }
      if (at + 4 <= rest.length) {
        const { high, low } = r
        r.set(0, u32le(rest, at))
        r.multiply(P1H, P1L)
        mix(high, low, 23, P2H, P2L, P3H, P3L)
        at += 4
      }
      for (; at < rest.length; at++) {
        const { high, low } = r
        r.set(0, rest[at]!)
        r.multiply(P5H, P5L)
        mix(high, low, 11, P1H, P1L, 0, 0)
      }
      r.set(r.high, r.low ^ (r.high >>> 1)) // x ^= x >> 33
      r.multiply(P2H, P2L)
      r.set(r.high ^ (r.high >>> 29), r.low ^ ((r.low >>> 29) | (r.high << 3))) // x ^= x >> 29
      r.multiply(P3H, P3L)
      return (r.low ^ r.high) >>> 0 // the lower half of x ^ (x >> 32)
    },
  }
}
