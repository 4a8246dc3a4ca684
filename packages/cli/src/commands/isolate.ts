// pcap-surgery isolate: captures in, and out of them one that holds an incident and nothing else.
import { access, constants, readFile, stat } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import {
  type CaptureWriter,
  correlate,
  diagnose,
  type Emit,
  type Evidence,
  evidenceOf,
  type Filter,
  handChooser,
  type Incident,
  isolate,
  type Isolated,
  KeyLog,
  type Leg,
  parseKeyLog,
  parseSourceName,
  pcapngWriter,
  pcapWriter,
  selectionChooser,
  type Source,
  type Story,
  type Width,
  WIDTHS,
} from '@pcap-surgery/core'
import {
  decompression,
  distinct,
  hasDecrypted,
  type NamedCapture,
  type ReadCaptures,
  readCaptures,
  readKeys,
  type VantageHint,
  vantagesOf,
} from '../io/captures.ts'
import { type CutFile, cutFile, type Written } from '../io/cut-file.ts'
import { type FileHash, fileHashes, type FileHashes } from '../io/file-hashes.ts'
import { print, refusal, writeWhole } from '../io/output.ts'
import { openSource, reason } from '../io/source.ts'
import { say } from '../io/talk.ts'
import { type ConnectionOption, type FrameOption, moved, type TimeOption } from './hand-cut.ts'
import { manifestOf, type Proof } from './manifest.ts'

export interface IsolateCommandOptions {
  incident?: string
  output: string
  format?: 'pcapng' | 'pcap'
  force?: boolean
  keys?: string[]
  vantage?: VantageHint[]
  secrets?: boolean
  connection?: ConnectionOption[]
  time?: TimeOption[]
  frames?: FrameOption[]
  filter?: Filter
  pad?: number
  snap?: number | 'headers'
  split?: boolean
  align?: boolean
  /** `NAME VERSION`, for the cut's section header. */
  application: string
}

/** Something that the user should know and that ends the command. */
class Refused extends Error {}

/** Cuts the incident, or what was asked for by hand, out of the captures. Answers the exit status; see program.ts. */
export async function isolateCommand(files: readonly string[], options: IsolateCommandOptions): Promise<number> {
  const wrong = await misuse(files, options)
  if (wrong !== null) {
    say(wrong)
    return 2
  }
  let hashes: FileHashes | null = null
  try {
    const kept = await distinct(files)
    const before = await Promise.all(kept.map((file) => identityOf(file)))
    hashes = fileHashes(kept)
    const job = options.incident === undefined ? await byHand(kept, options) : await byIncident(kept, options)
    try {
      const after = await Promise.all(kept.map((file) => identityOf(file)))
      const changed = kept.find((_, i) => after[i] !== before[i])
      if (changed !== undefined) throw new Refused(`${changed}: changed while it was read; nothing was written`)
      return await deliver(job, await hashes.result, options)
    } finally {
      for (const { file } of job.cuts) file.discard()
    }
  } catch (error) {
    if (error instanceof Refused) say(error.message)
    else if (isOfTheSystem(error)) say(reason(error))
    else throw error
    return 2
  } finally {
    await hashes?.stop()
  }
}

/** What the file system says, as it is or in our words, is no defect. */
function isOfTheSystem(error: unknown): boolean {
  const { code, cause } = error as NodeJS.ErrnoException & { cause?: NodeJS.ErrnoException }
  return code !== undefined || cause?.code !== undefined
}

/** The bytes of a file, opened when they are first asked for. */
async function* chunksOf(file: string): AsyncGenerator<Uint8Array> {
  const source = await openSource(file)
  try {
    yield* source.chunks
  } finally {
    await source.close()
  }
}

/** Size and last change; null where there is no such file. */
const identityOf = (file: string): Promise<string | null> =>
  stat(file, { bigint: true }).then(
    ({ size, mtimeNs }) => `${size} ${mtimeNs}`,
    () => null,
  )

async function misuse(files: readonly string[], options: IsolateCommandOptions): Promise<string | null> {
  const { incident, connection, time, frames, filter, pad, split, vantage: hints = [], keys = [] } = options
  const isByHand = [connection, time, frames, filter].some((one) => one !== undefined)
  if (files.includes('-')) return 'standard input can be read only once, and a cut reads twice; save it first'
  if (incident === undefined && !isByHand) {
    return 'say what to cut: --incident ID (diagnose names them), or --connection, --time, --frames, --filter'
  }
  if (incident !== undefined && isByHand) return '--incident and a cut by hand do not go together'
  if (split && incident === undefined) return '--split needs --incident: without one nobody knows the legs'
  if (pad !== undefined && incident === undefined && time === undefined) return '--pad needs --incident or --time'
  for (const file of [...hints, ...(frames ?? [])].map((one) => one.file)) {
    if (file !== null && !files.includes(file)) return `${file}: is not one of the captures`
  }
  for (const file of keys) {
    const unreadable = await access(file, constants.R_OK).then(() => null, reason)
    if (unreadable !== null) return `--keys ${file}: ${unreadable}`
  }
  for (const file of [...outputsOf(options).map(([name]) => name), manifestName(options)]) {
    const refused = await refusal(file, [...files, ...keys])
    if (refused !== null) return `--output ${file}: ${refused}`
    if (!options.force && (await identityOf(file)) !== null) return `${file}: exists; --force replaces it`
  }
  return null
}

/** The files to be written, each with the leg that is in it. */
function outputsOf({ output, split }: IsolateCommandOptions): [file: string, leg: Leg | null][] {
  if (!split) return [[output, null]]
  const extension = extname(output)
  const stem = output.slice(0, output.length - extension.length)
  return (['client', 'upstream'] as const).map((leg) => [`${stem}-${leg}${extension}`, leg])
}

const manifestName = ({ output }: IsolateCommandOptions): string => `${output}.manifest.json`

const formatOf = ({ format, output }: IsolateCommandOptions): 'pcapng' | 'pcap' =>
  format ?? (extname(output) === '.pcap' ? 'pcap' : 'pcapng')

interface Cut {
  file: CutFile
  written: Written
  isolated: Isolated
}

interface Job {
  cuts: Cut[]
  /** Frames of the inputs, by file. */
  frames: ReadonlyMap<string, number>
  incident: Incident | null
  proof: Proof | null
  flawless: boolean
}

async function byIncident(files: readonly string[], options: IsolateCommandOptions): Promise<Job> {
  const keys = await readKeys(options.keys ?? [])
  const captures = await readCaptures(files, keys)
  const { observations, ids, named, flawless } = captures
  if (observations.length === 0) throw new Refused('nothing could be read')
  const story = correlate(observations, { ids, vantages: vantagesOf(captures, options.vantage ?? []) })
  const { incidents, masked } = diagnose(story)
  const incident = [...incidents, ...masked].find(({ id }) => id === options.incident)
  if (incident === undefined) {
    const known = [...incidents, ...masked].map(({ id }) => id)
    const some = known.length > 20 ? `${known.slice(0, 20).join(', ')} ...` : known.join(', ')
    throw new Refused(
      `there is no incident ${options.incident}; ${known.length === 0 ? 'there is none' : `there are ${some}`}`,
    )
  }
  const frames = new Map(
    observations.flatMap((seen, i) => seen.parts.map((part, k) => [named[ids[i][k]].file, part.frames])),
  )
  let proof: Proof | null = null
  for (const width of WIDTHS) {
    const cuts = await cutIncident(story, named, incident, width, null, options)
    try {
      const brought = cuts.flatMap(({ isolated }) => isolated.keyLogs)
      proof = { width, ...(await diagnosedAgain(cuts, incident, withKeys(keys, brought))) }
      if (!proof.agrees) continue
      if (observations.some(hasDecrypted) && !options.secrets) {
        say(
          'TLS is decrypted for this diagnosis: whoever repeats it needs the secrets too (--keys; --secrets puts them in)',
        )
      }
      if (options.snap === undefined) return { cuts: cuts.splice(0), frames, incident, proof, flawless }
      // Without payload there is nothing to diagnose: what is proven is the choice of frames.
      for (const { file } of cuts.splice(0)) file.discard()
      const cutOff = await cutIncident(story, named, incident, width, options.snap, options)
      return { cuts: cutOff, frames, incident, proof, flawless }
    } finally {
      for (const { file } of cuts) file.discard()
    }
  }
  const { cause, confidence } = proof!
  const again = cause === null ? 'finds no such incident' : `says ${cause} (${confidence})`
  throw new Refused(
    `diagnosed again, the cut ${again} where the captures say ${incident.cause} (${incident.confidence}), however much of them is kept; nothing was written`,
  )
}

async function byHand(files: readonly string[], options: IsolateCommandOptions): Promise<Job> {
  const { connection = null, time, frames, filter = null, pad = 0, align } = options
  const times = time?.map(({ from, to }) => ({ from: from && moved(from, -pad), to: to && moved(to, pad) })) ?? null
  const captures = align ? await readCaptures(files, null) : null
  const story = captures === null ? null : correlate(captures.observations, { ids: captures.ids })
  const sources = files.map((file): Source => {
    const own = frames?.filter((one) => one.file === null || one.file === file).flatMap(({ ranges }) => ranges)
    const chooser = handChooser({ connections: connection, frames: own ?? null, times, filter })
    const clock = story === null ? null : clockOf(story, captures!, file)
    return {
      parts: [{ file, open: () => chunksOf(file), chooser, within: null, comments: new Map() }],
      vantage: 'capture',
      name: basename(file),
      aheadNs: clock?.aheadNs ?? 0,
      comment: clock?.comment ?? null,
    }
  })
  const comments = [`cut by hand out of ${files.map((file) => basename(file)).join(', ')}`]
  const cut = await write(options.output, sources, { comments, names: [] }, options.snap ?? null, options)
  const job = { cuts: [cut], incident: null, proof: null }
  const { parts } = cut.isolated
  const flawless = parts.every(({ faults }) => faults.length === 0) && (captures?.flawless ?? true)
  for (const { file, faults } of parts)
    for (const { offset, text } of faults) say(`${file}: at byte ${offset}: ${text}`)
  if (cut.isolated.frames === 0) {
    cut.file.discard()
    throw new Refused('no frame meets these conditions; nothing was written')
  }
  return { ...job, frames: new Map(parts.map(({ file, read: count }) => [file, count])), flawless }
}

function clockOf(
  story: Story,
  captures: ReadCaptures,
  file: string,
): { aheadNs: number; comment: string | null } | null {
  const at = captures.ids.findIndex((parts) => captures.named[parts[0]].file === file)
  return at < 0 ? null : { aheadNs: aheadOf(story, at), comment: clockComment(story, captures.named, at, true) }
}

/** Cuts at a width: one file, or one a leg. */
async function cutIncident(
  story: Story,
  named: readonly NamedCapture[],
  incident: Incident,
  width: Width,
  snap: number | 'headers' | null,
  options: IsolateCommandOptions,
): Promise<Cut[]> {
  const cuts: Cut[] = []
  try {
    for (const [file, leg] of outputsOf(options)) {
      const evidence = evidenceOf(story, incident, { width, padSeconds: options.pad ?? 0, leg })
      const sources = sourcesOf(story, named, evidence, options)
      const texts = { comments: sectionComments(incident, leg), names: evidence.names }
      cuts.push(await write(file, sources, texts, snap, options))
    }
    return cuts
  } catch (error) {
    for (const { file } of cuts) file.discard()
    throw error
  }
}

async function write(
  output: string,
  sources: readonly Source[],
  { comments, names }: { comments: string[]; names: Evidence['names'] },
  snap: number | 'headers' | null,
  options: IsolateCommandOptions,
): Promise<Cut> {
  if (formatOf(options) === 'pcap' && sources.length > 1) {
    throw new Refused('pcap does not tell captures apart, and this cut is of several; pcapng does')
  }
  const file = await cutFile(output)
  try {
    const writer = writerFor(options, comments, (bytes) => file.emit(bytes))
    writer.names(names)
    const secrets = options.secrets
      ? await Promise.all((options.keys ?? []).map((one) => readFile(one, 'latin1')))
      : null
    const isolated = await isolate(sources, writer, { decompression, align: options.align ?? false, snap, secrets })
    return { file, written: file.close(), isolated }
  } catch (error) {
    file.discard()
    throw error
  }
}

function writerFor(options: IsolateCommandOptions, comments: string[], emit: Emit): CaptureWriter {
  if (formatOf(options) === 'pcap') {
    const writer = pcapWriter(emit)
    const addInterface: CaptureWriter['addInterface'] = (described) => {
      try {
        return writer.addInterface(described)
      } catch {
        throw new Refused('pcap has one link type for all packets, and these have several; pcapng takes them')
      }
    }
    return { ...writer, addInterface }
  }
  return pcapngWriter({ comments, application: options.application }, emit)
}

function sourcesOf(
  story: Story,
  named: readonly NamedCapture[],
  { selections, comments }: Evidence,
  { align = false }: IsolateCommandOptions,
): Source[] {
  const taken = new Set<string>()
  return story.captures.flatMap(({ ids, vantages }, i): Source[] => {
    const parts = ids.flatMap((id) => {
      const selection = selections.get(id)
      if (selection === undefined) return []
      const { file, within } = named[id]
      const chooser = selectionChooser(selection)
      return [{ file, open: () => chunksOf(file), chooser, within, comments: comments.get(id) ?? new Map() }]
    })
    if (parts.length === 0) return []
    const vantage = vantages.join('+') || 'capture'
    const { file, within } = named[ids[0]]
    const own = parseSourceName(within)?.file ?? basename(file)
    let name = own
    for (let n = 2; taken.has(`${vantage} ${name}`); n++) name = `${own} #${n}`
    taken.add(`${vantage} ${name}`)
    return [{ parts, vantage, name, aheadNs: aheadOf(story, i), comment: clockComment(story, named, i, align) }]
  })
}

/** Nanoseconds by which a capture's clock is ahead of the first one's. */
function aheadOf({ captures }: Story, capture: number): number {
  const { observations, shift } = captures[capture]
  return (observations.epoch - captures[0].observations.epoch) * 1e9 - shift
}

function clockComment(story: Story, named: readonly NamedCapture[], capture: number, align: boolean): string | null {
  if (capture === 0) return null
  const { clock } = story.captures[capture]
  const first = basename(named[story.captures[0].ids[0]].file)
  const times = align ? 'times are moved to that clock' : 'times are the source’s own'
  const ahead = Math.round(aheadOf(story, capture)) / 1e9
  // Captures that share no packets, and no like requests, are taken to agree.
  if (clock.offsetSeconds === null) {
    return `clock: taken to be ${ahead} s ahead of that of ${first}, with which it shares no packets; ${times}`
  }
  const bounds = clock.low === null ? '' : ` (${clock.low} to ${clock.high} s)`
  return `clock: ${clock.offsetSeconds} s ahead of that of ${first}${bounds}; ${times}`
}

function sectionComments(
  { id, status, method, host, path, client, cause, confidence, summary, time }: Incident,
  leg: Leg | null,
): string[] {
  const asked = [method, `${host ?? ''}${path ?? ''}`].filter(Boolean).join(' ') || 'a request'
  const whose = client === null ? '' : ` from ${client}`
  return [
    `incident ${id}: ${status ?? 'no status'} to ${asked}${whose}, ${time}${leg === null ? '' : `, the ${leg} leg`}`,
    `${cause} (${confidence}): ${summary}`,
  ]
}

function withKeys(keys: KeyLog | null, brought: readonly string[]): KeyLog | null {
  if (brought.length === 0) return keys
  const all = new KeyLog()
  if (keys !== null) all.merge(keys)
  for (const text of brought) all.merge(parseKeyLog(text))
  return all
}

/** What a diagnosis of the cut says of the incident. */
async function diagnosedAgain(
  cuts: readonly Cut[],
  incident: Incident,
  keys: KeyLog | null,
): Promise<Omit<Proof, 'width'>> {
  const files = cuts.filter(({ isolated }) => isolated.frames > 0).map(({ file }) => file.temporary)
  const captures = await readCaptures(files, keys)
  const story = correlate(captures.observations, { ids: captures.ids, vantages: vantagesOf(captures, []) })
  const { incidents, masked } = diagnose(story)
  const found = (incident.id.startsWith('m') ? masked : incidents).filter((one) => isSame(one, incident))
  const agrees = found.some(({ cause, confidence }) => cause === incident.cause && confidence === incident.confidence)
  const best = found.find(({ cause }) => cause === incident.cause) ?? found[0] ?? null
  return {
    agrees,
    cause: best?.cause ?? null,
    confidence: best?.confidence ?? null,
    others: incidents.length + masked.length - (best === null ? 0 : 1),
  }
}

/** The same failure, whatever is said of it. */
const isSame = (a: Incident, b: Incident): boolean =>
  (['status', 'method', 'path', 'host', 'client', 'proxyFront', 'proxyBack', 'upstream'] as const).every(
    (field) => a[field] === b[field],
  )

/** Moves the cuts to their places, with the manifest beside them, and says so. */
async function deliver(
  job: Job,
  hashes: ReadonlyMap<string, FileHash>,
  options: IsolateCommandOptions,
): Promise<number> {
  const format = formatOf(options)
  const manifest = manifestOf({
    ...job,
    hashes,
    format,
    options: { align: options.align ?? false, snap: options.snap ?? null, secrets: options.secrets ?? false },
    application: options.application,
  })
  for (const { file } of job.cuts) await file.commit()
  await writeWhole(manifestName(options), `${JSON.stringify(manifest, null, 2)}\n`)
  if (format === 'pcap')
    say('pcap has no place for interface names, comments, name resolution, drop counts and secrets: they are lost')
  const total = [...job.frames.values()].reduce((sum, count) => sum + count, 0)
  const lines = job.cuts.map(
    ({ file, isolated: { frames }, written: { bytes } }) =>
      `${file.file}: ${frames} of ${total} frames, ${bytes} bytes`,
  )
  if (job.proof !== null) {
    const kept = job.proof.width === 'incident' ? '' : `, with ${WIDER[job.proof.width]}`
    const before = options.snap === undefined ? '' : ' before the packets were cut off'
    lines.push(`diagnosed again${before}: ${job.proof.cause} (${job.proof.confidence}), as in the captures${kept}`)
  }
  await print(`${lines.join('\n')}\n`)
  return job.flawless ? 0 : 2
}

const WIDER: { readonly [width in Width]: string } = {
  incident: 'nothing more',
  connections: 'its connections whole',
  window: 'what its hosts did at the time',
  hosts: 'all that its hosts did',
}
