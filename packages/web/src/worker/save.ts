// An incident as a capture to keep: cut out of the open ones, anonymised if that is wanted, proven, all of it in memory.
import {
  type Bytes,
  correlate,
  type CutBench,
  cutIncident,
  type CutInput,
  diagnose,
  hasDecrypted,
  type Incident,
  KeyLog,
  LinkTypesDiffer,
  linkTypesText,
  lostText,
  nobleCrypto,
  observe,
  observeApart,
  observeFiles,
  type ObservedFiles,
  type ObserveJobs,
  parseKeyLog,
  placesWithin,
  proofText,
  sealedOf,
  unprovenText,
} from '@pcap-surgery/core'
import { version } from '../../package.json'
import type { MadeFile, SaveRequest } from '../session/protocol.ts'
import { bytesOf } from './bytes.ts'
import { MemoryDraft } from './drafts.ts'
import { decompression } from './gzip.ts'
import { Refused, type Session } from './session.ts'
import type { Context } from './worker.ts'

/** Bytes of the largest cut. */
const MOST = 1 << 30

const APPLICATION = `pcap-surgery ${version}`

/** What may be otherwise in tests. */
export interface SaveOptions {
  most: number
  /** So many bytes that nobody guesses. */
  random(length: number): Bytes
}

const OPTIONS: SaveOptions = { most: MOST, random: (length) => crypto.getRandomValues(new Uint8Array(length)) }

/** Throws a sentence for the user where there can be no such file. */
export async function saveIncident(
  session: Session,
  request: SaveRequest,
  context: Pick<Context, 'isCancelled'>,
  options: SaveOptions = OPTIONS,
): Promise<MadeFile> {
  const { story, document, observations, keys } = session
  const { anonymise, format } = request
  const incident = [...document.incidents, ...document.masked].find(({ id }) => id === request.incident)
  if (incident === undefined) throw new Refused(`there is no incident ${request.incident}`)
  const inputs = inputsOf(session, context)
  const isDecrypted = observations.some(hasDecrypted)
  const expected = anonymise && isDecrypted ? await sealedIncident(inputs, incident) : incident
  const made = await cutIncident(
    memoryBench(keys, options),
    { story, inputs, incident, expected },
    {
      format,
      application: APPLICATION,
      align: false,
      snap: null,
      secrets: null,
      legs: [null],
      padSeconds: 0,
      anonymise: anonymise ? { key: null } : null,
    },
  ).catch((error: unknown) => {
    throw error instanceof LinkTypesDiffer ? new Refused(linkTypesText(error)) : error
  })
  if (made.is === 'unproven') throw new Refused(unprovenText(made.proof, expected, anonymise))
  const [{ draft, isolated, lost }] = made.cuts
  const total = observations.reduce((sum, seen) => sum + seen.frames, 0)
  const notes = [
    `${isolated.frames.toLocaleString('en-US')} of ${total.toLocaleString('en-US')} frames`,
    proofText(made.proof),
  ]
  if (lost.length > 0) notes.push(`lost: ${lostText(lost)}`)
  if (isDecrypted) notes.push(anonymise ? sealedText(expected) : DECRYPTED)
  return { name: `incident-${incident.id}${anonymise ? '-anonymised' : ''}.${format}`, blob: draft.blob, notes }
}

const DECRYPTED = 'TLS is decrypted for this diagnosis: whoever repeats it needs the secrets too'

const sealedText = ({ cause, confidence }: Incident): string =>
  `nobody gets keys with an anonymised cut; it says what the captures say without: ${cause} (${confidence})`

/** The open captures by id, under the names that the story has for them. Reading them ends where the user gives up. */
function inputsOf({ story, captures }: Session, { isCancelled }: Pick<Context, 'isCancelled'>): CutInput[] {
  const inputs: CutInput[] = []
  for (const { ids, observations } of story.captures) {
    for (const [part, id] of ids.entries()) {
      const { file: input, within } = captures[id]
      const label = observations.parts[part].file
      const file = within === null ? label : label.slice(0, -`: ${within}`.length)
      const open = async function* (): AsyncGenerator<Bytes> {
        for await (const chunk of bytesOf(input)) {
          if (isCancelled()) throw new Refused('stopped')
          yield chunk
        }
      }
      inputs[id] = { file, name: input.name, within, open }
    }
  }
  return inputs
}

/** The incident as the captures show it without any keys. */
async function sealedIncident(inputs: readonly CutInput[], incident: Incident): Promise<Incident> {
  const files = new Map(inputs.map((input) => [input.file, input]))
  const { observations, ids, named } = await observed([...files.values()], null)
  const sealed = sealedOf(incident, diagnose(correlate(observations, { ids, vantages: placesWithin({ ids, named }) })))
  if (sealed === null)
    throw new Refused('without keys, which nobody gets with an anonymised cut, the captures show no such incident')
  return sealed
}

function memoryBench(keys: KeyLog | null, { most, random }: SaveOptions): CutBench<MemoryDraft> {
  return {
    decompression,
    draft: (output, kind) => new MemoryDraft(`${kind} ${output}`, most),
    read(drafts, keyLogs) {
      const inputs = drafts.map((draft) => ({ file: draft.name, open: () => draft.open() }))
      return observed(inputs, keyLogs === null ? null : together(keys, keyLogs))
    },
    random,
  }
}

function together(keys: KeyLog | null, texts: readonly string[]): KeyLog {
  const all = new KeyLog()
  if (keys !== null) all.merge(keys)
  for (const text of texts) all.merge(parseKeyLog(text))
  return all
}

/** Observes files of different names. `keys`: null where nothing is decrypted, not even with secrets that they have in them. */
function observed(inputs: readonly Pick<CutInput, 'file' | 'open'>[], keys: KeyLog | null): Promise<ObservedFiles> {
  const byName = new Map(inputs.map((input) => [input.file, input]))
  const options = { decompression, ...(keys !== null && { keys, crypto: nobleCrypto }) }
  const observing: ObserveJobs = async (jobs) => {
    const results = []
    for (const { files, apart } of jobs) {
      const of = files.map((file) => byName.get(file)!)
      results.push(apart ? await observeApart(of[0], options) : [await observe(of, options)])
    }
    return results
  }
  return observeFiles([...byName.keys()], observing, () => Promise.resolve(true))
}
