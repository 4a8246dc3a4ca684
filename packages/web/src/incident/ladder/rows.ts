// Rows of the ladder that are packets, one or a bundle of them.
import type { FrameRef, Ladder, LadderLayout, LadderRow } from '@pcap-surgery/core'

export type PacketRow = Extract<LadderRow, { kind: 'arrow' | 'bundle' }>
export type BundleRow = Extract<LadderRow, { kind: 'bundle' }>
export type PauseRow = Exclude<LadderRow, PacketRow>

/** Distance of rows in pixels, and how far above its line a row begins. */
export const ROW = 28
export const ABOVE = 19

export const isPacketRow = (row: LadderRow): row is PacketRow => row.kind === 'arrow' || row.kind === 'bundle'

/** The arrow, or the first of the bundle: by it a row is known. */
export const arrowOf = (row: PacketRow): number => (row.kind === 'arrow' ? row.arrow : row.id)
export const arrowsOf = (row: PacketRow): readonly number[] => (row.kind === 'arrow' ? [row.arrow] : row.arrows)

/** The row of every packet, by its index. */
export function rowsByArrow({ rows }: LadderLayout): Map<number, PacketRow> {
  const places = new Map<number, PacketRow>()
  for (const row of rows) if (isPacketRow(row)) for (const arrow of arrowsOf(row)) places.set(arrow, row)
  return places
}

/** The packet to begin with: of an open frame, or the first that decides, or the first of all. */
export function firstOf({ arrows }: Ladder, open: FrameRef | null): number {
  const isOpen = ({ capture, frame }: FrameRef): boolean => capture === open?.capture && frame === open.frame
  const opened = arrows.findIndex(({ frames }) => frames.some(isOpen))
  const first = opened < 0 ? arrows.findIndex(({ deciding }) => deciding) : opened
  return Math.max(0, first)
}

/** Both ends of an arrow; of one to everybody, or to its own host, a short one. */
export function endsOf(
  row: PacketRow,
  ladder: Ladder,
  { lanes }: LadderLayout,
): { x1: number; x2: number; y2: number } {
  const { from, to } = row.kind === 'bundle' ? row : ladder.arrows[row.arrow]!
  const x1 = lanes[from]!
  const y2 = row.kind === 'bundle' ? row.y : row.arrivalY
  if (to !== null && to !== from) return { x1, x2: lanes[to]!, y2 }
  const isLast = from === lanes.length - 1
  return { x1, x2: isLast ? x1 - SHORT : x1 + SHORT, y2 }
}

const SHORT = 96

/** How a row is set off, told alike to its ground, its arrow and its time. */
export type Look = { readonly [what in `data-${'deciding' | 'hovered' | 'active' | 'open' | 'pointed'}`]: boolean }
