// Exchanges inside TLS that nobody decrypted, told from what its records show: direction, size, time. Over HTTP/1 the
// sides take turns, so a client that sends after an answer asks anew. Method, target and status stay unknown, and that
// an answer was whole is a guess until something contradicts it.
//
// HTTP/2 is taken for turns as well, which holds while one request is made at a time; the frames of its opening and
// those that carry no message are told by their size. TLS 1.3 hides which of the two was agreed on: the first records
// tell.
import type { Place } from '../app/http1/message.ts'
import type { ConnectionTracker } from '../flow/connection.ts'
import { ExchangeLedger, moment, type OpenExchange, type Surroundings, UNSEEN } from './ledger.ts'
import { CLIENT, type Exchange, type ExchangeTable, type Moment, type SideIndex } from './observations.ts'

/** A side that closes this soon after the last record may have cut the answer short; later, it closed an idle connection. */
const AT_ONCE_NS = 1e9

/** A client that goes on after this long is not in the middle of a request any more, */
const THOUGHT_NS = 0.3e9
/** and over HTTP/2, where it may go on while it waits, not after this long. */
const H2_NEXT_NS = 5e6

/**
 * The shortest requests of HTTP/1: one of 1.0, and one that follows on a connection, which has a Host (RFC 9112 section
 * 3.2). What is shorter is another protocol's, or that of a WebSocket behind its upgrade.
 */
const REQUEST_LEAST = 'GET / HTTP/1.0\r\n\r\n'.length
const NEXT_REQUEST_LEAST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'.length
/** An interim response (RFC 9110 section 15.2.1), after which the client goes on with its request. */
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'.length

/** Sizes of HTTP/2 frames with their header (RFC 9113 sections 4.1, 6.5, 6.9): SETTINGS acknowledged, WINDOW_UPDATE, PING. */
const FRAME_HEADER = 9
const SETTING = 6
const WINDOW_UPDATE = 13
const RST_STREAM = 13
const PING = 17
const PREFACE = 24
/** The error code (section 7) that a client gives that waited long enough; it cannot be read. */
const CANCEL = 8
/** Parameters in one SETTINGS frame, at most. */
const SETTINGS_MOST = 10

/** A whole record: its plaintext's length, and where it lies. */
export interface SealedRecord {
  length: number
  first: Place
  last: Place
  /** Positions of its first byte and behind its last one. */
  start: number
  end: number
}

/** A record that may be a session ticket. */
export type SealedTicket = Omit<SealedRecord, 'end'>

export class SealedExchanges {
  readonly #ledger: ExchangeLedger
  readonly #connection: ConnectionTracker
  #open: OpenExchange | null = null
  /** The last whole record of the server's in the open exchange. */
  #answered: Moment | null = null
  /** A first record that may hold nothing but the opening of HTTP/2. */
  #opening: SealedRecord | null = null
  #isFirst = true
  #isHttp2 = false

  constructor(client: SideIndex, surroundings: Surroundings) {
    this.#ledger = new ExchangeLedger('tls', client, surroundings)
    this.#connection = surroundings.connection
  }

  get exchanges(): ExchangeTable {
    return this.#ledger.exchanges
  }

  /**
   * A record of an HTTP/1 connection has begun, at a position of the stream. `ticket`: the last record of the server's
   * that was taken for a session ticket.
   */
  begin(role: SideIndex, first: Place, position: number, ticket: SealedTicket | null = null): void {
    if (role === CLIENT) {
      if (ticket !== null && first.time - ticket.last.time > THOUGHT_NS) this.#answerWith(ticket)
      if (this.#open === null || (this.#answered !== null && !this.#open.exchange.tunnel)) this.#ask(first, position)
      this.#open!.exchange.requestEnd = UNSEEN
    } else if (this.#open !== null && this.#open.exchange.response.frame < 0) {
      this.#open.exchange.response = moment(first)
      this.#open.exchange.responseFrom = position
    }
  }

  /** A record that has begun is whole. */
  data(role: SideIndex, { length, last, end }: SealedRecord): void {
    const x = this.#open?.exchange
    if (x === undefined) return
    if (role === CLIENT) {
      if (x.bodyLength === 0 && !this.#isHttp2 && length < (x.ordinal === 0 ? REQUEST_LEAST : NEXT_REQUEST_LEAST))
        x.tunnel = true
      x.bodyLength += length
      x.requestEnd = moment(last)
      x.requestTo = end
    } else if (x.responseBytes === 0 && length === CONTINUE && !this.#isHttp2) {
      this.#unanswer(x)
    } else {
      x.responseBytes += length
      this.#answered = moment(last)
    }
  }

  #unanswer(x: Exchange): void {
    x.response = UNSEEN
    x.responseFrom = -1
    x.responseBytes = 0
    this.#answered = null
  }

  /** A whole record of a connection that is HTTP/2, or may be. */
  dataOfHttp2(role: SideIndex, record: SealedRecord): void {
    this.#isHttp2 = true
    const isFirst = this.#isFirst && role === CLIENT
    if (role === CLIENT) this.#isFirst = false
    if (isFirst && isSettings(record.length - PREFACE)) {
      this.#opening = record
      return
    }
    // What follows it tells: more of HTTP/2, or the response to what was a short HTTP/1 request.
    const opening = this.#opening
    this.#opening = null
    if (opening !== null && role !== CLIENT) {
      if (isSettings(record.length)) return
      this.#take(CLIENT, opening)
    }
    if (role !== CLIENT || !isControl(record.length)) {
      if (role === CLIENT) this.#settle(record)
      this.#take(role, record)
      return
    }
    const x = this.#open?.exchange
    // A client that was sent nothing has no window to give back: it takes its request back.
    if (x !== undefined && record.length === RST_STREAM && x.response.frame < 0) this.#cancel(this.#open!, record)
    // Who acknowledges SETTINGS got some: they were no answer.
    if (x === undefined || x.ordinal > 0 || record.length !== FRAME_HEADER || !isSettings(x.responseBytes)) return
    this.#unanswer(x)
  }

  gap(): void {
    if (this.#open !== null) this.#open.incomplete = true
  }

  standing(): ExchangeTable {
    return this.#ledger.standing((exchange) => this.#conclude(exchange, false))
  }

  forget(time: number): void {
    this.#ledger.forget(time)
  }

  /** `cut`: the server's stream ended inside of a record. */
  end(cut: boolean): void {
    if (this.#opening !== null) this.#take(CLIENT, this.#opening)
    if (this.#open !== null) this.#close(this.#open, cut)
    this.#open = null
    this.#ledger.finish()
  }

  /** Another stream begins; who answers what, nobody can tell from here on. */
  #settle({ first }: SealedRecord): void {
    const open = this.#open
    if (open === null || this.#answered !== null || first.time - open.exchange.requestEnd.time <= H2_NEXT_NS) return
    this.#open = null
    this.#ledger.end(open)
  }

  #take(role: SideIndex, record: SealedRecord): void {
    if (role !== CLIENT && isControl(record.length)) return
    this.begin(role, record.first, record.start)
    this.data(role, record)
  }

  /** Who asks anew after a while got an answer before: the record that came after its request was no ticket. */
  #answerWith({ length, first, last, start }: SealedTicket): void {
    const x = this.#open?.exchange
    if (x === undefined || x.response.frame >= 0 || x.requestEnd.time < 0 || first.time < x.requestEnd.time) return
    x.response = moment(first)
    x.responseFrom = start
    x.responseBytes = length
    this.#answered = moment(last)
  }

  #cancel(open: OpenExchange, { first }: SealedRecord): void {
    open.streamReset = { from: CLIENT, by: 'RST_STREAM', code: CANCEL, ...moment(first) }
    this.#open = null
    this.#ledger.end(open)
  }

  #ask(first: Place, position: number): void {
    if (this.#open !== null) this.#close(this.#open, false)
    this.#answered = null
    this.#open = this.#ledger.begin(first, position)
  }

  /** The exchange is over, as far as one can see. */
  #close(open: OpenExchange, cut: boolean): void {
    this.#conclude(open.exchange, cut)
    this.#ledger.end(open)
  }

  /** How the exchange that is open ended. */
  #conclude(x: Exchange, cut: boolean): void {
    if (x.tunnel) {
      x.ended = 'complete'
      x.responseEnd = this.#answered ?? x.requestEnd
    } else if (x.response.frame >= 0) {
      const server = this.#connection.halves[this.#ledger.client === 0 ? 1 : 0]
      const client = this.#connection.halves[this.#ledger.client]
      const answered = this.#answered?.time ?? x.response.time
      const isBefore = (frame: number, time: number): boolean => frame < 0 || client.finTime < time
      const clientFirst =
        client.finFrame >= 0 &&
        isBefore(server.finFrame, server.finTime) &&
        isBefore(server.resetFrame, server.resetTime)
      // A RST behind a FIN, of either side, is the end of a connection that was over.
      const isOver = server.finFrame >= 0 || clientFirst
      const reset = server.resetFrame >= 0 && !isOver && server.resetTime - answered < AT_ONCE_NS
      const closed = server.finFrame >= 0 && !clientFirst && server.finTime - answered < AT_ONCE_NS
      x.ended = cut || reset || this.#answered === null ? 'truncated' : closed ? 'closed' : 'complete'
      x.responseEnd = this.#answered ?? x.response
    }
  }
}

/** Whether so many bytes can be SETTINGS, with WINDOW_UPDATE and an acknowledgement behind it or not. */
function isSettings(length: number): boolean {
  return [0, WINDOW_UPDATE, FRAME_HEADER, WINDOW_UPDATE + FRAME_HEADER].some((more) => {
    const parameters = (length - more - FRAME_HEADER) / SETTING
    return Number.isInteger(parameters) && parameters >= 0 && parameters <= SETTINGS_MOST
  })
}

const isControl = (length: number): boolean => length === FRAME_HEADER || length === WINDOW_UPDATE || length === PING
