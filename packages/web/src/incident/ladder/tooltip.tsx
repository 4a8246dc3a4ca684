// What a packet says, beside it. The same is in the packet's own name, so assistive technology is not told twice.
import { type Arrow, duration, markWords, offset, visible } from '@pcap-surgery/core'
import type { ReactNode } from 'react'
import styles from './ladder.module.css'

export interface TooltipProps {
  arrow: Arrow
  /** The packet before. */
  before: Arrow | null
  captureName: (capture: number) => string
  place: { left: number; top: number; translate: string }
}

export function Tooltip({ arrow, before, captureName, place }: TooltipProps): ReactNode {
  const { tcp, seconds, arrivalSeconds, frames } = arrow
  const marks = markWords(arrow)
  const rows: [name: string, value: string][] = [
    ['frame', frames.map(({ capture, frame }) => `${captureName(capture)} #${frame}`).join(', ')],
    ['time', `${offset(seconds)} s${before === null ? '' : `, ${duration(seconds - before.seconds)} later`}`],
  ]
  if (arrivalSeconds !== null) rows.push(['arrived', `${duration(arrivalSeconds - seconds)} after it left`])
  if (tcp !== null) {
    rows.push(['seq', `${numberOf(tcp.seq)}   ack ${numberOf(tcp.ack)}   len ${numberOf(tcp.length)}`])
    rows.push(['flags', `${tcp.flags}   window ${numberOf(tcp.window)}   ttl ${numberOf(tcp.ttl)}`])
  }
  if (marks.length > 0) rows.push(['marks', marks.join(', ')])
  return (
    <div className={styles.tooltip} style={place} aria-hidden="true">
      <strong>{visible(arrow.label, 160)}</strong>
      <dl>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{visible(value)}</dd>
          </div>
        ))}
      </dl>
    </div>
  )
}

/** Positions count from the initial sequence number; -1 is not known. */
const numberOf = (value: number): string => (value < 0 ? '–' : value.toLocaleString('en-US'))
