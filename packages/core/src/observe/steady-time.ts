// Time that does not run back where a capture's clock was set back (by NTP, by hand): waits and orders stay those of the
// frames. What was added is told, so that a frame's own time is never lost.
import type { Moment } from './observations.ts'

/** From this frame on a capture's times have `by` nanoseconds more than the frames say, beside what was added before. */
export interface SetBack extends Moment {
  by: number
}

/** Queues, processors and interfaces put frames out of order by less than this. */
const MOST_LATE_NS = 50e6
/** A clock that was set back shows in all frames that follow; of a single one that is late the next ones tell. */
const WATCHED = 2
/** A file whose times go up and down has no clock. */
const MOST = 16
/** Nobody sets a clock back by more than a day while it is in use: what jumps further is damage, or another capture. */
const FARTHEST_NS = 86_400e9
/** Between the last frame before and the first one after a clock was set: nobody knows how long that was. */
const STEP_NS = 1e3

/** Follows the times of one capture, of which each interface is written in order. */
export class SteadyTime {
  readonly setBacks: SetBack[] = []
  #added = 0
  /** The latest time of each interface, and that of all. */
  #latest: number[] = []
  #last = -Infinity
  /** The latest time before the last frame, where that is far ahead; Infinity where it is not. */
  #before = Infinity
  /** While a step is watched: on which interface, for how many frames, and where that was before. */
  #watched = 0
  #interface = -1
  #old = 0

  /** The time of a frame that says `time`. */
  of(time: number, frame: number, interfaceId: number): number {
    const latest = this.#latest[interfaceId]
    let steady = time + this.#added
    if (latest !== undefined && (this.#watched > 0 || steady < latest - MOST_LATE_NS)) {
      steady = this.#checked(time, frame, interfaceId, latest)
    }
    if (latest === undefined || steady > latest) this.#latest[interfaceId] = steady
    if (steady > this.#last) {
      const isAhead = steady > this.#last + MOST_LATE_NS && this.#last > -Infinity
      this.#before = isAhead ? this.#last : Infinity
      this.#last = steady
    }
    return steady
  }

  /** Another file begins, whose interfaces count from 0 and whose times are no later or earlier for sure. */
  endPart(): void {
    this.#latest = []
    this.#last = -Infinity
    this.#before = Infinity
    this.#watched = 0
  }

  #checked(time: number, frame: number, interfaceId: number, latest: number): number {
    if (this.#watched > 0 && interfaceId === this.#interface) {
      this.#watched--
      const { by } = this.setBacks.at(-1)!
      // The clock is where it was before: it was that frame alone which was late.
      if (time + this.#added - by >= this.#old) {
        this.#added -= by
        this.#watched = 0
        this.setBacks.pop()
        this.#latest = []
        this.#last = this.#old
        return time + this.#added
      }
    }
    const steady = time + this.#added
    if (steady >= latest - MOST_LATE_NS || this.setBacks.length >= MOST) return steady
    // That frame alone was ahead: it stands in the file before its time, or its time is damaged.
    if (steady >= this.#before) {
      this.#latest = []
      this.#last = steady
      this.#before = Infinity
      return steady
    }
    const by = this.#last + STEP_NS - steady
    if (by > FARTHEST_NS) return steady
    this.#old = latest
    this.#interface = interfaceId
    this.#watched = WATCHED
    this.#added += by
    this.setBacks.push({ frame, time: this.#last + STEP_NS, by })
    return this.#last + STEP_NS
  }
}

/** What was added to the times of a capture at one of them. */
export function addedAt(setBacks: readonly SetBack[], time: number): number {
  let added = 0
  for (const one of setBacks) if (time >= one.time) added += one.by
  return added
}

/** What was added to the time of a frame. */
export function addedTo(setBacks: readonly SetBack[], frame: number): number {
  let added = 0
  for (const one of setBacks) if (frame >= one.frame) added += one.by
  return added
}

/** The stretches of a capture's own time that lie between two times, both included. */
export function ownTimes(setBacks: readonly SetBack[], from: number, to: number): { from: number; to: number }[] {
  const starts = [-Infinity, ...setBacks.map(({ time }) => time)]
  return starts.flatMap((start, i) => {
    const [first, last] = [Math.max(from, start), Math.min(to, (starts[i + 1] ?? Infinity) - STEP_NS)]
    const added = addedAt(setBacks, start)
    return first > last ? [] : [{ from: first - added, to: last - added }]
  })
}
