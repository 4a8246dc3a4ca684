// Which tries a proxy made for which request. What is known for sure (identifiers, forwarding fields) goes first; then
// method, target and host; then time: a try lies within its request, begins when the request or the try before it
// ended, and the answer follows its end. What the data cannot decide is said: every pair knows its runner-up.
import type { Exchange } from '../observe/observations.ts'
import { clientView, gotAnswer, type Request, serverView, type Try } from './story.ts'

/** Clocks on one host agree, captures on two interfaces of it nearly so. */
const SLACK_NS = 5e6
/** Requests open at once that are looked at for one try. */
const CANDIDATES = 512

/** How well a try fits a request: points for what agrees, or null when something forbids it. */
export interface Fit {
  score: number
  strength: Try['pairing']['strength']
  by: string
}

/** What the exchanges of two legs say about belonging together; null when they contradict each other. */
export function likeness(front: Exchange, back: Exchange, clientAddress: string): Fit | null {
  if (back.method === '' || front.method === '') {
    // A request that was not captured: its answer must at least be the one that was passed on.
    const alike = back.status === front.status || back.status === 0
    return alike ? { score: 0, strength: 'weak', by: 'time' } : null
  }
  if (front.method !== back.method && !(front.method === 'HEAD' && back.method === 'GET')) return null
  let score = 0
  let by = 'time'
  let strength: Fit['strength'] = 'weak'
  const target = sameTarget(front, back)
  if (target > 0) {
    score += target
    by = target >= 40 ? 'method and target' : 'the end of the path'
    strength = 'likely'
  }
  for (const id of back.ids) {
    const name = id.slice(0, id.indexOf('='))
    const theirs = front.ids.find((other) => other.startsWith(`${name}=`))
    if (theirs === id) {
      score += 200
      by = name
      strength = 'sure'
    } else if (theirs !== undefined && name !== 'traceparent') score -= 60
  }
  // Neither target nor identifier: a subrequest, a health check, or somebody else's request.
  if (score <= 0) return null
  if (back.forwardedFor !== null) {
    const address = bareAddress(back.forwardedFor)
    if (address === clientAddress || address === bareAddress(front.forwardedFor ?? '')) score += 15
    else if (looksLikeAddress(address)) score -= 40
  }
  if (front.host !== null && front.host === back.host) score += 3
  if (front.bodyLength > 0 && front.bodyLength === back.bodyLength) score += 5
  return { score, strength, by }
}

/** Points for the request target: the same, or one a rewritten form of the other (a prefix stripped or added). */
function sameTarget(front: Exchange, back: Exchange): number {
  if (front.target === back.target) return 50
  const a = originForm(front.target)
  const b = originForm(back.target)
  if (a === b) return 50
  // Whatever is alike has one end, or differs in its query.
  if (a.at(-1) !== b.at(-1) && !a.includes('?') && !b.includes('?')) return 0
  if (a.length > 1 && b.length > 1 && (a.endsWith(b) || b.endsWith(a))) return 40
  const [tailA, tailB] = [behindFirstSegment(a), behindFirstSegment(b)]
  if ((tailA.length > 1 && b.endsWith(tailA)) || (tailB.length > 1 && a.endsWith(tailB))) return 30
  const [pathA, queryA] = split(a)
  const [pathB, queryB] = split(b)
  // Same path with another query, or the same last segment under another path.
  if (pathA === pathB && pathA.length > 1) return 25
  const last = pathA.slice(pathA.lastIndexOf('/'))
  if (last.length > 2 && last === pathB.slice(pathB.lastIndexOf('/')) && queryA === queryB) return 20
  return 0
}

/** /api/v2/items → /v2/items: what is left when a proxy strips a prefix. */
function behindFirstSegment(target: string): string {
  if (!target.startsWith('/')) return target
  let at = 1
  while (at < target.length && target[at] !== '/' && target[at] !== '?') at++
  return target.slice(at)
}

/** absolute-form (RFC 9112 section 3.2.2) as origin-form. */
export function originForm(target: string): string {
  if (target.startsWith('/')) return target
  const scheme = /^[a-z]+:\/\/[^/?]*/i.exec(target)
  if (scheme === null) return target
  const rest = target.slice(scheme[0].length)
  return rest.startsWith('/') ? rest : `/${rest}`
}

function split(target: string): [path: string, query: string] {
  const at = target.indexOf('?')
  return at < 0 ? [target, ''] : [target.slice(0, at), target.slice(at)]
}

/** Address without port and brackets. */
export function bareAddress(node: string): string {
  const bracket = /^\[([^\]]+)\]/.exec(node)
  if (bracket !== null) return bracket[1]
  return /^[^:]+:\d+$/.test(node) ? node.slice(0, node.indexOf(':')) : node
}

const looksLikeAddress = (text: string): boolean => /^[0-9a-f.:]+$/i.test(text) && /[.:]/.test(text)

/** Requests by time, to find those that were open at a moment. */
export class RequestIndex {
  #requests: Request[]
  #starts: Float64Array
  /** A tree of latest ends: those of the requests from `#leaves` on, and above them, at n, the later of 2n and 2n + 1. */
  #latest: Float64Array
  #leaves = 1

  constructor(requests: readonly Request[]) {
    this.#requests = requests.toSorted((a, b) => a.start - b.start)
    this.#starts = new Float64Array(requests.length)
    while (this.#leaves <= requests.length) this.#leaves *= 2
    this.#latest = new Float64Array(2 * this.#leaves).fill(-Infinity)
    for (const [i, request] of this.#requests.entries()) {
      this.#starts[i] = request.start
      this.#latest[this.#leaves + i] = until(request)
    }
    for (let n = this.#leaves - 1; n > 0; n--) this.#latest[n] = Math.max(this.#latest[2 * n], this.#latest[2 * n + 1])
  }

  /** Requests in whose time `time` lies, the latest ones first. */
  openAt(time: number): Request[] {
    let low = 0
    let high = this.#starts.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#starts[middle] <= time + SLACK_NS) low = middle + 1
      else high = middle
    }
    const open: Request[] = []
    for (let i = this.#lastOpen(low, time); i >= 0 && open.length < CANDIDATES; i = this.#lastOpen(i, time)) {
      open.push(this.#requests[i])
    }
    return open
  }

  /** The last of the first `count` requests that is not over at `time`, or -1. One slow request must not cost a walk. */
  #lastOpen(count: number, time: number): number {
    const latest = this.#latest
    const over = time - SLACK_NS
    for (let n = this.#leaves + count; n > 1; n >>= 1) {
      if ((n & 1) === 0 || latest[n - 1] < over) continue
      n--
      while (n < this.#leaves) n = latest[2 * n + 1] < over ? 2 * n : 2 * n + 1
      return n - this.#leaves
    }
    return -1
  }
}

/** Requests grouped by what they have in common, each group ready to be asked for those open at a moment. */
export function indexBy(requests: readonly Request[], key: (request: Request) => string): Map<string, RequestIndex> {
  const groups = new Map<string, Request[]>()
  for (const request of requests) {
    const group = groups.get(key(request))
    if (group === undefined) groups.set(key(request), [request])
    else group.push(request)
  }
  return new Map([...groups].map(([name, group]) => [name, new RequestIndex(group)]))
}

/** No try for a request begins after its answer did, or after the client was gone. */
const until = (request: Request): number => Math.min(request.answered, request.end)

interface Candidate {
  request: Request
  attempt: Try
  score: number
  strength: Fit['strength']
  by: string
}

/**
 * Gives each try to the request it fits best. `open` lists the requests, open at the try's start, for which the proxies
 * they went to may have made it. Tries that fit nowhere stay out.
 */
export function assign(tries: readonly Try[], open: (attempt: Try) => readonly Request[]): void {
  const candidates: Candidate[] = []
  const rivals = new Map<Try, Candidate[]>()
  for (const attempt of tries) {
    const mine: Candidate[] = []
    for (const request of likelyOnes(attempt, open(attempt))) {
      if (request.turn.conversation === attempt.conversation) continue
      // A connection without a request has nothing but its time to speak for it.
      const slack = attempt.turn === null ? 0 : START_NS
      if (attempt.start > until(request) + slack || attempt.start < request.start - slack) continue
      const fit = fitOf(request, attempt)
      if (fit !== null) mine.push({ request, attempt, score: fit.score, strength: fit.strength, by: fit.by })
    }
    if (mine.length === 0) continue
    rivals.set(attempt, mine)
    candidates.push(...mine)
  }
  candidates.sort((a, b) => b.score - a.score || a.attempt.start - b.attempt.start)
  const taken = new Set<Try>()
  const served = new Set<Request>()
  for (const candidate of candidates) {
    const { request, attempt } = candidate
    if (taken.has(attempt)) continue
    const success = gotAnswer(attempt)
    // One request is served once; further tries are those that failed before.
    if (success && served.has(request)) continue
    taken.add(attempt)
    if (success) served.add(request)
    const second = bestOf(rivals.get(attempt)!, request)
    const close = second !== undefined && candidate.score - second.score < 5
    attempt.pairing = {
      strength:
        candidate.strength === 'likely' && (second === undefined || !close)
          ? 'sure'
          : close
            ? 'weak'
            : candidate.strength,
      by: candidate.by,
      runnerUp: second === undefined ? null : nameOf(second.request),
    }
    // Most requests have one try: an array that grows by `push` makes room for sixteen more at once.
    if (request.tries.length === 0) request.tries = [attempt]
    else request.tries.push(attempt)
  }
  for (const request of new Set(candidates.map((candidate) => candidate.request))) {
    request.tries.sort((a, b) => a.start - b.start)
    const asked = request.tries.filter((attempt) => attempt.turn !== null)
    request.tries = request.tries.filter((attempt) => isInTurn(attempt, asked))
    request.tries.forEach((attempt, i) => {
      if (attempt.turn === null && isTight(request, i))
        attempt.pairing = { ...attempt.pairing, strength: 'likely', by: 'tight time' }
    })
  }
}

/** A proxy turns to the next thing within this time, */
const TURN_NS = 50e6
/** and tries the same server again within this (HAProxy waits 1 s). */
const AGAIN_NS = 1.5e9

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

/** The candidate with the most points, of those for other requests than `but`. */
function bestOf(candidates: readonly Candidate[], but: Request): Candidate | undefined {
  let best: Candidate | undefined
  for (const candidate of candidates) {
    if (candidate.request !== but && !(best !== undefined && best.score >= candidate.score)) best = candidate
  }
  return best
}

/**
 * A proxy makes one try after the other. A connection that opened while a request of the same tries was under way is
 * somebody else's: a health check, an agent on the proxy's host.
 */
function isInTurn(attempt: Try, asked: readonly Try[]): boolean {
  if (attempt.turn !== null) return true
  return !asked.some((t) => t.start < attempt.start && attempt.start < t.end - START_NS)
}

function nameOf(request: Request): string {
  const { sighting, exchange } = serverView(request.turn)
  return `${exchange.method} ${exchange.target} from ${sighting.connection.client}`
}

/**
 * Whether the request can have caused the try: it takes at least as long. Of two like exchanges that lie close in time
 * this tells which is the outer one, even when the clocks differ a little.
 */
export function contains(request: Request, attempt: Try): boolean {
  if (attempt.start < request.start - START_NS) return false
  if (!Number.isFinite(request.answered) || !Number.isFinite(attempt.end) || attempt.turn === null) return true
  // An answer that the proxy got, it got before its own; when it closes a connection that failed, nobody knows.
  return !gotAnswer(attempt) || request.end - request.start >= attempt.end - attempt.start - JITTER_NS
}

/** How far clocks that were aligned may still be apart. */
const START_NS = 0.5e6
/** Times of one host taken on two interfaces differ by less. */
const JITTER_NS = 20e3

function fitOf(request: Request, attempt: Try): Fit | null {
  if (!contains(request, attempt)) return null
  const { exchange: front, sighting } = serverView(request.turn)
  let fit: Fit = { score: 0, strength: 'weak', by: 'time' }
  if (attempt.turn !== null) {
    const { exchange: back } = clientView(attempt.turn)
    const found = likeness(front, back, sighting.connection.clientAddress)
    if (found === null) return null
    fit = found
    fit.score += outcome(front, attempt)
  }
  fit.score += closeness(request, attempt)
  return fit
}

/**
 * Where some of the requests have the very target of the try, the others need not be compared with it: unless they carry
 * identifiers, which count for more.
 */
function likelyOnes(attempt: Try, requests: readonly Request[]): readonly Request[] {
  if (attempt.turn === null || requests.length < 2) return requests
  const { target, ids } = clientView(attempt.turn).exchange
  if (ids.length > 0) return requests
  const same = requests.filter(({ turn }) => serverView(turn).exchange.target === target)
  return same.length > 0 ? same : requests
}

/** A good answer is passed on as it is, a failed try ends in an error of the proxy or in another try. */
function outcome(front: Exchange, attempt: Try): number {
  const { exchange: back } = clientView(attempt.turn!)
  if (gotAnswer(attempt) && back.detail?.responseFault == null) return back.status === front.status ? 12 : -12
  return front.status === 0 || front.status >= 500 ? 8 : -8
}

/** Up to 20 points for a try that starts with its request and ends with its answer; time decides between equals. */
function closeness(request: Request, attempt: Try): number {
  const startGap = Math.max(0, attempt.start - request.start)
  const endGap =
    Number.isFinite(attempt.end) && Number.isFinite(request.answered)
      ? Math.abs(request.answered - attempt.end)
      : Infinity
  return near(startGap) + near(endGap)
}

/** 10 points at no gap, 0 from ten seconds on, falling with the logarithm: 1 ms is far better than 100 ms. */
function near(gap: number): number {
  if (!Number.isFinite(gap)) return 0
  return Math.max(0, 10 - 2 * Math.log10(1 + gap / 1e5))
}
