// Which connections of different captures are one and the same, and how far apart the captures' clocks are.
import { exchangeCount, exchangesOf } from '../observe/exchange-table.ts'
import type { Connection, Exchange, Observations } from '../observe/observations.ts'
import type { Clock } from '../report/document.ts'
import type { Conversation, Sighting, Turn } from './story.ts'

/** Sequence numbers of two sightings of one connection lie no further apart than this. */
const SAME_STREAM = 1 << 28

/** Joins the connections of all captures into conversations; sightings are not yet in order. */
export function joinConversations(captures: readonly Observations[]): Conversation[] {
  const conversations: Conversation[] = []
  const byEndpoints = new Map<string, Conversation[]>()
  const byNumbers = new Map<string, Conversation>()
  captures.forEach((observations, capture) => {
    // Without numbers, only what other captures saw may be the same connection: ports that are used over and over
    // again within one capture are not compared with each other.
    const added: [key: string, conversation: Conversation][] = []
    for (const connection of observations.connections) {
      const key = `${connection.client} ${connection.server}`
      const numbers = numbersOf(connection)
      const known =
        (numbers === null ? undefined : byNumbers.get(numbers)) ??
        byEndpoints.get(key)?.find((other) => isSame(other, capture, connection))
      if (known !== undefined && canJoin(known, capture, connection)) {
        known.sightings.push({ capture, connection })
        continue
      }
      const conversation: Conversation = {
        id: conversations.length,
        sightings: [{ capture, connection }],
        first: Infinity,
        last: -Infinity,
        icmp: [],
      }
      conversations.push(conversation)
      added.push([key, conversation])
      if (numbers !== null) byNumbers.set(numbers, conversation)
    }
    for (const [key, conversation] of added) {
      const same = byEndpoints.get(key)
      if (same === undefined) byEndpoints.set(key, [conversation])
      else same.push(conversation)
    }
  })
  return conversations
}

/**
 * Initial sequence numbers identify a connection behind address translation too. A SYN without an answer has but one,
 * which is still random: the port on either side must agree as well.
 */
function numbersOf(connection: Connection): string | null {
  const [client, server] = connection.sides
  if (client.isn < 0) return null
  return server.isn >= 0 ? `${client.isn} ${server.isn}` : `${client.isn} ${connection.serverPort}`
}

/** Behind address translation one capture may hold a connection twice, with another address on one of its sides. */
function canJoin(known: Conversation, capture: number, connection: Connection): boolean {
  return known.sightings.every((s) => {
    const sameClient = s.connection.client === connection.client
    const sameServer = s.connection.server === connection.server
    return s.capture !== capture || sameClient !== sameServer
  })
}

function isSame(other: Conversation, capture: number, connection: Connection): boolean {
  return other.sightings.every((sighting) => {
    if (sighting.capture === capture) return false
    const theirs = sighting.connection.sides
    return connection.sides.every((side, i) => {
      if (side.isn >= 0 && theirs[i].isn >= 0) return side.isn === theirs[i].isn
      if (side.base < 0 || theirs[i].base < 0) return true
      return Math.abs((side.base - theirs[i].base) | 0) < SAME_STREAM
    })
  })
}

/** Differences between two captures' times of the same packets, in nanoseconds, by direction. */
interface Differences {
  toServer: number[]
  toClient: number[]
}

/**
 * Puts all captures on the clock of the first one. The packets that two captures both saw bound the offset from both
 * sides: those that travel from A to B make B late by at least the offset, those that travel back early by at most it.
 * Captures that share no packets are taken to run on one clock (the same host, mostly) until pairing says otherwise.
 */
export function alignClocks(
  captures: readonly Observations[],
  conversations: readonly Conversation[],
): { shift: number; clock: Clock; joined: boolean }[] {
  const base = captures[0]?.epoch ?? 0
  const shifts = captures.map((c) => (c.epoch - base) * 1e9)
  const pairs = new Map<string, Differences>()
  for (const { sightings } of conversations) {
    for (let i = 1; i < sightings.length; i++) {
      for (let j = 0; j < i; j++) compare(pairs, sightings[j], sightings[i], shifts)
    }
  }
  const result = captures.map((_, i) => ({
    shift: shifts[i],
    clock: { offsetSeconds: i === 0 ? 0 : null, low: i === 0 ? 0 : null, high: i === 0 ? 0 : null } as Clock,
    joined: i === 0,
  }))
  // Breadth first from the first capture; what cannot be reached starts a group of its own.
  const seen = new Set<number>()
  for (let root = 0; root < captures.length; root++) {
    if (seen.has(root)) continue
    seen.add(root)
    const queue = [root]
    for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
      for (let to = 0; to < captures.length; to++) {
        if (seen.has(to)) continue
        const found = at < to ? pairs.get(`${at} ${to}`) : pairs.get(`${to} ${at}`)
        if (found === undefined) continue
        const bounds = offsetOf(found)
        const sign = at < to ? 1 : -1
        const offset = sign * bounds.offset
        const before = shifts[at] - result[at].shift
        result[to].shift = shifts[to] - before - offset
        const from = result[at].clock
        if (from.low !== null && from.high !== null) {
          const [low, high] = sign > 0 ? [bounds.low, bounds.high] : [-bounds.high, -bounds.low]
          result[to].clock = {
            offsetSeconds: round((before + offset) / 1e9),
            low: round(from.low + low / 1e9),
            high: round(from.high + high / 1e9),
          }
          result[to].joined = true
        }
        seen.add(to)
        queue.push(to)
      }
    }
  }
  return result
}

const round = (seconds: number): number => Math.round(seconds * 1e9) / 1e9

function compare(pairs: Map<string, Differences>, a: Sighting, b: Sighting, shifts: readonly number[]): void {
  if (a.capture === b.capture) return
  const [first, second] = a.capture < b.capture ? [a, b] : [b, a]
  const key = `${first.capture} ${second.capture}`
  let found = pairs.get(key)
  if (found === undefined) pairs.set(key, (found = { toServer: [], toClient: [] }))
  const shift = shifts[second.capture] - shifts[first.capture]
  const x = first.connection
  const y = second.connection
  // Repeated SYNs may be different ones at the two places.
  if (x.syns.length === 1 && y.syns.length === 1) found.toServer.push(y.syns[0].time - x.syns[0].time + shift)
  if (x.synAck !== null && y.synAck !== null && x.synAckRepeats.length === 0 && y.synAckRepeats.length === 0) {
    found.toClient.push(y.synAck.time - x.synAck.time + shift)
  }
  if (x.established !== null && y.established !== null) {
    found.toServer.push(y.established.time - x.established.time + shift)
  }
  for (const [mine, theirs] of alignExchanges(exchangesOf(x), exchangesOf(y))) {
    if (mine.request.frame >= 0 && theirs.request.frame >= 0) {
      found.toServer.push(theirs.request.time - mine.request.time + shift)
    }
    if (mine.response.frame >= 0 && theirs.response.frame >= 0) {
      found.toClient.push(theirs.response.time - mine.response.time + shift)
    }
  }
}

/** The value below which a share of the sorted numbers lies; of a few, the first or the last. */
function quantile(sorted: readonly number[], share: number): number {
  const few = Math.floor(sorted.length * Math.min(share, 1 - share))
  return share < 0.5 ? sorted[few] : sorted[sorted.length - 1 - few]
}

/** Offset of the second clock against the first: between the directions' differences, with the bounds they give. */
function offsetOf({ toServer, toClient }: Differences): { offset: number; low: number; high: number } {
  if (toServer.length === 0 || toClient.length === 0) {
    const all = [...toServer, ...toClient].toSorted((a, b) => a - b)
    const middle = all[all.length >> 1] ?? 0
    return { offset: middle, low: all[0] ?? 0, high: all.at(-1) ?? 0 }
  }
  const up = toServer.toSorted((a, b) => a - b)
  const down = toClient.toSorted((a, b) => a - b)
  const nearFirst = up[up.length >> 1] >= down[down.length >> 1]
  // Delays only ever push the two directions apart, so their inner edges bound the offset; among many packets a few
  // that were captured late or out of order must not.
  let [low, high] = nearFirst ? [quantile(down, 0.95), quantile(up, 0.05)] : [quantile(up, 0.95), quantile(down, 0.05)]
  // Crossed bounds mean drift or steps: then the offset is known no better than they differ.
  if (low > high) [low, high] = [high, low]
  // Clocks that may agree are taken to agree: so they do with captures that share no packets with either.
  return { offset: low <= 0 && high >= 0 ? 0 : (low + high) / 2, low, high }
}

/**
 * Joins exchanges of one connection seen by two captures. Where both saw its beginning they go by number; where one
 * began later, by the last ones that look alike.
 */
export function alignExchanges(a: readonly Exchange[], b: readonly Exchange[]): [Exchange, Exchange][] {
  if (a.length === 0 || b.length === 0) return []
  let best: [Exchange, Exchange][] = []
  // Try the offsets at which the shorter list can lie in the longer one, front-aligned first.
  const span = Math.min(Math.abs(a.length - b.length), 256)
  for (let k = 0; k <= span; k++) {
    const [i, j] = a.length >= b.length ? [k, 0] : [0, k]
    const pairs: [Exchange, Exchange][] = []
    for (let n = 0; i + n < a.length && j + n < b.length; n++) {
      if (alike(a[i + n], b[j + n])) pairs.push([a[i + n], b[j + n]])
    }
    if (pairs.length > best.length) best = pairs
    if (best.length === Math.min(a.length, b.length)) break
  }
  return best
}

/** The same request, as far as both sightings show it. */
const alike = (x: Exchange, y: Exchange): boolean =>
  (x.method === y.method && x.target === y.target) || x.method === '' || y.method === ''

/** Puts sightings in order from client to server. */
export function orderSightings(conversations: readonly Conversation[]): void {
  for (const conversation of conversations) {
    conversation.sightings.sort((a, b) => distance(a.connection, b.connection) || a.capture - b.capture)
  }
}

/**
 * Negative when `a` is nearer to the client. Packets lose TTL on their way; and whoever is nearer to the client waits
 * longer for the server's answer.
 */
function distance(a: Connection, b: Connection): number {
  const [ca, sa] = a.sides
  const [cb, sb] = b.sides
  if (ca.ttl > 0 && cb.ttl > 0 && ca.ttl !== cb.ttl) return cb.ttl - ca.ttl
  if (sa.ttl > 0 && sb.ttl > 0 && sa.ttl !== sb.ttl) return sa.ttl - sb.ttl
  const wa = wait(a)
  const wb = wait(b)
  return wa < 0 || wb < 0 ? 0 : wb - wa
}

/** Nanoseconds from SYN to SYN-ACK, or from the first request to its response; -1 when neither was seen. */
function wait(connection: Connection): number {
  if (connection.syns.length > 0 && connection.synAck !== null)
    return connection.synAck.time - connection.syns.at(-1)!.time
  const x = exchangesOf(connection).find((e) => e.request.frame >= 0 && e.response.frame >= 0)
  return x === undefined ? -1 : x.response.time - x.request.time
}

/** The exchanges of a conversation, each as all its sightings show it. */
export function turnsOf(conversation: Conversation): Turn[] {
  const { sightings } = conversation
  const longest = sightings.reduce((best, s, i) => {
    return exchangeCount(s.connection) > exchangeCount(sightings[best].connection) ? i : best
  }, 0)
  const main = exchangesOf(sightings[longest].connection)
  const turns = main.map((exchange): Turn => {
    return { conversation, views: sightings.map((_, i) => (i === longest ? exchange : null)) }
  })
  sightings.forEach((sighting, i) => {
    if (i === longest) return
    const place = new Map(main.map((exchange, n) => [exchange, n]))
    for (const [mine, theirs] of alignExchanges(main, exchangesOf(sighting.connection))) {
      turns[place.get(mine)!].views[i] = theirs
    }
  })
  return turns
}
