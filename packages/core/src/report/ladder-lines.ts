// A small ladder as lines of text, both legs side by side: for a terminal and for a ticket.
import { duration, offset, plural } from '../amounts.ts'
import type { FrameRef } from './document.ts'
import { visible } from './escape.ts'
import { withFewerLanes } from './ladder-fewer.ts'
import { type ArrowRow, type BundleRow, layoutOf, type LadderRow } from './ladder-layout.ts'
import { arrowWords, bundleWords, leftOutWords, markWords } from './ladder-text.ts'
import type { Arrow, ArrowKind, ArrowMark, Ladder } from './ladder.ts'

export interface LinesOptions {
  /** Columns; what has no room in them is cut. */
  width: number
  /** Rows at most, the line of names aside. */
  most: number
  /** How frames are named behind an arrow, where there is room; '' for not at all. */
  frames: (frames: readonly FrameRef[]) => string
}

/** Room for the mark of what decides, and for the time: `> +2.001374 `. */
const LEAD = 14
/** Least distance of two lanes that leaves room for a word. */
const NARROWEST = 13
/** Of so many hosts a small ladder still tells the story; of fewer none is drawn but a whole one. */
const LEAST_LANES = 4

/** Empty where there is nothing to draw, or no room. */
export function ladderLines(ladder: Ladder, { width, most, frames }: LinesOptions): string[] {
  const { lanes } = ladder
  const { arrows, rows } = chosen(ladder, most)
  const named = rows.map((row) => (row.kind === 'arrow' ? frames(arrows[row.arrow]!.frames) : ''))
  const longest = Math.max(0, ...named.map(({ length }) => length))
  // Behind the last lane stand half of its name, and the frames.
  const behind = Math.max(Math.ceil((lanes.at(-1)?.name.length ?? 0) / 2), longest === 0 ? 1 : longest + 4)
  const gap = Math.min(34, Math.floor((width - LEAD - 2 - behind) / Math.max(1, lanes.length - 1)))
  if (rows.length === 0 || lanes.length < 2) return []
  if (gap < NARROWEST) {
    if (longest > 0) return ladderLines(ladder, { width, most, frames: () => '' })
    const fit = 1 + Math.floor((width - LEAD - 2 - behind) / NARROWEST)
    return fit < LEAST_LANES ? [] : ladderLines(withFewerLanes(ladder, fit), { width, most, frames })
  }
  const place = (lane: number): number => LEAD + 2 + lane * gap
  const lines = rows.map((row, i) => {
    if (row.kind === 'fold') {
      // Since the last of them, where several were one line.
      const before = rows[i - 1]
      const lasting = before?.kind === 'arrow' ? arrows[before.arrow]!.lasting : 0
      return note(ladder, duration(row.seconds - lasting), place)
    }
    if (row.kind === 'omitted') return note(ladder, plural(row.count, 'packet'), place)
    const [arrow, words] = asArrow(arrows, row)
    const line = after(lead(arrow), drawn(ladder, arrow, words, place))
    return named[i] === '' ? line.trimEnd() : `${line}  ${named[i]}`
  })
  const left = leftOutWords(ladder)
  return [header(ladder, place), ...lines, ...(left === null ? [] : [`${' '.repeat(LEAD)}… ${left}`])]
}

/** An arrow, or several of the same words one after the other. */
interface Repeated extends Arrow {
  times: number
  /** Seconds from the first to the last. */
  lasting: number
}

/** What a person looks at first, in steps: the turning points, how connections began and ended, everything. */
function weightOf({ kind, marks, lost, deciding }: Arrow): number {
  if (deciding || lost || marks.some((mark) => TURNING.has(mark))) return 0
  if (marks.includes('continued')) return 2
  return WEIGHTS[kind] ?? 2
}

const TURNING: ReadonlySet<ArrowMark> = new Set(['retransmission', 'zero-window', 'unsent', 'gap-before'])
const WEIGHTS: { readonly [kind in ArrowKind]?: number } = {
  request: 0,
  response: 0,
  reset: 0,
  icmp: 0,
  dns: 0,
  neighbour: 0,
  http2: 0,
  syn: 1,
  'syn-ack': 1,
  fin: 1,
  tls: 1,
  probe: 1,
}

/** As much as there is room for: all, or what is worth more. */
function chosen(ladder: Ladder, most: number): { arrows: Repeated[]; rows: LadderRow[] } {
  for (const weight of [2, 1, 0]) {
    const arrows = repeated(ladder.arrows.filter((arrow) => weightOf(arrow) <= weight))
    const left = { ...ladder, arrows }
    const fits = ({ length }: readonly LadderRow[]): boolean => length <= most
    let { rows } = layoutOf(left)
    if (!fits(rows) && weight > 0) continue
    // What is left out is counted, in lines that take room as well.
    for (let room = most; !fits(rows) && room > 1; room--) ({ rows } = layoutOf(left, { most: room }))
    return { arrows, rows }
  }
  return { arrows: [], rows: [] }
}

/** Says once what was sent again and again. */
function repeated(arrows: readonly Arrow[]): Repeated[] {
  const runs: Repeated[] = []
  for (const arrow of arrows) {
    const last = runs.at(-1)
    const isSame =
      last !== undefined && last.from === arrow.from && last.to === arrow.to && arrowWords(last) === arrowWords(arrow)
    if (isSame && last.connection === arrow.connection && !arrow.marks.includes('continued')) {
      last.times++
      last.lasting = arrow.seconds - last.seconds
      last.deciding ||= arrow.deciding
    } else runs.push({ ...arrow, times: 1, lasting: 0 })
  }
  return runs
}

function asArrow(arrows: readonly Repeated[], row: ArrowRow | BundleRow): [arrow: Arrow, words: string] {
  if (row.kind === 'arrow') {
    const arrow = arrows[row.arrow]!
    const marks = markWords(arrow).map((word) => (word === 'retransmission' ? 'again' : word))
    const words = arrowWords(arrow, marks)
    return [arrow, arrow.times === 1 ? words : `${arrow.times}× ${words}`]
  }
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
  return after(words.padStart(LEAD - 1), empty(ladder, place, '·')).trimEnd()
}

/** The lanes stay where they are, however long that is which stands before them. */
const after = (before: string, cells: readonly string[]): string => before + cells.slice(before.length).join('')

/** `├── GET /x ──────▶│` between two lanes; what is lost ends in `×`. */
function drawn(ladder: Ladder, arrow: Arrow, words: string, place: (lane: number) => number): string[] {
  const cells = empty(ladder, place)
  const from = place(arrow.from)
  const next = arrow.from + 1 < ladder.lanes.length ? arrow.from + 1 : arrow.from - 1
  const isBroadcast = arrow.to === null || arrow.to === arrow.from
  const to = isBroadcast ? Math.round((from + place(next)) / 2) : place(arrow.to!)
  const [left, right] = from < to ? [from + 1, to - 1] : [to + 1, from - 1]
  const stroke = arrow.marks.includes('retransmission') ? '╌' : '─'
  for (let i = left; i <= right; i++) cells[i] = stroke
  const isRight = to > from
  const end = isRight ? right : left
  cells[end] = arrow.lost ? '×' : isRight ? '▶' : '◀'
  const room = right - left - 2
  const text = visible(words)
  const shown = text.length <= room ? text : `${text.slice(0, Math.max(0, room - 1))}…`
  const start = Math.max(left + (isRight ? 1 : 2), Math.floor((left + right - shown.length) / 2))
  ;[...` ${shown} `].forEach((character, i) => {
    if (start - 1 + i >= left && start - 1 + i <= right) cells[start - 1 + i] = character
  })
  return cells
}
