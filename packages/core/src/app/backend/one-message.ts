// One message a connection: a section, which says how long the body is, and the body. What comes behind is nobody's.
import type { Bytes } from '../../bytes/read.ts'
import type { Place } from '../http1/message.ts'
import { BackendScanner } from './scanner.ts'

/** A subclass reads the section; it calls `expectBody` once it has told the head. */
export abstract class OneMessageScanner extends BackendScanner {
  #isOver = false
  /** Body bytes to come; Infinity until the connection closes. */
  #remaining = 0

  /** Takes at least one byte of `b[p..end)`, which are the section's; answers where to go on. */
  protected abstract readSection(b: Bytes, p: number, end: number): number

  /** So many bytes are the body; `last` is the byte before it. */
  protected expectBody(length: number, last: Place): void {
    this.#remaining = length
    if (length === 0) this.#finish(last)
  }

  /** Another message comes after all. */
  protected expectMessage(): void {
    this.#isOver = false
  }

  protected override read(b: Bytes, p: number, end: number): number {
    if (this.#isOver) return end
    if (this.state === 'between') this.begin(this.place(p))
    if (this.state !== 'body') return this.readSection(b, p, end)
    const to = Math.min(end, p + this.#remaining)
    this.count(b, p, to)
    this.#remaining -= to - p
    if (this.#remaining === 0) this.#finish(this.place(to - 1))
    return to
  }

  protected override skip(length: number): boolean {
    if (this.#isOver) return true
    if (this.state !== 'body') return false
    const missed = Math.min(length, this.#remaining)
    this.miss(missed)
    this.#remaining -= missed
    if (this.#remaining === 0) this.#finish(this.place(missed - 1))
    return true
  }

  #finish(last: Place): void {
    this.#isOver = true
    this.end('complete', last)
  }
}
