// A cut of an incident: what its evidence names, in growing widths, until a diagnosis of the cut says the same.
import {
  correlate,
  diagnose,
  evidenceOf,
  type Incident,
  KeyLog,
  type Leg,
  parseKeyLog,
  type Story,
  type Width,
  WIDTHS,
} from '@pcap-surgery/core'
import { hasDecrypted, type NamedCapture, readCaptures, readKeys, vantagesOf } from '../../io/captures.ts'
import { Refused } from '../../io/refused.ts'
import { say } from '../../io/talk.ts'
import { type Cut, type Job, writeCut } from './cut.ts'
import type { Proof } from './manifest.ts'
import { type IsolateCommandOptions, outputsOf } from './options.ts'
import { sourcesOf } from './sources.ts'

/** The narrowest cut of which a diagnosis says what it says of the captures; one file, or one a leg. */
export async function byIncident(files: readonly string[], options: IsolateCommandOptions): Promise<Job> {
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
      cuts.push(await writeCut(file, sources, texts, snap, options))
    }
    return cuts
  } catch (error) {
    for (const { file } of cuts) file.discard()
    throw error
  }
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

function withKeys(keys: KeyLog | null, brought: readonly string[]): KeyLog | null {
  if (brought.length === 0) return keys
  const all = new KeyLog()
  if (keys !== null) all.merge(keys)
  for (const text of brought) all.merge(parseKeyLog(text))
  return all
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
