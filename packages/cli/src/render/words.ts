// How the document's values are said to a person. Everything that leaves this file is safe to print.
import { basename } from 'node:path'
import { CATALOGUE } from '@pcap-surgery/core'
import type { CaptureSummary, CauseCode, Domain, FrameRef, Incident } from '@pcap-surgery/core'
import { visible } from './escape.ts'
import { GLUE } from './layout.ts'

const WHOSE: { readonly [domain in Domain]: string } = {
  proxy: 'the proxy’s',
  'load-balancer': 'the load balancer’s',
  upstream: 'the upstream’s',
  dependency: 'a dependency’s',
  network: 'the network’s',
  'name-service': 'the name service’s',
  unknown: 'not known whose',
}

export const whose = (domain: Domain): string => WHOSE[domain] ?? visible(domain)

/** Title of a cause; the code itself where this version has no title for it. */
export const title = (cause: CauseCode): string => CATALOGUE[cause]?.title || visible(cause)

/** `504`, `504?` where the client leg does not show it, or what the client got instead of a status. */
export function outcome(incident: Incident): string {
  if (incident.status !== null) return incident.statusSeen ? `${incident.status}` : `${incident.status}?`
  return incident.statusSeen ? 'no answer' : 'answer not seen'
}

const LONGEST_PATH = 100

/** `GET shop.example/api/report`, as much of it as was seen. */
export function request(incident: Incident): string {
  if (incident.method === null && incident.path === null) {
    return incident.client === null ? 'request not seen' : 'the request is encrypted'
  }
  const path = visible(incident.path ?? '')
  const shown = path.length > LONGEST_PATH ? `${path.slice(0, LONGEST_PATH - 1)}…` : path
  const host = incident.path?.startsWith('/') ? visible(incident.host ?? '') : ''
  return `${visible(incident.method ?? '?')} ${host}${shown}`
}

/** `1.2 ms`, `340 ms`, `2.001 s`, `3 min 20 s`: never more digits than anyone reads. */
export function duration(seconds: number): string {
  const size = Math.abs(seconds)
  if (size < 0.001) return `${Math.round(seconds * 1e6)} µs`
  if (size < 0.01) return `${(seconds * 1e3).toFixed(1)} ms`
  if (size < 1) return `${Math.round(seconds * 1e3)} ms`
  if (size < 120) return `${seconds.toFixed(3)} s`
  const whole = Math.round(size)
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60]
  return `${seconds < 0 ? '-' : ''}${hours > 0 ? `${hours} h ` : ''}${minutes} min ${rest} s`
}

/** `2026-11-22T08:57:21.682000001Z` as `2026-11-22 08:57:21.682 UTC`. */
export const moment = (time: string): string => visible(time.replace('T', ' ').replace(/(\.\d{3})\d*Z$/, '$1 UTC'))

export const plural = (count: number, one: string, many: string = `${one}s`): string =>
  `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`

/** Says frames as `proxy-back.pcap #17 #19`, by the shortest file names that tell the captures apart. */
export class CaptureNames {
  readonly #names = new Map<number, string>()

  constructor(captures: readonly Pick<CaptureSummary, 'id' | 'file'>[]) {
    for (const { id, file } of captures) {
      const base = basename(file)
      const shared = captures.some((other) => other.id !== id && basename(other.file) === base)
      this.#names.set(id, visible(file === '-' ? 'standard input' : shared ? file : base))
    }
  }

  of(capture: number): string {
    return this.#names.get(capture) ?? `capture ${capture}`
  }

  /** At most `most` frames of each capture are named. With a single capture its name goes without saying. */
  frames(frames: readonly FrameRef[], most = 6): string {
    const byCapture = new Map<number, number[]>()
    for (const { capture, frame } of frames) byCapture.set(capture, [...(byCapture.get(capture) ?? []), frame])
    return [...byCapture]
      .map(([capture, numbers]) => {
        const shown = numbers.slice(0, most).map((number) => `#${number}`)
        const rest = numbers.length - shown.length
        const all = rest > 0 ? `${shown.join(' ')} and ${rest} more` : shown.join(' ')
        return this.#names.size === 1 ? all : `${this.of(capture)}${GLUE}${all}`
      })
      .join(', ')
  }
}
