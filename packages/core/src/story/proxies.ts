// Who is a proxy: which hosts pass requests on, at which address they get them and from which they send them.
import type { Connection, Exchange } from '../observe/observations.ts'
import { bareAddress, contains, indexBy, likeness, originForm, RequestIndex } from './pairing.ts'
import { backAddress, clientView, type Proxy, type Request, serverView, type Try } from './story.ts'

/**
 * Tries from one address that are looked at, evenly over the capture: a few hundred tell who it works for. Fewer where
 * rewritten targets are looked for, which means all requests; most addresses without like requests are clients.
 */
const SAMPLE = 512
const SAMPLE_REWRITTEN = 128

/** What speaks for one pair of front and back: likenesses counted, and how closely the tries lie in their requests. */
interface Edge {
  front: string
  back: string
  count: number
  /** Sum of the times, in nanoseconds, that requests began before and ended after the like tries, and their number. */
  gap: number
  gaps: number
}

/** By front endpoint, then back address. */
type Votes = Map<string, Map<string, Edge>>

function vote(votes: Votes, front: string, back: string, weight: number, gap = Infinity): void {
  let backs = votes.get(front)
  if (backs === undefined) votes.set(front, (backs = new Map()))
  let edge = backs.get(back)
  if (edge === undefined) backs.set(back, (edge = { front, back, count: 0, gap: 0, gaps: 0 }))
  edge.count += weight
  if (!Number.isFinite(gap)) return
  edge.gap += gap
  edge.gaps++
}

/**
 * Who passes requests on to whom: a host that gets a request at one address and sends the like of it from the same or
 * another address while the first waits. Each likeness is a vote. Most proxies leave the target as it is; only where
 * that finds nothing, rewritten ones are looked for.
 */
export function findProxies(requests: readonly Request[], tries: readonly Try[]): Proxy[] {
  const votes: Votes = new Map()
  const sameTarget = indexBy(requests, ({ turn }) => originForm(serverView(turn).exchange.target))
  const unlike = new Map<string, Try[]>()
  for (const [address, group] of triesByAddress(tries)) {
    let found = false
    forSample(group, SAMPLE, (attempt, weight) => {
      const index = sameTarget.get(originForm(clientView(attempt.turn!).exchange.target))
      if (index !== undefined && voteFor(votes, index, attempt, weight)) found = true
    })
    if (!found) unlike.set(address, group)
  }
  if (unlike.size > 0) {
    const all = new RequestIndex(requests)
    for (const group of unlike.values()) {
      forSample(group, SAMPLE_REWRITTEN, (attempt, weight) => voteFor(votes, all, attempt, weight))
    }
  }
  const proxies = elect(votes, tries)
  guessFromConnections(requests, tries, proxies, votes)
  return elect(votes, tries)
}

/** Tries that got as far as a request, by the address they came from. */
function triesByAddress(tries: readonly Try[]): Map<string, Try[]> {
  const groups = new Map<string, Try[]>()
  for (const attempt of tries) {
    if (attempt.turn === null) continue
    const address = backAddress(attempt)
    const group = groups.get(address)
    if (group === undefined) groups.set(address, [attempt])
    else group.push(attempt)
  }
  return groups
}

/** Looks at every n-th try, so that at most `most` are looked at; each stands for n of them. */
function forSample(tries: readonly Try[], most: number, look: (attempt: Try, weight: number) => unknown): void {
  const step = Math.ceil(tries.length / most)
  for (let i = 0; i < tries.length; i += step) look(tries[i], step)
}

/** Counts the likeness of a try to requests that were open when it started; false when there was none. */
function voteFor(votes: Votes, index: RequestIndex, attempt: Try, weight: number): boolean {
  const { exchange: back, sighting } = clientView(attempt.turn!)
  const seen = new Set<string>()
  let found = false
  for (const request of index.openAt(attempt.start)) {
    if (request.turn.conversation === attempt.conversation) continue
    const { exchange: front, sighting: at } = serverView(request.turn)
    // Nothing is passed on in no time: on one clock, what began together is not one after the other.
    if (at.capture === sighting.capture && attempt.start <= request.start) continue
    const { server } = at.connection
    if (seen.has(server) || !differentHosts(at.connection, sighting.connection) || !contains(request, attempt)) continue
    const { clientAddress } = sighting.connection
    if (cameBefore(front, at.connection, clientAddress)) continue
    const fit = likeness(front, back, at.connection.clientAddress)
    if (fit === null || fit.strength === 'weak') continue
    seen.add(server)
    found = true
    const gap = Math.max(0, attempt.start - request.start) + Math.max(0, request.end - attempt.end)
    vote(votes, server, clientAddress, fit.strength === 'sure' ? 3 * weight : weight, gap)
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
function elect(votes: Votes, tries: readonly Try[]): Proxy[] {
  const edges = [...votes.values()].flatMap((backs) => [...backs.values()])
  edges.sort((a, b) => b.count - a.count || compareGaps(a, b) || kinship(b) - kinship(a))
  const flow = new Map<string, Set<string>>()
  const link = (from: string, to: string): void => {
    flow.set(from, (flow.get(from) ?? new Set()).add(to))
  }
  for (const conversation of new Set(tries.map((attempt) => attempt.conversation))) {
    const connection = conversation?.sightings[0].connection
    // Nodes of the flow: an address that sends requests, an endpoint that takes them.
    if (connection !== undefined && connection.exchanges.length > 0)
      link(`from ${connection.clientAddress}`, connection.server)
  }
  const taken: typeof edges = []
  for (const edge of edges) {
    const { front, back, count } = edge
    const rivals = taken.filter((other) => other.front === front || other.back === back)
    const lesser = rivals.some((rival) => {
      // A handful of votes beside hundreds is somebody else's like request.
      const few = kinship(edge) < kinship(rival) ? 5 : 20
      if (count * few < rival.count) return true
      // Where several like sites are seen at once, all of them fit; a back belongs to the front that is numbered like it.
      return back === rival.back && compareGaps(edge, rival) === 0 && kinship(edge) < kinship(rival)
    })
    if (lesser || reaches(flow, `from ${back}`, front)) continue
    link(front, `from ${back}`)
    taken.push(edge)
  }
  const proxies = new Map<string, Proxy>()
  for (const { front, back, count } of taken) {
    const proxy = proxies.get(front)
    if (proxy === undefined) proxies.set(front, { front, backs: [back], joined: count })
    else proxy.backs.push(back)
  }
  for (const proxy of proxies.values()) {
    const { backs } = proxy
    proxy.backs = backs.filter(
      (back) => !backs.some((via) => via !== back && reaches(flow, `from ${via}`, `from ${back}`)),
    )
  }
  return [...proxies.values()]
}

/** Gaps within this of each other, and a hundredth of their size, are the same. */
const SAME_GAP_NS = 2e3

function compareGaps(a: Edge, b: Edge): number {
  if (a.gaps === 0 || b.gaps === 0) return 0
  const [mine, theirs] = [a.gap / a.gaps, b.gap / b.gaps]
  return Math.abs(mine - theirs) <= SAME_GAP_NS + Math.max(mine, theirs) / 100 ? 0 : mine - theirs
}

/** How many parts two addresses have in common: the two sides of one host are often numbered alike. */
function kinship({ front, back }: Edge): number {
  const a = front.slice(0, front.lastIndexOf(':')).split(/[.:]/)
  const b = back.split(/[.:]/)
  return a.filter((part, i) => part === b[i]).length
}

/** Whether requests can flow from one node to the other. */
function reaches(flow: ReadonlyMap<string, ReadonlySet<string>>, from: string, to: string): boolean {
  const seen = new Set([from])
  for (const node of seen) {
    if (node === to) return true
    for (const next of flow.get(node) ?? []) seen.add(next)
  }
  return false
}

/** The leg behind a proxy has another server, and not the same client, unless that is the proxy's own host. */
function differentHosts(front: Connection, back: Connection): boolean {
  if (front.server === back.server) return false
  return front.clientAddress !== back.clientAddress || back.clientAddress === front.serverAddress
}

/**
 * Where no request got through, nothing is alike. Then a host that opens connections only while failed requests wait
 * is taken for the proxy: first of all the very address the request went to, else the one that most of them share.
 */
function guessFromConnections(
  requests: readonly Request[],
  tries: readonly Try[],
  proxies: readonly Proxy[],
  votes: Votes,
): void {
  const backs = new Set(proxies.flatMap((proxy) => proxy.backs))
  const orphans = requests.filter((request) => {
    const { exchange, sighting } = serverView(request.turn)
    // An upstream that opens connections of its own is no proxy for that.
    if (backs.has(sighting.connection.clientAddress)) return false
    return !votes.has(sighting.connection.server) && (exchange.status >= 500 || exchange.status === 0)
  })
  if (orphans.length === 0) return
  const index = new RequestIndex(orphans)
  const counts: Votes = new Map()
  for (const attempt of tries) {
    if (attempt.turn !== null && clientView(attempt.turn).exchange.status > 0) continue
    const address = backAddress(attempt)
    for (const request of index.openAt(attempt.start)) {
      const { connection } = serverView(request.turn).sighting
      if (attempt.conversation === request.turn.conversation || attempt.start < request.start) continue
      if (address === connection.clientAddress && address !== connection.serverAddress) continue
      if (attempt.conversation?.sightings[0].connection.server === connection.server) continue
      vote(counts, connection.server, address, address === connection.serverAddress ? 100 : 1)
    }
  }
  for (const [front, addresses] of counts) {
    const [best] = [...addresses.values()].toSorted((a, b) => b.count - a.count)
    vote(votes, front, best.back, 1)
  }
}
