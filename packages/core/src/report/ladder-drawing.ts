// How a ladder is found in a story: whose packets belong to an incident, between which hosts, and what each one is.
import { frameRef, viewOf } from '../diagnose/view.ts'
import type { Exchange, IcmpError, Moment, NameLookup, NeighbourSearch } from '../observe/observations.ts'
import { toStory } from '../story/clocks/time.ts'
import { turnsOf } from '../story/conversations.ts'
import { grouped } from '../story/grouped.ts'
import {
  type Conversation,
  nearClient,
  nearServer,
  type Request,
  type Story,
  storyTime,
  type Try,
  type Turn,
} from '../story/story.ts'
import { formatEndpoint } from '../wire/address.ts'
import type { FrameRef, Incident } from './document.ts'
import { asideOf, connectionWith, searchesFor, type StoryFrame, storyFrame } from './frame-index.ts'
import { conversationsBetween, requestOf, triesOf } from './incident-tries.ts'
import { Lanes } from './ladder-lanes.ts'
import { holeOf, type Passage, passagesOf } from './ladder-packets.ts'
import { flagNames, marksOf, rowsOf, said, spokenIn } from './ladder-words.ts'
import type { Arrow, ArrowKind, ArrowMark, Ladder, LadderConnection } from './ladder.ts'

/** Two captures of one link see a packet that is no TCP within this time of each other, or it is another. */
const SAME_NS = 1e6

/** ICMP errors drawn of a connection, beside those that are cited. */
const MOST_ERRORS = 64

const keyOf = ({ capture, frame }: FrameRef): string => `${capture} ${frame}`

type Draft = Omit<Arrow, 'seconds' | 'arrivalSeconds' | 'deciding'> & { at: number; arrived: number | null }

/** All of it, with a lane for every host. */
export const drawn = (story: Story, incident: Incident): Ladder => new Drawing(story, incident).ladder()

class Drawing {
  readonly #story: Story
  readonly #incident: Incident
  readonly #lanes = new Lanes()
  readonly #connections: LadderConnection[] = []
  readonly #known = new Map<Conversation, number>()
  readonly #drafts: Draft[] = []
  /** Frames that have their arrow. */
  readonly #drawn = new Set<string>()
  readonly #cited: Map<string, FrameRef>
  readonly #start: number
  /** Indices of the incident's attempts, by their endpoints. */
  readonly #attempts: ReadonlyMap<string, readonly number[]>

  constructor(story: Story, incident: Incident) {
    this.#story = story
    this.#incident = incident
    const { attempts, findings, timeline, ruledOut, competing } = incident
    this.#attempts = grouped(attempts.keys(), (i) => `${attempts[i]!.proxyBack} ${attempts[i]!.upstream}`)
    const cited = [findings, timeline, ruledOut, competing].flatMap((list) => list.flatMap(({ frames }) => frames))
    this.#cited = new Map(cited.map((ref) => [keyOf(ref), ref]))
    const request = requestOf(story, incident)
    const tries = request === null ? triesOf(story, incident, []) : request.tries
    this.#start = request?.start ?? tries[0]?.start ?? 0
    if (request === null) this.#strays(tries)
    else this.#request(request)
    const all = [...this.#drafts]
    const [from, to] = [
      all.reduce((t, { at }) => Math.min(t, at), this.#start),
      all.reduce((t, { at }) => Math.max(t, at), this.#start),
    ]
    for (const conversation of this.#known.keys()) this.#aroundOf(conversation, from, to)
    for (const ref of this.#cited.values()) if (!this.#drawn.has(keyOf(ref))) this.#citedFrame(ref)
  }

  ladder(): Ladder {
    const { lanes, places } = this.#lanes.finish(this.#story)
    const decisive = new Set((this.#incident.findings[0]?.frames ?? []).map(keyOf))
    const arrows = this.#drafts
      .map(({ at, arrived, ...draft }): Arrow => {
        return {
          seconds: this.#seconds(at),
          arrivalSeconds: arrived === null ? null : this.#seconds(Math.max(at, arrived)),
          ...draft,
          from: places[draft.from]!,
          to: draft.to === null ? null : places[draft.to]!,
          deciding: draft.frames.some((ref) => decisive.has(keyOf(ref))),
        }
      })
      .toSorted((a, b) => a.seconds - b.seconds)
    const connections = this.#connections.map((one) => ({
      ...one,
      clientLane: places[one.clientLane]!,
      serverLane: places[one.serverLane]!,
    }))
    return { lanes, connections, arrows, leftOut: { lanes: 0, packets: 0 } }
  }

  #seconds(at: number): number {
    return Math.round(at - this.#start) / 1e9
  }

  /** A request, the tries that were made for it, and what became of those at proxies behind. */
  #request({ turn, tries, lookups }: Request): void {
    const clientLane = this.#lanes.client(nearClient(turn.conversation).connection.clientAddress)
    const proxy = this.#lanes.proxy(0)
    this.#leg(turn, turn.conversation, 'client', clientLane, proxy, null)
    this.#tries(tries, proxy, 0)
    for (const { capture, lookup } of lookups) this.#lookup(capture, lookup, proxy)
  }

  /** Tries whose request nobody captured, and the encrypted connection that the document names for it. */
  #strays(tries: readonly Try[]): void {
    const { client, proxyFront } = this.#incident
    const fronts =
      client === null || proxyFront === null
        ? []
        : conversationsBetween(this.#story, client, proxyFront).filter(
            (one) => one.first <= this.#start && one.last >= this.#start,
          )
    const [front] = fronts
    const clientLane = front === undefined ? null : this.#lanes.client(nearClient(front).connection.clientAddress)
    const proxy = this.#lanes.proxy(0)
    if (front !== undefined)
      this.#leg(turnAt(this.#story, front, this.#start), front, 'client', clientLane!, proxy, null)
    this.#tries(tries, proxy, 0)
  }

  #tries(tries: readonly Try[], proxy: number, depth: number): void {
    // The proxy's own addresses first: by them local upstreams are told.
    for (const { conversation } of tries) {
      if (conversation !== null) this.#lanes.also(proxy, clientAddresses(conversation))
    }
    for (const attempt of tries) {
      const { conversation, turn, search, hop } = attempt
      if (search !== null) {
        const { target } = search.search
        this.#lanes.upstream(proxy, target, target)
        this.#search(search.capture, search.search, this.#lanes.also(proxy, [search.search.from]))
      }
      if (conversation === null) continue
      const { serverAddress, server } = nearServer(conversation).connection
      if (hop === null) {
        const upstream = this.#lanes.upstream(proxy, serverAddress, server)
        this.#leg(turn, conversation, 'upstream', proxy, upstream, attempt)
        continue
      }
      const next = this.#lanes.proxy(depth + 1, serverAddresses(hop.turn.conversation))
      this.#leg(turn, conversation, 'upstream', proxy, next, attempt)
      this.#tries(hop.tries, next, depth + 1)
      for (const { capture, lookup } of hop.lookups) this.#lookup(capture, lookup, next)
    }
  }

  #leg(
    turn: Turn | null,
    conversation: Conversation,
    leg: LadderConnection['leg'],
    clientLane: number,
    serverLane: number,
    attempt: Try | null,
  ): void {
    this.#lanes.also(clientLane, clientAddresses(conversation))
    // Of local upstreams the address is the proxy's.
    if (!isLocal(conversation)) this.#lanes.also(serverLane, serverAddresses(conversation))
    const connection = this.#connection(conversation, leg, clientLane, serverLane, attempt)
    this.#packets(conversation, turn, connection, () => true)
    for (const { capture, error } of conversation.icmp.slice(0, MOST_ERRORS)) {
      const at = storyTime(this.#story, capture, error)
      // Whoever sent the packet that it quotes is told.
      const to = isServers(conversation, error) ? serverLane : clientLane
      const from = this.#lanes.host(error.from, to)
      this.#draw(at, from, to, 'icmp', icmpLabel(error), connection, { capture, frame: error.frame })
    }
  }

  #connection(
    conversation: Conversation,
    leg: LadderConnection['leg'],
    clientLane: number,
    serverLane: number,
    attempt: Try | null,
  ): number {
    const known = this.#known.get(conversation)
    if (known !== undefined) return known
    const { client, server } = nearClient(conversation).connection
    const { captures } = this.#story
    const seconds = (at: number | undefined): number | null =>
      at === undefined || !Number.isFinite(at) ? null : this.#seconds(at)
    const index = attempt === null ? -1 : this.#attemptOf(attempt)
    const at = this.#connections.push({
      client,
      server,
      clientLane,
      serverLane,
      leg,
      attempt: index < 0 ? null : index,
      startSeconds: seconds(attempt?.start),
      endSeconds: seconds(attempt?.end),
      captures: conversation.sightings.flatMap(({ capture }) => captures[capture]!.ids),
      omitted: 0,
      omittedFrom: null,
      omittedTo: null,
    })
    this.#known.set(conversation, at - 1)
    return at - 1
  }

  #attemptOf({ conversation, start, end }: Try): number {
    const { client, server } = nearClient(conversation!).connection
    const { attempts } = this.#incident
    const alike = this.#attempts.get(`${client} ${server}`) ?? []
    // Of several tries on one connection the length tells.
    const length = Math.round(end - start) / 1e9
    return alike.find((i) => attempts[i]!.durationSeconds === length) ?? alike[0] ?? -1
  }

  /** The packets kept with an exchange in every capture, as far as `isWanted` of their frames. */
  #packets(
    conversation: Conversation,
    turn: Turn | null,
    connection: number,
    isWanted: (passage: Passage, refs: readonly FrameRef[]) => boolean,
  ): void {
    const story = this.#story
    const views = conversation.sightings.map((sighting, i) => viewOf(story, sighting, turn?.views[i] ?? null))
    const spoken = views.map(spokenIn)
    const rows = views.map((view, i) =>
      rowsOf(view, spoken[i]!, (moment: Moment) => this.#cited.has(keyOf(view.ref(moment)))),
    )
    const { clientLane, serverLane, leg, server } = this.#connections[connection]!
    // It may be between the same hosts as what it is compared with.
    const isOther = leg === 'other'
    for (const passage of passagesOf(story, views, rows)) {
      const refs = passage.seen.map(({ view, frame }) => frameRef(story, views[view]!.capture, frame))
      if (!isWanted(passage, refs) || refs.some((ref) => this.#drawn.has(keyOf(ref)))) continue
      for (const ref of refs) this.#drawn.add(keyOf(ref))
      const isClients = passage.from === 0
      // What the sender's end could not read, another may have.
      const words = passage.seen.map(({ view, frame }) => {
        const row = rows[view]!.find((one) => one.frame === frame)!
        return { ...said(views[view]!, spoken[view]!, row), marks: marksOf(row) }
      })
      const { kind, label, isContinued } = words.find((one) => one.kind !== 'data') ?? words[0]!
      const { row } = passage
      this.#drafts.push({
        at: passage.at,
        arrived: passage.arrived,
        lost: passage.isLost,
        from: isClients ? clientLane : serverLane,
        to: isClients ? serverLane : clientLane,
        kind,
        marks: [
          ...words[0]!.marks,
          ...(isContinued ? ['continued' as const] : []),
          ...(passage.isUnsent ? ['unsent' as const] : []),
        ],
        label: isOther ? `other connection: ${label}, ${server}` : label,
        connection,
        frames: refs,
        tcp: row.isMoment
          ? null
          : {
              seq: row.seq,
              ack: row.ack,
              length: row.length,
              window: row.window,
              sack: row.sack,
              flags: flagNames(row),
              ttl: row.ttl,
            },
      })
    }
    const omitted = views.map((view, i) => ({
      count: view.packetsOmitted,
      hole: holeOf(rows[i]!, view.packetsOmitted),
    }))
    const least = omitted.reduce((a, b) => (b.count < a.count ? b : a))
    if (least.count === 0 || least.hole === null) return
    const own = this.#connections[connection]!
    own.omitted += least.count
    own.omittedFrom = Math.min(own.omittedFrom ?? Infinity, this.#seconds(least.hole.from))
    own.omittedTo = Math.max(own.omittedTo ?? -Infinity, this.#seconds(least.hole.to))
  }

  /** Who was asked for the link-layer addresses of a connection's hosts at that time. */
  #aroundOf(conversation: Conversation, from: number, to: number): void {
    const connection = this.#connections[this.#known.get(conversation)!]!
    const hosts = new Set([...clientAddresses(conversation), ...serverAddresses(conversation)])
    for (const host of hosts) {
      for (const { capture, search } of searchesFor(this.#story, host)) {
        const isOf = hosts.has(search.from)
        const clock = this.#story.captures[capture]!
        const isThen = search.requests.some(({ time }) => toStory(clock, time) >= from && toStory(clock, time) <= to)
        if (isOf && isThen) this.#search(capture, search, connection.clientLane)
      }
    }
  }

  #search(capture: number, search: NeighbourSearch, proxy: number): void {
    const from = this.#lanes.host(search.from, proxy)
    const to = this.#lanes.host(search.target, null)
    for (const moment of search.requests) this.#searchRequest(capture, search, moment, from)
    if (search.answer !== null) {
      const at = storyTime(this.#story, capture, search.answer)
      const ref = { capture, frame: search.answer.frame }
      this.#draw(at, to, from, 'neighbour', `${search.target} is here`, null, ref)
    }
  }

  #searchRequest(capture: number, { target }: NeighbourSearch, moment: Moment, from: number): void {
    const at = storyTime(this.#story, capture, moment)
    this.#draw(at, from, null, 'neighbour', `who has ${target}?`, null, { capture, frame: moment.frame })
  }

  #lookup(capture: number, lookup: NameLookup, proxy: number | null): void {
    const { client, server, queries, answer, name, type, rcode, addresses } = lookup
    const from = proxy === null ? this.#lanes.host(client) : this.#lanes.also(proxy, [client])
    const to = this.#lanes.nameServer(server)
    queries.forEach((moment, i) => {
      const at = storyTime(this.#story, capture, moment)
      const ref = { capture, frame: moment.frame }
      this.#draw(at, from, to, 'dns', `${type} ${name}?`, null, ref, i > 0 ? ['retransmission'] : [])
    })
    if (answer === null) return
    const text = rcode === 'NOERROR' ? addresses.join(', ') || 'no address' : (rcode ?? 'no answer')
    const at = storyTime(this.#story, capture, answer)
    this.#draw(at, to, from, 'dns', text, null, { capture, frame: answer.frame })
  }

  #draw(
    at: number,
    from: number,
    to: number | null,
    kind: ArrowKind,
    label: string,
    connection: number | null,
    { capture, frame }: StoryFrame,
    marks: ArrowMark[] = [],
  ): void {
    const ref = frameRef(this.#story, capture, frame)
    if (this.#drawn.has(keyOf(ref))) return
    this.#drawn.add(keyOf(ref))
    const { ids } = this.#story.captures[capture]!
    const same = this.#drafts.find(
      (one) =>
        one.tcp === null &&
        one.kind === kind &&
        one.label === label &&
        one.from === from &&
        Math.abs(one.at - at) <= SAME_NS &&
        !one.frames.some((other) => ids.includes(other.capture)),
    )
    if (same !== undefined) {
      same.arrived = Math.max(same.arrived ?? same.at, at)
      same.at = Math.min(same.at, at)
      same.frames.push(ref)
      return
    }
    this.#drafts.push({
      at,
      arrived: null,
      lost: false,
      from,
      to,
      kind,
      marks,
      label,
      connection,
      frames: [ref],
      tcp: null,
    })
  }

  /** A frame of something else that a finding rests on: another connection of the upstream, an earlier lookup. */
  #citedFrame(ref: FrameRef): void {
    const place = storyFrame(this.#story, ref)
    if (place === null) return
    const aside = asideOf(this.#story, place)
    if (aside !== null) {
      if ('lookup' in aside) this.#lookup(place.capture, aside.lookup, null)
      else if ('search' in aside) this.#search(place.capture, aside.search, this.#lanes.host(aside.search.from))
      else {
        const { error } = aside
        const at = storyTime(this.#story, place.capture, error)
        this.#draw(
          at,
          this.#lanes.host(error.from),
          this.#lanes.host(error.source),
          'icmp',
          icmpLabel(error),
          null,
          place,
        )
      }
      return
    }
    const found = connectionWith(this.#story, place)
    if (found === null) return
    const { conversation, exchange } = found
    const connection = this.#known.get(conversation) ?? this.#otherConnection(conversation)
    const turn = exchange === null ? null : turnWith(conversation, exchange)
    this.#packets(conversation, turn, connection, (_, refs) => refs.some((one) => this.#cited.has(keyOf(one))))
  }

  #otherConnection(conversation: Conversation): number {
    const [client, server] = [
      this.#lanes.host(nearClient(conversation).connection.clientAddress),
      this.#lanes.host(nearServer(conversation).connection.serverAddress),
    ]
    return this.#connection(conversation, 'other', client, server, null)
  }
}

/** The quoted packet came from the server. */
const isServers = ({ sightings }: Conversation, { source, sourcePort }: IcmpError): boolean =>
  sightings.some(({ connection }) => connection.server === formatEndpoint(source, sourcePort))

/** What was wrong, without the class of messages that nearly all of them are: it is drawn in little room. */
const icmpLabel = ({ text }: IcmpError): string => /^destination unreachable \((.+)\)$/.exec(text)?.[1] ?? text

/** The exchange of a connection that was going on at a time; null where none can be told. */
function turnAt(story: Story, conversation: Conversation, at: number): Turn | null {
  return (
    turnsOf(conversation).findLast(({ views }) =>
      views.some((exchange, i) => {
        const { capture } = conversation.sightings[i]!
        return exchange !== null && storyTime(story, capture, exchange.request) <= at
      }),
    ) ?? null
  )
}

/** The turn of an exchange; where the captures' exchanges do not go together, as its own capture has it. */
const turnWith = (conversation: Conversation, exchange: Exchange): Turn => {
  const { sightings } = conversation
  const known = sightings.length > 1 && turnsOf(conversation).find(({ views }) => views.includes(exchange))
  if (known) return known
  const views = sightings.map(({ connection }) => (connection.exchanges.includes(exchange) ? exchange : null))
  return { conversation, views }
}

const clientAddresses = ({ sightings }: Conversation): string[] =>
  sightings.map(({ connection }) => connection.clientAddress)
const serverAddresses = ({ sightings }: Conversation): string[] =>
  sightings.map(({ connection }) => connection.serverAddress)
const isLocal = ({ sightings }: Conversation): boolean =>
  sightings.some(({ connection }) => connection.clientAddress === connection.serverAddress)
