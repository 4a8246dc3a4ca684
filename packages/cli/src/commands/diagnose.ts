// pcap-surgery diagnose: captures in, the causes out.
import { access, constants, readFile, stat } from 'node:fs/promises'
import { correlate, diagnose, KeyLog, observe, parseKeyLog, rotatedSets } from '@pcap-surgery/core'
import type { DecompressionPort, DiagnosisDocument, Observations, Vantage } from '@pcap-surgery/core'
import { nodeCrypto } from '../io/crypto.ts'
import { gunzip } from '../io/gzip.ts'
import { print, refusal, writeWhole } from '../io/output.ts'
import { progress } from '../io/progress.ts'
import { openSource, reason } from '../io/source.ts'
import { say } from '../io/talk.ts'
import { renderText } from '../render/text.ts'

export interface VantageHint {
  file: string
  vantage: Vantage
}

export interface DiagnoseOptions {
  format: 'text' | 'json'
  output?: string
  keys?: string[]
  vantage?: VantageHint[]
  checklist?: boolean
  all?: boolean
  exitCode?: boolean
  /** False with --no-color. */
  color: boolean
}

const decompression: DecompressionPort = { gzip: gunzip }

/** Diagnoses the captures together and writes the answer. Answers the exit status; see program.ts. */
export async function diagnoseCommand(files: readonly string[], options: DiagnoseOptions): Promise<number> {
  const wrong = await misuse(files, options)
  if (wrong !== null) {
    say(wrong)
    return 2
  }
  const kept = await distinct(files)
  const keys = await readKeys(options.keys ?? [])
  const { observations: each, flawless } = await observeAll(kept, keys)
  if (each.length === 0) return 2
  const observations = await joinRotated(each, keys)
  if (keys !== null && !observations.some(hasDecrypted))
    say('--keys: no TLS session of the captures has its secrets there')
  // In the document captures are counted as they were named.
  const named = each.map((seen) => seen.parts[0].file)
  const ids = observations.map((seen) => seen.parts.map((part) => named.indexOf(part.file)))
  const document = diagnose(correlate(observations, { ids, vantages: vantages(observations, options.vantage ?? []) }))
  document.captures.sort((a, b) => a.id - b.id)
  const written = await answer(document, options)
  if (!flawless || !written) return 2
  return options.exitCode && document.incidents.length > 0 ? 1 : 0
}

/** What is wrong with the request itself, before any work is done; null when nothing is. */
async function misuse(files: readonly string[], options: DiagnoseOptions): Promise<string | null> {
  const { keys = [], vantage: hints = [], output } = options
  for (const { file } of hints) {
    if (!files.includes(file)) return `--vantage ${file}: is not one of the captures`
  }
  for (const file of keys) {
    const unreadable = await access(file, constants.R_OK).then(() => null, reason)
    if (unreadable !== null) return `--keys ${file}: ${unreadable}`
  }
  if (output === undefined) return null
  const refused = await refusal(output, files)
  return refused === null ? null : `--output ${output}: ${refused}`
}

/** The captures without those that are named twice, by whatever name: each frame counts once. */
async function distinct(files: readonly string[]): Promise<string[]> {
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

/** All key logs as one; null without. What of them makes no sense is said by line number: their text is secret. */
async function readKeys(files: readonly string[]): Promise<KeyLog | null> {
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

const hasDecrypted = ({ connections }: Observations): boolean =>
  connections.some(({ tls }) => tls?.decryption.is === 'decrypted')

/** Reads what can be read. `flawless` is false when any input was unreadable or damaged; the user has been told. */
async function observeAll(
  files: readonly string[],
  keys: KeyLog | null,
): Promise<{ observations: Observations[]; flawless: boolean }> {
  const observations: Observations[] = []
  let flawless = true
  for (const file of files) {
    try {
      const seen = await observeFiles([file], keys)
      observations.push(seen)
      for (const { offset, text, afterFrame } of seen.parts.flatMap((part) => part.faults)) {
        say(`${file}: at byte ${offset}: ${text} (${used(afterFrame)})`)
        flawless = false
      }
    } catch (error) {
      say(`${file}: ${reason(error)}`)
      flawless = false
    }
  }
  return { observations, flawless }
}

function used(frames: number): string {
  if (frames === 0) return 'no frame stands before it'
  return frames === 1 ? 'the frame before it was used' : `the ${frames} frames before it were used`
}

/** Reads the files of a rotated capture once more, as the one capture that they are. */
async function joinRotated(each: readonly Observations[], keys: KeyLog | null): Promise<Observations[]> {
  const sets = rotatedSets(each).filter((parts) => parts.every((part) => each[part].parts[0].file !== '-'))
  const joined = new Map<number, Observations>()
  for (const parts of sets)
    joined.set(
      parts[0],
      await observeFiles(
        parts.map((part) => each[part].parts[0].file),
        keys,
      ),
    )
  const others = new Set(sets.flatMap((parts) => parts.slice(1)))
  return each.flatMap((seen, i) => (others.has(i) ? [] : [joined.get(i) ?? seen]))
}

async function observeFiles(files: readonly string[], keys: KeyLog | null): Promise<Observations> {
  const sources = await Promise.all(files.map((file) => openSource(file)))
  const line = progress(
    files[0],
    sources.reduce<number | null>((sum, { size }) => (sum === null || size === null ? null : sum + size), 0),
  )
  try {
    const inputs = files.map((file, i) => ({ file, open: () => sources[i].chunks }))
    return await observe(inputs, {
      decompression,
      ...(keys === null ? {} : { keys }),
      crypto: nodeCrypto,
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

/** Hints by file name as hints by capture number, which is the capture's place among those that could be read. */
function vantages(observations: readonly Observations[], hints: readonly VantageHint[]): Map<number, Vantage> {
  const byCapture = new Map<number, Vantage>()
  for (const { file, vantage } of hints) {
    const capture = observations.findIndex((seen) => seen.parts.some((part) => part.file === file))
    if (capture >= 0) byCapture.set(capture, vantage)
  }
  return byCapture
}

/** Writes the answer where it was asked for. False when that failed; the user has been told. */
async function answer(document: DiagnosisDocument, options: DiagnoseOptions): Promise<boolean> {
  const { format, output, checklist = false, all = false } = options
  const screen = output === undefined && process.stdout.isTTY
  const text =
    format === 'json'
      ? `${JSON.stringify(document, null, 2)}\n`
      : renderText(document, {
          width: (screen && process.stdout.columns) || 80,
          colour: screen && options.color && !process.env.NO_COLOR,
          checklist,
          all,
        })
  try {
    await (output === undefined ? print(text) : writeWhole(output, text))
    return true
  } catch (error) {
    say(`${output ?? 'standard output'}: ${reason(error)}`)
    return false
  }
}
