// When clocks were set, and whose: where the offsets of captures leap, the clock of those was set that leave the others.
import type { StoryCapture } from '../story.ts'
import type { Range } from './lines.ts'
import { type Ahead, aheadAt, type Tie } from './ties.ts'
import { type ClockPiece, composed, fromStory, toStory } from './time.ts'

/** A moment at which a capture's clock was set, between two of its times, by so many nanoseconds (forward). */
export interface Setting extends Range {
  from: number
  until: number
  /** Whether it was this clock for sure, and not that of the others. */
  isSure: boolean
  /** False for those of whom only a doubt remains. */
  isTold: boolean
}

/** Stretches that end so near to a moment are looked at beside it. */
const BESIDE_NS = 2e6

/** Between two story times the offsets of some captures may have leapt. */
interface Gap {
  from: number
  until: number
  /** The clock that ran back here by itself, if one did. */
  setBack: { capture: number; by: number } | null
  /** Where stretches of a tie of capture 0 meet, on its own clock. */
  own: number | null
}

/**
 * When the clocks were set, by capture. Where it was the first one's, whose clock the story goes by, all pieces are moved:
 * the story goes on as if nobody had set it.
 */
export function settingsOf(captures: readonly StoryCapture[], ties: readonly Tie[]): Setting[][] {
  const settings: Setting[][] = captures.map(() => [])
  const moves: { at: number; by: number }[] = []
  for (const gaps of together(gapsOf(captures, ties))) {
    const from = Math.max(...gaps.map((gap) => gap.from))
    const until = Math.min(...gaps.map((gap) => gap.until))
    const span = from < until ? { from, until } : widest(gaps)
    const { leaps, reference, suspects } = leapsAt(captures, ties, gaps)
    for (const [c, leap] of leaps.entries()) {
      const setBack = gaps.find((gap) => gap.setBack?.capture === c)?.setBack ?? null
      const isApart = leap !== null && (leap.low > 0 || leap.high < 0)
      if (setBack === null && !isApart && !suspects.has(c)) continue
      const by = setBack?.by ?? 0
      // Between its last frame before and its first one after time went on.
      const high = by === 0 ? (leap?.high ?? 0) : Math.min(0, leap?.high ?? 0) - by
      const ends = [fromStory(captures[c], span.from), fromStory(captures[c], span.until)]
      settings[c].push({
        from: Math.min(...ends),
        until: Math.max(...ends),
        low: leap === null ? -Infinity : Math.min(leap.low - by, high),
        high,
        isSure: setBack !== null || !suspects.has(c),
        isTold: setBack !== null || isApart,
      })
      const at = gaps.find(({ own }) => own !== null)?.own ?? null
      if (c === 0 && isApart && at !== null && reference !== 0) moves.push({ at, by: -(leap.low + leap.high) / 2 })
    }
  }
  if (moves.length > 0) goOn(captures, moves)
  return settings
}

function gapsOf(captures: readonly StoryCapture[], ties: readonly Tie[]): Gap[] {
  const between = ties.flatMap(({ a, stretches }) =>
    stretches.slice(1).map(({ from: next }, i): Gap => {
      const { until } = stretches[i]
      const own = a === 0 ? (until + next) / 2 : null
      return { from: toStory(captures[a], until), until: toStory(captures[a], next), setBack: null, own }
    }),
  )
  const alone = captures.flatMap((at, capture) =>
    at.observations.setBacks.map(({ time, by }): Gap => {
      const story = toStory(at, time)
      return { from: story - 1, until: story, setBack: { capture, by }, own: null }
    }),
  )
  return [...between, ...alone].toSorted((a, b) => a.from - b.from)
}

/** Gaps that overlap, or nearly do, show one moment. */
function together(gaps: readonly Gap[]): Gap[][] {
  const groups: Gap[][] = []
  let until = -Infinity
  for (const gap of gaps) {
    if (gap.from <= until + BESIDE_NS) groups.at(-1)!.push(gap)
    else groups.push([gap])
    until = Math.max(until, gap.until)
  }
  return groups
}

const widest = (gaps: readonly Gap[]): { from: number; until: number } => ({
  from: Math.min(...gaps.map((gap) => gap.from)),
  until: Math.max(...gaps.map((gap) => gap.until)),
})

/**
 * By how much each clock leapt against those that most others agree with; null where nothing ties it. `suspects`: where
 * as many agree with others.
 */
function leapsAt(
  captures: readonly StoryCapture[],
  ties: readonly Tie[],
  gaps: readonly Gap[],
): { leaps: (Range | null)[]; reference: number; suspects: Set<number> } {
  const { from, until } = widest(gaps)
  // What nothing shows on one side of it tells nothing of it.
  const [start, end] = [from - BESIDE_NS, until + BESIDE_NS]
  const known = ties.filter(({ a, stretches }) => {
    return toStory(captures[a], stretches[0].from) <= from && toStory(captures[a], stretches.at(-1)!.until) >= until
  })
  const [before, after] = [start, end].map((time) => aheadAt(captures, known, time).most)
  const all = [...captures.keys()]
  const own = new Set(gaps.flatMap(({ setBack }) => setBack?.capture ?? []))
  const others = all.filter((c) => !own.has(c))
  const agreeing = (c: number): number[] =>
    others.filter((d) => {
      const leap = leapOf(before, after, c, d)
      return leap !== null && leap.low <= 0 && leap.high >= 0
    })
  const groups = others.map((c) => ({ c, with: agreeing(c) }))
  const concerned = groups.filter(({ c }) => all.some((d) => isOff(before, after, c, d)))
  const most = Math.max(0, ...concerned.map((group) => group.with.length))
  const largest = concerned.filter((group) => group.with.length === most)
  const reference = largest[0]?.c ?? others[0] ?? 0
  const suspects = new Set<number>()
  // As many against as many: each may be the one that was set.
  const rivals = largest.filter((group) => isOff(before, after, reference, group.c))
  if (rivals.length > 0 && own.size === 0) for (const group of largest) suspects.add(group.c)
  return { leaps: all.map((c) => leapOf(before, after, reference, c)), reference, suspects }
}

/** By how much `d` leapt against `c`. */
function leapOf(before: Ahead['most'], after: Ahead['most'], c: number, d: number): Range | null {
  const [low, high] = [-after[d][c] - before[c][d], after[c][d] + before[d][c]]
  return Number.isFinite(low) && Number.isFinite(high) ? { low, high } : null
}

function isOff(before: Ahead['most'], after: Ahead['most'], c: number, d: number): boolean {
  const leap = leapOf(before, after, c, d)
  return leap !== null && (leap.low > 0 || leap.high < 0)
}

/** Behind the break that the pieces of the others have there. */
const BEHIND_NS = 1e3

/** Takes out of the story what the first clock was set by. */
function goOn(captures: readonly StoryCapture[], moves: readonly { at: number; by: number }[]): void {
  let shift = 0
  const pieces: ClockPiece[] = [{ from: captures[0].pieces[0].from, shift, rate: 0 }]
  for (const { at, by } of moves.toSorted((a, b) => a.at - b.at)) {
    pieces.push({ from: at + BEHIND_NS, shift: (shift += by), rate: 0 })
  }
  for (const capture of captures) capture.pieces = composed(capture.pieces, pieces)
}

/** Whether a clock was set, or may have been, between two story times: what lies between them is no wait for sure. */
export function wasSet(
  { captures }: { captures: readonly StoryCapture[] },
  c: number,
  from: number,
  to: number,
): boolean {
  const { settings } = captures[c]
  return settings.some((one) => fromStory(captures[c], from) < one.until && fromStory(captures[c], to) > one.from)
}
