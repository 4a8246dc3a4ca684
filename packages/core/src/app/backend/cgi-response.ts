// A response that is a CGI header section (RFC 3875 section 6) or a whole HTTP/1 one, then a body up to the announced
// length or the end of the connection: what uwsgi and SCGI applications answer. One response a connection.
import type { Bytes } from '../../bytes/read.ts'
import { COLON, CR, isToken, LF, showByte, startsWith } from '../http1/grammar.ts'
import type { Head, MessageScanner, MessageSink } from '../http1/message.ts'
import { OneMessageScanner } from './one-message.ts'
import { ResponseSection } from './response-section.ts'
import { isInterim } from './scanner.ts'

/** The response of an application to one request on its own connection. */
export const createCgiResponseScanner = (sink: MessageSink): MessageScanner => new CgiResponseScanner(sink)

/** No field has a longer name. */
const NAME_LIMIT = 256

class CgiResponseScanner extends OneMessageScanner {
  #section = new ResponseSection()
  /** The first bytes turned out to be a field name or an HTTP version. */
  #isNamed = false

  constructor(sink: MessageSink) {
    super('response', sink)
  }

  protected override readSection(b: Bytes, p: number, end: number): number {
    const stray = this.#isNamed ? -1 : this.#findStray(b, p, end)
    if (stray >= 0) {
      this.#section.add(b, p, stray, this.place(p))
      const at = this.#section.size + 1
      const text = `These bytes begin neither a CGI nor an HTTP response: byte ${at} is ${showByte(b[stray]!)}`
      this.refuse(this.place(stray), this.#section.bytes, this.place(stray), text)
      return stray
    }
    const to = this.#section.add(b, p, end, this.place(p))
    if (this.#section.isComplete) this.#deliver(this.#section.read(false, this.asked()), to)
    else if (this.#section.isTooLong) {
      this.fail({ at: this.place(to - 1), part: 'header-size', text: 'Header section is longer than 1 MiB' })
    }
    return to
  }

  /** Where the first line stops being `name:` or `HTTP/`; -1 while it does not. */
  #findStray(b: Bytes, from: number, end: number): number {
    const start = from - this.#section.size
    for (let p = from; p < end; p++) {
      const c = b[p]!
      const isFirst = p === start
      if (c === COLON && !isFirst) this.#isNamed = true
      else if ((c === CR || c === LF) && isFirst) this.#isNamed = true
      else if (c === 47 && p - start === 4 && this.#isHttp(b, from, p)) this.#isNamed = true
      else if (!isToken(c) || p - start === NAME_LIMIT) return p
      if (this.#isNamed) return -1
    }
    return -1
  }

  /** Whether the four bytes before `p` are `HTTP`. */
  #isHttp(b: Bytes, from: number, p: number): boolean {
    const { bytes } = this.#section
    const rest = 'HTTP'.slice(bytes.length)
    return startsWith(bytes, 0, bytes.length, 'HTTP'.slice(0, bytes.length)) && startsWith(b, from, p, rest)
  }

  #deliver(head: Head, to: number): void {
    // No gateway looks for chunks here: they are the body.
    if (head.framing === 'chunked' || head.framing === 'tunnel') head.framing = 'until-close'
    const length = head.framing === 'content-length' ? head.contentLength : Infinity
    const last = this.place(to - 1)
    this.tell(head, last)
    this.expectBody(head.framing === 'none' ? 0 : length, last)
    if (!isInterim(head)) return
    this.expectMessage()
    this.#isNamed = false
    this.#section = new ResponseSection()
  }

  protected override isStart(b: Bytes, at: number, end: number): boolean {
    // Only where the capture began late: there is one response.
    if (this.#section.size > 0) return false
    return startsWith(b, at, end, 'HTTP/1.') || startsWith(b, at, end, 'Status: ')
  }

  protected override cut(): Head {
    const head = this.#section.read(true, this.asked())
    if (head.framing === 'chunked' || head.framing === 'tunnel') head.framing = 'until-close'
    return head
  }

  protected override headSize(): number {
    return this.#section.size
  }

  protected override restart(): void {
    this.#isNamed = false
  }
}
