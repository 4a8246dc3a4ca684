// Who is a proxy: which hosts pass requests on, at which address they get them and from which they send them.
import { type Connection, type Exchange, isSealed } from '../observe/observations.ts'
import { grouped } from './grouped.ts'
import { outlasting } from './outlasts.ts'
import { type OpenIndex, OpenRequests, RequestGroups } from './open-requests.ts'
import { bareAddress, begins, contains, fits, likeness, originForm } from './pairing.ts'
import { backOf, isMeant, type Roles } from './requests.ts'
import type { Conversation, Proxy } from './story.ts'

/**
 * Tries from one address that are looked at, evenly over the capture: a hundred tell who it works for. Fewer where
 * rewritten targets are looked for, which means all requests; most addresses without like requests are clients.
 */
const SAMPLE = 128
const SAMPLE_REWRITTEN = 48

/** What speaks for one pair of front and back: likenesses counted, and how closely the tries lie in their requests. */
interface Edge {
  front: string
  back: string
  /** How many parts the two addresses have in common: the two sides of one host are often numbered alike. */
  kinship: number
  count: number
  /** Sum of the times, in nanoseconds, that requests began before and ended after the like tries, and their number. */
  gap: number
  gaps: number
}

const NONE: ReadonlySet<number> = new Set()

/** By front endpoint, then back address. */
type Votes = Map<string, Map<string, Edge>>

function vote(votes: Votes, front: string, back: string, weight: number, gap = Infinity): void {
  let backs = votes.get(front)
  if (backs === undefined) votes.set(front, (backs = new Map()))
  let edge = backs.get(back)
  if (edge === undefined)
    backs.set(back, (edge = { front, back, kinship: kinship(front, back), count: 0, gap: 0, gaps: 0 }))
  edge.count += weight
  if (!Number.isFinite(gap)) return
  edge.gap += gap
  edge.gaps++
}

/**
 * Who passes requests on to whom: a host that gets a request at one address and sends the like of it from the same or
 * another address while the first waits. Each likeness is a vote. Most proxies leave the target as it is; only where
 * that finds nothing, rewritten ones are looked for, and not among what an address reaches itself. `clocks`: a number for
 * each capture, the same where anything ties them.
 */
export function findProxies(
  roles: Roles,
  order: readonly number[],
  conversations: readonly Conversation[],
  clocks: readonly number[],
): Proxy[] {
  const { requests, tries } = roles
  const votes: Votes = new Map()
  const byTarget = new RequestGroups(roles)
  for (const row of order) byTarget.add(originForm(requests.exchange[row]!.target), row)
  const unlike: [address: string, group: number[]][] = []
  for (const [address, group] of triesByAddress(roles)) {
    let found = false
    forSample(group, SAMPLE, (attempt, weight) => {
      const index = byTarget.get(originForm(tries.exchange[attempt]!.target))
      if (index !== undefined && voteFor(votes, roles, index, attempt, weight)) found = true
    })
    if (!found) unlike.push([address, group])
  }
  const mayHold = outlasting(roles, clocks)
  for (const [front, backs] of votes) for (const back of backs.keys()) if (!mayHold(front, back)) backs.delete(back)
  const flow = flowOf(conversations)
  if (unlike.length > 0) {
    const all = new OpenRequests(roles, order)
    const isSealedSeen = order.some((row) => isSealed(requests.exchange[row]!))
    const reach = reachOver(elect(votes, flow), flow)
    for (const [address, group] of unlike) {
      const behind = serversIn(roles, reach(address))
      if (behind.size === roles.servers.size) continue
      let found = false
      forSample(group, SAMPLE_REWRITTEN, (attempt, weight) => {
        if (voteFor(votes, roles, all, attempt, weight, behind)) found = true
      })
      if (!found && isSealedSeen) voteByTime(votes, roles, all, group, behind)
    }
  }
  guessFromConnections(roles, order, elect(votes, flow), votes)
  const proxies = elect(votes, flow)
  return [...proxies, ...sealedSiblings(roles, order, proxies, flow)]
}

/**
 * What listens at the address of a known proxy, and speaks TLS that nobody can read, is taken for its other front: the
 * few requests there that fail are like no try. Not what the proxy itself connects to: an application on its host.
 */
function sealedSiblings(roles: Roles, order: readonly number[], proxies: readonly Proxy[], flow: Flow): Proxy[] {
  const walk = new Walk()
  const known = new Set(proxies.map(({ front }) => front))
  const isSealedFront = new Map<string, boolean>()
  const addresses = new Map<string, string>()
  for (const row of order) {
    const { server, serverAddress } = roles.requests.sighting[row]!.connection
    const sofar = isSealedFront.get(server) ?? !known.has(server)
    isSealedFront.set(server, sofar && isSealed(roles.requests.exchange[row]!))
    addresses.set(server, serverAddress)
  }
  return [...isSealedFront].flatMap(([front, isSibling]): Proxy[] => {
    if (!isSibling) return []
    const own = proxies.filter((proxy) => bareAddress(proxy.front) === addresses.get(front))
    const backs = [...new Set(own.flatMap((proxy) => proxy.backs))]
    const isBehind = backs.some((back) => walk.from(flow, `from ${back}`)?.has(front) ?? true)
    return backs.length === 0 || isBehind ? [] : [{ front, backs, joined: 0 }]
  })
}

/** Of tries that only time joins to requests, at least this share begins and ends with one. By chance some do as well. */
const SHARE_BY_TIME = 0.5

/** Counts tries that begin and end as requests do, where that is the rule for those at one server. */
function voteByTime(
  votes: Votes,
  roles: Roles,
  index: OpenIndex,
  group: readonly number[],
  behind: ReadonlySet<number>,
): void {
  const serverOf = (row: number): string => roles.conversations[row]!.sightings[0].connection.server
  for (const tries of grouped(group, serverOf).values()) {
    const found: Votes = new Map()
    let looked = 0
    forSample(tries, SAMPLE_REWRITTEN, (attempt, weight) => {
      looked += weight
      voteFor(found, roles, index, attempt, weight, behind, true)
    })
    for (const [front, backs] of found) {
      for (const { back, count, gap, gaps } of backs.values()) {
        if (count >= looked * SHARE_BY_TIME) vote(votes, front, back, count, gaps > 0 ? gap / gaps : Infinity)
      }
    }
  }
}

/** Tries that got as far as a request, in groups by the address they came from. */
function triesByAddress(roles: Roles): Map<string, number[]> {
  const rows: number[] = []
  for (let row = 0; row < roles.count; row++) if (!roles.bare.has(row)) rows.push(row)
  return grouped(rows, (row) => backOf(roles, row))
}

/** Looks at every n-th try, so that at most `most` are looked at; each stands for n of them. */
function forSample(tries: readonly number[], most: number, look: (attempt: number, weight: number) => unknown): void {
  const step = Math.ceil(tries.length / most)
  for (let i = 0; i < tries.length; i += step) look(tries[i], step)
}

/**
 * Counts the likeness of a try to requests that were open when it started; false when there was none. None of the servers
 * `behind` its sender, by number, made it. `byTime`: where one of the two is sealed, that it begins and ends with the
 * request speaks for it.
 */
function voteFor(
  votes: Votes,
  roles: Roles,
  index: OpenIndex,
  attempt: number,
  weight: number,
  behind: ReadonlySet<number> = NONE,
  byTime = false,
): boolean {
  const { requests, tries, conversations } = roles
  const back = tries.exchange[attempt]!
  const { capture, connection } = tries.sighting[attempt]!
  const seen = new Set<number>()
  let found = false
  for (const request of index.at(tries.asked[attempt])) {
    // First what costs least: most requests went where this one went, or were over before it.
    const server = requests.server[request]
    if (server === tries.server[attempt] || !contains(roles, request, attempt)) continue
    if (behind.has(server) || seen.has(server) || conversations[request] === conversations[attempt]) continue
    const front = requests.exchange[request]!
    const at = requests.sighting[request]!
    // Nothing is passed on in no time: on one clock, what began together is not one after the other.
    if (at.capture === capture && tries.asked[attempt] <= requests.start[request]) continue
    if (!differentHosts(at.connection, connection)) continue
    if (cameBefore(front, at.connection, connection.clientAddress)) continue
    const fit = likeness(front, back, at.connection, connection)
    if (fit === null) continue
    const isTight = byTime && (isSealed(front) || isSealed(back)) && fits(roles, request, attempt)
    if (fit.strength === 'weak' && !isTight) continue
    seen.add(server)
    found = true
    const before = Math.max(0, tries.start[attempt] - requests.start[request])
    const gap = before + Math.max(0, requests.end[request] - tries.end[attempt])
    vote(votes, at.connection.server, connection.clientAddress, fit.strength === 'sure' ? 3 * weight : weight, gap)
  }
  return found
}

/** Whether the request says itself that it was forwarded for the very host that is to have made the try. */
function cameBefore({ forwardedFor }: Exchange, at: Connection, sender: string): boolean {
  return forwardedFor !== null && sender !== at.serverAddress && bareAddress(forwardedFor) === sender
}

/**
 * Takes the candidates with the most votes first; among equals those whose tries lie closest in their requests (the next
 * proxy of a chain before the one after it), then those whose addresses are nearer to each other. Requests flow one way:
 * a candidate that would send them in a circle is a like request by chance. One that is reached over another proxy is
 * that proxy's, not this one's.
 */
function elect(votes: Votes, flowSeen: Flow): Proxy[] {
  const edges = [...votes.values()].flatMap((backs) => [...backs.values()])
  edges.sort((a, b) => b.count - a.count || compareGaps(a, b) || b.kinship - a.kinship)
  const flow = copyOf(flowSeen)
  const walk = new Walk()
  const atFront = new Map<string, Edge[]>()
  const atBack = new Map<string, Edge[]>()
  for (const edge of edges) {
    const { front, back, kinship: kin, count } = edge
    const sameFront = atFront.get(front) ?? []
    const sameBack = atBack.get(back) ?? []
    // A handful of votes beside hundreds is somebody else's like request.
    const isFew = (rival: Edge): boolean => count * (kin < rival.kinship ? 5 : 20) < rival.count
    // Where several like sites are seen at once, all of them fit; a back belongs to the front that is numbered like it.
    const isUnlike = (rival: Edge): boolean => kin < rival.kinship && compareGaps(edge, rival) === 0
    if (sameFront.some(isFew) || sameBack.some((rival) => isFew(rival) || isUnlike(rival))) continue
    if (walk.from(flow, `from ${back}`)?.has(front) ?? true) continue
    link(flow, front, `from ${back}`)
    sameFront.push(edge)
    sameBack.push(edge)
    atFront.set(front, sameFront)
    atBack.set(back, sameBack)
  }
  return [...atFront].map(([front, taken]): Proxy => {
    const backs = taken.map(({ back }) => back)
    // One that is reached over another of them is that one's, not this proxy's.
    const behind = new Set(
      backs.length === 1 ? [] : backs.flatMap((back) => [...(walk.from(flow, `from ${back}`) ?? [])].slice(1)),
    )
    return { front, backs: backs.filter((back) => !behind.has(`from ${back}`)), joined: taken[0].count }
  })
}

/** Where requests flow: nodes are addresses that send them (`from ...`) and endpoints that take them. */
type Flow = Map<string, Set<string>>

function flowOf(conversations: readonly Conversation[]): Flow {
  const flow: Flow = new Map()
  for (const { sightings } of conversations) {
    if (!sightings.some(({ connection }) => connection.exchangeCount > 0)) continue
    // Behind address translation either end has a name at each capture.
    for (const at of sightings)
      for (const { connection } of sightings) link(flow, `from ${at.connection.clientAddress}`, connection.server)
  }
  return flow
}

/** The nodes that requests from an address reach, over proxies that are known; null where that takes too long to say. */
function reachOver(proxies: readonly Proxy[], flowSeen: Flow): (address: string) => ReadonlySet<string> | null {
  const flow = copyOf(flowSeen)
  for (const { front, backs } of proxies) for (const back of backs) link(flow, front, `from ${back}`)
  const walk = new Walk()
  return (address) => walk.from(flow, `from ${address}`)
}

/** The servers among nodes, by number. */
function serversIn({ servers }: Roles, nodes: ReadonlySet<string> | null): Set<number> {
  const numbers = new Set<number>()
  for (const node of nodes ?? []) {
    const number = servers.get(node)
    if (number !== undefined) numbers.add(number)
  }
  return numbers
}

const copyOf = (flow: Flow): Flow => new Map([...flow].map(([from, to]) => [from, new Set(to)]))

function link(flow: Flow, from: string, to: string): void {
  const known = flow.get(from)
  if (known === undefined) flow.set(from, new Set([to]))
  else known.add(to)
}

/** Steps from node to node in one election: a chain of a hundred proxies that share an identifier takes a tenth of them. */
const MOST_STEPS = 2e7

class Walk {
  #left = MOST_STEPS

  /** Nodes that requests can flow to, itself among them; null where too many steps were taken to say so. */
  from(flow: Flow, start: string): ReadonlySet<string> | null {
    const seen = new Set([start])
    for (const node of seen) {
      const next = flow.get(node)
      if (next === undefined) continue
      this.#left -= next.size
      if (this.#left < 0) return null
      for (const one of next) seen.add(one)
    }
    return seen
  }
}

/** Gaps within this of each other, and a hundredth of their size, are the same. */
const SAME_GAP_NS = 2e3

function compareGaps(a: Edge, b: Edge): number {
  if (a.gaps === 0 || b.gaps === 0) return 0
  const [mine, theirs] = [a.gap / a.gaps, b.gap / b.gaps]
  return Math.abs(mine - theirs) <= SAME_GAP_NS + Math.max(mine, theirs) / 100 ? 0 : mine - theirs
}

/** What cannot be read may have gone well. A connection that was never opened, and given up with the request, tells. */
function isInVain(roles: Roles, request: number, attempt: number): boolean {
  if (!roles.bare.has(attempt) || !begins(roles, request, attempt) || !isMeant(roles, attempt)) return false
  return roles.tries.end[attempt] === Infinity || fits(roles, request, attempt)
}

function kinship(front: string, back: string): number {
  const a = front.slice(0, front.lastIndexOf(':')).split(/[.:]/)
  const b = back.split(/[.:]/)
  return a.filter((part, i) => part === b[i]).length
}

/** The leg behind a proxy has another server, and not the same client, unless that is the proxy's own host. */
function differentHosts(front: Connection, back: Connection): boolean {
  if (front.server === back.server) return false
  return front.clientAddress !== back.clientAddress || back.clientAddress === front.serverAddress
}

/** 502 and 504 are what a gateway says of a server further in (RFC 9110 sections 15.6.3 and 15.6.5). */
const isGateways = (status: number): boolean => status === 502 || status === 504

/**
 * Where no request got through, nothing is alike. Then a host that opens connections only while failed requests wait
 * is taken for the proxy: first of all the very address the request went to, else the one that most of them share.
 */
function guessFromConnections(roles: Roles, order: readonly number[], proxies: readonly Proxy[], votes: Votes): void {
  const { requests, tries, conversations, count } = roles
  const backs = new Set(proxies.flatMap((proxy) => proxy.backs))
  // An upstream that opens connections of its own is no proxy for that; it is one when it answers as only gateways do, and
  // what it opened came to nothing.
  const isBehind = (row: number): boolean => backs.has(requests.sighting[row]!.connection.clientAddress)
  const orphans = order.filter((row) => {
    const { status } = requests.exchange[row]!
    if (status > 0 && status < 500) return false
    return (!isBehind(row) || isGateways(status)) && !votes.has(requests.sighting[row]!.connection.server)
  })
  if (orphans.length === 0) return
  const index = new OpenRequests(roles, orphans)
  const counts: Votes = new Map()
  for (let attempt = 0; attempt < count; attempt++) {
    if ((tries.exchange[attempt]?.status ?? 0) > 0) continue
    const address = backOf(roles, attempt)
    const conversation = conversations[attempt]
    for (const request of index.at(tries.asked[attempt])) {
      const { connection } = requests.sighting[request]!
      if (conversations[request] === conversation || tries.asked[attempt] < requests.start[request]) continue
      if (address === connection.clientAddress && address !== connection.serverAddress) continue
      if (conversation?.sightings[0].connection.server === connection.server) continue
      if (isBehind(request) && address !== connection.serverAddress) continue
      const isDoubtful = isBehind(request) || isSealed(requests.exchange[request]!)
      if (isDoubtful && !isInVain(roles, request, attempt)) continue
      vote(counts, connection.server, address, address === connection.serverAddress ? 100 : 1)
    }
  }
  for (const [front, addresses] of counts) {
    const [best] = [...addresses.values()].toSorted((a, b) => b.count - a.count)
    vote(votes, front, best.back, 1)
  }
}
