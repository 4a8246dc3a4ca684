// pcap-surgery isolate: captures in, and out of them one that holds an incident and nothing else.
import { access, constants, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { discardCuts, json, LinkTypesDiffer, linkTypesText, lostText, proofText, visible } from '@pcap-surgery/core'
import { distinct } from '../../io/captures.ts'
import { unreadableKeys } from '../../io/keys.ts'
import { formatOf } from '../../io/capture-format.ts'
import { type CutFile, cutFile } from '../../io/cut-file.ts'
import { type FileHash, fileHashes, type FileHashes } from '../../io/file-hashes.ts'
import { print, refusal } from '../../io/output.ts'
import { isOfTheSystem, Refused } from '../../io/refused.ts'
import { identityOf, reason } from '../../io/source.ts'
import { say } from '../../io/talk.ts'
import { byHand } from './by-hand.ts'
import { byIncident } from './by-incident.ts'
import type { Job } from './job.ts'
import { manifestOf } from './manifest.ts'
import { type IsolateCommandOptions, manifestName, outputsOf, SHORTEST_KEY } from './options.ts'

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
      discardCuts(job.cuts)
    }
  } catch (error) {
    if (error instanceof Refused) say(error.message)
    else if (error instanceof LinkTypesDiffer) say(linkTypesText(error))
    else if (isOfTheSystem(error)) say(reason(error))
    else throw error
    return 2
  } finally {
    await hashes?.stop()
  }
}

async function misuse(files: readonly string[], options: IsolateCommandOptions): Promise<string | null> {
  const { incident, connection, time, frames, filter, pad, split, vantage: hints = [], keys = [] } = options
  const isByHand = [connection, time, frames, filter].some((one) => one !== undefined)
  if (files.includes('-')) return 'standard input can be read only once, and a cut reads twice; save it first'
  for (const file of files) {
    const found = await stat(file).catch(() => null)
    if (found === null || found.isFile() || found.isDirectory()) continue
    return `${file}: can be read only once, and a cut reads twice; save it first`
  }
  if (incident === undefined && !isByHand) {
    return 'say what to cut: --incident ID (diagnose names them), or --connection, --time, --frames, --filter'
  }
  if (incident !== undefined && isByHand) return '--incident and a cut by hand do not go together'
  if (split && incident === undefined) return '--split needs --incident: without one nobody knows the legs'
  if (pad !== undefined && incident === undefined && time === undefined) return '--pad needs --incident or --time'
  for (const file of [...hints, ...(frames ?? [])].map((one) => one.file)) {
    if (file !== null && !files.includes(file)) return `${file}: is not one of the captures`
  }
  if (options.anonymise && options.secrets) return '--anonymise and --secrets do not go together: secrets show it all'
  for (const name of ['mapping', 'anonymiseKey'] as const) {
    if (options[name] !== undefined && !options.anonymise) return `--${FLAGS[name]} needs --anonymise`
  }
  if (options.anonymiseKey !== undefined) {
    const file = options.anonymiseKey
    const key = await access(file, constants.R_OK)
      .then(() => stat(file))
      .catch(reason)
    if (typeof key === 'string') return `--anonymise-key ${options.anonymiseKey}: ${key}`
    if (key.isDirectory()) return `--anonymise-key ${options.anonymiseKey}: is a directory`
    if (key.size < SHORTEST_KEY) return `--anonymise-key ${options.anonymiseKey}: has less than ${SHORTEST_KEY} bytes`
  }
  const unreadable = await unreadableKeys(keys)
  if (unreadable !== null) return unreadable
  return refusedOutput(files, options)
}

/** Why one of the files to be written may not be; null where all may. */
async function refusedOutput(files: readonly string[], options: IsolateCommandOptions): Promise<string | null> {
  const { mapping, anonymiseKey, keys = [], force } = options
  const secrets = [...keys, ...(anonymiseKey === undefined ? [] : [anonymiseKey])]
  const written = [...outputsOf(options).map(([name]) => name), manifestName(options)].map((file) => ['output', file])
  if (mapping !== undefined) written.push(['mapping', mapping])
  const places = new Set<string>()
  for (const [option, file] of written) {
    const refused = await refusal(file, files)
    if (refused !== null) return `--${option} ${file}: ${refused}`
    if ((await refusal(file, secrets)) !== null) return `--${option} ${file}: is one of the keys`
    if (!force && (await identityOf(file)) !== null) return `${file}: exists; --force replaces it`
    const place = await placeOf(file)
    if (places.has(place)) return `--${option} ${file}: is written already, as the cut or its manifest`
    places.add(place)
  }
  return null
}

/** Where a file is, or will be, whatever links lead there. */
const placeOf = (file: string): Promise<string> =>
  realpath(file).catch(async () => join(await realpath(dirname(file)), basename(file)))

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
    options: {
      align: options.align ?? false,
      snap: options.snap ?? null,
      secrets: options.secrets ?? false,
      isAnonymised: options.anonymise ?? false,
    },
    application: options.application,
  })
  const texts: CutFile[] = []
  try {
    if (options.mapping !== undefined) {
      const mapping = { schema: 'pcap-surgery/mapping@1', ...job.pseudonyms!.mapping }
      texts.push(await textDraft(options.mapping, mapping, OWNER_ONLY))
    }
    texts.push(await textDraft(manifestName(options), manifest))
    // None is put in its place before there was room for all.
    for (const draft of [...job.cuts.map((cut) => cut.draft), ...texts]) await draft.commit()
  } finally {
    for (const text of texts) text.discard()
  }
  for (const { draft, lost } of job.cuts) if (lost.length > 0) say(`${draft.file}: lost: ${lostText(lost)}`)
  const total = [...job.frames.values()].reduce((sum, count) => sum + count, 0)
  const lines = job.cuts.map(
    ({ draft: { file, written }, isolated: { frames } }) =>
      `${visible(file)}: ${frames} of ${total} frames, ${written!.bytes} bytes`,
  )
  if (job.proof !== null) lines.push(proofText(job.proof))
  await print(`${lines.join('\n')}\n`)
  return job.flawless ? 0 : 2
}

async function textDraft(file: string, value: object, mode?: number): Promise<CutFile> {
  const draft = await cutFile(file, '', mode)
  try {
    draft.emit(Buffer.from(`${json(value, 2)}\n`))
    draft.close()
    return draft
  } catch (error) {
    draft.discard()
    throw error
  }
}

/** What maps names to pseudonyms maps them back. */
const OWNER_ONLY = 0o600

const FLAGS = { mapping: 'mapping', anonymiseKey: 'anonymise-key' } as const
