// What happened, as one sentence.
import { CATALOGUE, type DiagnosisDocument, duration, plural, words } from '@pcap-surgery/core'
import type { Traffic } from '../session/protocol.ts'
import { causesOf, secondsBetween } from './filter.ts'

/** `1 of 153 requests failed: Upstream too slow`. */
export function headline({ incidents, healthy, captures }: DiagnosisDocument): string {
  const count = incidents.length
  if (captures.every(({ frames }) => frames === 0)) return 'There are no packets in these captures'
  if (count === 0) return healthy.exchanges === 0 ? 'No request is to be seen in these captures' : 'No request failed'
  const of = healthy.exchanges === 0 ? '' : `of ${(healthy.exchanges + count).toLocaleString('en-US')} `
  const causes = causesOf(incidents)
  const why = causes.length === 1 ? `: ${titleOf(causes[0]!.cause)}` : `, for ${causes.length} causes`
  const what = of === '' && count === 1 ? 'request' : 'requests'
  return `${count.toLocaleString('en-US')} ${of}${what} failed${why}`
}

/** `152 requests went well, 3 of them after a retry`; empty where none did. */
export function wentWell({ healthy, masked }: Pick<DiagnosisDocument, 'healthy' | 'masked'>): string {
  if (healthy.exchanges === 0) return ''
  if (healthy.exchanges === 1) return `1 request went well${masked.length === 0 ? '' : ', but only after a retry'}`
  const retried = masked.length === 0 ? '' : `, ${masked.length.toLocaleString('en-US')} of them only after a retry`
  return `${plural(healthy.exchanges, 'request')} went well${retried}`
}

/** `2 captures, 1,204 frames, 62.3 s`. */
export function extent(captures: DiagnosisDocument['captures']): string {
  const frames = captures.reduce((sum, capture) => sum + capture.frames, 0)
  const span = words.span(captures)
  const length = span === null ? [] : [duration(span.seconds)]
  return [plural(captures.length, 'capture'), plural(frames, 'frame'), ...length].join(', ')
}

/**
 * The time in which captures and exchanges are, by the first capture's clock; what no clock ties to it is left out. Null
 * without frames.
 */
export function drawnTime(
  captures: DiagnosisDocument['captures'],
  { begin, binSeconds, exchanges }: Traffic,
): { begin: string; total: number } | null {
  const reference = captures.find(({ first }) => first !== null)?.first ?? null
  if (reference === null) return null
  const ends = captures.flatMap(({ first, last, clock }, index) => {
    if (first === null || last === null || (index > 0 && clock.offsetSeconds === null)) return []
    const offset = index === 0 ? 0 : clock.offsetSeconds!
    return [secondsBetween(reference, first) - offset, secondsBetween(reference, last) - offset]
  })
  if (exchanges.length > 0) {
    const start = secondsBetween(reference, begin)
    ends.push(start, start + binSeconds * exchanges.length)
  }
  const [from, to] = [ends.reduce((a, b) => Math.min(a, b), 0), ends.reduce((a, b) => Math.max(a, b), 0)]
  return { begin: later(reference, from), total: Math.max(to - from, 1e-6) }
}

/** An RFC 3339 time so many seconds later, to the nanosecond. */
function later(time: string, seconds: number): string {
  const [whole, fraction = ''] = time.replace('Z', '').split('.')
  const nanoseconds = Number(fraction.padEnd(9, '0').slice(0, 9)) + Math.round((seconds % 1) * 1e9)
  const more = Math.floor(nanoseconds / 1e9)
  const at = Date.parse(`${whole}Z`) / 1000 + Math.trunc(seconds) + more
  const rest = String(nanoseconds - more * 1e9).padStart(9, '0')
  return `${new Date(at * 1000).toISOString().slice(0, 19)}.${rest}Z`
}

/** Title of a cause; the code itself where this version has no title for it. */
export const titleOf = (cause: keyof typeof CATALOGUE): string => CATALOGUE[cause]?.title ?? cause
