// What scrubbers of protocols that are made of records (FastCGI, AJP) have in common.
import { RecordScanner } from '../../app/backend/records.ts'
import type { Sniffed } from '../../app/sniff.ts'
import type { Bytes } from '../../bytes/read.ts'
import type { Pseudonyms, Side } from './contract.ts'
import { foreignSink } from './opaque.ts'
import { SideEdits } from './pieces.ts'
import { Origin, type Reader, type Work } from './reader.ts'

/** One side. Headers of records stay; what becomes of their content is up to the protocol. */
export abstract class RecordSide extends RecordScanner {
  protected readonly p: Pseudonyms
  protected readonly edits: SideEdits
  protected readonly origin: Origin
  protected readonly isRequest: boolean

  constructor({ p, edits }: Work, side: Side, isRequest: boolean, headerLength: number) {
    const own = new SideEdits(edits, side)
    const origin = new Origin()
    super(isRequest ? 'request' : 'response', foreignSink(p, own, origin), headerLength)
    this.p = p
    this.edits = own
    this.origin = origin
    this.isRequest = isRequest
  }

  data(bytes: Bytes, at: number, end: number, position: number): void {
    this.origin.meet(position)
    this.push(bytes, at, end, 0, 0)
  }

  /** `from` and `to` are the same where the beginning of the stream was not captured. */
  lost(from: number, to: number): void {
    this.origin.meet(from)
    this.cutOff()
    this.gap(to - from, 0, 0)
  }

  /** Bytes are missing from here on. */
  protected abstract cutOff(): void
  /** The stream is over. */
  abstract over(): void

  /** The first `length` bytes of the header at work stay. */
  protected keepHeader(length: number): void {
    const first = this.origin.position(this.first.offset)
    this.edits.keep(first, first + length)
  }

  protected override missed(): boolean {
    return true
  }

  protected override headSize(): number {
    return 0
  }
}

/** Both sides of a protocol whose streams tell it from others alone. */
export class RecordScrubber implements Reader {
  // What answers in a protocol that is known is scrubbed as that.
  readonly takesAnyAnswer = false
  readonly #speaks: Sniffed
  readonly #sides: readonly [RecordSide, RecordSide]

  constructor(speaks: Sniffed, sides: readonly [RecordSide, RecordSide]) {
    this.#speaks = speaks
    this.#sides = sides
  }

  expects(_side: Side, speaks: Sniffed): boolean {
    return speaks === this.#speaks || speaks === 'unknown' || speaks === 'text'
  }

  data(side: Side, bytes: Bytes, at: number, end: number, position: number): void {
    this.#sides[side].data(bytes, at, end, position)
  }

  gap(side: Side, from: number, to: number): void {
    this.#sides[side].lost(from, to)
  }

  end(): void {
    for (const side of this.#sides) side.over()
  }
}
