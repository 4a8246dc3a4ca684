// Step two of three: Observations of any number of captures become one Story.
import { type Connection, type Observations } from '../observe/observations.ts'
import type { Vantage } from '../report/document.ts'
import { alignClocks, joinConversations, orderSightings, turnsOf } from './conversations.ts'
import { assign, contains, likeness, originForm, RequestIndex } from './pairing.ts'
import { requestOf, type Shift, shiftOf, tryOfConnection, tryOfSearch, tryOfTurn } from './requests.ts'
import {
  clientView,
  type Conversation,
  type Proxy,
  type Request,
  serverView,
  type Story,
  type StoryCapture,
  type Try,
} from './story.ts'
import { nameVantages } from './vantage.ts'

export interface CorrelateOptions {
  /** Ids of the parts of each capture in the document; default: counted through. */
  ids?: readonly (readonly number[])[]
  /** What the user says about a capture (by index). */
  vantages?: ReadonlyMap<number, Vantage>
}

/** Port that a name server listens on. */
const DNS_PORT = 53
/** A request that fails because of a name is answered within this time of the lookup's end. */
const LOOKUP_SLACK_NS = 5e6

export function correlate(observations: readonly Observations[], options: CorrelateOptions = {}): Story {
  const conversations = joinConversations(observations)
  const clocks = alignClocks(observations, conversations)
  let part = 0
  const captures = observations.map((o, i): StoryCapture => {
    const ids = options.ids?.[i] ?? o.parts.map(() => part++)
    return { observations: o, shift: clocks[i].shift, clock: clocks[i].clock, ids: [...ids], vantages: [] }
  })
  orderSightings(conversations)
  alignByPairing(captures, conversations, clocks)
  const shift = shiftOf(captures)
  for (const conversation of conversations) {
    const times = conversation.sightings.map((s) => [s.connection.first.time, s.connection.last.time, shift(s.capture)])
    conversation.first = Math.min(...times.map(([first, , at]) => first + at))
    conversation.last = Math.max(...times.map(([, last, at]) => last + at))
  }
  quoteIcmp(captures, conversations, shift)

  const { requests, tries } = roles(captures, conversations, shift)
  const proxies = findProxies(requests, tries)
  const byFront = indexBy(requests, frontOf)
  const frontsOf = frontsByBack(proxies)
  assign(tries, (attempt) => openAmong(byFront, frontsOf.get(backAddress(attempt)) ?? [], attempt))
  attachLookups(captures, requests, proxies, shift)

  // A try that is itself a request to the next proxy carries that proxy's tries.
  const byTurn = new Map(requests.map((request) => [request.turn, request]))
  const fronts = new Set(proxies.map((proxy) => proxy.front))
  const isFront = (request: Request): boolean => fronts.has(frontOf(request))
  const hops = new Set<Request>()
  const paired = new Set<Try>()
  for (const request of requests) {
    for (const attempt of request.tries) {
      paired.add(attempt)
      const hop = attempt.turn === null ? undefined : byTurn.get(attempt.turn)
      if (hop !== undefined) hops.add(hop)
      if (hop === undefined || (hop.tries.length === 0 && !isFront(hop))) continue
      attempt.hop = hop
    }
  }
  const story: Story = {
    captures,
    conversations,
    proxies,
    requests: requests.filter((request) => !hops.has(request)).toSorted((a, b) => a.start - b.start),
    strays: tries.filter((attempt) => !paired.has(attempt)),
    faults: observations.flatMap((o, capture) =>
      o.parts.filter((p) => p.faults.length > 0).map((p) => ({ capture, file: p.file, faults: p.faults })),
    ),
  }
  nameVantages(story, options.vantages ?? new Map())
  return story
}

/** Every exchange is a request to its server and a possible try of its client. */
function roles(
  captures: readonly StoryCapture[],
  conversations: readonly Conversation[],
  shift: Shift,
): { requests: Request[]; tries: Try[] } {
  const requests: Request[] = []
  const tries: Try[] = []
  for (const conversation of conversations) {
    const turns = turnsOf(conversation)
    for (const turn of turns) {
      requests.push(requestOf(turn, shift))
      tries.push(tryOfTurn(turn, shift))
    }
    if (turns.length === 0 && conversation.sightings[0].connection.serverPort !== DNS_PORT) {
      const attempt = tryOfConnection(conversation, shift)
      if (attempt !== null) tries.push(attempt)
    }
  }
  captures.forEach(({ observations }, capture) => {
    for (const search of observations.neighbours) {
      if (search.answer === null && search.requests.length > 0) tries.push(tryOfSearch(capture, search, shift))
    }
  })
  return { requests, tries }
}

const frontOf = ({ turn }: Request): string => serverView(turn).sighting.connection.server

function indexBy(requests: readonly Request[], key: (request: Request) => string): Map<string, RequestIndex> {
  const groups = new Map<string, Request[]>()
  for (const request of requests) {
    const group = groups.get(key(request))
    if (group === undefined) groups.set(key(request), [request])
    else group.push(request)
  }
  return new Map([...groups].map(([name, group]) => [name, new RequestIndex(group)]))
}

/** Fronts of the proxies that connect from an address. */
function frontsByBack(proxies: readonly Proxy[]): Map<string, string[]> {
  const fronts = new Map<string, string[]>()
  for (const { front, backs } of proxies)
    for (const back of backs) fronts.set(back, [...(fronts.get(back) ?? []), front])
  return fronts
}

/** Requests to any of these fronts that are open when the try starts; never those to the very server it goes to. */
function openAmong(
  byFront: ReadonlyMap<string, RequestIndex>,
  fronts: readonly string[],
  attempt: Try,
): readonly Request[] {
  const server = attempt.conversation?.sightings[0].connection.server
  return fronts.flatMap((front) => (front === server ? [] : (byFront.get(front)?.openAt(attempt.start) ?? [])))
}

/** Votes for one pair of addresses after which likeness is taken for granted: it is known well enough. */
const ENOUGH_VOTES = 64

/** Votes for (front endpoint, back address). */
type Votes = Map<string, Map<string, number>>

function vote(votes: Votes, front: string, back: string, weight: number): void {
  const backs = votes.get(front) ?? new Map<string, number>()
  votes.set(front, backs.set(back, (backs.get(back) ?? 0) + weight))
}

/**
 * Who passes requests on to whom: a host that gets a request at one address and sends the like of it from the same or
 * another address while the first waits. Each likeness is a vote. Most proxies leave the target as it is; only where
 * that finds nothing, rewritten ones are looked for.
 */
function findProxies(requests: readonly Request[], tries: readonly Try[]): Proxy[] {
  const votes: Votes = new Map()
  const sameTarget = indexBy(requests, ({ turn }) => originForm(serverView(turn).exchange.target))
  const unlike = new Set<string>()
  for (const attempt of tries) {
    if (attempt.turn === null) continue
    const index = sameTarget.get(originForm(clientView(attempt.turn).exchange.target))
    if (index === undefined || !voteFor(votes, index, attempt)) unlike.add(backAddress(attempt))
  }
  for (const backs of votes.values()) for (const [back] of backs) unlike.delete(back)
  if (unlike.size > 0) {
    const all = new RequestIndex(requests)
    for (const attempt of tries)
      if (attempt.turn !== null && unlike.has(backAddress(attempt))) voteFor(votes, all, attempt)
  }
  const proxies = elect(votes, tries)
  guessFromConnections(requests, tries, proxies, votes)
  return elect(votes, tries)
}

/** Counts the likeness of a try to requests that were open when it started; false when there was none. */
function voteFor(votes: Votes, index: RequestIndex, attempt: Try): boolean {
  const { exchange: back, sighting } = clientView(attempt.turn!)
  const seen = new Set<string>()
  let found = false
  for (const request of index.openAt(attempt.start)) {
    if (request.turn.conversation === attempt.conversation) continue
    const { exchange: front, sighting: at } = serverView(request.turn)
    const { server } = at.connection
    if (seen.has(server) || !differentHosts(at.connection, sighting.connection) || !contains(request, attempt)) continue
    const { clientAddress } = sighting.connection
    const known = (votes.get(server)?.get(clientAddress) ?? 0) >= ENOUGH_VOTES
    const fit = known ? null : likeness(front, back, at.connection.clientAddress)
    if (!known && (fit === null || fit.strength === 'weak')) continue
    seen.add(server)
    found = true
    vote(votes, server, clientAddress, fit?.strength === 'sure' ? 3 : 1)
  }
  return found
}

/**
 * Takes the candidates with the most votes first, and among equals those whose addresses are nearer to each other.
 * Requests flow one way: a candidate that would send them in a circle is a like request by chance. One that is reached
 * over another proxy is that proxy's, not this one's.
 */
function elect(votes: Votes, tries: readonly Try[]): Proxy[] {
  const edges = [...votes].flatMap(([front, backs]) => {
    return [...backs].map(([back, count]) => ({ front, back, count, kinship: kinship(front, back) }))
  })
  edges.sort((a, b) => b.count - a.count || b.kinship - a.kinship)
  const flow = new Map<string, Set<string>>()
  const link = (from: string, to: string): void => {
    flow.set(from, (flow.get(from) ?? new Set()).add(to))
  }
  for (const { conversation } of tries) {
    const connection = conversation?.sightings[0].connection
    // Nodes of the flow: an address that sends requests, an endpoint that takes them.
    if (connection !== undefined && connection.exchanges.length > 0)
      link(`from ${connection.clientAddress}`, connection.server)
  }
  const taken: typeof edges = []
  for (const edge of edges) {
    const { front, back, count } = edge
    const rivals = taken.filter((other) => other.front === front || other.back === back)
    // A handful of votes beside hundreds, or as many for addresses further apart: somebody else's like requests.
    const lesser = rivals.some((r) => count * 20 < r.count || (count <= r.count * 2 && edge.kinship < r.kinship))
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

/** How many parts two addresses have in common: the two sides of one host are often numbered alike. */
function kinship(front: string, back: string): number {
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
    const [best] = [...addresses].toSorted((a, b) => b[1] - a[1])
    vote(votes, front, best[0], 1)
  }
}

/** Address from which a try was made. */
function backAddress(attempt: Try): string {
  if (attempt.search !== null) return attempt.search.search.from
  return attempt.conversation!.sightings[0].connection.clientAddress
}

/** Ties each ICMP error to the conversation whose packet it quotes. */
function quoteIcmp(captures: readonly StoryCapture[], conversations: readonly Conversation[], shift: Shift): void {
  const byEndpoints = new Map<string, Conversation[]>()
  for (const conversation of conversations) {
    for (const { connection } of conversation.sightings) {
      for (const key of [`${connection.client} ${connection.server}`, `${connection.server} ${connection.client}`]) {
        const list = byEndpoints.get(key)
        if (list === undefined) byEndpoints.set(key, [conversation])
        else if (!list.includes(conversation)) list.push(conversation)
      }
    }
  }
  captures.forEach(({ observations }, capture) => {
    for (const error of observations.icmpErrors) {
      const [source, destination] = [
        endpoint(error.source, error.sourcePort),
        endpoint(error.destination, error.destinationPort),
      ]
      const time = error.time + shift(capture)
      const found = byEndpoints.get(`${source} ${destination}`)?.findLast((c) => c.first <= time + 1e9)
      found?.icmp.push({ capture, error })
    }
  })
}

const endpoint = (address: string, port: number): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`

/** Lookups that a proxy made while a request waited; kept where they failed, or where no try followed. */
function attachLookups(
  captures: readonly StoryCapture[],
  requests: readonly Request[],
  proxies: readonly Proxy[],
  shift: Shift,
): void {
  const backs = new Map(proxies.map((proxy) => [proxy.front, proxy.backs]))
  const lookups = captures
    .flatMap(({ observations }, capture) =>
      observations.lookups.map((lookup) => ({
        capture,
        lookup,
        start: (lookup.queries[0] ?? lookup.answer!).time + shift(capture),
      })),
    )
    .toSorted((a, b) => a.start - b.start)
  if (lookups.length === 0) return
  for (const request of requests) {
    const { exchange, sighting } = serverView(request.turn)
    if (exchange.status > 0 && exchange.status < 500) continue
    const hosts = [sighting.connection.serverAddress, ...(backs.get(sighting.connection.server) ?? [])]
    const until = Math.min(request.answered, request.end)
    for (const { capture, lookup, start } of lookups) {
      if (start < request.start - LOOKUP_SLACK_NS || start > until + LOOKUP_SLACK_NS) continue
      // A proxy whose back side nobody has seen may ask from any of its addresses.
      const known =
        hosts.includes(lookup.client) || lookup.client.startsWith('127.') || !backs.has(sighting.connection.server)
      if (known && lookup.client !== sighting.connection.clientAddress) request.lookups.push({ capture, lookup })
    }
  }
}

/**
 * Captures of a proxy's two sides share no packets. Their clocks are taken to agree unless like requests on both sides
 * say otherwise: then the offset is the one at which most tries lie within their requests.
 */
function alignByPairing(
  captures: StoryCapture[],
  conversations: readonly Conversation[],
  clocks: readonly { joined: boolean }[],
): void {
  const loose = captures.flatMap((_, i) => (clocks[i].joined ? [] : [i]))
  for (const capture of loose) {
    const group = groupOf(capture, conversations)
    const anchors = captures.flatMap((_, i) => (i < capture && !group.has(i) ? [i] : []))
    const offset = offsetByPairing(captures, conversations, new Set(anchors), group)
    const own = captures[capture]
    if (offset !== null) {
      for (const member of group) captures[member].shift += offset.by
      own.clock = { offsetSeconds: -offset.by / 1e9, low: -offset.high / 1e9, high: -offset.low / 1e9 }
    }
    for (const member of group) loose.splice(loose.indexOf(member), loose.includes(member) ? 1 : 0)
  }
}

/** Captures that share conversations with `capture`, directly or over others. */
function groupOf(capture: number, conversations: readonly Conversation[]): Set<number> {
  const group = new Set([capture])
  for (let size = 0; size < group.size;) {
    size = group.size
    for (const { sightings } of conversations) {
      if (sightings.some((s) => group.has(s.capture))) for (const s of sightings) group.add(s.capture)
    }
  }
  return group
}

/** Votes for offsets are counted in steps of this size. */
const STEP_NS = 50e6
/** Pairs of like requests that are looked at; a busy capture has more than enough. */
const PAIR_LIMIT = 200_000

/** An exchange with its times, to be laid into another one. */
interface Timed {
  start: number
  end: number
  server: string
  key: string
}

function timedExchanges(
  captures: readonly StoryCapture[],
  conversations: readonly Conversation[],
  members: ReadonlySet<number>,
): Timed[] {
  return conversations.flatMap(({ sightings }) => {
    const sighting = sightings.find((s) => members.has(s.capture))
    if (sighting === undefined) return []
    const at = captures[sighting.capture].shift
    const { server, exchanges } = sighting.connection
    return exchanges.flatMap((x): Timed[] => {
      // Only exchanges that ended well end when they seem to.
      if (x.request.frame < 0 || x.method === '' || x.ended !== 'complete') return []
      const gone = sighting.connection.sides[0].fin ?? sighting.connection.sides[0].reset
      if (gone !== null && gone.time < x.response.time) return []
      return [
        { start: x.request.time + at, end: x.response.time + at, server, key: `${x.method} ${originForm(x.target)}` },
      ]
    })
  })
}

/** By how much `group` has to be shifted so that its exchanges lie in those of `anchors`, or they in them. */
function offsetByPairing(
  captures: readonly StoryCapture[],
  conversations: readonly Conversation[],
  anchors: ReadonlySet<number>,
  group: ReadonlySet<number>,
): { by: number; low: number; high: number } | null {
  const ours = groupByKey(timedExchanges(captures, conversations, anchors))
  const theirs = timedExchanges(captures, conversations, group)
  const bounds: { low: number; high: number; of: Timed }[] = []
  for (const of of theirs) {
    for (const mine of ours.get(of.key) ?? []) {
      if (mine.server === of.server || bounds.length > PAIR_LIMIT) continue
      const starts = mine.start - of.start
      const ends = mine.end - of.end
      bounds.push({ low: Math.min(starts, ends), high: Math.max(starts, ends), of })
    }
  }
  if (bounds.length === 0) return null
  const placed = (by: number): number =>
    new Set(bounds.filter((b) => b.low - JITTER_NS <= by && by <= b.high + JITTER_NS).map((b) => b.of)).size
  const steps = new Map<number, Set<Timed>>()
  for (const { low, high, of } of bounds) {
    const step = Math.round((low + high) / 2 / STEP_NS)
    steps.set(step, (steps.get(step) ?? new Set()).add(of))
  }
  const [best] = [...steps].toSorted((a, b) => b[1].size - a[1].size || Math.abs(a[0]) - Math.abs(b[0]))
  const members = bounds.filter((b) => Math.abs((b.low + b.high) / 2 / STEP_NS - best[0]) <= 1)
  const low = Math.max(...members.map((b) => b.low))
  const high = Math.min(...members.map((b) => b.high))
  const middles = members.map((b) => (b.low + b.high) / 2).toSorted((a, b) => a - b)
  const by = low <= high ? (low + high) / 2 : middles[middles.length >> 1]
  // Equal clocks need no proof; another offset has to explain clearly more.
  const atZero = placed(0)
  if (atZero * 2 > placed(by) || (placed(by) < 3 && overlap(ours, theirs))) return null
  return { by, low: Math.min(low, high), high: Math.max(low, high) }
}

/** What captures on one host, and delays between two near ones, may differ by. */
const JITTER_NS = 2e6

function overlap(ours: ReadonlyMap<string, readonly Timed[]>, theirs: readonly Timed[]): boolean {
  const mine = [...ours.values()].flat()
  const first = (list: readonly Timed[]): number => list.reduce((t, x) => Math.min(t, x.start), Infinity)
  const last = (list: readonly Timed[]): number => list.reduce((t, x) => Math.max(t, x.end), -Infinity)
  return first(mine) <= last(theirs) && first(theirs) <= last(mine)
}

function groupByKey(items: readonly Timed[]): Map<string, Timed[]> {
  const groups = new Map<string, Timed[]>()
  for (const item of items) {
    const group = groups.get(item.key)
    if (group === undefined) groups.set(item.key, [item])
    else group.push(item)
  }
  return groups
}
