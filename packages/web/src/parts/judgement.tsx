// Outcomes and confidence: a shape and a word, so that neither needs its colour.
import Check from 'lucide-react/icons/check'
import CircleHelp from 'lucide-react/icons/circle-question-mark'
import Minus from 'lucide-react/icons/minus'
import X from 'lucide-react/icons/x'
import type { Confidence, Outcome } from '@pcap-surgery/core'
import type { ReactNode } from 'react'
import styles from './parts.module.css'

const OUTCOMES = {
  pass: { word: 'pass', Icon: Check },
  fail: { word: 'fail', Icon: X },
  unknown: { word: 'unknown', Icon: CircleHelp },
  'not-applicable': { word: 'not applicable', Icon: Minus },
} as const

export function OutcomeMark({ outcome }: { outcome: Outcome }): ReactNode {
  const { word, Icon } = OUTCOMES[outcome] ?? OUTCOMES.unknown
  return (
    <span className={styles.outcome} data-outcome={outcome}>
      <Icon className={styles.icon} aria-hidden />
      {word}
    </span>
  )
}

/** Of three bars that many are filled. */
const STRENGTH: { readonly [confidence in Confidence]: number } = { certain: 3, likely: 2, possible: 1 }

export function ConfidenceMark({ confidence }: { confidence: Confidence }): ReactNode {
  const strength = STRENGTH[confidence] ?? 0
  return (
    <span className={styles.confidence}>
      <svg className={styles.gauge} viewBox="0 0 22 12" aria-hidden="true">
        {[0, 1, 2].map((bar) => (
          <rect
            key={bar}
            x={1 + bar * 7.5}
            y={8 - bar * 3.5}
            width="5"
            height={3 + bar * 3.5}
            rx="1"
            fill={bar < strength ? 'currentColor' : 'none'}
            stroke="currentColor"
          />
        ))}
      </svg>
      {confidence}
    </span>
  )
}
