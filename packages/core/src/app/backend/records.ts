// Streams made of records: a header of fixed size that says how much content, and padding, comes behind it.
import type { Bytes } from '../../bytes/read.ts'
import type { MessageSink, Place } from '../http1/message.ts'
import { BackendScanner } from './scanner.ts'

/** Splits a stream into records, each as it comes in: none is kept. */
export abstract class RecordScanner extends BackendScanner {
  /** The header of the record at work. */
  protected readonly header: Bytes
  /** First byte of the record at work, and last byte of the one before. */
  protected first: Place = { offset: 0, frame: 0, time: 0 }
  protected before: Place = { offset: 0, frame: 0, time: 0 }
  /** Content of the record at work: how much was taken, and its length. */
  protected index = 0
  protected length = 0
  #padding = 0
  #filled = 0

  constructor(kind: 'request' | 'response', sink: MessageSink, headerLength: number) {
    super(kind, sink)
    this.header = new Uint8Array(headerLength)
  }

  /** What is wrong with byte `i` of a record's header; null when nothing is. Later bytes are not there yet. */
  protected abstract headerFault(i: number): string | null
  /** Lengths as the header says them. */
  protected abstract lengths(): { content: number; padding: number }
  /** The header is there. */
  protected abstract opened(): void
  /** Content `b[from..to)` of the record at work; `index` is that of the first byte. */
  protected abstract content(b: Bytes, from: number, to: number): void
  /** Content that is missing; answers whether the reader can do without. */
  protected abstract missed(length: number): boolean
  /** The record is over. */
  protected abstract closed(last: Place): void

  protected override read(b: Bytes, p: number, end: number): number {
    if (this.#filled < this.header.length) return this.#readHeader(b, p)
    const to = Math.min(end, p + this.length - this.index)
    if (to > p) {
      this.content(b, p, to)
      this.index += to - p
    }
    const padded = Math.min(this.#padding, end - to)
    this.#padding -= padded
    if (this.index === this.length && this.#padding === 0) this.#close(this.place(to + padded - 1))
    return to + padded
  }

  protected override skip(length: number): boolean {
    if (this.#filled < this.header.length) return false
    const missed = Math.min(length, this.length - this.index)
    if (missed > 0 && !this.missed(missed)) return false
    this.index += missed
    const padded = Math.min(length - missed, this.#padding)
    this.#padding -= padded
    const last = this.place(missed + padded - 1)
    if (this.index === this.length && this.#padding === 0) this.#close(last)
    return missed + padded === length
  }

  /** Whether so many bytes more belong to the record at work. */
  protected holds(length: number): boolean {
    return this.#filled === this.header.length && length <= this.length - this.index + this.#padding
  }

  /** The stream stops inside the header of what may have been a message's first record. */
  protected override flush(): void {
    if (this.#filled > 0 && this.#filled < this.header.length) this.begin(this.first)
  }

  protected override restart(): void {
    this.#filled = 0
    this.index = 0
    this.length = 0
    this.#padding = 0
  }

  /** Takes one byte of the header. */
  #readHeader(b: Bytes, p: number): number {
    const i = this.#filled
    if (i === 0) this.first = this.place(p)
    this.header[i] = b[p]!
    const fault = this.headerFault(i)
    if (fault !== null) {
      if (this.state === 'between') {
        this.refuse(this.first, this.header.subarray(0, i), this.place(p), fault)
        return p
      }
      this.fail({ at: this.place(p), part: 'chunk', text: fault })
      return p + 1
    }
    this.#filled++
    if (this.#filled < this.header.length) return p + 1
    const { content, padding } = this.lengths()
    this.index = 0
    this.length = content
    this.#padding = padding
    this.opened()
    if (content + padding === 0) this.#close(this.place(p))
    return p + 1
  }

  #close(last: Place): void {
    this.#filled = 0
    this.closed(last)
    this.before = last
  }
}
