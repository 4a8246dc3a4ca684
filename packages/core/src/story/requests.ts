// Every exchange, as a request to whatever stands at its server's end and as a try of whoever stands at its client's, and
// every connection without one as a possible try at an upstream, all in story time. Nearly all of them go well, and are
// asked for nothing but their times: they are rows of columns. Pairing them is the next step.
import {
  CLIENT,
  type Connection,
  DNS_PORT,
  type Exchange,
  type NeighbourSearch,
  SERVER,
} from '../observe/observations.ts'
import { type Clocked, toStory } from './clocks/time.ts'
import { mostTurns, turnsOf } from './conversations.ts'
import {
  clientView,
  type Conversation,
  endings,
  isAnswered,
  isBetween,
  serverView,
  type Sighting,
  type StoryCapture,
  type Try,
  type Turn,
} from './story.ts'

/**
 * Requests and tries by row: that of an exchange is both, that of a connection without one, or of a search for a
 * neighbour, is a try alone. Rows go in the order of the conversations, searches last.
 */
export interface Roles {
  count: number
  /** Null of a search. */
  conversations: (Conversation | null)[]
  /** As the server's end of the leg shows them. */
  requests: {
    exchange: (Exchange | null)[]
    sighting: (Sighting | null)[]
    /** A number for its endpoint, the same as in `tries`; meaningless without an exchange. */
    server: Int32Array
    start: Float64Array
    /** Infinity without an answer, or when its end was not seen. */
    answered: Float64Array
    end: Float64Array
    /** No try for a request begins after its answer did, or after the client was gone. */
    until: Float64Array
  }
  /** As the client's end of the leg shows them. */
  tries: {
    exchange: (Exchange | null)[]
    sighting: (Sighting | null)[]
    server: Int32Array
    /** Its SYN, where it opened a connection for it, and its first byte. */
    start: Float64Array
    asked: Float64Array
    end: Float64Array
    /** 1 where the proxy got a whole answer. */
    answered: Uint8Array
  }
  /** The turns of conversations that several captures saw, and of those that somebody asked for. */
  turns: Map<number, Turn>
  /** The tries without an exchange. */
  bare: Map<number, Try>
  /** The numbers of endpoints. */
  servers: Map<string, number>
}

export function rolesOf(captures: readonly StoryCapture[], conversations: readonly Conversation[]): Roles {
  const most = conversations.reduce((sum, conversation) => sum + Math.max(1, mostTurns(conversation)), 0)
  const roles = emptyRoles(captures.reduce((sum, { observations }) => sum + observations.neighbours.length, most))
  for (const conversation of conversations) {
    const { sightings } = conversation
    if (mostTurns(conversation) === 0) {
      const isLookup = sightings[0].connection.serverPort === DNS_PORT
      const attempt = isLookup ? null : tryOfConnection(captures, conversation)
      if (attempt !== null) addBare(roles, attempt)
    } else if (sightings.length === 1) {
      const [sighting] = sightings
      const at = captures[sighting.capture]
      for (const exchange of sighting.connection.exchanges) {
        addRequest(roles, sighting, exchange, at)
        addTry(roles, conversation, sighting, exchange, at)
      }
    } else {
      for (const turn of turnsOf(conversation)) {
        const near = askedView(turn)
        const far = serverView(turn)
        roles.turns.set(roles.count, turn)
        addRequest(roles, far.sighting, far.exchange, captures[far.sighting.capture])
        addTry(roles, conversation, near.sighting, near.exchange, captures[near.sighting.capture])
      }
    }
  }
  captures.forEach((at, capture) => {
    for (const search of at.observations.neighbours) {
      // One request may have lost its answer; a host that is there is not asked for again and again.
      if (search.answer === null && search.requests.length > 1) addBare(roles, tryOfSearch(at, capture, search))
    }
  })
  return roles
}

/** The exchange as seen nearest to the client where its request was seen: a capture of one direction shows answers alone. */
function askedView(turn: Turn): ReturnType<typeof clientView> {
  const { conversation, views } = turn
  const i = views.findIndex((view) => view !== null && view.request.frame >= 0)
  return i < 0 ? clientView(turn) : { sighting: conversation.sightings[i], exchange: views[i]! }
}

/** The exchange of a row as all sightings show it: the same one every time. */
export function turnAt({ conversations, tries, turns }: Roles, row: number): Turn {
  let turn = turns.get(row)
  if (turn === undefined) turns.set(row, (turn = { conversation: conversations[row]!, views: [tries.exchange[row]] }))
  return turn
}

/** Rows of the requests in the order of their start. */
export function inOrder({ requests, count }: Roles): number[] {
  const rows: number[] = []
  for (let row = 0; row < count; row++) if (requests.exchange[row] !== null) rows.push(row)
  return rows.toSorted((a, b) => requests.start[a] - requests.start[b])
}

/** Address from which a try was made. */
export const backOf = ({ conversations, bare }: Roles, row: number): string =>
  conversations[row]?.sightings[0].connection.clientAddress ?? bare.get(row)!.search!.search.from

/** One SYN that nobody answered says little: who means it asks again. */
export const isMeant = ({ bare, tries }: Roles, row: number): boolean =>
  !bare.has(row) || tries.end[row] < Infinity || (tries.sighting[row]?.connection.syns.length ?? 0) !== 1

function emptyRoles(most: number): Roles {
  const times = (): Float64Array => new Float64Array(most).fill(NaN)
  // At their full length: an array that grows leaves several times its size behind.
  const all = (): null[] => Array<null>(most).fill(null)
  const servers = (): Int32Array => new Int32Array(most)
  const requests = { server: servers(), start: times(), answered: times(), end: times(), until: times() }
  const tries = { server: servers(), start: times(), asked: times(), end: times(), answered: new Uint8Array(most) }
  return {
    count: 0,
    conversations: all(),
    requests: { exchange: all(), sighting: all(), ...requests },
    tries: { exchange: all(), sighting: all(), ...tries },
    turns: new Map(),
    bare: new Map(),
    servers: new Map(),
  }
}

/** The number of an endpoint. */
function serverAt({ servers }: Roles, { connection: { server } }: Sighting): number {
  let number = servers.get(server)
  if (number === undefined) servers.set(server, (number = servers.size))
  return number
}

/** The next row as a request. */
function addRequest(roles: Roles, sighting: Sighting, exchange: Exchange, at: Clocked): void {
  const { requests, count } = roles
  const { request, response } = exchange
  const start = request.frame >= 0 ? request.time : earliestStart(sighting.connection, exchange)
  requests.exchange[count] = exchange
  requests.sighting[count] = sighting
  requests.server[count] = serverAt(roles, sighting)
  requests.start[count] = toStory(at, start)
  requests.answered[count] = response.frame >= 0 ? toStory(at, response.time) : Infinity
  requests.end[count] = endOf(sighting, exchange, at)
  requests.until[count] = Math.min(requests.answered[count], requests.end[count])
}

/** When a request that was not captured can have begun: once the exchange before it was over, or the connection open. */
function earliestStart(connection: Connection, { ordinal, response }: Exchange): number {
  const before = connection.exchanges[ordinal - 1]?.responseEnd ?? connection.established ?? connection.first
  return before.time >= 0 ? before.time : response.time
}

/** The next row as a try that got as far as a request; with this the row is whole. */
function addTry(roles: Roles, conversation: Conversation, sighting: Sighting, exchange: Exchange, at: Clocked): void {
  const { requests, tries } = roles
  const row = roles.count++
  const isOneView = requests.exchange[row] === exchange
  roles.conversations[row] = conversation
  tries.exchange[row] = exchange
  tries.sighting[row] = sighting
  tries.server[row] = requests.sighting[row] === sighting ? requests.server[row] : serverAt(roles, sighting)
  tries.start[row] = toStory(at, startOfTry(sighting.connection, exchange))
  tries.asked[row] = toStory(at, (exchange.request.frame >= 0 ? exchange.request : exchange.response).time)
  tries.end[row] = isOneView ? requests.end[row] : endOf(sighting, exchange, at)
  // One that breaks the grammar the proxy may refuse, and try again.
  tries.answered[row] = isAnswered(sighting, exchange) && exchange.detail?.responseFault == null ? 1 : 0
}

/** The next row as a try without an exchange. */
function addBare(roles: Roles, attempt: Try): void {
  const { tries, requests } = roles
  const row = roles.count++
  roles.conversations[row] = attempt.conversation
  requests.exchange[row] = tries.exchange[row] = null
  requests.sighting[row] = null
  tries.sighting[row] = attempt.conversation?.sightings[0] ?? null
  tries.start[row] = tries.asked[row] = attempt.start
  tries.end[row] = attempt.end
  roles.bare.set(row, attempt)
}

/** When a try began, in the time of the capture that is nearest to its client. */
export function startOfTry(connection: Connection, exchange: Exchange): number {
  const { request } = exchange
  const asked = request.frame >= 0 ? request.time : exchange.response.time
  if (exchange.ordinal > 0) return asked
  // A connection opened for this very request: the try began with the SYN.
  const [syn] = connection.syns
  return syn !== undefined && asked - syn.time < FRESH_NS ? syn.time : asked
}

/**
 * A connection on which no request was seen. One that was opened and closed by its client without a byte is a check, and
 * no try: null.
 */
export function tryOfConnection(captures: readonly StoryCapture[], conversation: Conversation): Try | null {
  const sighting = conversation.sightings[0]
  const { connection } = sighting
  const [client, server] = connection.sides
  // Checks close at once; one that had repeated its SYN waited for the answer that came too late.
  const isLate = connection.established === null && connection.syns.length > 1
  const accepted = connection.synAck !== null && !isLate && client.segments === 0 && server.segments === 0
  const serverFirst = Math.min(server.fin?.time ?? Infinity, server.reset?.time ?? Infinity)
  const clientFirst = Math.min(client.fin?.time ?? Infinity, client.reset?.time ?? Infinity)
  if (accepted && clientFirst <= serverFirst) return null
  const at = captures[sighting.capture]
  const ends = [connection.sides[0].fin, connection.sides[0].reset, connection.sides[1].fin, connection.sides[1].reset]
  const icmp = conversation.icmp[0]
  const times = ends.flatMap((m) => (m === null ? [] : [toStory(at, m.time)]))
  if (connection.synAck === null && icmp !== undefined) times.push(toStory(captures[icmp.capture], icmp.error.time))
  return {
    kind: 'connection',
    conversation,
    turn: null,
    search: null,
    start: toStory(at, connection.first.time),
    end: times.length === 0 ? Infinity : Math.min(...times),
    pairing: UNPAIRED,
    hop: null,
  }
}

/** A search for an upstream's link-layer address that nobody answered: a connection that never got to send its SYN. */
export function tryOfSearch(at: Clocked, capture: number, search: NeighbourSearch): Try {
  return {
    kind: 'neighbour',
    conversation: null,
    turn: null,
    search: { capture, search },
    start: toStory(at, search.requests[0].time),
    end: Infinity,
    pairing: UNPAIRED,
    hop: null,
  }
}

/** A proxy that opens a connection for a request sends the request on it within this time. */
const FRESH_NS = 30e9

export const UNPAIRED: Try['pairing'] = { strength: 'weak', by: 'nothing', runnerUp: null }

/**
 * When an exchange was over: its response complete, or its connection closed by either side after the request. A
 * response that began after the client's side had closed came too late to end anything.
 */
function endOf(sighting: Sighting, exchange: Exchange, at: Clocked): number {
  const over = exchange.responseEnd.time
  const { ended } = exchange
  if (over >= 0 && (ended === 'complete' || ended === 'closed')) {
    const { fin, reset } = sighting.connection.sides[CLIENT]
    const gone = isBetween(fin, exchange) ? fin : isBetween(reset, exchange) ? reset : null
    return toStory(at, gone?.time ?? over)
  }
  const asked = exchange.request.time
  const cancelled = exchange.detail?.streamReset
  if (cancelled) return toStory(at, cancelled.time)
  const next = sighting.connection.exchanges[exchange.ordinal + 1]
  const { connection } = sighting
  const times = [...endings(connection, CLIENT), ...endings(connection, SERVER)].flatMap(({ time }) =>
    time < asked || (next !== undefined && time > next.request.time) ? [] : [time],
  )
  return times.length === 0 ? Infinity : toStory(at, Math.min(...times))
}
