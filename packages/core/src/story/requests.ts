// Every exchange, as a request to whatever stands at its server's end, and every connection as a possible try at an
// upstream, both in story time. Pairing them is the next step.
import type { Connection, Exchange, NeighbourSearch } from '../observe/observations.ts'
import {
  clientView,
  type Conversation,
  type Request,
  serverView,
  type Sighting,
  type StoryCapture,
  type Try,
  type Turn,
} from './story.ts'

export type Shift = (capture: number) => number

export const shiftOf =
  (captures: readonly StoryCapture[]): Shift =>
  (capture) =>
    captures[capture].shift

/** The request of a turn, timed where the server's end of the leg sees it. */
export function requestOf(turn: Turn, shift: Shift): Request {
  const { sighting, exchange } = serverView(turn)
  const at = shift(sighting.capture)
  const answered = exchange.response.frame >= 0 ? exchange.response.time + at : Infinity
  const start = exchange.request.frame >= 0 ? exchange.request.time : earliestStart(sighting.connection, exchange)
  return { turn, start: start + at, answered, end: endOf(sighting, exchange, at), tries: [], lookups: [] }
}

/** When a request that was not captured can have begun: once the exchange before it was over, or the connection open. */
function earliestStart({ exchanges, established, first }: Connection, { ordinal, response }: Exchange): number {
  const before = exchanges[ordinal - 1]?.responseEnd ?? established ?? first
  return before.time >= 0 ? before.time : response.time
}

/** A try that got as far as a request, timed where the client's end of the leg (the proxy) sees it. */
export function tryOfTurn(turn: Turn, shift: Shift): Try {
  const { sighting, exchange } = clientView(turn)
  const at = shift(sighting.capture)
  const asked = (exchange.request.frame >= 0 ? exchange.request.time : exchange.response.time) + at
  const { connection } = sighting
  // A connection opened for this very request: the try began with the SYN.
  const syn = connection.syns[0]
  const fresh = exchange.ordinal === 0 && syn !== undefined && asked - (syn.time + at) < FRESH_NS
  return {
    kind: 'exchange',
    conversation: turn.conversation,
    turn,
    search: null,
    start: fresh ? syn.time + at : asked,
    end: endOf(sighting, exchange, at),
    pairing: UNPAIRED,
    hop: null,
  }
}

/**
 * A connection on which no request was seen. One that was opened and closed by its client without a byte is a check, and
 * no try: null.
 */
export function tryOfConnection(conversation: Conversation, shift: Shift): Try | null {
  const sighting = conversation.sightings[0]
  const { connection } = sighting
  const [client, server] = connection.sides
  // Checks close at once; one that had repeated its SYN waited for the answer that came too late.
  const isLate = connection.established === null && connection.syns.length > 1
  const accepted = connection.synAck !== null && !isLate && client.segments === 0 && server.segments === 0
  const serverFirst = Math.min(server.fin?.time ?? Infinity, server.reset?.time ?? Infinity)
  const clientFirst = Math.min(client.fin?.time ?? Infinity, client.reset?.time ?? Infinity)
  if (accepted && clientFirst <= serverFirst) return null
  const at = shift(sighting.capture)
  const ends = [connection.sides[0].fin, connection.sides[0].reset, connection.sides[1].fin, connection.sides[1].reset]
  const icmp = conversation.icmp[0]
  const times = ends.flatMap((m) => (m === null ? [] : [m.time + at]))
  if (connection.synAck === null && icmp !== undefined) times.push(icmp.error.time + shift(icmp.capture))
  return {
    kind: 'connection',
    conversation,
    turn: null,
    search: null,
    start: connection.first.time + at,
    end: times.length === 0 ? Infinity : Math.min(...times),
    pairing: UNPAIRED,
    hop: null,
  }
}

/** A search for an upstream's link-layer address that nobody answered: a connection that never got to send its SYN. */
export function tryOfSearch(capture: number, search: NeighbourSearch, shift: Shift): Try {
  return {
    kind: 'neighbour',
    conversation: null,
    turn: null,
    search: { capture, search },
    start: search.requests[0].time + shift(capture),
    end: Infinity,
    pairing: UNPAIRED,
    hop: null,
  }
}

/** A proxy that opens a connection for a request sends the request on it within this time. */
const FRESH_NS = 30e9

const UNPAIRED: Try['pairing'] = { strength: 'weak', by: 'nothing', runnerUp: null }

/**
 * When an exchange was over: its response complete, or its connection closed by either side after the request. A
 * response that began after the client's side had closed came too late to end anything.
 */
function endOf(sighting: Sighting, exchange: Exchange, at: number): number {
  const asked = exchange.request.time
  if (exchange.responseEnd.time >= 0 && (exchange.ended === 'complete' || exchange.ended === 'closed')) {
    const { fin, reset } = sighting.connection.sides[0]
    const gone = [fin, reset].find((m) => m !== null && m.time > asked && m.time < exchange.response.time)
    return (gone?.time ?? exchange.responseEnd.time) + at
  }
  const next = sighting.connection.exchanges[exchange.ordinal + 1]
  const times = sighting.connection.sides
    .flatMap((side) => [side.fin, side.reset])
    .flatMap((m) =>
      m === null || m.time < asked || (next !== undefined && m.time > next.request.time) ? [] : [m.time],
    )
  return times.length === 0 ? Infinity : Math.min(...times) + at
}
