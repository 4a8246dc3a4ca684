// What reads both streams of a connection once their protocol is known.
import type { Sniffed } from '../app/sniff.ts'
import type { TlsFacts } from '../app/tls/facts.ts'
import type { Bytes } from '../bytes/read.ts'
import type { ExchangeTable, Http2Facts, SideIndex } from './observations.ts'

/** What an engine leaves when the connection is over. */
export interface Told {
  exchanges: ExchangeTable
  http2: Http2Facts | null
  tls: TlsFacts | null
  /** What each tracker side speaks inside of TLS, where that was decrypted. */
  inside: [Sniffed | null, Sniffed | null]
}

/** `from` is the tracker's side; `position` the place in that side's TCP stream of the first byte given (or missing). */
export interface Engine {
  /** Whatever comes back is judged as an answer, also when it looks like another protocol. */
  readonly takesAnyAnswer: boolean
  /** Whether `speaks` is what this engine reads from a side. */
  expects(from: SideIndex, speaks: Sniffed): boolean
  push(from: SideIndex, bytes: Bytes, at: number, end: number, position: number, frame: number, time: number): void
  gap(from: SideIndex, length: number, position: number, frame: number, time: number): void
  /** The side sends no more: it closed (FIN), or the connection was reset. */
  finish(from: SideIndex, closed: boolean, frame: number, time: number): void
  /** The connection or the capture is over. */
  end(frame: number, time: number): void
  told(): Told
  /** What it would leave if the capture ended here; it goes on all the same. */
  standing(): Told
  /** Both sides have ended, all went well, and nothing that may still come changes what it tells. */
  readonly isSettled: boolean
  /** Lets go of exchanges that were over at `time`, as far as nothing rests on them. */
  forget(time: number): void
}

/** In the place of an engine that is settled: what it told, and a fifth of what it takes. */
export class SettledEngine implements Engine {
  readonly takesAnyAnswer = false
  readonly isSettled = true
  readonly #told: Told

  constructor(told: Told) {
    this.#told = told
  }

  expects(): boolean {
    return false
  }

  push(): void {}

  gap(): void {}

  finish(): void {}

  end(): void {}

  told(): Told {
    return this.#told
  }

  standing(): Told {
    return this.#told
  }

  forget(): void {}
}

/** Turns a reader's offsets into positions: true for the bytes at work, which is when readers tell of them. */
export class Positions {
  #base = 1
  #fed = 0

  feed(position: number, length: number): void {
    this.#base = position - this.#fed
    this.#fed += length
  }

  of(offset: number): number {
    return this.#base + offset
  }

  /** Behind all that was fed. */
  get end(): number {
    return this.#base + this.#fed
  }
}
