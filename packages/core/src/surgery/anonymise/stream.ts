// What the two streams of a connection turn out to be, told by their first bytes as `observe/streams.ts` tells it: what
// is diagnosed there and what is scrubbed here must be the same messages.
import { isFrames, senderOf } from '../../app/http2/frame.ts'
import { sniff, SNIFF_LENGTH, type Sniffed } from '../../app/sniff.ts'
import type { Bytes } from '../../bytes/read.ts'
import { ajpScrubber } from './ajp.ts'
import { CgiScrubber } from './cgi.ts'
import type { MakeScrubber, Pseudonyms, Scrubber, Side, StreamEdits, StreamHint } from './contract.ts'
import { scrubDnsTcp } from './dns.ts'
import { fastCgiScrubber } from './fastcgi.ts'
import { Http1Scrubber } from './http1.ts'
import { Http2Scrubber } from './http2.ts'
import { OPAQUE_KEPT, scrubForeign } from './opaque.ts'
import { Pieces, SideEdits } from './pieces.ts'
import { scrubProxyHeader } from './proxy-header.ts'
import { otherSide, type Reader, type Work } from './reader.ts'
import { TlsScrubber } from './tls.ts'

/** How much of a DNS-over-TCP stream is read. */
const DNS_BYTES = 4096
/** Longest PROXY header: 16 bytes and what a length of 16 bits counts. */
const PROXY_HEADER_KEPT = 16 + 65_535
/** Packets of a connection met mid-stream that are looked at for the start of a message. */
const MIDSTREAM_TRIES = 65_536

/** The first byte of an HTTP/2 client's preface. */
const PREFACE = 80

export const createStreamScrubber: MakeScrubber = (pseudonyms, edits, hint) =>
  new StreamScrubber(pseudonyms, edits, hint)

/** `undecided` still; `read` by the reader of the connection or by one of its own; `opaque`: nobody reads it. */
type Reading = 'undecided' | 'read' | 'alone' | 'opaque'

class SideState {
  reading: Reading = 'undecided'
  readonly edits: SideEdits
  /** First bytes so far, while undecided or opaque. */
  head: Pieces = new Pieces(PROXY_HEADER_KEPT)
  /** The beginning of the side was not captured: a message may begin with any packet. */
  headless = false
  speaks: Sniffed | null = null
  alone: Reader | null = null
  /** Opaque, and its first bytes are dealt with. */
  isDone = false

  constructor(edits: SideEdits) {
    this.edits = edits
  }
}

/** Scrubs the two streams of one TCP connection. Memory is bounded, and nothing throws on input. */
export class StreamScrubber implements Scrubber {
  readonly #work: Work
  readonly #hint: StreamHint
  readonly #sides: readonly [SideState, SideState]
  #reader: Reader | null = null
  /** Which side asks, null while unknown. */
  #client: Side | null = null
  #tries = 0

  constructor(pseudonyms: Pseudonyms, edits: StreamEdits, hint: StreamHint) {
    this.#work = { p: pseudonyms, edits }
    this.#hint = hint
    this.#sides = [new SideState(new SideEdits(edits, 0)), new SideState(new SideEdits(edits, 1))]
  }

  data(side: Side, bytes: Bytes, at: number, end: number, position: number): void {
    if (at >= end) return
    const state = this.#sides[side]
    if (state.reading === 'read') this.#reader!.data(side, bytes, at, end, position)
    else if (state.reading === 'alone') state.alone!.data(side, bytes, at, end, position)
    else if (state.reading === 'opaque') this.#keepFirst(state, bytes, at, end, position)
    else this.#collect(side, state, bytes, at, end, position)
  }

  gap(side: Side, from: number, to: number): void {
    const state = this.#sides[side]
    if (state.reading === 'undecided') {
      if (state.head.length > 0) this.#decide(side, state, true)
      // The beginning of the answers is missing; the reader finds the next one.
      else if (this.#answers(side)) state.reading = 'read'
      else state.headless = true
    }
    if (state.reading === 'read') this.#reader!.gap(side, from, to)
    else if (state.reading === 'alone') state.alone!.gap(side, from, to)
    else if (state.reading === 'opaque') this.#endOpaque(state)
  }

  end(): void {
    for (const side of [0, 1] as const) {
      const state = this.#sides[side]
      if (state.reading === 'undecided' && state.head.length > 0) this.#decide(side, state, true)
      if (state.reading === 'opaque') this.#endOpaque(state)
      state.alone?.end()
    }
    this.#reader?.end()
  }

  /** The other side asks in a protocol whose answers are read as answers, whatever they look like. */
  #answers(side: Side): boolean {
    const other = otherSide(side)
    return this.#client === other && this.#sides[other].reading === 'read' && this.#reader!.takesAnyAnswer
  }

  #isHeadless(state: SideState): boolean {
    return state.headless || this.#hint.isMidstream()
  }

  /** Looks at the first bytes of a side; a handful may be too few to tell. */
  #collect(side: Side, state: SideState, bytes: Bytes, at: number, end: number, position: number): void {
    if (state.head.length === 0 && this.#answers(side)) {
      state.reading = 'read'
      this.#reader!.data(side, bytes, at, end, position)
      return
    }
    const before = state.head.length
    state.head.add(bytes, at, end, position)
    const taken = state.head.length - before
    // Met mid-stream, a packet may as well be the end of a message: each is judged by itself.
    const isHeadless = this.#isHeadless(state)
    if (isHeadless && this.#reader?.expects(side, 'http2') === true) this.#read(side, state, this.#reader, 'read')
    else this.#decide(side, state, state.head.length >= SNIFF_LENGTH || isHeadless)
    // What there was no room for comes behind.
    if (taken > 0) this.data(side, bytes, at + taken, end, position + taken)
  }

  /** Decides by the first bytes; `final`: no more are waited for. */
  #decide(side: Side, state: SideState, final: boolean): void {
    const b = state.head.bytes
    const isMidHttp2 = this.#isHeadless(state) && isFrames(b, 0, b.length) && senderOf(b, 0, b.length) !== null
    const what = isMidHttp2 ? 'http2' : sniff(b, 0, b.length)
    if (what === 'proxy-protocol') this.#scrubProxyHeader(side, state)
    else if (what !== 'need-more' || final) this.#engage(side, state, what === 'need-more' ? 'unknown' : what)
  }

  /** A load balancer's words before the stream: what comes behind them is the stream. */
  #scrubProxyHeader(side: Side, state: SideState): void {
    const { head } = state
    const length = scrubProxyHeader(this.#work.p, head.bytes)
    if (length < 0 && !head.isFull) return
    if (length <= 0) {
      state.reading = 'opaque'
      return
    }
    head.replace(state.edits, 0, length)
    const rest = head.behind(length, PROXY_HEADER_KEPT)
    state.head = rest
    if (rest.length > 0) this.#decide(side, state, rest.length >= SNIFF_LENGTH)
  }

  #engage(side: Side, state: SideState, speaks: Sniffed): void {
    const isMidMessage = this.#isHeadless(state) && (speaks === 'unknown' || speaks === 'text')
    if (isMidMessage && this.#tries++ < MIDSTREAM_TRIES) {
      state.head.clear()
      return
    }
    state.speaks = speaks
    const other = this.#sides[otherSide(side)]
    const found = this.#readerFor(side, state, speaks)
    // A plaintext answer to TLS, and whatever else does not fit the other side, is read for itself.
    const isFirst = this.#reader === null && found !== null && !(found.client !== side && other.speaks === 'tls')
    if (isFirst) {
      this.#reader = found.reader
      this.#client = found.client
      this.#read(side, state, found.reader, 'read')
    } else if (this.#reader?.expects(side, speaks) === true) this.#read(side, state, this.#reader, 'read')
    else if (found !== null) this.#read(side, state, found.reader, 'alone')
    else {
      state.reading = 'opaque'
      if (state.head.length >= this.#opaqueKept) this.#endOpaque(state)
    }
  }

  /** Hands the first bytes of a side to a reader. */
  #read(side: Side, state: SideState, reader: Reader, reading: 'read' | 'alone'): void {
    const { head } = state
    state.head = new Pieces(0)
    state.reading = reading
    if (reading === 'alone') state.alone = reader
    head.each(0, head.length, (position, at, end) => {
      // Something was there before; how much, nobody knows.
      if (at === 0 && reader instanceof Http2Scrubber && this.#isHeadless(state)) reader.gap(side, position, position)
      reader.data(side, head.bytes, at, end, position)
    })
  }

  /** The reader for a connection of which one side speaks `speaks`, and which side asks. */
  #readerFor(side: Side, state: SideState, speaks: Sniffed): { reader: Reader; client: Side } | null {
    const work = this.#work
    const other = otherSide(side)
    const head = state.head.bytes
    switch (speaks) {
      case 'http1-request':
        return { reader: new Http1Scrubber(work, side), client: side }
      case 'http1-response':
        return { reader: new Http1Scrubber(work, other), client: other }
      case 'http2': {
        const client = this.#http2Client(side, state)
        return { reader: new Http2Scrubber(work, client), client }
      }
      case 'tls': {
        const client = isHelloOf(head) === 'client' ? side : isHelloOf(head) === 'server' ? other : this.#hint.opener()
        return { reader: new TlsScrubber(work, client), client }
      }
      case 'fastcgi': {
        // FCGI_BEGIN_REQUEST is record type 1.
        const client = head[1] === 1 ? side : other
        return { reader: fastCgiScrubber(work, client), client }
      }
      case 'ajp': {
        // Packets to the container begin with 0x12.
        const client = head[0] === 0x12 ? side : other
        return { reader: ajpScrubber(work, client), client }
      }
      case 'uwsgi':
      case 'scgi':
        return { reader: new CgiScrubber(speaks, work, side), client: side }
      default:
        return null
    }
  }

  /** The client begins with a preface, the server with SETTINGS; in the midst of a connection fields tell. */
  #http2Client(side: Side, state: SideState): Side {
    const b = state.head.bytes
    if (b[0] === PREFACE) return side
    if (!this.#isHeadless(state)) return otherSide(side)
    return senderOf(b, 0, b.length) === 0 ? side : otherSide(side)
  }

  get #opaqueKept(): number {
    return this.#hint.isDns ? DNS_BYTES : OPAQUE_KEPT
  }

  #keepFirst(state: SideState, bytes: Bytes, at: number, end: number, position: number): void {
    const room = this.#opaqueKept - state.head.length
    if (room <= 0 || state.isDone) return
    state.head.add(bytes, at, Math.min(end, at + room), position)
    if (state.head.length >= this.#opaqueKept) this.#endOpaque(state)
  }

  /** The first bytes of a side that nobody reads. */
  #endOpaque(state: SideState): void {
    const { head } = state
    if (head.length > 0) {
      if (this.#hint.isDns) {
        scrubDnsTcp(this.#work.p, head.bytes)
        head.replace(state.edits, 0, Math.min(head.length, DNS_BYTES))
      } else scrubForeign(this.#work.p, head, state.edits)
    }
    // Nothing more is looked at.
    state.head = new Pieces(0)
    state.isDone = true
  }
}

/** Whose hello a TLS stream begins with: handshake record, or SSL 2.0 form; null where with neither. */
function isHelloOf(head: Bytes): 'client' | 'server' | null {
  if (head[0]! >= 0x80) return 'client'
  if (head[0] !== 0x16 || head.length < 6) return null
  return head[5] === 1 ? 'client' : head[5] === 2 ? 'server' : null
}
