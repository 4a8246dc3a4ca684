// A ladder as a static picture: SVG without scripts, styles or links of its own, for a page that brings `LADDER_CSS`.
// What a packet is shows by its line, its head and its words; colour only repeats it.
import { duration, offset } from '../amounts.ts'
import { markup } from './escape.ts'
import {
  type ArrowRow,
  type BundleRow,
  EDGE,
  LAYOUT,
  type LadderLayout,
  type LadderRow,
  type LayoutOptions,
  layoutOf,
} from './ladder-layout.ts'
import { arrowDetail, arrowWords, bundleWords, frameWords, laneWords } from './ladder-text.ts'
import type { Arrow, ArrowKind, Ladder } from './ladder.ts'

/** `width` is the least: lanes get the room that they need. */
export interface SvgOptions extends Partial<Omit<LayoutOptions, 'left' | 'right'>> {
  /** Unique in the page: the picture's name and description are found by it. */
  id: string
  title: string
  /** What a capture is called in little room; null where there is one capture, which goes without saying. */
  captureName: ((capture: number) => string) | null
}

/** Mean width of a character of the labels, of bold and of small ones, in pixels. */
const CHARACTER = 6.4
const BOLD_CHARACTER = 7.2
const SMALL_CHARACTER = 5.9
/** Width of a character of the frames, which all have the same. */
const MONO_CHARACTER = 6.7
/** An arrow stops short of the lane it points at. */
const SHORT = 2
const HEAD = 8
/** Right end of the times; distance of the frames from the edge. */
const TIME = 84
const BESIDE = 8
/** Room that a lane takes beside the next one. */
const LANE = 176

export function ladderSvg(ladder: Ladder, { id, title, captureName, ...options }: SvgOptions): string {
  const named = ladder.arrows.map(({ frames }) => frameWords(frames, captureName))
  const behind = named.reduce((most, words) => Math.max(most, words.length), 0) * MONO_CHARACTER
  const right = Math.max(LAYOUT.right, Math.ceil(behind) + 2 * BESIDE)
  const least = LAYOUT.left + right + 2 * EDGE + (ladder.lanes.length - 1) * LANE
  const layout = layoutOf(ladder, { ...options, right, width: Math.max(options.width ?? LAYOUT.width, least) })
  const { width, height } = layout
  const draw = (row: LadderRow): string => {
    switch (row.kind) {
      case 'arrow':
        return arrowRow(ladder, layout, row, named[row.arrow]!)
      case 'bundle':
        return bundleRow(ladder, layout, row)
      case 'fold':
        return note(layout, row.y, 'fold', duration(row.seconds))
      case 'omitted':
        return note(
          layout,
          row.y,
          'left-out',
          `${row.count.toLocaleString('en-US')} packets ${omission(row.connection)}`,
        )
    }
  }
  return [
    `<svg class="ladder" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="${id}-title ${id}-desc">`,
    `<title id="${id}-title">${markup(title)}</title>`,
    `<desc id="${id}-desc">${markup(described(ladder))}</desc>`,
    ...layout.rows.map((row) => band(ladder, layout, row)).filter((text) => text !== ''),
    lanes(ladder, layout),
    ...layout.rows.map(draw),
    '</svg>',
  ].join('\n')
}

const omission = (connection: number | null): string => (connection === null ? 'not drawn' : 'not kept')

function described({ lanes: hosts, arrows, connections }: Ladder): string {
  const lost = arrows.filter((arrow) => arrow.lost).length
  const deciding = arrows.filter((arrow) => arrow.deciding)
  return [
    `${arrows.length} packets of ${connections.length} connections between ${hosts.map(({ name }) => name).join(', ')}, from top to bottom in order of time.`,
    ...(lost > 0 ? [`${lost} of them were lost on the way.`] : []),
    ...(deciding.length > 0
      ? [
          `Deciding: ${deciding
            .slice(0, 4)
            .map((arrow) => arrowWords(arrow))
            .join('; ')}.`,
        ]
      : []),
  ].join(' ')
}

/** Names on top, and a line down that is broken where time is folded. */
function lanes(ladder: Ladder, { lanes: places, rows, height }: LadderLayout): string {
  const folds = rows.filter(({ kind }) => kind === 'fold').map(({ y }) => y)
  const room = (places[1] ?? 300) - (places[0] ?? 0)
  return ladder.lanes
    .map((lane, i) => {
      const x = places[i]!
      const stops = [48, ...folds.flatMap((y) => [y - 12, y + 4]), height]
      const solid: string[] = []
      for (let at = 0; at < stops.length; at += 2) solid.push(`M${x} ${stops[at]!}V${stops[at + 1]!}`)
      const broken = folds.map((y) => `M${x} ${y - 12}V${y + 4}`).join('')
      return [
        `<g class="lane">`,
        `<title>${markup(`${lane.name}: ${[lane.host ?? [], lane.addresses].flat().join(', ')}`)}</title>`,
        `<text class="name" x="${x}" y="20">${markup(lane.name)}</text>`,
        `<text class="address" x="${x}" y="36">${cut(laneWords(lane), room - 12, SMALL_CHARACTER)}</text>`,
        `<path class="line" d="${solid.join('')}"/>`,
        ...(broken === '' ? [] : [`<path class="line broken" d="${broken}"/>`]),
        '</g>',
      ].join('')
    })
    .join('\n')
}

/** Text that fits into so many pixels, escaped. */
function cut(text: string, width: number, character = CHARACTER): string {
  const most = Math.max(4, Math.floor(width / character))
  return markup(text.length <= most ? text : `${text.slice(0, most - 1)}…`)
}

function arrowRow(
  ladder: Ladder,
  { lanes: places, width }: LadderLayout,
  { arrow: index, y, arrivalY }: ArrowRow,
  frames: string,
): string {
  const arrow = ladder.arrows[index]!
  const from = places[arrow.from]!
  const to = target(arrow, places)
  const way = Math.sign(to - from)
  const end = arrow.lost ? from + (to - from) * 0.62 : to - way * SHORT
  const slope = (arrivalY - y) / (to - from || 1)
  const endY = y + slope * (end - from)
  const isBold = arrow.deciding || BOLD.has(arrow.kind)
  const words = cut(arrowWords(arrow), Math.abs(to - from) - 14, isBold ? BOLD_CHARACTER : CHARACTER)
  return [
    `<g class="row ${arrow.kind}${arrow.marks.includes('retransmission') ? ' again' : ''}${arrow.deciding ? ' deciding' : ''}">`,
    `<title>${markup(arrowDetail(ladder, arrow))}</title>`,
    `<text class="time" x="${TIME}" y="${round(y)}">${offset(arrow.seconds)}</text>`,
    `<path class="shaft" d="M${from} ${round(y)}L${round(end)} ${round(endY)}"/>`,
    arrow.lost ? cross(end, endY) : headOf(arrow.kind, end, endY, way, slope),
    tailOf(arrow, from, y, way),
    `<text class="label" x="${round((from + to) / 2)}" y="${round(y - 5)}">${words}</text>`,
    `<text class="frames" x="${width - BESIDE}" y="${round(y)}">${markup(frames)}</text>`,
    '</g>',
  ].join('')
}

const BOLD: ReadonlySet<ArrowKind> = new Set(['request', 'response', 'reset', 'icmp'])

/** What decides has a ground and a flag, behind everything else. */
function band({ arrows }: Ladder, { width }: LadderLayout, row: LadderRow): string {
  if (row.kind !== 'arrow' || !arrows[row.arrow]!.deciding) return ''
  const y = round(row.y - 16)
  return `<rect class="band" x="0" y="${y}" width="${width}" height="22" rx="3"/><path class="flag" d="M4 ${y + 6}l8 5l-8 5z"/>`
}

/** What goes to everybody goes half of the way to the next lane. */
function target({ from, to }: Arrow, places: readonly number[]): number {
  const own = places[from]!
  if (to !== null && to !== from) return places[to]!
  const next = places[from + 1] ?? places[from - 1] ?? own + 100
  return own + (next - own) * 0.5
}

const round = (value: number): number => Math.round(value * 10) / 10

const cross = (x: number, y: number): string =>
  `<path class="cross" d="M${round(x - 5)} ${round(y - 5)}l10 10m0 -10l-10 10"/>`

const OPEN_HEADS: ReadonlySet<ArrowKind> = new Set(['syn', 'syn-ack', 'ack', 'fin', 'probe', 'neighbour', 'dns'])

/** Open: the connection's own; filled: bytes; two: a reset; a rhombus: ICMP. */
function headOf(kind: ArrowKind, x: number, y: number, way: number, slope: number): string {
  const angle = round((Math.atan(slope) * 180) / Math.PI)
  const turn = `translate(${round(x)} ${round(y)}) rotate(${angle}) scale(${way || 1} 1)`
  const size = kind === 'ack' ? HEAD - 2 : HEAD
  const triangle = (at: number): string => `M${at} 0l${-size} ${-size / 2}v${size}z`
  if (OPEN_HEADS.has(kind)) {
    return `<path class="head open" transform="${turn}" d="M${-size} ${-size / 2}L0 0L${-size} ${size / 2}"/>`
  }
  const shape =
    kind === 'reset' ? triangle(0) + triangle(-size) : kind === 'icmp' ? 'M0 0l-6 -5l-6 5l6 5z' : triangle(0)
  return `<path class="head" transform="${turn}" d="${shape}"/>`
}

/** A bar: the sender sends no more (FIN); a ring: it only asks whether anybody is there. */
function tailOf({ kind, marks }: Arrow, x: number, y: number, way: number): string {
  const at = x + way * 6
  if (marks.includes('fin')) return `<path class="tail" d="M${at} ${round(y - 5)}v10"/>`
  return kind === 'probe' ? `<circle class="tail" cx="${at}" cy="${round(y)}" r="3"/>` : ''
}

function bundleRow({ arrows }: Ladder, { lanes: places }: LadderLayout, row: BundleRow): string {
  const [from, to] = [places[row.from]!, places[row.to]!]
  const way = Math.sign(to - from)
  const words = bundleWords(row)
  const { y } = row
  return [
    '<g class="row bundle">',
    `<title>${markup(`${words} in ${duration(row.seconds)}, data and acknowledgements`)}</title>`,
    `<text class="time" x="${TIME}" y="${round(y)}">${offset(arrows[row.id]!.seconds)}</text>`,
    `<path class="shaft" d="M${from} ${round(y - 1.5)}H${to - way * HEAD}M${from} ${round(y + 1.5)}H${to - way * HEAD}"/>`,
    headOf('data', to - way * SHORT, y, way, 0),
    `<text class="label" x="${round((from + to) / 2)}" y="${round(y - 6)}">${cut(words, Math.abs(to - from) - 14)}</text>`,
    '</g>',
  ].join('')
}

function note({ lanes: places }: LadderLayout, y: number, kind: string, words: string): string {
  const [first, last] = [places[0] ?? 0, places.at(-1) ?? 0]
  return [
    `<g class="note ${kind}">`,
    `<path d="M${first - 14} ${round(y - 4)}H${last + 14}"/>`,
    `<text x="${round((first + last) / 2)}" y="${round(y)}">${markup(words)}</text>`,
    '</g>',
  ].join('')
}

/**
 * Colours and fonts are the page's custom properties: `--surface`, `--line-strong`, `--text`, `--text-soft`,
 * `--text-faint`, `--accent`, `--fail`, `--warn`, `--warn-soft`, `--sans`, `--mono`.
 */
export const LADDER_CSS = `
.ladder { display: block; font: 12px/1 var(--sans); color: var(--text); }
.ladder text { fill: currentColor; }
.ladder .lane .name { font-weight: 650; font-size: 13px; text-anchor: middle; }
.ladder .lane .address { font-size: 11px; text-anchor: middle; fill: var(--text-soft); }
.ladder .lane .line { stroke: var(--line-strong); stroke-width: 1; fill: none; }
.ladder .lane .broken { stroke-dasharray: 1 3; }
.ladder .row .shaft, .ladder .row .tail { stroke: currentColor; stroke-width: 1.25; fill: none; }
.ladder .row .head { fill: currentColor; stroke: none; }
.ladder .row .open { fill: none; stroke: currentColor; stroke-width: 1.25; }
.ladder .row .tail { fill: var(--surface); }
.ladder .row .cross { stroke: var(--fail); stroke-width: 2.25; fill: none; }
.ladder .label { text-anchor: middle; paint-order: stroke; stroke: var(--surface); stroke-width: 4px; stroke-linejoin: round; }
.ladder .time, .ladder .frames { font: 11px/1 var(--mono); fill: var(--text-soft); }
.ladder .time, .ladder .frames { text-anchor: end; }
.ladder .ack { color: var(--text-faint); }
.ladder .ack .shaft { stroke-dasharray: 1 3; }
.ladder .syn .shaft, .ladder .syn-ack .shaft, .ladder .fin .shaft { stroke-width: 1; }
.ladder .request .shaft, .ladder .response .shaft { stroke-width: 2; }
.ladder .request, .ladder .response { color: var(--accent); }
.ladder .request .label, .ladder .response .label { font-weight: 600; fill: var(--text); }
.ladder .tls .shaft { stroke-dasharray: 10 2 2 2; }
.ladder .dns .shaft, .ladder .neighbour .shaft { stroke-dasharray: 5 3; }
.ladder .icmp .shaft { stroke-dasharray: 9 4; }
.ladder .reset, .ladder .icmp { color: var(--fail); }
.ladder .reset .shaft { stroke-width: 2; }
.ladder .reset .label, .ladder .icmp .label { font-weight: 600; }
.ladder .again .shaft { stroke-dasharray: 6 4; }
.ladder .bundle { color: var(--text-soft); }
.ladder .band { fill: var(--warn-soft); }
.ladder .flag { fill: var(--warn); }
.ladder .deciding .label { font-weight: 700; stroke: var(--warn-soft); }
.ladder .deciding .time, .ladder .deciding .frames { fill: var(--text); font-weight: 700; }
.ladder .note path { stroke: var(--line-strong); stroke-dasharray: 2 4; fill: none; }
.ladder .note text { text-anchor: middle; font-size: 11px; fill: var(--text-soft); paint-order: stroke; stroke: var(--surface); stroke-width: 8px; }
`
