// pcap-surgery diagnose: captures in, the causes out.
import {
  correlate,
  diagnose,
  type DiagnosisDocument,
  harOf,
  hasDecrypted,
  htmlReport,
  jsonReport,
  ladderOf,
  markdownReport,
  type ReportOptions,
  type Story,
} from '@pcap-surgery/core'
import { distinct, readCaptures, type VantageHint, vantagesOf } from '../io/captures.ts'
import { readKeys, unreadableKeys } from '../io/keys.ts'
import { isPrintedOn, printAll, refusal, writeWhole } from '../io/output.ts'
import { Refused } from '../io/refused.ts'
import { say } from '../io/talk.ts'
import { renderNdjson } from '../render/ndjson.ts'
import { renderText, type TextOptions } from '../render/text.ts'
import { followCommand } from './follow.ts'

export interface DiagnoseOptions {
  format: 'text' | 'json' | 'ndjson' | 'har' | 'html' | 'markdown'
  output?: string
  /** With `har`: secrets are not left out. */
  showSecrets?: boolean
  keys?: string[]
  vantage?: VantageHint[]
  checklist?: boolean
  all?: boolean
  exitCode?: boolean
  follow?: boolean
  /** False with --no-color. */
  color: boolean
  version: string
}

/** Diagnoses the captures together and writes the answer. Answers the exit status; see program.ts. */
export async function diagnoseCommand(files: readonly string[], options: DiagnoseOptions): Promise<number> {
  const wrong = await misuse(files, options)
  if (wrong !== null) {
    say(wrong)
    return 2
  }
  if (options.follow) return followCommand(files[0]!, options, textOptions(options))
  const kept = await distinct(files)
  const keys = await readKeys(options.keys ?? [])
  const captures = await readCaptures(kept, keys)
  const { observations, ids, flawless } = captures
  if (observations.length === 0) return 2
  if (keys !== null && !observations.some(hasDecrypted))
    say('--keys: no TLS session of the captures has its secrets there')
  const story = correlate(observations, { ids, vantages: vantagesOf(captures, options.vantage ?? []) })
  const document = diagnose(story)
  const written = await answer(story, document, options)
  if (!flawless || !written) return 2
  return options.exitCode && document.incidents.length > 0 ? 1 : 0
}

/** What is wrong with the request itself, before any work is done; null when nothing is. */
async function misuse(files: readonly string[], options: DiagnoseOptions): Promise<string | null> {
  const { keys = [], vantage: hints = [], output, follow = false, format, showSecrets = false } = options
  if (showSecrets && format !== 'har') return '--show-secrets: is for --format har'
  if (follow && files.length > 1) return '--follow: one capture at a time'
  if (follow && format !== 'text' && format !== 'ndjson') return '--follow: the answer never ends; use --format ndjson'
  if (follow && output !== undefined) return '--follow: goes to standard output; redirect that'
  for (const { file } of hints) {
    if (!files.includes(file)) return `--vantage ${file}: is not one of the captures`
  }
  const unreadable = await unreadableKeys(keys)
  if (unreadable !== null) return unreadable
  if (output === undefined) return (await isPrintedOn(files)) ? 'standard output is one of the captures' : null
  const refused = await refusal(output, files)
  return refused === null ? null : `--output ${output}: ${refused}`
}

/** The answer, in pieces where it may be long. */
function rendered(story: Story, document: DiagnosisDocument, options: DiagnoseOptions): Iterable<string> {
  const { format, version, showSecrets = false } = options
  switch (format) {
    case 'json':
      return jsonReport(document)
    case 'ndjson':
      return renderNdjson(document)
    case 'har':
      return harOf(story, document, { creator: { name: 'PCAP Surgery', version }, showSecrets })
    case 'html':
      return htmlReport(document, reportOptions(story, options))
    case 'markdown':
      return markdownReport(document, reportOptions(story, options))
    case 'text':
      return [renderText(document, { ...textOptions(options), ladderOf: (incident) => ladderOf(story, incident) })]
  }
}

const reportOptions = (story: Story, { version, all = false }: DiagnoseOptions): ReportOptions => ({
  version,
  all,
  ladderOf: (incident) => ladderOf(story, incident),
})

function textOptions({ output, color, checklist = false, all = false }: DiagnoseOptions): TextOptions {
  const screen = output === undefined && process.stdout.isTTY
  const width = (screen && process.stdout.columns) || 80
  return { width, colour: screen && color && !process.env.NO_COLOR, checklist, all }
}

/** Writes the answer where it was asked for. False when that failed; the user has been told. */
async function answer(story: Story, document: DiagnosisDocument, options: DiagnoseOptions): Promise<boolean> {
  const { output } = options
  const pieces = rendered(story, document, options)
  try {
    await (output === undefined ? printAll(pieces) : writeWhole(output, pieces))
    return true
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    say(error.message)
    return false
  }
}
