// Things that last from one time to another, to be asked which of them go on within a time: of a million conversations
// those beside one incident, without a look at the others.

/** The numbers of things, in whatever order they have; `first(i)` is no later than `last(i)`. */
export class Spans {
  /** Trees: the things lie from `#leaves` on, and at n is the earlier first, and the later last, of 2n and 2n + 1. */
  readonly #first: Float64Array
  readonly #last: Float64Array
  readonly #count: number
  #leaves = 1

  constructor(count: number, first: (i: number) => number, last: (i: number) => number) {
    this.#count = count
    while (this.#leaves < count) this.#leaves *= 2
    this.#first = new Float64Array(2 * this.#leaves).fill(Infinity)
    this.#last = new Float64Array(2 * this.#leaves).fill(-Infinity)
    for (let i = 0; i < count; i++) {
      this.#first[this.#leaves + i] = first(i)
      this.#last[this.#leaves + i] = last(i)
    }
    for (let n = this.#leaves - 1; n > 0; n--) {
      this.#first[n] = Math.min(this.#first[2 * n]!, this.#first[2 * n + 1]!)
      this.#last[n] = Math.max(this.#last[2 * n]!, this.#last[2 * n + 1]!)
    }
  }

  /** Those that begin no later than `until` and last to `from` at least, in order of their numbers. */
  *within(from: number, until: number, node: number = 1): Generator<number> {
    if (this.#first[node]! > until || this.#last[node]! < from) return
    if (node >= this.#leaves) {
      if (node - this.#leaves < this.#count) yield node - this.#leaves
      return
    }
    yield* this.within(from, until, 2 * node)
    yield* this.within(from, until, 2 * node + 1)
  }
}
