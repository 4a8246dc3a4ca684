// Scrolling over more rows than a browser can lay out. Up to `MOST` pixels what is scrolled is what is there. Beyond, the
// scrollbar's way stands for a longer one: at both ends pixel for pixel, so that they are the ends, and scaled between.

/** Firefox lays out 17.8 million pixels, Chromium 33.5 million; digits of a 32-bit float end at 16.7 million. */
export const MOST = 8e6
/** Pixels at either end that are not scaled. */
const EDGE = 1e6

/** In pixels: what all rows take, and what is seen of them at once. */
export interface Extent {
  total: number
  view: number
}

/** Height that is laid out. */
export const spaceOf = ({ total }: Extent): number => Math.min(total, MOST)

/** How far one can scroll over the rows. */
export const endOf = ({ total, view }: Extent): number => Math.max(0, total - view)

/** Where over the rows a place of the scrollbar is. */
export function fromBar(extent: Extent, bar: number): number {
  const { barEnd, edge, ratio } = partsOf(extent)
  if (bar <= edge) return Math.max(0, bar)
  if (bar >= barEnd - edge) return endOf(extent) - Math.max(0, barEnd - bar)
  return edge + (bar - edge) * ratio
}

/** The inverse. */
export function toBar(extent: Extent, at: number): number {
  const { barEnd, edge, ratio } = partsOf(extent)
  const end = endOf(extent)
  if (at <= edge) return Math.max(0, at)
  if (at >= end - edge) return barEnd - Math.max(0, end - at)
  return edge + (at - edge) / ratio
}

function partsOf(extent: Extent): { barEnd: number; edge: number; ratio: number } {
  const barEnd = Math.max(0, spaceOf(extent) - extent.view)
  const edge = Math.min(EDGE, barEnd / 4)
  return { barEnd, edge, ratio: barEnd === 0 ? 1 : (endOf(extent) - 2 * edge) / (barEnd - 2 * edge) }
}

/**
 * The place over the rows after the bar moved from one place to another: short ways (a wheel, a finger, an arrow) are as
 * long over the rows, far ones are jumps.
 */
export function moved(extent: Extent, at: number, from: number, to: number): number {
  const barEnd = Math.max(0, spaceOf(extent) - extent.view)
  const isEnd = to <= 0 || to >= barEnd
  const isFar = Math.abs(to - from) > 2 * extent.view
  if (isEnd || isFar) return fromBar(extent, to)
  return Math.min(endOf(extent), Math.max(0, at + to - from))
}
