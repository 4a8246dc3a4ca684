// The edits of one connection, as ranges: applied to any piece of its streams, as often as a piece was sent. A piece that
// was sent again is taken to hold what it held: of bytes that stay, other ones than were read would stay as well.
import type { Bytes } from '../../bytes/read.ts'
import { merged, type Range } from '../ranges.ts'
import { FILL, type Side, type StreamEdits } from './contract.ts'

interface Kept extends Range {
  /** What stood there when it was first written, -1 where that has not happened: a repetition may say something else. */
  bytes: Int16Array | null
}

interface Replaced {
  from: number
  bytes: Bytes
}

class SideEdits {
  kept: Kept[] = []
  replaced: Replaced[] = []
  #isSorted = true

  keep(from: number, to: number): void {
    const last = this.kept.at(-1)
    if (last !== undefined && last.to === from) last.to = to
    else this.kept.push({ from, to, bytes: null })
    this.#isSorted = false
  }

  replace(from: number, bytes: Bytes): void {
    this.replaced.push({ from, bytes })
    this.#isSorted = false
  }

  apply(position: number, b: Bytes, at: number, end: number): void {
    if (!this.#isSorted) this.#sort()
    const shift = at - position
    const to = end - shift
    let filled = at
    for (let i = firstBehind(this.kept, position); i < this.kept.length && this.kept[i]!.from < to; i++) {
      const kept = this.kept[i]!
      b.fill(FILL, filled, Math.max(filled, kept.from + shift))
      settle(kept, b, Math.max(at, kept.from + shift), Math.min(end, kept.to + shift), shift)
      filled = Math.max(filled, Math.min(end, kept.to + shift))
    }
    b.fill(FILL, filled, end)
    // Those in front may reach into the piece.
    const { replaced } = this
    let i = firstAfter(replaced, position)
    while (i > 0 && replaced[i - 1]!.from + replaced[i - 1]!.bytes.length > position) i--
    for (; i < replaced.length && replaced[i]!.from < to; i++) {
      const { from, bytes } = replaced[i]!
      const [first, last] = [Math.max(from, position), Math.min(from + bytes.length, to)]
      if (last > first) b.set(bytes.subarray(first - from, last - from), first + shift)
    }
  }

  #sort(): void {
    this.kept = merged(this.kept)
    this.replaced.sort((a, b) => a.from - b.from)
    this.#isSorted = true
  }
}

export class EditedStreams implements StreamEdits {
  readonly #sides: readonly [SideEdits, SideEdits] = [new SideEdits(), new SideEdits()]

  keep(side: Side, from: number, to: number): void {
    if (to > from) this.#sides[side].keep(from, to)
  }

  replace(side: Side, from: number, bytes: Bytes): void {
    if (bytes.length > 0) this.#sides[side].replace(from, bytes)
  }

  /** Makes of `b[at..end)`, which stands at this position of the stream, what is to be written of it. */
  apply(side: Side, position: number, b: Bytes, at: number, end: number): void {
    this.#sides[side].apply(position, b, at, end)
  }
}

/** Makes of `b[from..to)` what stood there first; `shift` is from positions to offsets. */
function settle(kept: Kept, b: Bytes, from: number, to: number, shift: number): void {
  const first = (kept.bytes ??= new Int16Array(kept.to - kept.from).fill(-1))
  for (let at = from; at < to; at++) {
    const i = at - shift - kept.from
    if (first[i]! < 0) first[i] = b[at]!
    else b[at] = first[i]!
  }
}

/** Index of the first range that ends behind `position`. */
function firstBehind(ranges: readonly Kept[], position: number): number {
  let [low, high] = [0, ranges.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (ranges[middle]!.to <= position) low = middle + 1
    else high = middle
  }
  return low
}

/** Index of the first replacement that begins behind `position`. */
function firstAfter(replaced: readonly Replaced[], position: number): number {
  let [low, high] = [0, replaced.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (replaced[middle]!.from <= position) low = middle + 1
    else high = middle
  }
  return low
}
