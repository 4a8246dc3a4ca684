// HTTP/1 exchanges of one connection, and those of the protocols that are read as messages like it: pairs requests with
// responses.
import { type Bytes, latin1 } from '../bytes/read.ts'
import { createAjpRequestScanner } from '../app/ajp/request.ts'
import { createAjpResponseScanner } from '../app/ajp/response.ts'
import { createFastCgiRequestScanner } from '../app/fastcgi/request.ts'
import { createFastCgiResponseScanner } from '../app/fastcgi/response.ts'
import type { Framing, Head, MessageFault, MessageScanner, MessageSink, Place } from '../app/http1/message.ts'
import { createScgiRequestScanner, createScgiResponseScanner } from '../app/scgi.ts'
import { beginsPreface, namesHttp2, upgradeSettings } from '../app/http2/upgrade.ts'
import type { Sniffed } from '../app/sniff.ts'
import { createUwsgiRequestScanner, createUwsgiResponseScanner } from '../app/uwsgi.ts'
import { createRequestScanner, createResponseScanner } from '../app/http1/scanner.ts'
import { type Engine, Positions, type Told } from './engine.ts'
import { Http2Exchanges } from './http2-exchanges.ts'
import { ExchangeLedger, moment, type OpenExchange, type Surroundings, UNSEEN } from './ledger.ts'
import type { ExchangeProtocol, Moment, SideIndex } from './observations.ts'

/** Body bytes of a failed response that are kept: enough to recognise a product's stock page. */
const BODY_KEPT = 1024

export type MessageProtocol = Exclude<ExchangeProtocol, 'http2' | 'tls'>

type CreateScanner = (sink: MessageSink) => MessageScanner

/** The protocols whose messages one kind of scanner reads: requests, responses. */
const SCANNERS: Record<MessageProtocol, readonly [CreateScanner, CreateScanner]> = {
  http1: [createRequestScanner, createResponseScanner],
  fastcgi: [createFastCgiRequestScanner, createFastCgiResponseScanner],
  uwsgi: [createUwsgiRequestScanner, createUwsgiResponseScanner],
  scgi: [createScgiRequestScanner, createScgiResponseScanner],
  ajp: [createAjpRequestScanner, createAjpResponseScanner],
}

/** What requests and responses of the protocol look like. */
const LOOKS: Record<MessageProtocol, readonly [Sniffed, Sniffed]> = {
  http1: ['http1-request', 'http1-response'],
  fastcgi: ['fastcgi', 'fastcgi'],
  uwsgi: ['uwsgi', 'http1-response'],
  scgi: ['scgi', 'text'],
  ajp: ['ajp', 'ajp'],
}

/** A scanner with what it does not know: the latest frame it was fed, and whether a hole made it lose its place. */
class Feed {
  readonly scanner: MessageScanner
  isLost = false
  readonly #positions = new Positions()
  /** The latest frame fed, in two numbers: an object a packet would be too many. */
  #latestFrame = -1
  #latestTime = -1
  isFinished = false

  constructor(scanner: MessageScanner) {
    this.scanner = scanner
  }

  push(bytes: Bytes, at: number, end: number, position: number, frame: number, time: number): void {
    this.#positions.feed(position, end - at)
    if (time > this.#latestTime) {
      this.#latestTime = time
      this.#latestFrame = frame
    }
    this.scanner.push(bytes, at, end, frame, time)
  }

  gap(length: number, position: number, frame: number, time: number): void {
    this.#positions.feed(position, length)
    this.scanner.gap(length, frame, time)
    if (this.scanner.state === 'lost') this.isLost = true
  }

  finish(closed: boolean, frame: number, time: number): void {
    this.isFinished = true
    this.scanner.finish(closed, frame, time)
  }

  begin(first: Place): void {
    this.#latestFrame = first.frame
    this.#latestTime = first.time
  }

  /** Position of a byte of what is being fed. */
  position({ offset }: Place): number {
    return this.#positions.of(offset)
  }

  /** Position behind a message's last byte. One that the stream's end ends has its place there already. */
  positionBehind(last: Place): number {
    return this.#positions.of(last.offset) + (this.isFinished ? 0 : 1)
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

export class MessageExchanges implements Engine {
  readonly takesAnyAnswer = true
  readonly #protocol: MessageProtocol
  readonly #ledger: ExchangeLedger
  readonly #requests: Feed
  readonly #responses: Feed
  /** The exchange whose request is arriving, and the one whose response is. */
  #arriving: OpenExchange | null = null
  #answering: OpenExchange | null = null
  /** First byte of the response whose head is arriving, and its position. */
  #responseFirst: Place | null = null
  #responseFrom = -1
  #interim = false
  /** The exchange that asks for HTTP/2; what reads that, once it is granted; and where each side goes over to it. */
  #asksForHttp2: OpenExchange | null = null
  #http2: Http2Exchanges | null = null
  readonly #http2From: [number, number] = [Infinity, Infinity]
  /** The capture or the connection is over: what is cut off now was still going on. */
  #isEnding = false

  /** `client` is the tracker's side that sends the requests. */
  constructor(protocol: MessageProtocol, client: SideIndex, surroundings: Surroundings) {
    this.#ledger = new ExchangeLedger(protocol, client, surroundings)
    this.#protocol = protocol
    const [requestScanner, responseScanner] = SCANNERS[protocol]
    this.#requests = new Feed(requestScanner(new RequestSink(this)))
    this.#responses = new Feed(responseScanner(new ResponseSink(this)))
  }

  expects(from: SideIndex, speaks: Sniffed): boolean {
    return speaks === LOOKS[this.#protocol][from === this.#ledger.client ? 0 : 1]
  }

  push(from: SideIndex, bytes: Bytes, at: number, end: number, position: number, frame: number, time: number): void {
    if (this.#asksForHttp2 !== null && this.#beginsHttp2(from, bytes, at, end)) {
      this.#goOver(from, position, frame, time)
    }
    if (position < this.#http2From[from]) {
      const feed = from === this.#ledger.client ? this.#requests : this.#responses
      feed.push(bytes, at, end, position, frame, time)
    }
    // The server's first frames may come with the 101.
    const first = at + Math.max(0, this.#http2From[from] - position)
    if (first < end) this.#http2!.push(from, bytes, first, end, position + first - at, frame, time)
  }

  gap(from: SideIndex, length: number, position: number, frame: number, time: number): void {
    if (this.#http2 !== null && this.#isBetween(from)) this.#goOver(from, position, frame, time)
    if (position >= this.#http2From[from]) {
      this.#http2!.gap(from, length, position, frame, time)
      return
    }
    const feed = from === this.#ledger.client ? this.#requests : this.#responses
    feed.gap(length, position, frame, time)
    const oldest = this.#ledger.open[0]
    if (feed === this.#responses && feed.scanner.state === 'lost' && oldest !== undefined) oldest.incomplete = true
  }

  finish(from: SideIndex, closed: boolean, frame: number, time: number): void {
    const feed = from === this.#ledger.client ? this.#requests : this.#responses
    feed.finish(closed, frame, time)
    this.#http2?.finish(from, closed, frame, time)
  }

  end(frame: number, time: number): void {
    this.#isEnding = true
    this.#requests.finish(false, frame, time)
    this.#responses.finish(false, frame, time)
    if (this.#http2 !== null) this.#http2.end(frame, time)
    else this.#ledger.finish()
  }

  told(): Told {
    if (this.#http2 !== null) return this.#http2.told()
    return { exchanges: this.#ledger.exchanges, http2: null, tls: null, inside: [null, null] }
  }

  standing(): Told {
    if (this.#http2 !== null) return this.#http2.standing()
    return { ...this.told(), exchanges: this.#ledger.standing() }
  }

  get isSettled(): boolean {
    const isRead = this.#requests.isFinished && this.#responses.isFinished && this.#asksForHttp2 === null
    return isRead && this.#http2 === null && this.#ledger.isSettled
  }

  forget(time: number): void {
    this.#ledger.forget(time)
  }

  /**
   * Whether a side's next bytes are HTTP/2: a client goes over with its preface, where its request is whole. A capture
   * with a hole may have that before the 101.
   */
  #beginsHttp2(from: SideIndex, bytes: Bytes, at: number, end: number): boolean {
    if (from !== this.#ledger.client || !this.#isBetween(from)) return false
    return this.#http2 !== null || beginsPreface(bytes, at, end)
  }

  /** A side has not gone over yet, and is not in the midst of a request. */
  #isBetween(from: SideIndex): boolean {
    const isAsking = from === this.#ledger.client && this.#arriving !== null
    return this.#http2From[from] === Infinity && !isAsking
  }

  /** From `position` on a side speaks HTTP/2. */
  #goOver(from: SideIndex, position: number, frame: number, time: number): void {
    const open = this.#asksForHttp2!
    const head = open.requestHead!
    this.#http2 ??= Http2Exchanges.upgraded({ ledger: this.#ledger, open, settings: upgradeSettings(head) })
    this.#http2From[from] = position
    const server = this.#ledger.client === 0 ? 1 : 0
    if (from !== server && this.#responses.scanner.state === 'lost') {
      // The 101 was not captured, and that the client went over proves it.
      this.#http2From[server] = 0
      this.#http2.gap(server, 0, 0, frame, time)
    }
    if (Math.max(...this.#http2From) < Infinity) this.#asksForHttp2 = null
  }

  requestBegins(first: Place): void {
    this.#requests.begin(first)
    // The answers to all requests before are among the bytes that are missing.
    if (this.#responses.scanner.state === 'lost') this.#ledger.retire(this.#ledger.open.length)
    this.#arriving = this.#beginRequest(first)
  }

  requestHead(head: Head, first: Place): void {
    const open = (this.#arriving ??= this.#beginRequest(first))
    this.#ledger.requestHead(open, head, this.#requests.isLost)
    if (this.#protocol === 'http1') this.#asksForHttp2 = namesHttp2(head) ? open : null
    this.#responses.scanner.expect(head.method)
  }

  requestEnds(how: Ending, last: Place, bodyLength: number, missing: number, fault: MessageFault | null): void {
    const open = this.#arriving
    this.#arriving = null
    if (open === null) return
    const x = open.exchange
    open.incomplete ||= missing > 0
    open.requestFault ??= fault
    const head = open.requestHead
    if (head?.framing === 'chunked' && how !== 'complete') x.bodyLength = -1
    else x.bodyLength = head !== null && head.contentLength >= 0 ? head.contentLength : bodyLength
    if (how === 'complete' || how === 'closed') x.requestEnd = this.#requests.whole(last, x.request)
    x.requestTo = this.#requests.positionBehind(last)
  }

  responseBegins(first: Place): void {
    const feed = this.#responses
    const ledger = this.#ledger
    feed.begin(first)
    const at = feed.position(first)
    // Behind a hole it is the latest request that is answered, unless requests were pipelined.
    if (feed.isLost && ledger.open.length > 1) {
      // An answer lies behind all that had been acknowledged when its request left.
      const answered = ledger.open.findLastIndex((open) => open.answerFrom <= at)
      ledger.retire(Math.max(0, answered))
    }
    feed.isLost = false
    this.#responseFirst = first
    this.#responseFrom = at
  }

  /** How many bytes of the body are to be kept. */
  responseHead(head: Head, first: Place, last: Place): number {
    const ledger = this.#ledger
    const feed = this.#responses
    const isUpgrade = head.status === 101 && ledger.open[0] === this.#asksForHttp2 && namesHttp2(head)
    this.#interim = head.status >= 100 && head.status < 200 && head.status !== 101 && head.fault === null
    this.#interim ||= isUpgrade && head.fault === null && !head.incomplete
    if (this.#interim) {
      if (isUpgrade) this.#goOver(ledger.client === 0 ? 1 : 0, feed.positionBehind(last), last.frame, last.time)
      this.#responseFirst = null
      const waiting = ledger.open[0]
      if (waiting !== undefined) waiting.exchange.responseFrom = feed.positionBehind(last)
      return 0
    }
    const open = this.#beginResponse(first)
    const x = open.exchange
    this.#answering = open
    ledger.responseHead(open, head, feed.isLost)
    // A 101 that its sender broke off opens nothing; behind a hole in the capture it may have.
    const isBroken = head.fault !== null || (head.incomplete && feed.isFinished)
    x.tunnel = head.framing === ('tunnel' satisfies Framing) && !isBroken
    if (x.tunnel) {
      x.ended = 'complete'
      x.responseEnd = moment(last)
    }
    return head.status >= 400 ? BODY_KEPT : 0
  }

  noted(text: string): void {
    if (this.#answering !== null) this.#answering.stderr = text
  }

  responseEnds(
    how: Ending,
    last: Place,
    bodyLength: number,
    missing: number,
    body: Bytes,
    fault: MessageFault | null,
  ): void {
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
    x.responseEnd = isOpen ? UNSEEN : this.#responses.whole(last, x.response)
    open.incomplete ||= missing > 0
    open.responseFault ??= fault
    open.body = latin1(body, 0, body.length)
    this.#ledger.end(open)
  }

  #beginRequest(first: Place): OpenExchange {
    return this.#ledger.begin(first, this.#requests.position(first))
  }

  /** The oldest request without an answer, or, where its request was not captured, an exchange without one. */
  #beginResponse(headFirst: Place): OpenExchange {
    const first = this.#responseFirst ?? headFirst
    const from = this.#responseFirst === null ? this.#responses.position(first) : this.#responseFrom
    this.#responseFirst = null
    const open = this.#ledger.open[0] ?? this.#ledger.beginUnasked(first)
    open.exchange.response = moment(first)
    open.exchange.responseFrom = from
    return open
  }
}

type Ending = Parameters<MessageSink['end']>[0]

/** What the request scanner tells, handed on. A class, as functions made for each connection cost more than it does. */
class RequestSink implements MessageSink {
  readonly #to: MessageExchanges

  constructor(to: MessageExchanges) {
    this.#to = to
  }

  begin(first: Place): void {
    this.#to.requestBegins(first)
  }

  head(head: Head, first: Place): number {
    this.#to.requestHead(head, first)
    return 0
  }

  end(how: Ending, last: Place, bodyLength: number, missing: number, _body: Bytes, fault: MessageFault | null): void {
    this.#to.requestEnds(how, last, bodyLength, missing, fault)
  }
}

/** What the response scanner tells. */
class ResponseSink implements MessageSink {
  readonly #to: MessageExchanges

  constructor(to: MessageExchanges) {
    this.#to = to
  }

  begin(first: Place): void {
    this.#to.responseBegins(first)
  }

  head(head: Head, first: Place, last: Place): number {
    return this.#to.responseHead(head, first, last)
  }

  note(text: string): void {
    this.#to.noted(text)
  }

  end(how: Ending, last: Place, bodyLength: number, missing: number, body: Bytes, fault: MessageFault | null): void {
    this.#to.responseEnds(how, last, bodyLength, missing, body, fault)
  }
}
