// A file as a capture's source that is hashed on the way.
import { createHash } from 'node:crypto'
import { openSource } from './source.ts'

/** Hash and size of a file, null while it has not been read to its end. */
export interface Hashes {
  get(file: string): { sha256: string; bytes: number } | null
  /** Opens a file; a consumer that stops early leaves the rest to be read for the hash, once. */
  open(file: string): AsyncIterable<Uint8Array>
}

export function hashes(): Hashes {
  const known = new Map<string, { sha256: string; bytes: number }>()
  async function* chunks(file: string): AsyncGenerator<Uint8Array> {
    const source = await openSource(file)
    const hash = known.has(file) ? null : createHash('sha256')
    const rest = source.chunks[Symbol.asyncIterator]()
    try {
      for (let next = await rest.next(); next.done !== true; next = await rest.next()) {
        hash?.update(next.value)
        yield next.value
      }
    } finally {
      if (hash !== null) {
        for (let next = await rest.next(); next.done !== true; next = await rest.next()) hash.update(next.value)
        known.set(file, { sha256: hash.digest('hex'), bytes: source.bytesRead })
      }
      await rest.return?.()
      await source.close()
    }
  }
  return { get: (file) => known.get(file) ?? null, open: chunks }
}
