// Cuts in memory: what is written is handed to the browser piece by piece, which keeps large ones on its disk.
import type { Bytes, Draft } from '@pcap-surgery/core'
import { bytesOf } from './bytes.ts'
import { Refused } from './session.ts'

/** Bytes gathered before they are handed over. */
const PIECE = 1 << 20

/** Refuses more than `most` bytes with a sentence. */
export class MemoryDraft implements Draft {
  readonly name: string
  readonly #most: number
  #piece: Uint8Array<ArrayBuffer> = new Uint8Array(PIECE)
  #filled = 0
  #blob: Blob = new Blob([])
  #pieces: Blob[] = []

  constructor(name: string, most: number) {
    this.name = name
    this.#most = most
  }

  /** All of it, once it is closed. */
  get blob(): Blob {
    return this.#blob
  }

  emit(bytes: Bytes): void {
    if (this.#pieces.length * PIECE + this.#filled + bytes.length > this.#most)
      throw new Refused(
        `the cut would have more than ${this.#most >> 20} MiB, more than a page should hold; the command has room for it: pcap-surgery isolate`,
      )
    for (let at = 0; at < bytes.length;) {
      const taken = Math.min(bytes.length - at, PIECE - this.#filled)
      this.#piece.set(bytes.subarray(at, at + taken), this.#filled)
      this.#filled += taken
      at += taken
      if (this.#filled === PIECE) this.#flush()
    }
  }

  close(): void {
    this.#flush()
    this.#blob = new Blob(this.#pieces)
    this.#pieces = []
    this.#piece = new Uint8Array(0)
  }

  open(): AsyncIterable<Bytes> {
    return bytesOf({ id: -1, name: this.name, size: this.#blob.size, blob: this.#blob, url: null })
  }

  discard(): void {
    this.#pieces = []
    this.#blob = new Blob([])
  }

  /** A blob copies what it is made of. */
  #flush(): void {
    this.#pieces.push(new Blob([this.#piece.subarray(0, this.#filled)]))
    this.#filled = 0
  }
}
