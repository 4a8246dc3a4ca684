// Ties of captures that share no packets, as those of a proxy's two sides: what a try says about the request that it was
// made for. The offset is found roughly by vote; then the pairs that can be no others bound it. As proxies turn to their
// upstreams at once, the truth lies near the bound that the beginnings give.
import type { Conversation, StoryCapture } from '../story.ts'
import { atLeast, atMost, everyLine, type Lines, likelyRate, rangeAt, withRate } from './lines.ts'
import { AT_ONCE_NS, JITTER_NS, type Pair, pairOf, PROMPT_NS } from './pairs.ts'
import { byLastSegment, byNothing, byTarget, byTrouble, type Rows, rowsOf, sortBy } from './rows.ts'
import { agreement, type Tie } from './ties.ts'
import { pieceAt, toStory } from './time.ts'
import { type Vote, vote } from './vote.ts'

/** How soon a proxy passes on what it got, mostly. */
const PASSED_ON_NS = 0.2e6
/** A connection that was opened for a request carries it within this time. */
const FRESH_NS = 5e9
/** Rows among which those in trouble are looked for. */
const MOST_TROUBLE = 1e5
/**
 * Pairs that are looked at in all, and more for each row. Where thousands of like requests are under way at once, hardly
 * any can be told from the others, and the pairs nearest to the vote have to do.
 */
const MOST_PAIRS = 1e6
const PAIRS_EACH = 32
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
    if (found === null) {
      const parts = word === byNothing ? null : fromHalf(mine, others)
      if (parts !== null) return tiesOf(captures, mine, others, parts, false)
      continue
    }
    const settings = { mine: setBacksOf(captures, ours), others: setBacksOf(captures, theirs) }
    if (settings.mine.length + settings.others.length > 0) {
      const parts = betweenSettings(mine, others, settings, found)
      if (parts.length > 1) return tiesOf(captures, mine, others, parts, false)
    }
    for (const [vague, late] of LOOKS) {
      const near = everyLine(found.at, found.low - vague, found.high + vague)
      const { pairs, lines } = matches(mine, others, near, found, late)
      if (pairs.length * 2 < found.votes) continue
      const parts = word === byNothing ? [pairs] : partsOf(mine, others, { pairs, lines }, found, late)
      if (parts.length > 1) return tiesOf(captures, mine, others, parts, false)
      if (word !== byNothing && mine.count + others.count < MOST_TROUBLE) {
        sortBy(mine, byTrouble)
        sortBy(others, byTrouble)
        const known = new Set(pairs.map((pair) => `${pair.ours} ${pair.theirs}`))
        const more = matches(mine, others, lines, found, late).pairs
        pairs.push(...more.filter((pair) => !known.has(`${pair.ours} ${pair.theirs}`)))
      }
      return tiesOf(captures, mine, others, [pairs], found.agreeing !== null)
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
  let left = MOST_PAIRS + PAIRS_EACH * all.length
  const look = (mine: number, other: number): Pair | null => {
    left--
    return pairOf(ours, mine, theirs, other, isOurRequest)
  }
  for (const { row, word } of all) {
    if (left <= 0) break
    const range = rangeAt(lines, asked[row])
    const back = { low: -range.high, high: -range.low }
    const tried = (mine: number): Pair[] =>
      fitting(ours, mine, theirs, theirs.byWord.get(word)!, range, late, true, (other) => look(mine, other))
    const from = (other: number): Pair[] =>
      fitting(theirs, other, ours, ours.byWord.get(word)!, back, late, false, (mine) => look(mine, other))
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

/** When, in story times, clocks are known to have been set back. */
const setBacksOf = (captures: readonly StoryCapture[], members: ReadonlySet<number>): number[] =>
  [...members].flatMap((i) => captures[i].observations.setBacks.map(({ time }) => toStory(captures[i], time)))

/**
 * The pairs of each time between two settings: how long the frames were apart between which a clock was set back nobody
 * knows, so that the offset before says little of the one behind.
 */
function betweenSettings(
  ours: Rows,
  theirs: Rows,
  settings: { mine: readonly number[]; others: readonly number[] },
  whole: Vote,
): Pair[][] {
  const others = splitAt(theirs, settings.others)
  const found: Pair[][] = []
  for (const mine of splitAt(ours, settings.mine)) {
    for (const other of others) {
      if (found.length > MOST_SETTINGS || mine.count === 0 || other.count === 0) continue
      const own = vote(mine, other, [], false)
      const { low, high, at } = own ?? whole
      const near = everyLine(at, low - MOST_VAGUE_NS, high + MOST_VAGUE_NS)
      const known = { ...(own ?? whole), isOurRequest: whole.isOurRequest }
      const { pairs } = matches(mine, other, near, known, AT_ONCE_NS)
      if (pairs.length > 0) found.push(pairs)
    }
  }
  return found
}

function splitAt(rows: Rows, times: readonly number[]): Rows[] {
  const partOf = (row: number): number => times.filter((time) => rows.atServer.asked[row] >= time).length
  return Array.from({ length: times.length + 1 }, (_, part) => only(rows, (row) => partOf(row) === part))
}

/** Times that a clock is set and followed. */
const MOST_SETTINGS = 4
/** Pairs that agree on another offset once a clock was set. */
const LEAST_AFTER = 4
/** Clocks that are set by less are not told from those that are late now and then. */
const LEAST_LEAP_NS = 10e6

interface Matched {
  pairs: Pair[]
  lines: Lines
}

/**
 * The pairs in parts, in order of time: where none go on, those behind (or before) agree on another offset if a clock was
 * set there.
 */
function partsOf(ours: Rows, theirs: Rows, whole: Matched, { isOurRequest }: Vote, late: number): Pair[][] {
  const parts = [whole.pairs]
  for (const [isBehind, at] of [
    [true, -1],
    [false, 0],
  ] as const) {
    for (let last = whole; parts.length <= MOST_SETTINGS;) {
      const [mine, others] = [
        beyond(ours, last.pairs, 'ours', isBehind),
        beyond(theirs, last.pairs, 'theirs', isBehind),
      ]
      if (Math.min(mine.count, others.count) < LEAST_AFTER) break
      const next = anew(mine, others, last.lines, isOurRequest, late)
      if (next === null) break
      parts.splice(at === 0 ? 0 : parts.length, 0, next.pairs)
      last = next
    }
  }
  return parts
}

/** Where two offsets have as many votes: what one half of the requests says, if the other one says another. */
function fromHalf(ours: Rows, theirs: Rows): Pair[][] | null {
  const { asked } = ours.atServer
  const times = [...ours.byWord.values()].flat().map((row) => asked[row])
  if (times.length < 2 * LEAST_AFTER) return null
  const middle = times.toSorted((a, b) => a - b)[times.length >> 1]
  for (const isFirst of [true, false]) {
    const half = only(ours, (row) => asked[row] < middle === isFirst)
    const found = vote(half, theirs, [], false)
    if (found === null || found.votes < LEAST_AFTER) continue
    const near = everyLine(found.at, found.low - MOST_VAGUE_NS, found.high + MOST_VAGUE_NS)
    const whole = matches(ours, theirs, near, found, AT_ONCE_NS)
    if (whole.pairs.length * 2 < found.votes) continue
    const parts = partsOf(ours, theirs, whole, found, AT_ONCE_NS)
    if (parts.length > 1) return parts
  }
  return null
}

/** The rows of some only. */
function only(rows: Rows, isTaken: (row: number) => boolean): Rows {
  const byWord = new Map<string, number[]>()
  let count = 0
  for (const [word, list] of rows.byWord) {
    const taken = list.filter(isTaken)
    if (taken.length > 0) byWord.set(word, taken)
    count += taken.length
  }
  return { ...rows, byWord, count }
}

/** The rows behind all that were matched, or before. */
function beyond(rows: Rows, pairs: readonly Pair[], whose: 'ours' | 'theirs', isBehind: boolean): Rows {
  const { asked } = rows.atServer
  const times = pairs.map((pair) => asked[pair[whose]])
  const edge = isBehind ? Math.max(...times) : Math.min(...times)
  return only(rows, (row) => (isBehind ? asked[row] > edge : asked[row] < edge))
}

/** What rows that nothing matched agree on, where it is another offset that explains more of them. */
function anew(ours: Rows, theirs: Rows, old: Lines, isOurRequest: boolean | null, late: number): Matched | null {
  const found = vote(ours, theirs, [], false)
  if (found === null || found.votes < LEAST_AFTER) return null
  if (found.isOurRequest !== null && isOurRequest !== null && found.isOurRequest !== isOurRequest) return null
  const { low, high } = rangeAt(old, found.at)
  if (found.low <= high + LEAST_LEAP_NS && found.high >= low - LEAST_LEAP_NS) return null
  const known = { ...found, isOurRequest }
  const near = everyLine(found.at, found.low - MOST_VAGUE_NS, found.high + MOST_VAGUE_NS)
  const next = matches(ours, theirs, near, known, late)
  const isBetter = next.pairs.length > 2 * matches(ours, theirs, old, known, late).pairs.length
  return next.pairs.length >= LEAST_AFTER && next.pairs.length * 2 >= found.votes && isBetter ? next : null
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
  parts: readonly (readonly Pair[])[],
  isAgreed: boolean,
): Tie[] {
  const ties = new Map<string, Tie>()
  for (const pairs of parts) {
    const between = new Map<string, Pair[]>()
    for (const pair of pairs) {
      const [x, y] = endsOf(ours, theirs, pair)
      const [a, b] = [x.capture[pair.ours], y.capture[pair.theirs]]
      // Where one of the two was set already, the line of the times that it shows ends.
      const pieces = [pieceAt(captures[a], x.own.asked[pair.ours]), pieceAt(captures[b], y.own.asked[pair.theirs])]
      const key = `${a} ${b} ${pieces.join(' ')}`
      const list = between.get(key)
      if (list === undefined) between.set(key, [pair])
      else list.push(pair)
    }
    for (const list of between.values()) {
      const tie = tieOf(captures, ours, theirs, list, isAgreed)
      const key = `${tie.a} ${tie.b}`
      const before = ties.get(key)
      if (before === undefined) ties.set(key, tie)
      else before.stretches.push(...tie.stretches)
    }
  }
  for (const { stretches } of ties.values()) stretches.sort((a, b) => a.from - b.from)
  return [...ties.values()]
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
