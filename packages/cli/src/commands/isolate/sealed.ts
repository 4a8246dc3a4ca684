// What the captures say to those who have no keys.
import { correlate, diagnose, type Incident, type Observations } from '@pcap-surgery/core'
import { hasDecrypted, readCaptures, vantagesOf } from '../../io/captures.ts'
import { Refused } from '../../io/refused.ts'
import { say } from '../../io/talk.ts'
import type { IsolateCommandOptions } from './options.ts'

/** A request that cannot be read is timed by its records: it begins this near to where the text begins. */
const NEAR_MS = 1000

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
  const { incidents, masked } = diagnose(story)
  const away = ({ time }: Incident): number => Math.abs(Date.parse(time) - Date.parse(incident.time))
  const [sealed] = [...incidents, ...masked]
    .filter((one) => one.client === incident.client && one.proxyFront === incident.proxyFront)
    .filter((one) => away(one) <= NEAR_MS)
    .toSorted((a, b) => away(a) - away(b))
  if (sealed === undefined) {
    throw new Refused('without keys, which nobody gets with an anonymised cut, the captures show no such incident')
  }
  const { cause, confidence } = sealed
  say(`nobody gets keys with an anonymised cut; it has to say what the captures say without: ${cause} (${confidence})`)
  return sealed
}
