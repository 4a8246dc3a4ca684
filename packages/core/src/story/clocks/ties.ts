// What is known of the clocks of captures, two by two, and what follows from that for any two of them. Differences of
// clocks add up along a way, and where several ways lead to one capture, all their bounds hold: a system of difference
// constraints, which Floyd and Warshall solve. One that contradicts itself has a loop of negative length.
import type { Observations } from '../../observe/observations.ts'
import type { Stretch } from './fit.ts'
import { type Range, rangeAt, ratesOf } from './lines.ts'
import { type Clocked, fromStory } from './time.ts'

/** How the clock of capture `b` runs against that of `a`: offsets are what `b` shows minus what `a` shows, at times of `a`. */
export interface Tie {
  a: number
  b: number
  /** The packets that both saw, or requests and the tries made for them, which follow from each other. */
  by: 'packets' | 'cause-and-effect'
  /** In order of time; at least one. Of the lines that are possible, `offset` (at their origin) and `rate` are taken. */
  stretches: (Stretch & { offset: number; rate: number })[]
}

/** The offset between own times of captures whose clocks agree. */
export const agreement = (a: Observations, b: Observations): number => (a.epoch - b.epoch) * 1e9

/** How closely a tie holds. */
export function widthOf({ stretches }: Tie): number {
  const [{ from, until, lines }] = stretches
  const { low, high } = rangeAt(lines, (from + until) / 2)
  return high - low
}

/** Between which offsets of a tie the truth lies. Where a clock was set between two stretches nobody saw when. */
function offsetAt({ stretches }: Tie, time: number): Range {
  let i = stretches.length - 1
  while (i > 0 && time < stretches[i].from) i--
  const range = rangeAt(stretches[i].lines, time)
  const next = stretches[i + 1]
  if (next === undefined || time <= stretches[i].until) return range
  const after = rangeAt(next.lines, time)
  return { low: Math.min(range.low, after.low), high: Math.max(range.high, after.high) }
}

/** A number for the clock of each of so many captures: the same where anything ties them, directly or over others. */
export function clockGroups(count: number, ties: readonly Tie[]): number[] {
  const group = Array.from({ length: count }, (_, capture) => capture)
  for (const { a, b } of ties) {
    const [kept, merged] = [group[a], group[b]]
    for (const [capture, its] of group.entries()) if (its === merged) group[capture] = kept
  }
  return group
}

/** Row a, column b: what b is ahead of a at most; Infinity where nothing ties them. */
export interface Ahead {
  most: number[][]
  /** By how much all bounds had to be widened before they went together; 0 where they do. */
  widened: number
}

/** At a story time, in nanoseconds of the captures' own times. */
export function aheadAt(captures: readonly Clocked[], ties: readonly Tie[], time: number): Ahead {
  const bounds = ties.map((tie) => ({ ...tie, ...offsetAt(tie, fromStory(captures[tie.a], time)) }))
  return joined(captures.length, bounds, LEAST_NS)
}

/** How much faster clocks run, as natural logarithms: these add up along a way. */
export function fasterBy(captures: readonly Clocked[], ties: readonly Tie[]): Ahead {
  const bounds = ties.map(({ a, b, stretches }) => {
    const ranges = stretches.map(({ lines }) => ratesOf(lines))
    const low = Math.log1p(Math.min(...ranges.map((range) => range.low)))
    return { a, b, low, high: Math.log1p(Math.max(...ranges.map((range) => range.high))) }
  })
  return joined(captures.length, bounds, LEAST_RATE)
}

const LEAST_NS = 20e3
const LEAST_RATE = 0.1e-6

type Bound = Range & { a: number; b: number }

function joined(count: number, bounds: readonly Bound[], least: number): Ahead {
  for (let widened = 0; ; widened = Math.max(least, widened * 2)) {
    const most = shortest(count, bounds, widened)
    if (most.every((row, i) => row[i] >= 0)) return { most, widened }
  }
}

function shortest(count: number, bounds: readonly Bound[], widened: number): number[][] {
  const all = [...Array(count).keys()]
  const most = all.map((i) => all.map((j) => (i === j ? 0 : Infinity)))
  for (const { a, b, low, high } of bounds) {
    most[a][b] = Math.min(most[a][b], high + widened)
    most[b][a] = Math.min(most[b][a], widened - low)
  }
  for (const k of all) for (const row of most) for (const j of all) row[j] = Math.min(row[j], row[k] + most[k][j])
  return most
}
