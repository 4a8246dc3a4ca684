// What an incident rests on, as frames of the captures: for a cut that shows it all and is diagnosed the same. Both legs
// in every capture that saw them, every try, what the pooled connections did just before, and whatever else a finding
// names, each with the packets without which its own connection would tell another tale.
import { connectionsOf } from '../observe/connection-table.ts'
import { backHosts } from '../diagnose/upstream-side.ts'
import { frontsOf } from '../diagnose/gateway.ts'
import { conversationsFrom, conversationsWith } from '../diagnose/by-endpoint.ts'
import { packetsOf } from '../observe/packets.ts'
import { type Connection, type Exchange, isSealed, type Moment } from '../observe/observations.ts'
import { fromStory, toStory } from '../story/clocks/time.ts'
import { turnsOf } from '../story/conversations.ts'
import {
  type Conversation,
  frontOf,
  nearClient,
  type Request,
  type Story,
  type Try,
  type Turn,
} from '../story/story.ts'
import type { Selection, TimeRange } from '../surgery/select.ts'
import { commentsOf, namesOf } from './annotations.ts'
import type { FrameRef, Incident } from './document.ts'
import { requestsOf, triesOf } from './incident-tries.ts'
import { Kept, type Leg, NEAR_NS } from './kept.ts'
import { ownTimestamp } from './time.ts'

/**
 * How much of the surroundings is kept. `incident`: of each connection what led to the exchange. Then, step
 * by step, `connections`: them whole; `window`: what else the proxy and its clients did in that time; `hosts`: at any
 * time.
 */
export type Width = 'incident' | 'connections' | 'window' | 'hosts'
export const WIDTHS: readonly Width[] = ['incident', 'connections', 'window', 'hosts']

export interface EvidenceOptions {
  width: Width
  /** Seconds kept before and after each part of a connection. */
  padSeconds: number
  /** Only this leg; null: both. */
  leg: Leg | null
}

/** What to keep, and what to say of it. */
export interface Evidence {
  /** By capture id of the document; a capture without any is not in the cut. */
  selections: Map<number, Selection>
  /** Packet comments by capture id and frame. */
  comments: Map<number, Map<number, string[]>>
  /** Address → name, of client, proxy and upstreams. */
  names: [address: string, name: string][]
}

export function evidenceOf(story: Story, incident: Incident, { width, padSeconds, leg }: EvidenceOptions): Evidence {
  const kept = new Kept(story, padSeconds * 1e9, width !== 'incident', incident.proxyFront)
  const requests = requestsOf(story, incident)
  const tries = triesOf(story, incident, requests)
  for (const request of requests) {
    kept.turn(request.turn)
    for (const { capture, lookup } of request.lookups) kept.lookup(capture, lookup)
  }
  for (const { conversation, turn, search } of tries) {
    if (search !== null) kept.search(search.capture, search.search)
    if (turn !== null) kept.turn(turn)
    else if (conversation !== null) kept.conversation(conversation)
  }
  for (const conversation of byEndpoints(story, incident)) {
    if (!kept.touches(conversation)) kept.conversation(conversation)
  }
  const window = { from: kept.first, to: kept.last }
  for (const attempt of tries) keepForeknown(kept, story, attempt)
  for (const request of requests) keepPassedOn(kept, story, request)
  keepCited(kept, story, citedBy(incident))
  keepWhatFor(kept, story)
  if (Number.isFinite(window.from))
    for (const capture of story.captures.keys()) keepRunning(kept, story, capture, window)
  if (width === 'window') keepNeighbourhood(kept, story, incident, requests, tries, window)
  if (width === 'hosts') keepNeighbourhood(kept, story, incident, requests, tries, { from: -Infinity, to: Infinity })
  return {
    selections: kept.selections(leg),
    comments: commentsOf(incident, kept.beginnings()),
    names: namesOf(story, incident),
  }
}

/** What the proxy knew of the upstream before the try: its address, and for how long it had kept connections open. */
function keepForeknown(kept: Kept, story: Story, { conversation, turn, start }: Try): void {
  if (conversation === null) return
  const { connection } = nearClient(conversation)
  keepLastLookup(kept, story, connection.serverAddress, start)
  const reuse = turn === null ? null : longestReuse(story, connection)
  if (reuse !== null) kept.turn(reuse)
}

/** Requests of which a passed-on one is looked for, and so many are kept. */
const LOOKED_AT = 256
const PASSED_ON = 2

/** The nearest requests that the proxy passed on: by them it is known for one, and its two sides' clocks for one clock. */
function keepPassedOn(kept: Kept, story: Story, request: Request): void {
  const front = frontOf(request)
  const asked = nearestTo(request.start, story, conversationsWith(story, front))
  const backs = [...backHosts(story, request)].flatMap((host) => conversationsFrom(story, host))
  const tried = nearestTo(
    request.start,
    story,
    backs.filter((c) => nearClient(c).connection.server !== front),
  )
  let found = 0
  for (const one of asked) {
    const its = tried.find(
      (other) => isAlike(one.exchange, other.exchange) && other.start >= one.start && other.end <= one.end,
    )
    if (its === undefined) continue
    for (const { conversation, exchange } of [one, its]) {
      const turn = turnWith(conversation, exchange)
      if (turn !== null) kept.turn(turn)
    }
    if (++found === PASSED_ON) return
  }
}

/** Of what is encrypted only the times can tell. */
const isAlike = (a: Exchange, b: Exchange): boolean =>
  isSealed(a) || isSealed(b) || (a.target === b.target && a.method === b.method)

/** An answer that says nothing of failure. */
const isGood = (exchange: Exchange): boolean => isSealed(exchange) || (exchange.status > 0 && exchange.status < 500)

interface Answered {
  conversation: Conversation
  exchange: Exchange
  /** Story times of request and response. */
  start: number
  end: number
}

/** Answered exchanges, those nearest in time first. */
function nearestTo(time: number, story: Story, conversations: readonly Conversation[]): Answered[] {
  const distance = ({ first, last }: Conversation): number => Math.max(first - time, time - last, 0)
  const near = conversations.toSorted((a, b) => distance(a) - distance(b)).slice(0, LOOKED_AT)
  const answered = near.flatMap((conversation) => {
    const { capture, connection } = nearClient(conversation)
    const at = story.captures[capture]!
    return connection.exchanges
      .filter((exchange) => isGood(exchange) && exchange.request.frame >= 0 && exchange.response.frame >= 0)
      .map((exchange): Answered => {
        const [start, end] = [toStory(at, exchange.request.time), toStory(at, exchange.response.time)]
        return { conversation, exchange, start, end }
      })
  })
  return answered.toSorted((a, b) => Math.abs(a.start - time) - Math.abs(b.start - time)).slice(0, LOOKED_AT)
}

/** Endpoints that the document names and no request or try has: an encrypted client leg that fits in time. */
function byEndpoints(story: Story, { client, proxyFront, proxyBack, upstream, time }: Incident): Conversation[] {
  const { observations } = story.captures[0]!
  return [
    [client, proxyFront],
    [proxyBack, upstream],
  ].flatMap(([from, to]) =>
    to == null
      ? []
      : conversationsWith(story, to).filter(
          ({ sightings, first, last }) =>
            sightings[0]!.connection.client === from &&
            ownTimestamp(observations, first) <= time &&
            ownTimestamp(observations, last) >= time,
        ),
  )
}

/** Where the proxy learned the upstream's address. */
function keepLastLookup(kept: Kept, story: Story, address: string, before: number): void {
  story.captures.forEach((at, capture) => {
    const lookup = at.observations.lookups.findLast(
      ({ answer, addresses }) => answer !== null && toStory(at, answer.time) <= before && addresses.includes(address),
    )
    if (lookup !== undefined) kept.lookup(capture, lookup)
  })
}

/** The longest idle time on this leg that was survived, the last of equals: what dropped state is told from. */
function longestReuse(story: Story, { clientAddress, server }: Connection): Turn | null {
  let longest = 0
  let found: { conversation: Conversation; exchange: Exchange } | null = null
  for (const conversation of conversationsWith(story, server)) {
    const { connection } = nearClient(conversation)
    if (connection.clientAddress !== clientAddress) continue
    for (const exchange of connection.exchanges) {
      if (exchange.response.frame < 0 || exchange.status === 0 || exchange.idle < longest) continue
      longest = exchange.idle
      found = { conversation, exchange }
    }
  }
  return found === null ? null : turnWith(found.conversation, found.exchange)
}

const turnWith = (conversation: Conversation, exchange: Exchange): Turn | null =>
  turnsOf(conversation).find(({ views }) => views.includes(exchange)) ?? null

const citedBy = ({ findings, timeline, ruledOut, competing }: Incident): FrameRef[] =>
  [findings, timeline, ruledOut, competing].flatMap((list) => list.flatMap(({ frames }) => frames))

/** The cited frames, and of the connections and lookups that they are of, what gives them their meaning. */
function keepCited(kept: Kept, story: Story, cited: readonly FrameRef[]): void {
  const wanted = story.captures.map(({ ids, observations }) => {
    const frames = cited.flatMap(({ capture, frame }) => {
      const part = ids.indexOf(capture)
      return part < 0 ? [] : [observations.parts[part]!.offset + frame]
    })
    return new Set(frames)
  })
  wanted.forEach((frames, capture) => {
    const { lookups, neighbours } = story.captures[capture]!.observations
    const isCited = (moment: Moment | null): boolean => moment !== null && frames.has(moment.frame)
    for (const lookup of lookups) if ([...lookup.queries, lookup.answer].some(isCited)) kept.lookup(capture, lookup)
    for (const search of neighbours) if ([...search.requests, search.answer].some(isCited)) kept.search(capture, search)
  })
  for (const conversation of story.conversations) {
    for (const { capture, connection } of conversation.sightings) {
      const frames = wanted[capture]!
      const { first, last } = connection
      if (![...frames].some((frame) => frame >= first.frame && frame <= last.frame)) continue
      keepCitedOf(kept, capture, conversation, connection, frames)
    }
  }
  // What is left is of no connection.
  wanted.forEach((frames, capture) => {
    for (const frame of frames) if (!kept.has(capture, frame)) kept.frame(capture, frame)
  })
}

function keepCitedOf(
  kept: Kept,
  capture: number,
  conversation: Conversation,
  connection: Connection,
  frames: ReadonlySet<number>,
): void {
  const areCited = (...moments: (Moment | null)[]): boolean => {
    const own = moments.filter((moment) => moment !== null && frames.has(moment.frame))
    for (const moment of own) kept.frame(capture, moment!.frame, connection)
    return own.length > 0
  }
  const exchanges = connection.exchanges
  const cited = exchanges.filter(({ request, requestEnd, response, responseEnd, detail }) =>
    areCited(request, requestEnd, response, responseEnd, ...(detail === null ? [] : packetsOf(detail))),
  )
  const { first, last, syns, synAck, established, sides } = connection
  const isOpened = areCited(first, synAck, established, ...syns)
  const isClosed = areCited(last, ...sides.flatMap(({ fin, reset }) => [fin, reset]))
  if (isOpened) cited.push(...exchanges.slice(0, 1))
  if (isClosed) cited.push(...exchanges.slice(-1))
  for (const exchange of new Set(cited)) {
    const turn = turnWith(conversation, exchange)
    if (turn !== null) kept.turn(turn)
  }
  if (exchanges.length === 0 && (areCited(...packetsOf(connection)) || isOpened || isClosed))
    kept.conversation(conversation)
}

/** Tries that are kept are somebody's: without its request a try would look like one for another. */
function keepWhatFor(kept: Kept, story: Story): void {
  const isKept = ({ conversation }: Try): boolean => conversation !== null && kept.touches(conversation)
  for (const { turn, tries } of story.requests.filter((request) => request.tries.some(isKept))) {
    kept.turn(turn)
    for (const { conversation, turn: its } of tries) {
      if (its !== null) kept.turn(its)
      else if (conversation !== null) kept.conversation(conversation)
    }
  }
}

/** A frame shortly before and one after prove that the capture ran: what it lacks in between was not there. */
function keepRunning(kept: Kept, story: Story, capture: number, window: TimeRange): void {
  const clock = story.captures[capture]!
  const { observations, vantages } = clock
  // A capture of something else proves nothing.
  if (vantages.length === 0 && !kept.isIn(capture)) return
  const from = fromStory(clock, window.from)
  const to = fromStory(clock, window.to)
  let before: Connection | null = null
  let after: Connection | null = null
  for (const connection of connectionsOf(observations)) {
    const { time } = connection.last
    if (time < from && time > (before?.last.time ?? -Infinity)) before = connection
    if (time > to && time < (after?.last.time ?? Infinity)) after = connection
  }
  for (const one of [before, after]) if (one !== null) kept.frame(capture, one.last.frame, one)
  // Where no connection ended in time, anything else will do.
  const isFree = (frame: number): boolean =>
    !connectionsOf(observations).some(
      (c) => (c.first.frame === frame || c.last.frame === frame) && kept.holds(capture, c),
    )
  const { first, last, frames } = observations
  if (before === null && first < from && isFree(1)) kept.frame(capture, 1)
  if (after === null && last > to && isFree(frames)) kept.frame(capture, frames)
}

/** What the proxy and its clients did beside the incident. */
function keepNeighbourhood(
  kept: Kept,
  story: Story,
  incident: Incident,
  requests: readonly Request[],
  tries: readonly Try[],
  window: TimeRange,
): void {
  const [from, to] = [window.from - NEAR_NS, window.to + NEAR_NS]
  const fronts = new Set([...frontsOf(story), ...(incident.proxyFront === null ? [] : [incident.proxyFront])])
  const hosts = new Set(requests.flatMap((request) => [...backHosts(story, request)]))
  for (const { conversation } of tries) {
    if (conversation !== null) hosts.add(nearClient(conversation).connection.clientAddress)
  }
  const upstreams = tries.flatMap(({ conversation }) =>
    conversation === null ? [] : [nearClient(conversation).connection.serverAddress],
  )
  const others = new Set([
    ...[...fronts, ...upstreams].flatMap((server) => conversationsWith(story, server)),
    ...[...hosts].flatMap((host) => conversationsFrom(story, host)),
  ])
  for (const other of others) {
    if (other.first <= to && other.last >= from) kept.conversation(other)
  }
  story.captures.forEach((at, capture) => {
    const { observations } = at
    const isNear = ({ time }: Moment): boolean => toStory(at, time) >= from && toStory(at, time) <= to
    for (const lookup of observations.lookups) {
      if (hosts.has(lookup.client) && [...lookup.queries].some(isNear)) kept.lookup(capture, lookup)
    }
    for (const search of observations.neighbours) if (search.requests.some(isNear)) kept.search(capture, search)
  })
}
