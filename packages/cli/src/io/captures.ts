// Captures from files, and what is to be said of them.
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import {
  type CutInput,
  type ObservedFiles,
  observeFiles,
  type ObserveJobs,
  placesWithin,
  type Vantage,
} from '@pcap-surgery/core'
import type { Keys } from './keys.ts'
import { observeJobs } from './observing.ts'
import { chunksOf, reason } from './source.ts'
import { say } from './talk.ts'

export interface VantageHint {
  file: string
  vantage: Vantage
}

/** Observed captures; see `ObservedFiles`. */
export interface ReadCaptures extends Omit<ObservedFiles, 'files'> {
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
  const observe: ObserveJobs = (jobs) =>
    observeJobs(
      jobs.map((job) => ({ ...job, isSealed })),
      keys,
    )
  const { files: read, ...seen } = await observeFiles(files, observe, isRegular)
  for (const { file, error, faults } of read) {
    if (error !== null) say(`${file}: ${reason(error)}`)
    for (const { offset, text, afterFrame } of faults) say(`${file}: at byte ${offset}: ${text} (${used(afterFrame)})`)
  }
  return { ...seen, flawless: read.every(({ error, faults }) => error === null && faults.length === 0) }
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

/** The captures by id, to be cut from. */
export const inputsOf = ({ named }: ReadCaptures): CutInput[] =>
  named.map(({ file, within }) => ({ file, within, name: basename(file), open: () => chunksOf(file) }))

/**
 * Vantages by number of the capture, which is its place among those that could be read: the user's hints by file name,
 * and what a cut says of its captures.
 */
export function vantagesOf(
  { observations, ids, named }: ReadCaptures,
  hints: readonly VantageHint[],
): Map<number, Vantage> {
  const byCapture: Map<number, Vantage> = placesWithin({ ids, named })
  for (const { file, vantage } of hints) {
    const capture = observations.findIndex((seen) => seen.parts.some((part) => part.file === file))
    if (capture >= 0) byCapture.set(capture, vantage)
  }
  return byCapture
}

function used(frames: number): string {
  if (frames === 0) return 'no frame stands before it'
  return frames === 1 ? 'the frame before it was used' : `the ${frames} frames before it were used`
}

/** What is in a pipe can be read only once. */
const isRegular = async (file: string): Promise<boolean> => file !== '-' && (await stat(file)).isFile()
