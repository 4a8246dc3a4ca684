// Requests by time, to find those that were open at a moment.
import type { Roles } from './requests.ts'

/** Clocks on one host agree, captures on two interfaces of it nearly so. */
const SLACK_NS = 5e6
/** Requests open at once that are looked at for one try. */
const CANDIDATES = 512
/** So many are looked at one by one: nearly all requests share their target with few, and columns for each are large. */
const FEW = 16

/** What can be asked for requests that are open. */
export interface OpenIndex {
  /** Requests in whose time `time` lies, the latest ones first; added to `found`. */
  at(time: number, found?: number[]): number[]
}

export class OpenRequests implements OpenIndex {
  readonly #rows: readonly number[]
  readonly #starts: Float64Array
  /** A tree of latest ends: those of the requests from `#leaves` on, and above them, at n, the later of 2n and 2n + 1. */
  readonly #latest: Float64Array
  #leaves = 1

  /** `rows` go in the order of their start. */
  constructor({ requests }: Roles, rows: readonly number[]) {
    const { length } = rows
    this.#rows = rows
    this.#starts = new Float64Array(length)
    while (this.#leaves <= length) this.#leaves *= 2
    this.#latest = new Float64Array(2 * this.#leaves).fill(-Infinity)
    for (let i = 0; i < length; i++) {
      this.#starts[i] = requests.start[rows[i]]
      this.#latest[this.#leaves + i] = requests.until[rows[i]]
    }
    for (let n = this.#leaves - 1; n > 0; n--) this.#latest[n] = Math.max(this.#latest[2 * n], this.#latest[2 * n + 1])
  }

  at(time: number, found: number[] = []): number[] {
    let low = 0
    let high = this.#starts.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#starts[middle] <= time + SLACK_NS) low = middle + 1
      else high = middle
    }
    let most = CANDIDATES
    for (let i = this.#lastOpen(low, time); i >= 0 && most > 0; i = this.#lastOpen(i, time), most--) {
      found.push(this.#rows[i])
    }
    return found
  }

  /** The last of the first `count` requests that is not over at `time`, or -1. One slow request must not cost a walk. */
  #lastOpen(count: number, time: number): number {
    const latest = this.#latest
    const over = time - SLACK_NS
    for (let n = this.#leaves + count; n > 1; n >>= 1) {
      if ((n & 1) === 0 || latest[n - 1] < over) continue
      n--
      while (n < this.#leaves) n = latest[2 * n + 1] < over ? 2 * n : 2 * n + 1
      return n - this.#leaves
    }
    return -1
  }
}

/** Few requests, each of which leads to the one that started before it. */
class FewRequests implements OpenIndex {
  readonly #requests: Roles['requests']
  readonly #before: Int32Array
  readonly #last: number

  constructor({ requests }: Roles, before: Int32Array, last: number) {
    this.#requests = requests
    this.#before = before
    this.#last = last
  }

  at(time: number, found: number[] = []): number[] {
    const { start, until } = this.#requests
    for (let row = this.#last; row >= 0; row = this.#before[row]!) {
      if (start[row]! <= time + SLACK_NS && !(until[row]! < time - SLACK_NS)) found.push(row)
    }
    return found
  }
}

/**
 * Requests in groups by what they have in common, ready to be asked once somebody asks for them. A list for each of a
 * hundred thousand targets would take more than all that is known of the requests: they are chained instead.
 */
export class RequestGroups {
  readonly #roles: Roles
  /** Last row of each group, and to each row the one before it in its group, -1 for none. */
  readonly #last = new Map<string, number>()
  readonly #before: Int32Array
  readonly #ready = new Map<string, OpenRequests>()

  /** `before` may be shared by groupings that have no row in common. */
  constructor(roles: Roles, before: Int32Array = new Int32Array(roles.count)) {
    this.#roles = roles
    this.#before = before
  }

  /** Rows are added in the order of their start, before anything is asked. */
  add(key: string, row: number): void {
    this.#before[row] = this.#last.get(key) ?? -1
    this.#last.set(key, row)
  }

  get(key: string): OpenIndex | undefined {
    const last = this.#last.get(key)
    if (last === undefined) return undefined
    let ready: OpenIndex | undefined = this.#ready.get(key)
    if (ready === undefined) {
      const rows: number[] = []
      for (let row = last; row >= 0 && rows.length <= FEW; row = this.#before[row]!) rows.push(row)
      ready = rows.length <= FEW ? new FewRequests(this.#roles, this.#before, last) : this.#index(key, last)
    }
    return ready
  }

  #index(key: string, last: number): OpenRequests {
    const rows: number[] = []
    for (let row = last; row >= 0; row = this.#before[row]!) rows.push(row)
    const index = new OpenRequests(this.#roles, rows.toReversed())
    this.#ready.set(key, index)
    return index
  }
}
