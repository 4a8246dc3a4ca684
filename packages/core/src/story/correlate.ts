// Step two of three: Observations of any number of captures become one Story.
import type { Observations } from '../observe/observations.ts'
import type { Clock, Vantage } from '../report/document.ts'
import { assign, type FindOpen, type Pairs } from './assign.ts'
import { alignClocks } from './clocks/align.ts'
import { describeClocks } from './clocks/describe.ts'
import { clockGroups } from './clocks/ties.ts'
import { toStory } from './clocks/time.ts'
import { joinConversations, orderSightings } from './conversations.ts'
import { RequestGroups } from './open-requests.ts'
import { findProxies } from './proxies.ts'
import { backOf, inOrder, type Roles, rolesOf } from './requests.ts'
import { type Conversation, type Proxy, type Request, serverView, type Story, type StoryCapture } from './story.ts'
import { troubled } from './trouble.ts'
import { type Legs, nameVantages } from './vantage.ts'

export interface CorrelateOptions {
  /** Ids of the parts of each capture in the document; default: counted through. */
  ids?: readonly (readonly number[])[]
  /** What the user says about a capture (by index). */
  vantages?: ReadonlyMap<number, Vantage>
}

/** Of the first capture, and of one that nothing ties to it. */
const ITS_OWN = { by: null, driftPpm: null, isContradictory: false }
const FIRST_CLOCK: Clock = { offsetSeconds: 0, low: 0, high: 0, ...ITS_OWN, steps: [] }
const UNKNOWN_CLOCK: Clock = { offsetSeconds: null, low: null, high: null, ...ITS_OWN, steps: [] }

/** A request that fails because of a name is answered within this time of the lookup's end. */
const LOOKUP_SLACK_NS = 5e6

export function correlate(observations: readonly Observations[], options: CorrelateOptions = {}): Story {
  const conversations = joinConversations(observations)
  let part = 0
  const captures = observations.map((o, i): StoryCapture => {
    const ids = options.ids?.[i] ?? o.parts.map(() => part++)
    return {
      observations: o,
      pieces: [],
      settings: [],
      clock: i === 0 ? FIRST_CLOCK : UNKNOWN_CLOCK,
      ids: [...ids],
      vantages: [],
      supposed: [],
    }
  })
  orderSightings(conversations)
  const ties = alignClocks(captures, conversations)
  describeClocks(captures, ties)
  for (const conversation of conversations) {
    for (const { capture, connection } of conversation.sightings) {
      conversation.first = Math.min(conversation.first, toStory(captures[capture], connection.first.time))
      conversation.last = Math.max(conversation.last, toStory(captures[capture], connection.last.time))
    }
  }
  quoteIcmp(captures, conversations)

  const roles = rolesOf(captures, conversations)
  const order = inOrder(roles)
  const proxies = findProxies(roles, order, conversations, clockGroups(captures.length, ties))
  const fronts = new Set(proxies.map((proxy) => proxy.front))
  const known = proxies.filter(({ joined }) => joined > 0)
  const guessed = proxies.filter(({ joined }) => joined === 0)
  const pairs = assign(
    roles,
    [known, guessed].map((some) => openAtProxies(roles, order, some)),
  )
  const { requests, served, strays, all } = troubled(roles, pairs, fronts)
  attachLookups(captures, all, proxies)
  nameVantages(captures, conversations, legsOf(roles, pairs, fronts), options.vantages ?? new Map())
  const faults = observations.flatMap((o, capture) =>
    o.parts.filter((p) => p.faults.length > 0).map((p) => ({ capture, file: p.file, faults: p.faults })),
  )
  return { captures, ties, conversations, proxies, requests, served, strays, faults }
}

/** Finds the requests, open when a try starts, to the proxies that connect from where it came. */
function openAtProxies(roles: Roles, order: readonly number[], proxies: readonly Proxy[]): FindOpen {
  if (proxies.length === 0) return () => {}
  const { requests, tries, conversations } = roles
  const all = new RequestGroups(roles)
  // A request went to one front.
  const before = new Int32Array(roles.count)
  const byTarget = new Map(proxies.map(({ front }) => [front, new RequestGroups(roles, before)]))
  for (const row of order) {
    const front = requests.sighting[row]!.connection.server
    const targets = byTarget.get(front)
    if (targets === undefined) continue
    all.add(front, row)
    targets.add(requests.exchange[row]!.target, row)
  }
  const frontsOf = frontsByBack(proxies)
  return (attempt, found) => {
    const fronts = frontsOf.get(backOf(roles, attempt))
    if (fronts === undefined) return
    // Never those to the very server it goes to.
    const server = conversations[attempt]?.sightings[0].connection.server
    const exchange = tries.exchange[attempt]
    const start = tries.asked[attempt]
    // Where some of the requests have the very target of the try, the others need not be compared with it: unless it
    // carries identifiers, which count for more.
    if (exchange !== null && exchange.ids.length === 0) {
      for (const front of fronts) if (front !== server) byTarget.get(front)!.get(exchange.target)?.at(start, found)
    }
    if (found.length > 0) return
    for (const front of fronts) if (front !== server) all.get(front)?.at(start, found)
  }
}

/** Fronts of the proxies that connect from an address. */
function frontsByBack(proxies: readonly Proxy[]): Map<string, string[]> {
  const fronts = new Map<string, string[]>()
  for (const { front, backs } of proxies)
    for (const back of backs) fronts.set(back, [...(fronts.get(back) ?? []), front])
  return fronts
}

/** Conversations on which requests reached a proxy, and those on which it tried to serve them. */
function legsOf({ conversations, requests, count }: Roles, pairs: Pairs, fronts: ReadonlySet<string>): Legs {
  const legs = { fronts: new Set<Conversation>(), backs: new Set<Conversation>() }
  for (let attempt = 0; attempt < count; attempt++) {
    if (pairs.request[attempt] < 0) continue
    legs.fronts.add(conversations[pairs.request[attempt]]!)
    const back = conversations[attempt]
    if (back === null) continue
    legs.backs.add(back)
    // The next proxy of a chain.
    if (fronts.has(requests.sighting[attempt]?.connection.server ?? '')) legs.fronts.add(back)
  }
  return legs
}

/** Ties each ICMP error to the conversation whose packet it quotes. */
function quoteIcmp(captures: readonly StoryCapture[], conversations: readonly Conversation[]): void {
  const quotes = captures.flatMap(({ observations }, capture) =>
    observations.icmpErrors.map((error) => {
      const source = endpoint(error.source, error.sourcePort)
      return { capture, error, leg: `${source} ${endpoint(error.destination, error.destinationPort)}` }
    }),
  )
  if (quotes.length === 0) return
  const byLeg = new Map(quotes.map(({ leg }): [string, Conversation[]] => [leg, []]))
  for (const conversation of conversations) {
    for (const { connection } of conversation.sightings) {
      for (const leg of [`${connection.client} ${connection.server}`, `${connection.server} ${connection.client}`]) {
        const list = byLeg.get(leg)
        if (list !== undefined && list.at(-1) !== conversation) list.push(conversation)
      }
    }
  }
  for (const { capture, error, leg } of quotes) {
    const time = toStory(captures[capture], error.time)
    const quoted = byLeg.get(leg)!.findLast((c) => c.first <= time + 1e9)
    // The empty list is the same one of all.
    if (quoted?.icmp.length === 0) quoted.icmp = [{ capture, error }]
    else quoted?.icmp.push({ capture, error })
  }
}

const endpoint = (address: string, port: number): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`

/** Lookups that a proxy made while a request waited; kept where they failed, or where no try followed. */
function attachLookups(
  captures: readonly StoryCapture[],
  requests: readonly Request[],
  proxies: readonly Proxy[],
): void {
  const backs = new Map(proxies.map((proxy) => [proxy.front, proxy.backs]))
  const lookups = captures
    .flatMap((at, capture) =>
      at.observations.lookups.map((lookup) => ({
        capture,
        lookup,
        start: toStory(at, (lookup.queries[0] ?? lookup.answer!).time),
      })),
    )
    .toSorted((a, b) => a.start - b.start)
  if (lookups.length === 0) return
  for (const request of requests) {
    const { exchange, sighting } = serverView(request.turn)
    if (exchange.status > 0 && exchange.status < 500) continue
    const hosts = new Set([sighting.connection.serverAddress, ...(backs.get(sighting.connection.server) ?? [])])
    const until = Math.min(request.answered, request.end)
    for (let i = firstFrom(lookups, request.start - LOOKUP_SLACK_NS); i < lookups.length; i++) {
      const { capture, lookup, start } = lookups[i]
      if (start > until + LOOKUP_SLACK_NS) break
      // A proxy whose back side nobody has seen may ask from any of its addresses.
      const known =
        hosts.has(lookup.client) || lookup.client.startsWith('127.') || !backs.has(sighting.connection.server)
      if (known && lookup.client !== sighting.connection.clientAddress) request.lookups.push({ capture, lookup })
    }
  }
}

/** Index of the first item that starts at `time` or later; items are in order of start. */
function firstFrom(items: readonly { start: number }[], time: number): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (items[middle].start < time) low = middle + 1
    else high = middle
  }
  return low
}
