// FastCGI requests, in the bytes that a gateway sends (FastCGI specification 1.0, section 5).
//
// Requests on one connection come one behind the other: no gateway in use mixes them, and no application allows it.
// Where two are mixed all the same, the reader says so and stops.
import { type Bytes, u24 } from '../../bytes/read.ts'
import { cgiParts, contentLengthOf, requestHead, VARIABLES_KEPT } from '../backend/request-head.ts'
import { append } from '../http1/excerpt.ts'
import type { Head, MessageFault, MessageScanner, MessageSink, Place } from '../http1/message.ts'
import { readParams } from './params.ts'
import * as record from './record.ts'
import { FastCgiScanner } from './scanner.ts'

/** Requests to a FastCGI application. */
export const createFastCgiRequestScanner = (sink: MessageSink): MessageScanner => new FastCgiRequestScanner(sink)

const NO_BYTES: Bytes = new Uint8Array(0)

class FastCgiRequestScanner extends FastCgiScanner {
  #keepConnection = false
  /** The section of parameters: its beginning, and its true length. */
  #params: Bytes = NO_BYTES
  #size = 0

  constructor(sink: MessageSink) {
    super('request', sink)
  }

  protected override opened(): void {
    const id = record.requestId(this.header)
    if (record.typeOf(this.header) !== record.BEGIN_REQUEST || id === 0) return
    if (this.id !== 0 && this.id !== id) {
      this.fail({ at: this.first, part: 'chunk', text: 'FastCGI requests are mixed on one connection' })
      return
    }
    if (this.id !== 0) this.abandon(this.before)
    this.id = id
    this.#size = 0
    this.#keepConnection = false
    this.begin(this.first)
  }

  protected override content(b: Bytes, from: number, to: number): void {
    const type = this.type
    if (type === record.BEGIN_REQUEST) {
      // role (2), flags (1), reserved (5)
      const flags = from + 2 - this.index
      if (flags >= from && flags < to) this.#keepConnection = (b[flags]! & record.KEEP_CONN) !== 0
    } else if (type === record.PARAMS && this.state === 'head') {
      const room = Math.max(0, Math.min(to - from, VARIABLES_KEPT - this.#size))
      if (room > 0) this.#params = append(this.#params, this.#size, b, from, from + room)
      this.#size += to - from
    } else if (type === record.STDIN && this.state === 'body') this.count(b, from, to)
  }

  protected override missed(length: number): boolean {
    if (this.type === record.STDIN && this.state === 'body') this.miss(length)
    return true
  }

  protected override closed(last: Place): void {
    const type = this.type
    // An empty record ends a stream (section 3.3).
    if (type === record.PARAMS && this.length === 0 && this.state === 'head') this.#deliver(last)
    else if (type === record.STDIN && this.length === 0) {
      if (this.state === 'head') this.#deliver(last)
      this.id = 0
      this.end('complete', last)
    } else if (type === record.ABORT_REQUEST) {
      this.id = 0
      this.abandon(last)
    }
  }

  #deliver(last: Place): void {
    this.tell(this.#read(last), last)
  }

  protected override cut(): Head {
    return this.#read(null)
  }

  /** `last`: where the section ends, null where it is cut. */
  #read(last: Place | null): Head {
    const kept = Math.min(this.#size, VARIABLES_KEPT)
    const { variables, whole } = readParams(this.#params, 0, kept)
    const text = 'A FastCGI parameter is longer than the section it is in'
    const fault: MessageFault | null =
      last === null || whole || kept < this.#size ? null : { at: last, part: 'field', text }
    this.#params = NO_BYTES
    return requestHead({
      ...cgiParts(variables, last === null || !whole),
      size: this.#size,
      framing: 'records',
      contentLength: contentLengthOf(variables),
      persistent: this.#keepConnection,
      fault,
    })
  }

  protected override headSize(): number {
    return this.#size
  }

  protected override isStart(b: Bytes, at: number, end: number): boolean {
    // A role is 1 to 3, and its record 8 bytes long.
    if (!record.isRecord(b, at, end, record.BEGIN_REQUEST) || b[at + 4] !== 0 || b[at + 5] !== 8) return false
    return end - at < 10 || (b[at + 8] === 0 && b[at + 9]! >= 1 && b[at + 9]! <= 3)
  }

  /** The empty record that ends FCGI_STDIN. */
  protected override isEnd(b: Bytes, at: number, end: number): boolean {
    const tail = end - record.HEADER
    return tail >= at && record.isRecord(b, tail, end, record.STDIN) && u24(b, tail + 4) === 0
  }
}
