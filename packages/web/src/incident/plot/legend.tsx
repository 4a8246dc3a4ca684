// What the signs of the plot mean: of those that are on it.
import type { ReactNode } from 'react'
import styles from './plot.module.css'
import { DECIDING, type InkName, LINES, LOST, SEGMENTS, type Sign, signOf } from './shapes.ts'
import type { TimeSequence } from './time-sequence-data.ts'

const INKS: readonly InkName[] = [
  'text',
  'soft',
  'grid',
  'ground',
  'data',
  'again',
  'acknowledged',
  'window',
  'sack',
  'control',
  'bad',
  'moment',
  'deciding',
]

/** The colours that the canvas asks for. */
export const InkPots = (): ReactNode => (
  <span hidden>
    {INKS.map((ink) => (
      <i key={ink} data-ink={ink} className={styles[ink]} />
    ))}
  </span>
)

export function Legend({ plot, isWindowAbove }: { plot: TimeSequence; isWindowAbove: boolean }): ReactNode {
  return (
    <ul className={styles.legend} aria-label="Signs of the plot">
      {signsOf(plot).map((sign) => (
        <li key={sign.name}>
          <Swatch sign={sign} />
          {sign === LINES.window && isWindowAbove ? `${sign.name} (above the plot)` : sign.name}
        </li>
      ))}
    </ul>
  )
}

function signsOf({ segments, marks, acknowledged, window: edges, sacks, moments, omitted }: TimeSequence): Sign[] {
  const signs: Sign[] = []
  for (const kind of new Set(segments.map((one) => one.kind))) signs.push(SEGMENTS[kind])
  const others = new Map(marks.map(signOf).map((sign) => [sign.name, sign]))
  signs.push(...others.values())
  if ([...segments, ...marks].some(({ isLost }) => isLost)) signs.push(LOST)
  if (acknowledged.length > 0) signs.push(LINES.acknowledged)
  if (edges.length > 0) signs.push(LINES.window)
  if (sacks.length > 0) signs.push(LINES.sack)
  if (moments.length > 0) signs.push(LINES.moment)
  if (omitted !== null) signs.push(LINES.omitted)
  if ([...segments, ...marks].some(({ isDeciding }) => isDeciding)) signs.push(DECIDING)
  return signs
}

/** The triangle of what decides stands above its packet, and here in the middle. */
const boxOf = (sign: Sign): string => (sign === DECIDING ? '-9 -21 18 18' : '-9 -9 18 18')

const Swatch = ({ sign }: { sign: Sign }): ReactNode => (
  <svg className={`${styles.swatch} ${styles[sign.ink]}`} viewBox={boxOf(sign)} aria-hidden="true">
    <path
      d={sign.path}
      className={sign.fill === 'ink' ? styles.filled : styles.hollow}
      strokeDasharray={sign.dash?.join(' ')}
    />
  </svg>
)
