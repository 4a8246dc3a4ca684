// Requests by time, to find those that were open at a moment.
import { Intervals } from './intervals.ts'
import type { Roles } from './requests.ts'

/** Clocks on one host agree, captures on two interfaces of it nearly so. */
const SLACK_NS = 5e6
/** Requests open at once that are looked at for one try. */
const CANDIDATES = 512

export class OpenRequests {
  #rows: readonly number[]
  #times: Intervals

  /** `rows` go in the order of their start. */
  constructor({ requests }: Roles, rows: readonly number[]) {
    this.#rows = rows
    const starts = new Float64Array(rows.length)
    const ends = new Float64Array(rows.length)
    for (let i = 0; i < rows.length; i++) {
      starts[i] = requests.start[rows[i]]
      ends[i] = requests.until[rows[i]]
    }
    this.#times = new Intervals(starts, ends)
  }

  /** Requests in whose time `time` lies, the latest ones first; added to `found`. */
  at(time: number, found: number[] = []): number[] {
    for (const i of this.#times.overlapping(time - SLACK_NS, time + SLACK_NS, CANDIDATES)) found.push(this.#rows[i])
    return found
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
