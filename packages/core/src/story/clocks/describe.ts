// What is said of clocks: how far each is ahead of the first one's, how it drifts, and when it was set.
import type { Clock, ClockStep } from '../../report/document.ts'
import type { StoryCapture } from '../story.ts'
import { aheadAt, fasterBy, type Tie } from './ties.ts'
import { settingsOf } from './settings.ts'
import { fromStory, toStory } from './time.ts'

/** Sets the captures' clocks; an offset that lies outside of the bounds that several ways give together is moved inside. */
export function describeClocks(captures: readonly StoryCapture[], ties: readonly Tie[]): void {
  if (captures.length === 0) return
  const faster = fasterBy(captures, ties).most
  const own = ties.filter(({ by }) => by === 'packets')
  const tied = fasterBy(captures, own).most[0]
  const settings = settingsOf(captures, ties)
  captures.forEach((capture, c) => {
    capture.settings = settings[c]
    capture.clock = { ...capture.clock, steps: stepsOf(capture) }
    if (c === 0 || faster[0][c] === Infinity) return
    const { epoch, first } = capture.observations
    const { most, widened } = aheadAt(captures, ties, toStory(capture, first))
    const [low, high] = [-most[c][0], most[0][c]]
    const taken = first - fromStory(captures[0], toStory(capture, first))
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
      steps: capture.clock.steps,
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

/** In seconds after the capture's first frame, by its own clock. */
const stepsOf = ({ settings, observations: { first } }: StoryCapture): ClockStep[] =>
  settings
    .filter(({ isTold }) => isTold)
    .map(({ from, until, low, high }) => ({
      afterSeconds: Math.floor(from - first) / 1e9,
      beforeSeconds: Math.ceil(until - first) / 1e9,
      low: Number.isFinite(low) ? Math.floor(low) / 1e9 : null,
      high: Math.ceil(high) / 1e9,
    }))
