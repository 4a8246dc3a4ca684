// Which connection of one capture is which of another. What a path may change, and what it leaves, decides: address
// translation keeps sequence numbers; a SYN proxy keeps the client's; a firewall that makes up sequence numbers of its own
// keeps the timestamps. Who ends the connection and opens another (a proxy) keeps none of them. Times are not looked at,
// as clocks may be off by days; and no look-up grows with the number of connections.
import { CLIENT, type Connection, SERVER } from '../observe/observations.ts'
import type { Conversation } from './story.ts'

/** Sequence numbers of two sightings of one connection that began before the captures lie no further apart than this. */
const SAME_STREAM = 1 << 28
/** The same behind translated addresses, where less else agrees; and the bits below it, which buckets leave out. */
const CLOSE_BITS = 22
/** A port that is used over and over again between two hosts is not compared with more of its connections than this. */
const COMPARED = 256

/** The conversations that captures before have, by all that a sighting may have in common with them. */
export class KnownConnections {
  readonly #byKey = new Map<string, Conversation[]>()

  /** The conversation that a connection of a capture is a sighting of; null where none is, or more than one may be. */
  find(capture: number, connection: Connection): Conversation | null {
    const fits = (conversation: Conversation): boolean => canJoin(conversation, capture, connection)
    for (const key of keysOf(connection)) {
      const found = (this.#byKey.get(key) ?? []).slice(-COMPARED).filter((c) => fits(c) && isSame(key, c, connection))
      // The endpoints tell which it is where they agree; without them there must not be two.
      if (found.length > 0 && key.startsWith(ENDPOINTS)) return found[0]
      const [one, other] = found
      if (one !== undefined && other === undefined) return one
    }
    const moved = nearby(connection).flatMap((key) =>
      (this.#byKey.get(key) ?? []).filter((c) => isElsewhere(c, capture)),
    )
    return new Set(moved).size === 1 && isClose(moved[0], connection) ? moved[0] : null
  }

  add(conversation: Conversation, connection: Connection): void {
    for (const key of [...keysOf(connection), ...bucketOf(connection)]) {
      const list = this.#byKey.get(key)
      if (list === undefined) this.#byKey.set(key, [conversation])
      else if (list.at(-1) !== conversation) list.push(conversation)
    }
  }
}

const NUMBERS = 'n '
const ENDPOINTS = 'e '
const CLIENT_NUMBER = 'c '
const STAMPS = 't '

/** What a sighting may be found by, what tells most first. */
function keysOf({ client, server, sides }: Connection): string[] {
  const [own, other] = sides
  const keys = own.isn >= 0 && other.isn >= 0 ? [`${NUMBERS}${own.isn} ${other.isn}`] : []
  keys.push(`${ENDPOINTS}${client} ${server}`)
  if (own.isn >= 0) keys.push(`${CLIENT_NUMBER}${own.isn}`)
  if (own.stamp !== 0 && other.stamp !== 0) keys.push(`${STAMPS}${own.stamp} ${other.stamp}`)
  return keys
}

/** Behind address translation one capture may hold a connection twice, with other addresses. */
function canJoin({ sightings }: Conversation, capture: number, connection: Connection): boolean {
  return sightings.every((s) => {
    if (s.capture !== capture) return true
    const sameClient = s.connection.client === connection.client
    const sameServer = s.connection.server === connection.server
    const numbered = s.connection.sides.every(({ isn }, i) => isn >= 0 && isn === connection.sides[i].isn)
    return sameClient !== sameServer || (numbered && !sameClient)
  })
}

/** Whether all sightings of a conversation agree with another one, which has a key in common with them. */
function isSame(key: string, { sightings }: Conversation, connection: Connection): boolean {
  const [own, other] = connection.sides
  return sightings.every(({ connection: seen }) => {
    const [theirs, their] = seen.sides
    const sameStamps = own.stamp !== 0 && own.stamp === theirs.stamp && other.stamp !== 0 && other.stamp === their.stamp
    if (sameStamps && carrySame(connection, seen)) return true
    if (key.startsWith(STAMPS)) return false
    const sameClient = agree(own, theirs)
    if (key.startsWith(ENDPOINTS)) {
      // A SYN proxy has a number of its own for the server; without that, one client number means one connection.
      const exact = own.isn >= 0 && own.isn === theirs.isn
      return sameClient && (exact || agree(other, their))
    }
    return sameClient && agree(other, their)
  })
}

/** Two connections opened in the same millisecond may have timestamps in common, but hardly what they carry as well. */
function carrySame(a: Connection, b: Connection): boolean {
  return a.sides.every((side, i) => {
    const other = b.sides[i]
    const [one, two] = [a.speaks[i], b.speaks[i]]
    const isWhole = side.fin !== null && other.fin !== null && side.missing + other.missing === 0
    return (one === null || two === null || one === two) && (!isWhole || side.bytes === other.bytes)
  })
}

type Numbers = Connection['sides'][0]

/** Initial sequence numbers are the same, or, where one was not seen, the bytes are near each other. */
function agree(a: Numbers, b: Numbers): boolean {
  if (a.isn >= 0 && b.isn >= 0) return a.isn === b.isn
  if (a.base < 0 || b.base < 0) return true
  return Math.abs((a.base - b.base) | 0) < SAME_STREAM
}

/** Which bucket a sequence number lies in, or the one so many further on. */
const place = (base: number, by: number): number => ((base >>> CLOSE_BITS) + by) & ((1 << (32 - CLOSE_BITS)) - 1)

/**
 * Where a connection that is older than its capture may be found behind translated addresses: one endpoint is left, and
 * the bytes of both directions are near those of the other sighting.
 */
function bucketOf(connection: Connection, client: number = 0, server: number = 0): string[] {
  const [own, other] = connection.sides
  if (own.base < 0 || other.base < 0) return []
  const at = `${place(own.base, client)} ${place(other.base, server)}`
  return [`> ${connection.client} ${at}`, `< ${connection.server} ${at}`]
}

/** The buckets around that of a connection whose SYN was not seen. */
function nearby(connection: Connection): string[] {
  if (connection.sides[CLIENT].isn >= 0 && connection.sides[SERVER].isn >= 0) return []
  return [-1, 0, 1].flatMap((i) => [-1, 0, 1].flatMap((j) => bucketOf(connection, i, j)))
}

const isElsewhere = ({ sightings }: Conversation, capture: number): boolean =>
  sightings.every((s) => s.capture !== capture)

const isClose = ({ sightings }: Conversation, { sides }: Connection): boolean =>
  sightings.every(({ connection }) =>
    connection.sides.every((side, i) => {
      if (side.isn >= 0 && sides[i].isn >= 0) return side.isn === sides[i].isn
      return Math.abs((side.base - sides[i].base) | 0) < 1 << CLOSE_BITS
    }),
  )
