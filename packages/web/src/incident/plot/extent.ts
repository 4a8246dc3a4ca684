// Which part of a time-sequence plot is shown: pure functions from one part to the next.
import type { Place, Step, TimeSequence } from './time-sequence-data.ts'

/** Seconds and positions that are shown. */
export interface Extent {
  from: number
  to: number
  low: number
  high: number
}

/** A plot of one moment shows a millisecond; of one byte, a hundred. */
const SHORTEST = 1e-6
const LEAST = 1e-3
const FEWEST = 100
/** Room around what is shown, as a share of it. */
const ROOM = 0.04
/** The window is shown whole where that does not make everything else small. */
const TALLEST = 3

/** All of it, in time. */
export function wholeOf({ places, moments, omitted }: TimeSequence): { from: number; to: number } {
  const seconds = [...places, ...moments].map((one) => one.seconds)
  if (omitted !== null) seconds.push(omitted.from, omitted.to)
  if (seconds.length === 0) return { from: 0, to: LEAST }
  const first = seconds.reduce((a, b) => Math.min(a, b))
  const last = seconds.reduce((a, b) => Math.max(a, b))
  const room = Math.max((last - first) * ROOM, LEAST / 2)
  return { from: first - room, to: last + room }
}

/** Positions that make what lies in that time fill the plot. `withWindow`: the window's edge too, however far up. */
export function fitted(plot: TimeSequence, from: number, to: number, withWindow: boolean): Extent {
  const isIn = ({ seconds }: { seconds: number }): boolean => seconds >= from && seconds <= to
  const positions = [
    ...plot.segments.filter(isIn).flatMap((one) => [one.from, one.to]),
    ...plot.marks.filter(isIn).map(({ at }) => at),
    ...plot.sacks.filter(isIn).map((one) => one.to),
    ...valuesIn(plot.acknowledged, from, to),
  ]
  const edges = valuesIn(plot.window, from, to)
  if (positions.length === 0) positions.push(...edges.slice(0, 1))
  if (positions.length === 0) positions.push(0)
  const low = positions.reduce((a, b) => Math.min(a, b))
  const top = positions.reduce((a, b) => Math.max(a, b))
  const edge = edges.reduce((a, b) => Math.max(a, b), top)
  const span = Math.max(top - low, FEWEST)
  const isNear = edge - low <= span * TALLEST
  const high = Math.max(withWindow || isNear ? edge : top, low + FEWEST)
  const room = (high - low) * ROOM * 2
  return { from, to, low: low - room, high: high + room }
}

/** Values that a stair has within a time, the one that it comes in with included. */
function valuesIn(steps: readonly Step[], from: number, to: number): number[] {
  const before = steps.findLast(({ seconds }) => seconds < from)
  const inside = steps.filter(({ seconds }) => seconds >= from && seconds <= to)
  return [...(before === undefined ? [] : [before]), ...inside].map(({ value }) => value)
}

/** What a stair is at a time; null before its first step. */
export const valueAt = (steps: readonly Step[], time: number): number | null =>
  steps.findLast(({ seconds }) => seconds <= time)?.value ?? null

/** A part `factor` times as long around a moment, which stays where it is; never beyond the whole. */
export function zoomed(
  whole: { from: number; to: number },
  { from, to }: { from: number; to: number },
  factor: number,
  around: number = (from + to) / 2,
): { from: number; to: number } {
  const length = Math.min(Math.max((to - from) * factor, SHORTEST), whole.to - whole.from)
  const share = to > from ? (Math.min(Math.max(around, from), to) - from) / (to - from) : 0.5
  return within(whole, around - length * share, length)
}

/** Packets shown before and after those that are looked at. */
const AROUND = 6

/** The part that shows some packets, at least one, with those around them. */
export function aroundPlaces(
  { places }: TimeSequence,
  whole: { from: number; to: number },
  some: readonly Place[],
): { from: number; to: number } {
  const indices = some.map((place) => places.indexOf(place))
  const first = places[Math.max(0, Math.min(...indices) - AROUND)]!.seconds
  const last = places[Math.min(places.length - 1, Math.max(...indices) + AROUND)]!.seconds
  const length = Math.max((last - first) * (1 + 2 * ROOM), SHORTEST)
  return within(whole, (first + last - length) / 2, Math.min(length, whole.to - whole.from))
}

/** The part moved by a share of its length. */
export const panned = (
  whole: { from: number; to: number },
  { from, to }: { from: number; to: number },
  share: number,
): { from: number; to: number } => within(whole, from + (to - from) * share, to - from)

/** The part moved as little as it takes to show a moment. */
export function showing(
  whole: { from: number; to: number },
  part: { from: number; to: number },
  moment: number,
): { from: number; to: number } {
  const room = (part.to - part.from) * ROOM
  if (moment < part.from + room) return within(whole, moment - room, part.to - part.from)
  if (moment > part.to - room) return within(whole, moment + room - (part.to - part.from), part.to - part.from)
  return part
}

function within(whole: { from: number; to: number }, from: number, length: number): { from: number; to: number } {
  const begin = Math.max(whole.from, Math.min(from, whole.to - length))
  return { from: begin, to: begin + length }
}
