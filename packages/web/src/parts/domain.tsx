// Whose: a word, and a colour beside it that is the same everywhere.
import type { Domain } from '@pcap-surgery/core'
import type { ReactNode } from 'react'
import styles from './domain.module.css'
import { whose } from './judgement.tsx'

export const DomainMark = ({ domain }: { domain: Domain }): ReactNode => (
  <span className={styles.domain} data-domain={domain}>
    {whose(domain)}
  </span>
)
