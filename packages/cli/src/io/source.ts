// Captures from files and standard input, as chunks.
import { open, stat, type FileHandle } from 'node:fs/promises'

/** Bytes a read: each wakes another thread, which costs more than to copy a megabyte. */
const CHUNK = 4 << 20
/**
 * The first reads are small ones. What happens only where a chunk ends has then happened before the engine compiles the
 * packet loop, and it need not be compiled again.
 */
const FIRST_CHUNKS = 16
const FIRST_CHUNK = 64 << 10

/** An opened capture. A chunk belongs to the consumer only until it asks for the next one. */
export interface Source {
  /** Throws an Error with a sentence for the user when reading fails on the way. */
  chunks: AsyncIterable<Uint8Array>
  /** Bytes read so far. */
  bytesRead: number
  /** Bytes of the file; null where nobody knows (standard input, pipes). */
  size: number | null
  close(): Promise<void>
}

/** Opens a file, or standard input for `-`. Throws an Error with a sentence for the user when it cannot be read. */
export async function openSource(file: string): Promise<Source> {
  if (file === '-') return source(process.stdin, null, () => Promise.resolve())
  const handle = await open(file).catch(refuse)
  const found = await handle.stat()
  if (found.isDirectory()) {
    await handle.close()
    throw new Error('is a directory; name the captures in it')
  }
  return source(blocks(handle), found.isFile() ? found.size : null, () => handle.close())
}

/** The bytes of a file, opened when they are first asked for. */
export async function* chunksOf(file: string): AsyncGenerator<Uint8Array> {
  const opened = await openSource(file)
  try {
    yield* opened.chunks
  } finally {
    await opened.close()
  }
}

/** Size and last change; null where there is no such file. */
export const identityOf = (file: string): Promise<string | null> =>
  stat(file, { bigint: true }).then(
    ({ size, mtimeNs }) => `${size} ${mtimeNs}`,
    () => null,
  )

/** What an error of the file system means, in words. */
export function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  switch (code) {
    case 'ENOENT':
      return 'no such file'
    case 'EACCES':
    case 'EPERM':
      return 'no permission'
    case 'EISDIR':
      return 'is a directory'
    case 'ENOTDIR':
      return 'part of the path is no directory'
    case 'EDQUOT':
    case 'ENOSPC':
      return 'no space left'
    case 'EFBIG':
      return 'larger than a file may be'
    case 'EIO':
      return 'the device reports an I/O error'
    default:
      return message
  }
}

function refuse(error: unknown): never {
  throw new Error(reason(error), { cause: error })
}

function source(stream: AsyncIterable<Uint8Array>, size: number | null, close: () => Promise<void>): Source {
  async function* counted(): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of stream) {
        opened.bytesRead += chunk.length
        yield chunk
      }
    } catch (error) {
      refuse(error)
    }
  }
  const opened: Source = { chunks: counted(), bytesRead: 0, size, close }
  return opened
}

/** Reads ahead into one buffer while the consumer works on the other. */
async function* blocks(handle: FileHandle): AsyncGenerator<Uint8Array> {
  let current = new Uint8Array(CHUNK)
  let next = new Uint8Array(CHUNK)
  let reading = fill(handle, current, FIRST_CHUNK)
  try {
    for (let read = 1; ; read++) {
      const { bytesRead, error } = await reading
      if (error !== null) throw error
      if (bytesRead === 0) return
      reading = fill(handle, next, read < FIRST_CHUNKS ? FIRST_CHUNK : CHUNK)
      yield current.subarray(0, bytesRead)
      ;[current, next] = [next, current]
    }
  } finally {
    await reading
  }
}

/** One read whose failure waits until it is asked for: a promise nobody awaits must not reject. */
const fill = (handle: FileHandle, buffer: Uint8Array, length: number): Promise<{ bytesRead: number; error: unknown }> =>
  handle.read(buffer, 0, length, null).then(
    ({ bytesRead }) => ({ bytesRead, error: null }),
    (error: unknown) => ({ bytesRead: 0, error }),
  )
