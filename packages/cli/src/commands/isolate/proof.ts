// A cut diagnosed again: whether it says of an incident what the captures say of it.
import { correlate, diagnose, type Incident, type Story } from '@pcap-surgery/core'
import { readCaptures, vantagesOf } from '../../io/captures.ts'
import type { Keys } from '../../io/keys.ts'
import type { Cut } from './cut.ts'
import type { Verdict } from './manifest.ts'

/** What a diagnosis of a cut finds. */
export interface Again {
  story: Story
  /** The incidents, or the masked ones where such a one was cut. */
  alike: Incident[]
  /** All that there are. */
  count: number
}

/** Diagnoses a cut; without keys nothing is decrypted, whatever the cut has brought along. */
export async function diagnosedAgain(
  cuts: readonly Pick<Cut, 'file' | 'isolated'>[],
  incident: Incident,
  keys: Keys | null,
): Promise<Again> {
  const files = cuts.filter(({ isolated }) => isolated.frames > 0).map(({ file }) => file.temporary)
  const captures = await readCaptures(files, keys)
  const story = correlate(captures.observations, { ids: captures.ids, vantages: vantagesOf(captures, []) })
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
