// What else the captures show around a try: whether the upstream's host lived, how it treats idle connections, how long
// it takes for other requests. The healthy traffic is the control group.
import { connectionsOf } from '../observe/connection-table.ts'
import { CLIENT, type Connection, type Exchange, type Moment, SERVER } from '../observe/observations.ts'
import type { FrameRef } from '../report/document.ts'
import { vagueness } from '../story/clocks/order.ts'
import { fromStory, toStory } from '../story/clocks/time.ts'
import { Spans } from '../story/spans.ts'
import { nearClient, type Story, type StoryCapture } from '../story/story.ts'
import { conversationsDuring, conversationsWith, TimedConversations } from './by-endpoint.ts'
import type { Facts } from './facts.ts'
import { perStory } from './remember.ts'
import { frameRef, type View } from './view.ts'
import { watched } from './witness.ts'

/** Where a response was cut off, for people. */
export function cutAt({ exchange }: View): string {
  const detail = exchange?.detail ?? null
  if (exchange === null || detail === null || !detail.headComplete) {
    return `inside the header section (${exchange?.headSize ?? 0} bytes of it came)`
  }
  const of = detail.contentLength >= 0 ? ` of ${detail.contentLength}` : ''
  return `after ${exchange.responseBytes}${of} bytes of the body`
}

/**
 * Whether the capture at the upstream's end provably ran over a time: it has packets before and after it. What it then
 * does not show did not happen there.
 */
export function farRan({ story, far, near, rttSeconds }: Facts, from: number, until: number): boolean {
  if (far === null) return false
  // The proxy's closing takes its way, and where both captures saw it last, they saw the same.
  const end = Number.isFinite(until) ? until : near.at(near.connection.last)
  // By that way the clocks are tied as well.
  const slack = 2 * rttSeconds * 1e9 + 1e6
  return watched(story, far.capture, from + slack, Math.max(from + slack, end - slack), near.capture)
}

const legNamed = ({ client, server }: Connection): string => `${client} ${server}`

/** Whether a capture at the upstream's end, which ran while the proxy tried, has other connections and not this one. */
export function neverArrived({ story, near, attempt, asked, gaveUp }: Facts): boolean {
  if (attempt.conversation!.sightings.some((s) => s.capture !== near.capture)) return false
  const until = Math.min(gaveUp, asked + 60e9)
  return story.captures.some(({ vantages }, capture) => {
    if (capture === near.capture || !vantages.includes('upstream')) return false
    if (!watched(story, capture, asked, Math.min(gaveUp, asked + 1e9), near.capture)) return false
    // Translated beyond recognition it may be among those: a SYN that nobody answered either. Not those that the near
    // capture has as well: they are themselves.
    const strangers = strangersIn(story, `${capture} ${near.capture}`)
    if (strangers.some((time) => time > asked - 1e9 && time < until)) return false
    return serversIn(story, `${capture}`).has(near.connection.serverAddress)
  })
}

/** Story times of the SYNs that nobody answered of one capture, on legs that another one does not have. */
const strangersIn = perStory((story, key): number[] => {
  const [there, near] = key.split(' ').map((capture) => story.captures[Number(capture)]!)
  const unanswered = connectionsOf(there!.observations).filter((c) => c.synAck === null && c.syns.length > 0)
  if (unanswered.length === 0) return []
  const legs = new Set(connectionsOf(near!.observations).map(legNamed))
  return unanswered.filter((c) => !legs.has(legNamed(c))).map(({ first }) => toStory(there!, first.time))
})

const serversIn = perStory(
  (story, capture): Set<string> =>
    new Set(connectionsOf(story.captures[Number(capture)]!.observations).map((c) => c.serverAddress)),
)

export interface HostSigns {
  /** A connection that the upstream's host accepted while the try waited. */
  opened: { server: string; frame: FrameRef } | null
  /** A packet of the host on another connection in that time. */
  spoke: FrameRef | null
  /** A connection to the same port, open in that time, whose request was taken and never answered. */
  pending: FrameRef | null
}

/** What the upstream's host did on other connections while the try waited. */
export function hostSigns({ story, near, attempt, asked, gaveUp }: Facts): HostSigns {
  const signs: HostSigns = { opened: null, spoke: null, pending: null }
  const { serverAddress, server } = near.connection
  const until = Number.isFinite(gaveUp) ? gaveUp : near.at(near.connection.last)
  for (const conversation of conversationsDuring(story, serverAddress, asked, until)) {
    if (conversation === attempt.conversation) continue
    const { capture, connection } = nearClient(conversation)
    const at = story.captures[capture]
    const { earlier, later } = vagueness(story, capture, near.capture, asked)
    const within = (time: number): boolean => toStory(at, time) > asked + earlier && toStory(at, time) < until - later
    const { synAck } = connection
    if (signs.opened === null && synAck !== null && within(synAck.time)) {
      signs.opened = { server: connection.server, frame: frameRef(story, capture, synAck.frame) }
    }
    if (signs.spoke === null) {
      const response = answerWithin(at, connection, asked + earlier, until - later, within)
      if (response !== null) signs.spoke = frameRef(story, capture, response.frame)
    }
    // All others could add nothing.
    if (signs.opened !== null && signs.spoke !== null) break
  }
  for (const conversation of unansweredAt(story, server).within(asked, until)) {
    if (conversation === attempt.conversation) continue
    const { capture, connection } = nearClient(conversation)
    const { later } = vagueness(story, capture, near.capture, asked)
    const waits = connection.exchanges.find(
      (x) => isUnanswered(x) && toStory(story.captures[capture], x.request.time) < until - later,
    )
    if (waits === undefined) continue
    signs.pending = frameRef(story, capture, waits.request.frame)
    break
  }
  return signs
}
const isUnanswered = ({ request, response }: Exchange): boolean => response.frame < 0 && request.frame >= 0

/** Conversations with a server on which it left a request unanswered. */
const unansweredAt = perStory(
  (story, server) =>
    new TimedConversations(
      conversationsWith(story, server).filter((c) => nearClient(c).connection.exchanges.some(isUnanswered)),
    ),
)

/** Exchanges of a connection from which on they are not all looked at. */
const MANY = 64
const answersOf = new WeakMap<Connection, Spans>()

/** The first answer on a connection that `isThen`, which none is but from one story time to another. */
function answerWithin(
  at: StoryCapture,
  connection: Connection,
  from: number,
  until: number,
  isThen: (time: number) => boolean,
): Moment | null {
  const { exchanges } = connection
  const isIt = ({ response }: Exchange): boolean => response.frame >= 0 && isThen(response.time)
  // A clock that was set has some times twice, and others never.
  if (exchanges.length < MANY || at.pieces.length > 1) return exchanges.find(isIt)?.response ?? null
  let answers = answersOf.get(connection)
  if (answers === undefined) {
    const time = (i: number): number => exchanges[i]!.response.time
    answersOf.set(connection, (answers = new Spans(exchanges.length, time, time)))
  }
  for (const i of answers.within(fromStory(at, from), fromStory(at, until))) {
    if (isIt(exchanges[i]!)) return exchanges[i]!.response
  }
  return null
}

/** A search for the address that nobody answered while the try waited, whoever made it. */
export function unansweredSearch(
  story: Story,
  address: string,
  from: number,
  until: number,
): { from: string; frames: FrameRef[] } | null {
  for (const [capture, at] of story.captures.entries()) {
    for (const search of at.observations.neighbours) {
      if (search.target !== address || search.answer !== null) continue
      const within = search.requests.filter(({ time }) => toStory(at, time) >= from - 1e9 && toStory(at, time) <= until)
      if (within.length > 0) return { from: search.from, frames: within.map((m) => frameRef(story, capture, m.frame)) }
    }
  }
  return null
}

interface Timed {
  seconds: number
  frame: FrameRef
}

/** A proxy's address and an upstream's endpoint, as one key. */
const legOf = ({ near: { connection } }: Facts): string => `${connection.clientAddress} ${connection.server}`

/** Connections of the same proxy to the same upstream, as the proxy's end saw them. */
function* onLeg(story: Story, leg: string): Generator<{ capture: number; connection: View['connection'] }> {
  const [proxy, upstream] = leg.split(' ')
  for (const conversation of conversationsWith(story, upstream)) {
    const { capture, connection } = nearClient(conversation)
    if (connection.clientAddress === proxy) yield { capture, connection }
  }
}

/** Whether the proxy sent requests inside TLS to this very server, under the name it asks for now, and got answers. */
export function isTrusted(facts: Facts): boolean {
  const name = facts.near.connection.tls?.clientHello?.serverName ?? null
  return trustedNames(facts.story, legOf(facts)).has(name)
}

const trustedNames = perStory((story, leg): Set<string | null> => {
  const names = new Set<string | null>()
  for (const { connection } of onLeg(story, leg)) {
    const hello = connection.tls?.clientHello ?? null
    if (hello !== null && connection.exchanges.some(({ response }) => response.frame >= 0)) names.add(hello.serverName)
  }
  return names
})

/** The longest idle gap, in seconds, after which a request on a reused connection was answered all the same. */
export const longestReuse = (facts: Facts): number => longestReuseOn(facts.story, legOf(facts))

const longestReuseOn = perStory((story, leg): number => {
  let longest = 0
  for (const { connection } of onLeg(story, leg)) {
    for (const exchange of connection.exchanges) {
      if (exchange.response.frame >= 0 && exchange.status > 0) longest = Math.max(longest, exchange.idle / 1e9)
    }
  }
  return longest
})

/** The first other connections that the upstream closed by itself while they were idle: after how long, in which frame. */
export function idleCloses(facts: Facts, most: number): Timed[] {
  const { connection } = facts.near
  const closes = idleClosesOn(facts.story, legOf(facts)).slice(0, most + 1)
  return closes.filter((close) => close.connection !== connection).slice(0, most)
}

const idleClosesOn = perStory((story, leg): (Timed & { connection: View['connection'] })[] => {
  const closes: (Timed & { connection: View['connection'] })[] = []
  for (const { capture, connection } of onLeg(story, leg)) {
    const fin = connection.sides[SERVER].fin
    const last = connection.exchanges.at(-1)
    if (fin === null || last === undefined || last.ended !== 'complete' || last.responseEnd.time < 0) continue
    const own = connection.sides[CLIENT].fin
    const idle = (fin.time - last.responseEnd.time) / 1e9
    if (idle < 0.5 || (own !== null && own.time <= fin.time)) continue
    closes.push({ seconds: idle, frame: frameRef(story, capture, fin.frame), connection })
  }
  return closes
})

/**
 * Seconds that the upstream took for comparable requests that it answered, where they are no fewer than `least`: the
 * longest first, with the frames of the answers.
 */
export function comparableTimes({ story, near: { connection, exchange } }: Facts, least: number): Timed[] {
  if (exchange === null) return []
  const times = timesByShape(story, connection.server).get(shapeOf(exchange)) ?? []
  const found: Timed[] = []
  for (const time of times) {
    if (!(time.seconds >= least)) break
    if (time.exchange !== exchange) found.push(time)
  }
  return found
}

/** Answered requests of one server by their shape, the slowest first. */
const timesByShape = perStory((story, server): Map<string, (Timed & { exchange: Exchange })[]> => {
  const shapes = new Map<string, (Timed & { exchange: Exchange })[]>()
  for (const conversation of conversationsWith(story, server)) {
    const { capture, connection } = nearClient(conversation)
    for (const exchange of connection.exchanges) {
      if (exchange.status === 0 || exchange.status >= 500 || exchange.ended !== 'complete') continue
      // An answer for which nobody waited any more is no success.
      const gone = connection.sides[CLIENT].fin ?? connection.sides[CLIENT].reset
      if (exchange.request.frame < 0) continue
      if (gone !== null && gone.time > exchange.request.time && gone.time < exchange.response.time) continue
      const seconds = (exchange.response.time - exchange.request.time) / 1e9
      const shape = shapeOf(exchange)
      const time = { seconds, frame: frameRef(story, capture, exchange.response.frame), exchange }
      const times = shapes.get(shape)
      if (times === undefined) shapes.set(shape, [time])
      else times.push(time)
    }
  }
  for (const times of shapes.values()) times.sort((a, b) => b.seconds - a.seconds)
  return shapes
})

/** Method and path with what looks like an identifier replaced: /report/17 and /report/23 are comparable. */
function shapeOf({ method, target }: Exchange): string {
  const path = target.replace(/[?#].*$/s, '')
  const parts = path.split('/').map((part) => (/\d/.test(part) ? '#' : part))
  return `${method} ${parts.join('/')}`
}
