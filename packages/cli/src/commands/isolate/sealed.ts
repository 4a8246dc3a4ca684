// What the captures say to those who have no keys.
import { correlate, diagnose, hasDecrypted, type Incident, type Observations, sealedOf } from '@pcap-surgery/core'
import { readCaptures, vantagesOf } from '../../io/captures.ts'
import { Refused } from '../../io/refused.ts'
import { say } from '../../io/talk.ts'
import type { IsolateCommandOptions } from './options.ts'

/** The incident as a diagnosis without key logs has it; the same one where nothing was decrypted. */
export async function sealedIncident(
  files: readonly string[],
  observations: readonly Observations[],
  incident: Incident,
  { vantage }: IsolateCommandOptions,
): Promise<Incident> {
  if (!observations.some(hasDecrypted)) return incident
  const captures = await readCaptures(files, null, true)
  const story = correlate(captures.observations, { ids: captures.ids, vantages: vantagesOf(captures, vantage ?? []) })
  const sealed = sealedOf(incident, diagnose(story))
  if (sealed === null) {
    throw new Refused('without keys, which nobody gets with an anonymised cut, the captures show no such incident')
  }
  const { cause, confidence } = sealed
  say(`nobody gets keys with an anonymised cut; it has to say what the captures say without: ${cause} (${confidence})`)
  return sealed
}
