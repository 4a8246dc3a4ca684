// What happened, in one breath: the sentence, the cause and whose it is, how sure that is, and the request.
import { CATALOGUE, type Incident } from '@pcap-surgery/core'
import type { ReactNode } from 'react'
import { duration, moment } from '../parts/duration.ts'
import { ConfidenceMark, whose } from '../parts/judgement.tsx'
import { visible } from '../parts/text.ts'
import styles from './incident.module.css'

export function Headline({ incident, isMasked }: { incident: Incident; isMasked: boolean }): ReactNode {
  const { cause, domain, confidence, summary } = incident
  return (
    <header className={styles.headline} data-domain={domain}>
      <p className={styles.verdict}>
        <span className={styles.status} data-failed={(incident.status ?? 599) >= 500}>
          {status(incident)}
        </span>
        <span className={styles.cause}>{CATALOGUE[cause]?.title ?? visible(cause)}</span>
        <span className={styles.whose}>{whose(domain)}</span>
        <ConfidenceMark confidence={confidence} />
        {isMasked && <span className={styles.masked}>hidden by a retry</span>}
      </p>
      <h2 id="headline" tabIndex={-1} className={styles.sentence}>
        {visible(summary)}
      </h2>
      <p className={styles.request}>
        <code>{visible(request(incident), 300)}</code>
      </p>
      <dl className={styles.facts}>
        <Fact name="Time">{moment(incident.time)}</Fact>
        {incident.waitSeconds !== null && <Fact name="Client waited">{duration(incident.waitSeconds)}</Fact>}
        <Endpoint name="Client" value={incident.client} />
        <Endpoint name="Proxy" value={incident.proxyFront} />
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

/** `504`, or what the client got instead. */
export function status({ status: code, statusSeen }: Incident): string {
  if (code !== null) return statusSeen ? String(code) : `${code}?`
  return statusSeen ? 'no answer' : 'answer not seen'
}

/** `GET shop.example/api/report`, as much of it as was seen. */
export function request({ method, path, host, client }: Incident): string {
  if (method === null && path === null) return client === null ? 'request not seen' : 'the request is encrypted'
  return `${method ?? '?'} ${path?.startsWith('/') ? (host ?? '') : ''}${path ?? ''}`
}
