// What the shapes mean.
import type { ReactNode } from 'react'
import { ArrowShape } from './arrow-shape.tsx'
import styles from './ladder.module.css'
import { type Shape, SHAPES } from './shapes.ts'

/** Each look once. */
const LOOKS: readonly Shape[] = [...new Map(Object.values(SHAPES).map((shape) => [shape.word, shape])).values()]

export const Legend = (): ReactNode => (
  <details className={styles.legend}>
    <summary>How to read it</summary>
    <ul>
      {LOOKS.map((shape) => (
        <li key={shape.word}>
          <svg width="56" height="16" aria-hidden="true">
            <ArrowShape shape={shape} x1={2} y1={8} x2={54} y2={8} isLost={false} />
          </svg>
          {shape.word}
        </li>
      ))}
      <li>
        <svg width="56" height="16" aria-hidden="true">
          <ArrowShape shape={SHAPES.data} x1={2} y1={8} x2={54} y2={8} isLost />
        </svg>
        lost on the way
      </li>
      <li>
        <svg width="56" height="16" aria-hidden="true">
          <path className={styles.decides} d="M28 3l5 5-5 5-5-5Z" />
        </svg>
        decides the cause
      </li>
    </ul>
    <p>
      Lines slope down to where a packet arrived, where a second capture shows that. Pauses are folded; a zigzag says
      how long one was. Arrow keys walk the packets, Enter opens one.
    </p>
  </details>
)
