// Nothing failed: what was looked at, so that one knows what that means.
import { type DiagnosisDocument, plural, type Vantage } from '@pcap-surgery/core'
import CircleCheck from 'lucide-react/icons/circle-check'
import type { ReactNode } from 'react'
import styles from './overview.module.css'

const LEGS: { readonly [vantage in Vantage]: string } = {
  client: 'at the client',
  'proxy-front': 'in front of the proxy',
  'proxy-back': 'behind the proxy',
  upstream: 'at the upstream',
}

const list = new Intl.ListFormat('en')

export function Healthy({ document: { healthy, masked, captures } }: { document: DiagnosisDocument }): ReactNode {
  const taken = new Set(captures.flatMap(({ vantages }) => vantages))
  const places = (Object.keys(LEGS) as Vantage[]).filter((place) => taken.has(place)).map((place) => LEGS[place])
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
          {plural(healthy.exchanges, 'request was', 'requests were')} followed to{' '}
          {healthy.exchanges === 1 ? 'its' : 'their'} end{places.length > 0 ? `, captured ${list.format(places)}` : ''};
          no proxy answered 502, 503 or 504.
        </p>
        {masked.length > 0 && <p>A retry hid what failed; see below.</p>}
      </div>
    </div>
  )
}
