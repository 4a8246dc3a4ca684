// Ties of captures that share no packets, as those of a proxy's two sides: what a try says about the request that it was
// made for. The offset is found roughly by vote; then the pairs that can be no others bound it. As proxies turn to their
// upstreams at once, the truth lies near the bound that the beginnings give.
import type { Conversation, StoryCapture } from '../story.ts'
import { atLeast, atMost, everyLine, type Lines, likelyRate, rangeAt, withRate } from './lines.ts'
import { AT_ONCE_NS, JITTER_NS, type Pair, pairOf, PROMPT_NS } from './pairs.ts'
import { byLastSegment, byNothing, byTarget, byTrouble, type Rows, rowsOf, sortBy } from './rows.ts'
import { agreement, type Tie } from './ties.ts'
import { toStory } from './time.ts'
import { type Vote, vote } from './vote.ts'

/** How soon a proxy passes on what it got, mostly. */
const PASSED_ON_NS = 0.2e6
/** A connection that was opened for a request carries it within this time. */
const FRESH_NS = 5e9
/** Rows among which those in trouble are looked for. */
const MOST_TROUBLE = 1e5
/** Tries of one request that are looked at. */
const MOST_TRIES = 6
/** What the vote leaves open on either side; less where too much happens at once. */
const MOST_VAGUE_NS = 60e6
/** The same, and how long after the request a try begins: where none begins at once, after others that failed. */
const LOOKS: readonly [vague: number, late: number][] = [
  [MOST_VAGUE_NS, AT_ONCE_NS],
  [10e6, AT_ONCE_NS],
  [1e6, AT_ONCE_NS],
  [MOST_VAGUE_NS, 3e9],
]

/**
 * The ties between captures that have a place (`ours`) and others (`theirs`), whose times are on one clock each already:
 * by their pieces. Empty where nothing can be told.
 */
export function tiesByCause(
  captures: readonly StoryCapture[],
  conversations: readonly Conversation[],
  ours: ReadonlySet<number>,
  theirs: ReadonlySet<number>,
): Tie[] {
  const zeros = [...ours].flatMap((a) => [...theirs].map((b) => agreeing(captures[a], captures[b])))
  const [mine, others] = [rowsOf(captures, conversations, ours), rowsOf(captures, conversations, theirs)]
  for (const word of [byTarget, byLastSegment, byNothing]) {
    sortBy(mine, word)
    sortBy(others, word)
    const found = vote(mine, others, zeros, word === byNothing)
    if (found === null) continue
    for (const [vague, late] of LOOKS) {
      const near = everyLine(found.at, found.low - vague, found.high + vague)
      const { pairs, lines } = matches(mine, others, near, found, late)
      if (pairs.length * 2 < found.votes) continue
      if (word !== byNothing && mine.count + others.count < MOST_TROUBLE) {
        sortBy(mine, byTrouble)
        sortBy(others, byTrouble)
        const known = new Set(pairs.map((pair) => `${pair.ours} ${pair.theirs}`))
        const more = matches(mine, others, lines, found, late).pairs
        pairs.push(...more.filter((pair) => !known.has(`${pair.ours} ${pair.theirs}`)))
      }
      return tiesOf(captures, mine, others, pairs, found.agreeing !== null)
    }
  }
  return []
}

/** The offset in the times of the story at which the clocks of two captures agree. */
function agreeing(a: StoryCapture, b: StoryCapture): number {
  const { first } = a.observations
  return toStory(b, first + agreement(a.observations, b.observations)) - toStory(a, first)
}

/**
 * Pairs near the voted offset that can be no others, those nearest to the time of the vote first. A request may have
 * several tries, when all but one failed; a try has one request.
 */
function matches(
  ours: Rows,
  theirs: Rows,
  near: Lines,
  { at, isOurRequest }: Vote,
  late: number,
): { pairs: Pair[]; lines: Lines } {
  let lines = near
  const found: Pair[] = []
  const all = [...ours.byWord].flatMap(([word, rows]) =>
    theirs.byWord.has(word) ? rows.map((row) => ({ row, word })) : [],
  )
  const { asked } = ours.atServer
  all.sort((a, b) => Math.abs(asked[a.row] - at) - Math.abs(asked[b.row] - at))
  for (const { row, word } of all) {
    const range = rangeAt(lines, asked[row])
    const back = { low: -range.high, high: -range.low }
    const tried = (mine: number): Pair[] =>
      fitting(ours, mine, theirs, theirs.byWord.get(word)!, range, late, true, (other) =>
        pairOf(ours, mine, theirs, other, isOurRequest),
      )
    const from = (other: number): Pair[] =>
      fitting(theirs, other, ours, ours.byWord.get(word)!, back, late, false, (mine) =>
        pairOf(ours, mine, theirs, other, isOurRequest),
      )
    for (const pair of tried(row)) {
      const [tries, requests] = pair.isOurRequest ? [tried(row), from(pair.theirs)] : [from(pair.theirs), tried(row)]
      const [asking, made] = pair.isOurRequest ? [ours, theirs] : [theirs, ours]
      if (!isInnermost(asking, requests, pair) || !isOneAfterAnother(made, tries, pair)) continue
      const next = narrowed(lines, asked[row], pair)
      if (next === null) continue
      found.push(pair)
      lines = next
    }
  }
  return { pairs: found, lines }
}

const requestOf = (pair: Pair): number => (pair.isOurRequest ? pair.ours : pair.theirs)
const tryOf = (pair: Pair): number => (pair.isOurRequest ? pair.theirs : pair.ours)

/** Whether no other request can have caused the try, but those to proxies before this one. */
function isInnermost({ servers, atServer: { asked } }: Rows, pairs: readonly Pair[], pair: Pair): boolean {
  const row = requestOf(pair)
  if (pairs.length >= MOST_TRIES || pairs.some((other) => other.isOurRequest !== pair.isOurRequest)) return false
  const others = pairs.map(requestOf).filter((other) => other !== row)
  return others.every((other) => servers[other] !== servers[row] && asked[other] <= asked[row])
}

/** Whether these may be the tries of one request at one server: at most one got its answer. */
function isOneAfterAnother({ exchanges, servers, atClient }: Rows, pairs: readonly Pair[], pair: Pair): boolean {
  if (pairs.length >= MOST_TRIES || pairs.some((other) => other.isOurRequest !== pair.isOurRequest)) return false
  const rows = pairs.map(tryOf).filter((row) => servers[row] === servers[tryOf(pair)])
  const isAnswered = (row: number): boolean =>
    !Number.isNaN(atClient.answered[row]) && (exchanges[row]?.status ?? 500) < 500
  return rows.length === 1 || rows.filter(isAnswered).length <= 1
}

function narrowed(lines: Lines, time: number, { low, high }: Pair): Lines | null {
  const less = Number.isFinite(high) ? atMost(lines, time, high + JITTER_NS) : lines
  return less === null || !Number.isFinite(low) ? less : atLeast(less, time, low - JITTER_NS)
}

/** Pairs of a row with those among others (in order of their start) that begin with it, if the offset is in a range. */
function fitting(
  rows: Rows,
  row: number,
  others: Rows,
  list: readonly number[],
  { low, high }: { low: number; high: number },
  late: number,
  isOurs: boolean,
  pair: (other: number) => Pair | null,
): Pair[] {
  const { asked } = others.atServer
  const from = rows.atServer.asked[row] + low - late
  const until = rows.atServer.asked[row] + high + late
  let first = 0
  for (let count = list.length; count > 0;) {
    const half = count >> 1
    if (asked[list[first + half]] < from) {
      first += half + 1
      count -= half + 1
    } else count = half
  }
  const found: Pair[] = []
  const isWithin = (one: Pair): boolean => {
    const [least, most] = isOurs ? [low, high] : [-high, -low]
    return one.low <= most + JITTER_NS && one.high >= least - JITTER_NS
  }
  for (let i = first; i < list.length && asked[list[i]] <= until && found.length < MOST_TRIES; i++) {
    const one = pair(list[i])
    if (one !== null && isWithin(one)) found.push(one)
  }
  return found
}

/** A tie for every two captures that the pairs were seen by, in their own times. */
function tiesOf(
  captures: readonly StoryCapture[],
  ours: Rows,
  theirs: Rows,
  pairs: readonly Pair[],
  isAgreed: boolean,
): Tie[] {
  const between = new Map<string, Pair[]>()
  for (const pair of pairs) {
    const [x, y] = endsOf(ours, theirs, pair)
    const key = `${x.capture[pair.ours]} ${y.capture[pair.theirs]}`
    const list = between.get(key)
    if (list === undefined) between.set(key, [pair])
    else list.push(pair)
  }
  return [...between.values()].flatMap((list) => tieOf(captures, ours, theirs, list, isAgreed))
}

/** Where ours and theirs of a pair were seen. */
const endsOf = (ours: Rows, theirs: Rows, { isOurRequest }: Pair): [Rows['atServer'], Rows['atServer']] =>
  isOurRequest ? [ours.atServer, theirs.atClient] : [ours.atClient, theirs.atServer]

function tieOf(
  captures: readonly StoryCapture[],
  ours: Rows,
  theirs: Rows,
  pairs: readonly Pair[],
  isAgreed: boolean,
): Tie {
  const [x, y] = endsOf(ours, theirs, pairs[0])
  const [a, b] = [x.capture[pairs[0].ours], y.capture[pairs[0].theirs]]
  const bounds = pairs.flatMap((pair) => {
    const [mine, other] = endsOf(ours, theirs, pair)
    const { ours: i, theirs: j, isOurRequest, low, high } = pair
    const [asked, made] = [mine.own.asked[i], other.own.asked[j]]
    const answers = Number.isFinite(isOurRequest ? low : high)
    const byStart = { time: asked, offset: made - asked, isMost: isOurRequest }
    const [answered, got] = [mine.own.answered[i], other.own.answered[j]]
    return answers ? [byStart, { time: answered, offset: got - answered, isMost: !isOurRequest }] : [byStart]
  })
  const starts = bounds.map(({ offset }) => offset)
  const times = bounds.map(({ time }) => time)
  const [from, until] = [Math.min(...times), Math.max(...times)]
  const slack = MOST_VAGUE_NS + AT_ONCE_NS + 500e-6 * (until - from)
  let lines = everyLine(from, Math.min(...starts) - slack, Math.max(...starts) + slack)
  for (const { time, offset, isMost } of bounds) {
    lines = (isMost ? atMost(lines, time, offset + JITTER_NS) : atLeast(lines, time, offset - JITTER_NS)) ?? lines
  }
  const outer = pairs.filter(({ isOurRequest }) => isOurRequest).length * 2 >= pairs.length
  return {
    a,
    b,
    by: 'cause-and-effect',
    stretches: [
      {
        from,
        until,
        lines,
        ...lineOf(
          opened(ours, theirs, pairs, lines),
          outer,
          agreement(captures[a].observations, captures[b].observations),
          isAgreed,
        ),
      },
    ],
  }
}

/** The same where proxies open connections for their requests at once, unless they had them open before. */
function opened(ours: Rows, theirs: Rows, pairs: readonly Pair[], lines: Lines): Lines {
  let left = lines
  for (const { ours: i, theirs: j, isOurRequest } of pairs) {
    const [x, y] = isOurRequest ? [ours.atServer, theirs.atClient] : [ours.atClient, theirs.atServer]
    const [row, side, tries] = isOurRequest ? [j, y, theirs] : [i, x, ours]
    const early = side.asked[row] - tries.opened[row]
    if (!(early < FRESH_NS)) continue
    const offset = y.own.asked[j] - x.own.asked[i] + (isOurRequest ? -early : early)
    const time = x.own.asked[i]
    left = (isOurRequest ? atMost(left, time, offset) : atLeast(left, time, offset)) ?? left
  }
  return left
}

/**
 * The line that is taken: that of clocks that agree, as captures of one host do, where the proxy then turns to its
 * upstream at once; else near the edge that the beginnings give.
 */
function lineOf(
  lines: Lines,
  isOurRequest: boolean,
  zero: number,
  isAgreed: boolean,
): { offset: number; rate: number } {
  const rate = likelyRate(lines)
  const { low, high } = withRate(lines, rate)!
  const edge = isOurRequest ? high - zero : zero - low
  if (rate === 0 && low <= zero && zero <= high && (isAgreed || edge <= PROMPT_NS)) return { offset: zero, rate }
  const near = Math.min(PASSED_ON_NS, (high - low) / 2)
  return { offset: isOurRequest ? high - near : low + near, rate }
}
