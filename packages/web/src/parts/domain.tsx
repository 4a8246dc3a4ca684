// Whose: a word, and a colour beside it that is the same everywhere.
import { type Domain, words } from '@pcap-surgery/core'
import type { ReactNode } from 'react'
import styles from './domain.module.css'

export const DomainMark = ({ domain }: { domain: Domain }): ReactNode => (
  <span className={styles.domain} data-domain={domain}>
    {words.whose(domain)}
  </span>
)
