// Which exchanges are parts of an incident, and by what they failed.
import type { CauseCode } from '../../diagnose/catalogue.ts'
import type { Exchange } from '../../observe/observations.ts'
import { nearClient, type Story, type Try } from '../../story/story.ts'
import type { DiagnosisDocument, Incident } from '../document.ts'
import { membersOf } from '../incident-tries.ts'

/** An exchange as a part of an incident. */
export interface Part {
  incident: Incident
  /** Null where it went well: the retry that hid a failure, and the request that it saved. */
  cause: CauseCode | null
}

/** By exchange, as each capture has it. */
export function partsOf(story: Story, { incidents, masked }: DiagnosisDocument): ReadonlyMap<Exchange, Part> {
  const parts = new Map<Exchange, Part>()
  const addIncident = (incident: Incident, cause: CauseCode | null): void => {
    const { start, members } = membersOf(story, incident)
    // Of attempts alike the first.
    const attempts = new Map(incident.attempts.toReversed().map((one) => [keyOf(one.proxyBack, one.startSeconds), one]))
    for (const member of members) {
      const own = 'kind' in member ? attempts.get(keyOf(clientOf(member), secondsFrom(start, member))) : undefined
      const part: Part = { incident, cause: own === undefined ? cause : own.cause }
      for (const view of member.turn?.views ?? []) if (view !== null && !parts.has(view)) parts.set(view, part)
    }
  }
  for (const incident of incidents) addIncident(incident, incident.cause)
  for (const incident of masked) addIncident(incident, null)
  return parts
}

const keyOf = (proxyBack: string | null, startSeconds: number | null): string => `${proxyBack} ${startSeconds}`

const clientOf = ({ conversation }: Try): string | null =>
  conversation === null ? null : nearClient(conversation).connection.client

const secondsFrom = (from: number, { start }: Try): number => Math.round(start - from) / 1e9
