// The answer, to standard output or whole into a file: nobody ever finds half of it.
import { fstatSync, type BigIntStats } from 'node:fs'
import { access, constants, open, realpath, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Refused } from './refused.ts'
import { reason } from './source.ts'
import { guard, release, temporaryOf } from './temporary.ts'

/** Writes to standard output. A reader that has seen enough (`| head`) is no error. Throws `Refused`. */
export const print = (text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error && (error as NodeJS.ErrnoException).code !== 'EPIPE') reject(unprintable(error))
      else resolve()
    })
  })

/** What keeps standard output from being written, for the user. */
export const unprintable = (error: Error): Refused => new Refused(`standard output: ${reason(error)}`, { cause: error })

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
  const folder = dirname(await realpath(file).catch(() => file))
  if (existing === null && !(await stat(folder).catch(() => null))?.isDirectory()) {
    return 'there is no such folder to write it in'
  }
  // It is written beside its place first.
  const why = await access(folder, constants.W_OK).then(() => null, reason)
  if (existing === null) return why
  if (!existing.isFile()) return 'exists and is not a regular file'
  for (const capture of captures) {
    const input = await statOf(capture)
    if (input !== null && input.dev === existing.dev && input.ino === existing.ino) return 'is one of the captures'
  }
  return why
}

/** Whether standard output goes into one of the captures (`>> capture`). */
export async function isPrintedOn(captures: readonly string[]): Promise<boolean> {
  const own = fstatSync(1, { bigint: true })
  if (!own.isFile()) return false
  for (const capture of captures) {
    const input = await statOf(capture)
    if (input !== null && input.dev === own.dev && input.ino === own.ino) return true
  }
  return false
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
 * Writes the file, a text or its pieces, beside its place and moves it there, with this mode or its own. Throws
 * `Refused`.
 */
export async function writeWhole(file: string, text: string | Iterable<string>): Promise<void> {
  const target = await realpath(file).catch(() => file) // a link keeps pointing where it points
  const mode = (await stat(target).catch(() => null))?.mode
  const temporary = temporaryOf(target)
  let handle: FileHandle | null = null
  try {
    guard(temporary)
    handle = await open(temporary, 'wx', mode)
    // Each goes behind the one before.
    for (const piece of typeof text === 'string' ? [text] : text) await handle.writeFile(piece)
    await handle.close()
    handle = null
    await rename(temporary, target)
  } catch (error) {
    await handle?.close()
    await rm(temporary, { force: true })
    throw new Refused(`${file}: ${reason(error)}`, { cause: error })
  } finally {
    release(temporary)
  }
}
