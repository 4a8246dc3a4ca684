// Which connections of different captures are one and the same.
import { connectionsOf } from '../observe/connection-table.ts'
import type { Connection, Exchange, Observations } from '../observe/observations.ts'
import { KnownConnections } from './known-connections.ts'
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
  const shared = waits(a, b)
  return shared === null ? 0 : shared[1] - shared[0]
}

/** Nanoseconds from SYN to SYN-ACK, or from a request to its response: the same ones, where both have them. */
function waits(a: Connection, b: Connection): [number, number] | null {
  const [one, other] = [a, b].map(({ syns, synAck }) =>
    synAck === null ? NaN : synAck.time - (syns.at(-1)?.time ?? NaN),
  )
  if (!Number.isNaN(one - other)) return [one, other]
  const pair = alignExchanges(a.exchanges, b.exchanges).find((both) => both.every(isWhole))
  return pair === undefined ? null : [waitOf(pair[0]), waitOf(pair[1])]
}

const isWhole = ({ request, response }: Exchange): boolean => request.frame >= 0 && response.frame >= 0
const waitOf = ({ request, response }: Exchange): number => response.time - request.time

/** The exchanges of a conversation, each as all its sightings show it. */
export function turnsOf(conversation: Conversation): Turn[] {
  const { sightings } = conversation
  const longest = sightings.reduce((best, s, i) => {
    return s.connection.exchangeCount > sightings[best].connection.exchangeCount ? i : best
  }, 0)
  const main = sightings[longest].connection.exchanges
  const turns = main.map((exchange): Turn => {
    return { conversation, views: sightings.map((_, i) => (i === longest ? exchange : null)) }
  })
  sightings.forEach((sighting, i) => {
    if (i === longest) return
    const place = new Map(main.map((exchange, n) => [exchange, n]))
    for (const [mine, theirs] of alignExchanges(main, sighting.connection.exchanges)) {
      turns[place.get(mine)!].views[i] = theirs
    }
  })
  return turns
}
