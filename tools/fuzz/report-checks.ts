// What must be true of every report and every picture in it, whatever the captures say.
import {
  type DiagnosisDocument,
  type FrameRef,
  htmlReport,
  type Incident,
  jsonReport,
  type Ladder,
  ladderLines,
  ladderOf,
  ladderSvg,
  layoutOf,
  markdownReport,
  words,
} from '@pcap-surgery/core'
import { renderNdjson } from '../../packages/cli/src/render/ndjson.ts'
import { renderText } from '../../packages/cli/src/render/text.ts'
import { wrongsOf } from '../ladders.ts'
import { type Answer, must } from './checks.ts'
import type { Random } from './random.ts'

/** Ladders of one document that are looked at. */
const LADDERS = 12

/** All reports of an answer and all ladders. Answers how long they are. */
export function checkReports(answer: Answer, random: Random): number {
  const { story, document } = answer
  const ladders = new Map<Incident, Ladder>()
  const ladder = (incident: Incident): Ladder => {
    const known = ladders.get(incident) ?? ladderOf(story, incident)
    ladders.set(incident, known)
    return known
  }
  for (const incident of [...document.incidents, ...document.masked].slice(0, LADDERS)) {
    checkLadder(ladder(incident), incident, random, document)
  }
  const options = { version: '1', all: random.oneIn(2), ladderOf: ladder }
  const html = [...htmlReport(document, options)].join('')
  checkMarkup(html)
  const markdown = [...markdownReport(document, options)].join('')
  mustBePlain(markdown, 'Markdown')
  must(markdown.split('\n').filter((line) => /^`{3,}/.test(line)).length % 2 === 0, 'a block of code does not end')
  const text = renderText(document, {
    width: 40 + random.below(120),
    colour: random.oneIn(2),
    checklist: random.oneIn(2),
    all: options.all,
    ladderOf: ladder,
  })
  // oxlint-disable-next-line no-control-regex -- these colour a terminal
  mustBePlain(text.replaceAll(/\x1b\[[\d;]*m/g, ''), 'text')
  return html.length + markdown.length + text.length + checkJson(document)
}

function checkJson(document: DiagnosisDocument): number {
  const text = [...jsonReport(document)].join('')
  mustBePlain(text, 'JSON')
  must(JSON.stringify(JSON.parse(text)) === JSON.stringify(document), 'the JSON is another document')
  const lines = [...renderNdjson(document)].join('').split('\n')
  for (const line of lines.slice(0, -1)) JSON.parse(line)
  const { incidents, masked } = document
  must(lines.length === incidents.length + masked.length + 2, `${lines.length} lines of NDJSON`)
  return text.length
}

/** Nothing in it reaches a terminal but text and ends of lines. */
function mustBePlain(text: string, what: string): void {
  const found = /[^\P{C}\n\u2060]/u.exec(text)
  must(found === null, `the ${what} has U+${found?.[0].codePointAt(0)?.toString(16)}`)
}

/** A tag, with its name, attributes and what ends it. */
const TAG = /<(!doctype html|\/?[a-z][a-zA-Z0-9]*)((?: [a-zA-Z][a-zA-Z:-]*(?:="[^"<>]*")?)*) ?(\/?)>/gi
const ENDLESS: ReadonlySet<string> = new Set(['!doctype html', 'meta', 'br', 'hr', 'img'])
/** What no report needs, and whoever gets markup into it would want. */
const FORBIDDEN: ReadonlySet<string> = new Set(['script', 'iframe', 'object', 'embed', 'form', 'link', 'img', 'base'])

/** Tags that begin and end, and nothing else that has to do with markup. */
export function checkMarkup(text: string): void {
  mustBePlain(text, 'HTML')
  const open: string[] = []
  let at = 0
  for (const tag of text.matchAll(TAG)) {
    const between = text.slice(at, tag.index)
    must(open.at(-1) === 'style' || !/[<>]/.test(between), `markup in ${JSON.stringify(between.slice(0, 80))}`)
    at = tag.index + tag[0].length
    const [, name, attributes, end] = tag as unknown as [string, string, string, string]
    must(!FORBIDDEN.has(name) && !/ on[a-z]+=| style=|javascript:/i.test(attributes), `a tag ${tag[0]}`)
    must(!/\b(?:NaN|Infinity|undefined)\b/.test(attributes), `a tag ${tag[0]}`)
    if (end === '/' || ENDLESS.has(name.toLowerCase())) continue
    if (!name.startsWith('/')) open.push(name)
    else must(open.pop() === name.slice(1), `${name} ends what has not begun`)
  }
  must(open.length === 0 && !/[<>]/.test(text.slice(at)), `${open.join(', ')} does not end`)
}

const namesOf = (frames: readonly FrameRef[]): string => `#${frames.map(({ frame }) => frame).join(' #')}`

function checkLadder(ladder: Ladder, incident: Incident, random: Random, { captures }: DiagnosisDocument): void {
  const [wrong] = wrongsOf(ladder, incident)
  must(wrong === undefined, `the ladder of ${incident.cause}: ${wrong}`)
  checkLayout(ladder, random)
  const width = 30 + random.below(170)
  const most = 16 + random.below(40)
  const lines = ladderLines(ladder, { width, most, frames: random.oneIn(2) ? namesOf : () => '' })
  mustBePlain(lines.join('\n'), 'ladder')
  must(lines.length <= most + 2, `${lines.length} lines of a ladder where there is room for ${most}`)
  const long = lines.find((line) => line.length > width)
  must(long === undefined, `a line of a ladder is longer than ${width}: ${long}`)
  checkMarkup(
    ladderSvg(ladder, {
      id: 'one',
      title: incident.summary,
      captureName: new words.CaptureNames(captures).short,
      most,
    }),
  )
}

/** Rows stand one below the other, and each packet is in one of them, or counted. */
function checkLayout(ladder: Ladder, random: Random): void {
  const { arrows, connections } = ladder
  const most = random.oneIn(2) ? Infinity : 1 + random.below(30)
  const open = random.oneIn(3) ? 'all' : new Set([random.below(arrows.length)])
  const { rows, lanes, height, width } = layoutOf(ladder, { most, open, width: 300 + random.below(1000) })
  let before = 0
  let count = 0
  for (const row of rows) {
    must(row.y > before && row.y <= height, `a row at ${row.y}, behind ${before}, of ${height}`)
    before = row.y
    if (row.kind === 'arrow') {
      must(row.arrivalY >= row.y && row.arrivalY <= height + 200, `from ${row.y} to ${row.arrivalY}`)
      count++
    } else if (row.kind === 'bundle') count += row.arrows.length
    else if (row.kind === 'omitted') count += row.count
    else must(row.seconds > 0 && Number.isFinite(row.seconds), `a pause of ${row.seconds} s`)
  }
  const omitted = connections.reduce((sum, one) => sum + (one.omittedFrom === null ? 0 : one.omitted), 0)
  must(count === arrows.length + omitted, `${count} packets in rows, of ${arrows.length} and ${omitted} omitted`)
  must(rows.length <= 2 * most + 1, `${rows.length} rows where there is room for ${most}`)
  must(
    lanes.every((x, i) => x >= (i === 0 ? 0 : lanes[i - 1]!) && x <= width),
    `lanes at ${lanes.join()} of ${width}`,
  )
}
