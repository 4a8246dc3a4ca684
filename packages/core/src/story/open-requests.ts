// Requests by time, to find those that were open at a moment.
import type { Roles } from './requests.ts'

/** Clocks on one host agree, captures on two interfaces of it nearly so. */
const SLACK_NS = 5e6
/** Requests open at once that are looked at for one try. */
const CANDIDATES = 512
/** So many are looked at one by one: nearly all requests share their target with few, and columns for each are large. */
const FEW = 16
const NO_TIMES = new Float64Array(0)

export class OpenRequests {
  readonly #requests: Roles['requests']
  readonly #rows: readonly number[]
  #starts: Float64Array = NO_TIMES
  /** A tree of latest ends: those of the requests from `#leaves` on, and above them, at n, the later of 2n and 2n + 1. */
  #latest: Float64Array = NO_TIMES
  #leaves = 1

  /** `rows` go in the order of their start. */
  constructor({ requests }: Roles, rows: readonly number[]) {
    const { length } = rows
    this.#requests = requests
    this.#rows = rows
    if (length <= FEW) return
    this.#starts = new Float64Array(length)
    while (this.#leaves <= length) this.#leaves *= 2
    this.#latest = new Float64Array(2 * this.#leaves).fill(-Infinity)
    for (let i = 0; i < length; i++) {
      this.#starts[i] = requests.start[rows[i]]
      this.#latest[this.#leaves + i] = requests.until[rows[i]]
    }
    for (let n = this.#leaves - 1; n > 0; n--) this.#latest[n] = Math.max(this.#latest[2 * n], this.#latest[2 * n + 1])
  }

  /** Requests in whose time `time` lies, the latest ones first; added to `found`. */
  at(time: number, found: number[] = []): number[] {
    if (this.#rows.length <= FEW) return this.#amongFew(time, found)
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

  #amongFew(time: number, found: number[]): number[] {
    const { start, until } = this.#requests
    for (let i = this.#rows.length - 1; i >= 0; i--) {
      const row = this.#rows[i]!
      if (start[row]! <= time + SLACK_NS && !(until[row]! < time - SLACK_NS)) found.push(row)
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

/** Requests in groups by what they have in common, ready to be asked once somebody asks for them. */
export class RequestGroups {
  #roles: Roles
  #rows = new Map<string, number[]>()
  #ready = new Map<string, OpenRequests>()

  constructor(roles: Roles) {
    this.#roles = roles
  }

  /** Rows are added in the order of their start. */
  add(key: string, row: number): void {
    const rows = this.#rows.get(key)
    if (rows === undefined) this.#rows.set(key, [row])
    else rows.push(row)
  }

  get(key: string): OpenRequests | undefined {
    let ready = this.#ready.get(key)
    const rows = ready === undefined ? this.#rows.get(key) : undefined
    if (rows !== undefined) this.#ready.set(key, (ready = new OpenRequests(this.#roles, rows)))
    return ready
  }
}
