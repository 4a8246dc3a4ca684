// Frames of a capture read again, for who wants their bytes: one pass, up to the last that is wanted.
import type { Bytes } from '../bytes/read.ts'
import { decompressed, type DecompressionPort } from './compression.ts'
import { createCaptureReader } from './open.ts'
import type { Instant, PacketSink } from './packet.ts'

/** A frame with bytes of its own. */
export interface ReadFrame extends Instant {
  frame: number
  bytes: Uint8Array<ArrayBuffer>
  /** LINKTYPE_ number, and the length on the wire: more than `bytes` where a snap length cut. */
  linkType: number
  wireLength: number
}

export interface ReadFramesOptions {
  decompression: DecompressionPort
  /** Bytes kept of all frames together; what comes behind is left out of the answer. */
  limit?: number
}

/** A frame is up to 16 MiB, most are below 1,514 bytes. */
const LIMIT = 64 * 1024 * 1024

/**
 * Reads the frames `wanted` (numbers as Wireshark counts, from 1) out of a capture. Frames that are not there, or behind
 * the limit, are missing in the answer. Damage ends reading as in `observe`; what `open` throws is thrown.
 */
export async function readFrames(
  input: { open(): AsyncIterable<Bytes> },
  wanted: ReadonlySet<number>,
  { decompression, limit = LIMIT }: ReadFramesOptions,
): Promise<Map<number, ReadFrame>> {
  const frames = new Map<number, ReadFrame>()
  if (wanted.size === 0) return frames
  let last = 0
  for (const frame of wanted) last = Math.max(last, frame)
  let left = limit
  const sink: PacketSink = {
    packet({ frame, seconds, nanoseconds, bytes, at, end, linkType, wireLength }): void {
      if (!wanted.has(frame) || end - at > left) return
      left -= end - at
      // Not `slice`: a Buffer's would share the read buffer.
      const own = new Uint8Array(end - at)
      own.set(bytes.subarray(at, end))
      frames.set(frame, { frame, seconds, nanoseconds, bytes: own, linkType, wireLength })
    },
  }
  const reader = createCaptureReader()
  const { info } = reader
  for await (const chunk of decompressed(input.open(), decompression, () => {})) {
    reader.push(chunk, sink)
    info.keyLogs.length = 0
    if (info.frames >= last || info.faults.at(-1)?.fatal === true) return frames
  }
  reader.end(sink)
  return frames
}
