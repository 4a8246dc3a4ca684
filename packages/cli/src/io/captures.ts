// Captures from files: each observed, the files of a rotated one as one, a cut as the captures that lie in it.
import { access, constants, readFile, stat } from 'node:fs/promises'
import {
  connectionsOf,
  KeyLog,
  observe,
  observeApart,
  parseKeyLog,
  parseSourceName,
  rotatedSets,
} from '@pcap-surgery/core'
import type { CaptureInput, DecompressionPort, Observations, ObserveOptions, Vantage } from '@pcap-surgery/core'
import { nodeCrypto } from './crypto.ts'
import { gunzip } from './gzip.ts'
import { progress } from './progress.ts'
import { openSource, reason } from './source.ts'
import { say } from './talk.ts'

export interface VantageHint {
  file: string
  vantage: Vantage
}

/** A file, or one of the captures in a cut: what one id of the document stands for. */
export interface NamedCapture {
  file: string
  /** Name of the source in the cut (`sourceName` without interface); null where the file is no cut. */
  within: string | null
}

export interface ReadCaptures {
  observations: Observations[]
  /** Of each of `observations` the ids of its parts: captures are counted as they were named. */
  ids: number[][]
  /** By id. */
  named: NamedCapture[]
  /** False when any input was unreadable or damaged; the user has been told. */
  flawless: boolean
}

export const decompression: DecompressionPort = { gzip: gunzip }

/**
 * Reads what can be read; `observations` is empty where nothing can. `isSealed`: nothing is decrypted, not even with
 * secrets that the captures have in them.
 */
export async function readCaptures(
  files: readonly string[],
  keys: KeyLog | null,
  isSealed = false,
): Promise<ReadCaptures> {
  const { each, named, flawless } = await observeAll(files, keys, isSealed)
  const observations = await joinRotated(each, named, keys, isSealed)
  const labels = each.map((seen) => seen.parts[0].file)
  const ids = observations.map((seen) => seen.parts.map((part) => labels.indexOf(part.file)))
  return { observations, ids, named, flawless }
}

/** The captures without those that are named twice, by whatever name: each frame counts once. */
export async function distinct(files: readonly string[]): Promise<string[]> {
  const seen = new Set<string>()
  const kept: string[] = []
  for (const file of files) {
    const found = file === '-' ? null : await stat(file, { bigint: true }).catch(() => null)
    const identity = found === null ? file : `${found.dev}:${found.ino}`
    if (seen.has(identity)) say(`${file}: given twice, read once`)
    else kept.push(file)
    seen.add(identity)
  }
  return kept
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

/** All key logs as one; null without. What of them makes no sense is said by line number: their text is secret. */
export async function readKeys(files: readonly string[]): Promise<KeyLog | null> {
  if (files.length === 0) return null
  const keys = new KeyLog()
  for (const file of files) {
    const one = parseKeyLog(await readFile(file, 'latin1'))
    const { malformed, malformedLines } = one.faults
    if (malformed > 0)
      say(`${file}: lines that are no key log lines: ${malformed}, the first is line ${malformedLines[0]}`)
    keys.merge(one)
  }
  return keys
}

export const hasDecrypted = (observations: Observations): boolean =>
  connectionsOf(observations).some(({ tls }) => tls?.decryption.is === 'decrypted')

/**
 * Vantages by number of the capture, which is its place among those that could be read: the user's hints by file name,
 * and what a cut says of its captures.
 */
export function vantagesOf(
  { observations, ids, named }: ReadCaptures,
  hints: readonly VantageHint[],
): Map<number, Vantage> {
  const byCapture = new Map<number, Vantage>()
  for (const [capture, parts] of ids.entries()) {
    const vantage = parseSourceName(named[parts[0]].within)?.vantage
    if (vantage !== undefined && vantage !== 'capture' && !vantage.includes('+'))
      byCapture.set(capture, vantage as Vantage)
  }
  for (const { file, vantage } of hints) {
    const capture = observations.findIndex((seen) => seen.parts.some((part) => part.file === file))
    if (capture >= 0) byCapture.set(capture, vantage)
  }
  return byCapture
}

async function observeAll(
  files: readonly string[],
  keys: KeyLog | null,
  isSealed: boolean,
): Promise<{ each: Observations[]; named: NamedCapture[]; flawless: boolean }> {
  const each: Observations[] = []
  const named: NamedCapture[] = []
  let flawless = true
  for (const file of files) {
    try {
      const seen = await observeFiles([file], keys, isSealed, ([input], options) => observeApart(input, options))
      each.push(...seen)
      named.push(...seen.map(({ parts }) => ({ file, within: withinOf(file, parts[0].file) })))
      for (const { offset, text, afterFrame } of seen[0].parts.flatMap((part) => part.faults)) {
        say(`${file}: at byte ${offset}: ${text} (${used(afterFrame)})`)
        flawless = false
      }
    } catch (error) {
      say(`${file}: ${reason(error)}`)
      flawless = false
    }
  }
  return { each, named, flawless }
}

/** What `observeApart` puts behind the name of a cut. */
const withinOf = (file: string, label: string): string | null =>
  label === file ? null : label.slice(`${file}: `.length)

function used(frames: number): string {
  if (frames === 0) return 'no frame stands before it'
  return frames === 1 ? 'the frame before it was used' : `the ${frames} frames before it were used`
}

/** What is in a pipe can be read only once. */
const areRegular = async (files: readonly string[]): Promise<boolean> =>
  (await Promise.all(files.map((file) => stat(file)))).every((one) => one.isFile())

/** Reads the files of a rotated capture once more, as the one capture that they are. */
async function joinRotated(
  each: readonly Observations[],
  named: readonly NamedCapture[],
  keys: KeyLog | null,
  isSealed: boolean,
): Promise<Observations[]> {
  const canJoin = (part: number): boolean => named[part].file !== '-' && named[part].within === null
  const sets: number[][] = []
  for (const parts of rotatedSets(each)) {
    if (parts.every(canJoin) && (await areRegular(parts.map((part) => named[part].file)))) sets.push(parts)
  }
  const joined = new Map<number, Observations>()
  for (const parts of sets) {
    const whole = await observeFiles(
      parts.map((part) => named[part].file),
      keys,
      isSealed,
      observe,
    )
    joined.set(parts[0], whole)
  }
  const others = new Set(sets.flatMap((parts) => parts.slice(1)))
  return each.flatMap((seen, i) => (others.has(i) ? [] : [joined.get(i) ?? seen]))
}

async function observeFiles<T>(
  files: readonly string[],
  keys: KeyLog | null,
  isSealed: boolean,
  how: (inputs: CaptureInput[], options: ObserveOptions) => Promise<T>,
): Promise<T> {
  const sources = await Promise.all(files.map((file) => openSource(file)))
  const line = progress(
    files[0],
    sources.reduce<number | null>((sum, { size }) => (sum === null || size === null ? null : sum + size), 0),
  )
  try {
    const inputs = files.map((file, i) => ({ file, open: () => sources[i].chunks }))
    return await how(inputs, {
      decompression,
      ...(keys === null ? {} : { keys }),
      ...(isSealed ? {} : { crypto: nodeCrypto }),
      onProgress: ({ frames }) =>
        line.report(
          sources.reduce((sum, { bytesRead }) => sum + bytesRead, 0),
          frames,
        ),
    })
  } finally {
    line.done()
    await Promise.all(sources.map((source) => source.close()))
  }
}
