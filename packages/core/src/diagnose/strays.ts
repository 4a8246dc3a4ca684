// Failed tries whose request to the proxy is not in the captures. Where the client leg is captured, a try without a
// request is a health check or somebody else's; where it is not, every failed try is an incident with an unseen client.
import { CLIENT, type Connection, type Exchange, isSealed, SERVER } from '../observe/observations.ts'
import { packetsOf } from '../observe/packets.ts'
import { toStory } from '../story/clocks/time.ts'
import { originForm } from '../story/pairing.ts'
import {
  clientView,
  type Conversation,
  endings,
  frontOf,
  gotAnswer,
  nearClient,
  nearServer,
  serverView,
  type Sighting,
  type Story,
  type Try,
} from '../story/story.ts'
import { conversationsWith } from './by-endpoint.ts'
import { frontsOf, isForwarded } from './gateway.ts'
import type { Judgement } from './judgement.ts'
import { isMissed } from './missed.ts'
import { perStory } from './remember.ts'
import { repeatsIn, rolesIn } from './repeats.ts'
import type { JudgedTry } from './resolve.ts'
import { judgeTry, type Verdict } from './verdict.ts'

/** This many tries at regular intervals are health checks. */
const CHECKS = 3
/** Intervals of a timer differ from each other by less than this share. */
const REGULAR = 0.2

export interface JudgedStray {
  /** Tries of one request, as far as likeness and time tell, in order; those that went well have no verdict. */
  tries: JudgedTry[]
  /** The one that the answer rested on, or that a retry hid. */
  deciding: JudgedTry & { verdict: Verdict }
  /** A later try went well. */
  masked: boolean
  /** The encrypted client connection that the try was made for, where one alone fits in time. */
  front: Sighting | null
}

/** What is judged, and the tries that failed only if a proxy made them, which the captures do not tell. */
export interface Strays {
  judged: JudgedStray[]
  unsure: Try[]
}

export function judgeStrays(story: Story): Strays {
  if (story.proxies.length > 0) return { judged: [], unsure: [] }
  const checks = healthChecks(story)
  const failed = failedTargets(story)
  const unsure: Try[] = []
  const sure = new Map<Try, Judged>()
  for (const attempt of story.strays) {
    if (attempt.search !== null || checks.has(seriesOf(attempt)) || isTwin(failed, attempt)) continue
    // What a proxy's client sees is no try of a proxy.
    if (frontsOf(story).has(nearClient(attempt.conversation!).connection.server)) continue
    if (mayBeServed(story, legOf(attempt))) {
      unsure.push(attempt)
      continue
    }
    if (isCutAway(attempt) && hasOtherLeg(story, legOf(attempt))) continue
    const how = failure(story, attempt)
    if (how === null || isMissed(story, attempt)) continue
    if (how === 'of a proxy' && !isUpstreamLeg(story, attempt)) {
      unsure.push(attempt)
      continue
    }
    const judged = judgeStray(story, attempt, how)
    if (judged.verdict.judgement.cause !== 'undetermined') sure.set(attempt, judged)
  }
  return inChains(story, sure, unsure)
}

interface Judged extends JudgedTry {
  verdict: Verdict
  front: Sighting | null
}

const isTold = (tried: Judged | JudgedTry): tried is Judged =>
  tried.verdict !== null && tried.verdict.judgement.cause !== 'undetermined'

function judgeStray(story: Story, attempt: Try, how: 'of anybody' | 'of a proxy'): Judged {
  const verdict = judgeTry(story, null, attempt, Infinity)
  const front = encryptedFront(story, attempt)
  const { judgement } = verdict
  // Which leg it is, or whose request it was, stays a guess.
  if (judgement.confidence === 'certain' && (front !== null || !isUpstreamLeg(story, attempt)))
    judgement.confidence = 'likely'
  if (how === 'of a proxy' && attempt.turn !== null && !gotAnswer(attempt)) leaveOpen(judgement)
  return { attempt, verdict, front }
}

/** Puts tries that repeat one another together. A chain with one failed try is judged whole: who asks again is a proxy. */
function inChains(story: Story, sure: ReadonlyMap<Try, Judged>, unsure: readonly Try[]): Strays {
  const failed = [...sure.keys(), ...unsure].toSorted((a, b) => a.start - b.start)
  if (sure.size === 0) return { judged: [], unsure: [...unsure] }
  const repeat = repeatsIn(story, failed)
  const next = new Map(failed.map((attempt) => [attempt, repeat(attempt)]))
  const later = new Set(next.values())
  const judged: JudgedStray[] = []
  const left: Try[] = []
  for (const first of failed) {
    if (later.has(first)) continue
    const chain: Try[] = [first]
    for (let at = next.get(first) ?? null; at !== null; at = next.get(at) ?? null) chain.push(at)
    if (!chain.some((attempt) => sure.has(attempt))) {
      left.push(...chain.filter((attempt) => next.has(attempt)))
      continue
    }
    const tries = chain.map((attempt): Judged | JudgedTry => {
      if (!next.has(attempt) && gotAnswer(attempt)) return { attempt, verdict: null }
      return sure.get(attempt) ?? judgeStray(story, attempt, 'of a proxy')
    })
    const masked = tries.at(-1)!.verdict === null
    // The answer rests on the last try; a retry hid the first one that failed.
    const deciding = (masked ? tries : tries.toReversed()).find((tried) => isTold(tried))!
    judged.push({ tries, deciding, masked, front: deciding.front })
  }
  return { judged, unsure: left }
}

/** A client that gives up first makes its proxy close the upstream leg just as a timer does. */
function leaveOpen(judgement: Judgement): void {
  judgement.confidence = 'possible'
  const because = 'a client that gave up first looks the same; a capture of the client leg would tell'
  const competing = judgement.competing ?? []
  if (!competing.some(({ cause }) => cause === 'undetermined')) {
    judgement.competing = [...competing, { cause: 'undetermined', because, frames: [] }]
  }
}

/** By the user's word, or the request's own, the leg behind a proxy. Without a request that was passed on only hints are left. */
function isUpstreamLeg(story: Story, { conversation, turn }: Try): boolean {
  if (turn !== null && isForwarded(clientView(turn).exchange)) return true
  const { vantages } = story.captures[nearClient(conversation!).capture]
  return vantages.includes('proxy-back') || vantages.includes('upstream')
}

/**
 * Where requests failed, by method and target. A try that looks like one of them, and was not paired with it, is its twin
 * on a clock that could not be told: one failure, not two.
 */
function failedTargets(story: Story): Map<string, Map<string, Place>> {
  const failed = new Map<string, Map<string, Place>>()
  for (const request of story.requests) {
    const { exchange, sighting } = serverView(request.turn)
    if (exchange.status > 0 && exchange.status < 500) continue
    const key = `${exchange.method} ${originForm(exchange.target)}`
    const place = { capture: sighting.capture, front: frontOf(request) }
    const places = failed.get(key) ?? new Map<string, Place>()
    failed.set(key, places.set(`${place.capture} ${place.front}`, place))
  }
  return failed
}

/** A request of which the capture has nothing to compare: it may be any that was seen elsewhere. */
function isCutAway({ turn }: Try): boolean {
  if (turn === null) return false
  const { method, target, request } = clientView(turn).exchange
  return (method === '' || target === '') && request.frame >= 0 && !isSealed(clientView(turn).exchange)
}

const legOf = ({ conversation }: Try): string => {
  const { clientAddress, server } = nearClient(conversation!).connection
  return `${clientAddress} ${server}`
}

/** Connections counted by client, by server and by both: whether any is of another leg is asked for each of many legs. */
class Legs {
  readonly #counts = new Map<string, number>()
  #all = 0

  add(client: string, server: string): void {
    this.#all++
    for (const key of keysOf(client, server)) this.#counts.set(key, this.#count(key) + 1)
  }

  /** Whether there is one neither from that client nor to that server. */
  hasOther(client: string, server: string): boolean {
    const [from, to, both] = keysOf(client, server).map((key) => this.#count(key))
    return this.#all - from! - to! + both! > 0
  }

  #count(key: string): number {
    return this.#counts.get(key) ?? 0
  }
}

const keysOf = (client: string, server: string): string[] => [`${client} `, ` ${server}`, `${client} ${server}`]

/** Legs on which requests were seen. */
const asking = perStory((story): Legs => {
  const legs = new Legs()
  for (const conversation of story.conversations) {
    const { connection } = nearClient(conversation)
    if (connection.exchangeCount > 0) legs.add(connection.clientAddress, connection.server)
  }
  return legs
})

/** Legs that were captured with losses. */
const lossy = perStory((story): Legs => {
  const legs = new Legs()
  for (const { sightings } of story.conversations) {
    for (const { connection } of sightings) {
      if (connection.sides.some(({ missing }) => missing > 0)) legs.add(connection.clientAddress, connection.server)
    }
  }
  return legs
})

/** Whether requests were seen on another leg: neither from who sent these nor to who got them. */
function hasOtherLeg(story: Story, leg: string): boolean {
  const [from, to] = leg.split(' ')
  return asking(story).hasOther(from!, to!)
}

/** Whether another leg was captured with losses: the request that a try belongs to may be there, and answered. */
function mayBeServed(story: Story, leg: string): boolean {
  const [from, to] = leg.split(' ')
  return lossy(story).hasOther(from!, to!)
}

/** Where requests were seen. */
interface Place {
  capture: number
  front: string
}

function isTwin(failed: ReadonlyMap<string, ReadonlyMap<string, Place>>, { turn }: Try): boolean {
  if (turn === null) return false
  const { exchange, sighting } = clientView(turn)
  const places = failed.get(`${exchange.method} ${originForm(exchange.target)}`)?.values() ?? []
  return [...places].some(({ capture, front }) => capture !== sighting.capture && front !== sighting.connection.server)
}

/** How soon a proxy passes on what it got, and answers once its try has failed. */
const AT_ONCE_NS = 50e6

/** Conversations whose client speaks TLS. */
const encrypted = perStory((story): Conversation[] =>
  story.conversations.filter((conversation) => nearServer(conversation).connection.speaks[CLIENT] === 'tls'),
)

/** The one connection in another leg whose encrypted data came right before the try and was answered right after it. */
function encryptedFront(story: Story, attempt: Try): Sighting | null {
  const { connection: back } = nearClient(attempt.conversation!)
  const fitting = encrypted(story).flatMap((conversation) => {
    const sighting = nearServer(conversation)
    const { connection, capture } = sighting
    if (conversation.first > attempt.start || conversation.last < attempt.end) return []
    if (connection.server === back.server || connection.clientAddress === back.clientAddress) return []
    const at = story.captures[capture]
    const packets = packetsOf(connection)
    const data = (from: 0 | 1, after: number, before: number): boolean =>
      packets.some(
        (p) => p.from === from && p.length > 0 && toStory(at, p.time) >= after && toStory(at, p.time) <= before,
      )
    const asked = data(CLIENT, attempt.start - AT_ONCE_NS, attempt.start)
    const answered = data(SERVER, attempt.end, attempt.end + AT_ONCE_NS)
    return asked && answered ? [sighting] : []
  })
  return fitting.length === 1 ? fitting[0] : null
}

/**
 * Whether a try failed whoever made it (`of anybody`), or only if a proxy did (`of a proxy`): a client that leaves, or
 * finds a port closed, is no failure of a proxy.
 */
function failure(story: Story, attempt: Try): 'of anybody' | 'of a proxy' | null {
  const { connection } = nearClient(attempt.conversation!)
  if (attempt.turn === null) {
    // A connection without a request: failed handshakes to a known HTTP service are somebody's try.
    // Of one that is older than the capture nobody knows what it was for.
    if (connection.orientation !== 'syn') return null
    if (failedHandshake(connection)) return 'of a proxy'
    if (connection.synAck !== null || connection.speaks[CLIENT] !== null) return null
    // One SYN without any answer: the answer may be what was not captured. Who means it asks again.
    const isRefused = connection.sides[SERVER].reset !== null || attempt.conversation!.icmp.length > 0
    if (connection.syns.length < 2 && !isRefused) return null
    return conversationsWith(story, connection.server).some((c) => nearClient(c).connection.exchangeCount > 0)
      ? 'of anybody'
      : 'of a proxy'
  }
  const { exchange } = clientView(attempt.turn)
  if (exchange.tunnel || exchange.request.frame < 0) return null
  // An answer cut by the snap length may well have been whole, however its connection ended.
  const mayHaveCome = exchange.response.frame >= 0 || isSealed(exchange)
  if (mayHaveCome && exchange.ended !== 'complete' && exchange.detail?.incomplete === true) return null
  if (gotAnswer(attempt)) return exchange.status === 502 || exchange.status === 504 ? 'of a proxy' : null
  const reset = exchange.detail?.streamReset ?? null
  if (reset !== null && exchange.ended !== 'complete') return reset.from === SERVER ? 'of anybody' : 'of a proxy'
  if (isSealed(exchange) && !isPlainlyCut(connection, exchange)) return null
  const [client, server] = [CLIENT, SERVER].map((side) =>
    Math.min(...endings(connection, side as 0 | 1).map(({ time }) => time)),
  )
  if (server < Infinity && exchange.ended !== 'complete' && server <= client) return 'of anybody'
  // The sender gave up: a proxy's timeout and a client's patience look alike, but no timeout is as short as this.
  const waited = client - Math.max(exchange.request.time, exchange.requestEnd.time)
  return client < Infinity && waited >= SHORTEST_TIMEOUT_NS ? 'of a proxy' : null
}

/** Below the shortest timeout that anybody gives an upstream's answer. */
const SHORTEST_TIMEOUT_NS = 0.4e9

/**
 * Whether what cannot be read failed all the same: the first request got nothing, not even what may be a session ticket,
 * or a record stopped half-way. On a connection used before, a message without an answer may be the last one of a WebSocket, or go out again elsewhere; and
 * servers may reset a connection behind a whole answer.
 */
function isPlainlyCut({ tls }: Connection, { ordinal, requestEnd, response }: Exchange): boolean {
  if (response.frame >= 0) return tls?.cutRecord[SERVER] != null
  return ordinal === 0 && !tls?.tickets.some(({ first }) => first.time > requestEnd.time)
}

/** A TLS handshake that somebody ended before it was complete. */
function failedHandshake({ tls, sides }: Connection): boolean {
  if (tls === null || tls.begins !== 'hello' || tls.handshakeEnd === null) return false
  return tls.handshakeEnd.how !== 'cut' || sides.some(({ reset }) => reset !== null)
}

/** Tries of one host at one server, with one target. */
const series = ({ clientAddress, server }: Connection, exchange: Exchange | null): string =>
  `${clientAddress} ${server} ${exchange?.target ?? ''}`

function seriesOf({ conversation, turn }: Try): string {
  return conversation === null ? '' : series(nearClient(conversation).connection, turn && clientView(turn).exchange)
}

/** Series that come as by a timer. Their tries that went well count, though no stray is left of them. */
function healthChecks(story: Story): Set<string> {
  const starts = new Map(story.strays.map((attempt): [string, number[]] => [seriesOf(attempt), []]))
  if (starts.size === 0) return new Set()
  const { tries, conversations: legs } = rolesIn(story)
  legs.forEach((leg, row) => {
    if (leg !== null) starts.get(series(nearClient(leg).connection, tries.exchange[row]))?.push(tries.start[row])
  })
  return new Set([...starts].flatMap(([name, times]) => (isRegular(times) ? [name] : [])))
}

function isRegular(times: readonly number[]): boolean {
  const inOrder = times.toSorted((a, b) => a - b)
  const gaps = inOrder.slice(1).map((time, i) => time - inOrder[i])
  const middle = gaps.toSorted((a, b) => a - b)[gaps.length >> 1]
  return times.length >= CHECKS && middle > 0.2e9 && gaps.every((gap) => Math.abs(gap - middle) <= middle * REGULAR)
}
