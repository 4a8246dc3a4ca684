// Captures with what they are worth: where they were taken, how long, how their clocks stand to the first one's, and
// what is wrong with them.
import { type CaptureSummary, type Clock, duration, visible } from '@pcap-surgery/core'
import TriangleAlert from 'lucide-react/icons/triangle-alert'
import type { ReactNode } from 'react'
import { secondsBetween } from '../overview/filter.ts'
import { moment } from '../parts/moment.ts'
import parts from '../parts/parts.module.css'
import styles from './captures.module.css'

export const CaptureTable = ({ captures }: { captures: readonly CaptureSummary[] }): ReactNode => (
  // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable
  <div className={styles.scroller} tabIndex={0} role="region" aria-label="Captures">
    <table className={styles.table}>
      <thead>
        <tr>
          <th scope="col">Capture</th>
          <th scope="col">Taken at</th>
          <th scope="col" className={styles.numeric}>
            Frames
          </th>
          <th scope="col">From</th>
          <th scope="col" className={styles.numeric}>
            Length
          </th>
          <th scope="col">Clock</th>
          <th scope="col">Quality</th>
        </tr>
      </thead>
      <tbody>
        {captures.map((capture, index) => (
          <tr key={capture.id}>
            <th scope="row" className={styles.file}>
              {visible(capture.file, 120)}
              <span className={styles.format}>{visible(capture.format, 40)}</span>
            </th>
            <td className={styles.nowrap}>
              {capture.vantages.length === 0 ? 'not known' : capture.vantages.join(', ')}
            </td>
            <td className={styles.numeric}>{capture.frames.toLocaleString('en-US')}</td>
            <td className={styles.nowrap}>{capture.first === null ? '–' : moment(capture.first)}</td>
            <td className={styles.numeric}>
              {capture.first === null || capture.last === null
                ? '–'
                : duration(secondsBetween(capture.first, capture.last))}
            </td>
            <td className={styles.clock}>{index === 0 ? 'the reference' : clockOf(capture.clock)}</td>
            <td className={styles.quality}>
              {capture.warnings.length === 0 ? (
                'nothing is missing'
              ) : (
                <ul className={styles.warnings}>
                  {capture.warnings.map((warning) => (
                    <li key={warning}>
                      <TriangleAlert className={parts.icon} aria-hidden />
                      {visible(warning, 400)}
                    </li>
                  ))}
                </ul>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
)

/** How far it is ahead, between which bounds, and how that is known. */
function clockOf({ offsetSeconds, low, high, by, driftPpm }: Clock): string {
  if (offsetSeconds === null) return 'not tied to the first'
  const size = Math.abs(offsetSeconds)
  const apart = size < 1e-6 ? 'in step' : `${duration(size)} ${offsetSeconds > 0 ? 'ahead' : 'behind'}`
  const bounds = low === null || high === null ? '' : ` ± ${duration((high - low) / 2)}`
  const drift =
    driftPpm === null
      ? ''
      : `, ${driftPpm.low > 0 ? 'fast' : 'slow'} by ${ppm(driftPpm.low)} to ${ppm(driftPpm.high)} ppm`
  const how = by === null ? '' : by === 'packets' ? ', by shared packets' : ', by cause and effect'
  return `${apart}${bounds}${drift}${how}`
}

const ppm = (value: number): string => Math.abs(value).toFixed(0)
