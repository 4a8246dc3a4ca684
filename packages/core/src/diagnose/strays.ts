// Failed tries whose request to the proxy is not in the captures. Where the client leg is captured, a try without a
// request is a health check or somebody else's; where it is not, every failed try is an incident with an unseen client.
import { CLIENT, SERVER } from '../observe/observations.ts'
import { clientView, nearClient, nearServer, type Sighting, type Story, type Try } from '../story/story.ts'
import { frontsOf, isForwarded } from './gateway.ts'
import { judgeTry, type Verdict } from './verdict.ts'

/** This many tries at regular intervals are health checks. */
const CHECKS = 3
/** Intervals of a timer differ from each other by less than this share. */
const REGULAR = 0.2

export interface JudgedStray {
  attempt: Try
  verdict: Verdict
  /** The encrypted client connection that the try was made for, where one alone fits in time. */
  front: Sighting | null
}

export function judgeStrays(story: Story): JudgedStray[] {
  if (story.proxies.length > 0) return []
  const http = new Set<string>()
  for (const conversation of story.conversations) {
    const { connection } = nearClient(conversation)
    if (connection.exchanges.length > 0) http.add(connection.server)
  }
  const checks = healthChecks(story.strays)
  return story.strays.flatMap((attempt) => {
    if (attempt.search !== null || checks.has(attempt) || !failed(attempt, http)) return []
    // What a proxy's client sees is no try of a proxy.
    if (frontsOf(story).has(nearClient(attempt.conversation!).connection.server)) return []
    const verdict = judgeTry(story, null, attempt, Infinity)
    if (verdict.judgement.cause === 'undetermined') return []
    const front = encryptedFront(story, attempt)
    if (front !== null && verdict.judgement.confidence === 'certain') verdict.judgement.confidence = 'likely'
    return [{ attempt, verdict, front }]
  })
}

/** How soon a proxy passes on what it got, and answers once its try has failed. */
const AT_ONCE_NS = 50e6

/** The one connection in another leg whose encrypted data came right before the try and was answered right after it. */
function encryptedFront(story: Story, attempt: Try): Sighting | null {
  const { connection: back } = nearClient(attempt.conversation!)
  const fitting = story.conversations.flatMap((conversation) => {
    const sighting = nearServer(conversation)
    const { connection, capture } = sighting
    if (
      connection.speaks[CLIENT] !== 'tls' ||
      connection.server === back.server ||
      connection.clientAddress === back.clientAddress
    )
      return []
    const { shift } = story.captures[capture]
    const data = (from: 0 | 1, after: number, before: number): boolean =>
      connection.packets.some(
        (p) => p.from === from && p.length > 0 && p.time + shift >= after && p.time + shift <= before,
      )
    const asked = data(CLIENT, attempt.start - AT_ONCE_NS, attempt.start)
    const answered = data(SERVER, attempt.end, attempt.end + AT_ONCE_NS)
    return asked && answered ? [sighting] : []
  })
  return fitting.length === 1 ? fitting[0] : null
}

function failed(attempt: Try, http: ReadonlySet<string>): boolean {
  const { connection } = nearClient(attempt.conversation!)
  if (attempt.turn === null) {
    // A connection without a request: only failed handshakes to a known HTTP service are somebody's try.
    return connection.synAck === null && connection.speaks[CLIENT] === null && http.has(connection.server)
  }
  const { exchange } = clientView(attempt.turn)
  if (exchange.tunnel || exchange.request.frame < 0) return false
  if (exchange.status === 502 || exchange.status === 504) return isForwarded(exchange)
  if (exchange.status > 0 && (exchange.ended === 'complete' || exchange.ended === 'closed')) return false
  const [client, server] = [connection.sides[CLIENT], connection.sides[SERVER]]
  const upstreamEnded = server.fin !== null || server.reset !== null
  if (upstreamEnded && !endedFirst(client, server)) return true
  // The sender gave up: a proxy's timeout and a client's patience look alike, unless the request says who sent it.
  const gaveUp = client.fin !== null || client.reset !== null
  return gaveUp && isForwarded(exchange)
}

interface Ends {
  fin: { time: number } | null
  reset: { time: number } | null
}

function endedFirst(a: Ends, b: Ends): boolean {
  const first = ({ fin, reset }: Ends): number => Math.min(fin?.time ?? Infinity, reset?.time ?? Infinity)
  return first(a) < first(b)
}

/** Tries of one host at one server, with one target, that come as by a timer. */
function healthChecks(strays: readonly Try[]): Set<Try> {
  const groups = new Map<string, Try[]>()
  for (const attempt of strays) {
    if (attempt.conversation === null) continue
    const { connection } = nearClient(attempt.conversation)
    const target = attempt.turn === null ? '' : clientView(attempt.turn).exchange.target
    const key = `${connection.clientAddress} ${connection.server} ${target}`
    groups.set(key, [...(groups.get(key) ?? []), attempt])
  }
  const checks = [...groups.values()].filter((group) => {
    const gaps = group
      .toSorted((a, b) => a.start - b.start)
      .flatMap((t, i, all) => (i === 0 ? [] : [t.start - all[i - 1].start]))
    const middle = gaps.toSorted((a, b) => a - b)[gaps.length >> 1]
    return group.length >= CHECKS && middle > 0.2e9 && gaps.every((gap) => Math.abs(gap - middle) <= middle * REGULAR)
  })
  return new Set(checks.flat())
}
