// Bytes that arrive in chunks, asked for by the piece.
import type { Bytes } from '../bytes/read.ts'

/** A window on what has arrived and is not taken yet: `bytes[at]` to `bytes[end - 1]`. */
export interface Intake {
  bytes: Bytes
  at: number
  end: number
  /** Byte offset in the source of `bytes[at]`. */
  offset: number
  /** Makes at least `count` bytes available, in one piece; false when the source ends before. */
  fill(count: number): Promise<boolean>
  /** The next `count` bytes, which must be available. Good until the next `fill`. */
  take(count: number): Bytes
  /** Tells the source that no more is wanted. */
  close(): Promise<void>
}

/** Reads a source whose chunks are good until the next is asked for: what is left of one is copied before that. */
export function intake(source: AsyncIterable<Bytes>): Intake {
  const chunks = source[Symbol.asyncIterator]()
  let carry: Bytes = new Uint8Array(0)
  const open: Intake = {
    bytes: carry,
    at: 0,
    end: 0,
    offset: 0,
    async fill(count: number): Promise<boolean> {
      while (open.end - open.at < count) {
        const left = open.end - open.at
        if (left > 0) {
          if (open.bytes === carry) carry.copyWithin(0, open.at, open.end)
          else {
            if (carry.length < left) carry = new Uint8Array(left)
            carry.set(open.bytes.subarray(open.at, open.end))
          }
          open.bytes = carry
          open.at = 0
          open.end = left
        }
        const next = await chunks.next()
        if (next.done === true) return false
        const chunk: Bytes = next.value
        if (left === 0) {
          open.bytes = chunk
          open.at = 0
          open.end = chunk.length
          continue
        }
        if (carry.length < left + chunk.length) {
          const grown = new Uint8Array(Math.max(left + chunk.length, 2 * carry.length))
          grown.set(carry.subarray(0, left))
          carry = grown
        }
        carry.set(chunk, left)
        open.bytes = carry
        open.end = left + chunk.length
      }
      return true
    },
    take(count: number): Bytes {
      const taken = open.bytes.subarray(open.at, open.at + count)
      open.at += count
      open.offset += count
      return taken
    },
    async close(): Promise<void> {
      await chunks.return?.()
    },
  }
  return open
}
