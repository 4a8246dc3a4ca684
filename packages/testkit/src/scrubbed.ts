// What becomes of the two streams of a connection when a scrubber has read them: for tests of what anonymises.
import { type Bytes, text } from './bytes.ts'

type Side = 0 | 1

/** A piece of a side: bytes, or a number of bytes that were not captured. */
export type StreamPiece = readonly [side: Side, what: string | ArrayLike<number> | number]

interface Edits {
  keep(side: Side, from: number, to: number): void
  replace(side: Side, from: number, bytes: Bytes): void
}

interface Scrubber {
  data(side: Side, bytes: Bytes, at: number, end: number, position: number): void
  gap(side: Side, from: number, to: number): void
  end(): void
}

/** Stands for bytes that nobody spoke of, and for those that were not captured. */
const FILL = 'x'
const NOT_CAPTURED = '?'

const bytesOf = (what: string | ArrayLike<number>): Bytes =>
  typeof what === 'string' ? text(what) : Uint8Array.from(what)

/** Both streams, a character a byte. Throws where something is said of bytes that are not there. */
export function scrubbed(make: (edits: Edits) => Scrubber, pieces: readonly StreamPiece[]): [string, string] {
  const original: [string, string] = ['', '']
  for (const [side, what] of pieces) {
    original[side] += typeof what === 'number' ? NOT_CAPTURED.repeat(what) : charactersOf(bytesOf(what))
  }
  const out = original.map((stream) => Array.from(stream, () => FILL))
  const isReplaced = original.map((stream) => new Uint8Array(stream.length))
  const put = (side: Side, from: number, characters: string, mark: number): void => {
    if (from < 0 || from + characters.length > original[side].length) throw new Error(`Outside of the stream: ${from}`)
    for (const [i, character] of Array.from(characters).entries()) {
      if (mark < isReplaced[side]![from + i]!) continue
      out[side]![from + i] = character
      isReplaced[side]![from + i] = mark
    }
  }
  const scrubber = make({
    keep: (side, from, to) => {
      if (to > original[side].length) throw new Error(`Outside of the stream: ${to}`)
      put(side, from, original[side].slice(from, to), 0)
    },
    replace: (side, from, bytes) => put(side, from, charactersOf(bytes), 1),
  })
  const at: [number, number] = [0, 0]
  const holes: [Side, number, number][] = []
  for (const [side, what] of pieces) {
    const from = at[side]
    if (typeof what === 'number') {
      at[side] += what
      holes.push([side, from, at[side]])
      scrubber.gap(side, from, at[side])
    } else {
      const bytes = bytesOf(what)
      at[side] += bytes.length
      scrubber.data(side, bytes, 0, bytes.length, from)
    }
  }
  scrubber.end()
  for (const [side, from, to] of holes) out[side]!.fill(NOT_CAPTURED, from, to)
  return [out[0]!.join(''), out[1]!.join('')]
}

function charactersOf(bytes: Bytes): string {
  let characters = ''
  for (const byte of bytes) characters += String.fromCharCode(byte)
  return characters
}
