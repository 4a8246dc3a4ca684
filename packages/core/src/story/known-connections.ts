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
const PLACE_BITS = 32 - CLOSE_BITS
/** A port that is used over and over again between two hosts is not compared with more of its connections than this. */
const COMPARED = 256
/** What more conversations than this have in common tells none of them: traffic generators number all of theirs alike. */
const SHARED = 64

/** What a sighting may be found by: what it is, and up to three numbers. */
type Key = readonly [kind: number, a: number, b: number, c: number]

/** Kinds of keys. */
const NUMBERS = 0
const ENDPOINTS = 1
const CLIENT_NUMBER = 2
const STAMPS = 3
const NEAR_CLIENT = 4
const NEAR_SERVER = 5

/** Keys that a connection is added by at most; nobody comes after those of the last capture. */
const KEYS = 6
const KEYS_OF_LAST = 3

/** The conversations that captures before have, by all that a sighting may have in common with them. */
export class KnownConnections {
  readonly #index: Index
  readonly #addresses = new Map<string, number>()
  readonly #captures: number

  /** `connections`: how many each capture has. */
  constructor(connections: readonly number[]) {
    this.#captures = connections.length
    const before = connections.slice(0, -1).reduce((sum, count) => sum + count, 0)
    this.#index = new Index(before * KEYS + (connections.at(-1) ?? 0) * KEYS_OF_LAST)
  }

  /** The conversation that a connection of a capture is a sighting of; null where none is, or more than one may be. */
  find(capture: number, connection: Connection): Conversation | null {
    for (const key of this.#keysOf(connection, capture > 0)) {
      const isEndpoints = key[0] === ENDPOINTS
      let found: Conversation | null = null
      let count = 0
      const candidates = this.#index.latest(key, isEndpoints ? COMPARED : SHARED + 1)
      if (!isEndpoints && candidates.length > SHARED) continue
      for (const conversation of candidates) {
        if (!canJoin(conversation, capture, connection) || !isSame(key[0], conversation, connection)) continue
        found = conversation
        // The endpoints tell which it is where they agree; without them there must not be two.
        if (++count > 1 && !isEndpoints) break
      }
      if (count === 1 || (count > 1 && isEndpoints)) return found
    }
    if (capture === 0) return null
    const moved = this.#nearby(connection).flatMap((key) =>
      this.#index.all(key).filter((conversation) => isElsewhere(conversation, capture)),
    )
    return new Set(moved).size === 1 && isClose(moved[0]!, connection) ? moved[0]! : null
  }

  add(conversation: Conversation, capture: number, connection: Connection): void {
    const isLast = capture === this.#captures - 1
    for (const key of this.#keysOf(connection, !isLast)) this.#index.add(key, conversation)
    if (!isLast) for (const key of this.#bucketOf(connection)) this.#index.add(key, conversation)
  }

  /** What tells most first. Only another capture has the same connection between the same endpoints: `across`. */
  #keysOf(connection: Connection, across: boolean): Key[] {
    const [own, other] = connection.sides
    const keys: Key[] = []
    if (own.isn >= 0 && other.isn >= 0) keys.push([NUMBERS, own.isn, other.isn, 0])
    if (across) {
      const { clientAddress, serverAddress, clientPort, serverPort } = connection
      const ports = clientPort * 65_536 + serverPort
      keys.push([ENDPOINTS, this.#idOf(clientAddress), this.#idOf(serverAddress), ports])
    }
    // Scanners and floods number all their SYNs with 0.
    if (own.isn > 0) keys.push([CLIENT_NUMBER, own.isn, 0, 0])
    if (own.stamp !== 0 && other.stamp !== 0) keys.push([STAMPS, own.stamp, other.stamp, 0])
    return keys
  }

  /**
   * Where a connection that is older than its capture may be found behind translated addresses: one endpoint is left,
   * and the bytes of both directions are near those of the other sighting.
   */
  #bucketOf(connection: Connection, client: number = 0, server: number = 0): Key[] {
    const { sides, clientAddress, serverAddress, serverPort } = connection
    const [own, other] = sides
    if (own.base < 0 || other.base < 0) return []
    const at = place(own.base, client) * 2 ** PLACE_BITS + place(other.base, server)
    return [
      [NEAR_CLIENT, this.#idOf(clientAddress), connection.clientPort, at],
      [NEAR_SERVER, this.#idOf(serverAddress), serverPort, at],
    ]
  }

  /** The buckets around that of a connection whose SYN was not seen. */
  #nearby(connection: Connection): Key[] {
    if (connection.sides[CLIENT].isn >= 0 && connection.sides[SERVER].isn >= 0) return []
    return [-1, 0, 1].flatMap((i) => [-1, 0, 1].flatMap((j) => this.#bucketOf(connection, i, j)))
  }

  #idOf(address: string): number {
    let id = this.#addresses.get(address)
    if (id === undefined) this.#addresses.set(address, (id = this.#addresses.size))
    return id
  }
}

/** Columns of a row of the index; numbers are kept as their lowest 32 bits. */
const KIND = 0
const A = 1
const B = 2
const C = 3
/** The row before of those that fall on one slot, -1 for none. */
const BEFORE = 4
/** Id of the conversation. */
const CONVERSATION = 5
const WIDTH = 6

/** Where keys fall is not to be foreseen by whoever sends packets: many on one slot would be looked at one by one. */
const SALT = (Math.random() * 2 ** 32) | 0

const NOBODY: readonly Conversation[] = []

/** Conversations by keys: rows of numbers, as strings for four keys a connection would be most of what joining takes. */
class Index {
  readonly #rows: Int32Array
  #count = 0
  /** By id. */
  readonly #conversations: Conversation[] = []
  /** The latest row of each slot. */
  readonly #slots: Int32Array

  /** At its full length: one that grows is there twice, and leaves several times its size behind. */
  constructor(most: number) {
    this.#rows = new Int32Array(most * WIDTH)
    let slots = 1
    while (slots < most) slots *= 2
    this.#slots = new Int32Array(slots).fill(-1)
  }

  add(key: Key, conversation: Conversation): void {
    const [latest] = this.#find(key, 1)
    if (latest === conversation) return
    this.#conversations[conversation.id] = conversation
    const row = this.#count++
    const slot = slotOf(key, this.#slots.length)
    this.#rows.set(key, row * WIDTH)
    this.#rows[row * WIDTH + CONVERSATION] = conversation.id
    this.#rows[row * WIDTH + BEFORE] = this.#slots[slot]!
    this.#slots[slot] = row
  }

  /** The latest conversations with a key, at most so many, the latest first. */
  latest(key: Key, most: number): readonly Conversation[] {
    return this.#find(key, most)
  }

  /** All conversations with a key, the first one first. */
  all(key: Key): Conversation[] {
    return this.#find(key, Infinity).toReversed()
  }

  #find(key: Key, most: number): readonly Conversation[] {
    let row = this.#slots[slotOf(key, this.#slots.length)]!
    // Of nearly all keys: nobody has it yet.
    if (row < 0) return NOBODY
    const rows = this.#rows
    const found: Conversation[] = []
    const a = key[1] | 0
    const b = key[2] | 0
    const c = key[3] | 0
    for (; row >= 0; row = rows[row * WIDTH + BEFORE]!) {
      const at = row * WIDTH
      if (rows[at + A] !== a || rows[at + B] !== b || rows[at + C] !== c || rows[at + KIND] !== key[0]) continue
      if (found.push(this.#conversations[rows[at + CONVERSATION]!]!) >= most) break
    }
    return found
  }
}

/** `slots` is a power of two. */
const slotOf = (key: Key, slots: number): number =>
  mixed(mixed(mixed(key[0] ^ SALT, key[1]), key[2]), key[3]) & (slots - 1)

function mixed(hash: number, word: number): number {
  const h = Math.imul(hash ^ word, 0x9e3779b1)
  return h ^ (h >>> 15)
}

/** A packet is on its way through one capture no longer than this, and past no more places than these. */
const PASSING_NS = 1e9
const MOST_PLACES = 8

/**
 * Behind address translation one capture may hold a connection several times, with other addresses. Who makes traffic up
 * may use the same sequence numbers for all of it.
 */
function canJoin({ sightings }: Conversation, capture: number, connection: Connection): boolean {
  if (sightings.length > MOST_PLACES && sightings.filter((s) => s.capture === capture).length > MOST_PLACES)
    return false
  return sightings.every((s) => {
    if (s.capture !== capture) return true
    if (Math.abs(s.connection.first.time - connection.first.time) > PASSING_NS) return false
    const isAddress = s.connection.clientAddress === connection.clientAddress
    const sameClient = isAddress && s.connection.client === connection.client
    const sameServer = s.connection.server === connection.server
    const numbered = s.connection.sides.every(({ isn }, i) => isn >= 0 && isn === connection.sides[i].isn)
    if (sameClient && sameServer) return false
    return (numbered || sameClient !== sameServer) && isForwarded(s.connection, connection)
  })
}

/** Whether somebody stands between two sightings of one capture: a router counts the TTL down, or another link shows it. */
const isForwarded = (a: Connection, b: Connection): boolean =>
  a.sides.some(({ ttl }, i) => ttl !== b.sides[i].ttl) ||
  a.interfaces.join() !== b.interfaces.join() ||
  a.vlans.join() !== b.vlans.join()

/** Whether all sightings of a conversation agree with another one, which has a key in common with them. */
function isSame(kind: number, { sightings }: Conversation, connection: Connection): boolean {
  const [own, other] = connection.sides
  return sightings.every(({ connection: seen }) => {
    const [theirs, their] = seen.sides
    const sameStamps = own.stamp !== 0 && own.stamp === theirs.stamp && other.stamp !== 0 && other.stamp === their.stamp
    if (sameStamps && carrySame(connection, seen)) return true
    if (kind === STAMPS) return false
    const sameClient = agree(own, theirs)
    if (kind === ENDPOINTS) {
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
export function agree(a: Numbers, b: Numbers): boolean {
  if (a.isn >= 0 && b.isn >= 0) return a.isn === b.isn
  if (a.base < 0 || b.base < 0) return true
  return Math.abs((a.base - b.base) | 0) < SAME_STREAM
}

/** Which bucket a sequence number lies in, or the one so many further on. */
const place = (base: number, by: number): number => ((base >>> CLOSE_BITS) + by) & ((1 << PLACE_BITS) - 1)

const isElsewhere = ({ sightings }: Conversation, capture: number): boolean =>
  sightings.every((s) => s.capture !== capture)

const isClose = ({ sightings }: Conversation, { sides }: Connection): boolean =>
  sightings.every(({ connection }) =>
    connection.sides.every((side, i) => {
      if (side.isn >= 0 && sides[i].isn >= 0) return side.isn === sides[i].isn
      return Math.abs((side.base - sides[i].base) | 0) < 1 << CLOSE_BITS
    }),
  )
