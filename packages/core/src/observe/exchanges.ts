// HTTP exchanges of one connection: pairs requests with responses, keeps a lean row of each, and packets and fields of
// those that went wrong.
import { latin1 } from '../bytes/read.ts'
import type { Framing, Head, MessageFault, MessageScanner, MessageSink, Place } from '../app/http1/message.ts'
import { createRequestScanner, createResponseScanner } from '../app/http1/scanner.ts'
import type { ConnectionTracker } from '../flow/connection.ts'
import type { Exchange, ExchangeDetail, Moment } from './observations.ts'
import { readPairingFields } from './pairing-fields.ts'

/** Body bytes of a failed response that are kept: enough to recognise a product's stock page. */
const BODY_KEPT = 1024
/** Header sections above this may be larger than some proxy's buffer: such exchanges keep their packets. */
const LARGE_HEAD = 3500
const UNSEEN: Moment = { frame: -1, time: -1 }

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
  'transfer-encoding',
  'x-scheme',
  'x-original-uri',
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

/** An exchange while it goes on, with what is dropped when it ends well. */
interface Open {
  exchange: Exchange
  requestHead: Head | null
  responseHead: Head | null
  requestFault: MessageFault | null
  responseFault: MessageFault | null
  body: string
  incomplete: boolean
}

export class HttpExchanges {
  readonly exchanges: Exchange[] = []
  readonly requests: MessageScanner
  readonly responses: MessageScanner
  #connection: ConnectionTracker
  #open: Open[] = []
  /** The exchange whose request is arriving. */
  #arriving: Open | null = null
  /** The last exchange that ended; its packets are cut off when the next one begins. */
  #ended: Open[] = []
  #responseFirst: Place | null = null
  #interim = false
  /** Positions of the scanners' offset 0, by direction. */
  #requestBase = 1
  #responseBase = 1
  #strings: (text: string) => string

  constructor(connection: ConnectionTracker, strings: (text: string) => string) {
    this.#connection = connection
    this.#strings = strings
    this.requests = createRequestScanner(this.#requestSink())
    this.responses = createResponseScanner(this.#responseSink())
  }

  /** Says at which stream position a scanner begins. */
  base(direction: 'request' | 'response', position: number): void {
    if (direction === 'request') this.#requestBase = position
    else this.#responseBase = position
  }

  /** The connection is over: closes what is open and decides what is kept. */
  end(frame: number, time: number): void {
    this.requests.finish(false, frame, time)
    this.responses.finish(false, frame, time)
    // A head of which not even the first line came is known to the scanner only by its bytes.
    if (this.#responseFirst !== null) this.#beginResponse(this.#responseFirst)
    const pending = this.responses.pending
    for (const open of this.#open) {
      if (open.exchange.response.frame >= 0 && open.exchange.ended === null) open.exchange.ended = 'open'
      if (open.exchange.headSize === 0) open.exchange.headSize = pending
    }
    this.#ended.push(...this.#open)
    this.#open = []
    this.#settle()
  }

  #requestSink(): MessageSink {
    return {
      begin: (first) => {
        if (this.#open.length === 0) this.#settle(first.frame)
        this.#arriving = this.#add(first, this.#requestBase + first.offset)
      },
      head: (head, first) => {
        const open = (this.#arriving ??= this.#add(first, this.#requestBase + first.offset))
        const x = open.exchange
        open.requestHead = head
        x.method = this.#strings(head.method)
        x.target = this.#strings(head.target)
        const fields = readPairingFields(head.bytes)
        x.host = fields.host === null ? null : this.#strings(fields.host)
        x.ids = fields.ids
        x.forwardedFor = fields.forwardedFor === null ? null : this.#strings(fields.forwardedFor)
        open.requestFault = head.fault
        this.responses.expect(head.method)
        return 0
      },
      end: (how, last, bodyLength, missing, _body, fault) => {
        const open = this.#arriving
        this.#arriving = null
        if (open === null) return
        const x = open.exchange
        open.incomplete ||= missing > 0
        open.requestFault ??= fault
        const length = open.requestHead?.contentLength ?? -1
        x.bodyLength = length >= 0 ? length : bodyLength
        if (how === 'complete' || how === 'closed') x.requestEnd = moment(last)
        x.requestTo = this.#requestBase + last.offset + 1
      },
    }
  }

  #responseSink(): MessageSink {
    return {
      begin: (first) => {
        this.#responseFirst = first
      },
      head: (head, first, last) => {
        this.#interim = head.status >= 100 && head.status < 200 && head.status !== 101 && head.fault === null
        if (this.#interim) {
          this.#responseFirst = null
          return 0
        }
        const open = this.#beginResponse(this.#responseFirst ?? first)
        const x = open.exchange
        open.responseHead = head
        open.responseFault = head.fault
        x.status = head.status
        x.headSize = head.size
        x.tunnel = head.framing === ('tunnel' satisfies Framing)
        if (x.tunnel) {
          x.ended = 'complete'
          x.responseEnd = moment(last)
        }
        return head.status >= 400 ? BODY_KEPT : 0
      },
      end: (how, last, bodyLength, missing, body, fault) => {
        if (this.#interim) {
          this.#interim = false
          return
        }
        const open = this.#open[0]
        if (open === undefined || open.responseHead === null) return
        const x = open.exchange
        x.ended = x.tunnel ? 'complete' : how
        x.responseBytes = bodyLength
        x.responseEnd = moment(last)
        open.incomplete ||= missing > 0
        open.responseFault ??= fault
        open.body = latin1(body, 0, body.length)
        this.#open.shift()
        this.#ended.push(open)
      },
    }
  }

  #add(first: Place, from: number): Open {
    const since = this.exchanges.length === 0 ? -1 : this.#connection.lastDataTime
    const exchange: Exchange = {
      ordinal: this.exchanges.length,
      method: '',
      target: '',
      host: null,
      ids: [],
      forwardedFor: null,
      bodyLength: 0,
      status: 0,
      request: moment(first),
      requestEnd: UNSEEN,
      response: UNSEEN,
      responseEnd: UNSEEN,
      requestFrom: from,
      requestTo: -1,
      responseFrom: -1,
      ended: null,
      headSize: 0,
      responseBytes: 0,
      idle: since < 0 ? -1 : Math.max(0, first.time - since),
      tunnel: false,
      detail: null,
    }
    const open: Open = {
      exchange,
      requestHead: null,
      responseHead: null,
      requestFault: null,
      responseFault: null,
      body: '',
      incomplete: false,
    }
    this.exchanges.push(exchange)
    this.#open.push(open)
    return open
  }

  /** The oldest request without an answer, or, where its request was not captured, an exchange without one. */
  #beginResponse(first: Place): Open {
    this.#responseFirst = null
    let open = this.#open[0]
    if (open === undefined) {
      this.#settle(first.frame)
      open = this.#add(first, -1)
      open.exchange.request = UNSEEN
      open.incomplete = true
    }
    open.exchange.response = moment(first)
    open.exchange.responseFrom = this.#responseBase + first.offset
    return open
  }

  /** Cuts the packet log behind the exchanges that ended: kept for those in trouble, forgotten for the others. */
  #settle(before = Infinity): void {
    for (const open of this.#ended) {
      if (isTroubled(open)) open.exchange.detail = this.#detail(open, before)
    }
    this.#ended = []
    this.#connection.log.cut(before)
  }

  #detail(open: Open, before: number): ExchangeDetail {
    const { requestHead, responseHead } = open
    const { packets, omitted } = this.#connection.log.read(before)
    return {
      requestVersion: requestHead?.version ?? 0,
      requestPersistent: requestHead?.persistent ?? false,
      requestFields: named(requestHead, REQUEST_FIELDS),
      responseFields: named(responseHead, RESPONSE_FIELDS),
      responseVersion: responseHead?.version ?? 0,
      reason: responseHead?.reason ?? '',
      body: open.body,
      contentLength: responseHead?.contentLength ?? -1,
      headComplete:
        responseHead !== null && responseHead.fault === null && !responseHead.incomplete && headEnded(responseHead),
      incomplete: open.incomplete,
      requestFault: open.requestFault,
      responseFault: open.responseFault,
      packets,
      packetsOmitted: omitted,
    }
  }
}

const moment = (place: Place): Moment => ({ frame: place.frame, time: place.time })

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
    return value === null ? [] : [[name, value]]
  })
}

/** Whether an exchange may have to be explained: anything but a complete answer below 500 to a complete request. */
function isTroubled({ exchange: x, requestFault, responseFault }: Open): boolean {
  if (x.tunnel) return false
  if (x.status >= 500 || x.status === 400 || x.status === 0) return true
  if (x.ended !== 'complete' && x.ended !== 'closed') return true
  return x.requestEnd.time < 0 || requestFault !== null || responseFault !== null || x.headSize >= LARGE_HEAD
}
