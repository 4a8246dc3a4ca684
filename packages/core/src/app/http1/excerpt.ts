// The first bytes of a body, kept for a sink that asked for them.
import type { Bytes } from '../../bytes/read.ts'

const NOTHING: Bytes = new Uint8Array(0)

/** Up to `limit` bytes in a buffer that grows as they come; no buffer at all while nothing is kept. */
export interface Excerpt {
  limit: number
  length: number
  bytes: Bytes
}

export const newExcerpt = (): Excerpt => ({ limit: 0, length: 0, bytes: NOTHING })

/** Begins anew with room for `limit` bytes. */
export function startExcerpt(e: Excerpt, limit: number): void {
  e.limit = limit
  e.length = 0
  e.bytes = NOTHING
}

/** Keeps what still fits of `b[at..end)`. */
export function keep(e: Excerpt, b: Bytes, at: number, end: number): void {
  const take = Math.min(end - at, e.limit - e.length)
  if (take <= 0) return
  e.bytes = append(e.bytes, e.length, b, at, at + take)
  e.length += take
}

/** What was kept; the caller owns it. */
export const takeExcerpt = (e: Excerpt): Bytes => (e.length === 0 ? NOTHING : e.bytes.subarray(0, e.length))

/** Writes `b[at..end)` to `buffer` at `length`, in a buffer twice as long where it does not fit. Returns the buffer. */
export function append(buffer: Bytes, length: number, b: Bytes, at: number, end: number): Bytes {
  const needed = length + end - at
  let grown = buffer
  if (needed > buffer.length) {
    grown = new Uint8Array(Math.max(needed, buffer.length * 2, 512))
    grown.set(buffer.subarray(0, length))
  }
  grown.set(b.subarray(at, end), length)
  return grown
}
