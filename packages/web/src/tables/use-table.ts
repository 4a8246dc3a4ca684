// A table of the worker's, as the page has set it: sorted and filtered anew whenever that changes.
import { useEffect, useMemo, useRef, useState } from 'react'
import { client, Failed } from '../session/client.ts'
import type { Row, TableName } from '../session/protocol.ts'
import type { OpenedFiles } from '../state.ts'
import { RowPages } from './row-pages.ts'
import type { Sort } from './row-cells.tsx'

export interface Table {
  rows: RowPages<Row>
  /** Rows before filtering. */
  of: number
  /** Not as it was set last yet. */
  isBusy: boolean
  failure: string | null
}

/** What was answered, and to which question. */
interface Answered extends Omit<Table, 'isBusy'> {
  to: object | null
}

const NO_ROWS: Omit<Table, 'isBusy'> = { rows: new RowPages<Row>(0, async () => []), of: 0, failure: null }

/** `opened`: whose rows; other files, other rows. What was shown before stays until what was asked for is there. */
export function useTable(opened: OpenedFiles | null, table: TableName, sort: Sort, filter: string): Table {
  const [answered, setAnswered] = useState<Answered>({ ...NO_ROWS, to: null })
  const last = useRef<object>(null)
  const { column, descending } = sort
  const question = useMemo(
    () => ({ opened, query: { table, sort: { column, descending }, filter } }),
    [opened, table, column, descending, filter],
  )
  useEffect(() => {
    last.current = question
    const isLast = (): boolean => last.current === question
    client()
      .call('view', [question.query])
      .then(
        ({ rows, of }) => {
          // The worker has rows of one view only, the last one that was asked for.
          const fetch = async (from: number, count: number): Promise<readonly Row[]> => {
            if (!isLast()) return []
            const found = await client().call('rows', [question.query.table, from, count])
            return isLast() ? found : []
          }
          if (isLast()) setAnswered({ rows: new RowPages(rows, fetch), of, failure: null, to: question })
        },
        (error: unknown) => {
          const failure = error instanceof Failed ? error.message : String(error)
          if (isLast()) setAnswered({ ...NO_ROWS, failure, to: question })
        },
      )
  }, [question])
  const { rows, of, failure } = answered
  return { rows, of, failure, isBusy: answered.to !== question }
}
