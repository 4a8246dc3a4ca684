// How a table is set, as it stands in the URL's fragment: `?filter=5xx&sort=-wait&row=12`.
import type { TableName } from '../session/protocol.ts'
import { COLUMNS } from './columns.ts'
import type { Sort } from './row-cells.tsx'

const IN_TIME: Sort = { column: 'start', descending: false }

/** A minus in front: descending. What is no column of the table sorts by time. */
export function sortOf(table: TableName, text: string | undefined): Sort {
  const descending = text?.startsWith('-') === true
  const column = descending ? text!.slice(1) : text
  return COLUMNS[table].some(({ id }) => id === column) ? { column: column!, descending } : IN_TIME
}

export const sortText = ({ column, descending }: Sort): string =>
  column === IN_TIME.column && !descending ? '' : `${descending ? '-' : ''}${column}`

/** Number of the opened row; null: none. */
export const rowOf = (text: string | undefined): number | null =>
  text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : null
