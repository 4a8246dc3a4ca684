// How far reading has come: in the middle of the page while there is nothing else, else below the header. What went wrong
// with us is said there too.
import { plural, visible } from '@pcap-surgery/core'
import Square from 'lucide-react/icons/square'
import { type ReactNode, useEffect, useState } from 'react'
import { bytes } from '../parts/bytes.ts'
import parts from '../parts/parts.module.css'
import { type Reading, usePage } from '../state.ts'
import styles from './reading.module.css'

/** Milliseconds between two times that it is said aloud. */
const ALOUD = 4000

export function ReadingStrip(): ReactNode {
  const reading = usePage((page) => page.reading)
  const hasDocument = usePage((page) => page.opened?.document != null)
  const defect = usePage((page) => page.defect)
  return (
    <>
      {defect !== null && (
        <div className={styles.defect} role="alert">
          <p>
            This is a defect of PCAP Surgery, not of your captures: <code>{visible(defect, 300)}</code>
          </p>
          <button type="button" className={parts.button} onClick={() => usePage.setState({ defect: null })}>
            Dismiss
          </button>
        </div>
      )}
      {reading !== null && hasDocument && (
        <div className={styles.strip}>
          <Facts reading={reading} />
        </div>
      )}
    </>
  )
}

export function ReadingPanel({ reading }: { reading: Reading }): ReactNode {
  const files = usePage((page) => page.files)
  return (
    <section className={styles.panel} aria-labelledby="reading">
      <h2 id="reading" className={styles.title}>
        {reading.progress.stage === 'reading' ? 'Reading' : 'Diagnosing'} {plural(files.length, 'file')}
      </h2>
      <p className={styles.names}>
        {visible(
          files
            .slice(0, 8)
            .map(({ name }) => name)
            .join(', '),
          300,
        )}
      </p>
      <Facts reading={reading} />
    </section>
  )
}

function Facts({ reading }: { reading: Reading }): ReactNode {
  const { progress, seconds, stop } = reading
  const { stage, bytes: read, total, frames, failures } = progress
  const part = total === null || total === 0 ? null : Math.min(1, read / total)
  const [isStopping, setStopping] = useState(false)
  const speed = seconds > 0.2 ? `${bytes(Math.round(read / seconds))}/s` : ''
  const left = part !== null && part > 0.02 && seconds > 2 ? `${Math.ceil((seconds / part) * (1 - part))} s left` : ''
  return (
    <div className={styles.facts}>
      <progress
        className={styles.bar}
        aria-label="Bytes read"
        {...(part === null || stage === 'diagnosing' ? {} : { value: part })}
      />
      <dl className={styles.figures}>
        <div>
          <dt>read</dt>
          <dd>{total === null ? bytes(read) : `${bytes(read)} of ${bytes(total)}`}</dd>
        </div>
        <div>
          <dt>frames</dt>
          <dd>{frames.toLocaleString('en-US')}</dd>
        </div>
        <div>
          <dt>answers of 502, 503, 504</dt>
          <dd data-failed={failures > 0 || undefined}>{failures.toLocaleString('en-US')}</dd>
        </div>
        <div>
          <dt>speed</dt>
          <dd>{stage === 'diagnosing' ? 'putting it together' : [speed, left].filter(Boolean).join(', ') || '–'}</dd>
        </div>
      </dl>
      <button
        type="button"
        className={parts.button}
        disabled={isStopping || stage === 'diagnosing'}
        onClick={() => {
          setStopping(true)
          stop.abort()
        }}
      >
        <Square className={parts.icon} aria-hidden />
        {isStopping ? 'Stopping' : 'Stop'}
      </button>
      <Aloud text={`${part === null ? bytes(read) : `${Math.floor(part * 100)} %`} read, ${plural(frames, 'frame')}`} />
    </div>
  )
}

/** Now and then: nobody wants to hear ten numbers a second. */
function Aloud({ text }: { text: string }): ReactNode {
  const [said, say] = useState('')
  useEffect(() => {
    const timer = setInterval(() => say(text), ALOUD)
    return () => clearInterval(timer)
  }, [text])
  return <output className={parts.hidden}>{said}</output>
}
