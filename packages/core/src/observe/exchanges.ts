// HTTP exchanges of one connection: pairs requests with responses, keeps a lean row of each, and packets and fields of
// those that went wrong.
import { type Bytes, latin1 } from '../bytes/read.ts'
import type { Framing, Head, MessageFault, MessageScanner, MessageSink, Place } from '../app/http1/message.ts'
import { createRequestScanner, createResponseScanner } from '../app/http1/scanner.ts'
import type { ConnectionTracker } from '../flow/connection.ts'
import type { StreamSink } from '../flow/half.ts'
import type { PacketBudget } from '../flow/packet-log.ts'
import type { Exchange, ExchangeDetail, Moment, SideIndex } from './observations.ts'
import { readPairingFields } from './pairing-fields.ts'

/** Body bytes of a failed response that are kept: enough to recognise a product's stock page. */
const BODY_KEPT = 1024
/** Header sections above this may be larger than some proxy's buffer: such exchanges keep their packets. */
const LARGE_HEAD = 3500
/** Exchanges that wait for an answer, or for the next request, before the packets of the oldest are let go. */
const BACKLOG = 32
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
  /** Position in the response stream that the asker had acknowledged when the request began. */
  answerFrom: number
}

/** A scanner with what it does not know: the latest frame it was fed, and whether a hole made it lose its place. */
class Feed implements StreamSink {
  readonly scanner: MessageScanner
  /** Position in the stream of the scanner's offset 0. */
  base = 1
  isLost = false
  /** The latest frame fed, in two numbers: an object a packet would be too many. */
  #latestFrame = -1
  #latestTime = -1
  #isFinished = false
  #onLoss: (() => void) | undefined

  constructor(scanner: MessageScanner, onLoss?: () => void) {
    this.scanner = scanner
    this.#onLoss = onLoss
  }

  push(bytes: Bytes, at: number, end: number, frame: number, time: number): void {
    if (time > this.#latestTime) {
      this.#latestTime = time
      this.#latestFrame = frame
    }
    this.scanner.push(bytes, at, end, frame, time)
  }

  gap(length: number, frame: number, time: number): void {
    this.scanner.gap(length, frame, time)
    if (this.scanner.state !== 'lost') return
    this.isLost = true
    this.#onLoss?.()
  }

  finish(closed: boolean, frame: number, time: number): void {
    this.#isFinished = true
    this.scanner.finish(closed, frame, time)
  }

  begin(first: Place): void {
    this.#latestFrame = first.frame
    this.#latestTime = first.time
  }

  /** Position behind a message's last byte. One that the stream's end ends has its place there already. */
  positionBehind(last: Place): number {
    return this.base + last.offset + (this.#isFinished ? 0 : 1)
  }

  /**
   * When the last of a message's bytes was there: later than its last byte, where a hole before it was filled. Most
   * messages begin and end in one frame: then it is the moment of their `first` byte itself.
   */
  whole(last: Place, first: Moment): Moment {
    const isLast = last.time >= this.#latestTime
    const frame = isLast ? last.frame : this.#latestFrame
    const time = isLast ? last.time : this.#latestTime
    return first.frame === frame && first.time === time ? first : { frame, time }
  }
}

export class HttpExchanges {
  readonly exchanges: Exchange[] = []
  readonly requests: Feed
  readonly responses: Feed
  #connection: ConnectionTracker
  #open: Open[] = []
  /** The exchange whose request is arriving, and the one whose response is. */
  #arriving: Open | null = null
  #answering: Open | null = null
  /** Exchanges that ended; the packets up to the next request are theirs. */
  #ended: Open[] = []
  #responseFirst: Place | null = null
  #interim = false
  /** The tracker's side that sends the requests. */
  #client: SideIndex = 0
  /** The capture or the connection is over: what is cut off now was still going on. */
  #isEnding = false
  #strings: (text: string) => string
  #budget: PacketBudget

  constructor(connection: ConnectionTracker, strings: (text: string) => string, budget: PacketBudget) {
    this.#connection = connection
    this.#strings = strings
    this.#budget = budget
    this.requests = new Feed(createRequestScanner(this.#requestSink()))
    this.responses = new Feed(createResponseScanner(this.#responseSink()), () => {
      const oldest = this.#open[0]
      if (oldest !== undefined) oldest.incomplete = true
    })
  }

  /** Says which side sends what, and at which stream position it begins. */
  base(from: SideIndex, direction: 'request' | 'response', position: number): void {
    if (direction === 'request') this.requests.base = position
    else this.responses.base = position
    this.#client = direction === 'request' ? from : from === 0 ? 1 : 0
  }

  /** The connection is over: closes what is open and decides what is kept. */
  end(frame: number, time: number): void {
    this.#isEnding = true
    this.requests.finish(false, frame, time)
    this.responses.finish(false, frame, time)
    this.#ended.push(...this.#open)
    this.#open = []
    this.#settle()
  }

  #requestSink(): MessageSink {
    return {
      begin: (first) => {
        this.requests.begin(first)
        // The answers to all requests before are among the bytes that are missing.
        if (this.responses.scanner.state === 'lost') this.#retire(this.#open.length)
        if (this.#open.length >= BACKLOG) this.#retire(1)
        if (this.#open.length === 0 || this.#ended.length >= BACKLOG) this.#settle(first.frame)
        this.#arriving = this.#add(first, this.requests.base + first.offset)
      },
      head: (head, first) => {
        const open = (this.#arriving ??= this.#add(first, this.requests.base + first.offset))
        const x = open.exchange
        open.requestHead = head
        x.method = this.#strings(head.method)
        x.target = this.#strings(withoutUserInfo(head.target))
        const fields = readPairingFields(head.bytes)
        x.host = fields.host === null ? null : this.#strings(fields.host)
        x.ids = fields.ids
        x.forwardedFor = fields.forwardedFor === null ? null : this.#strings(fields.forwardedFor)
        open.requestFault = head.fault
        open.incomplete ||= head.incomplete && this.requests.isLost
        this.responses.scanner.expect(head.method)
        return 0
      },
      end: (how, last, bodyLength, missing, _body, fault) => {
        const open = this.#arriving
        this.#arriving = null
        if (open === null) return
        const x = open.exchange
        open.incomplete ||= missing > 0
        open.requestFault ??= fault
        const head = open.requestHead
        if (head?.framing === 'chunked' && how !== 'complete') x.bodyLength = -1
        else x.bodyLength = head !== null && head.contentLength >= 0 ? head.contentLength : bodyLength
        if (how === 'complete' || how === 'closed') x.requestEnd = this.requests.whole(last, x.request)
        x.requestTo = this.requests.positionBehind(last)
      },
    }
  }

  #responseSink(): MessageSink {
    return {
      begin: (first) => {
        this.responses.begin(first)
        // Behind a hole it is the latest request that is answered, unless requests were pipelined.
        if (this.responses.isLost && this.#open.length > 1) {
          // An answer lies behind all that had been acknowledged when its request left.
          const at = this.responses.base + first.offset
          this.#retire(
            Math.max(
              0,
              this.#open.findLastIndex((open) => open.answerFrom <= at),
            ),
          )
        }
        this.responses.isLost = false
        this.#responseFirst = first
      },
      head: (head, first, last) => {
        this.#interim = head.status >= 100 && head.status < 200 && head.status !== 101 && head.fault === null
        if (this.#interim) {
          this.#responseFirst = null
          const waiting = this.#open[0]
          if (waiting !== undefined) waiting.exchange.responseFrom = this.responses.positionBehind(last)
          return 0
        }
        const open = this.#beginResponse(this.#responseFirst ?? first)
        const x = open.exchange
        this.#answering = open
        open.responseHead = head
        open.responseFault = head.fault
        open.incomplete ||= head.incomplete && this.responses.isLost
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
        const open = this.#answering
        this.#answering = null
        if (this.#interim || open === null) {
          this.#interim = false
          return
        }
        const x = open.exchange
        const isOpen = how === 'truncated' && this.#isEnding
        x.ended = x.tunnel ? 'complete' : isOpen ? 'open' : how
        x.responseBytes = bodyLength
        x.responseEnd = isOpen ? UNSEEN : this.responses.whole(last, x.response)
        open.incomplete ||= missing > 0
        open.responseFault ??= fault
        open.body = latin1(body, 0, body.length)
        const at = this.#open.indexOf(open)
        if (at < 0) return
        this.#open.splice(at, 1)
        this.#ended.push(open)
        this.#forget()
      },
    }
  }

  /** Gives up on answers to the oldest requests: what they were is not in the capture. */
  #retire(count: number): void {
    for (const open of this.#open.splice(0, count)) {
      open.incomplete = true
      this.#ended.push(open)
    }
  }

  #add(first: Place, from: number): Open {
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
      idle: this.#idle(first),
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
      answerFrom: this.#connection.halves[this.#client].lastAck,
    }
    this.exchanges.push(exchange)
    this.#open.push(open)
    return open
  }

  /** How long the connection was idle before a request. */
  #idle({ time }: Place): number {
    const before = this.exchanges.at(-1)
    if (before === undefined) return -1
    const isOver = before.ended === 'complete' || before.ended === 'closed'
    // The end of a request that the capture cut is found only when the next one begins.
    const asked = before.requestEnd.time < time ? before.requestEnd.time : -1
    const since = isOver ? Math.max(before.responseEnd.time, asked) : this.#connection.lastDataTime
    return Math.max(0, time - since)
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
    open.exchange.responseFrom = this.responses.base + first.offset
    return open
  }

  /** Forgets the packets of exchanges that all went well, but for the last one's end: the next may follow from it. */
  #forget(): void {
    if (this.#open.length > 0 || this.#ended.some((open) => this.#isTroubled(open))) return
    this.#ended = this.#ended.slice(-1)
    const last = this.#ended[0].exchange
    this.#connection.log.cut(last.responseEnd.frame)
  }

  /** Another request begins: keeps the packets before it for the exchanges in trouble that ended, and cuts there. */
  #settle(before = Infinity): void {
    if (this.#ended.length === 0) return
    let cut = before
    for (const open of this.#ended) {
      const troubled = this.#isTroubled(open) || (open === this.#ended.at(-1) && this.#isUnacknowledged())
      if (troubled) open.exchange.detail = this.#detail(open, before)
      // Of the exchange before, the next one keeps what came after its end.
      const { requestEnd, response, responseEnd } = open.exchange
      cut = Math.max(requestEnd.frame, response.frame, responseEnd.frame)
    }
    this.#ended = []
    const oldest = this.#open[0]?.exchange.request.frame ?? Infinity
    this.#connection.log.cut(Math.min(before, cut < 0 ? before : cut, oldest))
  }

  /** A response that was sent whole, and that the other side has still not acknowledged when all is over. */
  #isUnacknowledged(): boolean {
    const server = this.#connection.halves[this.#client === 0 ? 1 : 0]
    // Where that side was not captured, nothing was, and nothing is known.
    const isHeard = this.#connection.halves[this.#client].lastFrame >= 0
    return isHeard && server.begun && server.acked < server.max
  }

  #detail(open: Open, before: number): ExchangeDetail {
    const { requestHead, responseHead } = open
    const { packets, omitted } = this.#budget.read(this.#connection.log, before)
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

  /** Whether an exchange may have to be explained: anything but a good answer to a complete request, given in time. */
  #isTroubled({ exchange: x, requestFault, responseFault, incomplete }: Open): boolean {
    if (x.tunnel) return false
    if (x.status >= 500 || x.status === 400 || x.status === 0) return true
    if (x.ended !== 'complete' && x.ended !== 'closed') return true
    if (x.request.frame >= 0 && x.requestEnd.time < 0) return true
    // Cut short by the capture, and then by a side: nobody can tell yet whether it was whole.
    const { halves } = this.#connection
    if (incomplete && halves.some((half) => half.finFrame >= 0 || half.resetFrame >= 0)) return true
    // Who asked had stopped waiting.
    const { finFrame } = this.#connection.halves[this.#client]
    if (finFrame >= 0 && finFrame < x.responseEnd.frame) return true
    return requestFault !== null || responseFault !== null || x.headSize >= LARGE_HEAD
  }
}

/** A target in absolute-form may carry a password (RFC 9110 section 4.2.4), which is nobody's business. */
const withoutUserInfo = (target: string): string =>
  target.startsWith('/') ? target : target.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, '$1')

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
