// Finds HTTP/1 messages in one direction of a connection (RFC 9112): bytes in, any split; heads and ends out.
//
// What cannot be known here. Where bytes are missing inside a head or inside chunk framing, the end of that message is
// not on the wire that we saw: the scanner says so (`lost`) and waits for a packet that begins with a start line. A
// body that happens to hold such a line at the start of a packet would be taken for a message. And whether a request
// that asks for a tunnel gets one is decided by the other direction: bytes after it that cannot be a request are taken
// as the tunnel's.
import type { Bytes } from '../../bytes/read.ts'
import { type Chunks, newChunks, readChunkFraming } from './chunked.ts'
import { append, type Excerpt, keep, newExcerpt, startExcerpt, takeExcerpt } from './excerpt.ts'
import { CR, isToken, LF, showByte, SP, startsWith } from './grammar.ts'
import { foreignHead, HEAD_KEPT, HEAD_LIMIT, type Places, readHead, type ReadHead } from './head.ts'
import type { Framing, MessageFault, MessageScanner, MessageSink, Place } from './message.ts'
import { looksLikeStart, requestLineByte, statusLineByte } from './start-line.ts'

/** Requests, in the bytes that a client sends. */
export const createRequestScanner = (sink: MessageSink): MessageScanner => new Scanner('request', sink)

/** Responses, in the bytes that a server sends; framed by the methods told to `expect`, in order. */
export const createResponseScanner = (sink: MessageSink): MessageScanner => new Scanner('response', sink)

/** Bytes kept of something that is not HTTP/1. */
const FOREIGN_KEPT = 1024

/** Requests outstanding that are remembered; nobody pipelines as many, so only a one-sided capture gets there. */
const EXPECTED_LIMIT = 1024

/** How a chunked body ends where it has no trailers. */
const LAST_CHUNK = '0\r\n\r\n'

const NO_BYTES: Bytes = new Uint8Array(0)
const NO_PLACES: Place[] = []
const NO_METHODS: string[] = []
const NOT_CHUNKED: Chunks = newChunks()

class Scanner implements MessageScanner, Places {
  readonly #kind: 'request' | 'response'
  readonly #sink: MessageSink
  #state: 'between' | 'head' | 'foreign' | 'body' | 'lost' | 'tunnel' | 'broken' = 'between'
  #finished = false

  // The push at work: its frame and time, and where in the stream its buffer's byte 0 would be.
  #base = 0
  #frame = 0
  #time = 0
  /** Stream bytes told so far with the push at work, gaps included. */
  #offset = 0

  // The head at work: its first byte, its length so far, and the places where frames begin in it.
  #headAt = 0
  #headSize = 0
  #pieces = NO_PLACES
  /** Start line: still in the method or in `HTTP/`; in the words behind it; or past it. */
  #part: 'prefix' | 'words' | 'fields' = 'prefix'
  #words = 0
  /** The line at work so far: nothing, a CR alone (an empty line if LF follows), or more. */
  #line: 'empty' | 'cr' | 'text' = 'empty'
  /** A head that did not come in one push gathers here. */
  #buffer: Bytes = NO_BYTES
  /** Where bytes that are not HTTP/1 gave themselves away, counted from the head's first byte. */
  #foreignAt = 0
  #strayAt: Place | null = null

  // A message whose head was told and whose end was not.
  #open = false
  #framing: Framing = 'none'
  #remaining = 0
  #bodyLength = 0
  #missing = 0
  readonly #excerpt: Excerpt = newExcerpt()
  /** Of a chunked body, begun anew with each. */
  #chunks: Chunks = NOT_CHUNKED

  /** The last request asked for a tunnel. */
  #upgradable = false
  #expected = NO_METHODS

  constructor(kind: 'request' | 'response', sink: MessageSink) {
    this.#kind = kind
    this.#sink = sink
  }

  get state(): MessageScanner['state'] {
    return this.#state === 'foreign' ? 'head' : this.#state
  }

  get pending(): number {
    return this.#state === 'head' || this.#state === 'foreign' ? this.#headSize : 0
  }

  expect(method: string): void {
    if (this.#expected.length === EXPECTED_LIMIT) this.#expected.shift()
    // The first one makes the list: V8 gives an empty one that grows room for 17.
    if (this.#expected.length === 0) this.#expected = [method]
    else this.#expected.push(method)
  }

  push(bytes: Bytes, at: number, end: number, frame: number, time: number): void {
    if (at >= end || this.#finished) return
    if (this.#state === 'body' && this.#passOver(end - at)) return
    if (this.#state === 'lost' && looksLikeStart(this.#kind, bytes, at, end)) this.#regain()
    this.#base = this.#offset - at
    this.#offset += end - at
    this.#frame = frame
    this.#time = time
    if (this.#state === 'lost') {
      this.#countLost(bytes, at, end)
      return
    }
    if (this.#state === 'head' || this.#state === 'foreign') this.#notePiece(at)
    for (let p = at; p < end;) p = this.#advance(bytes, p, end)
  }

  /** Most packets of a stream: the inside of a body whose bytes nobody wants, and whose length is known. */
  #passOver(length: number): boolean {
    const isInside = this.#framing === 'content-length' && length < this.#remaining
    if (!isInside || this.#excerpt.length < this.#excerpt.limit) return false
    this.#remaining -= length
    this.#bodyLength += length
    this.#offset += length
    return true
  }

  gap(length: number, frame: number, time: number): void {
    if (this.#finished) return
    if (length <= 0) {
      // Nothing is missing, except where a capture that began late says so before its first byte.
      if (this.#offset === 0) this.#state = 'lost'
      return
    }
    if (this.#state === 'foreign') this.#deliverForeign()
    else if (this.#state === 'head') this.#deliverCut()
    this.#offset += length
    this.#frame = frame
    this.#time = time
    if (this.#state === 'between') this.#state = 'lost'
    if (!this.#open) return
    // The excerpt is a beginning without holes.
    this.#excerpt.limit = this.#excerpt.length
    this.#missInBody(length)
  }

  finish(closed: boolean, frame: number, time: number): void {
    if (this.#finished) return
    this.#finished = true
    let headCut = false
    if (this.#state === 'foreign') this.#deliverForeign()
    else if (this.#state === 'head') {
      this.#deliverCut()
      headCut = true
    }
    if (!this.#open) return
    // After a gap that hid the message's end, `truncated` would claim more than was seen.
    const closes = closed && !headCut && (this.#framing === 'until-close' || this.#state === 'lost')
    this.#end(closes ? 'closed' : 'truncated', { offset: this.#offset, frame, time }, null)
  }

  placeInHead(at: number): Place {
    const offset = this.#headAt + at
    let i = this.#pieces.length - 1
    while (i > 0 && this.#pieces[i]!.offset > offset) i--
    const { frame, time } = this.#pieces[i]!
    return { offset, frame, time }
  }

  /** Place of byte `p` of the push at work. */
  #place(p: number): Place {
    return { offset: this.#base + p, frame: this.#frame, time: this.#time }
  }

  /** Takes at least one byte; answers where to go on. */
  #advance(b: Bytes, p: number, end: number): number {
    switch (this.#state) {
      case 'between':
        return this.#readBetween(b, p, end)
      case 'head':
        return this.#readHead(b, p, end)
      case 'foreign':
        return this.#readForeign(b, p, end)
      case 'body':
        return this.#readBody(b, p, end)
      default:
        return end
    }
  }

  #readBetween(b: Bytes, p: number, end: number): number {
    const c = b[p]!
    if (c === CR || c === LF) {
      // RFC 9112 section 2.2: a server skips empty lines before a request. Nobody promises that for responses.
      if (this.#kind === 'response') this.#strayAt ??= this.#place(p)
      return p + 1
    }
    if (this.#upgradable && !isToken(c)) {
      this.#state = 'tunnel'
      return end
    }
    const first = this.#place(p)
    this.#headAt = first.offset
    this.#headSize = 0
    this.#pieces = [first]
    this.#part = 'prefix'
    this.#words = 0
    this.#line = 'empty'
    this.#state = 'head'
    this.#sink.begin(first)
    return this.#readHead(b, p, end)
  }

  #notePiece(at: number): void {
    if (this.#pieces[this.#pieces.length - 1]!.frame !== this.#frame) this.#pieces.push(this.#place(at))
  }

  #readHead(b: Bytes, from: number, end: number): number {
    const stop = Math.min(end, from + HEAD_LIMIT - this.#headSize)
    let p = from
    for (; p < stop && this.#part === 'prefix'; p++) {
      const index = this.#headSize + p - from
      const told = this.#kind === 'request' ? requestLineByte(b[p]!, index) : statusLineByte(b[p]!, index)
      if (told === 'foreign') return this.#becomeForeign(b, from, p, end)
      if (told === 'line') this.#part = this.#kind === 'request' ? 'words' : 'fields'
      this.#line = 'text'
    }
    for (let previous = SP; p < stop && this.#part === 'words'; p++) {
      const c = b[p]!
      if (c === LF) {
        this.#part = 'fields'
        this.#line = 'empty'
        // HTTP/0.9: a method and a target, no version, no fields, no empty line (RFC 9112 appendix C.1.1).
        if (this.#words <= 1) return this.#completeHead(b, from, p + 1)
      } else if (c !== SP && c !== CR && (previous === SP || this.#words === 0)) this.#words++
      previous = c
    }
    for (let start = p; p < stop; start = p) {
      while (p < stop && b[p] !== LF) p++
      this.#noteLine(b, start, p)
      if (p === stop) break
      p++
      if (this.#line !== 'text') return this.#completeHead(b, from, p)
      this.#line = 'empty'
    }
    this.#gather(b, from, p)
    if (this.#headSize === HEAD_LIMIT) this.#deliverOversized()
    return p
  }

  /** The line at work goes on with `b[at..end)`. */
  #noteLine(b: Bytes, at: number, end: number): void {
    if (end === at) return
    this.#line = this.#line === 'empty' && end - at === 1 && b[at] === CR ? 'cr' : 'text'
  }

  /** Keeps a head's bytes for later, because it goes on in the next push. */
  #gather(b: Bytes, from: number, to: number): void {
    this.#buffer = append(this.#buffer, this.#headSize, b, from, to)
    this.#headSize += to - from
  }

  #completeHead(b: Bytes, from: number, to: number): number {
    const last = this.#place(to - 1)
    const asked = this.#expected[0] ?? ''
    if (this.#headSize === 0) {
      this.#headSize = to - from
      this.#deliver(readHead(this.#kind, b, from, to, false, asked, this), last)
    } else {
      this.#gather(b, from, to)
      this.#deliver(readHead(this.#kind, this.#buffer, 0, this.#headSize, false, asked, this), last)
    }
    return to
  }

  #deliver(head: ReadHead, last: Place): void {
    this.#tell(head, last)
    if (!head.framed) this.#break(last, head.fault)
    else if (head.framing === 'tunnel') this.#endAs('tunnel', last)
    else if (head.framing === 'none' || head.contentLength === 0) this.#endAs('between', last)
    else this.#state = 'body'
  }

  /** The stream goes on, or stops, with this head not complete. Its message stays open. */
  #deliverCut(): void {
    const head = readHead(this.#kind, this.#buffer, 0, this.#headSize, true, this.#expected[0] ?? '', this)
    head.incomplete = true
    this.#state = 'lost'
    this.#tell(head, this.placeInHead(this.#headSize - 1))
  }

  #deliverOversized(): void {
    const last = this.placeInHead(this.#headSize - 1)
    const head = readHead(this.#kind, this.#buffer, 0, this.#headSize, true, this.#expected[0] ?? '', this)
    head.fault ??= { at: last, part: 'header-size', text: 'Header section is longer than 1 MiB' }
    this.#tell(head, last)
    this.#break(last, head.fault)
  }

  /** Tells the head to the sink and opens its message. */
  #tell(head: ReadHead, last: Place): void {
    if (this.#kind === 'request') {
      this.#upgradable = head.upgrade || head.method === 'CONNECT'
    } else if (head.status < 100 || head.status > 199 || head.status === 101) {
      // RFC 9110 section 15.2: any number of interim responses come before the final one.
      this.#expected.shift()
    }
    if (this.#strayAt !== null) {
      head.fault = { at: this.#strayAt, part: 'start-line', text: 'Empty line before the status line' }
      this.#strayAt = null
    }
    if (this.#buffer.length > HEAD_KEPT) this.#buffer = NO_BYTES
    this.#open = true
    this.#framing = head.framing
    this.#remaining = head.contentLength
    this.#bodyLength = 0
    this.#missing = 0
    if (head.framing === 'chunked') this.#chunks = newChunks()
    startExcerpt(this.#excerpt, this.#sink.head(head, this.#pieces[0]!, last))
  }

  #becomeForeign(b: Bytes, from: number, p: number, end: number): number {
    if (this.#upgradable) {
      this.#state = 'tunnel'
      return end
    }
    this.#gather(b, from, p)
    this.#foreignAt = this.#headSize
    this.#state = 'foreign'
    return this.#readForeign(b, p, end)
  }

  #readForeign(b: Bytes, from: number, end: number): number {
    const to = Math.min(end, from + FOREIGN_KEPT - this.#headSize)
    this.#gather(b, from, to)
    if (this.#headSize === FOREIGN_KEPT) this.#deliverForeign()
    return to
  }

  #deliverForeign(): void {
    const bytes = this.#buffer.slice(0, this.#headSize)
    const what = this.#kind === 'request' ? 'an HTTP request' : 'an HTTP response'
    // They are not quoted: they may as well be the rest of a body.
    const text = `These bytes do not begin ${what}: byte ${this.#foreignAt + 1} is ${showByte(bytes[this.#foreignAt]!)}`
    const fault: MessageFault = { at: this.placeInHead(this.#foreignAt), part: 'start-line', text }
    const last = this.placeInHead(this.#headSize - 1)
    this.#tell(foreignHead(this.#kind, bytes, fault), last)
    this.#break(last, fault)
  }

  #readBody(b: Bytes, p: number, end: number): number {
    if (this.#framing === 'chunked') return this.#readChunked(b, p, end)
    if (this.#framing === 'until-close') return this.#countBody(b, p, end)
    const to = Math.min(end, p + this.#remaining)
    this.#countBody(b, p, to)
    this.#remaining -= to - p
    if (this.#remaining === 0) this.#endAs('between', this.#place(to - 1))
    return to
  }

  #readChunked(b: Bytes, p: number, end: number): number {
    const chunks = this.#chunks
    if (chunks.remaining > 0) {
      const to = Math.min(end, p + chunks.remaining)
      chunks.remaining -= to - p
      return this.#countBody(b, p, to)
    }
    const to = readChunkFraming(chunks, b, p, end)
    if (chunks.phase === 'done') this.#endAs('between', this.#place(to - 1))
    if (chunks.phase !== 'broken') return to
    const at = this.#place(to)
    this.#break(at, { at, part: chunks.part, text: chunks.fault })
    return end
  }

  #countBody(b: Bytes, from: number, to: number): number {
    keep(this.#excerpt, b, from, to)
    this.#bodyLength += to - from
    return to
  }

  #missInBody(length: number): void {
    if (this.#state === 'lost' || (this.#framing === 'chunked' && length > this.#chunks.remaining)) {
      this.#missing += length
      this.#state = 'lost'
    } else if (this.#framing === 'content-length') {
      const missed = Math.min(length, this.#remaining)
      this.#missing += missed
      this.#remaining -= missed
      if (this.#remaining > 0) return
      const offset = this.#offset - length + missed - 1
      this.#endAs(missed < length ? 'lost' : 'between', { offset, frame: this.#frame, time: this.#time })
    } else {
      this.#missing += length
      if (this.#framing === 'chunked') this.#chunks.remaining -= length
    }
  }

  /** While lost: bytes that belong, as far as anyone can tell, to the message whose end was hidden. */
  #countLost(b: Bytes, at: number, end: number): void {
    if (!this.#open) return
    this.#bodyLength += end - at
    const tail = end - LAST_CHUNK.length
    if (this.#framing !== 'chunked' || tail < at || !startsWith(b, tail, end, LAST_CHUNK)) return
    if (tail === at || (tail - at > 1 && b[tail - 2] === CR && b[tail - 1] === LF)) {
      this.#endAs('lost', this.#place(end - 1))
    }
  }

  /** A start line was found. What was open ended in the bytes before it; how well is not known. */
  #regain(): void {
    const last = { offset: this.#offset - 1, frame: this.#frame, time: this.#time }
    this.#state = 'between'
    if (this.#open) this.#end('closed', last, null)
    // Responses may have gone missing with their bytes. Without pipelining this one answers the latest request.
    if (this.#expected.length > 1) this.#expected = this.#expected.slice(-1)
  }

  #endAs(state: 'between' | 'tunnel' | 'lost', last: Place): void {
    this.#state = state
    this.#end('complete', last, null)
  }

  #break(last: Place, fault: MessageFault | null): void {
    this.#state = 'broken'
    this.#end('broken', last, fault)
  }

  #end(how: 'complete' | 'closed' | 'truncated' | 'broken', last: Place, fault: MessageFault | null): void {
    this.#open = false
    this.#sink.end(how, last, this.#bodyLength, this.#missing, takeExcerpt(this.#excerpt), fault)
    startExcerpt(this.#excerpt, 0)
  }
}
