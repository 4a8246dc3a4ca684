// The report as GitHub-flavoured Markdown for a ticket: of each incident the layer, the finding, then what follows from
// it. What the captures say is text or code; nothing of it becomes a link, a mention, an image or HTML.
import { duration, plural } from '../amounts.ts'
import type { DiagnosisDocument, FrameRef, Incident, RuledOut } from './document.ts'
import { code, codeBlock, markdown } from './escape.ts'
import { MOST_IN_FULL as MOST_OF_ALL, type ReportOptions } from './html.ts'
import { ladderLines } from './ladder-lines.ts'
import { frameWords } from './ladder-text.ts'
import {
  captureFacts,
  CaptureNames,
  exampleOf,
  groupFacts,
  groupsOf,
  layer,
  moment,
  outcome,
  request,
  tally,
  title,
  tries,
  way,
  whose,
} from './words.ts'

/** Incidents in full, and items of each list: a ticket has an end (GitHub's are at most 65,536 characters long). */
const MOST_IN_FULL = 6
const MOST_FINDINGS = 12
const MOST_ITEMS = 6
const MOST_KINDS = 24
/** Rows of the diagram, and its columns. */
const ROWS = 24
const COLUMNS = 100

/** The report in pieces, which follow each other. */
export function* markdownReport(document: DiagnosisDocument, options: ReportOptions): Generator<string> {
  const { incidents, masked, captures, healthy } = document
  const names = new CaptureNames(captures)
  const groups = groupsOf(incidents)
  const all = options.all ? incidents.map((one) => [one]) : groups
  const inFull = all.slice(0, options.all ? MOST_OF_ALL : MOST_IN_FULL)
  if (incidents.length === 0) {
    yield healthy.exchanges > 0 ? '# No gateway failure\n' : '# Nothing here can be judged\n'
  } else if (incidents.length === 1) yield `# ${titleOf(incidents[0]!)}\n`
  else yield `# ${plural(incidents.length, 'failed request')}\n`
  yield `\n${plural(healthy.exchanges, 'exchange')} went well${masked.length === 0 ? '' : `, ${plural(masked.length, 'failure')} hidden by a retry`}.\n`
  if (incidents.length > 1) yield `\n${kinds(groups)}\n`
  for (const group of inFull) {
    if (incidents.length > 1) yield `\n## ${titleOf(exampleOf(group))}\n`
    yield `\n${incidentText(exampleOf(group), group, names, options, incidents.length > 1 ? '###' : '##')}\n`
  }
  const rest = all.length - inFull.length
  if (rest > 0) yield `\n_${plural(rest, options.all ? 'more failed request' : 'more kind')}: see the table._\n`
  if (masked.length > 0) yield `\n## Hidden by a retry\n\n${list(masked.slice(0, MOST_KINDS).map(maskedText))}\n`
  yield `\n## Captures\n\n${list(captures.map((one) => `${span(names.of(one.id))}: ${markdown(captureFacts(one))}${one.warnings.map((text) => `; **${markdown(text)}**`).join('')}`))}\n`
  if (document.notes.length > 0) yield `\n${list(document.notes.map((note) => markdown(note)))}\n`
  yield `\n_PCAP Surgery ${markdown(options.version)}. Frame numbers are Wireshark’s._\n`
}

const titleOf = (incident: Incident): string =>
  `${markdown(outcome(incident))}: ${markdown(title(incident.cause))}, ${markdown(whose(incident.domain))} (${markdown(incident.confidence)})`

/** Short text as code, for a line; the document's long texts are cut. */
const span = (text: string): string => code(text, 200)

function kinds(groups: readonly (readonly Incident[])[]): string {
  const rows = groups.slice(0, MOST_KINDS).map((group) => {
    const example = exampleOf(group)
    const cells = [
      `${group.length}`,
      markdown(tally(group, outcome)),
      markdown(title(example.cause)),
      markdown(whose(example.domain)),
      markdown(example.upstream ?? 'none'),
      markdown(tally(group, ({ confidence }) => confidence)),
    ]
    return `| ${cells.join(' | ')} |`
  })
  const more = groups.length > MOST_KINDS ? `\n\n_${plural(groups.length - MOST_KINDS, 'more kind')}._` : ''
  return (
    ['| count | status | cause | whose | upstream | how sure |', '| --: | --- | --- | --- | --- | --- |', ...rows].join(
      '\n',
    ) + more
  )
}

function incidentText(
  incident: Incident,
  group: readonly Incident[],
  names: CaptureNames,
  { ladderOf }: ReportOptions,
  heading: string,
): string {
  const { time, waitSeconds, gateway, attempts } = incident
  const waited = waitSeconds === null ? '' : `, waited ${duration(waitSeconds)}`
  const lines = ladderLines(ladderOf(incident), {
    width: COLUMNS,
    most: ROWS,
    frames: (refs) => frameWords(refs, names.short),
  })
  return [
    `${span(request(incident))}, ${markdown(moment(time))}${waited}`,
    `${heading} Layer`,
    list([
      `${markdown(layer(incident.class))}, ${markdown(whose(incident.domain))} (${span(incident.cause)})`,
      code(way(incident), 2_000),
      ...(gateway === null ? [] : [`answer made by ${markdown(gateway)}`]),
      ...(attempts.length > 1 ? [`attempts: ${markdown(tries(incident))}`] : []),
    ]),
    `${heading} Finding`,
    `**${markdown(incident.summary)}**`,
    list(incident.findings.slice(0, MOST_FINDINGS).map(({ text, frames }) => markdown(text) + framesOf(names, frames))),
    ...(lines.length === 0 ? [] : [codeBlock(lines, 'text')]),
    `${heading} Implication`,
    list([
      ...incident.remedies.slice(0, MOST_ITEMS).map((one) => markdown(one)),
      ...incident.competing.slice(0, MOST_ITEMS).map((one) => `also possible: ${alternative(names, one)}`),
      ...incident.ruledOut.slice(0, MOST_ITEMS).map((one) => `ruled out: ${alternative(names, one)}`),
      ...incident.missing.map(({ vantage, because }) => `capture next at ${markdown(vantage)}: ${markdown(because)}`),
    ]),
    ...(incident.missing.length === 0
      ? []
      : [
          codeBlock(
            incident.missing.map(({ command }) => command),
            'sh',
          ),
        ]),
    ...(incident.filters.length === 0
      ? []
      : [
          'In Wireshark:',
          codeBlock(
            incident.filters.map(({ capture, filter }) => `${names.of(capture)}: ${filter}`),
            'text',
          ),
        ]),
    ...(group.length > 1 ? [markdown(groupFacts(group))] : []),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

const list = (items: readonly string[]): string => items.map((item) => `- ${item}`).join('\n')

/** As code: `#17` alone would become a link to somebody's issue. */
const framesOf = (names: CaptureNames, frames: readonly FrameRef[]): string =>
  frames.length === 0 ? '' : ` (${span(names.frames(frames, 4))})`

const alternative = (names: CaptureNames, { cause, because, frames }: RuledOut): string =>
  `${markdown(title(cause))} (${span(cause)}): ${markdown(because)}${framesOf(names, frames)}`

const maskedText = (incident: Incident): string =>
  `${markdown(incident.id)}: ${span(request(incident))}, ${markdown(tries(incident))}`
