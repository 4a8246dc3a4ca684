// A request that is one section of variables, its length said first, and a body of CONTENT_LENGTH bytes: what uwsgi and
// SCGI have in common. One request a connection.
import type { Bytes } from '../../bytes/read.ts'
import { append } from '../http1/excerpt.ts'
import type { Head, MessageFault, MessageSink, Place } from '../http1/message.ts'
import { OneMessageScanner } from './one-message.ts'
import { cgiParts, contentLengthOf, requestHead, type Variable, VARIABLES_KEPT } from './request-head.ts'

const NO_BYTES: Bytes = new Uint8Array(0)
/** Longest prefix that says a length. */
const PREFIX_LIMIT = 16

export abstract class OneRequestScanner extends OneMessageScanner {
  /** What comes before the section. */
  protected readonly prefix: Bytes = new Uint8Array(PREFIX_LIMIT)
  #prefixLength = 0
  /** Length of the section, -1 until it is known; and how much of it came. */
  #length = -1
  #size = 0
  #bytes: Bytes = NO_BYTES

  constructor(sink: MessageSink) {
    super('request', sink)
  }

  /** Looks at byte `i` of `prefix`: the section's length when it ends there, null when more comes, or what is wrong. */
  protected abstract lengthAt(i: number): number | null | string
  /** The variables in the section `b[0..end)`; `whole` when nothing is left over. */
  protected abstract variables(b: Bytes, end: number): { variables: Variable[]; whole: boolean }

  protected override readSection(b: Bytes, p: number, end: number): number {
    return this.#length < 0 ? this.#readPrefix(b, p) : this.#readVariables(b, p, end)
  }

  #readPrefix(b: Bytes, p: number): number {
    const i = this.#prefixLength
    this.prefix[i] = b[p]!
    const length = this.lengthAt(i)
    if (typeof length === 'string') {
      this.refuse(this.place(p), this.prefix.subarray(0, i), this.place(p), length)
      return p
    }
    this.#prefixLength++
    if (length === null) return p + 1
    this.#length = length
    if (length === 0) this.#deliver(this.place(p))
    return p + 1
  }

  #readVariables(b: Bytes, p: number, end: number): number {
    const to = Math.min(end, p + this.#length - this.#size)
    const kept = Math.min(to, p + VARIABLES_KEPT - this.#size)
    if (kept > p) this.#bytes = append(this.#bytes, this.#size, b, p, kept)
    this.#size += to - p
    if (this.#size === this.#length) this.#deliver(this.place(to - 1))
    return to
  }

  #deliver(last: Place): void {
    const head = this.#read(last)
    this.tell(head, last)
    this.expectBody(Math.max(0, head.contentLength), last)
  }

  /** `last`: where the section ends, null where it is cut. */
  #read(last: Place | null): Head {
    const kept = Math.min(this.#size, VARIABLES_KEPT)
    const { variables, whole } = this.variables(this.#bytes, kept)
    const text = 'The variables of the request do not fill their section'
    const fault: MessageFault | null =
      last === null || whole || kept < this.#size ? null : { at: last, part: 'field', text }
    this.#bytes = NO_BYTES
    const contentLength = contentLengthOf(variables)
    const framing = contentLength > 0 ? 'content-length' : 'none'
    const size = this.#prefixLength + this.#size
    return requestHead({
      ...cgiParts(variables, last === null || !whole),
      size,
      framing,
      contentLength,
      persistent: false,
      fault,
    })
  }

  protected override cut(): Head {
    return this.#read(null)
  }

  protected override headSize(): number {
    return this.#prefixLength + this.#size
  }

  /** A connection that was met behind its beginning has no request to come. */
  protected override isStart(): boolean {
    return false
  }

  protected override restart(): void {}
}
