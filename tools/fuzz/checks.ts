// What must be true of every answer, whatever was captured.
import {
  type Bytes,
  type CaptureInput,
  correlate,
  type DecompressionPort,
  diagnose,
  DIAGNOSIS_SCHEMA,
  type DiagnosisDocument,
  evidenceOf,
  harOf,
  isolate,
  type KeyLog,
  nobleCrypto,
  observe,
  type Observations,
  parseKeyLog,
  pcapngWriter,
  selectionChooser,
  type Story,
} from '@pcap-surgery/core'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { gunzip } from '../../packages/cli/src/io/gzip.ts'
import { renderText } from '../../packages/cli/src/render/text.ts'

const isValid = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(DIAGNOSIS_SCHEMA)

const decompression: DecompressionPort = { gzip: gunzip }

/** A claim about all answers that one input breaks. */
export class Broken extends Error {
  override name = 'Broken'
}

export function must(condition: boolean, text: string): asserts condition {
  if (!condition) throw new Broken(text)
}

export interface Answer {
  observations: Observations[]
  story: Story
  document: DiagnosisDocument
}

/** The bytes in chunks of `size`. Each is a copy that is overwritten once the next is asked for, as readers may do. */
export async function* chunks(bytes: Bytes, size: number): AsyncGenerator<Bytes> {
  for (let at = 0; at < bytes.length; at += size) {
    const chunk = bytes.slice(at, at + size)
    yield chunk
    chunk.fill(0xee)
  }
}

/** All three steps over captures in memory. */
export async function answerOf(captures: readonly Bytes[], keys: KeyLog | null, chunk: number): Promise<Answer> {
  const observations: Observations[] = []
  for (const [i, bytes] of captures.entries()) {
    const input: CaptureInput = { file: `${i}.pcap`, open: () => chunks(bytes, chunk) }
    observations.push(await observe([input], { decompression, ...(keys && { keys }), crypto: nobleCrypto }))
  }
  const story = correlate(observations)
  return { observations, story, document: diagnose(story) }
}

/** Throws `Broken` where the document is not what it promises to be. */
export function checkDocument(document: DiagnosisDocument): void {
  const plain = JSON.parse(JSON.stringify(document)) as DiagnosisDocument
  must(isValid(plain), `the document does not conform: ${JSON.stringify(isValid.errors?.[0] ?? null)}`)
  const frames = new Map(document.captures.map((capture) => [capture.id, capture.frames]))
  for (const incident of [...document.incidents, ...document.masked]) {
    const cited = [incident.findings, incident.timeline, incident.checklist, incident.ruledOut, incident.competing]
    for (const ref of cited.flat().flatMap((one) => one.frames)) {
      const last = frames.get(ref.capture)
      must(last !== undefined, `capture ${ref.capture} is cited and there is none`)
      must(Number.isInteger(ref.frame) && ref.frame >= 1, `frame ${ref.frame} is cited`)
      must(ref.frame <= last, `frame ${ref.frame} is cited of ${last}`)
    }
    must(incident.findings.length > 0 || incident.cause === 'undetermined', `${incident.cause} without a finding`)
  }
  const ids = [...document.incidents, ...document.masked].map(({ id }) => id)
  must(new Set(ids).size === ids.length, 'two incidents have one id')
  const text = renderText(document, { width: 80, colour: false, checklist: true, all: true })
  const control = /[^\P{C}\n]/u.exec(text)
  must(control === null, `the text has U+${control?.[0].codePointAt(0)?.toString(16)}`)
}

interface ArchiveEntry {
  startedDateTime: string
  time: number
  request: { url: string }
  timings: { [phase: string]: number }
}

/** Throws `Broken` where the HTTP Archive is not what HAR 1.2 says it is. */
export function checkArchive({ story, document }: Answer): void {
  const creator = { name: 'fuzz', version: '1' }
  const text = [...harOf(story, document, { creator, showSecrets: false })].join('')
  const { entries } = (JSON.parse(text) as { log: { entries: ArchiveEntry[] } }).log
  for (const { startedDateTime, time, request, timings } of entries) {
    must(/^[\d-]+T[\d:]+\.\d{3}Z$/.test(startedDateTime), `an entry began at ${startedDateTime}`)
    for (const phase of ['send', 'wait', 'receive']) must(timings[phase]! >= 0, `${phase} of ${timings[phase]} ms`)
    const sum = Object.entries(timings).reduce((all, [phase, ms]) => all + (phase === 'ssl' ? 0 : Math.max(0, ms)), 0)
    must(Math.abs(sum - time) <= 1e-9 * sum + 1e-5, `phases of ${sum} ms in ${time} ms`)
    must(/^https?:[\x21-\x7e]+$/i.test(request.url), `an entry’s URL is ${JSON.stringify(request.url)}`)
  }
}

/** No capture begins with a letter. */
export const isKeys = (part: Bytes): boolean => part.length > 0 && part[0]! >= 0x20 && part[0]! < 0x7f

/** What zlib had not handed out when it found damage depends on how it was fed. */
export const isCompressed = ([a, b]: Bytes): boolean =>
  (a === 0x1f && b === 0x8b) || (a === 0x28 && b === 0xb5) || a === 4 || a === 2

/** Diagnoses captures and key logs, and holds the answer against what must be true of it. */
export async function checkAnswer(parts: readonly Bytes[], chunk: number): Promise<Answer> {
  const text = parts.filter(isKeys).map((part) => Buffer.from(part).toString('latin1'))
  const keys = text.length === 0 ? null : parseKeyLog(text.join('\n'))
  const captures = parts.filter((part) => !isKeys(part))
  const answer = await answerOf(captures, keys, chunk)
  checkDocument(answer.document)
  checkArchive(answer)
  return answer
}

/** Cuts an incident out and reads the cut: it must be a good capture, with as many frames as were written. */
export async function checkCut(captures: readonly Bytes[], { story, document }: Answer, which: number): Promise<void> {
  const all = [...document.incidents, ...document.masked]
  if (all.length === 0) return
  const incident = all[which % all.length]!
  const evidence = evidenceOf(story, incident, { width: 'connections', padSeconds: 0.1, leg: null })
  const sources = [...evidence.selections].map(([id, selection]) => ({
    parts: [
      {
        file: `${id}.pcap`,
        open: () => chunks(captures[id]!, 4096),
        chooser: selectionChooser(selection),
        within: null,
        comments: evidence.comments.get(id) ?? new Map<number, string[]>(),
      },
    ],
    vantage: 'capture',
    name: `${id}.pcap`,
    onFirstClock: null,
    comment: null,
  }))
  const out: Bytes[] = []
  const writer = pcapngWriter({ comments: [incident.summary], application: 'fuzz' }, (bytes) => out.push(bytes.slice()))
  writer.names(evidence.names)
  const isolated = await isolate(sources, writer, { decompression, align: false, snap: null, secrets: null })
  const cut = Buffer.concat(out)
  const [seen] = (await answerOf([cut], null, 1 << 20)).observations
  must(seen!.frames === isolated.frames, `${isolated.frames} frames were cut, ${seen!.frames} can be read`)
  const [fault] = seen!.parts[0]!.faults
  must(fault === undefined, `the cut is damaged: ${fault?.text}`)
}
