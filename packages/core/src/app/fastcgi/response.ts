// FastCGI responses, in the bytes that an application sends (FastCGI specification 1.0, section 5): a CGI response in
// FCGI_STDOUT, complaints in FCGI_STDERR, and FCGI_END_REQUEST, which alone ends them.
import { type Bytes, latin1, u16, u24, u32 } from '../../bytes/read.ts'
import { ResponseSection } from '../backend/response-section.ts'
import { type Excerpt, keep, newExcerpt, startExcerpt, takeExcerpt } from '../http1/excerpt.ts'
import { COLON, isToken } from '../http1/grammar.ts'
import type { Head, MessageFault, MessageScanner, MessageSink, Place } from '../http1/message.ts'
import * as record from './record.ts'
import { FastCgiScanner } from './scanner.ts'

/** Responses of a FastCGI application. */
export const createFastCgiResponseScanner = (sink: MessageSink): MessageScanner => new FastCgiResponseScanner(sink)

/** Bytes kept of FCGI_STDERR. */
const STDERR_KEPT = 1024
/** Content of FCGI_END_REQUEST: appStatus (4), protocolStatus (1), reserved (3). */
const END_LENGTH = 8
const REQUEST_COMPLETE = 0

class FastCgiResponseScanner extends FastCgiScanner {
  #section = new ResponseSection()
  /** Content-Length, -1 without. */
  #announced = -1
  readonly #stderr: Excerpt = newExcerpt()
  #noteAt: Place | null = null
  #endBody: Bytes = new Uint8Array(END_LENGTH)

  constructor(sink: MessageSink) {
    super('response', sink)
  }

  protected override opened(): void {
    const id = record.requestId(this.header)
    const type = record.typeOf(this.header)
    // Management records have id 0 (section 3.3).
    if (id === 0 || (type !== record.STDOUT && type !== record.STDERR && type !== record.END_REQUEST)) return
    if (this.id !== 0 && this.id !== id) {
      this.fail({ at: this.first, part: 'chunk', text: 'FastCGI responses are mixed on one connection' })
    } else if (this.id === 0) {
      this.id = id
      this.#section = new ResponseSection()
      this.#announced = -1
      this.#noteAt = null
      this.#endBody.fill(0)
      startExcerpt(this.#stderr, STDERR_KEPT)
      this.begin(this.first)
    }
  }

  protected override content(b: Bytes, from: number, to: number): void {
    const type = this.type
    if (type === record.STDOUT) this.#readOutput(b, from, to)
    else if (type === record.STDERR) {
      this.#noteAt ??= this.place(from)
      keep(this.#stderr, b, from, to)
    } else if (type === record.END_REQUEST && this.index < END_LENGTH) {
      this.#endBody.set(b.subarray(from, Math.min(to, from + END_LENGTH - this.index)), this.index)
    }
  }

  #readOutput(b: Bytes, from: number, to: number): void {
    let p = from
    if (this.state === 'head') {
      p = this.#section.add(b, from, to, this.place(from))
      if (this.#section.isComplete) this.tell(this.#read(false), this.place(p - 1))
      else if (this.#section.isTooLong) {
        this.fail({ at: this.place(p - 1), part: 'header-size', text: 'Header section is longer than 1 MiB' })
      }
    }
    if (this.state === 'body') this.count(b, p, to)
  }

  /** What an application says on FCGI_STDERR comes between the pieces of its head. */
  protected override isBeside(length: number): boolean {
    return this.type === record.STDERR && this.holds(length)
  }

  protected override missed(length: number): boolean {
    const type = this.type
    if (type === record.STDOUT && this.state === 'body') this.miss(length)
    if (type === record.STDERR) this.#stderr.limit = this.#stderr.length
    return true
  }

  protected override closed(last: Place): void {
    if (this.type !== record.END_REQUEST) return
    this.#noteAt ??= this.first
    const status = this.#endBody[4]!
    if (this.state === 'head') {
      const head = this.#read(true)
      head.incomplete = true
      head.fault = this.#noHeadFault(status)
      this.tell(head, last)
      this.end(this.#section.size === 0 ? 'complete' : 'truncated', last)
    } else {
      // A gateway takes fewer bytes than were announced for a response cut short.
      const isShort = this.bodySeen < this.#announced
      this.end(
        isShort ? 'truncated' : 'complete',
        last,
        status === REQUEST_COMPLETE ? undefined : refused(status, last),
      )
    }
    this.id = 0
  }

  /** Why a request ended before there was a header section. */
  #noHeadFault(status: number): MessageFault {
    if (status !== REQUEST_COMPLETE) return refused(status, this.first)
    const { size } = this.#section
    const text =
      size === 0 ? 'The FastCGI response has no header section' : 'The FastCGI response ends inside its header section'
    return { at: this.first, part: size === 0 ? 'start-line' : 'field', text }
  }

  protected override beforeEnd(): void {
    const complaint = latin1(this.#stderr.bytes, 0, takeExcerpt(this.#stderr).length)
    const appStatus = u32(this.#endBody, 0)
    const status = appStatus === 0 ? [] : [`appStatus ${appStatus}`]
    const lines = complaint === '' ? status : [complaint, ...status]
    if (lines.length > 0 && this.#noteAt !== null) this.note(lines.join('\n'), this.#noteAt)
  }

  #read(cut: boolean): Head {
    const head = this.#section.read(cut, this.asked())
    this.#announced = head.contentLength
    head.framing = 'records'
    return head
  }

  protected override cut(): Head {
    return this.#read(true)
  }

  protected override headSize(): number {
    return this.#section.size
  }

  /** A record of output that begins with a field name. */
  protected override isStart(b: Bytes, at: number, end: number): boolean {
    if (!record.isRecord(b, at, end, record.STDOUT) || u16(b, at + 4) === 0) return false
    const name = at + record.HEADER
    let p = name
    while (p < end && isToken(b[p]!)) p++
    return p > name && p < end && b[p] === COLON
  }

  protected override isEnd(b: Bytes, at: number, end: number): boolean {
    const tail = end - record.HEADER - END_LENGTH
    if (tail < at || !record.isRecord(b, tail, end, record.END_REQUEST)) return false
    return u16(b, tail + 4) === END_LENGTH && b[tail + 6] === 0 && u24(b, end - 3) === 0
  }
}

const refused = (status: number, at: Place): MessageFault => ({
  at,
  part: 'start-line',
  text: `The FastCGI application ended the request with ${record.statusName(status)}`,
})
