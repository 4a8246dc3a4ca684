// Nothing is open yet: where captures are put in, and what becomes of them.
import Lock from 'lucide-react/icons/lock'
import Play from 'lucide-react/icons/play'
import { type ReactNode, useEffect, useState } from 'react'
import parts from '../parts/parts.module.css'
import { addFiles, usePage } from '../state.ts'
import styles from './empty.module.css'
import type { FileReport } from '../session/protocol.ts'
import { EXAMPLE, exampleFiles } from './example.ts'
import { filesDropped } from './dropped.ts'
import { FileReports } from './file-reports.tsx'
import { inputOf } from './files.ts'
import { FilePicker } from './picker.tsx'

export function Empty(): ReactNode {
  const refused = usePage((page) => page.opened?.files)
  const isStopped = usePage((page) => page.opened?.isStopped === true)
  return (
    <div className={styles.empty}>
      <div className={styles.lead}>
        <h2 className={styles.title}>Why did it answer 502, 503 or 504?</h2>
        <p className={styles.what}>
          Put in packet captures of the proxy, of what stands behind it, or of its clients: as many as there are. Each
          request that failed is followed packet by packet to its cause.
        </p>
      </div>
      {refused !== undefined && refused.length > 0 && (
        <section className={styles.refused} role="alert">
          <h3>{headingOf(refused, isStopped)}</h3>
          <FileReports files={refused} />
        </section>
      )}
      <div className={styles.zone}>
        <DropMark />
        <p className={styles.drop}>Drop captures and key logs anywhere on this page</p>
        <div className={styles.buttons}>
          <FilePicker isPrimary>Choose files…</FilePicker>
          <button type="button" className={parts.button} onClick={() => void example()}>
            <Play className={parts.icon} aria-hidden />
            Try an example
          </button>
        </div>
        <p className={styles.hint}>{EXAMPLE}</p>
      </div>
      <dl className={styles.facts}>
        <div>
          <dt>Captures</dt>
          <dd>
            pcap and pcapng, of any size; plain, or compressed with gzip, zstd or lz4; rotated ones as all their files.
          </dd>
        </div>
        <div>
          <dt>Key logs</dt>
          <dd>
            What <code>SSLKEYLOGFILE</code> writes, under any name. Without them encrypted requests are followed by
            their sizes and times.
          </dd>
        </div>
        <div>
          <dt>
            <Lock className={parts.icon} aria-hidden /> Nothing leaves this machine
          </dt>
          <dd>
            Files are read by this page, here. Its security policy (<code>connect-src ‘none’</code>) has the browser
            refuse every request that it would make, and nothing in a capture becomes a link.
          </dd>
        </div>
      </dl>
    </div>
  )
}

function headingOf(files: readonly FileReport[], isStopped: boolean): string {
  if (isStopped) return 'Reading was stopped before there was anything to show'
  return files.some(({ is }) => is === 'key-log')
    ? 'Now the captures that the keys are for'
    : 'There is no capture in these'
}

const example = async (): Promise<void> => addFiles((await exampleFiles()).map(inputOf))

/** Files may be dropped anywhere; this shows that they may, while they are over the page. */
export function DropTarget(): ReactNode {
  const [isOver, setOver] = useState(false)
  const isReading = usePage((page) => page.reading !== null)
  useEffect(() => {
    const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') === true
    const over = (event: DragEvent): void => {
      if (!hasFiles(event)) return
      event.preventDefault() // or the browser would open the file in place of the page
      setOver(true)
    }
    const leave = (event: DragEvent): void => {
      if (event.relatedTarget === null) setOver(false)
    }
    const drop = (event: DragEvent): void => {
      if (!hasFiles(event)) return
      event.preventDefault()
      setOver(false)
      void filesDropped(event.dataTransfer!).then((files) => addFiles(files.map(inputOf)))
    }
    addEventListener('dragover', over)
    addEventListener('dragleave', leave)
    addEventListener('drop', drop)
    return () => {
      removeEventListener('dragover', over)
      removeEventListener('dragleave', leave)
      removeEventListener('drop', drop)
    }
  }, [])
  if (!isOver) return null
  return (
    <div className={styles.over}>
      <p>{isReading ? 'Wait until the others are read' : 'Drop to read'}</p>
    </div>
  )
}

/** A tap, as captures come from. */
const DropMark = (): ReactNode => (
  <svg className={styles.mark} viewBox="0 0 96 64" aria-hidden="true" fill="none" stroke="currentColor">
    <path d="M12 4v56M48 4v56M84 4v56" strokeWidth="1.5" opacity="0.45" />
    <path d="M12 14h32m-5-4 5 4-5 4M48 24h32m-5-4 5 4-5 4" strokeWidth="2" />
    <path d="M84 40H66" strokeWidth="2" strokeDasharray="3 3" />
    <path className={styles.fault} d="m56 35 10 10m0-10L56 45" strokeWidth="2.5" />
    <path d="M48 54H16m5-4-5 4 5 4" strokeWidth="2" />
  </svg>
)
