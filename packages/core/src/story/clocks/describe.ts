// What is said of clocks: how far each is ahead of the first one's, how it drifts, and when it was set.
import type { Clock, ClockStep } from '../../report/document.ts'
import type { StoryCapture } from '../story.ts'
import { aheadAt, fasterBy, type Tie } from './ties.ts'
import { toStory } from './time.ts'

/** Sets the captures' clocks; an offset that lies outside of the bounds that several ways give together is moved inside. */
export function describeClocks(captures: readonly StoryCapture[], ties: readonly Tie[]): void {
  if (captures.length === 0) return
  const faster = fasterBy(captures, ties).most
  const own = ties.filter(({ by }) => by === 'packets')
  const tied = fasterBy(captures, own).most[0]
  captures.forEach((capture, c) => {
    if (c === 0 || faster[0][c] === Infinity) return
    const { epoch, first } = capture.observations
    const { most, widened } = aheadAt(captures, ties, toStory(capture, first))
    const [low, high] = [-most[c][0], most[0][c]]
    const taken = first - toStory(capture, first)
    const offset = Math.min(Math.max(taken, low), high)
    if (offset !== taken) {
      capture.pieces = capture.pieces.map((piece) => ({ ...piece, shift: piece.shift + taken - offset }))
    }
    const whole = epoch - captures[0].observations.epoch
    capture.clock = {
      offsetSeconds: whole + Math.round(offset) / 1e9,
      low: below(whole + Math.floor(low) / 1e9),
      high: above(whole + Math.ceil(high) / 1e9),
      by: tied[c] < Infinity ? 'packets' : 'cause-and-effect',
      driftPpm: driftOf(-faster[c][0], faster[0][c]),
      steps: stepsOf(captures, ties, c),
      isContradictory: widened > 0,
    }
  })
}

/** Seconds lose their last digits where clocks are years apart. */
const below = (seconds: number): number => seconds - Math.abs(seconds) * Number.EPSILON
const above = (seconds: number): number => seconds + Math.abs(seconds) * Number.EPSILON

/** Parts per million, where the clock runs differently for sure. */
function driftOf(low: number, high: number): Clock['driftPpm'] {
  if (low <= 0 && high >= 0) return null
  const [least, most] = [low, high].map((faster) => Math.expm1(faster) * 1e6)
  return { low: Math.floor(least * 100) / 100, high: Math.ceil(most * 100) / 100 }
}

/** Stretches that end so near to a moment are looked at beside it. */
const BESIDE_NS = 2e6

/** When the clock was set against the first one's: where its offsets before and after some gap between stretches differ. */
function stepsOf(captures: readonly StoryCapture[], ties: readonly Tie[], c: number): ClockStep[] {
  const gaps = ties
    .flatMap(({ a, stretches }) =>
      stretches.slice(1).map(({ from }, i) => {
        return { from: toStory(captures[a], stretches[i].until), until: toStory(captures[a], from) }
      }),
    )
    .toSorted((a, b) => a.from - b.from)
  const steps: ClockStep[] = []
  let last = -Infinity
  for (const { from, until } of gaps) {
    if (from < last) continue
    const [before, after] = [from - BESIDE_NS, until + BESIDE_NS].map((time) => aheadAt(captures, ties, time).most)
    const low = after[c][0] === Infinity ? -Infinity : -after[c][0] - before[0][c]
    const high = after[0][c] + before[c][0]
    if (low <= 0 && high >= 0) continue
    const start = toStory(captures[c], captures[c].observations.first)
    last = until
    steps.push({
      afterSeconds: (from - start) / 1e9,
      beforeSeconds: (until - start) / 1e9,
      low: Math.floor(low) / 1e9,
      high: Math.ceil(high) / 1e9,
    })
  }
  return steps
}
