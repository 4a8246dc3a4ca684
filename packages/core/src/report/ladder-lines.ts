// A small ladder as lines of text, both legs side by side: for a terminal and for a ticket.
import type { FrameRef } from './document.ts'
import { visible } from './escape.ts'
import { type ArrowRow, type BundleRow, layoutOf, type LadderRow } from './ladder-layout.ts'
import { arrowWords, bundleWords, offset } from './ladder-text.ts'
import type { Arrow, Ladder } from './ladder.ts'
import { duration } from './words.ts'

export interface LinesOptions {
  /** Columns; what has no room in them is cut. */
  width: number
  /** Rows at most, the line of names aside. */
  most: number
  /** How frames are named behind an arrow; '' for not at all. */
  frames: (frames: readonly FrameRef[]) => string
}

/** Room for the mark of what decides, and for the time: `> +2.001374 `. */
const LEAD = 14
/** Least distance of two lanes that leaves room for a word. */
const NARROWEST = 15

/** Empty where there is nothing to draw, or no room. */
export function ladderLines(ladder: Ladder, { width, most, frames }: LinesOptions): string[] {
  const { lanes, arrows } = ladder
  const named = arrows.map((arrow) => frames(arrow.frames))
  const rows = chosen(ladder, most)
  const tail = Math.min(
    28,
    Math.max(0, ...rows.map((row) => (row.kind === 'arrow' ? named[row.arrow]!.length + 2 : 0))),
  )
  const gap = Math.min(34, Math.floor((width - LEAD - tail - 4) / Math.max(1, lanes.length - 1)))
  if (rows.length === 0 || lanes.length < 2 || gap < NARROWEST) return []
  const place = (lane: number): number => LEAD + 2 + lane * gap
  const lines = [header(ladder, place)]
  for (const row of rows) {
    if (row.kind === 'fold' || row.kind === 'omitted') {
      const words = row.kind === 'fold' ? duration(row.seconds) : `${row.count} packets`
      lines.push(note(ladder, words, place))
      continue
    }
    const [arrow, words] = asArrow(ladder, row)
    const line = drawn(ladder, arrow, words, place)
    const behind = row.kind === 'arrow' ? named[row.arrow]! : ''
    lines.push(`${lead(arrow)}${line}${behind === '' ? '' : `  ${behind}`}`.trimEnd())
  }
  return lines
}

/** The rows worth a place: bundles and acknowledgements go first, then what is far from what decides. */
function chosen(ladder: Ladder, most: number): LadderRow[] {
  const worth = ladder.arrows.filter(
    ({ kind, marks, deciding }) => deciding || !(kind === 'ack' && !marks.includes('zero-window')),
  )
  const isSmall = ladder.arrows.length <= most / 2
  const left = isSmall ? ladder : { ...ladder, arrows: worth }
  const { rows } = layoutOf(left, { most: Infinity })
  const all = rows.length <= most ? rows : layoutOf(left, { most: most - 2 }).rows
  // Rows name arrows of what was left; here they name those of the whole.
  const index = new Map(ladder.arrows.map((arrow, i) => [arrow, i]))
  const whole = (i: number): number => index.get(left.arrows[i]!)!
  return all.slice(0, most + 2).map((row) => {
    if (row.kind === 'arrow') return { ...row, arrow: whole(row.arrow) }
    return row.kind === 'bundle' ? { ...row, id: whole(row.id), arrows: row.arrows.map(whole) } : row
  })
}

function asArrow({ arrows }: Ladder, row: ArrowRow | BundleRow): [arrow: Arrow, words: string] {
  if (row.kind === 'arrow') return [arrows[row.arrow]!, arrowWords(arrows[row.arrow]!)]
  return [{ ...arrows[row.id]!, from: row.from, to: row.to, lost: false, deciding: false }, bundleWords(row)]
}

const lead = ({ deciding, seconds }: Arrow): string =>
  `${deciding ? '>' : ' '} ${offset(seconds)}`.padStart(LEAD - 2).padEnd(LEAD)

function header({ lanes }: Ladder, place: (lane: number) => number): string {
  let line = ''
  lanes.forEach(({ name }, i) => {
    const at = Math.max(i === 0 ? 0 : line.length + 1, place(i) - Math.floor(name.length / 2))
    line = line.padEnd(at) + name
  })
  return line
}

/** The lanes, each as `|`, from the first lane's left to the last one's right. */
function empty({ lanes }: Ladder, place: (lane: number) => number, mark = '│'): string[] {
  const cells = Array<string>(place(lanes.length - 1) + 2).fill(' ')
  lanes.forEach((_, i) => (cells[place(i)] = mark))
  return cells
}

function note(ladder: Ladder, words: string, place: (lane: number) => number): string {
  const cells = empty(ladder, place, '·')
  return `${words.padStart(LEAD - 1)} ${cells.slice(LEAD).join('')}`.trimEnd()
}

/** `├── GET /x ──────▶│` between two lanes; what is lost ends in `×`. */
function drawn(ladder: Ladder, arrow: Arrow, words: string, place: (lane: number) => number): string {
  const cells = empty(ladder, place)
  const from = place(arrow.from)
  const next = arrow.from + 1 < ladder.lanes.length ? arrow.from + 1 : arrow.from - 1
  const isBroadcast = arrow.to === null || arrow.to === arrow.from
  const to = isBroadcast ? Math.round((from + place(next)) / 2) : place(arrow.to!)
  const [left, right] = from < to ? [from + 1, to - 1] : [to + 1, from - 1]
  const stroke = arrow.marks.includes('retransmission') ? '╌' : '─'
  for (let i = left; i <= right; i++) cells[i] = stroke
  const isRight = to > from
  // Lost two thirds of the way.
  const end = isRight ? right : left
  cells[end] = arrow.lost ? '×' : isRight ? '▶' : '◀'
  const room = right - left - 3
  const text = visible(words)
  const shown = text.length <= room ? text : `${text.slice(0, Math.max(0, room - 1))}…`
  const start = Math.max(left + (isRight ? 1 : 2), Math.floor((left + right - shown.length) / 2))
  ;[...` ${shown} `].forEach((character, i) => {
    if (start - 1 + i >= left && start - 1 + i <= right) cells[start - 1 + i] = character
  })
  return cells.slice(LEAD).join('')
}
