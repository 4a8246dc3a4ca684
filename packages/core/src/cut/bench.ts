// Where cuts are made. Each is a draft first, which is read again before anybody gets it: a file beside its place, or a
// piece of memory.
import type { Bytes } from '../bytes/read.ts'
import type { DecompressionPort } from '../capture/compression.ts'
import type { ObservedFiles } from '../observe/files.ts'

/** A capture in the making. */
export interface Draft {
  /** By this what is read of it is told from what is read of others; no draft’s name begins with another’s. */
  readonly name: string
  /** Takes bytes that belong to it from then on. Throws where there is no room. */
  emit(bytes: Bytes): void
  /** All of it is there. */
  close(): void
  /** The bytes from the beginning, as often as wanted. */
  open(): AsyncIterable<Bytes>
  /** Leaves nothing behind. */
  discard(): void
}

/**
 * `final` is handed on once it is proven. Of an `original`, which is nobody else's business, an anonymised cut is made:
 * `hidden` while it says nothing of itself, and then a `final`.
 */
export type DraftKind = 'final' | 'original' | 'hidden'

/** What making cuts needs of the platform. */
export interface CutBench<D extends Draft> {
  readonly decompression: DecompressionPort
  /** A draft of the output of this number. There is never more than one of a kind, nor an original beside a final. */
  draft(output: number, kind: DraftKind): D | Promise<D>
  /** Observes drafts as captures, with the key logs that the captures were read with and these; null: without any. */
  read(drafts: readonly D[], keyLogs: readonly string[] | null): Promise<Omit<ObservedFiles, 'files'>>
  /** So many bytes that nobody guesses. */
  random(length: number): Bytes
}
