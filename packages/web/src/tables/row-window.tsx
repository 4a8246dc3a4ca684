// A window onto any number of rows: a grid (ARIA 1.2) of which only the rows in view are there. One cell is the active one; it
// keeps the focus also where it is scrolled out of view.
import { visible } from '@pcap-surgery/core'
import {
  type ClipboardEvent,
  type CSSProperties,
  type KeyboardEvent,
  type ReactNode,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react'
import { type GridColumn, type Layout, layoutOf } from './layout.ts'
import { type Active, BodyRow, Cells, HeadCell, type Sort } from './row-cells.tsx'
import type { RowPages } from './row-pages.ts'
import styles from './row-window.module.css'
import { useRowsInView } from './use-rows-in-view.ts'

export interface RowWindowProps<Row> {
  /** What the rows are; for who cannot see them. */
  label: string
  columns: readonly GridColumn<Row>[]
  /** Ids of the columns by line, where there is room for little: rows have two lines then. */
  narrow: readonly (readonly string[])[]
  rows: RowPages<Row>
  sort: Sort
  onSort: (sort: Sort) => void
  onOpen: (row: Row) => void
  isOpen: (row: Row) => boolean
  /** Other rows are being looked for. */
  isBusy: boolean
}

const ROW = 30
const HEAD = 32
const NARROW_ROW = 52
/** Index of the head among the rows that can be active. */
const HEADING = -1

export function RowWindow<Row>(props: RowWindowProps<Row>): ReactNode {
  const { label, columns, narrow, rows, sort, onSort, onOpen, isOpen, isBusy } = props
  const [isNarrow, setNarrow] = useState(false)
  const height = isNarrow ? NARROW_ROW : ROW
  const head = isNarrow ? NARROW_ROW : HEAD
  const { viewport, span, space, fitting, width, onScroll, reveal } = useRowsInView(rows, height, head)
  const layout = useMemo(() => layoutOf(columns, narrow, width), [columns, narrow, width])
  if (isNarrow !== (layout.template === null)) setNarrow(layout.template === null)
  const shown = useMemo(() => layout.lines.flat(), [layout])
  useSyncExternalStore(
    useCallback((listener) => rows.subscribe(listener), [rows]),
    () => rows.version,
  )
  useEffect(() => rows.want(span.first, span.last), [rows, span])

  const [wanted, setActive] = useState<Active>({ row: 0, column: '' })
  const [shownRows, setShownRows] = useState(rows)
  if (shownRows !== rows) {
    setShownRows(rows)
    setActive({ row: Math.min(0, wanted.row), column: wanted.column })
  }
  const active = useMemo((): Active => {
    const isShown = shown.some(({ id }) => id === wanted.column)
    return {
      row: rows.count === 0 ? HEADING : Math.min(wanted.row, rows.count - 1),
      column: isShown ? wanted.column : (shown[0]?.id ?? ''),
    }
  }, [wanted, shown, rows])
  /** The focus is in a cell, and goes to the first row when others are shown; what is removed is not told to lose it. */
  const hasFocus = useRef(false)
  const takesFocus = useRef(false)
  const focusedRows = useRef(rows)
  useLayoutEffect(() => {
    if (focusedRows.current !== rows && hasFocus.current) takesFocus.current = true
    focusedRows.current = rows
    if (!takesFocus.current) return
    takesFocus.current = false
    viewport.current?.querySelector<HTMLElement>('[tabindex="0"]')?.focus({ preventScroll: true })
  })
  const [copied, setCopied] = useState('')

  const go = (row: number, column: string): void => {
    const to = Math.max(HEADING, Math.min(row, rows.count - 1))
    takesFocus.current = true
    setActive({ row: to, column })
    if (to >= 0) reveal(to)
  }

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.altKey) return
    const at = shown.findIndex(({ id }) => id === active.column)
    const all = event.ctrlKey || event.metaKey
    const beside = (by: number): string => shown[Math.max(0, Math.min(at + by, shown.length - 1))]!.id
    const to = ((): [row: number, column: string] | null => {
      switch (event.key) {
        case 'ArrowUp':
          return [all ? 0 : active.row - 1, active.column]
        case 'ArrowDown':
          return [all ? rows.count - 1 : active.row + 1, active.column]
        case 'ArrowLeft':
          return [active.row, beside(-1)]
        case 'ArrowRight':
          return [active.row, beside(1)]
        case 'PageUp':
          return [Math.max(0, active.row - fitting), active.column]
        case 'PageDown':
          return [Math.max(0, active.row) + fitting, active.column]
        case 'Home':
          return [all ? 0 : active.row, shown[0]!.id]
        case 'End':
          return [all ? rows.count - 1 : active.row, shown.at(-1)!.id]
        default:
          return null
      }
    })()
    if (to !== null) {
      event.preventDefault()
      go(...to)
    } else if (event.key === 'Enter' && active.row !== HEADING) {
      const row = rows.get(active.row)
      if (row !== undefined) onOpen(row)
      event.preventDefault()
    }
  }

  const activeRow = active.row === HEADING ? undefined : rows.get(active.row)
  const activeColumn = shown.find(({ id }) => id === active.column)
  const value = activeRow === undefined || activeColumn === undefined ? '' : activeColumn.text(activeRow)
  const onCopy = (event: ClipboardEvent): void => {
    if (value === '' || getSelection()?.isCollapsed === false) return
    event.clipboardData.setData('text/plain', value)
    event.preventDefault()
    setCopied(value)
  }

  const indexes = Array.from({ length: Math.max(0, span.last - span.first) }, (_, i) => span.first + i)
  // The active row stays in the document, where it belongs by its number: so its cell is never moved, and keeps the focus.
  const isAway = active.row >= 0 && (active.row < span.first || active.row >= span.last)
  if (isAway && active.row < span.first) indexes.unshift(active.row)
  else if (isAway) indexes.push(active.row)

  return (
    <div className={styles.window}>
      <div
        ref={viewport}
        className={styles.viewport}
        role="grid"
        tabIndex={-1}
        aria-label={label}
        aria-rowcount={rows.count + 1}
        aria-colcount={shown.length}
        aria-busy={isBusy}
        style={{ '--columns': layout.template ?? 'none' } as CSSProperties}
        onScroll={onScroll}
        onKeyDown={onKeyDown}
        onCopy={onCopy}
        onFocus={() => {
          hasFocus.current = true
        }}
        onBlur={() => {
          hasFocus.current = false
        }}
      >
        <div className={styles.head} role="rowgroup">
          <div className={isNarrow ? styles.narrowRow : styles.headRow} role="row" aria-rowindex={1}>
            <Cells layout={layout}>
              {(column, index) => (
                <HeadCell
                  key={column.id}
                  column={column}
                  index={index}
                  sort={sort}
                  onSort={onSort}
                  isTabStop={active.row === HEADING && active.column === column.id}
                  onFocus={() => setActive({ row: HEADING, column: column.id })}
                />
              )}
            </Cells>
          </div>
        </div>
        <div className={styles.space} role="rowgroup" style={{ height: space }}>
          {indexes.map((index) => {
            const row = rows.get(index)
            return (
              <BodyRow
                key={index}
                index={index}
                row={row}
                layout={layout as Layout<unknown>}
                top={isAway && index === active.row ? null : index * height - span.offset}
                activeColumn={index === active.row ? active.column : null}
                isOpen={row !== undefined && isOpen(row)}
                onActive={setActive}
                onOpen={onOpen as (row: unknown) => void}
              />
            )
          })}
        </div>
      </div>
      <p className={styles.status}>
        <span className={styles.position}>
          {rows.count === 0
            ? !isBusy && 'No rows'
            : `Row ${(Math.max(0, active.row) + 1).toLocaleString('en-US')} of ${rows.count.toLocaleString('en-US')}`}
        </span>
        <span className={styles.value} title={visible(value)}>
          {value === '' ? '' : `${activeColumn!.label}: ${visible(value)}`}
        </span>
        <span className={styles.copied} role="status">
          {copied !== '' && copied === value ? 'Copied' : ''}
        </span>
      </p>
    </div>
  )
}
