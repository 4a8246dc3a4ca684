// The bytes of a file, as a stream, as often as wanted.
import type { Bytes } from '@pcap-surgery/core'
import type { InputFile } from '../session/protocol.ts'
import { Refused } from './session.ts'

/** Bytes a read. Each wakes another process, which costs more than to copy a megabyte. */
const CHUNK = 4 << 20

let feed: MessagePort | null = null

/** From now on files with a `url` are read through this port. */
export const feedFrom = (port: MessagePort): void => {
  feed = port
}

/** The file from its beginning. Throws a sentence for the user where it cannot be read. */
export function bytesOf(file: InputFile): AsyncGenerator<Bytes> {
  if (file.blob !== null) return blobBytes(file.blob)
  if (file.url !== null && feed !== null) return fedBytes(feed, file.url)
  throw new Refused('this file is not at hand any more')
}

/** Reads ahead while the consumer works. */
async function* blobBytes(blob: Blob): AsyncGenerator<Bytes> {
  let reading = readAt(blob, 0)
  for (let at = 0; at < blob.size; at += CHUNK) {
    const { bytes, error } = await reading
    if (error !== null) throw new Refused(error)
    reading = readAt(blob, at + CHUNK)
    yield bytes
  }
}

/** One read whose failure waits until it is asked for: a promise nobody awaits must not reject. */
const readAt = (blob: Blob, at: number): Promise<{ bytes: Bytes; error: string | null }> =>
  blob
    .slice(at, at + CHUNK)
    .arrayBuffer()
    .then(
      (buffer) => ({ bytes: new Uint8Array(buffer), error: null }),
      (error: Error) => ({
        bytes: new Uint8Array(0),
        error:
          error.name === 'NotReadableError' ? 'the file has changed or is gone since it was chosen' : error.message,
      }),
    )

/** What the feed answers: a chunk, null at the end, or why there is none. */
export type Fed = { chunk: Uint8Array<ArrayBuffer> | null } | { error: string }

/** The next chunk is asked for while the consumer works on one, so that no more than one is ever on its way. */
async function* fedBytes(port: MessagePort, url: string): AsyncGenerator<Bytes> {
  const { port1: mine, port2: theirs } = new MessageChannel()
  port.postMessage({ url, port: theirs }, [theirs])
  const next = (): Promise<Fed> =>
    new Promise((resolve) => {
      mine.addEventListener('message', ({ data }: MessageEvent<Fed>) => resolve(data), { once: true })
      mine.start()
      mine.postMessage('next')
    })
  try {
    for (let fed = await next(); ;) {
      if ('error' in fed) throw new Refused(fed.error)
      if (fed.chunk === null) return
      const ahead = next()
      yield fed.chunk
      fed = await ahead
    }
  } finally {
    mine.postMessage('close')
    mine.close()
  }
}
