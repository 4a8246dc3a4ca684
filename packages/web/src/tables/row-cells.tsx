// The rows of a grid and their cells. Which of them are there, and which one is active, is the window's affair.
import { visible } from '@pcap-surgery/core'
import ArrowDown from 'lucide-react/icons/arrow-down'
import ArrowUp from 'lucide-react/icons/arrow-up'
import { memo, type ReactNode } from 'react'
import type { GridColumn, Layout } from './layout.ts'
import styles from './row-window.module.css'

export interface Sort {
  column: string
  descending: boolean
}

/** The one cell that is a stop for Tab. */
export interface Active {
  row: number
  column: string
}

/** Cells in their lines: one, as columns, or two of a row where there is little room. `children` give them their keys. */
export function Cells<Row>({
  layout: { lines, template },
  children,
}: {
  layout: Layout<Row>
  children: (column: GridColumn<Row>, index: number) => ReactNode
}): ReactNode {
  if (template !== null) return lines[0]!.map((column, i) => children(column, i + 1))
  let before = 1
  return lines.map((line) => {
    const from = before
    before += line.length
    return (
      <div key={line[0]?.id ?? from} className={styles.line} role="presentation">
        {line.map((column, i) => children(column, from + i))}
      </div>
    )
  })
}

function classOf({ isNumber, isMono, grow }: GridColumn<never>, more: string | undefined): string {
  const all = [more, isNumber && styles.number, isMono && styles.mono, grow && styles.grow]
  return all.filter(Boolean).join(' ')
}

export function HeadCell<Row>({
  column,
  index,
  sort,
  onSort,
  isTabStop,
  onFocus,
}: {
  column: GridColumn<Row>
  index: number
  sort: Sort
  onSort: (sort: Sort) => void
  isTabStop: boolean
  onFocus: () => void
}): ReactNode {
  const { id, label, means } = column
  const isSorted = sort.column === id
  const Arrow = sort.descending ? ArrowDown : ArrowUp
  return (
    <div
      className={classOf(column, styles.headCell)}
      role="columnheader"
      aria-colindex={index}
      aria-sort={!isSorted ? undefined : sort.descending ? 'descending' : 'ascending'}
    >
      <button
        type="button"
        className={styles.sort}
        title={means}
        aria-label={means === undefined ? undefined : `${label}, ${means}`}
        tabIndex={isTabStop ? 0 : -1}
        onFocus={onFocus}
        // Of numbers the largest are looked for.
        onClick={() => onSort({ column: id, descending: isSorted ? !sort.descending : column.isNumber === true })}
      >
        <span className={styles.label}>{label}</span>
        {isSorted && <Arrow className={styles.arrow} aria-hidden="true" />}
      </button>
    </div>
  )
}

/** What is too long is cut in its middle: the port stays. */
function Endpoint({ text }: { text: string }): ReactNode {
  const colon = text.lastIndexOf(':')
  if (colon < 0) return text
  return (
    <span className={styles.endpoint}>
      <span className={styles.address}>{text.slice(0, colon)}</span>
      <span>{text.slice(colon)}</span>
    </span>
  )
}

interface BodyRowProps {
  index: number
  /** Undefined: not there yet. */
  row: unknown
  layout: Layout<unknown>
  /** Null: out of view, and there only for its focus. */
  top: number | null
  activeColumn: string | null
  isOpen: boolean
  onActive: (active: Active) => void
  onOpen: (row: unknown) => void
}

export const BodyRow = memo(function BodyRow(props: BodyRowProps): ReactNode {
  const { index, row, layout, top, activeColumn, isOpen, onActive, onOpen } = props
  const kind = layout.template === null ? styles.narrowRow : styles.row
  return (
    // Keys are the grid's: Enter opens the active row.
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events
    <div
      className={[kind, styles.placed, top === null && styles.away].filter(Boolean).join(' ')}
      role="row"
      tabIndex={-1}
      aria-rowindex={index + 2}
      aria-selected={isOpen}
      data-odd={index % 2 === 1 ? '' : undefined}
      style={top === null ? undefined : { top }}
      onClick={() => {
        if (row !== undefined && getSelection()?.isCollapsed !== false) onOpen(row)
      }}
    >
      <Cells layout={layout}>
        {(column, columnIndex) => {
          const text = row === undefined ? '' : visible(column.text(row))
          const short = layout.template === null ? (column.shortest ?? column.short) : column.short
          const tone = row === undefined ? 'plain' : (column.tone?.(row) ?? 'plain')
          return (
            <div
              key={column.id}
              className={classOf(column, [styles.cell, tone !== 'plain' && styles[tone]].filter(Boolean).join(' '))}
              role="gridcell"
              aria-colindex={columnIndex}
              tabIndex={activeColumn === column.id ? 0 : -1}
              title={text === '' ? undefined : text}
              onFocus={() => onActive({ row: index, column: column.id })}
            >
              {row === undefined ? (
                <span className={styles.waiting} />
              ) : column.isEndpoint === true ? (
                <Endpoint text={text} />
              ) : short === undefined ? (
                text
              ) : (
                visible(short(row))
              )}
            </div>
          )
        }}
      </Cells>
    </div>
  )
})
