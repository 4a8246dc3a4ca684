// The column of times, which stays where it is while the ladder is scrolled sideways.
import { type Ladder, offset } from '@pcap-surgery/core'
import type { ReactNode } from 'react'
import styles from './ladder.module.css'
import { ABOVE, arrowOf, type Look, type PacketRow, ROW } from './rows.ts'

export interface TimesProps {
  rows: readonly PacketRow[]
  ladder: Ladder
  lookOf: (row: PacketRow) => Look
  /** Width of the column, height of the drawing, and how far it is scrolled. */
  width: number
  height: number
  scrolled: number
}

export const Times = ({ rows, ladder, lookOf, width, height, scrolled }: TimesProps): ReactNode => (
  <g className={styles.times} transform={`translate(${scrolled} 0)`} aria-hidden="true">
    {scrolled > 0 && <rect className={styles.cover} x={0} y={0} width={width} height={height} />}
    {rows.map((row) => {
      const arrow = arrowOf(row)
      const look = lookOf(row)
      return (
        <g key={arrow} {...look}>
          {scrolled > 0 && (
            <rect className={styles.ground} {...look} x={1} y={row.y - ABOVE} width={width - 1} height={ROW - 1} />
          )}
          {look['data-deciding'] && (
            <path className={styles.decides} d={`M8 ${row.y - 9.5}l4.5 4.5-4.5 4.5-4.5-4.5Z`} />
          )}
          <text className={styles.time} x={width - 8} y={row.y - 1}>
            {offset(ladder.arrows[arrow]!.seconds)}
          </text>
        </g>
      )
    })}
  </g>
)
