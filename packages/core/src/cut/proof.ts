// A cut diagnosed again: whether it says of an incident what the captures say of it.
import type { CauseCode } from '../diagnose/catalogue.ts'
import { placesWithin } from '../observe/files.ts'
import { diagnose } from '../report/diagnose.ts'
import type { Confidence, DiagnosisDocument, Incident } from '../report/document.ts'
import type { Width } from '../report/evidence.ts'
import { correlate } from '../story/correlate.ts'
import type { Story } from '../story/story.ts'
import type { CutBench, Draft } from './bench.ts'
import type { Cut } from './write.ts'

/** What a diagnosis of the cut says; cause and confidence are null where it does not find the incident. */
export interface Verdict {
  agrees: boolean
  cause: CauseCode | null
  confidence: Confidence | null
  /** Other incidents in the cut. */
  others: number
}

/** The verdict on the chosen frames, and what was kept. */
export interface Proof extends Verdict {
  width: Width
  /** Where packets were cut off, what is said of the cut as it is written; else null. */
  cutOff: Verdict | null
}

/** What a diagnosis of a cut finds. */
export interface Again {
  story: Story
  /** The incidents, or the masked ones where such a one was cut. */
  alike: Incident[]
  /** All that there are. */
  count: number
}

/** Diagnoses a cut; without key logs nothing is decrypted. */
export async function diagnosedAgain<D extends Draft>(
  bench: CutBench<D>,
  cuts: readonly Pick<Cut<D>, 'draft' | 'isolated'>[],
  incident: Incident,
  keyLogs: readonly string[] | null,
): Promise<Again> {
  const drafts = cuts.filter(({ isolated }) => isolated.frames > 0).map(({ draft }) => draft)
  const captures = await bench.read(drafts, keyLogs)
  const story = correlate(captures.observations, { ids: captures.ids, vantages: placesWithin(captures) })
  const { incidents, masked } = diagnose(story)
  const alike = incident.id.startsWith('m') ? masked : incidents
  return { story, alike, count: incidents.length + masked.length }
}

/** What of these is held against the incident of the captures: the one of its cause, else the first; null without any. */
export function bestOf(found: readonly Incident[], { cause, confidence }: Incident): Incident | null {
  const same = found.filter((one) => one.cause === cause)
  return same.find((one) => one.confidence === confidence) ?? same[0] ?? found[0] ?? null
}

/** Whether it is found, and its verdict is that of the captures. */
export function proofOf(best: Incident | null, incident: Incident, { count }: Again): Verdict {
  return {
    agrees: best !== null && best.cause === incident.cause && best.confidence === incident.confidence,
    cause: best?.cause ?? null,
    confidence: best?.confidence ?? null,
    others: count - (best === null ? 0 : 1),
  }
}

/** Whether the very failure is found, and its verdict is that of the captures. */
export function proofBy(again: Again, incident: Incident): Verdict {
  const found = again.alike.filter((one) => isSame(one, incident))
  return proofOf(bestOf(found, incident), incident, again)
}

/** The same failure, whatever is said of it. */
export const isSame = (a: Incident, b: Incident): boolean =>
  (['status', 'method', 'path', 'host', 'client', 'proxyFront', 'proxyBack', 'upstream'] as const).every(
    (field) => a[field] === b[field],
  )

/** A request that cannot be read is timed by its records: it begins this near to where the text begins. */
const NEAR_MS = 1000

/** The incident as those see it who have no keys, in a diagnosis without; null where they see no such one. */
export function sealedOf(incident: Incident, { incidents, masked }: DiagnosisDocument): Incident | null {
  const away = ({ time }: Incident): number => Math.abs(Date.parse(time) - Date.parse(incident.time))
  const near = [...incidents, ...masked]
    .filter((one) => one.client === incident.client && one.proxyFront === incident.proxyFront)
    .filter((one) => away(one) <= NEAR_MS)
  return near.toSorted((a, b) => away(a) - away(b))[0] ?? null
}

const WIDER: { readonly [width in Width]: string } = {
  incident: '',
  connections: ', with its connections whole',
  window: ', with what its hosts did at the time',
  hosts: ', with all that its hosts did',
}

/** What is proven of what is written; where packets were cut off, that may be no more than which frames it has. */
export function proofText({ width, cause, confidence, cutOff }: Proof): string {
  const verdict = `${cause} (${confidence}), as in the captures${WIDER[width]}`
  if (cutOff === null || cutOff.agrees) return `diagnosed again: ${verdict}`
  const after = cutOff.cause === null ? 'does not show it' : `says ${cutOff.cause} (${cutOff.confidence})`
  return `diagnosed again before the packets were cut off: ${verdict}; cut off, it ${after}`
}
