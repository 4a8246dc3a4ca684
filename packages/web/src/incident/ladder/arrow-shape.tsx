// One arrow: a line with its head, or with a cross where the packet was lost on the way.
import type { ReactNode } from 'react'
import styles from './ladder.module.css'
import type { Head, Shape } from './shapes.ts'

export interface ArrowShapeProps {
  shape: Shape
  x1: number
  y1: number
  x2: number
  y2: number
  isLost: boolean
}

/** Where on its way a lost packet ends. */
const LOST_AT = 0.68
/** Room between a head and the lane it points at. */
const GAP = 2

export function ArrowShape({ shape, x1, y1, x2, y2, isLost }: ArrowShapeProps): ReactNode {
  const length = Math.max(1, Math.hypot(x2 - x1, y2 - y1))
  const [dx, dy] = [(x2 - x1) / length, (y2 - y1) / length]
  const reach = isLost ? length * LOST_AT : length - GAP
  const tip = { x: x1 + dx * reach, y: y1 + dy * reach }
  const turn = `translate(${tip.x} ${tip.y}) rotate(${(Math.atan2(dy, dx) * 180) / Math.PI})`
  return (
    <g className={styles.stroke} strokeWidth={shape.width}>
      <line
        x1={x1}
        y1={y1}
        x2={x1 + dx * (reach - (isLost ? 6 : BACK[shape.head]))}
        y2={y1 + dy * (reach - (isLost ? 6 : BACK[shape.head]))}
        strokeDasharray={shape.dash}
      />
      <g transform={turn}>{isLost ? <path d="M-5-5 5 5M-5 5 5-5" strokeWidth="2" /> : HEADS[shape.head]}</g>
    </g>
  )
}

/** How far behind the tip the line ends, so that it does not show through. */
const BACK: { readonly [head in Head]: number } = {
  filled: 7,
  open: 0,
  bar: 0,
  'double-bar': 7,
  diamond: 10,
  ring: 7,
}

/** Heads whose tip is at the origin, pointing right. */
const HEADS: { readonly [head in Head]: ReactNode } = {
  filled: <path className={styles.filled} d="M0 0-8-4V4Z" strokeWidth="1" />,
  open: <path d="M-7-4 0 0-7 4" />,
  bar: <path d="M-10-4-3 0-10 4M-1-5V5" />,
  'double-bar': (
    <>
      <path className={styles.filled} d="M-7 0-14-4V4Z" strokeWidth="1" />
      <path d="M-4.5-6V6M-1-6V6" strokeWidth="1.75" />
    </>
  ),
  diamond: <path className={styles.filled} d="M0 0-5-4.5-10 0-5 4.5Z" strokeWidth="1" />,
  ring: <circle className={styles.hollow} cx="-4" r="3.5" />,
}
