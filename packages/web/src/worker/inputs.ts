// What the files are that were put in: key logs, captures, and copies of each other. Names are not asked, content is.
import { type Bytes, type KeyLog, parseKeyLog } from '@pcap-surgery/core'
import type { InputFile } from '../session/protocol.ts'
import { bytesOf } from './bytes.ts'

/** A key log whose first line comes later than this is taken for a capture, which will be refused as none. */
const HEAD = 64 * 1024
/** Larger key logs are read as far as this. */
const KEY_LOG = 64 << 20

/** Of each file a name that no other has. */
export function uniqueNames(files: readonly InputFile[]): Map<InputFile, string> {
  const taken = new Set<string>()
  const names = new Map<InputFile, string>()
  for (const file of files) {
    let name = file.name
    for (let number = 2; taken.has(name); number++) name = `${file.name} (${number})`
    taken.add(name)
    names.set(file, name)
  }
  return names
}

/** Null where the file is no key log. */
export async function keyLogIn(file: InputFile): Promise<KeyLog | null> {
  const head = await firstBytes(file, HEAD)
  if (parseKeyLog(latin1(head)).size === 0) return null
  return parseKeyLog(latin1(await firstBytes(file, KEY_LOG)))
}

/** An earlier one of the files that has the same bytes; null: none. */
export async function copyOf(file: InputFile, earlier: readonly InputFile[]): Promise<InputFile | null> {
  for (const other of earlier) {
    if (other.size !== null && other.size === file.size && (await haveSameBytes(other, file))) return other
  }
  return null
}

/** Ends at the first difference, for most files in their first bytes. */
async function haveSameBytes(a: InputFile, b: InputFile): Promise<boolean> {
  const other = bytesOf(b)
  try {
    let theirs: Bytes = new Uint8Array(0)
    for await (let mine of bytesOf(a)) {
      while (mine.length > 0) {
        if (theirs.length === 0) {
          const next = await other.next()
          if (next.done) return false
          theirs = next.value
        }
        const length = Math.min(mine.length, theirs.length)
        for (let i = 0; i < length; i++) if (mine[i] !== theirs[i]) return false
        mine = mine.subarray(length)
        theirs = theirs.subarray(length)
      }
    }
    return theirs.length === 0 && (await other.next()).done === true
  } catch {
    return false // whoever reads it is told why it cannot be
  } finally {
    await other.return(undefined)
  }
}

/** As many as there are and can be read. */
async function firstBytes(file: InputFile, most: number): Promise<Bytes> {
  const bytes = new Uint8Array(Math.min(most, file.size ?? most))
  let filled = 0
  try {
    for await (const chunk of bytesOf(file)) {
      const part = chunk.subarray(0, bytes.length - filled)
      bytes.set(part, filled)
      filled += part.length
      if (filled === bytes.length) break
    }
  } catch {
    // What was read counts.
  }
  return bytes.subarray(0, filled)
}

const decoder = new TextDecoder('latin1')
const latin1 = (bytes: Bytes): string => decoder.decode(bytes)
