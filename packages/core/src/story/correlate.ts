// Step two of three: Observations of any number of captures become one Story.
import { DNS_PORT, type Observations } from '../observe/observations.ts'
import type { Vantage } from '../report/document.ts'
import { alignClocks, joinConversations, orderSightings, turnsOf } from './conversations.ts'
import { alignByPairing } from './clock-by-pairing.ts'
import { assign, indexBy, type RequestIndex } from './pairing.ts'
import { findProxies } from './proxies.ts'
import { requestOf, type Shift, shiftOf, tryOfConnection, tryOfSearch, tryOfTurn } from './requests.ts'
import {
  backAddress,
  frontOf,
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
    for (const { capture, connection } of conversation.sightings) {
      conversation.first = Math.min(conversation.first, connection.first.time + shift(capture))
      conversation.last = Math.max(conversation.last, connection.last.time + shift(capture))
    }
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
      // One request may have lost its answer; a host that is there is not asked for again and again.
      if (search.answer === null && search.requests.length > 1) tries.push(tryOfSearch(capture, search, shift))
    }
  })
  return { requests, tries }
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
  const open = (front: string): Request[] => (front === server ? [] : (byFront.get(front)?.openAt(attempt.start) ?? []))
  // Nearly every try is one of a client, behind which there is no front, or of a proxy with a single one.
  return fronts.length === 1 ? open(fronts[0]) : fronts.flatMap(open)
}

/** Ties each ICMP error to the conversation whose packet it quotes. */
function quoteIcmp(captures: readonly StoryCapture[], conversations: readonly Conversation[], shift: Shift): void {
  if (captures.every(({ observations }) => observations.icmpErrors.length === 0)) return
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
