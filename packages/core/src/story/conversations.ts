// Which connections of different captures are one and the same.
import { connectionsOf } from '../observe/connection-table.ts'
import {
  CLIENT,
  type Connection,
  type Exchange,
  isSealed,
  type Observations,
  SERVER,
  type SideIndex,
} from '../observe/observations.ts'
import { grouped } from './grouped.ts'
import { agree, KnownConnections } from './known-connections.ts'
import type { Conversation, Turn } from './story.ts'

/** Of nearly every conversation: a list of its own for each would take more than its times. */
const NO_ERRORS: Conversation['icmp'] = []

/** Joins the connections of all captures into conversations; sightings are not yet in order. */
export function joinConversations(captures: readonly Observations[]): Conversation[] {
  const conversations: Conversation[] = []
  const known = new KnownConnections(captures.map((observations) => connectionsOf(observations).length))
  captures.forEach((observations, capture) => {
    for (const connection of connectionsOf(observations)) {
      const same = known.find(capture, connection)
      if (same !== null) {
        same.sightings.push({ capture, connection })
        known.add(same, capture, connection)
        continue
      }
      const conversation: Conversation = {
        id: conversations.length,
        sightings: [{ capture, connection }],
        first: Infinity,
        last: -Infinity,
        icmp: NO_ERRORS,
      }
      conversations.push(conversation)
      known.add(conversation, capture, connection)
    }
  })
  return conversations
}

/** Joins exchanges of one connection seen by two captures: by where they lie in its streams, or else by their order. */
export function alignExchanges(a: Connection, b: Connection): [Exchange, Exchange][] {
  const pairs = alignByPlace(a, b)
  const areApart = pairs.length === 0 && b.exchanges.every((exchange) => isBeyond(a, b, exchange))
  return pairs.length > 0 || areApart ? pairs : alignByOrder(a.exchanges, b.exchanges)
}

/** Captures begin at times of their own, and exchanges may be all alike; but bytes have the same sequence numbers in both. */
function alignByPlace(a: Connection, b: Connection): [Exchange, Exchange][] {
  const pairs: [Exchange, Exchange][] = []
  const [mine, theirs] = [new Set(a.exchanges), new Set(b.exchanges)]
  for (const side of [CLIENT, SERVER] as const) {
    if (!isNumberedAlike(a, b, side)) continue
    const there = grouped(mine, (exchange) => placeOf(a, exchange, side))
    for (const other of theirs) {
      const place = placeOf(b, other, side)
      const one = place === null ? undefined : there.get(place)?.find((x) => mine.has(x) && isOneStream(x, other))
      if (one === undefined) continue
      pairs.push([one, other])
      mine.delete(one)
      theirs.delete(other)
    }
  }
  return pairs.toSorted(([one], [other]) => one.ordinal - other.ordinal)
}

/** The same stream of HTTP/2, as far as both could be read. */
const isOneStream = (x: Exchange, y: Exchange): boolean => x.stream === y.stream || x.stream < 0 || y.stream < 0

/** Sequence number (32 bit) at which the request of an exchange begins, or its response; null where that is not known. */
function placeOf({ sides }: Connection, { requestFrom, responseFrom }: Exchange, side: SideIndex): number | null {
  const from = side === CLIENT ? requestFrom : responseFrom
  return from < 0 ? null : (sides[side].base + from) >>> 0
}

/** Whether one side has the same sequence numbers in both: a firewall, or a SYN proxy, may make up some of its own. */
function isNumberedAlike(a: Connection, b: Connection, side: SideIndex): boolean {
  const [one, other] = [a.sides[side], b.sides[side]]
  return one.base >= 0 && other.base >= 0 && agree(one, other)
}

/** Whether an exchange came before all that the `main` sighting has, or after it. Where TLS hides it, that is a guess. */
function isBeyond(main: Connection, connection: Connection, exchange: Exchange): boolean {
  const place = placeOf(connection, exchange, CLIENT)
  if (place === null || isSealed(exchange) || !isNumberedAlike(main, connection, CLIENT)) return false
  const [first, last] = [main.exchanges[0], main.exchanges.at(-1)].map((one) => one && placeOf(main, one, CLIENT))
  return (first != null && ((place - first) | 0) < 0) || (last != null && ((place - last) | 0) > 0)
}

/**
 * Joins exchanges by number where both captures saw the connection's beginning; where one began later, by the last ones
 * that look alike.
 */
function alignByOrder(a: readonly Exchange[], b: readonly Exchange[]): [Exchange, Exchange][] {
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
  const shared = waits(a, b)
  return shared === null ? 0 : shared[1] - shared[0]
}

/** Nanoseconds from SYN to SYN-ACK, or from a request to its response: the same ones, where both have them. */
function waits(a: Connection, b: Connection): [number, number] | null {
  const [one, other] = [a, b].map(({ syns, synAck }) =>
    synAck === null ? NaN : synAck.time - (syns.at(-1)?.time ?? NaN),
  )
  if (!Number.isNaN(one - other)) return [one, other]
  const pair = alignExchanges(a, b).find((both) => both.every(isWhole))
  return pair === undefined ? null : [waitOf(pair[0]), waitOf(pair[1])]
}

const isWhole = ({ request, response }: Exchange): boolean => request.frame >= 0 && response.frame >= 0
const waitOf = ({ request, response }: Exchange): number => response.time - request.time

/** The exchanges of a conversation, each as all its sightings show it, in their order. */
export function turnsOf(conversation: Conversation): Turn[] {
  const { sightings } = conversation
  const longest = sightings.reduce((best, s, i) => {
    return s.connection.exchangeCount > sightings[best].connection.exchangeCount ? i : best
  }, 0)
  const main = sightings[longest].connection
  const turnOf = (exchange: Exchange, its: number): Turn => {
    return { conversation, views: sightings.map((_, i) => (i === its ? exchange : null)) }
  }
  const turns = new Map(main.exchanges.map((exchange) => [exchange, turnOf(exchange, longest)]))
  const start = main.exchangeCount === 0 ? null : placeOf(main, main.exchanges[0], CLIENT)
  // What captures saw that began before this one, or ended after it.
  const beyond = new Map<string, { at: number; turn: Turn }>()
  sightings.forEach(({ connection }, i) => {
    if (i === longest) return
    const pairs = alignExchanges(main, connection)
    for (const [mine, theirs] of pairs) turns.get(mine)!.views[i] = theirs
    const joined = new Set(pairs.map(([, theirs]) => theirs))
    for (const exchange of connection.exchanges) {
      if (joined.has(exchange) || !isBeyond(main, connection, exchange)) continue
      const place = placeOf(connection, exchange, CLIENT)!
      const key = `${place} ${exchange.stream}`
      const known = beyond.get(key)
      // Without its beginning nothing is before it.
      if (known === undefined)
        beyond.set(key, { at: start === null ? 0 : (place - start) | 0, turn: turnOf(exchange, i) })
      else known.turn.views[i] = exchange
    }
  })
  const around = [...beyond.values()].toSorted((a, b) => a.at - b.at)
  const after = around.findIndex(({ at }) => at >= 0)
  const others = around.map(({ turn }) => turn)
  const before = after < 0 ? others.splice(0) : others.splice(0, after)
  return [...before, ...turns.values(), ...others]
}

/** Turns of a conversation at most. */
export function mostTurns({ sightings }: Conversation): number {
  return sightings.reduce((sum, { connection }) => sum + connection.exchangeCount, 0)
}
