// By how much two clocks differ that share no packets: the offset at which most tries lie in their requests, where no
// other one does nearly as well.
import { JITTER_NS, likelyHigh, likelyLow, type Pair, pairOf, PROMPT_NS } from './pairs.ts'
import type { Rows } from './rows.ts'

/** Pairs that are looked at; a busy capture has more than enough. */
const PAIR_LIMIT = 200_000
/** Drift spreads votes: they are counted within so much time, unless they are few. */
const WINDOW_NS = 200e9
const ENOUGH = 24
const MOST_DRIFT = 100e-6
const LOOSE_NS = 0.5e6
/** Offsets nearer to each other than this are one. */
const APART_NS = 60e6
/** Share of the most votes with which another offset is a rival. */
const RIVAL = 0.75

/** Votes that it takes against a rival: where words are alike, and where nobody can read what was asked. */
const MANY = 4
const MANY_UNREAD = 6

export interface Vote {
  /** The offsets that got the most votes, at a story time of ours. */
  low: number
  high: number
  at: number
  votes: number
  /** Whether ours are the requests and theirs the tries, where pairs with both answers tell. */
  isOurRequest: boolean | null
  /** The offset, where clocks that agree explain all. */
  agreeing: number | null
}

/** `zeros`: offsets of clocks that agree, one of which is taken where it does about as well as any. */
export function vote(ours: Rows, theirs: Rows, zeros: readonly number[], isUnread: boolean): Vote | null {
  const pairs = pairsOf(ours, theirs)
  const window = busiest(pairs.map(({ ours: row }) => ours.atServer.asked[row]))
  const { asked } = ours.atServer
  const inWindow = pairs.filter(({ ours: row }) => asked[row] >= window.from && asked[row] <= window.until)
  if (inWindow.length === 0) return null
  const middle = (window.from + window.until) / 2
  const spread = LOOSE_NS + (MOST_DRIFT * (window.until - window.from)) / 2
  const steps = coverage(inWindow, spread)
  const best = steps.reduce((most, step) => (step.score > most.score ? step : most))
  const agreed = steps.filter(({ low, high }) => zeros.some((zero) => low <= zero && zero <= high))
  const atZero = agreed.toSorted((a, b) => b.score - a.score)[0]
  // Of offsets that do alike, that of clocks which agree.
  const taken = atZero !== undefined && atZero.score >= best.score * 0.9 ? atZero : best
  const rival = steps.reduce((most, { low, high, score }) => {
    return high < taken.low - APART_NS || low > taken.high + APART_NS ? Math.max(most, score) : most
  }, 0)
  const isAll = taken.votes === Math.min(ours.count, theirs.count) && taken.score === taken.votes
  // One that nothing comes near may be all there is: then it must be everything, or be told by its words.
  const isAlone = rival === 0 && (!isUnread || isAll)
  const isFar = taken.votes >= (isUnread ? 3 : 2) && rival * 2 <= taken.score
  const isBest = taken.votes >= (isUnread ? MANY_UNREAD : MANY) && rival <= taken.score * RIVAL
  if (!isAlone && !isFar && !isBest) return null
  const agreeing =
    taken.votes > 2 && taken.score === taken.votes
      ? undefined
      : zeros.find((zero) => isPlausible(ours, theirs, inWindow, zero, best.votes))
  if (agreeing !== undefined)
    return { ...toldBy(inWindow, agreeing, agreeing), votes: best.votes, at: middle, agreeing }
  return { ...toldBy(inWindow, taken.low, taken.high), votes: taken.votes, at: middle, agreeing: null }
}

/** What pairs at an offset say of who asks whom. */
function toldBy(pairs: readonly Pair[], low: number, high: number): Pick<Vote, 'low' | 'high' | 'isOurRequest'> {
  const told = pairs.filter((pair) => likelyLow(pair) <= high && likelyHigh(pair) >= low && isTold(pair))
  const isOurRequest = told.length === 0 ? null : told.filter((pair) => pair.isOurRequest).length * 2 >= told.length
  return { low, high, isOurRequest }
}

const isTold = ({ low, high, isTight }: Pair): boolean => isTight || (Number.isFinite(low) && Number.isFinite(high))

/**
 * Whether the clocks may well agree: as many tries lie in their requests as ever, and whatever they had to wait for, the
 * proxy turned to somebody at once.
 */
function isPlausible(ours: Rows, theirs: Rows, pairs: readonly Pair[], zero: number, votes: number): boolean {
  const fitting = pairs.filter((pair) => {
    const [low, high] = pair.isTight ? [likelyLow(pair), likelyHigh(pair)] : [pair.low, pair.high]
    return low - JITTER_NS <= zero && zero <= high + JITTER_NS
  })
  const [mine, others] = [new Set(fitting.map((pair) => pair.ours)), new Set(fitting.map((pair) => pair.theirs))]
  if (Math.min(mine.size, others.size) < votes) return false
  const starts = { ours: startsOf(ours), theirs: startsOf(theirs) }
  const isFollowed = ({ ours: i, theirs: j, isOurRequest }: Pair): boolean => {
    const asked = isOurRequest ? ours.atServer.asked[i] + zero : theirs.atServer.asked[j] - zero
    const tries = isOurRequest ? starts.theirs : starts.ours
    const after = tries[firstFrom(tries, asked - JITTER_NS)]
    return after !== undefined && after <= asked + PROMPT_NS
  }
  return fitting.filter(isFollowed).length * 2 > fitting.length
}

/** When tries, and connections for them, began; in order. */
const startsOf = ({ atClient, opened }: Rows): Float64Array =>
  Float64Array.from([...atClient.asked, ...opened.filter((time) => !Number.isNaN(time))]).toSorted()

function firstFrom(sorted: Float64Array, time: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle] < time) low = middle + 1
    else high = middle
  }
  return low
}

/** Pairs of exchanges with the same word, those with rare words first. */
function pairsOf(ours: Rows, theirs: Rows): Pair[] {
  const words = [...ours.byWord.keys()].filter((word) => theirs.byWord.has(word))
  const size = (word: string): number => ours.byWord.get(word)!.length * theirs.byWord.get(word)!.length
  const pairs: Pair[] = []
  let looked = 0
  for (const word of words.toSorted((a, b) => size(a) - size(b))) {
    const mine = ours.byWord.get(word)!
    const others = theirs.byWord.get(word)!
    // Of a word that all use, the first ones.
    const most = Math.max(1, Math.floor(Math.sqrt(PAIR_LIMIT - looked)))
    const isMany = looked + mine.length * others.length > PAIR_LIMIT
    for (const one of isMany ? mine.slice(0, most) : mine) {
      for (const other of isMany ? others.slice(0, most) : others) {
        looked++
        const pair = pairOf(ours, one, theirs, other)
        if (pair !== null) pairs.push(pair)
      }
    }
    if (looked >= PAIR_LIMIT) break
  }
  return pairs
}

/** The stretch of time with the most of these times; all of it where they are few. */
function busiest(times: readonly number[]): { from: number; until: number } {
  const sorted = times.toSorted((a, b) => a - b)
  let best = { from: sorted[0] ?? 0, until: sorted.at(-1) ?? 0, count: 0 }
  if (best.until - best.from <= WINDOW_NS || sorted.length < ENOUGH) return best
  for (let from = 0, until = 0; from < sorted.length; from++) {
    while (until + 1 < sorted.length && sorted[until + 1] - sorted[from] <= WINDOW_NS) until++
    if (until - from > best.count) best = { from: sorted[from], until: sorted[until], count: until - from }
  }
  return best.count < ENOUGH ? { from: sorted[0], until: sorted.at(-1)! } : best
}

/** What pairs count of which the request takes longer than the try. */
const LOOSE_SHARE = 0.25

interface Step {
  low: number
  high: number
  votes: number
  /** The same with less weight for requests that many tries fit in. */
  score: number
}

/** How many tries lie in a request, over all offsets: steps in order, from one change to the next. */
function coverage(pairs: readonly Pair[], spread: number): Step[] {
  const order = pairs.map((_, i) => i)
  const starts = order.toSorted((a, b) => likelyLow(pairs[a]) - likelyLow(pairs[b]))
  const ends = order.toSorted((a, b) => likelyHigh(pairs[a]) - likelyHigh(pairs[b]))
  const all = { mine: new Map<number, number>(), others: new Map<number, number>() }
  const tight = { mine: new Map<number, number>(), others: new Map<number, number>() }
  const steps: Step[] = []
  for (let i = 0, j = 0; j < ends.length;) {
    const begin = i < starts.length ? likelyLow(pairs[starts[i]]) - spread : Infinity
    const finish = likelyHigh(pairs[ends[j]]) + spread
    const at = Math.min(begin, finish)
    const last = steps.at(-1)
    if (last !== undefined) last.high = at
    const [pair, by] = begin <= finish ? [pairs[starts[i++]], 1] : [pairs[ends[j++]], -1]
    for (const open of pair.isTight ? [all, tight] : [all]) {
      count(open.mine, pair.ours, by)
      count(open.others, pair.theirs, by)
    }
    const votes = Math.min(all.mine.size, all.others.size)
    const sure = Math.min(tight.mine.size, tight.others.size)
    steps.push({ low: at, high: at, votes, score: sure + LOOSE_SHARE * (votes - sure) })
  }
  return steps
}

function count(open: Map<number, number>, row: number, by: number): void {
  const now = (open.get(row) ?? 0) + by
  if (now === 0) open.delete(row)
  else open.set(row, now)
}
