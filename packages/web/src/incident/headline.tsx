// What happened, in one breath: the sentence, the cause and whose it is, how sure that is, and the request.
import { duration, type Incident, visible, words } from '@pcap-surgery/core'
import type { ReactNode } from 'react'
import { moment } from '../parts/moment.ts'
import { DomainMark } from '../parts/domain.tsx'
import { ConfidenceMark } from '../parts/judgement.tsx'
import styles from './incident.module.css'

/** Proxies behind the first that are named. */
const MOST_HOPS = 8

export function Headline({ incident, isMasked }: { incident: Incident; isMasked: boolean }): ReactNode {
  const { cause, domain, confidence, summary } = incident
  return (
    <header className={styles.headline} data-domain={domain}>
      <p className={styles.verdict}>
        <span className={styles.status} data-failed={(incident.status ?? 599) >= 500}>
          {words.outcome(incident)}
        </span>
        <span className={styles.cause}>{words.title(cause)}</span>
        <DomainMark domain={domain} />
        <ConfidenceMark confidence={confidence} />
        {isMasked && <span className={styles.masked}>hidden by a retry</span>}
      </p>
      <h2 id="headline" tabIndex={-1} className={styles.sentence}>
        {visible(summary)}
      </h2>
      <p className={styles.request}>
        <code>{words.request(incident)}</code>
      </p>
      <dl className={styles.facts}>
        <Fact name="Time">{moment(incident.time)}</Fact>
        {incident.waitSeconds !== null && <Fact name="Client waited">{duration(incident.waitSeconds)}</Fact>}
        <Endpoint name="Client" value={incident.client} />
        <Endpoint name={incident.hops.length > 0 ? 'Proxy 1' : 'Proxy'} value={incident.proxyFront} />
        {incident.hops.slice(0, MOST_HOPS).map(({ from, to }, i) => (
          <Endpoint key={`${from} ${to}`} name={`Proxy ${i + 2}`} value={to} />
        ))}
        {incident.hops.length > MOST_HOPS && (
          <Fact name="More proxies">{(incident.hops.length - MOST_HOPS).toLocaleString('en-US')}</Fact>
        )}
        <Endpoint name="Upstream" value={incident.upstream} />
        {incident.gateway !== null && <Fact name="Answer made by">{visible(incident.gateway)}</Fact>}
      </dl>
    </header>
  )
}

const Fact = ({ name, children }: { name: string; children: ReactNode }): ReactNode => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
)

const Endpoint = ({ name, value }: { name: string; value: string | null }): ReactNode => (
  <Fact name={name}>{value === null ? 'not seen' : <code>{visible(value)}</code>}</Fact>
)
