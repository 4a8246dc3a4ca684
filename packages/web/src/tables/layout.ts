// Which columns there is room for, and how wide they are.

export interface GridColumn<Row> {
  id: string
  label: string
  /** Where the label is short: said in full. */
  means?: string
  /** Width in characters. Those that `grow` share what is left. */
  width: number
  grow?: boolean
  /** Columns of a high number go first where there is little room; those of 0 stay. */
  yields: number
  /** Numbers stand at the right. */
  isNumber?: boolean
  isMono?: boolean
  /** What is shown; in full, to be copied and pointed at. */
  text: (row: Row) => string
  /** What is shown instead, where that is shorter. */
  short?: (row: Row) => string
  /** The same, where rows take two lines. */
  shortest?: (row: Row) => string
  /** Of an endpoint whose address is too long the port stays. */
  isEndpoint?: boolean
  /** Drawn apart: `fail`, a link. */
  tone?: (row: Row) => Tone
}

export type Tone = 'plain' | 'faint' | 'fail' | 'link'

/** Pixels of a character, and of a cell's padding and the row's, both sides together. */
const CHARACTER = 7.6
const PADDING = 18
const ROW_PADDING = 16

/** Of the head: a character, and the arrow of the column that the rows are sorted by. */
const LABEL_CHARACTER = 7.2
const ARROW = 14

/** Below so many pixels a row takes two lines. */
const NARROW = 560

const pixelsOf = ({ width, label }: { width: number; label: string }): number =>
  Math.ceil(Math.max(width * CHARACTER, label.length * LABEL_CHARACTER + ARROW)) + PADDING

/** The columns in their lines; `template` for a single one. */
export interface Layout<Row> {
  lines: readonly (readonly GridColumn<Row>[])[]
  template: string | null
}

/** `narrow`: ids by line for little room. */
export function layoutOf<Row>(
  columns: readonly GridColumn<Row>[],
  narrow: readonly (readonly string[])[],
  width: number,
): Layout<Row> {
  if (width > 0 && width < NARROW) {
    const lines = narrow.map((ids) => ids.flatMap((id) => columns.filter((column) => column.id === id)))
    return { lines, template: null }
  }
  // Those of one number go together: one direction without the other says little.
  const levels = [...new Set(columns.map(({ yields }) => yields))].toSorted((a, b) => b - a)
  const fit = levels
    .map((most) => columns.filter(({ yields }) => yields <= most))
    .find((some) => width === 0 || some.reduce((all, column) => all + pixelsOf(column), ROW_PADDING) <= width)
  const shown = fit ?? columns.filter(({ yields }) => yields === 0)
  const template = shown
    .map((column) => (column.grow === true ? `minmax(0, ${column.width}fr)` : `${pixelsOf(column)}px`))
    .join(' ')
  return { lines: [shown], template }
}
