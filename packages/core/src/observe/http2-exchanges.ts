// HTTP/2 exchanges of one connection, one a stream (RFC 9113).
import { Http2Connection, type Http2Options } from '../app/http2/connection.ts'
import type { Http2Fields, Http2Section, Http2Setting, Http2Sink, Http2StreamEnd } from '../app/http2/events.ts'
import type { Place } from '../app/http1/message.ts'
import type { Sniffed } from '../app/sniff.ts'
import { type Bytes, latin1 } from '../bytes/read.ts'
import { type Engine, Positions, type Told } from './engine.ts'
import { headOf } from './http2-head.ts'
import { ExchangeLedger, moment, type OpenExchange, type Surroundings } from './ledger.ts'
import { CLIENT, type Http2Facts, SERVER, type SideIndex } from './observations.ts'

/** Body bytes of a failed response that are kept. */
const BODY_KEPT = 1024
/** RFC 7540 section 3.2: the request of the upgrade has this number. */
const UPGRADED_STREAM = 1
/** Entries kept of each list of `Http2Facts`: the first, which tell how it began, and the latest, which tell why it ended. */
const FIRST_KEPT = 16
const LATEST_KEPT = 48

/** What was HTTP/1 until it asked for HTTP/2 (RFC 7540 section 3.2). */
export interface Upgraded {
  ledger: ExchangeLedger
  /** The exchange whose request asked: its response is stream 1's. */
  open: OpenExchange
  /** What that request announced of the client; null: unknown. */
  settings: readonly Http2Setting[] | null
}

export class Http2Exchanges implements Engine {
  readonly takesAnyAnswer = false
  readonly isSettled = false
  readonly #ledger: ExchangeLedger
  readonly #connection: Http2Connection
  readonly #positions: [Positions, Positions] = [new Positions(), new Positions()]
  readonly #streams = new Map<number, OpenExchange>()
  readonly #facts: Http2Facts = { midstream: false, goaways: [], stalls: [], faults: [] }
  /** The capture or the connection is over: what is cut off now was still going on. */
  #isEnding = false

  private constructor(ledger: ExchangeLedger, options: Http2Options) {
    this.#ledger = ledger
    this.#connection = new Http2Connection(this.#sink(), options)
  }

  /** A connection that is HTTP/2 from its beginning. */
  static begun(client: SideIndex, surroundings: Surroundings): Http2Exchanges {
    return new Http2Exchanges(new ExchangeLedger('http2', client, surroundings), {})
  }

  /** Goes on with the exchanges of HTTP/1, whose ledger it takes over. */
  static upgraded({ ledger, open, settings }: Upgraded): Http2Exchanges {
    const exchanges = new Http2Exchanges(ledger, { upgraded: { settings } })
    ledger.protocol = 'http2'
    open.exchange.protocol = 'http2'
    open.exchange.stream = UPGRADED_STREAM
    exchanges.#streams.set(UPGRADED_STREAM, open)
    return exchanges
  }

  expects(_from: SideIndex, speaks: Sniffed): boolean {
    return speaks === 'http2'
  }

  push(from: SideIndex, bytes: Bytes, at: number, end: number, position: number, frame: number, time: number): void {
    const role = this.#role(from)
    this.#positions[role].feed(position, end - at)
    this.#connection.push(role, bytes, at, end, frame, time)
  }

  gap(from: SideIndex, length: number, position: number, frame: number, time: number): void {
    const role = this.#role(from)
    this.#positions[role].feed(position, length)
    this.#connection.gap(role, length, frame, time)
  }

  finish(from: SideIndex, closed: boolean, frame: number, time: number): void {
    this.#connection.finish(this.#role(from), closed, frame, time)
  }

  end(frame: number, time: number): void {
    this.#isEnding = true
    this.#connection.finish(CLIENT, false, frame, time)
    this.#connection.finish(SERVER, false, frame, time)
    this.#ledger.finish()
  }

  told(): Told {
    this.#facts.midstream = this.#connection.midstream
    return { exchanges: this.#ledger.exchanges, http2: this.#facts, tls: null, inside: [null, null] }
  }

  standing(): Told {
    return { ...this.told(), exchanges: this.#ledger.standing() }
  }

  forget(time: number): void {
    this.#ledger.forget(time)
  }

  #role(from: SideIndex): SideIndex {
    return from === this.#ledger.client ? CLIENT : SERVER
  }

  #sink(): Http2Sink {
    const facts = this.#facts
    return {
      begin: (stream, from, first) => this.#begin(stream, from, first),
      headers: (stream, from, kind, fields, endStream, first, last) =>
        this.#headers(stream, from, kind, fields, endStream, first, last),
      data: (stream, from, bytes, at, end, endStream, _first, last) =>
        this.#data(stream, from, bytes, at, end, endStream, last),
      missing: (stream) => {
        const open = this.#streams.get(stream)
        if (open !== undefined) open.incomplete = true
      },
      reset: (stream, from, code, place) => {
        const open = this.#streams.get(stream)
        if (open !== undefined) open.streamReset ??= { from, by: 'RST_STREAM', code, ...moment(place) }
      },
      truncated: (stream, from, _closed, place) => this.#truncated(stream, from, place),
      end: (stream, how, place) => this.#end(stream, how, place),
      goaway: (from, lastStream, code, debug, place) => {
        keep(facts.goaways, { from, lastStream, code, debug, ...moment(place) })
        if (from === CLIENT) return
        for (const [stream, open] of this.#streams) {
          if (stream > lastStream) open.streamReset ??= { from, by: 'GOAWAY', code, ...moment(place) }
        }
      },
      settings: () => {},
      ping: () => {},
      stalled: (stream, from, place) => {
        keep(facts.stalls, { stream, from, ...moment(place), until: null })
      },
      resumed: (stream, from, place) => {
        const stall = facts.stalls.findLast((s) => s.stream === stream && s.from === from && s.until === null)
        if (stall !== undefined) stall.until = moment(place)
      },
      fault: (stream, from, text, place) => {
        keep(facts.faults, { stream, from, text, ...moment(place) })
      },
    }
  }

  #begin(stream: number, from: SideIndex, first: Place): void {
    const known = this.#streams.get(stream)
    if (from === CLIENT) {
      if (known === undefined) this.#streams.set(stream, this.#ledger.begin(first, this.#position(from, first), stream))
    } else this.#beginResponse(stream, known, first)
  }

  #beginResponse(stream: number, known: OpenExchange | undefined, first: Place): OpenExchange {
    const open = known ?? this.#ledger.beginUnasked(first, stream)
    if (known === undefined) this.#streams.set(stream, open)
    // An interim response's place is overwritten by the final one's.
    if (open.exchange.status === 0) {
      open.exchange.response = moment(first)
      open.exchange.responseFrom = this.#position(SERVER, first)
    }
    return open
  }

  #headers(
    stream: number,
    from: SideIndex,
    kind: Http2Section,
    fields: Http2Fields,
    endStream: boolean,
    first: Place,
    last: Place,
  ): void {
    let open = this.#streams.get(stream)
    if (open === undefined) {
      this.#begin(stream, from, first)
      open = this.#streams.get(stream)!
    }
    const x = open.exchange
    if (from === CLIENT) x.requestTo = this.#position(from, last) + 1
    // Of a section that is cut, `last` is where the connection ended.
    else if (kind !== 'interim') this.#answered(open, fields.complete ? last : first)
    if (kind === 'request') this.#ledger.requestHead(open, headOf('request', fields), true)
    else if (kind === 'response') {
      this.#ledger.responseHead(open, headOf('response', fields), true)
      if (open.requestHead?.method === 'CONNECT' && x.status >= 200 && x.status < 300) x.tunnel = true
    } else if (kind === 'interim') {
      x.response = { frame: -1, time: -1 }
      x.responseFrom = this.#position(SERVER, last) + 1
    }
    if (from === SERVER && kind !== 'interim') {
      const status = Number(fields.get('grpc-status') ?? NaN)
      if (Number.isInteger(status) && status >= 0) x.grpcStatus = status
    }
    if (endStream) this.#ended(open, from, last)
  }

  #data(stream: number, from: SideIndex, bytes: Bytes, at: number, end: number, endStream: boolean, last: Place): void {
    const open = this.#streams.get(stream)
    if (open === undefined) return
    const x = open.exchange
    if (from === CLIENT) {
      x.bodyLength += end - at
      x.requestTo = this.#position(from, last) + 1
    } else {
      x.responseBytes += end - at
      this.#answered(open, last)
      const room = BODY_KEPT - open.body.length
      if (x.status >= 400 && room > 0) open.body += latin1(bytes, at, Math.min(end, at + room))
    }
    if (endStream) this.#ended(open, from, last)
  }

  /** Bytes of the response came, up to `last`. */
  #answered(open: OpenExchange, last: Place): void {
    if (open.responseLast?.frame !== last.frame) open.responseLast = moment(last)
  }

  /** A side's END_STREAM. */
  #ended(open: OpenExchange, from: SideIndex, last: Place): void {
    const x = open.exchange
    if (from === CLIENT) {
      x.requestEnd = moment(last)
      x.requestTo = this.#position(from, last) + 1
    } else {
      // What comes on a stream that its asker has reset comes to nobody.
      x.ended = open.streamReset?.from === CLIENT ? 'truncated' : 'complete'
      x.responseEnd = moment(last)
    }
  }

  /** The connection ended inside of a stream. */
  #truncated(stream: number, from: SideIndex, place: Place): void {
    const x = this.#streams.get(stream)?.exchange
    if (x === undefined || from === CLIENT || x.response.frame < 0 || x.ended !== null) return
    x.ended = this.#isEnding ? 'open' : 'truncated'
    if (!this.#isEnding) x.responseEnd = moment(place)
  }

  #end(stream: number, how: Http2StreamEnd, place: Place): void {
    const open = this.#streams.get(stream)
    if (open === undefined) return
    this.#streams.delete(stream)
    const x = open.exchange
    if (how === 'reset' && x.response.frame >= 0 && x.ended === null) {
      x.ended = 'truncated'
      x.responseEnd = moment(open.streamReset ?? place)
    }
    if (how === 'forgotten') open.incomplete = true
    this.#ledger.end(open)
  }

  #position(from: SideIndex, { offset }: Place): number {
    return this.#positions[from].of(offset)
  }
}

/** Adds to a list; where it is full one from its middle makes room. */
function keep<T>(list: T[], entry: T): void {
  if (list.length === FIRST_KEPT + LATEST_KEPT) list.splice(FIRST_KEPT, 1)
  list.push(entry)
}
