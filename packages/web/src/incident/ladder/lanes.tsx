// The hosts.
import { type Ladder, type LadderLayout, visible } from '@pcap-surgery/core'
import type { ReactNode } from 'react'
import styles from './ladder.module.css'

/** Who talks, above the scrolled drawing. */
export function Lanes({ ladder, layout }: { ladder: Ladder; layout: LadderLayout }): ReactNode {
  const pitch = layout.lanes.length > 1 ? layout.lanes[1]! - layout.lanes[0]! : layout.width / 2
  return (
    <div className={styles.heads} style={{ width: layout.width }} role="presentation" aria-hidden="true">
      <span className={styles.timeHead}>time</span>
      {ladder.lanes.map(({ name, role, addresses, host }, i) => {
        const shown = visible(host === null ? addresses.join(', ') : `${host} ${addresses.join(', ')}`)
        return (
          <div
            key={layout.lanes[i]}
            className={styles.head}
            data-role={role}
            style={placeOf(layout.lanes[i]!, pitch, layout.width)}
            title={shown}
          >
            <strong>{visible(name)}</strong>
            <span>{shown}</span>
          </div>
        )
      })}
    </div>
  )
}

/** Centred over its lane, as wide as its neighbours and the edges let it be. */
function placeOf(x: number, pitch: number, width: number): { left: number; width: number } {
  const half = Math.max(40, Math.min(pitch / 2, x, width - x) - 4)
  return { left: x - half, width: 2 * half }
}
