// What packets say about two clocks that both of them saw. Those that travel from a to b make b's clock look ahead by
// their delay, those that travel back make it look behind: each is a bound on the offset (Paxson 1998; Moon, Skelly and
// Towsley 1999), and among many the quickest ones bound it best.
import {
  CLIENT,
  type Connection,
  type Exchange,
  isSealed,
  type Moment,
  type Observations,
  SERVER,
  type SideIndex,
} from '../../observe/observations.ts'
import { alignExchanges } from '../conversations.ts'
import type { Conversation, Sighting, StoryCapture } from '../story.ts'
import type { SetBack } from '../../observe/steady-time.ts'
import { type Bounds, fit, inTime, type Stretch } from './fit.ts'
import { type Lines, likelyRate, withRate } from './lines.ts'
import { agreement, type Tie } from './ties.ts'

/** Of each of so many parts of the time, the quickest packet each way is kept. */
const PARTS = 2048

/** The quickest packets of a pair of captures: by part of the time, times and offsets. */
interface Quickest {
  a: number
  b: number
  first: number
  width: number
  atMost: { times: Float64Array; offsets: Float64Array }
  atLeast: { times: Float64Array; offsets: Float64Array }
}

/** Ties between all captures that saw the same packets. Conversations have their sightings in order. */
export function tiesByPackets(captures: readonly StoryCapture[], conversations: readonly Conversation[]): Tie[] {
  const pairs = new Map<number, Quickest>()
  for (const { sightings } of conversations) {
    for (let i = 1; i < sightings.length; i++) {
      for (let j = 0; j < i; j++) {
        const [one, other] = [sightings[j], sightings[i]]
        if (one.capture === other.capture) continue
        const [a, b] = one.capture < other.capture ? [one, other] : [other, one]
        const key = a.capture * captures.length + b.capture
        let pair = pairs.get(key)
        if (pair === undefined)
          pairs.set(key, (pair = quickest(captures[a.capture].observations, a.capture, b.capture)))
        compare(pair, a, b)
      }
    }
  }
  return [...pairs.values()].flatMap((pair): Tie[] => {
    const { a, b } = pair
    const zero = agreement(captures[a].observations, captures[b].observations)
    const setBacks = [captures[a].observations.setBacks, captures[b].observations.setBacks] as const
    const bounds = boundsOf(pair)
    const way = bounds.signs.every((sign) => sign === bounds.signs[0]) ? bounds.signs[0] : 0
    const stretches = stretchesOf(bounds, ...setBacks).map((one) => ({ ...one, ...lineOf(one.lines, zero, way) }))
    return stretches.length === 0 ? [] : [{ a, b, by: 'packets', stretches }]
  })
}

/** Where a clock is known to have been set, one stretch ends for sure. */
function stretchesOf(bounds: Bounds, mine: readonly SetBack[], theirs: readonly SetBack[]): Stretch[] {
  const whole = fit(bounds)
  if (mine.length + theirs.length === 0 || whole.length < 2) return whole
  const part = (i: number): number =>
    mine.filter(({ time }) => bounds.times[i] >= time).length +
    theirs.filter(({ time }) => bounds.times[i] + bounds.offsets[i] >= time).length
  const parts: Bounds[] = []
  for (const i of bounds.times.keys()) {
    const { times, offsets, signs } = (parts[part(i)] ??= { times: [], offsets: [], signs: [] })
    times.push(bounds.times[i])
    offsets.push(bounds.offsets[i])
    signs.push(bounds.signs[i])
  }
  return parts.flatMap((one) => fit(one))
}

/** Of many packets the quickest one takes hardly longer. */
const QUICK_NS = 50e6

/**
 * The line that is taken: that of clocks that agree, or the middle. Where packets of one way alone were seen (`way`,
 * the sign of their bounds), the truth lies near these bounds: the other ones are nobody's.
 */
function lineOf(lines: Lines, zero: number, way: number): { offset: number; rate: number } {
  const rate = likelyRate(lines)
  const { low, high } = withRate(lines, rate)!
  const least = way > 0 ? Math.max(low, high - QUICK_NS) : low
  const most = way < 0 ? Math.min(high, low + QUICK_NS) : high
  if (rate === 0 && least <= zero && zero <= most) return { offset: zero, rate }
  return { offset: way > 0 ? high : way < 0 ? low : (low + high) / 2, rate }
}

function quickest({ first, last }: Observations, a: number, b: number): Quickest {
  const columns = (fill: number): { times: Float64Array; offsets: Float64Array } => ({
    times: new Float64Array(PARTS),
    offsets: new Float64Array(PARTS).fill(fill),
  })
  return {
    a,
    b,
    first,
    width: Math.max(1, (last - first) / PARTS),
    atMost: columns(Infinity),
    atLeast: columns(-Infinity),
  }
}

function boundsOf({ atMost, atLeast }: Quickest): Bounds {
  const bounds: Bounds = { times: [], offsets: [], signs: [] }
  for (const [columns, sign] of [
    [atMost, 1],
    [atLeast, -1],
  ] as const) {
    columns.offsets.forEach((offset, i) => {
      if (!Number.isFinite(offset)) return
      bounds.times.push(columns.times[i])
      bounds.offsets.push(offset)
      bounds.signs.push(sign)
    })
  }
  return inTime(bounds)
}

function compare(pair: Quickest, { connection: x }: Sighting, { connection: y }: Sighting): void {
  const exchanges = samePackets(x, y)
  const nearer = whichIsNearer(x, y, exchanges)
  if (nearer === 0) return
  const toServer = (mine: Moment | null, theirs: Moment | null): void => add(pair, mine, theirs, nearer)
  const toClient = (mine: Moment | null, theirs: Moment | null): void => add(pair, mine, theirs, nearer > 0 ? -1 : 1)
  // Repeated ones may be different ones at the two places. Where they are, the later copy bounds less, and no worse.
  if (x.syns.length === 1 && y.syns.length === 1) toServer(x.syns[0], y.syns[0])
  toClient(x.synAck, y.synAck)
  toServer(x.established, y.established)
  toServer(x.sides[CLIENT].fin, y.sides[CLIENT].fin)
  toClient(x.sides[SERVER].fin, y.sides[SERVER].fin)
  for (const [mine, theirs] of exchanges) {
    toServer(mine.request, theirs.request)
    toClient(mine.response, theirs.response)
  }
}

/** Notes a packet; sign 1: it came by a first, so that the clocks are at most so far apart. */
function add(pair: Quickest, mine: Moment | null, theirs: Moment | null, sign: 1 | -1): void {
  if (mine === null || theirs === null || mine.frame < 0 || theirs.frame < 0) return
  const { times, offsets } = sign > 0 ? pair.atMost : pair.atLeast
  const part = Math.max(0, Math.min(PARTS - 1, Math.floor((mine.time - pair.first) / pair.width)))
  const offset = theirs.time - mine.time
  if (sign * (offsets[part] - offset) <= 0) return
  times[part] = mine.time
  offsets[part] = offset
}

/** Exchanges of which both captures have the same bytes, by their sequence numbers. */
function samePackets(x: Connection, y: Connection): [Exchange, Exchange][] {
  const isSame = (side: SideIndex, mine: number, theirs: number): boolean => {
    const [one, other] = [x.sides[side].base, y.sides[side].base]
    return one < 0 || other < 0 || mine < 0 || theirs < 0 || ((one + mine - other - theirs) | 0) === 0
  }
  // Numbers that a firewall writes anew tell nothing.
  const areKept = [CLIENT, SERVER].every((side) => {
    const [one, other] = [x.sides[side].isn, y.sides[side].isn]
    return one < 0 || other < 0 || one === other
  })
  return alignExchanges(x, y).filter(
    ([mine, theirs]) =>
      mine.stream === theirs.stream &&
      // Where they begin in TLS is a guess, which need not be the same one at both.
      (!isSealed(mine) || (mine.requestFrom >= 0 && mine.responseFrom >= 0 && theirs.requestFrom >= 0)) &&
      (!areKept ||
        (isSame(CLIENT, mine.requestFrom, theirs.requestFrom) &&
          isSame(SERVER, mine.responseFrom, theirs.responseFrom))),
  )
}

/** 1: the first one is nearer to the client, as whoever is waits longer for answers; -1: the other; 0: nobody knows. */
function whichIsNearer(x: Connection, y: Connection, exchanges: readonly [Exchange, Exchange][]): 1 | -1 | 0 {
  let votes = 0
  let voters = 0
  const vote = (mine: Moment | null, answer: Moment | null, theirs: Moment | null, other: Moment | null): void => {
    if (mine === null || answer === null || theirs === null || other === null) return
    if (mine.frame < 0 || answer.frame < 0 || theirs.frame < 0 || other.frame < 0) return
    votes += Math.sign(answer.time - mine.time - (other.time - theirs.time))
    voters++
  }
  if (x.syns.length === 1 && y.syns.length === 1) vote(x.syns[0], x.synAck, y.syns[0], y.synAck)
  for (const [mine, theirs] of exchanges) vote(mine.request, mine.response, theirs.request, theirs.response)
  // Two interfaces of one host are no nearer than each other.
  if (voters > 0) return votes >= 0 ? 1 : -1
  // Packets lose TTL on their way.
  const [client, server] = [CLIENT, SERVER].map((side) => {
    const [one, other] = [x.sides[side].ttl, y.sides[side].ttl]
    return one < 0 || other < 0 ? 0 : Math.sign(one - other)
  })
  const byTtl = client - server
  if (byTtl !== 0) return byTtl > 0 ? 1 : -1
  const waits = [x, y].map(({ syns, synAck }) => (synAck === null ? NaN : synAck.time - (syns.at(-1)?.time ?? NaN)))
  return Number.isNaN(waits[0] - waits[1]) ? 0 : waits[0] >= waits[1] ? 1 : -1
}
