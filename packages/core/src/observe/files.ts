// Captures from files: each observed, the files of a rotated one as one, a cut as the captures that lie in it. Who reads
// the files is the platform's.
import type { CaptureFault } from '../capture/packet.ts'
import { type Place, placeOf } from '../capture/source-name.ts'
import type { Observations } from './observations.ts'
import { rotatedSets } from './rotation.ts'

/** What is to be observed as one: a file, or the files of a rotated capture in order of time. */
export interface ObserveJob {
  files: readonly string[]
  /** Of the one file: answers each capture of a cut by itself (`observeApart`). */
  apart: boolean
}

/** Answers for each job its observations, or why there are none. */
export type ObserveJobs = (jobs: readonly ObserveJob[]) => Promise<readonly (Observations[] | Error)[]>

/** A file, or one of the captures in a cut: what one id of the document stands for. */
export interface NamedCapture {
  file: string
  /** Name of the source in the cut (`sourceName` without interface); null where the file is no cut. */
  within: string | null
}

export interface ObservedFiles {
  observations: Observations[]
  /** Of each of `observations` the ids of its parts: captures are counted as they were named. */
  ids: number[][]
  /** By id. */
  named: NamedCapture[]
  /** Of each file what went wrong, in their order. */
  files: ObservedFile[]
}

export interface ObservedFile {
  file: string
  /** Why it could not be read; null where it could. */
  error: Error | null
  /** Damage, up to which it was used. */
  faults: CaptureFault[]
}

/**
 * Observes what can be read; files have names of their own. Those of a rotated capture are read a second time, as the one
 * capture that they are, where all of them can be (`canReadAgain`: a pipe cannot).
 */
export async function observeFiles(
  files: readonly string[],
  observe: ObserveJobs,
  canReadAgain: (file: string) => Promise<boolean>,
): Promise<ObservedFiles> {
  const each: Observations[] = []
  const named: NamedCapture[] = []
  const seenOf: ObservedFile[] = []
  const results = await observe(files.map((file) => ({ files: [file], apart: true })))
  for (const [i, file] of files.entries()) {
    const seen = results[i]!
    if (seen instanceof Error) {
      seenOf.push({ file, error: seen, faults: [] })
      continue
    }
    seenOf.push({ file, error: null, faults: seen[0]!.parts.flatMap((part) => part.faults) })
    each.push(...seen)
    named.push(...seen.map(({ parts }) => ({ file, within: withinOf(file, parts[0].file) })))
  }
  const observations = await joinRotated(each, named, observe, canReadAgain)
  const labels = each.map((seen) => seen.parts[0].file)
  const ids = observations.map((seen) => seen.parts.map((part) => labels.indexOf(part.file)))
  return { observations, ids, named, files: seenOf }
}

/** Where a cut says that its captures were taken, by their place in `observations`. */
export function placesWithin({ ids, named }: Pick<ObservedFiles, 'ids' | 'named'>): Map<number, Place> {
  const byCapture = new Map<number, Place>()
  for (const [capture, [part]] of ids.entries()) {
    const place = placeOf(named[part].within)
    if (place !== null) byCapture.set(capture, place)
  }
  return byCapture
}

/** What `observeApart` puts behind the name of a cut. */
const withinOf = (file: string, label: string): string | null =>
  label === file ? null : label.slice(`${file}: `.length)

async function joinRotated(
  each: readonly Observations[],
  named: readonly NamedCapture[],
  observe: ObserveJobs,
  canReadAgain: (file: string) => Promise<boolean>,
): Promise<Observations[]> {
  const sets: number[][] = []
  for (const parts of rotatedSets(each)) {
    const isWhole = parts.every((part) => named[part].within === null)
    const again = isWhole ? await Promise.all(parts.map((part) => canReadAgain(named[part].file))) : [false]
    if (again.every(Boolean)) sets.push(parts)
  }
  const jobs = sets.map((parts) => ({ files: parts.map((part) => named[part].file), apart: false }))
  const wholes = await observe(jobs)
  const joined = new Map<number, Observations>()
  for (const [i, parts] of sets.entries()) {
    const whole = wholes[i]!
    if (whole instanceof Error) throw whole
    joined.set(parts[0], whole[0]!)
  }
  const others = new Set(sets.flatMap((parts) => parts.slice(1)))
  return each.flatMap((seen, i) => (others.has(i) ? [] : [joined.get(i) ?? seen]))
}
