// Spans of time in the order of their start, to find those that overlap another.

export class Intervals {
  #starts: Float64Array
  /** A tree of latest ends: those of the spans from `#leaves` on, and above them, at n, the later of 2n and 2n + 1. */
  #latest: Float64Array
  #leaves = 1

  /** `starts` ascend. */
  constructor(starts: Float64Array, ends: Float64Array) {
    this.#starts = starts
    while (this.#leaves <= ends.length) this.#leaves *= 2
    this.#latest = new Float64Array(2 * this.#leaves).fill(-Infinity)
    this.#latest.set(ends, this.#leaves)
    for (let n = this.#leaves - 1; n > 0; n--) this.#latest[n] = Math.max(this.#latest[2 * n], this.#latest[2 * n + 1])
  }

  /** Indices of the spans that start at `until` or before and end at `from` or later, the last `most` ones first. */
  overlapping(from: number, until: number, most: number = Infinity): number[] {
    let low = 0
    let high = this.#starts.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#starts[middle] <= until) low = middle + 1
      else high = middle
    }
    const found: number[] = []
    for (let i = this.#lastBefore(low, from); i >= 0 && found.length < most; i = this.#lastBefore(i, from))
      found.push(i)
    return found
  }

  /** The last of the first `count` spans that ends at `from` or later, or -1. One long span must not cost a walk. */
  #lastBefore(count: number, from: number): number {
    const latest = this.#latest
    for (let n = this.#leaves + count; n > 1; n >>= 1) {
      if ((n & 1) === 0 || latest[n - 1] < from) continue
      n--
      while (n < this.#leaves) n = latest[2 * n + 1] < from ? 2 * n : 2 * n + 1
      return n - this.#leaves
    }
    return -1
  }
}
