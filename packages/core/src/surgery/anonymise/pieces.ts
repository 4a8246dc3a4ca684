// Bytes of a message that comes in pieces, with other bytes between them: gathered, changed, and written back to where
// each came from.
import type { Bytes } from '../../bytes/read.ts'
import { append } from '../../app/http1/excerpt.ts'
import type { Side, StreamEdits } from './contract.ts'

const NO_BYTES: Bytes = new Uint8Array(0)

/** One side's edits. */
export class SideEdits {
  readonly #edits: StreamEdits
  readonly #side: Side

  constructor(edits: StreamEdits, side: Side) {
    this.#edits = edits
    this.#side = side
  }

  keep(from: number, to: number): void {
    if (to > from) this.#edits.keep(this.#side, from, to)
  }

  /** The bytes belong to the edits from then on. */
  replace(from: number, bytes: Bytes): void {
    if (bytes.length > 0) this.#edits.replace(this.#side, from, bytes)
  }
}

export class Pieces {
  readonly #limit: number
  #buffer: Bytes = NO_BYTES
  #length = 0
  /** Where each piece begins, here and in the stream. */
  #starts: { at: number; position: number }[] = []

  /** `limit`: bytes kept; of what comes behind them nothing is said. */
  constructor(limit: number) {
    this.#limit = limit
  }

  get length(): number {
    return this.#length
  }

  /** What was gathered, to be changed in place. */
  get bytes(): Bytes {
    return this.#buffer.subarray(0, this.#length)
  }

  /** Nothing more is taken. */
  get isFull(): boolean {
    return this.#length === this.#limit
  }

  /** Takes `b[at..end)`, whose first byte has this position. */
  add(b: Bytes, at: number, end: number, position: number): void {
    const to = Math.min(end, at + this.#limit - this.#length)
    if (to <= at) return
    const last = this.#starts.at(-1)
    const follows = last !== undefined && last.position + this.#length - last.at === position
    if (!follows) this.#starts.push({ at: this.#length, position })
    this.#buffer = append(this.#buffer, this.#length, b, at, to)
    this.#length += to - at
  }

  /** Writes the bytes `from` to `to - 1` back, and forgets nothing. */
  replace(edits: SideEdits, from = 0, to: number = this.#length): void {
    this.each(from, to, (position, at, end) => edits.replace(position, this.#buffer.slice(at, end)))
  }

  /** The bytes `from` to `to - 1` stay as they came. */
  keep(edits: SideEdits, from: number, to: number): void {
    this.each(from, to, (position, at, end) => edits.keep(position, position + end - at))
  }

  /** What stands from `from` on, as pieces of their own. */
  behind(from: number, limit: number): Pieces {
    const rest = new Pieces(limit)
    this.each(from, this.#length, (position, at, end) => rest.add(this.#buffer, at, end, position))
    return rest
  }

  clear(): void {
    this.#buffer = NO_BYTES
    this.#length = 0
    this.#starts = []
  }

  /** Tells where the bytes `from` to `to - 1` came from, piece by piece. */
  each(from: number, to: number, tell: (position: number, at: number, end: number) => void): void {
    for (const [i, { at, position }] of this.#starts.entries()) {
      const first = Math.max(from, at)
      const end = Math.min(to, this.#starts[i + 1]?.at ?? this.#length)
      if (first < end) tell(position + first - at, first, end)
    }
  }
}
