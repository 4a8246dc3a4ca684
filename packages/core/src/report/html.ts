// The report as one HTML file to attach to a ticket: no script, nothing from elsewhere, and a policy that would not let
// it. What the captures say stands in it as text only.
import { sha256 } from '@noble/hashes/sha2.js'
import { duration, offset, plural } from '../amounts.ts'
import type { CaptureSummary, DiagnosisDocument, Finding, FrameRef, Incident, RuledOut } from './document.ts'
import { markup, visible } from './escape.ts'
import { HTML_CSS } from './html-style.ts'
import { ladderSvg } from './ladder-svg.ts'
import { leftOutWords } from './ladder-text.ts'
import type { Ladder } from './ladder.ts'
import {
  captureFacts,
  CaptureNames,
  exampleOf,
  groupFacts,
  groupsOf,
  moment,
  outcome,
  request,
  tally,
  span,
  title,
  tries,
  way,
  whose,
} from './words.ts'

export interface ReportOptions {
  /** Of PCAP Surgery. */
  version: string
  /** Every incident in full, as far as there is room, instead of one of each kind. */
  all: boolean
  /** The ladder of an incident; asked for only where it is drawn. */
  ladderOf: (incident: Incident) => Ladder
}

/** Incidents in full; rows of the list of all, and of the list by kind; findings, steps and alternatives of an incident; rows of a ladder. */
export const MOST_IN_FULL = 48
const MOST_LISTED = 1_000
const MOST_KINDS = 200
const MOST_ITEMS = 40
const MOST_ROWS = 120

/** The report in pieces, which follow each other. */
export function* htmlReport(document: DiagnosisDocument, options: ReportOptions): Generator<string> {
  const { incidents, masked, captures } = document
  const names = new CaptureNames(captures)
  const groups = groupsOf(incidents)
  const inFull = (options.all ? incidents : groups.map(exampleOf)).slice(0, MOST_IN_FULL)
  const page: Page = { document, names, options, inFull: new Set(inFull.map(({ id }) => id)) }
  yield head(document)
  yield overview(page, groups)
  for (const incident of inFull) {
    const group = options.all ? [incident] : groups.find((one) => one.includes(incident))!
    yield article(page, incident, group)
  }
  if (incidents.length > 1) yield listOf(page, 'All failed requests', incidents)
  if (masked.length > 0) yield listOf(page, 'Failures hidden by a retry: the client saw success', masked)
  yield captured(page)
  yield `<footer>Written by PCAP Surgery ${markup(options.version)} from packet captures alone. Frame numbers are Wireshark’s.</footer>\n</main>\n</body>\n</html>\n`
}

interface Page {
  document: DiagnosisDocument
  names: CaptureNames
  options: ReportOptions
  /** Ids of the incidents that have an article. */
  inFull: ReadonlySet<string>
}

function headlineOf({ incidents, healthy }: DiagnosisDocument): string {
  if (incidents.length > 0) return plural(incidents.length, 'failed request')
  return healthy.exchanges > 0 ? 'No gateway failure' : 'Nothing here can be judged'
}

function head(document: DiagnosisDocument): string {
  const { incidents } = document
  const first =
    incidents.length === 1 ? `${outcome(incidents[0]!)} ${title(incidents[0]!.cause)}` : headlineOf(document)
  const hash = base64(sha256(new TextEncoder().encode(HTML_CSS)))
  const policy = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>${markup(first)} — PCAP Surgery</title>
<style>${HTML_CSS}</style>
</head>
<body>
<main>
`
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

function base64(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const group = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    for (let digit = 0; digit < 4; digit++) {
      text += i + digit > bytes.length ? '=' : DIGITS[(group >> (18 - 6 * digit)) & 63]
    }
  }
  return text
}

function overview(page: Page, groups: readonly (readonly Incident[])[]): string {
  const { document } = page
  const { incidents, captures, healthy, masked } = document
  const frames = captures.reduce((sum, capture) => sum + capture.frames, 0)
  const facts = [
    `${plural(healthy.exchanges, 'exchange')} went well`,
    ...(masked.length > 0 ? [`${plural(masked.length, 'failure')} hidden by a retry`] : []),
    `${plural(frames, 'frame')} in ${plural(captures.length, 'capture')}`,
    ...spanOf(captures),
  ]
  const header = `<header class="report"><h1>${headlineOf(document)}</h1><p class="soft">${facts.join(' · ')}</p></header>\n`
  if (incidents.length < 2) return header
  const rows = groups.slice(0, MOST_KINDS).map((group) => {
    const example = exampleOf(group)
    const name = markup(title(example.cause))
    return [
      `<td class="number">${group.length}</td>`,
      `<td class="keep">${markup(tally(group, outcome))}</td>`,
      `<td>${linked(page, example, name)}</td>`,
      `<td>${markup(whose(example.domain))}</td>`,
      `<td class="mono">${markup(example.upstream ?? 'none')}</td>`,
      `<td>${markup(tally(group, ({ confidence }) => confidence))}</td>`,
    ].join('')
  })
  const heads = ['<th class="number">Count</th>', ...['Status', 'Cause', 'Whose', 'Upstream', 'How sure'].map(th)]
  const rest = groups.length - rows.length
  const bounds = [
    ...(rest > 0 ? [`${plural(rest, 'more kind')} with fewer are left out.`] : []),
    ...(groups.length > MOST_IN_FULL ? [`The first ${MOST_IN_FULL} kinds follow in full.`] : []),
  ]
  const more = bounds.length > 0 ? bound(bounds.join(' ')) : ''
  return `${header}<section id="overview"><h2>By kind</h2>${table(heads, rows)}${more}</section>\n`
}

const th = (text: string): string => `<th>${text}</th>`
const bound = (text: string): string => `<p class="soft small">${text}</p>`

const table = (heads: readonly string[], rows: readonly string[]): string =>
  `<div class="table" tabindex="0" role="group" aria-label="Table"><table><thead><tr>${heads.join('')}</tr></thead><tbody>\n${rows
    .map((row) => (row.startsWith('<tr') ? row : `<tr>${row}</tr>`))
    .join('\n')}\n</tbody></table></div>`

function spanOf(captures: readonly CaptureSummary[]): string[] {
  const all = span(captures)
  return all === null ? [] : [`${moment(all.first)}, ${duration(all.seconds)} long`]
}

const anchor = ({ id }: Incident): string => `incident-${id.replaceAll(/[^A-Za-z0-9-]/g, '-')}`

const linked = ({ inFull }: Page, incident: Incident, text: string): string =>
  inFull.has(incident.id) ? `<a href="#${anchor(incident)}">${text}</a>` : text

function article(page: Page, incident: Incident, group: readonly Incident[]): string {
  return [
    `<article id="${anchor(incident)}">`,
    headline(incident),
    whereAndWhen(incident),
    figure(page, incident),
    evidence(page, 'What was seen', incident.findings),
    alternatives(page, 'Also possible', incident.competing),
    listed(
      'What to do',
      'ol',
      incident.remedies.map((one) => markup(one)),
    ),
    missing(incident),
    filters(page, incident),
    folded('Checklist', checklist(page, incident)),
    folded(
      'Ruled out',
      list(
        'ul',
        incident.ruledOut.map((one) => alternative(page, one)),
      ),
    ),
    folded('Timeline', timeline(page, incident)),
    like(incident, group),
    '</article>\n',
  ]
    .filter((part) => part !== '')
    .join('\n')
}

function headline(incident: Incident): string {
  const sure = visible(incident.confidence)
  return [
    `<p class="kicker"><span class="status">${markup(outcome(incident))}</span>`,
    `<span class="sure ${/^[a-z]+$/.test(sure) ? sure : ''}">${markup(sure)}</span>`,
    `<span>${markup(whose(incident.domain))}</span><code>${markup(incident.cause)}</code>`,
    `<span>incident ${markup(incident.id)}</span></p>`,
    `<h2>${markup(title(incident.cause))}</h2>`,
    `<p class="asked mono">${markup(request(incident))}</p>`,
    `<p class="summary">${markup(incident.summary)}</p>`,
  ].join('')
}

function whereAndWhen(incident: Incident): string {
  const { waitSeconds, gateway, time, attempts } = incident
  const rows: [string, string][] = [
    ['Path', way(incident, (endpoint) => `<span class="mono">${markup(endpoint)}</span>`)],
    ['Time', markup(moment(time)) + (waitSeconds === null ? '' : `, waited ${duration(waitSeconds)}`)],
    ...(gateway === null ? [] : [['Answer made by', markup(gateway)] as [string, string]]),
    ...(attempts.length > 1 ? [['Attempts', markup(tries(incident))] as [string, string]] : []),
  ]
  return `<dl>${rows.map(([name, value]) => `<dt>${name}</dt><dd>${value}</dd>`).join('')}</dl>`
}

function figure({ options, names }: Page, incident: Incident): string {
  const ladder = options.ladderOf(incident)
  if (ladder.arrows.length === 0) return ''
  const svg = ladderSvg(ladder, {
    id: `ladder-${anchor(incident)}`,
    title: `Packets of incident ${incident.id}`,
    captureName: names.short,
    width: 900,
    most: MOST_ROWS,
  })
  const left = leftOutWords(ladder)
  const caption = `Seconds from the client’s request, on one clock; at the right the frames that show a packet, the sender’s end first. Marked rows decide; a cross is a packet that was lost, a dotted line an acknowledgement, two heads a reset.${left === null ? '' : ` Not drawn: ${left}.`}`
  // Wide diagrams scroll in their frame, which the keyboard must reach.
  return `<figure><div class="scroll" tabindex="0" role="group" aria-label="Diagram, scrolls sideways">${svg}</div><figcaption>${caption}</figcaption></figure>`
}

const list = (kind: 'ol' | 'ul', items: readonly string[]): string =>
  items.length === 0
    ? ''
    : `<${kind}>${items
        .slice(0, MOST_ITEMS)
        .map((item) => `<li>${item}</li>`)
        .join(
          '',
        )}</${kind}>${items.length > MOST_ITEMS ? bound(`${items.length - MOST_ITEMS} more are left out.`) : ''}`

const listed = (name: string, kind: 'ol' | 'ul', items: readonly string[]): string =>
  items.length === 0 ? '' : `<h3>${name}</h3>${list(kind, items)}`

const folded = (name: string, content: string): string =>
  content === '' ? '' : `<details><summary>${name}</summary>${content}</details>`

function framesOf({ names }: Page, frames: readonly FrameRef[], most?: number): string {
  return frames.length === 0 ? '' : ` <span class="frames">${markup(names.frames(frames, most))}</span>`
}

const evidence = (page: Page, name: string, findings: readonly Finding[]): string =>
  listed(
    name,
    'ol',
    findings.map(({ text, frames }) => markup(text) + framesOf(page, frames)),
  )

const alternative = (page: Page, { cause, because, frames }: RuledOut): string =>
  `<b>${markup(title(cause))}</b> <code>${markup(cause)}</code>: ${markup(because)}${framesOf(page, frames)}`

const alternatives = (page: Page, name: string, others: readonly RuledOut[]): string =>
  listed(
    name,
    'ul',
    others.map((one) => alternative(page, one)),
  )

/** Commands and filters are for copying: whole, however long. */
const pre = (lines: readonly string[]): string => `<pre>${lines.map((line) => markup(line, Infinity)).join('\n')}</pre>`

const missing = (incident: Incident): string =>
  listed(
    'Capture next',
    'ul',
    incident.missing.map(({ vantage, because, command, windows, keys }) =>
      [
        `At ${markup(vantage)}: ${markup(because)}`,
        pre([command]),
        windows === undefined ? '' : `<details><summary class="small">On Windows</summary>${pre(windows)}</details>`,
        keys === undefined ? '' : `<p class="small">${markup(keys)}</p>`,
      ].join(''),
    ),
  )

const filters = ({ names }: Page, incident: Incident): string =>
  listed(
    'In Wireshark',
    'ul',
    incident.filters.map(({ capture, filter }) => `${markup(names.of(capture))}${pre([filter])}`),
  )

const OUTCOMES: { readonly [outcome: string]: string } = {
  pass: '✓ pass',
  fail: '✗ fail',
  unknown: '? unknown',
  'not-applicable': '– not applicable',
}

function checklist(page: Page, { checklist: steps }: Incident): string {
  const rows = steps.map(({ step, outcome: how, text, frames }) => {
    const name = how in OUTCOMES ? how : 'unknown'
    return `<td class="number">${step}</td><td class="outcome ${name}">${OUTCOMES[name]}</td><td>${markup(text)}${framesOf(page, frames, 3)}</td>`
  })
  return table(['<th class="number">Step</th>', th('Outcome'), th('What was found')], rows)
}

function timeline(page: Page, { timeline: entries }: Incident): string {
  if (entries.length === 0) return ''
  const rows = entries.slice(0, MOST_ITEMS * 2).map(({ seconds, from, to, text, frames, deciding }) => {
    const ends = [from, to].map((end) => (end === null ? '' : `<span class="mono">${markup(end)}</span>`)).join(' → ')
    const mark = deciding ? 'decides: ' : ''
    return `<tr${deciding ? ' class="deciding"' : ''}><td class="keep mono">${offset(seconds)}</td><td>${ends}</td><td>${mark}${markup(text)}${framesOf(page, frames, 3)}</td></tr>`
  })
  return table([th('Seconds'), th('From → to'), th('What')], rows)
}

/** Where and when the others of its kind are. */
function like(incident: Incident, group: readonly Incident[]): string {
  if (group.length === 1) return ''
  const others = group.filter((one) => one !== incident)
  const items = others.map(
    (one) =>
      `incident ${markup(one.id)}, ${moment(one.time)}, ${markup(outcome(one))}: <span class="mono">${markup(request(one))}</span>`,
  )
  return folded(markup(groupFacts(group)), list('ul', items))
}

function listOf(page: Page, name: string, incidents: readonly Incident[]): string {
  const rows = incidents
    .slice(0, MOST_LISTED)
    .map((incident) =>
      [
        `<td>${linked(page, incident, markup(incident.id))}</td>`,
        `<td class="keep">${markup(moment(incident.time))}</td>`,
        `<td class="keep">${markup(outcome(incident))}</td>`,
        `<td class="mono">${markup(request(incident))}</td>`,
        `<td>${markup(title(incident.cause))}</td>`,
        `<td class="keep number">${incident.waitSeconds === null ? '' : duration(incident.waitSeconds)}</td>`,
      ].join(''),
    )
  const heads = [...['Id', 'Time', 'Status', 'Request', 'Cause'].map(th), '<th class="number">Waited</th>']
  const rest = incidents.length - rows.length
  const more = rest > 0 ? bound(`${plural(rest, 'more', 'more')}: --format json has them all.`) : ''
  const id = incidents[0]!.id.startsWith('m') ? 'masked' : 'all'
  return `<section id="${id}"><h2>${name}</h2>${table(heads, rows)}${more}</section>\n`
}

function captured({ document: { captures, notes }, names }: Page): string {
  const rows = captures.map((capture) => {
    const warnings = list(
      'ul',
      capture.warnings.map((one) => markup(one)),
    )
    return `<td class="number">${capture.id}</td><td><b>${markup(names.of(capture.id))}</b><br>${markup(captureFacts(capture))}${warnings}</td>`
  })
  const said =
    notes.length === 0
      ? ''
      : `<h3>Notes</h3>${list(
          'ul',
          notes.map((note) => markup(note)),
        )}`
  return `<section id="captures"><h2>Captures</h2>${table(['<th class="number">Id</th>', th('What it is')], rows)}${said}</section>\n`
}
