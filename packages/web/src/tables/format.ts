// Cells as they are shown: numbers of one column all in one unit and with as many digits, so that they can be compared at
// a glance.
import type { Cell, Row, TableName } from '../session/protocol.ts'
import { COLUMNS, type ColumnKind } from './columns.ts'
import type { GridColumn, Tone } from './layout.ts'

const NONE = '–'

/** Lines of a table where there is room for little: what matters most of a row. */
export const NARROW: Record<TableName, readonly (readonly string[])[]> = {
  connections: [
    ['client', 'server'],
    ['start', 'duration', 'ended'],
  ],
  exchanges: [
    ['target', 'status'],
    ['start', 'method', 'wait', 'incident'],
  ],
}

/** The columns of a table for the row window; that of the capture only where there are several. */
export function gridColumns(table: TableName, captures: number): GridColumn<Row>[] {
  return COLUMNS[table].flatMap(({ id, kind, ...column }, at): GridColumn<Row>[] => {
    if (id === 'capture' && captures < 2) return []
    const text = (row: Row): string => inFull(kind, row.cells[at]!)
    const short = SHORT[kind]
    return [
      {
        ...column,
        id,
        isNumber: NUMBERS.has(kind),
        isMono: kind === 'code',
        text,
        tone: (row) => toneOf(kind, row.cells[at]!),
        ...(short === undefined ? {} : { short: (row: Row) => short(row.cells[at]!) }),
      },
    ]
  })
}

const NUMBERS: ReadonlySet<ColumnKind> = new Set(['seconds', 'bytes', 'count', 'status'])

function inFull(kind: ColumnKind, cell: Cell): string {
  if (cell === null) return NONE
  if (typeof cell === 'string') return cell
  if (kind === 'seconds') return cell.toFixed(6)
  return kind === 'status' ? String(cell) : cell.toLocaleString('en-US')
}

const SHORT: { readonly [kind in ColumnKind]?: (cell: Cell) => string } = {
  // Of the nine digits of the fraction six: the time of day, to the microsecond.
  time: (cell) => (typeof cell === 'string' ? cell.slice(11, 26) : NONE),
}

/** Beside the words and figures, which say the same. */
function toneOf(kind: ColumnKind, cell: Cell): Tone {
  if (cell === null || cell === 0) return 'faint'
  if (kind === 'status' && typeof cell === 'number' && cell >= 500) return 'fail'
  return kind === 'incident' ? 'link' : 'plain'
}
