// A cut of an incident: what its evidence names, in growing widths, until a diagnosis of the cut says the same.
import { correlate, diagnose, evidenceOf, type Incident, type Story, type Width, WIDTHS } from '@pcap-surgery/core'
import { hasDecrypted, type NamedCapture, readCaptures, vantagesOf } from '../../io/captures.ts'
import { type Keys, keysOf, readKeys } from '../../io/keys.ts'
import { Refused } from '../../io/refused.ts'
import { say } from '../../io/talk.ts'
import { discard, hide, standsFor, told } from './anonymised.ts'
import { sectionComments } from './comments.ts'
import { type Cut, type Job, writeCut } from './cut.ts'
import type { Proof } from './manifest.ts'
import { type IsolateCommandOptions, outputsOf } from './options.ts'
import { bestOf, diagnosedAgain, isSame, proofBy, proofOf } from './proof.ts'
import { sealedIncident } from './sealed.ts'
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
  const expected = options.anonymise ? await sealedIncident(files, observations, incident, options) : incident
  let proof: Proof | null = null
  for (const width of WIDTHS) {
    const cuts = await cutIncident(story, named, incident, width, null, options)
    try {
      const brought = cuts.flatMap(({ isolated }) => isolated.keyLogs)
      const again = await diagnosedAgain(cuts, incident, withKeys(keys, brought))
      proof = { width, ...proofBy(again, incident), cutOff: null }
      if (!proof.agrees) continue
      if (options.anonymise) {
        const made = await anonymised(cuts, expected, width, options)
        proof = made.proof
        if (made.job === null) continue
        if (options.snap !== undefined) proof.cutOff = await proofOfWritten(made.job.cuts, made.job.incident!, null)
        return { ...made.job, frames, proof, flawless }
      }
      if (observations.some(hasDecrypted) && !options.secrets) {
        say(
          'TLS is decrypted for this diagnosis: whoever repeats it needs the secrets too (--keys; --secrets puts them in)',
        )
      }
      if (options.snap === undefined) {
        return { cuts: cuts.splice(0), frames, incident, proof, flawless, pseudonyms: null }
      }
      // Without payload there may be nothing to diagnose: then what is proven is the choice of frames.
      for (const { file } of cuts.splice(0)) file.discard()
      const cutOff = await cutIncident(story, named, incident, width, options.snap, options)
      proof.cutOff = await proofOfWritten(cutOff, incident, withKeys(keys, brought))
      return { cuts: cutOff, frames, incident, proof, flawless, pseudonyms: null }
    } finally {
      for (const { file } of cuts) file.discard()
    }
  }
  const { cause, confidence } = proof!
  const again = cause === null ? 'finds no such incident' : `says ${cause} (${confidence})`
  throw new Refused(
    `diagnosed again, the ${options.anonymise ? 'anonymised ' : ''}cut ${again} where the captures say ${expected.cause} (${expected.confidence}), however much of them is kept; nothing was written`,
  )
}

/** What a diagnosis says of cuts as they are handed on. */
const proofOfWritten = async (
  cuts: readonly Cut[],
  incident: Incident,
  keys: Keys | null,
): Promise<NonNullable<Proof['cutOff']>> => proofBy(await diagnosedAgain(cuts, incident, keys), incident)

/** The proven cuts anonymised, where a diagnosis of what they are then says what is expected; the proof either way. */
async function anonymised(
  cuts: Cut[],
  expected: Incident,
  width: Width,
  options: IsolateCommandOptions,
): Promise<{ proof: Proof; job: Pick<Job, 'cuts' | 'incident' | 'pseudonyms'> | null }> {
  const hidden = await hide(cuts, options)
  try {
    const { pseudonyms } = hidden
    const before = await diagnosedAgain(cuts, expected, null)
    const plain = bestOf(
      before.alike.filter((one) => isSame(one, expected)),
      expected,
    )
    const again = await diagnosedAgain(hidden.cuts, expected, null)
    const incident = again.alike.find((one) => plain !== null && standsFor(one, plain, pseudonyms)) ?? null
    const proof: Proof = { width, ...proofOf(incident, expected, again), cutOff: null }
    proof.agrees &&= incident!.attempts.length === expected.attempts.length
    if (!proof.agrees) return { proof, job: null }
    for (const { file } of cuts.splice(0)) file.discard()
    const handedOn = await told(hidden, { story: again.story, incident: incident! }, options)
    return { proof, job: { cuts: handedOn, incident, pseudonyms } }
  } finally {
    discard(hidden)
  }
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

function withKeys(keys: Keys | null, brought: readonly string[]): Keys | null {
  return brought.length === 0 ? keys : keysOf([...(keys?.texts ?? []), ...brought])
}
