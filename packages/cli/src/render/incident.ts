// One incident for a person: first what and whose, then what was seen, then what to do.
import {
  type CheckStep,
  duration,
  type Incident,
  type Ladder,
  ladderLines,
  offset,
  plural,
  type RuledOut,
  type TimelineEntry,
  visible,
  words,
} from '@pcap-surgery/core'
import { wrap, type Paint } from './layout.ts'

const { moment, outcome, request, title, tries, way, whose } = words

export interface Style {
  /** Columns of the screen. */
  width: number
  paint: Paint
  names: words.CaptureNames
  /** Show the ten steps. */
  checklist: boolean
  /** Leave nothing out. */
  all: boolean
  ladderOf: ((incident: Incident) => Ladder) | null
}

const CONFIDENCE_COLOUR = { certain: 'green', likely: 'yellow', possible: 'magenta' } as const
const STEP_MARK: { readonly [outcome in CheckStep['outcome']]: string } = {
  pass: 'pass',
  fail: 'FAIL',
  unknown: '?',
  'not-applicable': '-',
}
const LONGEST_TIMELINE = 14

/** First what and whose, `504  Upstream too slow — the upstream’s (certain)  [upstream-slow]`, then the request. */
export function headline(incident: Incident, { paint }: Style): string[] {
  const status = outcome(incident)
  const cause = `${title(incident.cause)} — ${whose(incident.domain)}`
  const sure = paint(CONFIDENCE_COLOUR[incident.confidence] ?? 'bold', `(${visible(incident.confidence)})`)
  const code = paint('dim', `[${visible(incident.cause)}]`)
  return [
    `${paint(['bold', 'red'], status)}  ${paint('bold', cause)} ${sure}  ${code}`,
    `${' '.repeat(status.length)}  ${request(incident)}`,
  ]
}

/** Everything below the headline, as lines. */
export function details(incident: Incident, style: Style): string[] {
  return [
    ...wrap(visible(incident.summary), style.width, '  '),
    '',
    ...whereAndWhen(incident, style),
    ...section('Packets', packets(incident, style), style),
    ...section('Timeline', timeline(incident, style), style),
    ...section('Evidence', evidence(incident, style), style),
    ...section(
      'Also possible',
      incident.competing.flatMap((other) => alternative(other, style)),
      style,
    ),
    ...section('Ruled out', style.all ? incident.ruledOut.flatMap((other) => alternative(other, style)) : [], style),
    ...section(
      'Do',
      incident.remedies.flatMap((remedy) => wrap(visible(remedy), style.width, '    - ')),
      style,
    ),
    ...section('Capture next', missing(incident, style), style),
    ...section('In Wireshark', filters(incident, style), style),
    ...section('Checklist', style.checklist ? checklist(incident, style) : [], style),
  ]
}

const section = (name: string, lines: readonly string[], { paint }: Style): string[] =>
  lines.length === 0 ? [] : [`  ${paint('bold', name)}`, ...lines]

/** Who talked to whom over the two legs; by which id `isolate` knows it; when, and how long the client waited. */
function whereAndWhen(incident: Incident, { width }: Style): string[] {
  const waited = incident.waitSeconds === null ? '' : `, waited ${duration(incident.waitSeconds)}`
  const maker = incident.gateway === null ? '' : `, answer made by ${visible(incident.gateway)}`
  return [
    ...wrap(way(incident), width, '  '),
    `  incident ${visible(incident.id)}, ${moment(incident.time)}${waited}${maker}`,
    ...(incident.attempts.length > 1 ? wrap(`attempts: ${tries(incident)}`, width, '  ') : []),
  ]
}

/** Lines of the small diagram, its names aside. */
const PACKETS = 10

/** Both legs side by side: what decides, and what it stands between. Frames are named below. */
function packets(incident: Incident, { ladderOf, width, paint }: Style): string[] {
  if (ladderOf === null) return []
  const lines = ladderLines(ladderOf(incident), { width: width - 2, most: PACKETS, frames: () => '' })
  return lines.map((line) => (line.startsWith('>') ? paint('bold', `  ${line}`) : `  ${line}`))
}

function timeline(incident: Incident, style: Style): string[] {
  const entries = style.all ? [...incident.timeline] : shortened(incident.timeline)
  const who = (end: string | null): string => role(end, incident)
  const arrows = entries.map((entry) => (entry === null ? '' : arrow(who(entry.from), who(entry.to))))
  const arrowWidth = Math.max(0, ...arrows.map((text) => text.length))
  let skipped = incident.timeline.length - entries.filter((entry) => entry !== null).length
  return entries.flatMap((entry, index) => {
    if (entry === null) {
      const line = `    … ${plural(skipped, 'more entry', 'more entries')} (--all)`
      skipped = 0
      return [style.paint('dim', line)]
    }
    const lead = `  ${entry.deciding ? '>' : ' '} ${offset(entry.seconds).padStart(11)}  ${arrows[index]!.padEnd(arrowWidth)}  `
    const frames = style.names.frames(entry.frames, 3)
    const lines = wrap(`${visible(entry.text)}${frames === '' ? '' : ` (${frames})`}`, style.width, lead)
    return entry.deciding ? lines.map((line) => style.paint('bold', line)) : lines
  })
}

/** The entries worth a place on one screen: the first, the last, the deciding ones and their neighbours; null is a gap. */
function shortened(entries: readonly TimelineEntry[]): (TimelineEntry | null)[] {
  if (entries.length <= LONGEST_TIMELINE) return [...entries]
  const room = LONGEST_TIMELINE - 1
  const byWeight = entries
    .map((entry, index) => ({ index, weight: weight(entries, index), entry }))
    .toSorted((a, b) => a.weight - b.weight || a.index - b.index)
    .slice(0, room)
    .toSorted((a, b) => a.index - b.index)
  const gapAt = byWeight.findIndex(({ index }, place) => index !== place)
  const kept = byWeight.map(({ entry }) => entry as TimelineEntry | null)
  return gapAt === -1 ? [...kept, null] : kept.toSpliced(gapAt, 0, null)
}

function weight(entries: readonly TimelineEntry[], index: number): number {
  if (entries[index]!.deciding) return 0
  if (index < 2 || index >= entries.length - 2) return 1
  return entries[index - 1]!.deciding || entries[index + 1]!.deciding ? 2 : 3
}

const arrow = (from: string, to: string): string => (from === '' && to === '' ? '' : `${from || '?'} → ${to || '?'}`)

/** The part an endpoint plays in this incident, or its address. */
function role(end: string | null, incident: Incident): string {
  if (end === null) return ''
  if (end === incident.client) return 'client'
  const { proxyFront, hops, proxyBack } = incident
  const fronts = [proxyFront, ...hops.map(({ to }) => to)]
  const backs = [...hops.map(({ from }) => from), proxyBack]
  const proxy = fronts.findIndex((front, i) => end === front || end === backs[i])
  if (proxy >= 0) return hops.length === 0 ? 'proxy' : `proxy ${proxy + 1}`
  if (end === incident.upstream) return 'upstream'
  return visible(end)
}

function evidence(incident: Incident, { width, names }: Style): string[] {
  return incident.findings.flatMap((finding) => {
    const frames = names.frames(finding.frames)
    return wrap(`${visible(finding.text)}${frames === '' ? '' : ` (${frames})`}`, width, '    - ')
  })
}

function alternative(other: RuledOut, { width, names }: Style): string[] {
  const frames = names.frames(other.frames)
  const because = `${visible(other.because)}${frames === '' ? '' : ` (${frames})`}`
  return wrap(`${title(other.cause)} [${visible(other.cause)}]: ${because}`, width, '    - ')
}

// Commands and filters are for copying: one line each, never wrapped.
function missing(incident: Incident, { width, paint }: Style): string[] {
  return incident.missing.flatMap((capture) => [
    ...wrap(`at ${visible(capture.vantage)}: ${visible(capture.because)}`, width, '    - '),
    `        ${paint('cyan', visible(capture.command, Infinity))}`,
    ...(capture.keys === undefined ? [] : wrap(visible(capture.keys), width, '        ')),
  ])
}

function filters(incident: Incident, { names, paint }: Style): string[] {
  return incident.filters.map(
    ({ capture, filter }) => `    ${names.of(capture)}: ${paint('cyan', visible(filter, Infinity))}`,
  )
}

function checklist(incident: Incident, { width, names, paint }: Style): string[] {
  return incident.checklist.flatMap((step) => {
    const frames = names.frames(step.frames, 3)
    const mark = (STEP_MARK[step.outcome] ?? visible(step.outcome)).padEnd(4)
    const lines = wrap(
      `${visible(step.text)}${frames === '' ? '' : ` (${frames})`}`,
      width,
      `    ${String(step.step).padStart(2)} ${mark}  `,
    )
    return step.outcome === 'fail' ? lines.map((line) => paint('red', line)) : lines
  })
}
