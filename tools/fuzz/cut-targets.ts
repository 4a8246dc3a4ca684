// Targets of what is cut out of captures and handed on: it reads back and says what it was proven to say, it holds what
// was asked for, and of what was to be hidden nothing is in it.
import {
  type Bytes,
  captureWriter,
  type Chooser,
  connectionsOf,
  copy,
  correlate,
  type CutBench,
  cutIncident,
  type CutInput,
  diagnose,
  type DiagnosisDocument,
  type Draft,
  type DraftKind,
  handChooser,
  hasDecrypted,
  isolate,
  KeyLog,
  LinkTypesDiffer,
  nobleCrypto,
  type Observations,
  observeApart,
  observe,
  type ObservedFiles,
  observeFiles,
  type Packet,
  parseKeyLog,
  placesWithin,
  sealedOf,
  type Story,
} from '@pcap-surgery/core'
import { decompressed } from '../../packages/core/src/capture/compression.ts'
import { createCaptureReader } from '../../packages/core/src/capture/open.ts'
import { gunzip } from '../../packages/cli/src/io/gzip.ts'
import { answerOf, chunks, isCompressed, isKeys, must } from './checks.ts'
import { joined, LONGEST } from './mutate.ts'
import { partsOf } from './parts.ts'
import type { Random } from './random.ts'
import type { Target } from './targets.ts'
import { choice, mustBeGood, pcapng, written } from './written.ts'

const decompression = { gzip: gunzip }
const APPLICATION = 'fuzz'

/** Of files in memory all that is to be said; `keys`: null where nothing is decrypted. */
async function seenOf(files: ReadonlyMap<string, Bytes>, keys: KeyLog | null): Promise<ObservedFiles> {
  const options = { decompression, ...(keys !== null && { keys, crypto: nobleCrypto }) }
  const inputOf = (file: string) => ({ file, open: () => chunks(files.get(file)!, 1 << 16) })
  const observing = async (job: { files: readonly string[]; apart: boolean }): Promise<Observations[]> =>
    job.apart ? await observeApart(inputOf(job.files[0]!), options) : [await observe(job.files.map(inputOf), options)]
  const all = (jobs: readonly Parameters<typeof observing>[0][]): Promise<Observations[][]> =>
    Promise.all(jobs.map(observing))
  return observeFiles([...files.keys()], all, () => Promise.resolve(true))
}

function answered(seen: ObservedFiles): { story: Story; document: DiagnosisDocument } {
  const story = correlate(seen.observations, { ids: seen.ids, vantages: placesWithin(seen) })
  return { story, document: diagnose(story) }
}

/** Counts what was made and is still there: of a cut that is not handed on nothing may be left. */
class Bench implements CutBench<MemoryDraft> {
  readonly decompression = decompression
  readonly open = new Set<MemoryDraft>()
  readonly #keys: KeyLog
  readonly #random: Random

  constructor(keys: KeyLog, random: Random) {
    this.#keys = keys
    this.#random = random
  }

  draft(output: number, kind: DraftKind): MemoryDraft {
    const draft = new MemoryDraft(`${kind}-${output}.pcapng`, () => this.open.delete(draft))
    for (const { name } of this.open) must(name !== draft.name, `there is ${name} already`)
    this.open.add(draft)
    return draft
  }

  read(drafts: readonly MemoryDraft[], keyLogs: readonly string[] | null): Promise<ObservedFiles> {
    return seenOf(new Map(drafts.map(({ name, bytes }) => [name, bytes])), keyLogs && withKeys(this.#keys, keyLogs))
  }

  random(length: number): Bytes {
    return Uint8Array.from({ length }, () => this.#random.below(256))
  }
}

class MemoryDraft implements Draft {
  readonly name: string
  readonly #gone: () => void
  readonly #pieces: Bytes[] = []

  constructor(name: string, gone: () => void) {
    this.name = name
    this.#gone = gone
  }

  get bytes(): Bytes {
    return joined(this.#pieces)
  }

  emit(bytes: Bytes): void {
    this.#pieces.push(bytes.slice())
  }

  close(): void {}

  open(): AsyncIterable<Bytes> {
    return chunks(this.bytes, 5000)
  }

  discard(): void {
    this.#gone()
  }
}

function withKeys(keys: KeyLog, texts: readonly string[]): KeyLog {
  const all = new KeyLog()
  all.merge(keys)
  for (const text of texts) all.merge(parseKeyLog(text))
  return all
}

interface Given {
  files: Map<string, Bytes>
  logs: string[]
}

function givenOf(input: Bytes): Given {
  const parts = partsOf(input).slice(0, 6)
  const files = new Map(parts.filter((part) => !isKeys(part)).map((part, i) => [`${i}.pcap`, part]))
  return { files, logs: parts.filter(isKeys).map((part) => Buffer.from(part).toString('latin1')) }
}

/** An incident cut out and proven: what is handed on is read by who has nothing but it, and says the same. */
async function proven(input: Bytes): Promise<void> {
  const random = choice(input)
  const { files, logs } = givenOf(input)
  if (files.size === 0) return
  const keys = parseKeyLog(logs.join('\n'))
  const seen = await seenOf(files, keys)
  const { story, document } = answered(seen)
  const all = [...document.incidents, ...document.masked]
  if (all.length === 0) return
  const incident = random.pick(all)
  const isAnonymised = random.oneIn(2)
  const isSealed = isAnonymised && seen.observations.some(hasDecrypted)
  const expected = isSealed ? sealedOf(incident, answered(await seenOf(files, null)).document) : incident
  if (expected === null) return
  const inputs = seen.named.map((one): CutInput => ({
    ...one,
    name: one.file,
    open: () => chunks(files.get(one.file)!, 1 << 16),
  }))
  const options = {
    format: random.pick(['pcapng', 'pcapng', 'pcap'] as const),
    application: APPLICATION,
    align: random.oneIn(2),
    snap: random.pick([null, null, null, 'headers', 60, 200] as const),
    secrets: !isAnonymised && random.oneIn(2) ? logs : null,
    legs: random.oneIn(3) ? (['client', 'upstream'] as const) : [null],
    padSeconds: random.pick([0, 0, 0.1, 5]),
    anonymise: isAnonymised ? { key: random.oneIn(2) ? Uint8Array.of(1, 2, 3) : null } : null,
  }
  const bench = new Bench(keys, random)
  const made = await cutIncident(bench, { story, inputs, incident, expected }, options).catch((error: unknown) => {
    if (error instanceof LinkTypesDiffer) return null
    throw error
  })
  const cuts = made?.is === 'proven' ? made.cuts : []
  must(bench.open.size === cuts.length, `${[...bench.open].map(({ name }) => name).join()} of ${cuts.length} is left`)
  if (made?.is !== 'proven') return
  const out = new Map<string, Bytes>()
  for (const { draft, isolated } of cuts) {
    mustBeGood(draft.bytes, isolated.frames)
    if (isolated.frames > 0) out.set(`cut-${out.size}.${options.format}`, draft.bytes)
  }
  const again = await seenOf(out, isAnonymised ? null : keys)
  const { incidents, masked } = answered(again).document
  const alike = [...incidents, ...masked].filter((one) => ENDS.every((end) => one[end] === made.incident[end]))
  const said = alike.map(({ cause, confidence }) => `${cause} ${confidence}`)
  const { cause, confidence, cutOff } = made.proof
  const proof = cutOff ?? { cause, confidence }
  const right = proof.cause === null ? said.length === 0 : said.includes(`${proof.cause} ${proof.confidence}`)
  must(right, `proven was ${proof.cause} ${proof.confidence}, and it says ${said.join() || 'nothing'}`)
  if (isAnonymised) mustBeHidden(seen, joined([...out.values()]))
}

const ENDS = ['client', 'proxyFront', 'proxyBack', 'upstream', 'status'] as const

/** No host that was asked for, and no long number or word of a path, is in a cut that was anonymised. */
function mustBeHidden({ observations }: ObservedFiles, cut: Bytes): void {
  const text = Buffer.from(cut).toString('latin1').toLowerCase()
  for (const { name } of observations.flatMap(({ lookups }) => lookups)) {
    const [label = ''] = name.toLowerCase().split('.')
    // Short ones are found anywhere.
    if (/^[a-z\d-]{9,}$/.test(label)) must(!text.includes(label), `the name ${name} can be read`)
  }
}

/** A cut by hand has the frames that meet its conditions, and no others. */
async function byHand(input: Bytes): Promise<void> {
  const random = choice(input)
  const { files, logs } = givenOf(input)
  const { observations } = await seenOf(files, null)
  const ends = observations.flatMap((seen) =>
    connectionsOf(seen)
      .slice(0, 9)
      .map(({ client }) => client),
  )
  const cut = {
    connections: ends.length > 0 && random.oneIn(3) ? [{ a: random.pick(ends), b: null }] : null,
    frames: random.oneIn(2) ? [{ from: 1 + random.below(20), to: 10 + random.below(100) }] : null,
    times: random.oneIn(3) ? [{ from: null, to: { seconds: random.word(), nanoseconds: 5 } }] : null,
    filter: null,
  }
  let wanted = 0
  const faults = new Set<string>()
  for (const bytes of files.values()) {
    const whole = await countOf(bytes, handChooser(cut))
    wanted += whole.count
    for (const fault of whole.faults) faults.add(fault)
  }
  const sources = [...files].map(([file, bytes], i) => ({
    parts: [
      {
        file,
        open: () => chunks(bytes, 3000),
        chooser: handChooser(cut),
        within: null,
        comments: new Map([[1 + random.below(9), ['a comment']]]),
      },
    ],
    vantage: 'capture',
    name: file,
    onFirstClock: null,
    comment: i === 0 ? null : 'a clock',
  }))
  const form = {
    align: random.oneIn(2),
    snap: random.pick([null, 'headers', 40] as const),
    secrets: random.oneIn(2) ? logs : null,
  }
  const format = random.oneIn(2) ? 'pcap' : 'pcapng'
  try {
    let frames = 0
    const bytes = await written(
      (emit) => captureWriter(format, { comments: ['by hand'], application: APPLICATION }, emit),
      async (writer) => {
        const isolated = await isolate(sources, writer, { decompression, ...form })
        ;({ frames } = isolated)
        const { timeless } = isolated
        const found = isolated.parts.flatMap((part) => part.faults).find(({ text }) => !faults.has(text))
        must(found === undefined || faults.size > 0, `nothing is damaged, and told is: ${found?.text}`)
        const isSame = frames + timeless === wanted || [...files.values()].some(isCompressed)
        must(isSame, `${wanted} frames are wanted, ${frames} cut, ${timeless} timeless`)
      },
    )
    mustBeGood(bytes, frames)
  } catch (error) {
    if (!(error instanceof LinkTypesDiffer)) throw error
  }
}

/** Frames that a chooser wants of a capture, as far as it is whole, and what it is not. */
async function countOf(bytes: Bytes, chooser: Chooser): Promise<{ count: number; faults: string[] }> {
  const reader = createCaptureReader()
  const faults: string[] = []
  let count = 0
  const sink = { packet: (packet: Packet): void => void (chooser.wants(packet) && count++) }
  for await (const chunk of decompressed(chunks(bytes, 1 << 16), decompression, (f) => faults.push(f.text))) {
    reader.push(chunk, sink)
  }
  reader.end(sink)
  return { count, faults: [...faults, ...reader.info.faults.map(({ text }) => text)] }
}

/** Secrets in the captures are those of a key log beside them; and no answer has one of them in it. */
async function keyed(input: Bytes): Promise<void> {
  const { files, logs } = givenOf(input)
  const text = logs.join('\n')
  const captures: Bytes[] = []
  // What cannot be read again is left out: a file of its own, with keys or without, says nothing.
  for (const bytes of files.values()) {
    captures.push(
      await written(pcapng, (writer) =>
        copy({ open: () => chunks(bytes, 1 << 16) }, writer, {
          decompression,
          chooser: null,
          retime: null,
          resume: false,
        }),
      ),
    )
  }
  const beside = await answerOf(captures, parseKeyLog(text), 1 << 16)
  const inside = await answerOf(
    captures.map((capture) => withSecrets(capture, text)),
    null,
    1 << 16,
  )
  const [a, b] = [beside, inside].map(({ document: { incidents, masked } }) => JSON.stringify([incidents, masked]))
  must(a === b, `with keys beside: ${a}\nwith keys inside: ${b}`)
  const said = JSON.stringify(beside.document)
  for (const [, secret] of text.matchAll(/ ([0-9a-fA-F]{64,})\s*$/gm)) {
    must(!said.includes(secret!), `the secret ${secret!.slice(0, 8)}… is told`)
  }
}

/** A Decryption Secrets Block behind the section header (draft-ietf-opsawg-pcapng section 4.7). */
function withSecrets(capture: Bytes, keyLog: string): Bytes {
  const text = Buffer.from(keyLog, 'latin1')
  const padded = Math.ceil(text.length / 4) * 4
  const block = new Uint8Array(20 + padded)
  const view = new DataView(block.buffer)
  view.setUint32(0, 0x0a, true)
  view.setUint32(4, block.length, true)
  view.setUint32(8, 0x544c534b, true) // TLS Key Log
  view.setUint32(12, text.length, true)
  block.set(text, 16)
  view.setUint32(16 + padded, block.length, true)
  const section = new DataView(capture.buffer, capture.byteOffset).getUint32(4, true)
  return joined([capture.subarray(0, section), block, capture.subarray(section)])
}

/** In which captures are changed packet by packet. */
export const OF_CUTS: readonly string[] = ['cut', 'by-hand', 'keys']

const RUNS: { readonly [name: string]: Target['run'] } = { cut: proven, 'by-hand': byHand, keys: keyed }

export const cutTargets = (mutate: NonNullable<Target['mutate']>): Target[] =>
  OF_CUTS.map((name) => ({
    name,
    seeds: (from) =>
      from.scenarios.filter((one) => one.length < LONGEST / 4 && (name !== 'keys' || partsOf(one).some(isKeys))),
    mutate,
    run: RUNS[name]!,
  }))
