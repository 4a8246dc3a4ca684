// The captures and the files they came from; where more are put in, and all are let go of.
import type { ReactNode } from 'react'
import { FileReports } from '../drop/file-reports.tsx'
import { FilePicker } from '../drop/picker.tsx'
import parts from '../parts/parts.module.css'
import { closeFiles, usePage } from '../state.ts'
import { CaptureTable } from './capture-table.tsx'
import styles from './captures.module.css'

export function CapturesView(): ReactNode {
  const { document, files } = usePage((page) => page.opened!)
  return (
    <div className={styles.view}>
      <h2 className={styles.heading}>Captures</h2>
      <div className={styles.actions}>
        <FilePicker isPrimary={false}>Add captures or key logs…</FilePicker>
        <button type="button" className={parts.button} onClick={closeFiles}>
          Close all
        </button>
      </div>
      <CaptureTable captures={document!.captures} />
      <section className={styles.section} aria-labelledby="files">
        <h3 id="files" className={styles.subheading}>
          Files
        </h3>
        <FileReports files={files} />
      </section>
    </div>
  )
}
