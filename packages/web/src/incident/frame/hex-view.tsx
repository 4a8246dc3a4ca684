// Bytes as hexadecimal digits and text, sixteen a row, or eight where there is no room. Rows in view are drawn.
import { type KeyboardEvent, type MouseEvent, type ReactNode, useEffect, useRef } from 'react'
import { useScrolled } from '../../parts/use-scrolled.ts'
import styles from './frame.module.css'

/** Height of a row in pixels; the style sheet has the same. */
const ROW = 20
const BEYOND = 8
/** Narrower than this, a row has eight bytes. */
const WIDE = 600
const UNSEEN = { top: 0, left: 0, width: WIDE, height: 300 }

export interface Marked {
  at: number
  length: number
}

export interface HexViewProps {
  bytes: Uint8Array
  /** The selected field, and the layer it is in. */
  field: Marked | null
  layer: Marked | null
  onSelect: (byte: number) => void
}

export function HexView({ bytes, field, layer, onSelect }: HexViewProps): ReactNode {
  const box = useRef<HTMLDivElement>(null)
  const view = useScrolled(box, UNSEEN)
  const perRow = view.width < WIDE ? 8 : 16
  const rows = Math.ceil(bytes.length / perRow)
  const fieldAt = field?.at ?? null

  useEffect(() => {
    const element = box.current
    if (element === null || fieldAt === null) return
    const from = Math.floor(fieldAt / perRow) * ROW
    if (from < element.scrollTop || from + ROW > element.scrollTop + element.clientHeight) {
      element.scrollTop = Math.max(0, from - 2 * ROW)
    }
  }, [fieldAt, perRow])

  const onClick = (event: MouseEvent): void => {
    const at = event.target instanceof HTMLElement ? event.target.dataset.at : undefined
    if (at !== undefined) onSelect(Number(at))
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -perRow, ArrowDown: perRow }[event.key]
    if (step === undefined) return
    // Behind the field, or before it: from field to field.
    const from = field === null ? 0 : step > 0 ? Math.max(field.at + field.length - 1, field.at + step - 1) : field.at
    onSelect(Math.max(0, Math.min(bytes.length - 1, from + (step > 0 ? 1 : step))))
    event.preventDefault()
    event.stopPropagation()
  }

  const first = Math.max(0, Math.floor(view.top / ROW) - BEYOND)
  const last = Math.min(rows, Math.ceil((view.top + view.height) / ROW) + BEYOND)
  return (
    <div
      ref={box}
      className={styles.hex}
      data-per-row={perRow}
      role="textbox"
      aria-readonly="true"
      aria-multiline="true"
      aria-label="Bytes; arrow keys go from field to field"
      tabIndex={0}
      onClick={onClick}
      onKeyDown={onKeyDown}
    >
      <div className={styles.rows} style={{ height: rows * ROW }}>
        <div style={{ transform: `translateY(${first * ROW}px)` }}>
          {Array.from({ length: Math.max(0, last - first) }, (_, i) => (
            <Row
              key={first + i}
              bytes={bytes}
              from={(first + i) * perRow}
              perRow={perRow}
              field={field}
              layer={layer}
            />
          ))}
        </div>
      </div>
    </div>
  )
}

interface RowProps {
  bytes: Uint8Array
  from: number
  perRow: number
  field: Marked | null
  layer: Marked | null
}

function Row({ bytes, from, perRow, field, layer }: RowProps): ReactNode {
  const cells = Array.from({ length: Math.min(perRow, bytes.length - from) }, (_, i) => from + i)
  const mark = (at: number): string | undefined => (isIn(field, at) ? 'field' : isIn(layer, at) ? 'layer' : undefined)
  return (
    <div className={styles.row}>
      <span className={styles.offset}>{from.toString(16).padStart(4, '0')}</span>
      <span className={styles.digits}>
        {cells.map((at) => (
          <span key={at} data-at={at} data-mark={mark(at)}>
            {bytes[at]!.toString(16).padStart(2, '0')}
          </span>
        ))}
      </span>
      <span className={styles.text}>
        {cells.map((at) => (
          <span key={at} data-at={at} data-mark={mark(at)}>
            {printable(bytes[at]!)}
          </span>
        ))}
      </span>
    </div>
  )
}

const isIn = (marked: Marked | null, at: number): boolean =>
  marked !== null && at >= marked.at && at < marked.at + marked.length

const printable = (byte: number): string => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·')
