// The answer, to standard output or whole into a file: nobody ever finds half of it.
import { fstatSync, type BigIntStats } from 'node:fs'
import { open, realpath, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { reason } from './source.ts'

/** Writes to standard output. A reader that has seen enough (`| head`) is no error. */
export const print = (text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error && (error as NodeJS.ErrnoException).code !== 'EPIPE') reject(error)
      else resolve()
    })
  })

/** Writes to standard output piece by piece, for as long as somebody reads. */
export async function printAll(pieces: Iterable<string>): Promise<void> {
  for (const piece of pieces) {
    if (!process.stdout.writable) return
    await print(piece)
  }
}

/**
 * Says why `file` cannot be written, or null. A regular file is replaced; anything else that exists (a directory, a
 * device) is refused, and so are the captures themselves. Asked before the work, so that an hour of it is not lost.
 */
export async function refusal(file: string, captures: readonly string[]): Promise<string | null> {
  const existing = await stat(file, { bigint: true }).catch(() => null)
  if (existing === null) {
    const folder = await stat(dirname(file)).catch(() => null)
    return folder?.isDirectory() ? null : 'there is no such folder to write it in'
  }
  if (!existing.isFile()) return 'exists and is not a regular file'
  for (const capture of captures) {
    const input = await statOf(capture)
    if (input !== null && input.dev === existing.dev && input.ino === existing.ino) return 'is one of the captures'
  }
  return null
}

/** What the file system says of a capture, `-` being standard input; null where there is none. */
export async function statOf(capture: string): Promise<BigIntStats | null> {
  if (capture !== '-') return stat(capture, { bigint: true }).catch(() => null)
  try {
    return fstatSync(0, { bigint: true })
  } catch {
    return null
  }
}

/**
 * Writes the file, a text or its pieces, beside its place and moves it there, with this mode or its own. Throws an Error
 * with a sentence for the user.
 */
export async function writeWhole(file: string, text: string | Iterable<string>, forced?: number): Promise<void> {
  const target = await realpath(file).catch(() => file) // a link keeps pointing where it points
  const mode = forced ?? (await stat(target).catch(() => null))?.mode
  const temporary = join(dirname(target), `.${basename(target)}.${process.pid}.tmp`)
  let handle: FileHandle | null = null
  try {
    handle = await open(temporary, 'wx', mode)
    // Each goes behind the one before.
    for (const piece of typeof text === 'string' ? [text] : text) await handle.writeFile(piece)
    await handle.close()
    handle = null
    await rename(temporary, target)
  } catch (error) {
    await handle?.close()
    await rm(temporary, { force: true })
    throw new Error(reason(error), { cause: error })
  }
}
