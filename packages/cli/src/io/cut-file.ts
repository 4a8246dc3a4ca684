// A capture, or what is said of it, on its way to its place: written beside it, hashed as it goes, and moved there once it is whole and proven.
import { createHash } from 'node:crypto'
import { closeSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { realpath, rename } from 'node:fs/promises'
import type { Draft } from '@pcap-surgery/core'
import { Refused } from './refused.ts'
import { chunksOf, reason } from './source.ts'
import { guard, release, temporaryOf } from './temporary.ts'

/** Bytes gathered before they are written. */
const BUFFER = 1 << 20

/** Its `name` is where it lies until it is in its place. `emit` throws `Refused` with what the file system says. */
export interface CutFile extends Draft {
  /** Where it ends up. */
  file: string
  /** Once it is closed. */
  written: Written | null
  /** Writes what is still in memory. */
  close(): Written
  /** Moves it to its place. */
  commit(): Promise<void>
  /** Harmless after `commit`. */
  discard(): void
}

export interface Written {
  bytes: number
  sha256: string
}

/** `tag` tells apart several files on their way to one place; `mode` is given to one that is never put there. */
export async function cutFile(file: string, tag = '', mode?: number): Promise<CutFile> {
  const target = await realpath(file).catch(() => file) // a link keeps pointing where it points
  const temporary = temporaryOf(target, tag)
  const existing = statSync(target, { throwIfNoEntry: false })?.mode
  const failed = (error: unknown): never => {
    throw new Refused(`${file}: ${reason(error)}`, { cause: error })
  }
  let handle: number | null = null
  try {
    handle = openSync(temporary, 'wx', mode ?? existing)
  } catch (error) {
    failed(error)
  }
  guard(temporary)
  const hash = createHash('sha256')
  const buffer = new Uint8Array(BUFFER)
  let filled = 0
  let bytes = 0

  const flush = (): void => {
    try {
      for (let at = 0; at < filled;) at += writeSync(handle!, buffer, at, filled - at)
    } catch (error) {
      failed(error)
    }
    hash.update(buffer.subarray(0, filled))
    bytes += filled
    filled = 0
  }
  const discard = (): void => {
    if (handle !== null) closeSync(handle)
    handle = null
    rmSync(temporary, { force: true })
    release(temporary)
  }

  const cut: CutFile = {
    file,
    name: temporary,
    written: null,
    open: () => chunksOf(temporary),
    emit(block: Uint8Array): void {
      for (let at = 0; at < block.length;) {
        const taken = Math.min(block.length - at, BUFFER - filled)
        buffer.set(block.subarray(at, at + taken), filled)
        filled += taken
        at += taken
        if (filled === BUFFER) flush()
      }
    },
    close(): Written {
      flush()
      closeSync(handle!)
      handle = null
      return (cut.written = { bytes, sha256: hash.digest('hex') })
    },
    async commit(): Promise<void> {
      await rename(temporary, target).catch(failed)
      discard()
    },
    discard,
  }
  return cut
}
