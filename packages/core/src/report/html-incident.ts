// One incident in the HTML report: what happened, its diagram, what shows it, and what to do.
import { duration, offset, plural } from '../amounts.ts'
import type { Finding, FrameRef, Incident, RuledOut } from './document.ts'
import { markup, visible } from './escape.ts'
import { bound, folded, list, listed, pre, table, th } from './html-parts.ts'
import { ladderSvg } from './ladder-svg.ts'
import { leftOutWords } from './ladder-text.ts'
import type { Ladder } from './ladder.ts'
import { type CaptureNames, groupFacts, moment, outcome, request, title, tries, way, whose } from './words.ts'

export interface ArticlePage {
  names: CaptureNames
  ladderOf: (incident: Incident) => Ladder
}

/** Rows of a diagram, and of a timeline. */
const MOST_ROWS = 120
const MOST_ENTRIES = 80
/** Entries at the end of a long timeline: what the client got. */
const LAST_ENTRIES = 4

/** What links to an incident's article name. */
export const anchorOf = ({ id }: Incident): string => `incident-${id.replaceAll(/[^A-Za-z0-9-]/g, '-')}`

export function articleOf(page: ArticlePage, incident: Incident, group: readonly Incident[]): string {
  return [
    `<article id="${anchorOf(incident)}">`,
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

function figure({ ladderOf, names }: ArticlePage, incident: Incident): string {
  const ladder = ladderOf(incident)
  if (ladder.arrows.length === 0) return ''
  const svg = ladderSvg(ladder, {
    id: `ladder-${anchorOf(incident)}`,
    title: `Packets of incident ${incident.id}`,
    captureName: names.short,
    width: 880,
    most: MOST_ROWS,
  })
  const left = leftOutWords(ladder)
  const caption = `Seconds from the client’s request, on one clock; at the right the frames that show a packet, the sender’s end first. Marked rows decide; a cross is a packet that was lost, a dotted line an acknowledgement, two heads a reset.${left === null ? '' : ` Not drawn: ${left}.`}`
  // Wide diagrams scroll in their frame, which the keyboard must reach.
  return `<figure><div class="scroll" tabindex="0" role="group" aria-label="Diagram, scrolls sideways">${svg}</div><figcaption>${caption}</figcaption></figure>`
}

function framesOf({ names }: ArticlePage, frames: readonly FrameRef[], most?: number): string {
  return frames.length === 0 ? '' : ` <span class="frames">${markup(names.frames(frames, most))}</span>`
}

const evidence = (page: ArticlePage, name: string, findings: readonly Finding[]): string =>
  listed(
    name,
    'ol',
    findings.map(({ text, frames }) => markup(text) + framesOf(page, frames)),
  )

const alternative = (page: ArticlePage, { cause, because, frames }: RuledOut): string =>
  `<b>${markup(title(cause))}</b> <code>${markup(cause)}</code>: ${markup(because)}${framesOf(page, frames)}`

const alternatives = (page: ArticlePage, name: string, others: readonly RuledOut[]): string =>
  listed(
    name,
    'ul',
    others.map((one) => alternative(page, one)),
  )

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

const filters = ({ names }: ArticlePage, incident: Incident): string =>
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

function checklist(page: ArticlePage, { checklist: steps }: Incident): string {
  const rows = steps.map(({ step, outcome: how, text, frames }) => {
    const name = how in OUTCOMES ? how : 'unknown'
    return `<td class="number">${step}</td><td class="outcome ${name}">${OUTCOMES[name]}</td><td>${markup(text)}${framesOf(page, frames, 3)}</td>`
  })
  return table(['<th class="number">Step</th>', th('Outcome'), th('What was found')], rows)
}

function timeline(page: ArticlePage, { timeline: entries }: Incident): string {
  if (entries.length === 0) return ''
  const last = entries.length - LAST_ENTRIES
  const shown = entries.filter(({ deciding }, i) => i < MOST_ENTRIES || i >= last || deciding)
  const rows = shown.map(({ seconds, from, to, text, frames, deciding }) => {
    const ends = [from, to].map((end) => (end === null ? '' : `<span class="mono">${markup(end)}</span>`)).join(' → ')
    const mark = deciding ? 'decides: ' : ''
    return `<tr${deciding ? ' class="deciding"' : ''}><td class="keep mono">${offset(seconds)}</td><td>${ends}</td><td>${mark}${markup(text)}${framesOf(page, frames, 3)}</td></tr>`
  })
  const rest = entries.length - shown.length
  const more = rest > 0 ? bound(`${plural(rest, 'entry', 'entries')} before the last are left out.`) : ''
  return table([th('Seconds'), th('From → to'), th('What')], rows) + more
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
