// A field block: the fragments in a HEADERS or PUSH_PROMISE frame and in the CONTINUATION frames behind it (RFC 9113
// section 4.3).
import type { Bytes } from '../../bytes/read.ts'
import { append } from '../http1/excerpt.ts'
import type { Place } from '../http1/message.ts'
import * as frames from './frame.ts'
import type { Stream } from './streams.ts'

/** Bytes kept of a field block. CONTINUATION frames may go on for ever. */
export const BLOCK_LIMIT: number = 1 << 20

const NO_BYTES: Bytes = new Uint8Array(0)

export interface FieldBlock {
  /** Number of the stream in its frames. */
  id: number
  /** Who is to hear of the fields; null where nobody is. They are decoded all the same: the dynamic table needs it. */
  stream: Stream | null
  endStream: boolean
  /** First byte of the first frame. */
  first: Place
  bytes: Bytes
  length: number
  /** Nothing is missing so far. Else `bytes` is what stood before the first byte that is. */
  whole: boolean
}

export const newFieldBlock = (id: number, stream: Stream | null, endStream: boolean, first: Place): FieldBlock => ({
  id,
  stream,
  endStream,
  first,
  bytes: NO_BYTES,
  length: 0,
  whole: true,
})

/**
 * Adds what the payload `b` of a frame carries of the block; `whole` false: only its beginning is there. Returns what is
 * wrong with it, or null. With END_HEADERS set, `block.bytes` may be a view of `b`, good only during the call.
 */
export function addFragment(
  block: FieldBlock,
  { type, flags, length }: Readonly<frames.FrameHeader>,
  b: Bytes,
  whole: boolean,
): string | null {
  if (!block.whole) return null
  block.whole = whole
  let at = 0
  let padding = 0
  if (type !== frames.CONTINUATION && (flags & frames.PADDED) !== 0) padding = b[at++] ?? 0
  // Sections 6.2 and 6.6: dependency and weight; the promised stream.
  if (type === frames.HEADERS && (flags & frames.HAS_PRIORITY) !== 0) at += 5
  else if (type === frames.PUSH_PROMISE) at += 4
  if (at + padding > length) {
    block.whole = false
    return `${frames.frameName(type)} frame of ${length} bytes with ${padding} bytes of padding`
  }
  const end = Math.min(b.length, length - padding)
  if (at >= end) return null
  if (block.length + end - at > BLOCK_LIMIT) {
    block.whole = false
    return `Field block of more than ${BLOCK_LIMIT} bytes`
  }
  if (block.length === 0 && (flags & frames.END_HEADERS) !== 0) block.bytes = b.subarray(at, end)
  else block.bytes = append(block.bytes, block.length, b, at, end)
  block.length += end - at
  return null
}
