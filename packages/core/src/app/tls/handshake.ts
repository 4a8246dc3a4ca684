// Handshake messages out of record bodies (RFC 8446 section 4): several in one record, or one over several.
import { type Bytes, u24 } from '../../bytes/read.ts'
import type { Place } from '../http1/message.ts'

/** type(1) length(3) */
const HEADER = 4

/** Bytes kept of one message: a chain of certificates with post-quantum keys takes some 50 KiB. */
const KEPT = 128 * 1024

const NO_BYTES: Bytes = new Uint8Array(0)

export interface MessageSink {
  /**
   * `b[at..end)` is the message without its header, valid during the call; `whole`: all `length` bytes of it. `first`
   * and `last` are the places of the records where it begins and ends.
   */
  message(
    type: number,
    length: number,
    b: Bytes,
    at: number,
    end: number,
    whole: boolean,
    first: Place,
    last: Place,
  ): void
}

export class HandshakeJoiner {
  readonly #sink: MessageSink
  #buffer: Bytes = NO_BYTES
  /** Bytes of the message so far, header included. */
  #size = 0
  /** Of them in the buffer. */
  #kept = 0
  #first: Place = { offset: 0, frame: -1, time: -1 }
  #last: Place = this.#first
  /** Bytes to come of a message that was told cut. */
  #skip = 0

  constructor(sink: MessageSink) {
    this.#sink = sink
  }

  /** A record's body: `b[at..end)`, and behind it `missing` bytes that nobody has. */
  push(b: Bytes, at: number, end: number, missing: number, first: Place, last: Place): void {
    const skipped = Math.min(this.#skip, end - at)
    this.#skip -= skipped
    this.#last = last
    for (let p = at + skipped; p < end;) {
      if (this.#size === 0) {
        this.#first = first
        const next = end - p >= HEADER ? p + HEADER + u24(b, p + 1) : Infinity
        if (next <= end) {
          this.#sink.message(b[p]!, next - p - HEADER, b, p + HEADER, next, true, first, last)
          p = next
          continue
        }
      }
      const take = Math.min(this.#want() - this.#size, end - p)
      this.#keep(b, p, p + take)
      p += take
      if (this.#size >= HEADER && this.#size === this.#want()) this.#tell()
    }
    if (missing === 0) return
    const rest = this.#size > 0 ? this.#want() - this.#size : this.#skip
    this.cut()
    this.#skip = Math.max(0, rest - missing)
  }

  /** Nothing follows: tells what there is of an unfinished message. */
  cut(): void {
    if (this.#size >= HEADER) this.#tell()
    this.#reset()
  }

  /** Size of the message with its header, as far as known. */
  #want(): number {
    return this.#size < HEADER ? HEADER : HEADER + u24(this.#buffer, 1)
  }

  #keep(b: Bytes, from: number, to: number): void {
    const take = Math.min(to - from, KEPT - this.#kept)
    if (this.#kept + take > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(1024, 2 * this.#buffer.length, this.#kept + take))
      larger.set(this.#buffer.subarray(0, this.#kept))
      this.#buffer = larger
    }
    this.#buffer.set(b.subarray(from, from + take), this.#kept)
    this.#kept += take
    this.#size += to - from
  }

  #tell(): void {
    const length = u24(this.#buffer, 1)
    const whole = this.#kept === HEADER + length
    const buffer = this.#buffer
    const end = this.#kept
    this.#reset()
    this.#sink.message(buffer[0]!, length, buffer, HEADER, end, whole, this.#first, this.#last)
  }

  #reset(): void {
    this.#buffer = NO_BYTES
    this.#size = 0
    this.#kept = 0
    this.#skip = 0
  }
}
