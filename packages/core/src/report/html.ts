// The report as one HTML file to attach to a ticket: no script, nothing from elsewhere, and a policy that would not let
// it. What the captures say stands in it as text only.
import { sha256 } from '@noble/hashes/sha2.js'
import { duration, plural } from '../amounts.ts'
import type { CaptureSummary, DiagnosisDocument, Incident } from './document.ts'
import { markup } from './escape.ts'
import { anchorOf, type ArticlePage, articleOf } from './html-incident.ts'
import { bound, list, table, th } from './html-parts.ts'
import { HTML_CSS } from './html-style.ts'
import type { Ladder } from './ladder.ts'
import {
  captureFacts,
  CaptureNames,
  exampleOf,
  groupsOf,
  moment,
  outcome,
  request,
  span,
  tally,
  title,
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

/** Incidents in full; rows of the list of all, and of the list by kind. */
export const MOST_IN_FULL = 48
const MOST_LISTED = 1_000
const MOST_KINDS = 200

/** The report in pieces, which follow each other. */
export function* htmlReport(document: DiagnosisDocument, options: ReportOptions): Generator<string> {
  const { incidents, masked, captures } = document
  const names = new CaptureNames(captures)
  const groups = groupsOf(incidents)
  const inFull = (options.all ? incidents : groups.map(exampleOf)).slice(0, MOST_IN_FULL)
  const page: Page = { document, names, ladderOf: options.ladderOf, inFull: new Set(inFull.map(({ id }) => id)) }
  yield head(document)
  yield overview(page, groups)
  for (const incident of inFull) {
    const group = options.all ? [incident] : groups.find((one) => one.includes(incident))!
    yield articleOf(page, incident, group)
  }
  if (incidents.length > 1) yield listOf(page, 'All failed requests', incidents)
  if (masked.length > 0) yield listOf(page, 'Failures hidden by a retry: the client saw success', masked)
  yield captured(page)
  yield `<footer>Written by PCAP Surgery ${markup(options.version)} from packet captures alone. Frame numbers are Wireshark’s.</footer>\n</main>\n</body>\n</html>\n`
}

interface Page extends ArticlePage {
  document: DiagnosisDocument
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

function spanOf(captures: readonly CaptureSummary[]): string[] {
  const all = span(captures)
  return all === null ? [] : [`${moment(all.first)}, ${duration(all.seconds)} long`]
}

const linked = ({ inFull }: Page, incident: Incident, text: string): string =>
  inFull.has(incident.id) ? `<a href="#${anchorOf(incident)}">${text}</a>` : text

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
