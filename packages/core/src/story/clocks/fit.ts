// Bounds in order of time become lines, and a piece more wherever no line goes on: there a clock was set.
import { atLeast, atMost, everyLine, type Lines, MOST_RATE, rangeAt } from './lines.ts'

/** Bounds on the offset of one capture's clock from another's, at times of that other one; columns of nanoseconds. */
export interface Bounds {
  times: number[]
  offsets: number[]
  /** 1: the offset is at most that; -1: at least. */
  signs: (1 | -1)[]
}

/** The lines between two times, those of the first and the last bound that they rest on. */
export interface Stretch {
  from: number
  until: number
  lines: Lines
}

/**
 * Captures order packets loosely by so much: several processors, coalesced interrupts, two interfaces. What is tried in
 * turn: all bounds are widened by it, so that less than that is left where they needed more.
 */
const JITTERS_NS = [20e3, 60e3, 180e3, 540e3]
const [JITTER_NS] = JITTERS_NS
/** The least of many delays is no longer, whichever way nothing was seen. */
const MOST_DELAY_NS = 1e9
/** A bound that does not fit is held against so many that follow. */
const LOOK_AHEAD = 12
/** Bounds that a stretch rests on, at least; what has fewer was odd. */
const LEAST = 6
/** Clocks that are set more often are not worth a line. */
const MOST_STRETCHES = 16

/** In order of time. */
export function inTime({ times, offsets, signs }: Bounds): Bounds {
  const order = times.map((_, i) => i).toSorted((a, b) => times[a] - times[b])
  return {
    times: order.map((i) => times[i]),
    offsets: order.map((i) => offsets[i]),
    signs: order.map((i) => signs[i]),
  }
}

/** Stretches of lines that keep all bounds (in order of time), but for the odd one. None where that cannot be. */
export function fit(bounds: Bounds): Stretch[] {
  const { length } = bounds.times
  if (length === 0) return []
  const any = anyLine(bounds)
  const all = [...bounds.times.keys()]
  for (const jitter of JITTERS_NS) {
    const whole = keeping(bounds, all, any, jitter)
    if (whole !== null && isWide(whole, bounds, jitter)) return [stretch(bounds, all, whole)]
  }
  const found: Stretch[] = []
  const rests: number[][] = []
  let members: number[] = []
  let lines = any
  const close = (): void => {
    // At either end there may be no more of them: what bounds the offset from both sides will do.
    const isEnd = found.length === 0 || members.at(-1) === length - 1
    const isBoth = isEnd && [1, -1].every((sign) => members.some((i) => bounds.signs[i] === sign))
    if (members.length < LEAST && !isBoth) return
    rests.push(members)
    found.push(stretch(bounds, members, lines))
  }
  for (let i = 0; i < length; i++) {
    let next = clipped(lines, bounds, i)
    if (next === null) {
      if (isOdd(lines, bounds, i)) continue
      const without = withoutOdd(bounds, members, lines, i, any)
      if (without !== null) {
        members = without.members
        next = clipped(without.lines, bounds, i)!
      } else {
        close()
        if (found.length >= MOST_STRETCHES) return []
        members = []
        next = clipped(any, bounds, i)!
      }
    }
    members.push(i)
    lines = next
  }
  close()
  // What goes with the next lines as well does not tell that the clock was set after it.
  return found.map((one, n) => {
    const next = found[n + 1]
    if (next === undefined) return one
    const last = rests[n].findLast((i) => clipped(next.lines, bounds, i) === null)
    return last === undefined ? one : { ...one, until: bounds.times[last] }
  })
}

const stretch = ({ times }: Bounds, members: readonly number[], lines: Lines): Stretch => ({
  from: times[members[0]],
  until: times[members.at(-1)!],
  lines,
})

/** What is possible before anything is known of the two clocks but these bounds. */
function anyLine({ times, offsets }: Bounds): Lines {
  let low = Infinity
  let high = -Infinity
  for (const offset of offsets) {
    low = Math.min(low, offset)
    high = Math.max(high, offset)
  }
  const most = MOST_DELAY_NS + MOST_RATE * (times.at(-1)! - times[0])
  return everyLine(times[0], low - most, high + most)
}

function clipped(lines: Lines, { times, offsets, signs }: Bounds, i: number, jitter: number = JITTER_NS): Lines | null {
  return signs[i] > 0 ? atMost(lines, times[i], offsets[i] + jitter) : atLeast(lines, times[i], offsets[i] - jitter)
}

function isWide(lines: Lines, { times }: Bounds, jitter: number): boolean {
  return [times[0], times.at(-1)!].every((time) => {
    const { low, high } = rangeAt(lines, time)
    return high - low >= jitter
  })
}

/** The lines that keep these bounds; null when there are none. */
function keeping(bounds: Bounds, members: readonly number[], any: Lines, jitter?: number): Lines | null {
  let lines: Lines | null = any
  for (const i of members) {
    lines = clipped(lines, bounds, i, jitter)
    if (lines === null) return null
  }
  return lines
}

/** Whether a bound stands alone: most of those that follow agree with the lines. */
function isOdd(lines: Lines, bounds: Bounds, at: number): boolean {
  const until = Math.min(at + LOOK_AHEAD, bounds.times.length)
  let agree = 0
  for (let i = at; i < until; i++) if (clipped(lines, bounds, i) !== null) agree++
  return until - at === 1 || agree * 2 > until - at
}

/** The members but for the one that kept the lines from what follows: so it was odd. Null where it takes more than one. */
function withoutOdd(
  bounds: Bounds,
  members: readonly number[],
  lines: Lines,
  next: number,
  any: Lines,
): { members: number[]; lines: Lines } | null {
  const binding = members.filter((i) => isBinding(lines, bounds, i))
  for (const odd of binding.slice(-LOOK_AHEAD)) {
    const others = members.filter((i) => i !== odd)
    const left = keeping(bounds, others, any)
    if (left !== null && clipped(left, bounds, next) !== null && isOdd(left, bounds, next)) {
      return { members: others, lines: left }
    }
  }
  return null
}

/** Whether the lines go up to the bound. */
function isBinding(lines: Lines, { times, offsets, signs }: Bounds, i: number): boolean {
  const { low, high } = rangeAt(lines, times[i])
  return signs[i] > 0 ? high >= offsets[i] + JITTER_NS - 1 : low <= offsets[i] - JITTER_NS + 1
}
