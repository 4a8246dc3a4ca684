// What stands between packets: time in which nothing happened, or packets that nobody kept.
import { duration, type LadderLayout, plural } from '@pcap-surgery/core'
import type { ReactNode } from 'react'
import styles from './ladder.module.css'
import { type PauseRow, ROW } from './rows.ts'

const EDGE = 12

export function Pause({ row, layout, left }: { row: PauseRow; layout: LadderLayout; left: number }): ReactNode {
  const text = row.kind === 'fold' ? duration(row.seconds) : `${plural(row.count, 'packet')} not kept`
  const [from, to] = [left, layout.width - EDGE]
  const y = row.y - 5
  return (
    <g className={styles.pause} aria-hidden="true">
      <rect x={1} y={y - 12} width={layout.width - 2} height={ROW - 4} />
      <path d={zigzag(from, to, y)} />
      <text x={(from + to) / 2} y={y + 4}>
        {text}
      </text>
    </g>
  )
}

function zigzag(from: number, to: number, y: number): string {
  let path = `M${from} ${y}`
  for (let x = from + 6, up = true; x < to; x += 6, up = !up) path += `L${x} ${y + (up ? -3 : 3)}`
  return path
}
