// The requests and tries that have to be explained, as objects. What went well and left nothing to look at stays a row.
import type { Pairs } from './assign.ts'
import { type Exchange, isSealed } from '../observe/observations.ts'
import { AGAIN_NS, TIGHT_TIME, TURN_NS } from './pairing.ts'
import { type Roles, turnAt, UNPAIRED } from './requests.ts'
import { frontOf, type Request, type Story, type Try } from './story.ts'

/** What a story holds of requests and tries; `all` has the requests to the next proxies of chains as well. */
export interface Troubled extends Pick<Story, 'requests' | 'served' | 'strays'> {
  all: Request[]
}

/** `fronts`: endpoints at which proxies listen. */
export function troubled(roles: Roles, pairs: Pairs, fronts: ReadonlySet<string>): Troubled {
  const { bare, requests, tries } = roles
  const made = new Map<number, Request>()

  function requestAt(row: number): Request {
    const known = made.get(row)
    if (known !== undefined) return known
    const request: Request = {
      turn: turnAt(roles, row),
      start: requests.start[row],
      answered: requests.answered[row],
      end: requests.end[row],
      tries: [],
      lookups: [],
    }
    made.set(row, request)
    const own = triesOf(pairs, row).toSorted(
      (a, b) => tries.start[a] - tries.start[b] || pairs.score[b] - pairs.score[a] || a - b,
    )
    request.tries = own.map((attempt) => ({ ...tryAt(attempt), pairing: pairs.pairing(attempt), hop: hopOf(attempt) }))
    request.tries.forEach((attempt, i) => {
      if (attempt.turn === null && attempt.pairing.strength === 'weak' && isTight(request, i))
        attempt.pairing = { ...attempt.pairing, strength: 'likely', by: TIGHT_TIME }
    })
    return request
  }

  function tryAt(row: number): Try {
    const known = bare.get(row)
    if (known !== undefined) return known
    const turn = turnAt(roles, row)
    const [start, end] = [tries.start[row], tries.end[row]]
    const { conversation } = turn
    return { kind: 'exchange', conversation, turn, search: null, start, end, pairing: UNPAIRED, hop: null }
  }

  /** A try that is itself a request to the next proxy carries that proxy's tries. */
  function hopOf(row: number): Request | null {
    if (bare.has(row)) return null
    const hop = requestAt(row)
    return hop.tries.length > 0 || fronts.has(frontOf(hop)) ? hop : null
  }

  /** Nothing has to be said of any try either. */
  function isServed(row: number): boolean {
    let attempt = pairs.firstTry[row]
    while (attempt >= 0 && isPlainRow(roles, attempt)) attempt = pairs.nextTry[attempt]
    return attempt < 0
  }

  const found: Troubled = { requests: [], served: 0, strays: [], all: [] }
  for (let row = 0; row < roles.count; row++) {
    // What is a try of another request is found there.
    if (pairs.request[row] >= 0) continue
    const isPlain = isPlainRow(roles, row)
    if (!isPlain) found.strays.push(tryAt(row))
    if (bare.has(row)) continue
    if (isPlain && isServed(row)) found.served++
    else found.requests.push(requestAt(row))
  }
  found.requests.sort((a, b) => a.start - b.start)
  found.all = [...made.values()]
  return found
}

function triesOf({ firstTry, nextTry }: Pairs, request: number): number[] {
  const rows: number[] = []
  for (let attempt = firstTry[request]; attempt >= 0; attempt = nextTry[attempt]) rows.push(attempt)
  return rows
}

/** An exchange with a good answer, of which nothing more was kept at either end. */
function isPlainRow({ requests, tries }: Roles, row: number): boolean {
  const [atServer, atClient] = [requests.exchange[row], tries.exchange[row]]
  if (atServer === null || atClient === null || tries.answered[row] === 0) return false
  return isGood(atServer) && (atClient === atServer || isGood(atClient))
}
function isGood(exchange: Exchange): boolean {
  const { status, detail } = exchange
  return detail === null && (status > 0 || isSealed(exchange)) && status < 500 && exchange.response.frame >= 0
}

/** Two tries at one server. */
function isAtSameServer(other: Try | undefined, attempt: Try): boolean {
  const server = other?.conversation?.sightings[0].connection.server
  return server !== undefined && server === attempt.conversation?.sightings[0].connection.server
}

/**
 * Whether a try without a request fills its place in time: it begins as the request or the try before it ends, and the
 * next try or the answer follows its end.
 */
function isTight({ tries, start, answered }: Request, i: number): boolean {
  const attempt = tries[i]
  const before = tries[i - 1]
  const since = attempt.start - (before === undefined ? start : before.end)
  const begins = since <= (isAtSameServer(before, attempt) ? AGAIN_NS : TURN_NS)
  const next = tries[i + 1]
  const gap = (next?.start ?? answered) - attempt.end
  // A SYN that nobody answered ends when the proxy gives up.
  const ends = !Number.isFinite(attempt.end) || gap <= (isAtSameServer(next, attempt) ? AGAIN_NS : TURN_NS)
  return begins && ends
}
