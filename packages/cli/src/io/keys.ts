// TLS key logs from files.
import { access, constants, readFile, stat } from 'node:fs/promises'
import { KeyLog, parseKeyLog } from '@pcap-surgery/core'
import { Refused } from './refused.ts'
import { reason } from './source.ts'
import { say } from './talk.ts'

/** The longest text that V8 makes has 24 characters less. */
const LARGEST = (512 << 20) - 24

/** Key logs as one, and their texts, by which other threads make it again. */
export interface Keys {
  log: KeyLog
  texts: readonly string[]
}

/** Null without files. What of them makes no sense is said by line number: their text is secret. */
export async function readKeys(files: readonly string[]): Promise<Keys | null> {
  const texts = await keyTexts(files)
  const logs = texts.map((text) => parseKeyLog(text))
  for (const [i, { faults }] of logs.entries()) {
    const { malformed, malformedLines } = faults
    if (malformed > 0)
      say(`${files[i]}: lines that are no key log lines: ${malformed}, the first is line ${malformedLines[0]}`)
  }
  return logs.length === 0 ? null : { log: together(logs), texts }
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
export const keysOf = (texts: readonly string[]): Keys | null =>
  texts.length === 0 ? null : { log: together(texts.map((text) => parseKeyLog(text))), texts }

/** At least one. */
function together([first, ...others]: readonly KeyLog[]): KeyLog {
  for (const log of others) first!.merge(log)
  return first!
}

/** Why one of the key logs cannot be read, for the user; null where all can. */
export async function unreadableKeys(files: readonly string[]): Promise<string | null> {
  for (const file of files) {
    const why = await access(file, constants.R_OK).then(async () => {
      const found = await stat(file)
      if (found.isDirectory()) return 'is a directory'
      // What it gives may never end.
      if (found.isCharacterDevice()) return 'is a device'
      return found.size > LARGEST ? 'is larger than 512 MiB' : null
    }, reason)
    if (why !== null) return `--keys ${file}: ${why}`
  }
  return null
}
