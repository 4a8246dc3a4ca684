// Captures from files: each observed, the files of a rotated one as one, a cut as the captures that lie in it.
import { stat } from 'node:fs/promises'
import { connectionsOf, parseSourceName, rotatedSets } from '@pcap-surgery/core'
import type { Observations, Vantage } from '@pcap-surgery/core'
import type { Keys } from './keys.ts'
import { observeJobs } from './observing.ts'
import { reason } from './source.ts'
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

/**
 * Reads what can be read; `observations` is empty where nothing can. `isSealed`: nothing is decrypted, not even with
 * secrets that the captures have in them.
 */
export async function readCaptures(
  files: readonly string[],
  keys: Keys | null,
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
  keys: Keys | null,
  isSealed: boolean,
): Promise<{ each: Observations[]; named: NamedCapture[]; flawless: boolean }> {
  const each: Observations[] = []
  const named: NamedCapture[] = []
  let flawless = true
  const results = await observeJobs(
    files.map((file) => ({ files: [file], apart: true, isSealed })),
    keys,
  )
  for (const [i, file] of files.entries()) {
    const seen = results[i]!
    if (seen instanceof Error) {
      say(`${file}: ${reason(seen)}`)
      flawless = false
      continue
    }
    each.push(...seen)
    named.push(...seen.map(({ parts }) => ({ file, within: withinOf(file, parts[0].file) })))
    for (const { offset, text, afterFrame } of seen[0]!.parts.flatMap((part) => part.faults)) {
      say(`${file}: at byte ${offset}: ${text} (${used(afterFrame)})`)
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
  keys: Keys | null,
  isSealed: boolean,
): Promise<Observations[]> {
  const canJoin = (part: number): boolean => named[part].file !== '-' && named[part].within === null
  const sets: number[][] = []
  for (const parts of rotatedSets(each)) {
    if (parts.every(canJoin) && (await areRegular(parts.map((part) => named[part].file)))) sets.push(parts)
  }
  const wholes = await observeJobs(
    sets.map((parts) => ({ files: parts.map((part) => named[part].file), apart: false, isSealed })),
    keys,
  )
  const joined = new Map<number, Observations>()
  for (const [i, parts] of sets.entries()) {
    const whole = wholes[i]!
    if (whole instanceof Error) throw whole
    joined.set(parts[0], whole[0]!)
  }
  const others = new Set(sets.flatMap((parts) => parts.slice(1)))
  return each.flatMap((seen, i) => (others.has(i) ? [] : [joined.get(i) ?? seen]))
}
