// What a request and a try say about two clocks if the one was made for the other: cause comes before effect. The proxy
// asks after it was asked, and answers after it was answered.
import { isSealed } from '../../observe/observations.ts'
import type { Rows } from './rows.ts'

/** A proxy turns to its upstream within this time. */
export const AT_ONCE_NS = 50e6
/** And mostly within this one. */
export const PROMPT_NS = 5e6
/** Captures on two interfaces of a host order what follows at once as loosely. */
export const JITTER_NS = 20e3

/** Of two exchanges, which is the request, and between which offsets (those of `theirs` minus `ours`) it is. */
export interface Pair {
  ours: number
  theirs: number
  /** Whether ours is the request and theirs the try. */
  isOurRequest: boolean
  /** -Infinity or Infinity where an answer is missing, or does not follow from that of the try. Story times. */
  low: number
  high: number
  /** The request takes hardly longer than the try: they are likely to belong together. */
  isTight: boolean
}

/**
 * Null where neither can be the cause of the other. `isOurRequest` is known once others have shown it; then a try that
 * failed needs no error behind it, for another one may have followed.
 */
export function pairOf(
  ours: Rows,
  mine: number,
  theirs: Rows,
  other: number,
  isOurRequest: boolean | null = null,
): Pair | null {
  if (ours.servers[mine] === theirs.servers[other]) return null
  const [x, y] = [ours.lastSegments[mine], theirs.lastSegments[other]]
  if (x !== null && y !== null && x !== y) return null
  const isKnown = isOurRequest !== null
  const one = isOurRequest === false ? null : within(ours, mine, theirs, other, isKnown)
  const two = isOurRequest === true ? null : within(theirs, other, ours, mine, isKnown)
  // Where both fit, the one that takes longer is the request.
  if (one !== null && (two === null || one.high - one.low >= two.high - two.low)) {
    return { ours: mine, theirs: other, isOurRequest: true, ...one }
  }
  if (two === null) return null
  return { ours: mine, theirs: other, isOurRequest: false, low: -two.high, high: -two.low, isTight: two.isTight }
}

/** Offsets of the tries' clock at which a try lies in a request; null where it cannot. */
function within(
  requests: Rows,
  request: number,
  tries: Rows,
  attempt: number,
  isKnown: boolean,
): Pick<Pair, 'low' | 'high' | 'isTight'> | null {
  const { atServer: front } = requests
  const { atClient: back } = tries
  const [asked, made] = [requests.exchanges[request], tries.exchanges[attempt]]
  if (asked === null) return null
  const high = back.asked[attempt] - front.asked[request]
  const low = back.answered[attempt] - front.answered[request]
  const loose = { low: -Infinity, high, isTight: false }
  // Of a request that nobody answered only its beginning is known.
  if (Number.isNaN(front.answered[request])) return isKnown ? loose : null
  // What failed is followed by an error, or by another try.
  const isError = asked.status >= 500 || isSealed(asked)
  if (Number.isNaN(low)) {
    if (!isError && (made === null || !isKnown)) return null
    const over = tries.over[attempt] - front.answered[request]
    return { ...loose, isTight: Math.abs(high - over) <= PROMPT_NS }
  }
  if (low > high + JITTER_NS) return null
  // Another answer than that of the try is the proxy's own, and need not follow from it.
  const isPassedOn = made === null || asked.status === made.status || isSealed(asked) || isSealed(made)
  if (!isPassedOn || (made === null && !isError)) return isError ? loose : null
  const isTight = high - low <= PROMPT_NS
  // Where an answer begins in TLS is a guess.
  if (isSealed(asked) || (made !== null && isSealed(made))) return { ...loose, isTight }
  return { low: Math.min(low, high), high, isTight }
}

/** The part of the offsets at which the proxy turns to its upstream at once. */
export const likelyLow = ({ isOurRequest, low, high, isTight }: Pair): number =>
  isOurRequest ? Math.max(low, high - (isTight ? PROMPT_NS : AT_ONCE_NS)) : low
export const likelyHigh = ({ isOurRequest, low, high, isTight }: Pair): number =>
  isOurRequest ? high : Math.min(high, low + (isTight ? PROMPT_NS : AT_ONCE_NS))
