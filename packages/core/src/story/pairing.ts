// How well a try fits a request. What is known for sure (identifiers, forwarding fields) counts most; then method, target
// and host; then time: a try lies within its request, begins when that or the try before it ended, and the answer follows
// its end.
import { CLIENT, type Connection, type Exchange, isSealed, SERVER } from '../observe/observations.ts'
import { type Roles, startOfTry } from './requests.ts'
import { endings, type Try } from './story.ts'

/** How well a try fits a request: points for what agrees, or null when something forbids it. */
export interface Fit {
  score: number
  strength: Try['pairing']['strength']
  by: string
}

/**
 * What the exchanges of two legs, and the connections they came over, say about belonging together; null when they
 * contradict each other.
 */
export function likeness(front: Exchange, back: Exchange, over: Connection, behind: Connection): Fit | null {
  const speaksFor = spokenFor(over, behind)
  // A connection that is used again may have been opened for another of the client's.
  if (speaksFor === 'a sibling' && back.ordinal === 0) return null
  // Whatever became of the target: over one HTTP/1 connection requests come one by one.
  const fit = alike(front, back, over) ?? (speaksFor === 'it' && front.stream < 0 ? byTime(0) : null)
  return fit !== null && speaksFor === 'it' ? byProxyHeader(fit.score) : fit
}

const byTime = (score: number): Fit => ({ score, strength: 'weak', by: 'time' })

/** Points for what says which connection of the client's a try was made for: more than all likeness. */
const EXACT = 200

const byProxyHeader = (score: number): Fit => ({ score: score + EXACT, strength: 'sure', by: 'PROXY header' })

/** Points for a request that failed, as a connection did. */
const FAILED_POINTS = 8

/** What is left of a try that never got to its request. */
function fitWithoutRequest(over: Connection, behind: Connection | undefined, time: number): Fit | null {
  const speaksFor = behind === undefined ? 'nobody known' : spokenFor(over, behind)
  if (speaksFor === 'it') return byProxyHeader(time)
  return speaksFor === 'a sibling' ? null : byTime(time)
}

/** Which of a client's connections something names: the very one, another one from the same address ... */
type Named = 'it' | 'a sibling' | 'its host' | 'nobody known'

/** Whom the PROXY header in front of a try speaks for, seen from the connection that a request came over. */
function spokenFor(over: Connection, { proxiedFor }: Connection): Named {
  if (proxiedFor === null) return 'nobody known'
  return proxiedFor.source === over.proxiedFor?.source ? 'it' : named(proxiedFor.source, over)
}

/** Whom an address, with a port or without, names. */
function named(node: string, { client, clientAddress }: Connection): Named {
  if (node === client) return 'it'
  const address = bareAddress(node)
  if (address !== clientAddress) return 'nobody known'
  const port = node.endsWith(address) ? '' : (/:\d+$/.exec(node)?.[0] ?? '')
  return port === '' ? 'its host' : client.endsWith(port) ? 'it' : 'a sibling'
}

/** A request that is there, and says not what it asks for: it is sealed, or its target was cut away. */
const isUnread = (exchange: Exchange): boolean =>
  isSealed(exchange) || (exchange.target === '' && exchange.request.frame >= 0)

/** Nothing is left of the request: not captured, or cut before it says anything. */
const isUnknown = ({ method, target }: Exchange): boolean => method === '' && target === ''

/** What the exchanges of two legs say about belonging together. */
function alike(front: Exchange, back: Exchange, over: Connection): Fit | null {
  if (isSealed(front) || isSealed(back)) return byTime(0)
  if (isUnknown(back) || isUnknown(front)) {
    // A request that was not captured: its answer must at least be the one that was passed on.
    return back.status === front.status || back.status === 0 ? byTime(0) : null
  }
  const isCut = [front, back].some((x) => x.method === '' || x.target === '')
  const isHead = front.method === 'HEAD' && back.method === 'GET'
  if (front.method !== back.method && !isHead && !isCut) return null
  let score = 0
  let by = 'time'
  let strength: Fit['strength'] = 'weak'
  const whose = back.forwardedFor === null ? 'nobody known' : named(back.forwardedFor, over)
  const target = sameTarget(front, back)
  if (target > 0) {
    score += target
    by = target >= 40 ? 'method and target' : 'the end of the path'
    strength = 'likely'
  } else if (whose !== 'nobody known' && isBeginning(front.target, back.target)) {
    score += 20
    by = 'the beginning of the path'
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
  if (score <= 0) return isCut && score === 0 ? byTime(0) : null
  if (whose === 'it') {
    score += EXACT
    strength = 'sure'
    by = "the client's address and port"
  } else if (whose === 'a sibling' && back.forwardedFor !== front.forwardedFor) return null
  else if (back.forwardedFor !== null) {
    const address = bareAddress(back.forwardedFor)
    if (whose !== 'nobody known' || address === bareAddress(front.forwardedFor ?? '')) score += 15
    else if (looksLikeAddress(address)) score -= 40
  }
  if (front.host !== null && front.host === back.host) score += 3
  if (front.bodyLength > 0 && front.bodyLength === back.bodyLength) score += 5
  return { score, strength, by }
}

/** Points for the request target: the same, or one a rewritten form of the other (a prefix stripped or added). */
function sameTarget(front: Exchange, back: Exchange): number {
  if (front.target === '' || back.target === '') return 0
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

/** /shop/items.php?id=1 → /shop?id=1: a gateway that tells the application its own part of the path alone. */
function isBeginning(front: string, back: string): boolean {
  const [path, query] = split(originForm(front))
  const [part, rest] = split(originForm(back))
  return part.length > 1 && path.startsWith(part) && path[part.length] === '/' && query === rest
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

/** Address without port and brackets; an IPv4-mapped one (RFC 4291 section 2.5.5.2) as the packets have it. */
export function bareAddress(node: string): string {
  if (node.startsWith('[') && node.indexOf(']') > 1) return unmapped(node.slice(1, node.indexOf(']')))
  const colon = node.indexOf(':')
  return colon > 0 && /^:\d+$/.test(node.slice(colon)) ? node.slice(0, colon) : unmapped(node)
}

const unmapped = (address: string): string => (address.startsWith('::ffff:') ? address.slice(7) : address)

const looksLikeAddress = (text: string): boolean => /^[0-9a-f.:]+$/i.test(text) && /[.:]/.test(text)

/** How far clocks that were aligned may still be apart. */
export const START_NS = 0.5e6
/** Times of one host taken on two interfaces differ by less. */
const JITTER_NS = 20e3

/**
 * Whether the request can have caused the try: it takes at least as long. Of two like exchanges that lie close in time
 * this tells which is the outer one, even when the clocks differ a little.
 */
export function contains(roles: Roles, request: number, attempt: number): boolean {
  const { requests, tries } = roles
  if (tries.asked[attempt] < requests.start[request] - START_NS) return false
  // An answer that the proxy got, it got before its own; when it closes a connection that failed, nobody knows.
  if (tries.answered[attempt] === 0 || tries.end[attempt] === Infinity) return true
  // Nor is it known of a request that its client gave up; one that its server reset was over then.
  const isReset = requests.exchange[request]!.detail?.streamReset?.from === SERVER
  if (requests.answered[request] === Infinity && !isReset) return true
  return (
    requests.end[request] - requests.start[request] >=
    tries.end[attempt] - startFor(roles, request, attempt) - JITTER_NS
  )
}

/** When a try began, if it was for this request: a connection opened for another one may be used for this one first. */
function startFor({ requests, tries }: Roles, request: number, attempt: number): number {
  const start = tries.start[attempt]
  return start < requests.start[request] - START_NS ? tries.asked[attempt] : start
}

/** How well a try fits a request, by row; null when something forbids it. */
export function fitOf(roles: Roles, request: number, attempt: number): Fit | null {
  if (!contains(roles, request, attempt)) return null
  const { requests, tries } = roles
  const back = tries.exchange[attempt]
  const time = closeness(roles, request, attempt)
  const over = requests.sighting[request]!.connection
  const behind = tries.sighting[attempt]?.connection
  // A connection that failed is followed by an error, or by another try.
  const isFailed = requests.exchange[request]!.status === 0 || requests.exchange[request]!.status >= 500
  if (back === null) return fitWithoutRequest(over, behind, time + (isFailed ? FAILED_POINTS : 0))
  const front = requests.exchange[request]!
  const fit = likeness(front, back, over, behind!)
  if (fit === null) return null
  fit.score += outcome(front, back, tries.answered[attempt] === 1)
  fit.score += time
  if (fit.by === 'time' && (isUnread(front) || isUnread(back)) && fits(roles, request, attempt)) {
    fit.strength = 'likely'
    fit.by = TIGHT_TIME
  }
  return fit
}

/** What joins a try to a request where neither's words can be compared. */
export const TIGHT_TIME = 'tight time'

/** A proxy passes on, answers, and turns to its next try within this time. */
export const TURN_NS = 50e6
/** And to the same server within this time (HAProxy waits 1 s). */
export const AGAIN_NS = 1.5e9

/** Whether a try begins as its request does, and the answer follows its end. */
export function fits(roles: Roles, request: number, attempt: number): boolean {
  const { requests, tries } = roles
  const answered = requests.answered[request]
  if (!begins(roles, request, attempt)) return false
  // An answer is passed on as it comes, or made when the try has failed.
  if (isTurn(answered - tries.end[attempt])) return true
  const exchange = tries.exchange[attempt]
  if (exchange === null || tries.answered[attempt] === 0) return false
  return isTurn(answered - tries.asked[attempt] - (exchange.response.time - exchange.request.time))
}

/** Whether a try begins as its request does, or once that is whole. */
export function begins(roles: Roles, request: number, attempt: number): boolean {
  const { requests } = roles
  const since = startFor(roles, request, attempt) - requests.start[request]
  const { request: first, requestEnd } = requests.exchange[request]!
  return isTurn(since) || (requestEnd.time >= 0 && isTurn(since - (requestEnd.time - first.time)))
}

const isTurn = (gap: number): boolean => gap >= -START_NS && gap <= TURN_NS

/** A good answer is passed on as it is, a failed try ends in an error of the proxy or in another try. */
function outcome(front: Exchange, back: Exchange, answered: boolean): number {
  if (isSealed(front)) return 0
  // What the sealed answer said is unknown; one that was good is not followed by an error of the proxy's.
  if (answered && isSealed(back)) return front.status > 0 && front.status < 500 ? 12 : 0
  if (answered && back.detail?.responseFault == null) return back.status === front.status ? 12 : -12
  return front.status === 0 || front.status >= 500 ? 8 : -8
}

/** Up to 20 points for a try that starts with its request and ends with its answer, or as its client leaves; time decides between equals. */
function closeness(roles: Roles, request: number, attempt: number): number {
  const { requests, tries } = roles
  const startGap = Math.max(0, tries.start[attempt] - requests.start[request])
  const until = requests.until[request]
  const back = tries.exchange[attempt]
  const endGap = Math.abs(until - tries.end[attempt])
  // What seemed a whole answer inside TLS may have been its beginning.
  const leftGap = back !== null && isSealed(back) ? Math.abs(until - leftAt(roles, attempt)) : Infinity
  return near(startGap) + near(Math.min(endGap, leftGap))
}

/** When a proxy left the connection of a try: what it waited for may have been more of an answer that seemed whole. */
export function leftAt({ tries }: Roles, attempt: number): number {
  const exchange = tries.exchange[attempt]
  if (exchange === null) return Infinity
  const { connection } = tries.sighting[attempt]!
  if (exchange.ordinal < connection.exchangeCount - 1) return Infinity
  const since = Math.min(...endings(connection, CLIENT).map(({ time }) => time)) - startOfTry(connection, exchange)
  return tries.start[attempt] + since
}

/** 10 points at no gap, 0 from ten seconds on, falling with the logarithm: 1 ms is far better than 100 ms. */
function near(gap: number): number {
  if (!Number.isFinite(gap)) return 0
  return Math.max(0, 10 - 2 * Math.log10(1 + gap / 1e5))
}
