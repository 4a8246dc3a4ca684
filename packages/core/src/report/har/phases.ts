// How long each phase of an exchange took, as HAR 1.2 has them ("timings"), from the times of frames.
import type { NameLookup } from '../../observe/observations.ts'
import { CLIENT, type Connection, type Exchange, type Moment, SERVER } from '../../observe/observations.ts'
import { toStory } from '../../story/clocks/time.ts'
import { endings, type StoryCapture } from '../../story/story.ts'

/** In nanoseconds of the story's clock. -1: it does not apply, or was not seen; the last three always apply. */
export interface Phases {
  /** Story time of the first of the phases. */
  started: number
  /** Between the answer of the name service and the SYN, and between the open connection and the request. */
  blocked: number
  dns: number
  /** From the first SYN to the client's ACK, or to the end of the TLS handshake, which `ssl` is a part of. */
  connect: number
  ssl: number
  send: number
  wait: number
  receive: number
  /** Phases of which the end was not seen: they took at least so long. */
  unseen: ('send' | 'wait' | 'receive')[]
}

/** A connection that waited longer for its first request was not opened for it. */
const OPENED_FOR_NS = 1e9

/** `lookup`: the name lookup that the connection was opened after, if any. */
export function phasesOf(
  capture: StoryCapture,
  connection: Connection,
  exchange: Exchange,
  lookup: NameLookup | null,
): Phases {
  const at = ({ time }: Moment): number => Math.round(toStory(capture, time))
  const { request, requestEnd, response, responseEnd } = exchange
  const unseen: Phases['unseen'] = []
  const asked = at(request.frame >= 0 ? request : response)
  const over = overAt(connection, exchange)
  const last = Math.max(asked, at(over ?? connection.last))
  let sent = requestEnd.time >= 0 ? at(requestEnd) : -1
  if (request.frame < 0) sent = asked
  else if (sent < 0) unseen.push('send')
  const answered = response.frame >= 0 ? at(response) : -1
  if (answered < 0 && over === null) unseen.push('wait')
  // An answer may begin before the request ends: then nobody waited.
  const sendEnd = Math.max(asked, Math.min(sent < 0 ? last : sent, answered < 0 ? last : answered))
  const waitEnd = Math.max(sendEnd, answered < 0 ? last : answered)
  let received = waitEnd
  if (answered >= 0) {
    received = Math.max(waitEnd, responseEnd.time >= 0 ? at(responseEnd) : last)
    if (responseEnd.time < 0) unseen.push('receive')
  }
  return {
    ...openingOf(capture, connection, exchange, lookup, asked),
    send: sendEnd - asked,
    wait: waitEnd - sendEnd,
    receive: received - waitEnd,
    unseen,
  }
}

/** All phases together, `ssl` being a part of `connect`. */
export const lengthOf = ({ blocked, dns, connect, send, wait, receive }: Phases): number =>
  [blocked, dns, connect].reduce((sum, phase) => sum + Math.max(0, phase), send + wait + receive)

type Opening = Pick<Phases, 'started' | 'blocked' | 'dns' | 'connect' | 'ssl'>

/** What came before the request's first byte: of a connection that was opened for it. */
function openingOf(
  capture: StoryCapture,
  connection: Connection,
  { ordinal }: Exchange,
  lookup: NameLookup | null,
  asked: number,
): Opening {
  const none: Opening = { started: asked, blocked: -1, dns: -1, connect: -1, ssl: -1 }
  const { syns, established, tls } = connection
  const [syn] = syns
  if (ordinal !== 0 || syn === undefined || established === null) return none
  const at = ({ time }: Moment): number => Math.round(toStory(capture, time))
  const secured = tls === null ? [] : tls.finished.filter((place) => place !== null)
  const hello = tls?.clientHello?.first ?? null
  // Early data is sent before either is done (RFC 8446 section 2.3, RFC 7413).
  const ready = Math.min(asked, Math.max(at(established), ...secured.map((place) => at(place))))
  const began = at(syn)
  if (asked - ready > OPENED_FOR_NS || ready < began) return none
  const opening: Opening = {
    started: began,
    blocked: asked - ready,
    dns: -1,
    connect: ready - began,
    ssl: hello === null || secured.length < 2 ? -1 : Math.max(0, ready - at(hello)),
  }
  if (lookup === null) return opening
  const query = at(lookup.queries[0]!)
  const answer = at(lookup.answer!)
  return { ...opening, started: query, dns: answer - query, blocked: opening.blocked + began - answer }
}

/** When an exchange without an answer was over: its stream reset, or its connection closed by either side. */
function overAt(connection: Connection, { request, detail }: Exchange): Moment | null {
  const reset = detail?.streamReset ?? null
  if (reset !== null) return reset
  let first: Moment | null = null
  for (const moment of [...endings(connection, CLIENT), ...endings(connection, SERVER)]) {
    if (moment.time > request.time && (first === null || moment.time < first.time)) first = moment
  }
  return first
}
