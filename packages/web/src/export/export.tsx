// All that was found, as files for other programs.
import { visible } from '@pcap-surgery/core'
import Download from 'lucide-react/icons/download'
import { type ReactNode, useState } from 'react'
import parts from '../parts/parts.module.css'
import { useMadeFile } from '../parts/use-made-file.ts'
import { client } from '../session/client.ts'
import type { ReportFormat } from '../session/protocol.ts'
import styles from './export.module.css'

const FORMATS: readonly { format: ReportFormat; title: string; says: string }[] = [
  {
    format: 'html',
    title: 'Report',
    says: 'One HTML page with the diagrams, to read, print or attach: one incident of each kind in full, all of them listed.',
  },
  {
    format: 'markdown',
    title: 'Ticket',
    says: 'Markdown, to paste into a ticket.',
  },
  {
    format: 'json',
    title: 'Diagnosis',
    says: 'JSON: incidents with their frames, findings and remedies, as pcap-surgery diagnose --format json writes it.',
  },
  {
    format: 'har',
    title: 'All exchanges',
    says: 'HAR 1.2: every request and response on every leg with its phases, for whatever draws waterfalls.',
  },
]

export function Export(): ReactNode {
  const [showSecrets, setShowSecrets] = useState(false)
  const { state, make, cancel } = useMadeFile()
  return (
    <section className={styles.export} aria-labelledby="export">
      <h3 id="export">Take it along</h3>
      <ul className={styles.formats}>
        {FORMATS.map(({ format, title, says }) => (
          <li key={format}>
            <button
              type="button"
              className={parts.button}
              aria-describedby={`export-${format}`}
              disabled={state.is === 'working'}
              onClick={() => void make((signal) => client().call('report', [{ format, showSecrets }], { signal }))}
            >
              <Download className={parts.icon} aria-hidden /> {title}
            </button>
            <p id={`export-${format}`}>{says}</p>
          </li>
        ))}
      </ul>
      <label className={styles.secrets}>
        <input type="checkbox" checked={showSecrets} onChange={(event) => setShowSecrets(event.target.checked)} />
        In the HAR, leave values of secret fields and parameters (token, key, session …) as they are
      </label>
      <p className={styles.said} aria-live="polite">
        {state.is === 'working' && (
          <>
            Writing…{' '}
            <button type="button" className={parts.button} onClick={cancel}>
              Cancel
            </button>
          </>
        )}
        {state.is === 'failed' && `Not written: ${visible(state.text)}.`}
        {state.is === 'done' && (
          <>
            Written: {visible(state.file.name)}, {state.file.blob.size.toLocaleString('en-US')} bytes.{' '}
            <a href={state.url} download={state.file.name}>
              Once more
            </a>
          </>
        )}
      </p>
    </section>
  )
}
