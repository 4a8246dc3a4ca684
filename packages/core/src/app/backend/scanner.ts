// What all readers of the protocols between a gateway and its applications do alike: places, the message at work, holes.
import type { Bytes } from '../../bytes/read.ts'
import { append, type Excerpt, keep, newExcerpt, startExcerpt, takeExcerpt } from '../http1/excerpt.ts'
import { foreignHead } from '../http1/head.ts'
import type { Head, MessageFault, MessageScanner, MessageSink, Place } from '../http1/message.ts'

/** Bytes kept of something that is another protocol. */
const FOREIGN_KEPT = 1024
/** Requests outstanding that are remembered. */
const EXPECTED_LIMIT = 1024

const NO_BYTES: Bytes = new Uint8Array(0)

/**
 * Tells one direction of a connection to a sink. A subclass reads the protocol: it calls `begin`, `tell`, `count` and
 * `end` as it goes, in that order for each message.
 */
export abstract class BackendScanner implements MessageScanner {
  readonly #kind: 'request' | 'response'
  readonly #sink: MessageSink
  #state: 'between' | 'head' | 'foreign' | 'body' | 'lost' | 'broken' = 'between'
  #finished = false

  // The push at work: its frame and time, and where in the stream its buffer's byte 0 would be.
  #base = 0
  #frame = 0
  #time = 0
  /** Stream bytes told so far with the push at work, gaps included. */
  #offset = 0

  /** First byte of the message at work. */
  #first: Place = { offset: 0, frame: 0, time: 0 }
  #untilClose = false
  #open = false
  #bodyLength = 0
  #missing = 0
  readonly #excerpt: Excerpt = newExcerpt()

  #foreign: Bytes = NO_BYTES
  #foreignLength = 0
  #foreignFault: MessageFault | null = null
  #expected: string[] = []

  constructor(kind: 'request' | 'response', sink: MessageSink) {
    this.#kind = kind
    this.#sink = sink
  }

  /** Takes at least one byte of `b[p..end)`; answers where to go on. Never called while lost or broken. */
  protected abstract read(b: Bytes, p: number, end: number): number
  /** Whether a push that begins so begins a message: asked while lost. */
  protected abstract isStart(b: Bytes, at: number, end: number): boolean
  /** Whether a push ends with the end of a message: asked while lost. */
  protected isEnd(_b: Bytes, _at: number, _end: number): boolean {
    return false
  }
  /** Whether the head at work can do without `length` bytes that are missing here. */
  protected isBeside(_length: number): boolean {
    return false
  }
  /** `length` bytes are missing here; answers whether it is known what comes behind them. */
  protected abstract skip(length: number): boolean
  /** The head at work as far as it came. */
  protected abstract cut(): Head
  /** Bytes of the head at work so far. */
  protected abstract headSize(): number
  /** Bytes are held that may begin a message: it begins now, because no more come. */
  protected flush(): void {}
  /** Forgets what is half read. */
  protected abstract restart(): void
  /** The message at work is about to end: last chance for a note. */
  protected beforeEnd(): void {}

  get state(): MessageScanner['state'] {
    return this.#state === 'foreign' ? 'head' : this.#state
  }

  get pending(): number {
    if (this.#state === 'foreign') return this.#foreignLength
    return this.#state === 'head' ? this.headSize() : 0
  }

  expect(method: string): void {
    if (this.#expected.length === EXPECTED_LIMIT) this.#expected.shift()
    this.#expected.push(method)
  }

  push(bytes: Bytes, at: number, end: number, frame: number, time: number): void {
    if (at >= end || this.#finished) return
    if (this.#state === 'lost' && this.isStart(bytes, at, end)) this.#regain()
    this.#base = this.#offset - at
    this.#offset += end - at
    this.#frame = frame
    this.#time = time
    if (this.#state === 'lost' && this.#open) {
      this.#bodyLength += end - at
      if (this.isEnd(bytes, at, end)) {
        this.end('complete', this.lastByte())
        this.#state = 'lost'
      }
    }
    for (let p = at; p < end && this.#state !== 'lost' && this.#state !== 'broken';) {
      p = this.#state === 'foreign' ? this.#readForeign(bytes, p, end) : this.read(bytes, p, end)
    }
  }

  gap(length: number, frame: number, time: number): void {
    if (this.#finished || this.#state === 'broken') return
    if (length <= 0) {
      // Nothing is missing, except where a capture that began late says so before its first byte.
      if (this.#offset === 0) this.#state = 'lost'
      return
    }
    if (this.#state === 'between') this.flush()
    if (this.#state === 'foreign') this.#deliverForeign()
    const isHead = this.#state === 'head' && !this.isBeside(length)
    if (isHead) this.#tellCut()
    this.#base = this.#offset
    this.#offset += length
    this.#frame = frame
    this.#time = time
    // The excerpt is a beginning without holes.
    this.#excerpt.limit = this.#excerpt.length
    if (this.state === 'broken') return
    const before = this.#missing
    if (!isHead && this.#state !== 'lost' && this.skip(length)) return
    if (this.#open) this.#missing = before + length
    this.lose()
  }

  finish(closed: boolean, frame: number, time: number): void {
    if (this.#finished) return
    this.#finished = true
    if (this.#state === 'between') this.flush()
    const isCut = this.#state === 'head'
    if (this.#state === 'foreign') this.#deliverForeign()
    else if (isCut) this.#tellCut()
    if (!this.#open) return
    // After a gap that hid the message's end, `truncated` would claim more than was seen.
    const closes = closed && !isCut && (this.#untilClose || this.#state === 'lost')
    this.end(closes ? 'closed' : 'truncated', { offset: this.#offset, frame, time })
  }

  /** Place of byte `p` of the push at work. */
  protected place(p: number): Place {
    return { offset: this.#base + p, frame: this.#frame, time: this.#time }
  }

  /** Place of the last byte pushed. */
  protected lastByte(): Place {
    return { offset: this.#offset - 1, frame: this.#frame, time: this.#time }
  }

  /** Method of the request whose answer is next; '' when it is not known. */
  protected asked(): string {
    return this.#expected[0] ?? ''
  }

  protected begin(first: Place): void {
    this.#first = first
    this.#state = 'head'
    this.#sink.begin(first)
  }

  protected tell(head: Head, last: Place): void {
    // RFC 9110 section 15.2: interim responses come before the final one.
    if (this.#kind === 'response' && !isInterim(head)) this.#expected.shift()
    this.#state = 'body'
    this.#open = true
    this.#untilClose = head.framing === 'until-close'
    this.#bodyLength = 0
    this.#missing = 0
    startExcerpt(this.#excerpt, this.#sink.head(head, this.#first, last))
  }

  /** Counts body bytes `b[from..to)`. */
  protected count(b: Bytes, from: number, to: number): void {
    keep(this.#excerpt, b, from, to)
    this.#bodyLength += to - from
  }

  /** `length` body bytes are known to be missing. */
  protected miss(length: number): void {
    this.#missing += length
  }

  protected get bodySeen(): number {
    return this.#bodyLength + this.#missing
  }

  protected note(text: string, at: Place): void {
    this.#sink.note?.(text, at)
  }

  protected end(how: 'complete' | 'closed' | 'truncated' | 'broken', last: Place, fault?: MessageFault): void {
    this.beforeEnd()
    this.#state = how === 'broken' ? 'broken' : 'between'
    this.#open = false
    this.#sink.end(how, last, this.#bodyLength, this.#missing, takeExcerpt(this.#excerpt), fault ?? null)
    startExcerpt(this.#excerpt, 0)
  }

  /** The message at work stops here, whatever it had come to. */
  protected abandon(last: Place): void {
    if (this.#state === 'head') this.tell(asCut(this.cut()), last)
    if (this.#open) this.end('truncated', last)
  }

  /** The protocol's own grammar breaks in the message at work: the rest of the stream cannot be read. */
  protected fail(fault: MessageFault): void {
    if (this.#state === 'head') {
      const head = this.cut()
      head.fault ??= fault
      this.tell(head, fault.at)
    }
    if (this.#open) this.end('broken', fault.at, fault)
    this.#state = 'broken'
  }

  /** No message of this protocol begins so. `held`: bytes taken already, before the one at fault; few. */
  protected refuse(first: Place, held: Bytes, at: Place, text: string): void {
    if (this.#state === 'between') this.begin(first)
    this.#foreign = held.slice()
    this.#foreignLength = held.length
    this.#foreignFault = { at, part: 'start-line', text }
    this.#state = 'foreign'
  }

  protected lose(): void {
    this.restart()
    this.#state = 'lost'
  }

  #readForeign(b: Bytes, from: number, end: number): number {
    const to = Math.min(end, from + FOREIGN_KEPT - this.#foreignLength)
    this.#foreign = append(this.#foreign, this.#foreignLength, b, from, to)
    this.#foreignLength += to - from
    if (this.#foreignLength === FOREIGN_KEPT) this.#deliverForeign(this.place(to - 1))
    return to
  }

  #deliverForeign(last: Place = this.lastByte()): void {
    const fault = this.#foreignFault!
    this.tell(foreignHead(this.#kind, this.#foreign.slice(0, this.#foreignLength), fault), last)
    this.#foreign = NO_BYTES
    this.end('broken', last, fault)
  }

  #tellCut(): void {
    this.tell(asCut(this.cut()), this.lastByte())
  }

  /** A message begins. What was open ended in the bytes before it; how well is not known. */
  #regain(): void {
    const last = this.lastByte()
    this.restart()
    if (this.#open) this.end('closed', last)
    this.#state = 'between'
    // Answers may have gone missing with their bytes. This one answers the latest request.
    if (this.#expected.length > 1) this.#expected = this.#expected.slice(-1)
  }
}

/** Whether another response to the same request follows (RFC 9110 section 15.2). */
export const isInterim = ({ status }: Head): boolean => status >= 100 && status < 200 && status !== 101

function asCut(head: Head): Head {
  head.incomplete = true
  return head
}
