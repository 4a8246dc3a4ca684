// The frames that a cut keeps, gathered connection by connection.
import type { Connection, Exchange, Moment, NameLookup, NeighbourSearch } from '../observe/observations.ts'
import { ownTimes } from '../observe/steady-time.ts'
import { toStory } from '../story/clocks/time.ts'
import type { Conversation, Story, Turn } from '../story/story.ts'
import type { ConnectionPart, FrameRange, HostPair, Selection } from '../surgery/select.ts'

/** The two legs of a request: up to the proxy that the client knows, and all behind it. */
export type Leg = 'client' | 'upstream'

/** What happens this shortly before and after counts as at the same time. */
export const NEAR_NS = 2e9

/** The parts that are kept, by capture of the story; frames and times are those of its observations. */
export class Kept {
  readonly #story: Story
  readonly #pad: number
  readonly #whole: boolean
  readonly #front: string | null
  /** By leg and capture; `#all` of both. */
  readonly #frames: { [leg in Leg]: FrameRange[][] }
  /** By capture, single frames with the hosts that they are between. */
  readonly #between: { leg: Leg; a: string; b: string; frame: number }[][]
  readonly #all: Set<number>[]
  readonly #parts: Map<Connection, { from: Moment; to: Moment }>[]
  readonly #conversations = new Set<Conversation>()
  /** Story times between which the parts kept so far lie. */
  first: number = Infinity
  last: number = -Infinity

  /** `pad` in nanoseconds; `whole`: connections are kept whole; `front`: where the proxy that the client knows listens. */
  constructor(story: Story, pad: number, whole: boolean, front: string | null) {
    this.#story = story
    this.#pad = pad
    this.#whole = whole
    this.#front = front
    this.#frames = { client: story.captures.map(() => []), upstream: story.captures.map(() => []) }
    this.#between = story.captures.map(() => [])
    this.#all = story.captures.map(() => new Set())
    this.#parts = story.captures.map(() => new Map())
  }

  /** A single frame, of this connection or of none. */
  frame(capture: number, frame: number, connection: Connection | null = null): void {
    this.#frames[this.#legOf(connection)][capture]!.push({ from: frame, to: frame })
    this.#all[capture]!.add(frame)
    if (connection === null) return
    const { clientAddress: a, serverAddress: b } = connection
    this.#between[capture]!.push({ leg: this.#legOf(connection), a, b, frame })
  }

  /** Whether anything of a conversation is kept. */
  touches(conversation: Conversation): boolean {
    return this.#conversations.has(conversation)
  }

  /** Whether a part of the connection is kept. */
  holds(capture: number, connection: Connection): boolean {
    return this.#parts[capture]!.has(connection)
  }

  /** Whether anything of a capture is kept. */
  isIn(capture: number): boolean {
    return this.#all[capture]!.size > 0 || this.#parts[capture]!.size > 0
  }

  has(capture: number, frame: number): boolean {
    return this.#all[capture]!.has(frame)
  }

  #legOf(connection: Connection | null): Leg {
    return connection !== null && connection.server === this.#front ? 'client' : 'upstream'
  }

  lookup(capture: number, { queries, answer, client, server }: NameLookup): void {
    for (const { frame } of [...queries, ...(answer === null ? [] : [answer])]) {
      this.frame(capture, frame)
      this.#between[capture]!.push({ leg: this.#legOf(null), a: client, b: server, frame })
    }
  }

  search(capture: number, { requests, answer }: NeighbourSearch): void {
    for (const { frame } of requests) this.frame(capture, frame)
    if (answer !== null) this.frame(capture, answer.frame)
  }

  conversation(conversation: Conversation): void {
    for (const { capture, connection } of conversation.sightings) {
      this.#part(capture, connection, connection.first, connection.last)
      this.#stretch(capture, connection.first, connection.last)
    }
    this.#surroundings(conversation)
  }

  /** The exchange in every capture, with the exchange before, and all before that unless it is long. */
  turn({ conversation, views }: Turn): void {
    conversation.sightings.forEach(({ capture, connection }, i) => {
      const exchange = views[i] ?? null
      const [from, to] = this.#whole ? [connection.first, connection.last] : spanOf(connection, exchange)
      this.#part(capture, connection, from, to)
      this.#stretch(capture, from, to)
    })
    this.#surroundings(conversation)
  }

  #stretch(capture: number, from: Moment, to: Moment): void {
    const clock = this.#story.captures[capture]!
    this.first = Math.min(this.first, toStory(clock, from.time))
    this.last = Math.max(this.last, toStory(clock, to.time))
  }

  /** ICMP errors that quote it, and who was asked for its hosts' link-layer addresses in that time. */
  #surroundings(conversation: Conversation): void {
    if (this.#conversations.has(conversation)) return
    this.#conversations.add(conversation)
    const { connection: near } = conversation.sightings[0]!
    for (const { capture, error } of conversation.icmp) this.frame(capture, error.frame, near)
    for (const { capture, connection } of conversation.sightings) {
      const { neighbours } = this.#story.captures[capture]!.observations
      for (const search of neighbours) {
        const isOf = search.target === connection.serverAddress || search.target === connection.clientAddress
        const isThen = search.requests.some(
          (m) => m.time >= connection.first.time - NEAR_NS && m.time <= connection.last.time,
        )
        if (isOf && isThen) this.search(capture, search)
      }
    }
  }

  /** Parts of one connection become one: what lies between them would else count as lost by the capture. */
  #part(capture: number, connection: Connection, from: Moment, to: Moment): void {
    const parts = this.#parts[capture]!
    const part = parts.get(connection)
    parts.set(connection, {
      from: part === undefined || from.frame < part.from.frame ? from : part.from,
      to: part === undefined || to.frame > part.to.frame ? to : part.to,
    })
  }

  /** The parts that do not begin with their connection: the capture id and frame that they begin in, and what was before. */
  beginnings(): { capture: number; frame: number; text: string }[] {
    return this.#story.captures.flatMap(({ observations, ids }, capture) =>
      [...this.#parts[capture]!].flatMap(([{ first, synAck, sides }, { from }]) => {
        const i = observations.parts.findLastIndex(({ offset }) => offset < from.frame)
        if (from.frame <= first.frame || i < 0) return []
        const isOpening = sides.every(({ isn }) => isn >= 0) && synAck !== null
        const seen = isOpening
          ? `opened (MSS ${sides.map(({ mss }) => (mss < 0 ? 'none' : mss)).join(' and ')})`
          : 'seen'
        const before = ((from.time - first.time) / 1e9).toFixed(3)
        const text = `this connection was first ${seen} ${before} s before; what it did in between is not in this cut`
        return [{ capture: ids[i]!, frame: from.frame - observations.parts[i]!.offset, text }]
      }),
    )
  }

  /** By capture id, in frames of the files; of one leg, or of both for null. */
  selections(leg: Leg | null): Map<number, Selection> {
    const selections = new Map<number, Selection>()
    const legs: Leg[] = leg === null ? ['client', 'upstream'] : [leg]
    this.#story.captures.forEach(({ observations, ids }, capture) => {
      observations.parts.forEach((part, i) => {
        const clip = (ranges: readonly FrameRange[]): FrameRange[] =>
          ranges
            .map(({ from, to }) => ({
              from: Math.max(1, from - part.offset),
              to: Math.min(part.frames, to - part.offset),
            }))
            .filter(({ from, to }) => from <= to)
        const connections = [...this.#parts[capture]!].flatMap(([connection, { from, to }]): ConnectionPart[] => {
          if (leg !== null && this.#legOf(connection) !== leg) return []
          const { client, server } = connection
          const own = clip([{ from: from.frame, to: to.frame }])
          const times = this.#pad > 0 ? ownTimes(observations.setBacks, from.time - this.#pad, to.time + this.#pad) : []
          return own.length === 0 && times.length === 0 ? [] : [{ a: client, b: server, frames: own, times }]
        })
        const frames = clip(legs.flatMap((one) => this.#frames[one][capture]!))
        if (frames.length > 0 || connections.length > 0) {
          const fragments = this.#between[capture]!.flatMap(({ leg: of, a, b, frame }): HostPair[] => {
            const own = legs.includes(of) ? clip([{ from: frame, to: frame }]) : []
            return own.length === 0 ? [] : [{ a, b, frames: own }]
          })
          selections.set(ids[i]!, { epoch: observations.epoch, frames, connections, fragments })
        }
      })
    })
    return selections
  }
}

/** Segments of a connection up to which it is kept from its handshake on. */
const LONG = 1000

/**
 * From the handshake to the exchange behind, which is not in it. A long connection begins with the exchange before, as in
 * a capture that began then: its handshake in front of a hole would say that packets were lost. What cannot be read
 * from its middle is whole.
 */
function spanOf(connection: Connection, exchange: Exchange | null): [from: Moment, to: Moment] {
  const { first, last, tls } = connection
  if (exchange === null) return [first, last]
  const exchanges = connection.exchanges
  const at = exchanges.indexOf(exchange)
  // HPACK and TLS records build on all that came before, and streams lie in one another.
  const needsAll = tls !== null || exchange.protocol !== 'http1'
  const isShort = connection.sides[0].segments + connection.sides[1].segments <= LONG
  const before = exchanges[at - 1]
  const from = needsAll || isShort || before === undefined || before.request.frame < 0 ? first : before.request
  const next = exchanges[at + 1]
  if (needsAll || next === undefined || next.request.frame < 0) return [from, last]
  const until = { frame: next.request.frame - 1, time: next.request.time }
  const ends = [exchange.requestEnd, exchange.response, exchange.responseEnd, until]
  return [from, ends.reduce((latest, moment) => (moment.frame > latest.frame ? moment : latest))]
}
