// Compressed captures: seen from the first bytes, decompressed as a stream.
import { u32le, type Bytes } from '../bytes/read.ts'
import { intake, type Intake } from './intake.ts'
import type { FrameFault } from './frame-fault.ts'
import { LZ4_LEGACY_MAGIC, LZ4_MAGIC, lz4Frame, lz4LegacyFrame } from './lz4.ts'
import { isSkippable, skipFrame } from './skippable.ts'
import { ZSTD_MAGIC, zstdFrame } from './zstd.ts'

export type Decompress = (source: AsyncIterable<Bytes>) => AsyncIterable<Bytes>

/** What the platform decompresses for us. It throws on damaged or cut data, after all bytes before the damage. */
export interface DecompressionPort {
  gzip: Decompress
}

/** Damage in the compressed data: byte offset in the compressed file, and one sentence for the user. */
export interface CompressionFault {
  offset: number
  text: string
}

export type OnFault = (fault: CompressionFault) => void

/**
 * The decompressed bytes of a gzip, zstd or lz4 file; the bytes of any other file as they are. Damage ends the stream
 * after all bytes before it and is told to `onFault`; only the source's own errors are thrown. Chunks, here and in
 * `source`, are good until the next is asked for.
 */
export async function* decompressed(
  source: AsyncIterable<Bytes>,
  port: DecompressionPort,
  onFault: OnFault,
): AsyncGenerator<Bytes> {
  const input = intake(source)
  try {
    await input.fill(4)
    if (isGzip(input)) yield* gunzipped(input, port, onFault)
    else if (isFrame(input)) yield* frames(input, onFault)
    else yield* remaining(input)
  } finally {
    await input.close()
  }
}

/** How a file that begins like this is compressed; null: it is not. */
export function compressionOf(bytes: Bytes): 'gzip' | 'zstd' | 'lz4' | null {
  const head = { bytes, at: 0, end: bytes.length }
  if (isGzip(head)) return 'gzip'
  if (!isFrame(head)) return null
  const magic = u32le(bytes, 0)
  return magic === LZ4_MAGIC || magic === LZ4_LEGACY_MAGIC ? 'lz4' : 'zstd'
}

/** What has arrived. */
type Head = Pick<Intake, 'bytes' | 'at' | 'end'>

/** RFC 1952 section 2.3.1. */
const isGzip = ({ bytes, at, end }: Head): boolean => end - at >= 2 && bytes[at] === 0x1f && bytes[at + 1] === 0x8b

function isFrame({ bytes, at, end }: Head): boolean {
  if (end - at < 4) return false
  const magic = u32le(bytes, at)
  return magic === ZSTD_MAGIC || magic === LZ4_MAGIC || magic === LZ4_LEGACY_MAGIC || isSkippable(magic)
}

/** What the source still has, uncopied. */
async function* remaining(input: Intake): AsyncGenerator<Bytes> {
  while (await input.fill(1)) yield input.take(input.end - input.at)
}

async function* gunzipped(input: Intake, port: DecompressionPort, onFault: OnFault): AsyncGenerator<Bytes> {
  let sourceFailed = false
  async function* watched(): AsyncGenerator<Bytes> {
    try {
      yield* remaining(input)
    } catch (error) {
      sourceFailed = true
      throw error
    }
  }
  try {
    yield* port.gzip(watched())
  } catch (error) {
    if (sourceFailed) throw error
    // The platform does not say where; it had been given this much.
    const reason = error instanceof Error ? error.message : String(error)
    onFault({ offset: input.offset, text: `the gzip data is cut or damaged here or shortly before (${reason})` })
  }
}

/** zstd and lz4 files are frames behind each other, with skippable ones between them. */
async function* frames(input: Intake, onFault: OnFault): AsyncGenerator<Bytes> {
  const fault: FrameFault = (text, offset = input.offset) => onFault({ offset, text })
  const room = { bytes: new Uint8Array(0) }
  while (await input.fill(4)) {
    const magic = u32le(input.bytes, input.at)
    if (isSkippable(magic)) {
      if (!(await skipFrame(input, fault))) return
    } else if (magic === ZSTD_MAGIC) {
      if (!(yield* zstdFrame(input, fault))) return
    } else if (magic === LZ4_MAGIC) {
      if (!(yield* lz4Frame(input, fault, room))) return
    } else if (magic === LZ4_LEGACY_MAGIC) {
      if (!(yield* lz4LegacyFrame(input, fault, room))) return
    } else return fault('no compressed frame begins where one should; everything from here on is lost')
  }
  if (input.end > input.at) fault('the compressed data is cut: it ends in the magic number of a frame')
}
