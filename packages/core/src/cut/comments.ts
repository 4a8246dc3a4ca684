// What the section header of a cut says of it.
import type { Incident } from '../report/document.ts'
import type { Leg } from '../report/kept.ts'

/** The request that failed, and the verdict. */
export function sectionComments(
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
