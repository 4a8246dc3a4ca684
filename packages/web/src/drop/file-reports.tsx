// What became of each file: what it is, and where it is damaged.
import { plural, visible } from '@pcap-surgery/core'
import CircleAlert from 'lucide-react/icons/circle-alert'
import Copy from 'lucide-react/icons/copy'
import FileCheck from 'lucide-react/icons/file-check'
import KeyRound from 'lucide-react/icons/key-round'
import Pause from 'lucide-react/icons/pause'
import TriangleAlert from 'lucide-react/icons/triangle-alert'
import type { ReactNode } from 'react'
import { bytes } from '../parts/bytes.ts'
import type { FileReport } from '../session/protocol.ts'
import styles from './file-reports.module.css'

const KINDS = {
  capture: { word: 'capture', Icon: FileCheck },
  'key-log': { word: 'key log', Icon: KeyRound },
  duplicate: { word: 'left out', Icon: Copy },
  unreadable: { word: 'not read', Icon: CircleAlert },
  'not-read': { word: 'not read', Icon: Pause },
} as const

export const FileReports = ({ files }: { files: readonly FileReport[] }): ReactNode => (
  <ul className={styles.files}>
    {files.map((file) => (
      <FileRow key={file.id} file={file} />
    ))}
  </ul>
)

function FileRow({ file: { name, size, is, text, faults } }: { file: FileReport }): ReactNode {
  const { word, Icon } = faults.length > 0 ? { word: 'damaged', Icon: TriangleAlert } : KINDS[is]
  return (
    <li className={styles.file} data-is={faults.length > 0 ? 'damaged' : is}>
      <Icon className={styles.icon} aria-hidden />
      <div className={styles.what}>
        <p className={styles.line}>
          <span className={styles.name}>{visible(name, 200)}</span>
          <span className={styles.kind}>
            {word}
            {size === null ? '' : `, ${bytes(size)}`}
          </span>
        </p>
        {text !== null && <p className={styles.text}>{visible(text, 400)}</p>}
        {is === 'not-read' && <p className={styles.text}>Reading was stopped before it.</p>}
        {faults.map(({ offset, text: what, afterFrame }) => (
          <p key={`${offset} ${what}`} className={styles.text}>
            At byte {offset.toLocaleString('en-US')}: {visible(what, 400)} ({used(afterFrame)})
          </p>
        ))}
      </div>
    </li>
  )
}

function used(frames: number): string {
  if (frames === 0) return 'no frame stands before it'
  return frames === 1 ? 'the frame before it is used' : `the ${plural(frames, 'frame')} before it are used`
}

/** Those of which the user should know before anything else. */
export const troubled = (files: readonly FileReport[]): FileReport[] =>
  files.filter(({ is, faults, text }) => faults.length > 0 || text !== null || is === 'unreadable')
