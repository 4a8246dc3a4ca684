// What the two streams of a connection turn out to be: HTTP/1, another protocol, or opaque. First bytes decide.
import { type Bytes, latin1 } from '../bytes/read.ts'
import { proxyHeaderLength } from '../app/proxy-protocol.ts'
import { sniff, type Sniffed } from '../app/sniff.ts'
import type { ConnectionTracker, StreamEvents } from '../flow/connection.ts'
import type { StreamSink } from '../flow/half.ts'
import type { PacketBudget } from '../flow/packet-log.ts'
import { HttpExchanges } from './exchanges.ts'
import type { Moment, SideIndex } from './observations.ts'

/** First bytes kept of a side that does not speak HTTP, and bytes after which an undecided stream is unknown. */
const FIRST_BYTES = 64
/** How much of a DNS-over-TCP stream is kept: one message with its length (RFC 1035 section 4.2.2). */
const DNS_BYTES = 4096

/** Packets of a connection met mid-stream that are looked at for the start of a message. */
const MIDSTREAM_TRIES = 65_536

const NO_BYTES: Bytes = new Uint8Array(0)
const UNSEEN: Moment = { frame: -1, time: -1 }

type Direction = 'undecided' | 'request' | 'response' | 'opaque'

export class ConnectionStreams implements StreamEvents {
  readonly speaks: [Sniffed | null, Sniffed | null] = [null, null]
  readonly firstBytes: [string, string] = ['', '']
  http: HttpExchanges | null = null
  /** Which tracker side sends the requests, -1 while unknown. */
  requestsFrom = -1
  #tracker: ConnectionTracker
  #strings: (text: string) => string
  #directions: [Direction, Direction] = ['undecided', 'undecided']
  #heads: [Bytes, Bytes] = [NO_BYTES, NO_BYTES]
  /** Frame that brought the first bytes of an undecided stream. */
  #headMoments: [Moment, Moment] = [UNSEEN, UNSEEN]
  #headStarts: [number, number] = [1, 1]
  #tries = 0
  #sinks: [StreamSink, StreamSink] = [this.#sinkOf(0), this.#sinkOf(1)]
  #keep: number
  #budget: PacketBudget
  /** The beginning of a side was not captured: a message may begin with any packet. */
  #headless: [boolean, boolean] = [false, false]

  constructor(tracker: ConnectionTracker, strings: (text: string) => string, budget: PacketBudget, isDns: boolean) {
    this.#tracker = tracker
    this.#strings = strings
    this.#budget = budget
    this.#keep = isDns ? DNS_BYTES : FIRST_BYTES
  }

  sink(from: SideIndex): StreamSink | null {
    return this.#directions[from] === 'opaque' && this.firstBytes[from].length >= this.#keep ? null : this.#sinks[from]
  }

  closed(from: SideIndex, moment: Moment): void {
    this.#decideLast(from)
    this.#scanner(from)?.finish(true, moment.frame, moment.time)
  }

  reset(_from: SideIndex, moment: Moment): void {
    this.#decideLast(0)
    this.#decideLast(1)
    // What was sent is sent: a reset ends both directions wherever they stand.
    this.#scanner(0)?.finish(false, moment.frame, moment.time)
    this.#scanner(1)?.finish(false, moment.frame, moment.time)
  }

  end(frame: number, time: number): void {
    this.#decideLast(0)
    this.#decideLast(1)
    this.http?.end(frame, time)
  }

  /** No more bytes are to come: those that are there must do. */
  #decideLast(from: SideIndex): void {
    if (this.#directions[from] === 'undecided' && this.#heads[from].length > 0) this.#decide(from, true)
  }

  #scanner(from: SideIndex): (StreamSink & { finish(closed: boolean, frame: number, time: number): void }) | null {
    const direction = this.#directions[from]
    if (this.http === null) return null
    if (direction === 'request') return this.http.requests
    return direction === 'response' ? this.http.responses : null
  }

  #sinkOf(from: SideIndex): StreamSink {
    return {
      push: (bytes, at, end, frame, time) => {
        const scanner = this.#scanner(from)
        if (scanner !== null) scanner.push(bytes, at, end, frame, time)
        else if (this.#directions[from] === 'opaque') this.#keepFirst(from, bytes, at, end)
        else this.#collect(from, bytes, at, end, frame, time)
      },
      gap: (length, frame, time) => {
        const scanner = this.#scanner(from)
        if (scanner !== null) scanner.gap(length, frame, time)
        else if (this.#directions[from] === 'undecided') {
          if (this.#heads[from].length > 0) this.#decide(from, true)
          else if (this.#directions[from === 0 ? 1 : 0] === 'request') {
            // The beginning of the answers is missing; the scanner finds the next one.
            this.#become(from, 'response', this.#tracker.halves[from].next - length)
          } else this.#headless[from] = true
          this.#scanner(from)?.gap(length, frame, time)
        }
      },
    }
  }

  /** Looks at the first bytes of a side; a handful may be too few to tell. */
  #collect(from: SideIndex, bytes: Bytes, at: number, end: number, frame: number, time: number): void {
    const other = from === 0 ? 1 : 0
    if (this.#heads[from].length === 0) {
      this.#headMoments[from] = { frame, time }
      this.#headStarts[from] = this.#tracker.halves[from].handing
      // The answer to HTTP requests is judged as an answer, whatever it looks like.
      if (this.#directions[other] === 'request') {
        this.speaks[from] = sniffed(bytes, at, end)
        this.#become(from, 'response', this.#headStarts[from])
        if (this.speaks[from] !== 'http1-response') this.#keepFirst(from, bytes, at, end)
        this.#scanner(from)!.push(bytes, at, end, frame, time)
        return
      }
    }
    const head = new Uint8Array(this.#heads[from].length + end - at)
    head.set(this.#heads[from])
    head.set(bytes.subarray(at, end), this.#heads[from].length)
    this.#heads[from] = head
    // Met mid-stream, a packet may as well be the end of a message (or a keep-alive): each is judged by itself.
    this.#decide(from, head.length >= FIRST_BYTES || this.#isHeadless(from), frame, time)
  }

  /** A load balancer's words before the stream: what comes behind them is the stream. */
  #skipProxyHeader(from: SideIndex, head: Bytes, final: boolean, frame: number, time: number): void {
    const length = proxyHeaderLength(head)
    if (length < 0) return
    this.#heads[from] = length === 0 ? NO_BYTES : head.slice(length)
    this.#headStarts[from] += length
    if (length === 0) this.#directions[from] = 'opaque'
    else if (head.length > length) this.#decide(from, final, frame, time)
  }

  #decide(from: SideIndex, final: boolean, frame = -1, time = -1): void {
    const head = this.#heads[from]
    const what = sniff(head, 0, head.length)
    if (what === 'need-more' && !final) return
    if (what === 'proxy-protocol') {
      this.#skipProxyHeader(from, head, final, frame, time)
      return
    }
    this.#heads[from] = NO_BYTES
    // Met in the middle of a message: the next message may begin with any of the packets to come.
    const told = what === 'need-more' ? 'unknown' : what
    if (this.#isHeadless(from) && (told === 'unknown' || told === 'text') && this.#tries++ < MIDSTREAM_TRIES) return
    this.speaks[from] = told
    const start = this.#headStarts[from]
    const at = this.#headMoments[from]
    const other = from === 0 ? 1 : 0
    const others = this.#directions[other]
    // A plaintext answer to TLS is a failed opening, and no exchange.
    const isAnswer = what === 'http1-response' && others !== 'response' && this.speaks[other] !== 'tls'
    if (what === 'http1-request' && others !== 'request') this.#become(from, 'request', start)
    else if (isAnswer) this.#become(from, 'response', start)
    else {
      this.#directions[from] = 'opaque'
      this.#keepFirst(from, head, 0, head.length)
      return
    }
    this.#scanner(from)!.push(head, 0, head.length, frame < 0 ? at.frame : frame, time < 0 ? at.time : time)
  }

  #isHeadless(from: SideIndex): boolean {
    return this.#headless[from] || this.#tracker.synFrom < 0
  }

  #become(from: SideIndex, direction: 'request' | 'response', start: number): void {
    this.http ??= new HttpExchanges(this.#tracker, this.#strings, this.#budget)
    this.#directions[from] = direction
    this.http.base(from, direction, start)
    if (direction === 'request') this.requestsFrom = from
    else if (this.requestsFrom < 0) this.requestsFrom = from === 0 ? 1 : 0
  }

  #keepFirst(from: SideIndex, bytes: Bytes, at: number, end: number): void {
    const room = this.#keep - this.firstBytes[from].length
    if (room > 0) this.firstBytes[from] += latin1(bytes, at, Math.min(end, at + room))
  }
}

function sniffed(bytes: Bytes, at: number, end: number): Sniffed {
  const what = sniff(bytes, at, end)
  return what === 'need-more' ? 'unknown' : what
}
