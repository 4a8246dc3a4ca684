// Which exchanges are parts of an incident, and by what they failed.
import type { CauseCode } from '../../diagnose/catalogue.ts'
import type { Exchange } from '../../observe/observations.ts'
import { nearClient, type Request, serverView, type Story, type Try, type Turn } from '../../story/story.ts'
import type { Attempt, DiagnosisDocument, Incident } from '../document.ts'
import { ownTimestamp } from '../time.ts'

/** An exchange as a part of an incident. */
export interface Part {
  incident: Incident
  /** Null where it went well: the retry that hid a failure, and the request that it saved. */
  cause: CauseCode | null
}

/** By exchange, as each capture has it. */
export function partsOf(story: Story, { incidents, masked }: DiagnosisDocument): ReadonlyMap<Exchange, Part> {
  const parts = new Map<Exchange, Part>()
  if (incidents.length + masked.length === 0) return parts
  const { observations } = story.captures[0]!
  const keyOf = (client: string | null, start: number | string): string =>
    `${client} ${typeof start === 'string' ? start : ownTimestamp(observations, start)}`
  const requests = byKey(story.requests, ({ turn, start }) => keyOf(serverView(turn).sighting.connection.client, start))
  const strays = byKey(story.strays, clientOf)
  const straysOf = (client: string | null): readonly Try[] => strays.get(client ?? '') ?? []
  const add = (turn: Turn | null, part: Part): void => {
    for (const view of turn?.views ?? []) if (view !== null && !parts.has(view)) parts.set(view, part)
  }
  const addIncident = (incident: Incident, cause: CauseCode | null): void => {
    const attempts = byKey(incident.attempts, ({ proxyBack, startSeconds }) => `${proxyBack} ${startSeconds}`)
    const addTry = (attempt: Try, from: number): void => {
      const [own] = attempts.get(`${clientOf(attempt) || null} ${secondsFrom(from, attempt)}`) ?? []
      add(attempt.turn, { incident, cause: own === undefined ? cause : own.cause })
    }
    const outer = requests.get(keyOf(incident.client, incident.time)) ?? []
    const all = new Set<Request>(outer)
    for (const request of all) {
      add(request.turn, { incident, cause })
      for (const attempt of request.tries) {
        addTry(attempt, outer[0]!.start)
        if (attempt.hop !== null) all.add(attempt.hop)
      }
    }
    if (outer.length > 0) return
    // Nobody captured the request: its tries stand for it, and the first gives the time.
    const begun = straysOf(incident.attempts[0]?.proxyBack ?? null).find(
      ({ start }) => ownTimestamp(observations, start) === incident.time,
    )
    if (begun === undefined) return
    for (const one of incident.attempts) {
      for (const attempt of straysOf(one.proxyBack)) if (isSame(one, attempt, begun.start)) addTry(attempt, begun.start)
    }
  }
  for (const incident of incidents) addIncident(incident, incident.cause)
  for (const incident of masked) addIncident(incident, null)
  return parts
}

const clientOf = ({ conversation }: Try): string =>
  conversation === null ? '' : nearClient(conversation).connection.client

/** `from`: when the incident began. */
const isSame = ({ proxyBack, startSeconds }: Attempt, attempt: Try, from: number): boolean =>
  proxyBack === (clientOf(attempt) || null) && startSeconds === secondsFrom(from, attempt)

const secondsFrom = (from: number, { start }: Try): number => Math.round(start - from) / 1e9

function byKey<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return groups
}
