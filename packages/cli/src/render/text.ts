// The document as text: a person at 3 a.m. reads the first lines and knows what broke, whose it is, and how sure that is.
import {
  type CaptureSummary,
  type DiagnosisDocument,
  type Incident,
  type Ladder,
  plural,
  type Told,
  visible,
  words,
} from '@pcap-surgery/core'
import { details, headline, type Style } from './incident.ts'
import { columns, GLUE, painter, wrap } from './layout.ts'

const {
  captureFacts,
  CaptureNames,
  exampleOf,
  groupFacts,
  groupsOf,
  moment,
  outcome,
  request,
  tally,
  title,
  tries,
  whose,
} = words

export interface TextOptions {
  /** Columns of the screen. */
  width: number
  colour: boolean
  /** Show the ten steps of every incident. */
  checklist: boolean
  /** Print every incident in full instead of one of each kind. */
  all: boolean
  /** Draws incidents; without it they are told in words alone. */
  ladderOf?: (incident: Incident) => Ladder
}

const KINDS = 8
const EXAMPLES = 5
/** Kinds in the table of all. */
const MOST_ROWS = 40
const MASKED_SHOWN = 8

/** The diagnosis as text, with a newline at its end. Strings of the captures are escaped. */
export function renderText(document: DiagnosisDocument, options: TextOptions): string {
  const style = styleOf(options, document.captures)
  return joined([
    ...incidents(document, style),
    masked(document, style),
    captures(document, style),
    notes(document, style),
  ])
}

/** One incident of a capture that goes on, with an empty line at its end. */
export function renderTold(
  file: string,
  { incident, isMasked, revision, isWithdrawn }: Told,
  options: TextOptions,
): string {
  const style = styleOf(options, [{ id: 0, file }])
  const what = isMasked ? 'failure hidden by a retry' : 'failed request'
  if (isWithdrawn) {
    const first = style.paint('dim', `${what} ${visible(incident.id)}: withdrawn, what came since shows no failure`)
    return `${joined([[first, ...headline(incident, style)]])}\n`
  }
  const again = revision === 0 ? '' : ': by what came since, the verdict has changed'
  const first = style.paint('dim', `${what} ${visible(incident.id)}${again}`)
  return `${joined([[first, ...headline(incident, style), ...details(incident, style)]])}\n`
}

/** What is left to say when a capture that went on is over. */
export function renderEnd(document: DiagnosisDocument, told: number, options: TextOptions): string {
  const style = styleOf(options, document.captures)
  const { exchanges } = document.healthy
  const first = `${plural(told, 'failed request')} told, ${plural(exchanges, 'exchange')} went well.`
  return joined([[style.paint('bold', first)], captures(document, style), notes(document, style)])
}

const styleOf = (
  { width, colour, checklist, all, ladderOf }: TextOptions,
  read: readonly Pick<CaptureSummary, 'id' | 'file'>[],
): Style => ({
  width: Math.max(40, width),
  paint: painter(colour),
  names: new CaptureNames(read, GLUE),
  checklist,
  all,
  ladderOf: ladderOf ?? null,
})

/** Parts with an empty line between them, without those that have nothing to say. */
function joined(parts: readonly string[][]): string {
  const said = parts.filter((lines) => lines.length > 0)
  return `${said.map((lines) => lines.join('\n')).join('\n\n')}\n`
}

function incidents(document: DiagnosisDocument, style: Style): string[][] {
  const all = document.incidents
  if (all.length === 0) return [healthy(document, style)]
  const groups = groupsOf(all)
  const blocks = style.all
    ? all.map((incident) => [...headline(incident, style), ...details(incident, style)])
    : groups.slice(0, KINDS).map((group) => block(group, style))
  if (!style.all && groups.length > KINDS) {
    blocks.push([style.paint('dim', `… ${groups.length - KINDS} more kinds, listed on top (--all)`)])
  }
  return all.length === 1 ? blocks : [overview(document, groups, style), ...blocks]
}

function overview(document: DiagnosisDocument, groups: readonly Incident[][], { paint, all }: Style): string[] {
  const first = `${plural(document.incidents.length, 'failed request')}, ${plural(document.healthy.exchanges, 'exchange')} went well.`
  const shown = all ? groups : groups.slice(0, MOST_ROWS)
  const rows = shown.map((group) => {
    const [incident] = group
    return [`${group.length}`, tally(group, outcome), title(incident.cause), whose(incident.domain), upstream(incident)]
  })
  const [head, ...body] = columns([['', 'status', 'cause', 'whose', 'upstream'], ...rows], [0])
  const rest = groups.length - shown.length
  const more = rest > 0 ? [paint('dim', `  … ${plural(rest, 'more kind')} with fewer (--all)`)] : []
  return [paint('bold', first), '', paint('dim', `  ${head}`), ...body.map((line) => `  ${line}`), ...more]
}

const upstream = (incident: Incident): string => (incident.upstream === null ? 'none' : visible(incident.upstream))

/** One kind of incident: the surest of the group in full, then where and when the others are. */
function block(group: readonly Incident[], style: Style): string[] {
  const example = exampleOf(group)
  const lines = [...headline(example, style), ...details(example, style)]
  if (group.length === 1) return lines
  const others = group.filter((incident) => incident !== example)
  const rows = others
    .slice(0, EXAMPLES)
    .map((one) => [`incident ${visible(one.id)}`, moment(one.time), outcome(one), request(one)])
  const hidden = others.length - rows.length
  return [
    ...lines,
    ...wrap(groupFacts(group), style.width, '  ').map((line) => style.paint('bold', line)),
    ...columns(rows).map((line) => `    ${line}`),
    ...(hidden > 0 ? [style.paint('dim', `    … ${hidden} more (--all)`)] : []),
  ]
}

function healthy(document: DiagnosisDocument, style: Style): string[] {
  const { exchanges } = document.healthy
  const frames = document.captures.reduce((sum, capture) => sum + capture.frames, 0)
  const seen = `${plural(frames, 'frame')} in ${plural(document.captures.length, 'capture')}`
  if (exchanges > 0) {
    const first = style.paint(['bold', 'green'], `No gateway failure in ${plural(exchanges, 'exchange')}`)
    return [`${first} (${seen}).`]
  }
  return wrap(
    `No gateway failure found, and no complete HTTP exchange either: nothing here can be judged (${seen}).`,
    style.width,
  ).map((line) => style.paint('bold', line))
}

function masked(document: DiagnosisDocument, style: Style): string[] {
  const all = document.masked
  if (all.length === 0) return []
  const first = style.paint('bold', `${plural(all.length, 'failure')} hidden by a retry (the client saw success)`)
  if (style.all) {
    return [first, ...all.flatMap((incident) => ['', ...headline(incident, style), ...details(incident, style)])]
  }
  const shown = all.slice(0, MASKED_SHOWN)
  const hidden = all.length - shown.length
  return [
    first,
    ...shown.flatMap((incident) =>
      wrap(
        `${visible(incident.id)}  ${outcome(incident)}  ${request(incident)}  ${tries(incident)}`,
        style.width,
        '  - ',
      ),
    ),
    ...(hidden > 0 ? [style.paint('dim', `  … ${hidden} more (--all)`)] : []),
  ]
}

function captures(document: DiagnosisDocument, style: Style): string[] {
  if (document.captures.length === 0) return []
  return [
    style.paint('bold', 'Captures'),
    ...document.captures.flatMap((capture) => [
      ...wrap(`${style.names.of(capture.id)}: ${captureFacts(capture)}`, style.width, '  '),
      ...capture.warnings.flatMap((warning) => wrap(visible(warning), style.width, '    ! ')),
    ]),
  ]
}

function notes(document: DiagnosisDocument, style: Style): string[] {
  if (document.notes.length === 0) return []
  return [style.paint('bold', 'Notes'), ...document.notes.flatMap((note) => wrap(visible(note), style.width, '  - '))]
}
