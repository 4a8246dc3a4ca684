// gzip (RFC 1952) by pako. Browsers' own DecompressionStream loses what it has when a file is cut, and refuses a second
// member.
import type { Bytes, DecompressionPort } from '@pcap-surgery/core'
import {
  Z_BUF_ERROR,
  Z_NO_FLUSH,
  Z_OK,
  Z_STREAM_END,
  zlibInflate,
  zlibInflateInit2,
  zlibInflateReset,
  ZStream,
} from 'pako'

const OUTPUT = 256 * 1024
/** The largest window, and 16 for gzip alone: neither zlib nor a guess. */
const GZIP_WINDOW_BITS = 15 + 16
const MAGIC = 0x1f

export const decompression: DecompressionPort = { gzip: gunzip }

/**
 * The decompressed bytes. A cut or damaged file gives everything up to the damage and then throws. A chunk is good until
 * the next is asked for.
 */
export async function* gunzip(source: AsyncIterable<Bytes>): AsyncGenerator<Bytes> {
  const stream = new ZStream()
  zlibInflateInit2(stream, GZIP_WINDOW_BITS)
  const output = new Uint8Array(OUTPUT)
  let members = 0
  let isWithin = false
  for await (const chunk of source) {
    stream.input = chunk
    stream.next_in = 0
    stream.avail_in = chunk.length
    do {
      if (!isWithin && stream.avail_in > 0) {
        // What follows the last member and begins none is padding.
        if (members > 0 && chunk[stream.next_in] !== MAGIC) return
        zlibInflateReset(stream)
        isWithin = true
      }
      stream.output = output
      stream.next_out = 0
      stream.avail_out = OUTPUT
      const status = zlibInflate(stream, Z_NO_FLUSH)
      if (stream.next_out > 0) yield output.subarray(0, stream.next_out)
      if (status === Z_STREAM_END) {
        isWithin = false
        members++
      } else if (status !== Z_OK && status !== Z_BUF_ERROR) throw new Error(stream.msg || `zlib error ${status}`)
    } while (stream.avail_in > 0 || (isWithin && stream.avail_out === 0))
  }
  if (isWithin) throw new Error('unexpected end of file')
}
