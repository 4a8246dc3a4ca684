// A cut of an incident: what its evidence names, in growing widths, until a diagnosis of the cut says the same.
import type { Bytes } from '../bytes/read.ts'
import type { Incident } from '../report/document.ts'
import { evidenceOf, type Width, WIDTHS } from '../report/evidence.ts'
import type { Leg } from '../report/kept.ts'
import type { Story } from '../story/story.ts'
import type { KeyedPseudonyms } from '../surgery/anonymise/pseudonyms.ts'
import { hide, standsFor, told } from './anonymised.ts'
import type { CutBench, Draft } from './bench.ts'
import { sectionComments } from './comments.ts'
import { bestOf, diagnosedAgain, isSame, type Proof, proofBy, proofOf, type Verdict } from './proof.ts'
import { type CutInput, sourcesOf } from './sources.ts'
import { type Cut, type CutForm, discardCuts, writeCut } from './write.ts'

/** What is cut. */
export interface IncidentCutSubject {
  story: Story
  /** By id of the document. */
  inputs: readonly CutInput[]
  incident: Incident
  /** What a diagnosis of the cut has to say: of an anonymised one, what the captures say to those without keys. */
  expected: Incident
}

export interface IncidentCutOptions extends CutForm {
  /** A file for each: the leg that is in it, null for both. */
  legs: readonly (Leg | null)[]
  /** Seconds kept before and after each part of a connection. */
  padSeconds: number
  /** Null: the cut shows all. `key`: what pseudonyms follow from; null: what nobody keeps. */
  anonymise: { key: Bytes | null } | null
}

/** The narrowest cut that says the same, or what the widest one says. Whoever gets the cuts discards them. */
export type IncidentCut<D extends Draft> =
  | { is: 'proven'; cuts: Cut<D>[]; incident: Incident; proof: Proof; pseudonyms: KeyedPseudonyms | null }
  | { is: 'unproven'; proof: Proof }

/** Throws `LinkTypesDiffer` where the format has no room for the captures, and what the bench and the inputs throw. */
export async function cutIncident<D extends Draft>(
  bench: CutBench<D>,
  subject: IncidentCutSubject,
  options: IncidentCutOptions,
): Promise<IncidentCut<D>> {
  let proof: Proof | null = null
  for (const width of WIDTHS) {
    const cuts = await cutsAt(bench, subject, width, { ...options, snap: null })
    try {
      const brought = cuts.flatMap(({ isolated }) => isolated.keyLogs)
      proof = { width, ...(await proofOfWritten(bench, cuts, subject.incident, brought)), cutOff: null }
      if (!proof.agrees) continue
      const made =
        options.anonymise === null
          ? await shown(bench, cuts, subject, proof, brought, options)
          : await anonymised(bench, cuts, subject.expected, width, options.anonymise.key, options)
      if (made.is === 'proven') return made
      proof = made.proof
    } finally {
      discardCuts(cuts)
    }
  }
  return { is: 'unproven', proof: proof! }
}

/** The proven cuts, which are taken out of the list; or the same frames, with the packets cut off. */
async function shown<D extends Draft>(
  bench: CutBench<D>,
  cuts: Cut<D>[],
  subject: IncidentCutSubject,
  proof: Proof,
  keyLogs: readonly string[],
  options: IncidentCutOptions,
): Promise<IncidentCut<D>> {
  const { incident } = subject
  if (options.snap === null) return { is: 'proven', cuts: cuts.splice(0), incident, proof, pseudonyms: null }
  // Without payload there may be nothing to diagnose: then what is proven is the choice of frames.
  discardCuts(cuts.splice(0))
  const short = await cutsAt(bench, subject, proof.width, options)
  const cutOff = await orDiscard(short, () => proofOfWritten(bench, short, incident, keyLogs))
  return { is: 'proven', cuts: short, incident, proof: { ...proof, cutOff }, pseudonyms: null }
}

/** The proven cuts anonymised, where a diagnosis of what they are then says what is expected; without any keys. */
async function anonymised<D extends Draft>(
  bench: CutBench<D>,
  cuts: Cut<D>[],
  expected: Incident,
  width: Width,
  key: Bytes | null,
  options: IncidentCutOptions,
): Promise<IncidentCut<D>> {
  const hidden = await hide(bench, cuts, key, options.application)
  try {
    const { pseudonyms } = hidden
    const before = await diagnosedAgain(bench, cuts, expected, null)
    const plain = bestOf(
      before.alike.filter((one) => isSame(one, expected)),
      expected,
    )
    const again = await diagnosedAgain(bench, hidden.cuts, expected, null)
    const incident = again.alike.find((one) => plain !== null && standsFor(one, plain, pseudonyms)) ?? null
    const proof: Proof = { width, ...proofOf(incident, expected, again), cutOff: null }
    proof.agrees &&= incident!.attempts.length === expected.attempts.length
    if (!proof.agrees) return { is: 'unproven', proof }
    discardCuts(cuts.splice(0))
    const handedOn = await told(bench, hidden, { story: again.story, incident: incident! }, options.legs, options)
    if (options.snap !== null)
      proof.cutOff = await orDiscard(handedOn, () => proofOfWritten(bench, handedOn, incident!, null))
    return { is: 'proven', cuts: handedOn, incident: incident!, proof, pseudonyms }
  } finally {
    discardCuts(hidden.cuts)
  }
}

/** What a diagnosis says of cuts as they lie there. */
const proofOfWritten = async <D extends Draft>(
  bench: CutBench<D>,
  cuts: readonly Cut<D>[],
  incident: Incident,
  keyLogs: readonly string[] | null,
): Promise<Verdict> => proofBy(await diagnosedAgain(bench, cuts, incident, keyLogs), incident)

/** Cuts at a width, one a leg that is asked for. */
async function cutsAt<D extends Draft>(
  bench: CutBench<D>,
  { story, inputs, incident }: IncidentCutSubject,
  width: Width,
  options: IncidentCutOptions,
): Promise<Cut<D>[]> {
  const { legs, padSeconds, anonymise, align } = options
  const cuts: Cut<D>[] = []
  const write = async (output: number, leg: Leg | null): Promise<Cut<D>> => {
    const evidence = evidenceOf(story, incident, { width, padSeconds, leg })
    const sources = sourcesOf(story, inputs, evidence, align)
    const texts = { comments: sectionComments(incident, leg), names: evidence.names }
    return writeCut(bench, output, anonymise === null ? 'final' : 'original', sources, texts, options)
  }
  for (const [output, leg] of legs.entries()) cuts.push(await orDiscard(cuts, () => write(output, leg)))
  return cuts
}

/** What `make` answers; where it throws, the cuts are gone. */
async function orDiscard<T>(cuts: readonly Cut<Draft>[], make: () => Promise<T>): Promise<T> {
  try {
    return await make()
  } catch (error) {
    discardCuts(cuts)
    throw error
  }
}

/** Why there is no cut. */
export function unprovenText({ cause, confidence }: Proof, expected: Incident, isAnonymised: boolean): string {
  const again = cause === null ? 'finds no such incident' : `says ${cause} (${confidence})`
  return `diagnosed again, the ${isAnonymised ? 'anonymised ' : ''}cut ${again} where the captures say ${expected.cause} (${expected.confidence}), however much of them is kept`
}
