// pcap-surgery diagnose: captures in, the causes out.
import { access, constants } from 'node:fs/promises'
import { correlate, diagnose } from '@pcap-surgery/core'
import type { DiagnosisDocument } from '@pcap-surgery/core'
import { distinct, hasDecrypted, readCaptures, readKeys, type VantageHint, vantagesOf } from '../io/captures.ts'
import { print, refusal, writeWhole } from '../io/output.ts'
import { reason } from '../io/source.ts'
import { say } from '../io/talk.ts'
import { renderText } from '../render/text.ts'

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

/** Diagnoses the captures together and writes the answer. Answers the exit status; see program.ts. */
export async function diagnoseCommand(files: readonly string[], options: DiagnoseOptions): Promise<number> {
  const wrong = await misuse(files, options)
  if (wrong !== null) {
    say(wrong)
    return 2
  }
  const kept = await distinct(files)
  const keys = await readKeys(options.keys ?? [])
  const captures = await readCaptures(kept, keys)
  const { observations, ids, flawless } = captures
  if (observations.length === 0) return 2
  if (keys !== null && !observations.some(hasDecrypted))
    say('--keys: no TLS session of the captures has its secrets there')
  const document = diagnose(correlate(observations, { ids, vantages: vantagesOf(captures, options.vantage ?? []) }))
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
