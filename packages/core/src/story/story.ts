// The story of an event: what several captures show together, on one clock. Connections that several captures saw are
// one conversation; exchanges are joined across the proxy; still plain data.
import type { CaptureFault } from '../capture/packet.ts'
import {
  CLIENT,
  type Connection,
  type Exchange,
  type IcmpError,
  isSealed,
  type Moment,
  type NameLookup,
  type NeighbourSearch,
  type Observations,
  type SideIndex,
} from '../observe/observations.ts'
import type { Clock, Vantage } from '../report/document.ts'
import type { Setting } from './clocks/settings.ts'
import type { Tie } from './clocks/ties.ts'
import { type Clocked, toStory } from './clocks/time.ts'

/** One capture in the story. `toStory` makes times of its observations times of the story (nanoseconds). */
export interface StoryCapture extends Clocked {
  observations: Observations
  clock: Clock
  /** When it was set, in order. */
  settings: readonly Setting[]
  /** Ids in the document of the capture's parts (one, or several for a rotated capture). */
  ids: number[]
  vantages: Vantage[]
  /** Without any of these: what its own exchanges say of where it was taken, on which no judgement rests. */
  supposed: Vantage[]
}

/** A connection as one capture shows it. */
export interface Sighting {
  capture: number
  connection: Connection
}

/** A TCP connection as all captures together show it. Sightings go from the client's end to the server's. */
export interface Conversation {
  id: number
  sightings: Sighting[]
  /** Story time of the first and the last packet. */
  first: number
  last: number
  /** ICMP errors that quote a packet of it. */
  icmp: { capture: number; error: IcmpError }[]
}

/** An exchange as the sightings of its conversation show it, in the same order; null where one does not have it. */
export interface Turn {
  conversation: Conversation
  views: (Exchange | null)[]
}

/** How an attempt at an upstream showed itself. */
export type TryKind = 'exchange' | 'connection' | 'neighbour'

/** One try of a proxy at one upstream. Times are story times as the proxy saw them. */
export interface Try {
  kind: TryKind
  conversation: Conversation | null
  turn: Turn | null
  /** For `neighbour`: the unanswered search for the upstream's address. */
  search: { capture: number; search: NeighbourSearch } | null
  start: number
  /** When it was over for the proxy: answered, refused, closed by either side; Infinity when that was not seen. */
  end: number
  /** How sure it is that this try belongs to the request it is paired with, and why. */
  pairing: { strength: 'sure' | 'likely' | 'weak'; by: string; runnerUp: string | null }
  /** The same exchange seen as a request to the next proxy, with tries of its own. */
  hop: Request | null
}

/** A request to a proxy (or to whatever was captured) with the proxy's tries to serve it. */
export interface Request {
  turn: Turn
  /** Story times of its first byte and of the first byte of its final answer; Infinity without an answer. */
  start: number
  answered: number
  /** When it was over: answer complete, or the connection closed; Infinity when that was not seen. */
  end: number
  tries: Try[]
  /** Failed or missing name lookups of the proxy while it worked on the request. */
  lookups: { capture: number; lookup: NameLookup }[]
}

/** What is known of a proxy: where it listens, from where it connects, and how we know. */
export interface Proxy {
  front: string
  backs: string[]
  joined: number
}

export interface Story {
  captures: StoryCapture[]
  /** What is known of the captures' clocks, two by two. */
  ties: Tie[]
  conversations: Conversation[]
  proxies: Proxy[]
  /**
   * Requests that are no try of another request, those the first captured client sent, in order of time; and how many
   * more of them there are: they got a good answer, to their only try where any is known, and left no `detail`.
   */
  requests: Request[]
  served: number
  /**
   * Tries that belong to no captured request: health checks, or attempts whose client leg was not captured. Those with a
   * good answer, and no `detail`, are left out.
   */
  strays: Try[]
  faults: { capture: number; file: string; faults: CaptureFault[] }[]
}

/** Story time of a moment seen by a capture. */
export const storyTime = (story: { captures: StoryCapture[] }, capture: number, moment: Moment): number =>
  toStory(story.captures[capture], moment.time)

/** Story times of a capture's first and last packet: while it ran, what it does not show did not pass it. */
export function runOf({ captures }: Story, capture: number): { first: number; last: number } {
  const clock = captures[capture]
  const { first, last } = clock.observations
  return { first: toStory(clock, first), last: toStory(clock, last) }
}

/** The sighting at the client's end of a conversation, and at the server's. */
export const nearClient = (conversation: Conversation): Sighting => conversation.sightings[0]
export const nearServer = (conversation: Conversation): Sighting =>
  conversation.sightings[conversation.sightings.length - 1]

/** Whether the proxy got a whole answer to its try. */
export function gotAnswer({ turn }: Try): boolean {
  if (turn === null) return false
  const { exchange, sighting } = clientView(turn)
  return isAnswered(sighting, exchange)
}

/**
 * Whether whoever asked got a whole answer: not when it had closed its side before the answer began, which then came to
 * nobody.
 */
export function isAnswered(sighting: Sighting, exchange: Exchange): boolean {
  if (exchange.status === 0 && !isSealed(exchange)) return false
  const { ended } = exchange
  if (ended !== 'complete' && ended !== 'closed') return false
  if (ended === 'closed' && exchange.detail?.incomplete === true) return false
  const { fin, reset } = sighting.connection.sides[CLIENT]
  return !isBetween(fin, exchange) && !isBetween(reset, exchange)
}

/** Whether a moment lies between a request and its response. */
export const isBetween = (moment: Moment | null, exchange: Exchange): boolean =>
  moment !== null && moment.time < exchange.response.time && moment.time > exchange.request.time

/** AlertLevel (RFC 5246 section 7.2). */
const WARNING = 1
const CLOSE_NOTIFY = 0

/** When a side ended the connection: FINs, RSTs, and the alerts with which TLS closes. Times of its capture. */
export function endings({ sides, tls }: Connection, side: SideIndex): Moment[] {
  const { fin, reset } = sides[side]
  const alerts = (tls?.alerts ?? []).flatMap(({ from, level, description, at }) =>
    from !== side || (level === WARNING && description !== CLOSE_NOTIFY) ? [] : [at],
  )
  return [fin, reset, ...alerts].filter((moment) => moment !== null)
}

/** The exchange as seen nearest to the client that has it, with its sighting. */
export function clientView(turn: Turn): { sighting: Sighting; exchange: Exchange } {
  const { conversation, views } = turn
  let i = 0
  while (views[i] === null) i++
  return { sighting: conversation.sightings[i], exchange: views[i]! }
}

/**
 * The exchange as seen nearest to the server: where no answer was captured there and one was nearer to the client, it
 * left, and it is that one.
 */
export function serverView(turn: Turn): { sighting: Sighting; exchange: Exchange } {
  const { conversation, views } = turn
  let i = views.length - 1
  while (views[i] === null) i--
  if (isSilent(views[i]!)) {
    const answered = views.findLastIndex((view) => view !== null && !isSilent(view))
    if (answered >= 0) i = answered
  }
  return { sighting: conversation.sightings[i], exchange: views[i]! }
}

/** Nothing of an answer was captured. */
const isSilent = ({ response, status }: Exchange): boolean => response.frame < 0 && status === 0

/** Endpoint at which a request arrived. */
export const frontOf = ({ turn }: Request): string => serverView(turn).sighting.connection.server
