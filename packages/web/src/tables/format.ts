// Cells as they are shown: numbers of one column all in one unit and with as many digits, so that they can be compared at
// a glance.
import type { CaptureSummary } from '@pcap-surgery/core'
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

/** The columns of a table for the row window: that of the capture only where there are several, days where there are. */
export function gridColumns(table: TableName, captures: readonly CaptureSummary[]): GridColumn<Row>[] {
  const days = new Set(captures.flatMap(({ first, last }) => [first, last]).map((time) => time?.slice(0, DAY)))
  days.delete(undefined)
  return COLUMNS[table].flatMap(({ id, kind, ...column }, at): GridColumn<Row>[] => {
    if (id === 'capture' && captures.length < 2) return []
    const text = (row: Row): string => inFull(kind, row.cells[at]!)
    const from = days.size > 1 ? YEAR : DAY + 1
    const upTo =
      (to: number) =>
      (row: Row): string =>
        timeOfDay(row.cells[at]!, from, to)
    return [
      {
        ...column,
        id,
        isNumber: NUMBERS.has(kind),
        isMono: kind === 'code' || kind === 'endpoint',
        isEndpoint: kind === 'endpoint',
        text,
        tone: (row) => toneOf(kind, row.cells[at]!),
        ...(kind === 'time'
          ? {
              short: upTo(MICROSECONDS),
              shortest: upTo(MILLISECONDS),
              width: column.width + DAY + 1 - from,
            }
          : {}),
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

/** Characters of an RFC 3339 time: of its year and the sign behind, of its day, and up to its parts of a second. */
const YEAR = '2026-'.length
const DAY = '2026-01-02'.length
const MILLISECONDS = '2026-01-02T03:04:05.000'.length
const MICROSECONDS = '2026-01-02T03:04:05.000000'.length

const timeOfDay = (cell: Cell, from: number, to: number): string =>
  typeof cell === 'string' ? cell.slice(from, to).replace('T', ' ') : NONE

/** Beside the words and figures, which say the same. */
function toneOf(kind: ColumnKind, cell: Cell): Tone {
  if (cell === null || cell === 0) return 'faint'
  if (kind === 'status' && typeof cell === 'number' && cell >= 500) return 'fail'
  return kind === 'incident' ? 'link' : 'plain'
}
