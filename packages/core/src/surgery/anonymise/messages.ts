// Messages that a scanner of `app/` finds in one side of a connection: heads and trailers are scrubbed, of a chunked body
// the framing stays (RFC 9112 section 7.1), of an error page what shows whose it is. Bodies, tunnels and what cannot be
// read are not spoken of, and so they go.
import { type Chunks, newChunks, readChunkFraming } from '../../app/http1/chunked.ts'
import { CR, LF, SEMICOLON } from '../../app/http1/grammar.ts'
import { HEAD_LIMIT } from '../../app/http1/head.ts'
import type { Framing, Head, MessageScanner, MessageSink, Place } from '../../app/http1/message.ts'
import { type Bytes, latin1 } from '../../bytes/read.ts'
import type { Pseudonyms } from './contract.ts'
import { keepErrorPage, LEAST_STATUS, PAGE_LOOKED_AT } from './error-page.ts'
import { scrubFields } from './head.ts'
import { scrubForeign } from './opaque.ts'
import { Pieces, type SideEdits } from './pieces.ts'
import { Origin } from './reader.ts'
import { isAlphanumeric } from './text.ts'

/** What a side is read and scrubbed by. */
export interface MessageRules {
  p: Pseudonyms
  edits: SideEdits
  create(sink: MessageSink): MessageScanner
  /** Scrubs the head `b[from..to)` in place: all from the message's first byte to where its body begins. */
  scrub(p: Pseudonyms, b: Bytes, from: number, to: number): void
  /** A head was read; `end` is the position behind it. */
  heard(head: Head, end: number): void
}

/** Longest trailer section that is scrubbed; of what lies behind it nothing is said. */
const TRAILERS_KEPT = 65_536

/** One side, asking or answering. */
export class MessageSide {
  readonly scanner: MessageScanner
  readonly #rules: MessageRules
  readonly #p: Pseudonyms
  readonly #edits: SideEdits
  readonly #origin: Origin = new Origin()

  // The bytes at work, and the position that the buffer's byte 0 would have.
  #bytes: Bytes = new Uint8Array(0)
  #base = 0
  /** Positions where they begin and end. */
  #start = 0
  #end = 0

  /** The header section at work: its bytes of former packets, and where the next of it begins; -1 without one. */
  #head: Pieces = new Pieces(HEAD_LIMIT)
  #headFrom = -1
  /** Empty lines between messages are looked for from here. */
  #between = -1
  #framing: Framing = 'none'
  /** Where the body goes on. */
  #bodyFrom = 0
  #chunks: Chunks = newChunks()
  #isExtension = false
  /** Bytes of a chunked body are missing, with chunk framing among them. */
  #isLostInChunks = false
  #trailers: Pieces = new Pieces(TRAILERS_KEPT)
  /** The beginning of an error page. */
  #page: Pieces | null = null

  constructor(rules: MessageRules) {
    this.#rules = rules
    this.#p = rules.p
    this.#edits = rules.edits
    this.scanner = rules.create({
      begin: (first) => this.#begin(first),
      head: (head, _first, last) => this.#told(head, last),
      end: (how, last) => this.#over(how, last),
    })
  }

  data(bytes: Bytes, at: number, end: number, position: number): void {
    this.#origin.meet(position)
    this.#bytes = bytes
    this.#base = position - at
    this.#end = position + end - at
    this.#start = position
    const before = this.scanner.state
    if (before === 'between') this.#between = position
    this.scanner.push(bytes, at, end, 0, 0)
    this.#takeHead(this.#end)
    this.#takeBody(this.#end)
    if (this.scanner.state === 'between') this.#keepBetween(this.#end)
    else if (this.scanner.state === 'tunnel' && before !== 'tunnel') this.#enterTunnel()
  }

  gap(from: number, to: number): void {
    this.#origin.meet(from)
    // What is at work ends here, or loses these bytes.
    this.#end = from
    this.scanner.gap(to - from, 0, 0)
    this.#between = -1
    // The beginning of a page ends at the first hole.
    if (to > from) this.#endPage()
    this.#bodyFrom = to
    const isChunked = this.#framing === 'chunked'
    if (this.scanner.state === 'lost') {
      this.#isLostInChunks ||= isChunked
      this.#framing = 'none'
    } else if (isChunked && this.scanner.state === 'body') this.#chunks.remaining -= to - from
  }

  end(): void {
    this.scanner.finish(false, 0, 0)
  }

  #begin(first: Place): void {
    const position = this.#origin.position(first.offset)
    this.#keepBetween(position)
    this.#headFrom = position
    this.#head.clear()
  }

  /** Empty lines between messages stay. What else is there is of none: the body was longer than was said. */
  #keepBetween(to: number): void {
    if (this.#between >= 0) this.#edits.keep(this.#between, this.#behindEmptyLines(to))
    this.#between = -1
  }

  #behindEmptyLines(to: number): number {
    let position = this.#between
    while (position < to && isLineEnd(this.#bytes[position - this.#base]!)) position++
    return position
  }

  /** Bytes of the section at work, up to `to`. */
  #takeHead(to: number): void {
    if (this.#headFrom < 0) return
    const stop = Math.min(to, this.#end)
    if (stop > this.#headFrom) {
      this.#head.add(this.#bytes, this.#headFrom - this.#base, stop - this.#base, this.#headFrom)
      this.#headFrom = stop
    }
  }

  #told(head: Head, last: Place): number {
    const end = this.#origin.position(last.offset) + 1
    this.#takeHead(end)
    const b = this.#head.bytes
    if (isForeign(head)) scrubForeign(this.#p, this.#head, this.#edits)
    else {
      this.#rules.scrub(this.#p, b, 0, b.length)
      this.#head.replace(this.#edits)
    }
    this.#headFrom = -1
    this.#head.clear()
    this.#framing = head.framing
    this.#bodyFrom = end
    this.#chunks = newChunks()
    this.#isExtension = false
    this.#page = head.status >= LEAST_STATUS ? new Pieces(PAGE_LOOKED_AT) : null
    this.#rules.heard(head, end)
    return this.#page === null ? 0 : PAGE_LOOKED_AT
  }

  #over(how: string, last: Place): void {
    const end = this.#origin.position(last.offset) + 1
    this.#takeBody(end)
    this.#endTrailers()
    this.#endPage()
    this.#framing = 'none'
    // Behind a hole a chunked body is over where a packet ends as it would: CRLF, the last chunk, an empty line.
    if (this.#isLostInChunks && how === 'complete') this.#edits.keep(Math.max(this.#start, end - 7), end)
    this.#isLostInChunks = false
    if (this.scanner.state === 'between') this.#between = end
  }

  /** Goes on in the body at work, up to `to`. */
  #takeBody(to: number): void {
    const stop = Math.min(to, this.#end)
    if (this.#framing === 'chunked') this.#takeChunks(stop)
    else if (this.#framing === 'content-length' || this.#framing === 'until-close') {
      this.#takePage(this.#bodyFrom, stop)
      this.#bodyFrom = Math.max(this.#bodyFrom, stop)
    }
  }

  #takePage(from: number, to: number): void {
    if (this.#page !== null && from < to) this.#page.add(this.#bytes, from - this.#base, to - this.#base, from)
  }

  #takeChunks(to: number): void {
    const chunks = this.#chunks
    let keepFrom = -1
    const endKeep = (position: number) => {
      if (keepFrom >= 0) this.#edits.keep(keepFrom, position)
      keepFrom = -1
    }
    while (this.#bodyFrom < to && chunks.phase !== 'done' && chunks.phase !== 'broken') {
      const from = this.#bodyFrom
      if (chunks.remaining > 0) {
        const end = Math.min(to, from + chunks.remaining)
        chunks.remaining -= end - from
        this.#takePage(from, end)
        this.#bodyFrom = end
        continue
      }
      const isTrailer = isInTrailers(chunks)
      // Byte by byte: extensions and trailers lie between what stays.
      const at = from - this.#base
      this.#bodyFrom = from + 1
      readChunkFraming(chunks, this.#bytes, at, at + 1)
      if (isTrailer && !this.#trailers.isFull) this.#trailers.add(this.#bytes, at, at + 1, from)
      if (this.#stays(this.#bytes[at]!, isTrailer)) {
        if (keepFrom < 0) keepFrom = from
      } else endKeep(from)
      if (chunks.remaining > 0) endKeep(this.#bodyFrom)
    }
    endKeep(this.#bodyFrom)
    if (chunks.phase === 'broken') this.#bodyFrom = Math.max(this.#bodyFrom, to)
  }

  /** Whether a byte of chunk framing stays: of an extension letters and digits go, as all that is not spoken of. */
  #stays(c: number, isTrailer: boolean): boolean {
    if (c === SEMICOLON) this.#isExtension = true
    else if (c === LF) this.#isExtension = false
    return isTrailer ? isLineEnd(c) : !this.#isExtension || !(isAlphanumeric(c) || c >= 0x80)
  }

  #endTrailers(): void {
    const b = this.#trailers.bytes
    if (b.length > 0) {
      scrubFields(this.#p, b, 0, b.length)
      this.#trailers.replace(this.#edits)
    }
    this.#trailers.clear()
  }

  #endPage(): void {
    if (this.#page !== null) keepErrorPage(this.#p, this.#page, this.#edits)
    this.#page = null
  }

  /** What no request can begin with shows that a request was granted its tunnel: the one byte of it that stays. */
  #enterTunnel(): void {
    if (this.#between < 0 || this.#headFrom >= 0) return
    this.#edits.keep(this.#between, Math.min(this.#behindEmptyLines(this.#end) + 1, this.#end))
  }
}

const isLineEnd = (c: number): boolean => c === CR || c === LF

/** No start line: the message is in another protocol. */
const isForeign = ({ kind, method, bytes, fault }: Head): boolean =>
  fault?.part === 'start-line' && (kind === 'request' ? method === '' : latin1(bytes.subarray(0, 5), 0, 5) !== 'HTTP/')

const isInTrailers = ({ phase }: Chunks): boolean =>
  phase === 'trailer' || phase === 'trailer-lf' || phase === 'trailer-first'
