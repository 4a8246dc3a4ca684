// Which incidents are shown: those that agree with everything that was chosen. Choices stand in the URL's fragment.
import type { CauseCode, Confidence, Domain, Incident } from '@pcap-surgery/core'

/** Names in the fragment; an empty or missing one chooses everything. */
export type Choice = 'cause' | 'upstream' | 'status' | 'text' | 'from' | 'to'
export type Choices = Readonly<Partial<Record<Choice, string>>>

/** Seconds from one RFC 3339 time to another; nanoseconds are kept where they are hours apart. */
export const secondsBetween = (from: string, to: string): number => secondsAfter(from)(to)

/** The same from one time to many. */
export function secondsAfter(from: string): (to: string) => number {
  const a = momentOf(from)
  return (to) => {
    const b = momentOf(to)
    return b.seconds - a.seconds + (b.rest - a.rest)
  }
}

function momentOf(time: string): { seconds: number; rest: number } {
  const [whole, fraction = ''] = time.replace('Z', '').split('.')
  return { seconds: Date.parse(`${whole}Z`) / 1000, rest: Number(`0.${fraction || 0}`) }
}

/** How it is chosen, and shown: what the client got. */
export function statusOf({ status, statusSeen }: Pick<Incident, 'status' | 'statusSeen'>): string {
  if (status !== null) return statusSeen ? `${status}` : `${status}?`
  return statusSeen ? 'no answer' : 'not seen'
}

/** `begin`: the time that `from` and `to` count from, in seconds. */
export function chosen(incidents: readonly Incident[], choices: Choices, begin: string): Incident[] {
  const words = (choices.text ?? '').toLowerCase().split(/\s+/).filter(Boolean)
  const from = choices.from ? Number(choices.from) : -Infinity
  const to = choices.to ? Number(choices.to) : Infinity
  const secondsAt = secondsAfter(begin)
  return incidents.filter((incident) => {
    if (choices.cause && incident.cause !== choices.cause) return false
    if (choices.upstream && (incident.upstream ?? '') !== choices.upstream) return false
    if (choices.status && statusOf(incident) !== choices.status) return false
    if (from !== -Infinity || to !== Infinity) {
      const at = secondsAt(incident.time)
      if (at < from || at > to) return false
    }
    if (words.length === 0) return true
    const text = `${incident.method ?? ''} ${incident.host ?? ''}${incident.path ?? ''} ${incident.id}`.toLowerCase()
    return words.every((word) => text.includes(word))
  })
}

export interface CauseGroup {
  cause: CauseCode
  /** Whose, most often first. */
  domains: Domain[]
  /** How sure the surest is. */
  confidence: Confidence
  incidents: Incident[]
}

const SURENESS: readonly Confidence[] = ['certain', 'likely', 'possible']

/** By cause, the most frequent first. */
export function causesOf(incidents: readonly Incident[]): CauseGroup[] {
  const groups = new Map<CauseCode, Incident[]>()
  for (const incident of incidents) {
    const group = groups.get(incident.cause)
    if (group === undefined) groups.set(incident.cause, [incident])
    else group.push(incident)
  }
  return [...groups]
    .map(([cause, within]) => ({
      cause,
      domains: countsOf(within.map(({ domain }) => domain)).map(([domain]) => domain),
      confidence: SURENESS.find((one) => within.some(({ confidence }) => confidence === one)) ?? 'possible',
      incidents: within,
    }))
    .toSorted((a, b) => b.incidents.length - a.incidents.length)
}

/** Each value and how often it is there, the most frequent first. */
export function countsOf<Value>(values: readonly Value[]): [Value, number][] {
  const counts = new Map<Value, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts].toSorted((a, b) => b[1] - a[1])
}
