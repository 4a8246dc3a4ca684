// TLS key logs from files.
import { access, constants, readFile, stat } from 'node:fs/promises'
import { KeyLog, parseKeyLog } from '@pcap-surgery/core'
import { Refused } from './refused.ts'
import { reason } from './source.ts'
import { say } from './talk.ts'

/** Key logs as one, and their texts, by which other threads make it again. */
export interface Keys {
  log: KeyLog
  texts: readonly string[]
}

/** Null without files. What of them makes no sense is said by line number: their text is secret. */
export async function readKeys(files: readonly string[]): Promise<Keys | null> {
  const texts = await keyTexts(files)
  for (const [i, text] of texts.entries()) {
    const { malformed, malformedLines } = parseKeyLog(text).faults
    if (malformed > 0)
      say(`${files[i]}: lines that are no key log lines: ${malformed}, the first is line ${malformedLines[0]}`)
  }
  return keysOf(texts)
}

/** The key logs as they are. Throws `Refused`. */
export const keyTexts = (files: readonly string[]): Promise<string[]> =>
  Promise.all(
    files.map((file) =>
      readFile(file, 'latin1').catch((error: unknown) => {
        throw new Refused(`--keys ${file}: ${reason(error)}`, { cause: error })
      }),
    ),
  )

/** Null without texts. */
export function keysOf(texts: readonly string[]): Keys | null {
  if (texts.length === 0) return null
  const log = new KeyLog()
  for (const text of texts) log.merge(parseKeyLog(text))
  return { log, texts }
}

/** Why one of the key logs cannot be read, for the user; null where all can. */
export async function unreadableKeys(files: readonly string[]): Promise<string | null> {
  for (const file of files) {
    const why = await access(file, constants.R_OK).then(async () => {
      const found = await stat(file)
      if (found.isDirectory()) return 'is a directory'
      // What it gives may never end.
      return found.isCharacterDevice() ? 'is a device' : null
    }, reason)
    if (why !== null) return `--keys ${file}: ${why}`
  }
  return null
}
