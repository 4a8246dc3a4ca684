// Tables over everything observed: connections and exchanges, as many as there are.
import Search from 'lucide-react/icons/search'
import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react'
import type { Row, TableName } from '../session/protocol.ts'
import { goTo, set, usePage } from '../state.ts'
import { COLUMNS } from './columns.ts'
import { FactsPanel } from './facts.tsx'
import { gridColumns, NARROW } from './format.ts'
import { RowWindow } from './row-window.tsx'
import { rowOf, sortOf, sortText } from './settings.ts'
import styles from './tables.module.css'
import { useTable } from './use-table.ts'

export const ConnectionsView = (): ReactNode => <TableView key="connections" table="connections" title="Connections" />
export const ExchangesView = (): ReactNode => <TableView key="exchanges" table="exchanges" title="Exchanges" />

/** After so long without a key a filter is applied. */
const TYPED_MS = 200

const INCIDENT = COLUMNS.exchanges.findIndex(({ id }) => id === 'incident')

function TableView({ table, title }: { table: TableName; title: string }): ReactNode {
  const opened = usePage((page) => page.opened)
  const settings = usePage((page) => page.place.settings)
  const captures = opened?.document?.captures
  const columns = useMemo(() => gridColumns(table, captures ?? []), [table, captures])
  const filter = settings.filter ?? ''
  const sort = sortOf(table, settings.sort)
  const open = rowOf(settings.row)
  const { rows, of, isBusy, failure } = useTable(opened, table, sort, filter)

  const onOpen = ({ id, cells }: Row): void => {
    const incident = table === 'exchanges' ? cells[INCIDENT] : null
    if (typeof incident === 'string') goTo({ view: 'incident', incident })
    else set({ row: String(id) })
  }
  return (
    <div className={styles.view} data-open={open !== null}>
      <div className={styles.top}>
        <h2 className={styles.title}>{title}</h2>
        <p className={styles.counts} role="status">
          {counts(rows.count, of, isBusy && of === 0, filter !== '')}
        </p>
        <FilterField table={table} filter={filter} onFilter={(text) => set({ filter: text, row: '' })} />
      </div>
      {failure !== null && <p role="alert">{failure}</p>}
      <div className={styles.frame}>
        <RowWindow
          label={title}
          columns={columns}
          narrow={NARROW[table]}
          rows={rows}
          sort={sort}
          onSort={(by) => set({ sort: sortText(by) })}
          onOpen={onOpen}
          isOpen={({ id }) => id === open}
          isBusy={isBusy}
        />
        {rows.count === 0 && !isBusy && failure === null && (
          <p className={styles.none}>
            {of === 0
              ? `The captures show no ${title.toLowerCase()}.`
              : `None of ${of.toLocaleString('en-US')} has all of these words.`}
          </p>
        )}
      </div>
      <FactsPanel table={table} row={open} onClose={() => set({ row: '' })} />
    </div>
  )
}

function counts(rows: number, of: number, isFirst: boolean, isFiltered: boolean): string {
  if (isFirst) return 'Counting…'
  return isFiltered ? `${rows.toLocaleString('en-US')} of ${of.toLocaleString('en-US')}` : of.toLocaleString('en-US')
}

function FilterField({
  table,
  filter,
  onFilter,
}: {
  table: TableName
  filter: string
  onFilter: (filter: string) => void
}): ReactNode {
  const field = useRef<HTMLInputElement>(null)
  const [typed, setTyped] = useState(filter)
  const told = useRef(filter)
  // A filter that came from elsewhere, a link or a step back, is what stands in the field.
  useEffect(() => {
    if (filter !== told.current) setTyped(filter)
    told.current = filter
  }, [filter])
  useEffect(() => {
    if (typed === told.current) return undefined
    const waiting = setTimeout(() => {
      told.current = typed
      onFilter(typed)
    }, TYPED_MS)
    return () => clearTimeout(waiting)
  })
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      const isTyping = event.target instanceof Element && event.target.matches('input, textarea, select')
      if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || event.altKey) return
      event.preventDefault()
      field.current?.focus()
      field.current?.select()
    }
    document.addEventListener('keydown', onKeyDown)
    return () => document.removeEventListener('keydown', onKeyDown)
  }, [])
  const example = table === 'connections' ? '10.0.0.7 rst' : 'status:504 /checkout'
  return (
    <label className={styles.filter}>
      <Search className={styles.icon} aria-hidden="true" />
      <span className={styles.unseen}>Filter: words that a row must all have, or column:word</span>
      <input
        ref={field}
        className={styles.field}
        type="search"
        value={typed}
        placeholder={`Filter, like ${example}`}
        title="Words that a row must all have; in one column as column:word. Press / to come here."
        aria-keyshortcuts="/"
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => setTyped(event.target.value)}
      />
      <kbd className={styles.key} aria-hidden="true">
        /
      </kbd>
    </label>
  )
}
