// How the document's values are said to a person, in any report. What leaves this file hides nothing; it is not yet safe
// inside of markup.
import { duration, plural } from '../amounts.ts'
import { CATALOGUE, type CauseClass, type CauseCode, type Domain } from '../diagnose/catalogue.ts'
import { grouped } from '../story/grouped.ts'
import type { CaptureSummary, Clock, FrameRef, Incident } from './document.ts'
import { visible } from './escape.ts'

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

const LAYER: { readonly [name in CauseClass]: string } = {
  'connect-failure': 'TCP connection',
  'network-stall': 'TCP delivery',
  'slow-upstream': 'application (response time)',
  'name-resolution': 'DNS',
  'no-healthy-upstream': 'proxy (choice of an upstream)',
  'tls-failure': 'TLS handshake',
  'protocol-mismatch': 'application protocol',
  'bad-response': 'HTTP response',
  'upstream-closed': 'TCP closing',
  'upstream-reset': 'TCP closing',
  mtu: 'IP (packet size)',
  'timeout-policy': 'proxy (timeouts)',
  relayed: 'HTTP, behind the proxy',
  undetermined: 'not determined',
}

/** Where in the stack it failed. */
export const layer = (name: CauseClass): string => LAYER[name] ?? visible(name)

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
  const path = visible(incident.path ?? '', Infinity)
  const shown = path.length > LONGEST_PATH ? `${path.slice(0, LONGEST_PATH - 1)}…` : path
  const host = incident.path?.startsWith('/') ? visible(incident.host ?? '') : ''
  return `${visible(incident.method ?? '?')} ${host}${shown}`
}

/** `2026-11-22T08:57:21.682000001Z` as `2026-11-22 08:57:21.682 UTC`. */
export const moment = (time: string): string => visible(time.replace('T', ' ').replace(/(\.\d{3})\d*Z$/, '$1 UTC'))

/** Connections of a path, and attempts, that are named. */
const MOST_LEGS = 10
const MOST_TRIES = 12

/**
 * Who asked whom, each as `endpoint` shows it: `10.1.0.2:58222 → proxy 10.1.0.1:80 | 10.2.0.1:4711 → upstream
 * 10.3.0.11:8080`, with every proxy of a chain.
 */
export function way(incident: Incident, endpoint: (text: string) => string = visible): string {
  const { client, proxyFront, hops, proxyBack, upstream } = incident
  const legs = [
    `${client === null ? 'client not seen' : endpoint(client)} → proxy ${proxyFront === null ? 'not seen' : endpoint(proxyFront)}`,
    ...hops.map(({ from, to }) => `${endpoint(from)} → proxy ${endpoint(to)}`),
    ...(upstream === null
      ? []
      : [`${proxyBack === null ? '' : `${endpoint(proxyBack)} → `}upstream ${endpoint(upstream)}`]),
  ]
  return withoutMiddle(legs, MOST_LEGS, (rest) => `… ${plural(rest, 'more proxy', 'more proxies')} …`).join(' | ')
}

/** The first and the last of many, with what stands for the others. */
function withoutMiddle(all: readonly string[], most: number, others: (count: number) => string): readonly string[] {
  return all.length <= most ? all : all.toSpliced(most / 2, all.length - most, others(all.length - most))
}

/** Attempts in order: `10.3.0.11:8080 connect-refused, then 10.3.0.12:8080 answered`. */
export const tries = ({ attempts }: Incident): string =>
  withoutMiddle(
    attempts.map(({ upstream, cause }) => `${visible(upstream ?? 'no upstream')} ${visible(cause ?? 'answered')}`),
    MOST_TRIES,
    (rest) => `${rest.toLocaleString('en-US')} more`,
  ).join(', then ')

/** What a capture is: `pcap, 1,204 frames, from …, 3.2 s long, taken at proxy-back, clock 12 ms ahead`. */
export function captureFacts(capture: CaptureSummary): string {
  const facts = [visible(capture.format), plural(capture.frames, 'frame')]
  if (capture.first !== null && capture.last !== null) {
    const length = (Date.parse(capture.last) - Date.parse(capture.first)) / 1000
    facts.push(`from ${moment(capture.first)}, ${duration(length)} long`)
  }
  if (capture.vantages.length > 0) facts.push(`taken at ${capture.vantages.map((one) => visible(one)).join(', ')}`)
  facts.push(...clockFacts(capture.clock))
  return facts.join(', ')
}

/**
 * When the first frame of all captures was, and the seconds to the last one, by the first capture's clock; what no clock
 * ties to it is left out. Null without frames.
 */
export function span(captures: readonly CaptureSummary[]): { first: string; seconds: number } | null {
  const all = captures.flatMap(({ first, last, clock }, index) => {
    const offset = index === 0 ? 0 : clock.offsetSeconds
    if (first === null || last === null || offset === null) return []
    const [from, to] = [Date.parse(first) - offset * 1000, Date.parse(last) - offset * 1000]
    // A time is as exact as it stands there, unless it has to be moved.
    return [{ first: Math.abs(offset) < APART ? first : new Date(from).toISOString(), from, to }]
  })
  const [earliest] = all.toSorted((a, b) => a.from - b.from)
  if (earliest === undefined) return null
  const end = all.reduce((latest, { to }) => Math.max(latest, to), earliest.to)
  return { first: earliest.first, seconds: (end - earliest.from) / 1000 }
}

/** Clocks nearer to each other than this, in seconds, are not spoken of. */
const APART = 0.003

function clockFacts({ offsetSeconds, driftPpm }: Clock): string[] {
  if (offsetSeconds === null) return ['clock not tied to the first capture']
  const isAhead = offsetSeconds > 0
  const apart = `clock ${duration(Math.abs(offsetSeconds))} ${isAhead ? 'ahead' : 'behind'}`
  return [
    ...(Math.abs(offsetSeconds) >= APART ? [apart] : []),
    ...(driftPpm === null ? [] : [`clock ${driftPpm.low > 0 ? 'fast' : 'slow'} by ${ppm(driftPpm)} ppm`]),
  ]
}

function ppm({ low, high }: { low: number; high: number }): string {
  const [least, most] = [Math.abs(low), Math.abs(high)].toSorted((a, b) => a - b).map((one) => Math.round(one))
  return least === most ? `${least}` : `${least} to ${most}`
}

/** Says frames as `proxy-back.pcap #17 #19`, by the shortest file names that tell the captures apart. */
export class CaptureNames {
  readonly #names = new Map<number, string>()
  readonly #glue: string
  /** In little room; null with a single capture, whose name goes without saying. */
  readonly short: ((capture: number) => string) | null

  /** `glue` stands between a file and its frames. */
  constructor(captures: readonly Pick<CaptureSummary, 'id' | 'file'>[], glue = ' ') {
    this.#glue = glue
    this.short = captures.length === 1 ? null : shortNames(captures)
    const counts = new Map<string, number>()
    for (const { file } of captures) counts.set(baseOf(file), (counts.get(baseOf(file)) ?? 0) + 1)
    for (const { id, file } of captures) {
      const name = file === '-' ? 'standard input' : counts.get(baseOf(file)) === 1 ? baseOf(file) : file
      this.#names.set(id, visible(name))
    }
  }

  of(capture: number): string {
    return this.#names.get(capture) ?? `capture ${capture}`
  }

  /** At most `most` frames of each capture are named. With a single capture its name goes without saying. */
  frames(frames: readonly FrameRef[], most = 6): string {
    return [...grouped(frames, ({ capture }) => capture)]
      .map(([capture, all]) => {
        const shown = all.slice(0, most).map(({ frame }) => `#${frame}`)
        const rest = all.length - shown.length
        const said = rest > 0 ? `${shown.join(' ')} and ${rest} more` : shown.join(' ')
        return this.#names.size === 1 ? said : `${this.of(capture)}${this.#glue}${said}`
      })
      .join(', ')
  }
}

const ENDINGS = /\.(?:pcapng|pcap|cap|dmp)?(?:\.(?:gz|zst|lz4))?$/i

/** What captures are called in little room, by id: their files' names without an ending where that tells them apart. */
export function shortNames(captures: readonly Pick<CaptureSummary, 'id' | 'file'>[]): (id: number) => string {
  const stems = captures.map(({ file }) =>
    file === '-' ? 'standard input' : baseOf(file).replace(ENDINGS, '') || file,
  )
  const counts = new Map<string, number>()
  for (const stem of stems) counts.set(stem, (counts.get(stem) ?? 0) + 1)
  const names = new Map(
    captures.map(({ id, file }, i) => [id, visible(counts.get(stems[i]!) === 1 ? stems[i]! : file)]),
  )
  return (id) => names.get(id) ?? `capture ${id}`
}

const baseOf = (file: string): string => file.slice(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1) || file

/** Incidents of one kind: same cause, upstream and gateway. The largest group first, then the earliest. */
export function groupsOf(all: readonly Incident[]): Incident[][] {
  const kinds = grouped(all, ({ cause, upstream, gateway }) => JSON.stringify([cause, upstream, gateway]))
  return [...kinds.values()].toSorted((a, b) => b.length - a.length)
}

const SUREST_FIRST = ['certain', 'likely', 'possible']

/** The incident of a group to be told in full: the surest, then the earliest. */
export const exampleOf = (group: readonly Incident[]): Incident =>
  group.toSorted((a, b) => SUREST_FIRST.indexOf(a.confidence) - SUREST_FIRST.indexOf(b.confidence))[0]!

/** The different values in a group, with counts where there is more than one: `504 ×40, 502 ×2`. */
export function tally(group: readonly Incident[], value: (incident: Incident) => string): string {
  const counts = new Map<string, number>()
  for (const incident of group) counts.set(value(incident), (counts.get(value(incident)) ?? 0) + 1)
  if (counts.size === 1) return value(group[0]!)
  return [...counts].map(([text, count]) => `${text} ×${count}`).join(', ')
}

/** `7 of this kind (certain), FROM to UNTIL, waited 2.001 s to 2.004 s`. */
export function groupFacts(group: readonly Incident[]): string {
  const waits = group
    .flatMap(({ waitSeconds }) => (waitSeconds === null ? [] : [waitSeconds]))
    .toSorted((a, b) => a - b)
  const waited = waits.length === 0 ? '' : `, waited ${duration(waits[0]!)} to ${duration(waits.at(-1)!)}`
  return (
    `${group.length} of this kind (${tally(group, ({ confidence }) => visible(confidence))}), ` +
    `${moment(group[0]!.time)} to ${moment(group.at(-1)!.time)}${waited}`
  )
}
