// What the captures show of a proxy's upstream side, for requests of which no try is known: from where it connects, what
// it opened there, which of that failed. Found once for each front, and then asked by time.
import { DNS_PORT, SERVER } from '../observe/observations.ts'
import type { FrameRef } from '../report/document.ts'
import { vagueness } from '../story/clocks/order.ts'
import { toStory } from '../story/clocks/time.ts'
import { bareAddress } from '../story/pairing.ts'
import {
  type Conversation,
  frontOf,
  gotAnswer,
  nearClient,
  type Request,
  runOf,
  serverView,
  type Story,
  storyTime,
} from '../story/story.ts'
import { endOf } from '../story/vantage.ts'
import { conversationsFrom } from './by-endpoint.ts'
import { perStory } from './remember.ts'
import { frameRef } from './view.ts'

/** Failures this recent may have taken a pool member out of rotation. */
export const RECENT_NS = 120e9

/**
 * Addresses from which the proxy may reach its upstreams. Where no request was ever passed on, the one host that opens
 * connections or asks names, and is no client of the proxy, is taken for its other side.
 */
export const backHosts = (story: Story, request: Request): ReadonlySet<string> => hostsOf(story, frontOf(request))

const hostsOf = perStory((story, front): ReadonlySet<string> => {
  const proxy = story.proxies.find((p) => p.front === front)
  const hosts = new Set([bareAddress(front), ...(proxy?.backs ?? [])])
  if (proxy !== undefined) return hosts
  const clients = new Set<string>()
  const others = new Set<string>()
  for (const conversation of story.conversations) {
    const { connection } = nearClient(conversation)
    if (connection.server === front) clients.add(connection.clientAddress)
    else others.add(connection.clientAddress)
  }
  for (const { observations } of story.captures) for (const lookup of observations.lookups) others.add(lookup.client)
  const strangers = [...others].filter((host) => !clients.has(host) && !hosts.has(host))
  if (strangers.length === 1) hosts.add(strangers[0])
  return hosts
})

/** Conversations that the proxy opened, in the story's order. */
const openedBy = perStory((story, front): readonly Conversation[] =>
  [...hostsOf(story, front)].flatMap((host) => conversationsFrom(story, host)).toSorted((a, b) => a.id - b.id),
)

/** Those that show what the proxy sends: not its clients', and not as a capture at the upstream has them, by capture. */
const shownBy = perStory((story, front): ReadonlyMap<number, Conversation[]> => {
  const shown = new Map<number, Conversation[]>()
  for (const conversation of openedBy(story, front)) {
    const { capture, connection } = nearClient(conversation)
    // What a capture at the upstream lacks may have been sent all the same.
    const isElsewhere = story.captures[capture].vantages.join() === 'upstream' || endOf([connection]) === 'server'
    if (connection.server === front || isElsewhere) continue
    const list = shown.get(capture)
    if (list === undefined) shown.set(capture, [conversation])
    else list.push(conversation)
  }
  return shown
})

/**
 * Proof that the captures show what the proxy sends to its upstreams around this request; null when they do not. Vague
 * where a failed try may have been made for it after all, on a clock that nobody knows.
 */
export function coverage(
  story: Story,
  request: Request,
): { capture: number; text: string; frames: FrameRef[]; isVague: boolean } | null {
  for (const [capture, conversations] of shownBy(story, frontOf(request))) {
    const { first, last: end } = runOf(story, capture)
    // The try may be among those that there was no room for.
    const { connections: left, exchanges } = story.captures[capture].observations.forgotten
    if (left + exchanges > 0) continue
    if (first > request.start || end < request.answered - RECENT_NS) continue
    // A capture that saw the proxy connect at another time saw that side; it must not have ended before.
    const isWhole = end >= request.answered || sameFile(story, capture, request)
    const shows = conversations.find((c) => c !== request.turn.conversation && (isWhole || c.last >= request.answered))
    if (shows === undefined) continue
    const { connection } = nearClient(shows)
    return {
      capture,
      text: `it shows the proxy's connection to ${connection.server}`,
      frames: [frameRef(story, capture, connection.first.frame)],
      isVague: mayHoldTries(story, capture, request),
    }
  }
  return null
}

/** Whether the proxy spoke TLS that nobody can read while it worked on a request. */
export const wasSealed = (story: Story, request: Request): boolean =>
  openedBy(story, frontOf(request)).some((conversation) => {
    const { tls } = nearClient(conversation).connection
    const isThen = conversation.first <= request.answered && conversation.last >= request.start
    return isThen && tls !== null && tls.decryption.is !== 'decrypted'
  })

/** Which ends of a connection were captured. One capture alone may be at either: its user's word, then TTLs, tell. */
export function endsSeen(story: Story, { sightings }: Conversation): { near: boolean; far: boolean } {
  if (sightings.length > 1) return { near: true, far: true }
  const [{ capture, connection }] = sightings
  const { vantages } = story.captures[capture]
  const [near, far] = [vantages.includes('proxy-back'), vantages.includes('upstream')]
  if (near !== far) return { near, far }
  const end = endOf([connection])
  return { near: end !== 'server', far: end === 'server' }
}

/** Tries that belong to no request, on a clock that nobody knows: this one may be whose they are. */
function mayHoldTries(story: Story, capture: number, request: Request): boolean {
  const front = serverView(request.turn).sighting.capture
  if (vagueness(story, capture, front, request.start).later < Infinity) return false
  return story.strays.some(
    (attempt) =>
      (attempt.search?.capture ?? nearClient(attempt.conversation!).capture) === capture &&
      (attempt.turn === null || !gotAnswer(attempt)),
  )
}

/** Captures that were taken together end with their last packet, which may come before the last answer. */
function sameFile(story: Story, capture: number, request: Request): boolean {
  const front = serverView(request.turn).sighting.capture
  return capture === front || Math.abs(runOf(story, capture).first - runOf(story, front).first) < RECENT_NS
}

/** When a connection of the proxy began and when it had failed, in story time, with the frame that shows it. */
interface Failure {
  at: number
  failed: number
  frame: FrameRef
}

const failuresOf = perStory((story, front): Failure[] =>
  openedBy(story, front)
    .flatMap((conversation): Failure[] => {
      const { capture, connection: c } = nearClient(conversation)
      const failed =
        c.synAck === null
          ? (c.sides[SERVER].reset ?? c.syns[0] ?? null)
          : c.exchanges.some((x) => x.status === 0 || x.status >= 500)
            ? c.last
            : null
      if (failed === null) return []
      const frame = frameRef(story, capture, failed.frame)
      return [{ at: conversation.first, failed: storyTime(story, capture, failed), frame }]
    })
    .toSorted((a, b) => a.at - b.at),
)

/** Connections of the proxy that failed shortly before the request. */
export function earlierFailures(story: Story, request: Request): FrameRef[] {
  return between(failuresOf(story, frontOf(request)), request.start - RECENT_NS, request.answered)
    .filter(({ failed }) => failed <= request.answered)
    .map(({ frame }) => frame)
}

/** Where the proxy turned to anything but a name server, by time. */
const turnsElsewhere = perStory((story, front): { at: number }[] =>
  openedBy(story, front)
    .filter((conversation) => nearClient(conversation).connection.serverPort !== DNS_PORT)
    .map((conversation) => ({ at: conversation.first }))
    .toSorted((a, b) => a.at - b.at),
)

export type Lookup = Request['lookups'][number]

/** The proxy's lookups by the time of their answer, or of their first query. */
const lookupsOf = perStory((story, front): (Lookup & { at: number })[] => {
  const hosts = hostsOf(story, front)
  return story.captures
    .flatMap((at, capture) =>
      at.observations.lookups.flatMap((lookup) => {
        const moment = lookup.answer ?? lookup.queries[0]
        return hosts.has(lookup.client) ? [{ capture, lookup, at: toStory(at, moment.time) }] : []
      }),
    )
    .toSorted((a, b) => a.at - b.at)
})

/** The proxy's last lookups of each name before it answered, where no connection was tried in the meantime. */
export function latestLookups(story: Story, request: Request): Lookup[] {
  const front = frontOf(request)
  const latest = new Map<string, Lookup & { at: number }>()
  for (const found of between(lookupsOf(story, front), request.start - RECENT_NS, request.answered)) {
    latest.set(`${found.lookup.name} ${found.lookup.type}`, found)
  }
  const since = [...latest.values()].reduce((first, { at }) => Math.min(first, at), Infinity)
  const tries = between(turnsElsewhere(story, front), since, request.answered)
  return tries.some(({ at }) => at > since && at < request.answered) ? [] : [...latest.values()]
}

/** The items from one time to another, both included; `items` are in order of time. */
function between<T extends { at: number }>(items: readonly T[], from: number, to: number): T[] {
  return items.slice(
    firstIndex(items, ({ at }) => at >= from),
    firstIndex(items, ({ at }) => at > to),
  )
}

/** Index of the first item for which a condition holds that, once it holds, holds for all that follow. */
function firstIndex<T>(items: readonly T[], holds: (item: T) => boolean): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (holds(items[middle])) high = middle
    else low = middle + 1
  }
  return low
}
