// Nothing failed: what was looked at, so that one knows what that means.
import type { DiagnosisDocument, Vantage } from '@pcap-surgery/core'
import CircleCheck from 'lucide-react/icons/circle-check'
import type { ReactNode } from 'react'
import { plural } from '../parts/duration.ts'
import styles from './overview.module.css'

const LEGS: { readonly [vantage in Vantage]: string } = {
  client: 'at the client',
  'proxy-front': 'at the proxy, towards its clients',
  'proxy-back': 'at the proxy, towards its upstreams',
  upstream: 'at the upstream',
}

export function Healthy({ document: { healthy, masked, captures } }: { document: DiagnosisDocument }): ReactNode {
  const places = [...new Set(captures.flatMap(({ vantages }) => vantages))].map((place) => LEGS[place] ?? place)
  if (healthy.exchanges === 0)
    return (
      <p className={styles.note}>
        No proxied request was recognised: the captures may hold other traffic, or encrypted traffic without its keys.
        The notes and the tables say what was seen.
      </p>
    )
  return (
    <div className={styles.healthy}>
      <CircleCheck className={styles.check} aria-hidden />
      <div>
        <p>
          {plural(healthy.exchanges, 'request')} and their answers were followed
          {places.length > 0 ? `, captured ${places.join(', and ')}` : ''}: none ended in a 502, 503 or 504 that a proxy
          made.
        </p>
        {masked.length > 0 && <p>A retry hid what failed; see below.</p>}
      </div>
    </div>
  )
}
