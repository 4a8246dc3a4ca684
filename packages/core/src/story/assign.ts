// Which tries a proxy made for which request. The best pairs are taken first, and one request is served once. What the
// data cannot decide is said: every pair knows its runner-up.
import { isSealed, SERVER } from '../observe/observations.ts'
import { AGAIN_NS, begins, fitOf, leftAt, START_NS, TIGHT_TIME, TURN_NS } from './pairing.ts'
import { isMeant, type Roles } from './requests.ts'
import type { Try } from './story.ts'

/** Pairs, by row; -1 for what has no pair, and at the end of a list. */
export interface Pairs {
  /** The request of a try, and how well they fit. */
  request: Int32Array
  score: Float64Array
  /** A try of a request, and to each the next of the same request. */
  firstTry: Int32Array
  nextTry: Int32Array
  /** How sure the pair of a try is, and which request comes next: asked for few. */
  pairing(attempt: number): Try['pairing']
}

/** Requests that each try may have been made for, the best first: those of try n lie from `first[n]` to `first[n + 1]`. */
interface Candidates {
  first: Int32Array
  request: number[]
  score: number[]
  /** 1 for tries that fit no request of the first finder's. */
  guessed: Uint8Array
}

/** Finds the requests, open at a try's start, for which the proxies they went to may have made it. */
export type FindOpen = (attempt: number, found: number[]) => void

/**
 * Gives each try to the request it fits best. Tries that fit nowhere stay out. Each of `finders` is asked where the
 * requests of those before it do not fit.
 */
export function assign(roles: Roles, finders: readonly FindOpen[]): Pairs {
  const candidates = candidatesOf(roles, finders)
  const chosen = choose(roles, candidates)
  const { count, bare } = roles
  const request = chosen.map((candidate) => (candidate < 0 ? -1 : candidates.request[candidate]))
  const score = Float64Array.from(chosen, (candidate) => (candidate < 0 ? 0 : candidates.score[candidate]))
  fillGuessed(roles, candidates, request, score)
  leaveOutOfTurn(roles, request, score)
  const firstTry = new Int32Array(count).fill(-1)
  const nextTry = new Int32Array(count).fill(-1)
  const link = (attempt: number): void => {
    if (request[attempt] < 0) return
    nextTry[attempt] = firstTry[request[attempt]]
    firstTry[request[attempt]] = attempt
  }
  for (let attempt = 0; attempt < count; attempt++) if (!bare.has(attempt)) link(attempt)
  for (const attempt of bare.keys()) {
    if (request[attempt] >= 0 && !isInTurn(roles, attempt, firstTry[request[attempt]], nextTry)) request[attempt] = -1
  }
  leaveOpenedMeanwhile(roles, request)
  for (const attempt of bare.keys()) link(attempt)
  const pairing = (attempt: number): Try['pairing'] => pairingOf(roles, candidates, attempt, request[attempt])
  return { request, score, firstTry, nextTry, pairing }
}

/** Candidates of one try that are kept: one to whom so many others are preferred stays alone. */
const KEPT = 32

function candidatesOf(roles: Roles, finders: readonly FindOpen[]): Candidates {
  const { count, conversations, requests, tries } = roles
  const guessed = new Uint8Array(count)
  const candidates: Candidates = { first: new Int32Array(count + 1), request: [], score: [], guessed }
  const found: number[] = []
  for (let attempt = 0; attempt < count; attempt++) {
    const first = (candidates.first[attempt] = candidates.request.length)
    // A connection without a request has nothing but its time to speak for it.
    const slack = tries.exchange[attempt] === null ? 0 : START_NS
    const start = tries.start[attempt]
    for (const find of finders) {
      if (candidates.request.length > first) break
      guessed[attempt] = find === finders[0] ? 0 : 1
      found.length = 0
      find(attempt, found)
      for (const request of found) {
        if (conversations[request] === conversations[attempt]) continue
        if (start > requests.until[request] + slack || tries.asked[attempt] < requests.start[request] - slack) continue
        const fit = fitOf(roles, request, attempt)
        if (fit !== null) insert(candidates, first, request, fit.score)
      }
    }
  }
  candidates.first[count] = candidates.request.length
  return candidates
}

/** Puts a candidate in its place among those from `first` on, behind its equals. */
function insert({ request: requests, score: scores }: Candidates, first: number, request: number, score: number): void {
  let at = scores.length
  if (at - first === KEPT && scores[--at] >= score) return
  for (; at > first && scores[at - 1] < score; at--) {
    requests[at] = requests[at - 1]
    scores[at] = scores[at - 1]
  }
  requests[at] = request
  scores[at] = score
}

/**
 * The candidate that each try gets, or -1: as if the best of all were taken first, and then the best of those that are
 * left. A failed try takes nothing away from others. Answered ones ask for their best request in turn; it keeps the
 * better of two, and the other asks for its next.
 */
function choose({ count, tries, requests }: Roles, { first, request, score }: Candidates): Int32Array {
  const chosen = first.slice(0, count).map((at, attempt) => (at < first[attempt + 1] ? at : -1))
  const servedBy = new Int32Array(count).fill(-1)
  const isBetter = (a: number, b: number): boolean => {
    const points = score[chosen[a]] - score[chosen[b]]
    const later = tries.start[a] - tries.start[b]
    return points > 0 || (points === 0 && (later < 0 || (later === 0 && a < b)))
  }
  const isAgain = (a: number, b: number, wanted: number): boolean => {
    const [one, two] = [tries.exchange[a]!, tries.exchange[b]!]
    if (!isSealed(one) || !isSealed(two) || requests.exchange[wanted]!.status < 500) return false
    return tries.start[b] >= tries.end[a] - START_NS || tries.start[a] >= tries.end[b] - START_NS
  }
  for (let attempt = 0; attempt < count; attempt++) {
    if (tries.answered[attempt] === 0) continue
    for (let asking = attempt; asking >= 0 && chosen[asking] >= 0;) {
      const wanted = request[chosen[asking]]
      const holder = servedBy[wanted]
      // What was answered inside TLS, and was tried again after it, was no good answer.
      if (holder >= 0 && isAgain(holder, asking, wanted)) break
      const loser = holder >= 0 && isBetter(holder, asking) ? asking : holder
      if (loser !== asking) servedBy[wanted] = asking
      if (loser >= 0) chosen[loser] = chosen[loser] + 1 < first[loser + 1] ? chosen[loser] + 1 : -1
      asking = loser
    }
  }
  return chosen
}

/** A try that may have been made for a request, and how well it fits. */
interface Fitting {
  attempt: number
  score: number
}

/**
 * Gives what only may have been made for requests to those whose time it fills, beginning with the one whose answer
 * follows most closely. A proxy answers once its last try is over, and not some time after.
 */
function fillGuessed(roles: Roles, candidates: Candidates, request: Int32Array, score: Float64Array): void {
  const fitting = new Map<number, Fitting[]>()
  for (let attempt = 0; attempt < roles.count; attempt++) {
    if (candidates.guessed[attempt] === 0) continue
    request[attempt] = -1
    if (!isMeant(roles, attempt)) continue
    for (let i = candidates.first[attempt]; i < candidates.first[attempt + 1]; i++) {
      const its = candidates.request[i]
      const one = { attempt, score: candidates.score[i] }
      const others = fitting.get(its)
      if (others === undefined) fitting.set(its, [one])
      else others.push(one)
    }
  }
  const fill = (its: number): { chain: number[]; gap: number } => {
    const left = fitting.get(its)!.filter(({ attempt }) => request[attempt] < 0)
    const byScore = left.toSorted((a, b) => b.score - a.score).map(({ attempt }) => attempt)
    const chain = chainOf(roles, its, byScore)
    const end = chain.length === 0 ? Infinity : roles.tries.end[chain.at(-1)!]
    return { chain, gap: end === Infinity ? Infinity : Math.abs(roles.requests.answered[its] - end) }
  }
  const gaps = new Map([...fitting.keys()].map((its) => [its, fill(its).gap]))
  for (const its of [...fitting.keys()].toSorted((a, b) => gaps.get(a)! - gaps.get(b)! || a - b)) {
    for (const attempt of fill(its).chain) {
      request[attempt] = its
      score[attempt] = fitting.get(its)!.find((one) => one.attempt === attempt)!.score
    }
  }
}

/**
 * A proxy makes one try after the other. Of those that nothing but time joins to a request, those are kept that follow
 * on each other up to the best one, and after it; the others are somebody else's.
 */
function leaveOutOfTurn(roles: Roles, request: Int32Array, score: Float64Array): void {
  const { tries, requests, count } = roles
  const groups = new Map<number, number[]>()
  for (let attempt = 0; attempt < count; attempt++) {
    const [its, exchange] = [request[attempt], tries.exchange[attempt]]
    if (its < 0 || exchange === null || !(isSealed(exchange) || isSealed(requests.exchange[its]!))) continue
    const group = groups.get(its)
    if (group === undefined) groups.set(its, [attempt])
    else group.push(attempt)
  }
  if (groups.size === 0) return
  const spoken = requestsWithWords(roles, request)
  const filled = new Set<number>()
  for (const attempt of roles.bare.keys()) {
    const its = request[attempt]
    if (its >= 0 && begins(roles, its, attempt) && isLast(roles, its, attempt)) filled.add(its)
  }
  for (const [its, group] of groups) {
    const front = requests.exchange[its]!
    if (spoken.has(its)) for (const attempt of group) if (isSealed(tries.exchange[attempt]!)) request[attempt] = -1
    if (!isSealed(front) && (front.status === 0 || front.status >= 500) && !spoken.has(its)) {
      const kept = new Set(
        filled.has(its)
          ? []
          : chainOf(
              roles,
              its,
              group.toSorted((a, b) => score[b] - score[a]),
            ),
      )
      for (const attempt of group) if (!kept.has(attempt)) request[attempt] = -1
      continue
    }
    if (group.length === 1) continue
    const byScore = group.toSorted((a, b) => tries.answered[b] - tries.answered[a] || score[b] - score[a])
    const kept = new Set([byScore[0]])
    for (let first = byScore[0]; first >= 0;) {
      first = byScore.find((attempt) => !kept.has(attempt) && follows(roles, attempt, first)) ?? -1
      if (first >= 0) kept.add(first)
    }
    for (let last = byScore[0]; last >= 0;) {
      last = byScore.find((attempt) => !kept.has(attempt) && follows(roles, last, attempt)) ?? -1
      if (last >= 0) kept.add(last)
    }
    for (const attempt of group) if (!kept.has(attempt)) request[attempt] = -1
  }
}

/** Requests that some try repeats in so many words: what else the proxy said meanwhile in TLS is not about them. */
function requestsWithWords(roles: Roles, request: Int32Array): Set<number> {
  const { tries, requests } = roles
  const found = new Set<number>()
  for (let attempt = 0; attempt < request.length; attempt++) {
    const [its, exchange] = [request[attempt], tries.exchange[attempt]]
    if (its < 0 || exchange === null || isSealed(exchange) || isSealed(requests.exchange[its]!)) continue
    if (fitOf(roles, its, attempt)!.by !== 'time') found.add(its)
  }
  return found
}

/**
 * The tries that fill the time of a request that failed: the first begins with it, each follows on the one
 * before, and its answer on the last. None where they do not: a proxy has other business in TLS. Nor where a connection
 * that failed fills all of it (`filled`).
 */
function chainOf(roles: Roles, its: number, byScore: readonly number[]): number[] {
  for (const first of byScore) {
    if (!begins(roles, its, first)) continue
    const chain = [first]
    for (let last: number | undefined = first; last !== undefined;) {
      if (isLast(roles, its, last)) return chain
      const before: number = last
      last = byScore.find((attempt) => !chain.includes(attempt) && follows(roles, before, attempt))
      if (last !== undefined) chain.push(last)
    }
  }
  return []
}

/** Whether the answer to the client follows the end of a try, or that end was not seen. */
function isLast(roles: Roles, its: number, attempt: number): boolean {
  const { requests, tries } = roles
  const end = tries.end[attempt]
  if (tries.answered[attempt] === 0 && end === Infinity) return true
  const ends = tries.exchange[attempt] === null ? [end] : [end, leftAt(roles, attempt)]
  return ends.some((time) => Math.abs(requests.answered[its] - time) <= TURN_NS)
}

/** Whether a proxy may have made the one try as the other one failed. */
function follows(roles: Roles, before: number, after: number): boolean {
  const { tries, conversations } = roles
  const [a, b] = [tries.exchange[before], tries.exchange[after]]
  const isRead = a !== null && b !== null && !isSealed(a) && !isSealed(b)
  if (isRead && (a.method !== b.method || a.target !== b.target)) return false
  const [one, other] = [before, after].map((row) => conversations[row]!.sightings[0].connection.server)
  return [tries.end[before], leftAt(roles, before)].some((end) => {
    const gap = tries.start[after] - end
    return gap >= -START_NS && gap <= (one === other && tries.answered[before] === 0 ? AGAIN_NS : TURN_NS)
  })
}

/**
 * A proxy makes one try after the other. A connection that opened while a request of the same tries was under way is
 * somebody else's: a health check, an agent on the proxy's host. `asked` is the first of the tries with a request.
 */
function isInTurn({ tries }: Roles, attempt: number, asked: number, next: Int32Array): boolean {
  const start = tries.start[attempt]
  for (let t = asked; t >= 0; t = next[t]) {
    if (tries.start[t] < start && start < tries.end[t] - START_NS) return false
  }
  return true
}

/**
 * Of connections without a request, leaves out those that opened while one that began with the request was under way:
 * who had one to send would have sent it there.
 */
function leaveOpenedMeanwhile(roles: Roles, request: Int32Array): void {
  const { bare, tries } = roles
  const first = new Map<number, number>()
  for (const attempt of bare.keys()) {
    const its = request[attempt]
    if (its >= 0 && begins(roles, its, attempt) && !isOpened(roles, attempt)) first.set(its, attempt)
  }
  for (const attempt of bare.keys()) {
    const before = first.get(request[attempt])
    if (before === undefined || before === attempt || !isOpened(roles, attempt)) continue
    const since = tries.start[attempt] - tries.start[before]
    if (since > TURN_NS && tries.start[attempt] < tries.end[before] - START_NS) request[attempt] = -1
  }
}

/** Whether a connection could have carried a request: it opened, with TLS where it spoke that, and was not cut off. */
function isOpened({ tries }: Roles, attempt: number): boolean {
  const connection = tries.sighting[attempt]?.connection
  if (connection === undefined || connection.synAck === null) return false
  const { sides, tls } = connection
  if (sides[SERVER].reset !== null || sides[SERVER].fin !== null) return false
  return tls === null || tls.finished.every((place) => place !== null)
}

/** Where two requests fit a try by less, it may well be the other's. */
const CLOSE = 5

function pairingOf(roles: Roles, { first, request, score }: Candidates, attempt: number, its: number): Try['pairing'] {
  let own = first[attempt]
  while (request[own] !== its) own++
  let second = first[attempt]
  while (second < first[attempt + 1] && second === own) second++
  const { strength, by } = fitOf(roles, its, attempt)!
  // Time alone is never sure.
  const alone = strength === 'likely' && by !== TIGHT_TIME ? 'sure' : strength
  if (second === first[attempt + 1]) return { strength: alone, by, runnerUp: null }
  const isClose = score[own] - score[second] < CLOSE
  const runnerUp = nameOf(roles, request[second])
  return { strength: isClose ? 'weak' : alone, by, runnerUp }
}

function nameOf({ requests }: Roles, request: number): string {
  const exchange = requests.exchange[request]!
  const what = isSealed(exchange) ? 'an encrypted request' : `${exchange.method} ${exchange.target}`
  return `${what} from ${requests.sighting[request]!.connection.client}`
}
