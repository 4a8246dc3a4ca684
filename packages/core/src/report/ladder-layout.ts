// Where everything of a ladder stands, for whoever draws it: a static picture, the page, text. Pure geometry, in pixels.
import { grouped } from '../story/grouped.ts'
import type { Arrow, Ladder } from './ladder.ts'

export interface LayoutOptions {
  /** Of the whole picture. */
  width: number
  /** Room beside the lanes, for times and for frames. */
  left: number
  right: number
  /** Room above the first row, for the hosts' names. */
  top: number
  /** Least distance between two rows, so that their labels do not touch. */
  row: number
  /** Bundles to draw packet by packet, by their ids; or all. */
  open: ReadonlySet<number> | 'all'
  /** Rows at most; in between they are counted. */
  most: number
}

export const LAYOUT: LayoutOptions = {
  width: 960,
  left: 84,
  right: 116,
  top: 64,
  row: 22,
  open: new Set(),
  most: Infinity,
}

interface Row {
  /** Where it begins, at the sender. */
  y: number
}

/** One packet. `arrow` is its index; `arrivalY` where it arrives, equal to `y` where that is not known. */
export interface ArrowRow extends Row {
  kind: 'arrow'
  arrow: number
  arrivalY: number
}

/** Packets of one connection that only go on with what came before: data and what acknowledges it. */
export interface BundleRow extends Row {
  kind: 'bundle'
  /** Index of its first arrow, by which it is opened. */
  id: number
  arrows: number[]
  /** From whom most of the data comes; both ways where nobody sends more. */
  from: number
  to: number
  bytes: number
  /** Seconds from the first to the last of them. */
  seconds: number
}

/** Time in which nothing that is kept happened. */
export interface FoldRow extends Row {
  kind: 'fold'
  seconds: number
}

/** Packets that are not drawn: `connection` whose packets nobody kept; null: left out here, for there are too many rows. */
export interface OmittedRow extends Row {
  kind: 'omitted'
  connection: number | null
  count: number
}

export type LadderRow = ArrowRow | BundleRow | FoldRow | OmittedRow

export interface LadderLayout {
  width: number
  height: number
  /** Middle of each lane, by its index. */
  lanes: number[]
  /** From top to bottom. */
  rows: LadderRow[]
}

/** A pause is folded from this share of the whole on, and from this long. */
const FOLD_SHARE = 0.02
const FOLD_LEAST = 0.001
/** Fewer packets in a row are drawn one by one. */
const BUNDLE_LEAST = 4
/** How many rows a packet may go down on its way; beyond that its slope says no more. */
const SLOPE_MOST = 4

export function layoutOf(ladder: Ladder, some: Partial<LayoutOptions> = {}): LadderLayout {
  const options = { ...LAYOUT, ...some }
  const rows = cut(withOmitted(ladder, withFolds(ladder, entriesOf(ladder, options))), ladder, options.most)
  const height = place(rows, ladder, options)
  return { width: options.width, height, lanes: lanesAt(ladder, options), rows }
}

/** Half of the room that a lane's name takes at either edge. */
export const EDGE = 64

/** Lanes at equal distances. */
function lanesAt({ lanes }: Ladder, { width, left, right }: LayoutOptions): number[] {
  const room = Math.max(0, width - left - right - 2 * EDGE) / Math.max(1, lanes.length - 1)
  return lanes.map((_, i) => Math.round(left + EDGE + room * i))
}

/** Pauses of this many seconds and more are folded. */
export function foldFrom({ arrows }: Ladder): number {
  const span = arrows.length === 0 ? 0 : arrows.at(-1)!.seconds - arrows[0]!.seconds
  return Math.max(FOLD_LEAST, span * FOLD_SHARE)
}

/** Whether a packet says nothing that those around it do not. */
const isPlain = ({ kind, marks, lost, deciding, connection }: Arrow): boolean =>
  connection !== null &&
  !lost &&
  !deciding &&
  (kind === 'ack' || kind === 'data' || marks.includes('continued')) &&
  marks.every((mark) => mark === 'sack' || mark === 'continued')

/** Arrows, and bundles of those that come one upon the other. */
function entriesOf(ladder: Ladder, { open }: LayoutOptions): (ArrowRow | BundleRow)[] {
  const { arrows } = ladder
  const fold = foldFrom(ladder)
  const rows: (ArrowRow | BundleRow)[] = []
  let run: number[] = []
  const flush = (): void => {
    rows.push(...bundled(ladder, run, open))
    run = []
  }
  arrows.forEach((arrow, i) => {
    if (i > 0 && arrow.seconds - arrows[i - 1]!.seconds >= fold) flush()
    if (isPlain(arrow)) {
      run.push(i)
      return
    }
    flush()
    rows.push(arrowRow(i))
  })
  flush()
  return rows
}

const arrowRow = (arrow: number): ArrowRow => ({ kind: 'arrow', y: 0, arrow, arrivalY: 0 })

/** Both legs of a proxy take turns when it passes a body on: each has its own bundle. */
function bundled(
  { arrows, connections }: Ladder,
  run: readonly number[],
  open: LayoutOptions['open'],
): (ArrowRow | BundleRow)[] {
  const byConnection = grouped(run, (i) => arrows[i]!.connection!)
  const rows = [...byConnection].flatMap(([connection, own]): (ArrowRow | BundleRow)[] => {
    if (own.length < BUNDLE_LEAST || open === 'all' || open.has(own[0]!)) return own.map(arrowRow)
    const { clientLane, serverLane } = connections[connection]!
    const sent = (lane: number): number =>
      own.reduce((sum, i) => sum + (arrows[i]!.from === lane ? (arrows[i]!.tcp?.length ?? 0) : 0), 0)
    const [up, down] = [sent(clientLane), sent(serverLane)]
    const [from, to] = up >= down ? [clientLane, serverLane] : [serverLane, clientLane]
    const seconds = arrows[own.at(-1)!]!.seconds - arrows[own[0]!]!.seconds
    return [{ kind: 'bundle', y: 0, id: own[0]!, arrows: own, from, to, bytes: Math.max(up, down), seconds }]
  })
  return rows.toSorted((a, b) => firstOf(a) - firstOf(b))
}

const firstOf = (row: ArrowRow | BundleRow): number => (row.kind === 'arrow' ? row.arrow : row.id)
const lastOf = (row: ArrowRow | BundleRow): number => (row.kind === 'arrow' ? row.arrow : row.arrows.at(-1)!)

function withFolds(ladder: Ladder, entries: readonly (ArrowRow | BundleRow)[]): LadderRow[] {
  const fold = foldFrom(ladder)
  let until = Infinity
  return entries.flatMap((row): LadderRow[] => {
    const seconds = ladder.arrows[firstOf(row)]!.seconds - until
    until = Math.max(until === Infinity ? -Infinity : until, ladder.arrows[lastOf(row)]!.seconds)
    return seconds >= fold && Number.isFinite(seconds) ? [{ kind: 'fold', y: 0, seconds }, row] : [row]
  })
}

/** Says of packets that nobody kept where they were. */
function withOmitted({ arrows, connections }: Ladder, rows: LadderRow[]): LadderRow[] {
  connections.forEach(({ omitted, omittedFrom }, connection) => {
    if (omitted === 0 || omittedFrom === null) return
    const at = rows.findLastIndex(
      (row) => (row.kind === 'arrow' || row.kind === 'bundle') && arrows[firstOf(row)]!.seconds <= omittedFrom,
    )
    rows.splice(at + 1, 0, { kind: 'omitted', y: 0, connection, count: omitted })
  })
  return rows
}

/** At most so many rows: those that decide with what is around them, what the client got, the first and the last. */
function cut(rows: LadderRow[], { arrows, connections }: Ladder, most: number): LadderRow[] {
  if (rows.length <= most) return rows
  const isDeciding = (row: LadderRow): boolean => row.kind === 'arrow' && arrows[row.arrow]!.deciding
  const isAnswer = (row: LadderRow): boolean => {
    if (row.kind !== 'arrow') return false
    const { kind, marks, connection } = arrows[row.arrow]!
    const isToClient = connection !== null && connections[connection]!.leg === 'client'
    return isToClient && kind === 'response' && !marks.includes('continued')
  }
  const deciding = rows.flatMap((row, i) => (isDeciding(row) ? [i] : []))
  const order = rows.map((_, i) => {
    const near = deciding.reduce((least, at) => Math.min(least, Math.abs(at - i)), Infinity)
    return { i, weight: isAnswer(rows[i]!) ? 0 : Math.min(near, i / 2, rows.length - 1 - i) }
  })
  const kept = new Set(
    order
      .toSorted((a, b) => a.weight - b.weight || a.i - b.i)
      .slice(0, most)
      .map(({ i }) => i),
  )
  const left: LadderRow[] = []
  let count = 0
  rows.forEach((row, i) => {
    if (!kept.has(i)) {
      count +=
        row.kind === 'arrow' ? 1 : row.kind === 'bundle' ? row.arrows.length : row.kind === 'omitted' ? row.count : 0
      return
    }
    if (count > 0) left.push({ kind: 'omitted', y: 0, connection: null, count })
    count = 0
    left.push(row)
  })
  return count > 0 ? [...left, { kind: 'omitted', y: 0, connection: null, count }] : left
}

/** Gives rows their places and packets their slopes; answers the height. */
function place(rows: readonly LadderRow[], { arrows }: Ladder, { top, row: step }: LayoutOptions): number {
  const anchors: { seconds: number; y: number }[] = []
  let y = top + step
  rows.forEach((row, i) => {
    row.y = y
    if (row.kind === 'arrow' || row.kind === 'bundle') {
      anchors.push({ seconds: arrows[firstOf(row)]!.seconds, y })
      const next = rows[i + 1]
      const isNext = next?.kind === 'arrow' || next?.kind === 'bundle'
      y += isNext ? step * stretch(arrows[firstOf(next)]!.seconds - arrows[lastOf(row)]!.seconds) : step
    } else y += step
  })
  for (const row of rows) {
    if (row.kind !== 'arrow') continue
    const { arrivalSeconds } = arrows[row.arrow]!
    row.arrivalY =
      arrivalSeconds === null ? row.y : Math.min(yAt(anchors, arrivalSeconds, row.y), row.y + SLOPE_MOST * step)
  }
  return y
}

/** Longer pauses take more room, up to half as much again; what is far longer is folded. */
const stretch = (seconds: number): number =>
  1 + Math.min(0.5, Math.max(0, Math.log10(Math.max(seconds, 1e-9) / 1e-4) / 4))

/** Where a moment lies between rows; never above `least`. */
function yAt(anchors: readonly { seconds: number; y: number }[], seconds: number, least: number): number {
  const after = anchors.findIndex((one) => one.seconds > seconds && one.y > least)
  const next = anchors[after]
  const before = (after < 0 ? anchors : anchors.slice(0, after)).findLast((one) => one.seconds <= seconds)
  if (before === undefined) return least
  if (next === undefined || next.seconds <= before.seconds) return Math.max(least, before.y)
  return Math.max(
    least,
    before.y + ((seconds - before.seconds) / (next.seconds - before.seconds)) * (next.y - before.y),
  )
}
