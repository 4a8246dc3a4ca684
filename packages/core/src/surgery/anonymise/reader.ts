// What scrubs both streams of a connection once their protocol is known.
import type { Sniffed } from '../../app/sniff.ts'
import type { Bytes } from '../../bytes/read.ts'
import type { Pseudonyms, Side, StreamEdits } from './contract.ts'

/** What every scrubber of messages works with. */
export interface Work {
  p: Pseudonyms
  edits: StreamEdits
}

/** Reads both sides of a protocol, as the engines of `observe/` do. */
export interface Reader {
  /** Whatever comes back is read as an answer, also when it looks like another protocol. */
  readonly takesAnyAnswer: boolean
  /** Whether `speaks` is what is read from a side. */
  expects(side: Side, speaks: Sniffed): boolean
  data(side: Side, bytes: Bytes, at: number, end: number, position: number): void
  /** `from` and `to` are the same where the beginning of the stream was not captured. */
  gap(side: Side, from: number, to: number): void
  end(): void
}

export const otherSide = (side: Side): Side => (side === 0 ? 1 : 0)

/**
 * Turns the offsets of a scanner, which counts the bytes it was told of, into positions. Every byte is told of, or told
 * missing, so one difference is all there is.
 */
export class Origin {
  #first = -1

  /** The scanner is told of bytes at `position`. */
  meet(position: number): void {
    if (this.#first < 0) this.#first = position
  }

  position(offset: number): number {
    return Math.max(0, this.#first) + offset
  }
}
