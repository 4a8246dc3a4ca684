// AJP requests, in the bytes that a gateway sends. The body follows in packets without a type: the first at once, the
// others as the container asks for them (GET_BODY_CHUNK); where its length was not announced, an empty one ends it.
import { type Bytes, u16 } from '../../bytes/read.ts'
import { RecordScanner } from '../backend/records.ts'
import { requestHead, VARIABLES_KEPT } from '../backend/request-head.ts'
import { append } from '../http1/excerpt.ts'
import type { Head, MessageFault, MessageScanner, MessageSink, Place } from '../http1/message.ts'
import { readForwardRequest } from './forward-request.ts'
import { FORWARD_REQUEST, HEADER, headerFault, TO_CONTAINER } from './packet.ts'

/** Requests to an AJP container. */
export const createAjpRequestScanner = (sink: MessageSink): MessageScanner => new AjpRequestScanner(sink)

const NO_BYTES: Bytes = new Uint8Array(0)
/** A body packet's data begins with the length of the body in it; lighttpd 1.4.69 sends the body alone. */
const CHUNK_LENGTH = 2

class AjpRequestScanner extends RecordScanner {
  #bytes: Bytes = NO_BYTES
  #size = 0
  /** Body bytes to come; Infinity until an empty packet. */
  #remaining = 0
  /** The packet at work carries body, and has told so much of it. */
  #isBody = false
  #chunk = 0
  readonly #chunkLength: Bytes = new Uint8Array(CHUNK_LENGTH)

  constructor(sink: MessageSink) {
    super('request', sink, HEADER)
  }

  protected override headerFault(i: number): string | null {
    return headerFault(this.header, i, TO_CONTAINER)
  }

  protected override lengths(): { content: number; padding: number } {
    return { content: u16(this.header, 2), padding: 0 }
  }

  protected override opened(): void {
    this.#isBody = this.state === 'body'
    this.#chunk = 0
  }

  protected override content(b: Bytes, from: number, to: number): void {
    if (this.#isBody) {
      this.#readBody(b, from, to)
      return
    }
    // CPING, PING and SHUTDOWN are no requests, and neither is an empty packet behind the body's end.
    if (this.index === 0 && b[from] === FORWARD_REQUEST) {
      this.#size = 0
      this.begin(this.first)
    }
    if (this.state !== 'head') return
    const kept = Math.min(to, from + VARIABLES_KEPT - this.#size)
    this.#bytes = append(this.#bytes, this.#size, b, from, kept)
    this.#size += to - from
  }

  #readBody(b: Bytes, from: number, to: number): void {
    let p = from
    for (; p < to && this.index + p - from < CHUNK_LENGTH; p++) {
      const i = this.index + p - from
      this.#chunkLength[i] = b[p]!
      this.#chunk = (this.#chunk << 8) | b[p]!
      if (i + 1 === CHUNK_LENGTH && this.#chunk > this.length - CHUNK_LENGTH) this.#isWithoutLength()
    }
    const left = this.#chunk - (this.index + p - from - CHUNK_LENGTH)
    const end = Math.min(to, p + Math.max(0, left))
    if (end <= p) return
    this.count(b, p, end)
    this.#remaining -= end - p
  }

  /** What was taken for a length does not fit its packet: it is body as well. */
  #isWithoutLength(): void {
    this.#chunk = this.length
    this.count(this.#chunkLength, 0, CHUNK_LENGTH)
    this.#remaining -= CHUNK_LENGTH
  }

  protected override missed(length: number): boolean {
    if (!this.#isBody) return true
    if (this.index < CHUNK_LENGTH) return false
    this.miss(length)
    this.#remaining -= length
    return true
  }

  protected override closed(last: Place): void {
    if (this.state === 'head') {
      const head = this.#read(last)
      this.tell(head, last)
      this.#remaining = head.framing === 'records' ? Infinity : Math.max(0, head.contentLength)
      if (this.#remaining === 0) this.end('complete', last)
    } else if (this.#isBody && (this.#remaining <= 0 || this.#chunk === 0)) {
      // An empty packet before the announced length: the client was gone.
      this.end(this.#remaining > 0 && this.#remaining < Infinity ? 'truncated' : 'complete', last)
    }
  }

  /** `last`: where the packet ends, null where it is cut. */
  #read(last: Place | null): Head {
    const { method, target, fields, whole } = readForwardRequest(this.#bytes, 1, this.#size)
    this.#bytes = NO_BYTES
    const length = fields.find(([name, value]) => name === 'content-length' && /^\d{1,15}$/.test(value))?.[1]
    const contentLength = length === undefined ? -1 : Number(length)
    const isChunked = length === undefined && fields.some(([name]) => name === 'transfer-encoding')
    const text = 'The AJP packet ends inside the request it forwards'
    const fault: MessageFault | null = last === null || whole ? null : { at: last, part: 'field', text }
    const framing = isChunked ? 'records' : contentLength > 0 ? 'content-length' : 'none'
    // AJP connections stay open until a side says otherwise, in END_RESPONSE.
    return requestHead({ method, target, fields, size: this.#size, framing, contentLength, persistent: true, fault })
  }

  protected override cut(): Head {
    return this.#read(null)
  }

  protected override headSize(): number {
    return this.#size
  }

  protected override isStart(b: Bytes, at: number, end: number): boolean {
    return end - at > HEADER && u16(b, at) === TO_CONTAINER && u16(b, at + 2) > 8 && b[at + HEADER] === FORWARD_REQUEST
  }
}
