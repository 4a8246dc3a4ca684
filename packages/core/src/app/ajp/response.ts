// AJP responses, in the bytes that a container sends: SEND_HEADERS, any number of SEND_BODY_CHUNK, END_RESPONSE.
import { type Bytes, latin1Bytes, u16 } from '../../bytes/read.ts'
import { RecordScanner } from '../backend/records.ts'
import { oneLine } from '../backend/request-head.ts'
import { append } from '../http1/excerpt.ts'
import { readHead } from '../http1/head.ts'
import type { Head, MessageScanner, MessageSink, Place } from '../http1/message.ts'
import * as packet from './packet.ts'

/** Responses of an AJP container. */
export const createAjpResponseScanner = (sink: MessageSink): MessageScanner => new AjpResponseScanner(sink)

const NO_BYTES: Bytes = new Uint8Array(0)
const HEADERS =
  'Content-Type Content-Language Content-Length Date Last-Modified Location Set-Cookie Set-Cookie2 Servlet-Engine Status WWW-Authenticate'.split(
    ' ',
  )
/** SEND_BODY_CHUNK: type (1), length (2), the chunk, NUL. */
const CHUNK_AT = 3

class AjpResponseScanner extends RecordScanner {
  /** Type of the packet at work; 0 before its first byte. */
  #type = 0
  /** Data of SEND_HEADERS. */
  #bytes: Bytes = NO_BYTES
  #size = 0
  #chunk = 0
  /** Content-Length, -1 without. */
  #announced = -1

  constructor(sink: MessageSink) {
    super('response', sink, packet.HEADER)
  }

  protected override headerFault(i: number): string | null {
    return packet.headerFault(this.header, i, packet.TO_GATEWAY)
  }

  protected override lengths(): { content: number; padding: number } {
    return { content: u16(this.header, 2), padding: 0 }
  }

  protected override opened(): void {
    this.#type = 0
    this.#chunk = 0
  }

  protected override content(b: Bytes, from: number, to: number): void {
    if (this.index === 0) this.#openType(b[from]!)
    if (this.#type === packet.SEND_HEADERS && this.state === 'head') {
      this.#bytes = append(this.#bytes, this.#size, b, from, to)
      this.#size += to - from
    } else if (this.#type === packet.SEND_BODY_CHUNK && this.state === 'body') this.#readChunk(b, from, to)
  }

  #openType(type: number): void {
    this.#type = type
    // GET_BODY_CHUNK and CPONG are no part of a response.
    if (type < packet.SEND_BODY_CHUNK || type > packet.END_RESPONSE) return
    if (this.state === 'between') {
      this.#size = 0
      this.#announced = -1
      this.begin(this.first)
    }
  }

  #readChunk(b: Bytes, from: number, to: number): void {
    let p = from
    for (; p < to && this.index + p - from < CHUNK_AT; p++) {
      if (this.index + p - from > 0) this.#chunk = (this.#chunk << 8) | b[p]!
    }
    const end = Math.min(to, p + Math.max(0, this.#chunk - (this.index + p - from - CHUNK_AT)))
    if (end > p) this.count(b, p, end)
  }

  protected override missed(length: number): boolean {
    if (this.index === 0) return false
    if (this.#type !== packet.SEND_BODY_CHUNK) return true
    if (this.index < CHUNK_AT) return false
    this.miss(Math.max(0, Math.min(length, this.#chunk - (this.index - CHUNK_AT))))
    return true
  }

  protected override closed(last: Place): void {
    if (this.#type === packet.SEND_HEADERS && this.state === 'head') {
      const head = this.#read(false)
      this.#announced = head.contentLength
      this.tell(head, last)
    } else if (this.#type === packet.SEND_BODY_CHUNK && this.state === 'head') {
      this.fail({ at: this.first, part: 'start-line', text: 'AJP body without SEND_HEADERS before it' })
    } else if (this.#type === packet.END_RESPONSE) this.#endResponse(last)
  }

  #endResponse(last: Place): void {
    if (this.state === 'head') {
      const head = this.#read(true)
      head.incomplete = true
      head.fault = { at: this.first, part: 'start-line', text: 'AJP response without SEND_HEADERS' }
      this.tell(head, last)
    }
    this.end(this.bodySeen < this.#announced ? 'truncated' : 'complete', last)
  }

  /** SEND_HEADERS: type (1), status (2), reason phrase, number of headers (2), names and values. */
  #read(cut: boolean): Head {
    const data = new packet.PacketReader(this.#bytes, 1, this.#size)
    const status = data.integer()
    const reason = data.string() ?? ''
    const lines = [data.whole || status > 0 ? `HTTP/1.1 ${status} ${oneLine(reason)}\r\n` : 'HTTP/1.1 ']
    for (let left = data.integer(); left > 0 && data.whole; left--) {
      const name = data.headerName(HEADERS)
      const value = data.string() ?? ''
      if (name !== null && data.whole) lines.push(`${oneLine(name)}: ${oneLine(value)}\r\n`)
    }
    const b = latin1Bytes(`${lines.join('')}${status > 0 ? '\r\n' : ''}`)
    const isCut = cut || !data.whole
    const placeInHead = () => this.first
    const head: Head = readHead('response', b, 0, b.length, isCut, this.asked(), { placeInHead })
    head.size = this.#size
    head.framing = 'records'
    if (!cut && !data.whole) {
      head.fault ??= { at: this.first, part: 'field', text: 'AJP packet ends inside its header fields' }
    }
    this.#bytes = NO_BYTES
    return head
  }

  protected override cut(): Head {
    return this.#read(true)
  }

  protected override headSize(): number {
    return this.#size
  }

  protected override isStart(b: Bytes, at: number, end: number): boolean {
    const { HEADER, SEND_HEADERS, TO_GATEWAY } = packet
    return end - at > HEADER && u16(b, at) === TO_GATEWAY && u16(b, at + 2) > 6 && b[at + HEADER] === SEND_HEADERS
  }

  /** END_RESPONSE: two bytes of data, type and whether the connection is used again. */
  protected override isEnd(b: Bytes, at: number, end: number): boolean {
    const tail = end - packet.HEADER - 2
    if (tail < at || u16(b, tail) !== packet.TO_GATEWAY || u16(b, tail + 2) !== 2) return false
    return b[tail + 4] === packet.END_RESPONSE && b[tail + 5]! <= 1
  }
}
