// The exchanges of one connection as they begin and end, whatever protocol carries them: a lean row of each, and packets
// and fields of those that went wrong.
import type { Head, MessageFault, Place } from '../app/http1/message.ts'
import type { TlsOptions } from '../app/tls/session.ts'
import type { ConnectionTracker } from '../flow/connection.ts'
import { widen } from '../flow/numbers.ts'
import type { PacketBudget } from '../flow/packet-log.ts'
import {
  addExchange,
  closeRanks,
  copyExchangeTable,
  createExchangeTable,
  exchangesFrom,
  overBefore,
} from './exchange-table.ts'
import type {
  Exchange,
  ExchangeDetail,
  ExchangeProtocol,
  ExchangeTable,
  Moment,
  SideIndex,
  StreamReset,
} from './observations.ts'
import { readPairingFields } from './pairing-fields.ts'

/** Header sections above this may be larger than some proxy's buffer: such exchanges keep their packets. */
const LARGE_HEAD = 3500
/** Exchanges that wait for an answer, or for the next request, before the packets of the oldest are let go. */
const BACKLOG = 32
/** Exchanges of a connection that have to be explained: what is kept of one takes kilobytes, and its request a dozen bytes. */
const TROUBLED_KEPT = 8192
export const UNSEEN: Moment = { frame: -1, time: -1 }
widen({ ...UNSEEN }, 'time')

const REQUEST_FIELDS = [
  'host',
  'user-agent',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-server',
  'x-forwarded-proto',
  'forwarded',
  'x-real-ip',
  'x-varnish',
  'x-envoy-expected-rq-timeout-ms',
  'x-envoy-attempt-count',
  'x-haproxy-server-state',
  'x-request-id',
  'traceparent',
  'connection',
  'upgrade',
  'expect',
  'content-length',
  'content-type',
  'transfer-encoding',
  'grpc-timeout',
  'x-scheme',
  'x-original-uri',
  'x-script-filename',
]
const RESPONSE_FIELDS = [
  'server',
  'via',
  'x-cache',
  'x-varnish',
  'x-squid-error',
  'age',
  'date',
  'connection',
  'keep-alive',
  'content-length',
  'content-type',
  'transfer-encoding',
  'location',
  'retry-after',
  'upgrade',
  'proxy-status',
  'x-request-id',
]

/** What the exchanges of a connection share with its packets. */
export interface Surroundings {
  connection: ConnectionTracker
  /** Gives the same string object for equal texts. */
  strings: (text: string) => string
  budget: PacketBudget
  /** What helps to read TLS: keys, hashes. */
  tls: TlsOptions
  tally: Tally
}

/** What is counted over all connections while they are read, for whoever waits. */
export interface Tally {
  /** Answers of 502, 503 and 504, on whichever leg. */
  gatewayErrors: number
  /** Exchanges that have to be explained, and of which nothing is kept: their connections have too many. */
  exchangesLeft: number
}

/** An exchange while it goes on, with what is dropped when it ends well. */
export interface OpenExchange {
  exchange: Exchange
  requestHead: Head | null
  responseHead: Head | null
  requestFault: MessageFault | null
  responseFault: MessageFault | null
  body: string
  stderr: string
  incomplete: boolean
  streamReset: StreamReset | null
  responseLast: Moment | null
  /** Position in the response stream that the asker had acknowledged when the request began. */
  answerFrom: number
}

export class ExchangeLedger {
  /** Exchanges that are over, and so is what may follow from them; all of them once the connection is over. */
  exchanges: ExchangeTable = createExchangeTable()
  /** Exchanges that are not over, the oldest first. */
  open: OpenExchange[] = []
  /** The tracker's side that sends the requests. */
  readonly client: SideIndex
  /** Of the exchanges that begin from now on: an upgrade changes it. */
  protocol: ExchangeProtocol
  readonly #connection: ConnectionTracker
  readonly #strings: (text: string) => string
  readonly #budget: PacketBudget
  readonly #tally: Tally
  /** The exchange that began last, and how many did. */
  #latest: Exchange | null = null
  #count = 0
  /** Exchanges that ended; the packets up to the next request are theirs. */
  #ended: OpenExchange[] = []
  /** Some exchanges are not kept: ordinals have holes until all is over. */
  #hasHoles = false

  constructor(protocol: ExchangeProtocol, client: SideIndex, { connection, strings, budget, tally }: Surroundings) {
    this.protocol = protocol
    this.client = client
    this.#connection = connection
    this.#strings = strings
    this.#budget = budget
    this.#tally = tally
  }

  /** A request begins at `first`, which is position `from` of the client's stream (-1: it was not captured). */
  begin(first: Place, from: number, stream = -1): OpenExchange {
    if (this.open.length >= BACKLOG && stream < 0) this.retire(1)
    if (this.open.length === 0 || this.#ended.length >= BACKLOG) this.#settle(first.frame)
    return this.#add(first, from, stream)
  }

  /** An answer begins whose request was not captured. */
  beginUnasked(first: Place, stream = -1): OpenExchange {
    if (this.open.length === 0) this.#settle(first.frame)
    const open = this.#add(first, -1, stream)
    open.exchange.request = UNSEEN
    open.incomplete = true
    return open
  }

  /** The request's header section. `isLost`: it stands behind a hole. */
  requestHead(open: OpenExchange, head: Head, isLost: boolean): void {
    const x = open.exchange
    open.requestHead = head
    x.method = this.#strings(head.method)
    x.target = this.#strings(clipped(withoutUserInfo(head.target)))
    const fields = readPairingFields(head.bytes)
    x.host = fields.host === null ? null : this.#strings(clipped(withoutUserInfo(fields.host)))
    x.ids = fields.ids
    x.forwardedFor = fields.forwardedFor === null ? null : this.#strings(clipped(fields.forwardedFor))
    open.requestFault = head.fault
    open.incomplete ||= head.incomplete && isLost
  }

  /** The header section of the final response. */
  responseHead(open: OpenExchange, head: Head, isLost: boolean): void {
    const x = open.exchange
    open.responseHead = head
    open.responseFault = head.fault
    open.incomplete ||= head.incomplete && isLost
    x.status = head.status
    if (head.status >= 502 && head.status <= 504) this.#tally.gatewayErrors++
    x.headSize = head.size
  }

  /** The exchange is over. */
  end(open: OpenExchange): void {
    const at = this.open.indexOf(open)
    if (at < 0) return
    if (this.open.length === 1) this.open = []
    else if (at === 0) this.open.shift()
    else this.open.splice(at, 1)
    this.#noteEnded(open)
    this.#forget()
  }

  /** Gives up on answers to the oldest requests: what they were is not in the capture. */
  retire(count: number): void {
    for (const open of this.open.splice(0, count)) {
      open.incomplete = true
      this.#noteEnded(open)
    }
  }

  /** The first one makes the list, as most often there is but one: V8 gives an empty one that grows room for 17. */
  #noteEnded(open: OpenExchange): void {
    if (this.#ended.length === 0) this.#ended = [open]
    else this.#ended.push(open)
  }

  /** The connection is over: decides what is kept of what is open. */
  finish(): void {
    for (const open of this.open) this.#noteEnded(open)
    this.open = []
    this.#settle()
    if (this.#hasHoles) closeRanks(this.exchanges)
  }

  /** Both sides have closed, what they sent was acknowledged, and none of the exchanges has to be explained. */
  get isSettled(): boolean {
    if (this.open.length > 0 || this.#connection.halves.some(({ fin }) => fin < 0) || this.#isUnacknowledged())
      return false
    return this.exchanges.troubled.length === 0 && !this.#ended.some((open) => this.#isTroubled(open))
  }

  /** All exchanges as they stand, also those that go on; nothing of it is changed by what comes later. */
  standing(conclude: (exchange: Exchange) => void = () => {}): ExchangeTable {
    const table = copyExchangeTable(this.exchanges)
    for (const open of [...this.#ended, ...this.open]) {
      const exchange = { ...open.exchange }
      if (exchange.ended === null) conclude(exchange)
      if (exchange.ended === null && exchange.response.frame >= 0) exchange.ended = 'open'
      if (this.#isTroubled({ ...open, exchange })) exchange.detail = this.#detail(open, Infinity, 'peek')
      addExchange(table, exchange)
    }
    if (this.#hasHoles) closeRanks(table)
    return table
  }

  /** Forgets exchanges that were over at `time`, but for the last: by it the next is not the connection's first. */
  forget(time: number): void {
    const going = [...this.#ended, ...this.open].map(({ exchange }) => exchange)
    const most = going.reduce((least, { ordinal }) => Math.min(least, ordinal), this.#count)
    const first = overBefore(this.exchanges, time, most) - 1
    if (first <= 0) return
    for (const { ordinal, detail } of this.exchanges.troubled) {
      if (ordinal < first) this.#budget.giveBack(detail!.packets)
    }
    this.exchanges = exchangesFrom(this.exchanges, first)
    for (const exchange of going) exchange.ordinal -= first
    this.#count -= first
  }

  #add(first: Place, from: number, stream: number): OpenExchange {
    const exchange = createExchange(this.#count++, this.protocol, stream, moment(first), from, this.#idle(first))
    const open: OpenExchange = {
      exchange,
      requestHead: null,
      responseHead: null,
      requestFault: null,
      responseFault: null,
      body: '',
      stderr: '',
      incomplete: false,
      streamReset: null,
      responseLast: null,
      answerFrom: this.#connection.halves[this.client].lastAck,
    }
    this.#latest = exchange
    if (this.open.length === 0) this.open = [open]
    else this.open.push(open)
    return open
  }

  /** How long the connection was idle before a request: not at all where others were going on. */
  #idle({ time }: Place): number {
    const before = this.#latest
    if (before === null) return -1
    const isOver = before.ended === 'complete' || before.ended === 'closed'
    // The end of a request that the capture cut is found only when the next one begins.
    const asked = before.requestEnd.time < time ? before.requestEnd.time : -1
    const since = isOver ? Math.max(before.responseEnd.time, asked) : this.#connection.lastDataTime
    return Math.max(0, time - since)
  }

  /** Forgets the packets of exchanges that all went well, but for the last one's end: the next may follow from it. */
  #forget(): void {
    if (this.open.length > 0 || this.#ended.some((open) => this.#isTroubled(open))) return
    while (this.#ended.length > 1) addExchange(this.exchanges, this.#ended.shift()!.exchange)
    const last = this.#ended[0].exchange
    this.#connection.log.cut(last.responseEnd.frame)
  }

  /** Another request begins: keeps the packets before it for the exchanges in trouble that ended, and cuts there. */
  #settle(before = Infinity): void {
    if (this.#ended.length === 0) return
    let cut = before
    for (const open of this.#ended) {
      const troubled = this.#isTroubled(open) || (open === this.#ended.at(-1) && this.#isUnacknowledged())
      if (troubled && this.exchanges.troubled.length >= TROUBLED_KEPT) {
        this.#hasHoles = true
        this.#tally.exchangesLeft++
      } else {
        if (troubled) open.exchange.detail = this.#detail(open, before)
        addExchange(this.exchanges, open.exchange)
      }
      // Of the exchange before, the next one keeps what came after its end.
      const { requestEnd, response, responseEnd } = open.exchange
      cut = Math.max(requestEnd.frame, response.frame, responseEnd.frame)
    }
    this.#ended = []
    const oldest = this.open[0]?.exchange.request.frame ?? Infinity
    this.#connection.log.cut(Math.min(before, cut < 0 ? before : cut, oldest))
  }

  /** A response that was sent whole, and that the other side has still not acknowledged when all is over. */
  #isUnacknowledged(): boolean {
    const server = this.#connection.halves[this.client === 0 ? 1 : 0]
    // Where that side was not captured, nothing was, and nothing is known.
    const isHeard = this.#connection.halves[this.client].lastFrame >= 0
    return isHeard && server.begun && server.acked < server.max
  }

  /** The client closed after a while, and the server had not: what had come may not have been the whole answer. */
  #isWaitedOn({ responseEnd, ordinal }: Exchange): boolean {
    if (ordinal !== this.#count - 1) return false
    const client = this.#connection.halves[this.client]
    const server = this.#connection.halves[this.client === 0 ? 1 : 0]
    const closed = Math.max(client.finTime, client.resetTime)
    return server.finFrame < 0 && closed - responseEnd.time > WAITED_ON_NS
  }

  #detail(open: OpenExchange, before: number, how: 'keep' | 'peek' = 'keep'): ExchangeDetail {
    const { requestHead, responseHead } = open
    const { packets, omitted } = this.#budget[how](this.#connection.log, before)
    return {
      requestVersion: requestHead?.version ?? 0,
      requestPersistent: requestHead?.persistent ?? false,
      requestFields: named(requestHead, REQUEST_FIELDS),
      responseFields: named(responseHead, RESPONSE_FIELDS),
      responseVersion: responseHead?.version ?? 0,
      reason: responseHead?.reason ?? '',
      body: open.body,
      stderr: open.stderr,
      contentLength: responseHead?.contentLength ?? -1,
      headComplete:
        responseHead !== null && responseHead.fault === null && !responseHead.incomplete && headEnded(responseHead),
      incomplete: open.incomplete,
      requestFault: open.requestFault,
      responseFault: open.responseFault,
      streamReset: open.streamReset,
      responseLast: open.responseLast,
      packets,
      packetsOmitted: omitted,
    }
  }

  /** Whether an exchange may have to be explained: anything but a good answer to a complete request, given in time. */
  #isTroubled({ exchange: x, requestFault, responseFault, incomplete, streamReset }: OpenExchange): boolean {
    if (x.tunnel) return false
    if (x.status >= 500 || x.status === 400 || x.grpcStatus > 0) return true
    if (x.status === 0 && (x.protocol !== 'tls' || x.response.frame < 0)) return true
    if (x.ended !== 'complete' && x.ended !== 'closed') return true
    if (x.request.frame >= 0 && x.requestEnd.time < 0) return true
    // Cut short by the capture, and then by a side: nobody can tell yet whether it was whole.
    const { halves } = this.#connection
    if (incomplete && halves.some((half) => half.finFrame >= 0 || half.resetFrame >= 0)) return true
    // Who asked had stopped waiting.
    const { finFrame } = this.#connection.halves[this.client]
    if (finFrame >= 0 && finFrame < x.responseEnd.frame) return true
    if (x.protocol === 'tls' && this.#isWaitedOn(x)) return true
    if (streamReset !== null && streamReset.frame < x.responseEnd.frame) return true
    return requestFault !== null || responseFault !== null || x.headSize >= LARGE_HEAD
  }
}

const NO_IDS: string[] = []

/** An exchange of which nothing is known but where and when it began. */
const createExchange = (
  ordinal: number,
  protocol: ExchangeProtocol,
  stream: number,
  request: Moment,
  requestFrom: number,
  idle: number,
): Exchange => ({
  ordinal,
  protocol,
  stream,
  method: '',
  target: '',
  host: null,
  ids: NO_IDS,
  forwardedFor: null,
  bodyLength: 0,
  status: 0,
  grpcStatus: -1,
  request,
  requestEnd: UNSEEN,
  response: UNSEEN,
  responseEnd: UNSEEN,
  requestFrom,
  requestTo: -1,
  responseFrom: -1,
  ended: null,
  headSize: 0,
  responseBytes: 0,
  idle,
  tunnel: false,
  detail: null,
})

widen(createExchange(0, 'http1', -1, UNSEEN, -1, -1), 'idle')

/** Who closes this long after the last sealed record may have waited for more. */
const WAITED_ON_NS = 0.5e9

/** A target or an authority may carry a password (RFC 9110 section 4.2.4), which is nobody's business. */
const withoutUserInfo = (target: string): string =>
  target.startsWith('/') || !target.includes('@') ? target : target.replace(/^([a-z][a-z0-9+.-]*:\/\/)?[^/?#]*@/i, '$1')

/**
 * A text of a message as it is kept. A copy, because what V8 cuts off a text keeps the whole of it in memory.
 * Most servers refuse longer targets (414).
 */
const clipped = (text: string): string =>
  text.length <= LONGEST_TEXT ? text : `${Array.from(text.slice(0, LONGEST_TEXT)).join('')}…`

const LONGEST_TEXT = 8192

export const moment = (place: Moment): Moment => ({ frame: place.frame, time: place.time })

/** A head that the scanner gave up on (the stream ended inside) does not end in an empty line. */
function headEnded(head: Head): boolean {
  const b = head.bytes
  if (b.length < head.size) return true
  const n = b.length
  return n >= 2 && b[n - 1] === 10 && (b[n - 2] === 10 || (b[n - 2] === 13 && b[n - 3] === 10))
}

function named(head: Head | null, names: readonly string[]): [string, string][] {
  if (head === null) return []
  return names.flatMap((name): [string, string][] => {
    const value = head.field(name)
    return value === null ? [] : [[name, clipped(value)]]
  })
}
