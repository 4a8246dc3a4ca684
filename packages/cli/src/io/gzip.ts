// gzip (RFC 1952) by Node's zlib, which is several times faster than JavaScript. Members may follow one another.
import { createGunzip } from 'node:zlib'
import type { DecompressionPort } from '@pcap-surgery/core'

// What zlib wrote in the call in which it finds damage is lost, so it is fed in small steps, and the trailer by itself:
// a wrong checksum then loses nothing, damage within the data at most one output chunk. A larger one would save a tenth
// of the time, and lose that much more of a damaged capture.
const STEP = 32 * 1024
const OUTPUT = 32 * 1024
const TRAILER = 8 // CRC32 and ISIZE, RFC 1952 section 2.3.1

/**
 * The decompressed bytes. A cut or damaged file gives everything up to the damage and then throws zlib's error. Input
 * chunks are used up before the next is asked for; output chunks belong to the consumer.
 */
export async function* gunzip(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const zlib = createGunzip({ chunkSize: OUTPUT })
  const failure: { error: NodeJS.ErrnoException | null } = { error: null }
  let out: Uint8Array[] = []
  let wake: (() => void) | null = null
  zlib.on('data', (chunk: Uint8Array) => out.push(chunk))
  zlib.on('end', () => wake?.())
  zlib.on('error', (error) => {
    failure.error = error
    wake?.()
  })
  /** Output of the bytes given: `start` hands them over and calls back when they are used up. */
  const step = async (start: (done: () => void) => void): Promise<Uint8Array[]> => {
    await new Promise<void>((resolve) => {
      wake = resolve
      start(resolve)
    })
    const taken = out
    out = []
    return taken
  }
  try {
    // What came of a step is looked at while zlib is busy with the next one.
    let ready: Uint8Array[] = []
    for await (const piece of pieces(source)) {
      const next = step((done) => zlib.write(piece, done))
      yield* ready
      ready = await next
      if (failure.error !== null || zlib.readableEnded) break // what follows the last member is padding
    }
    yield* ready
    if (failure.error === null && !zlib.readableEnded) yield* await step(() => zlib.end())
    if (failure.error !== null) throw failure.error
  } finally {
    zlib.destroy()
  }
}

/** The source in steps, with its last bytes by themselves. */
async function* pieces(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array = new Uint8Array(0)
  for await (const chunk of source) {
    if (held.length > 0) yield held
    const rest = Math.max(0, chunk.length - TRAILER)
    for (let at = 0; at < rest; at += STEP) yield chunk.subarray(at, Math.min(at + STEP, rest))
    held = chunk.slice(rest)
  }
  if (held.length > 0) yield held
}

export const decompression: DecompressionPort = { gzip: gunzip }
