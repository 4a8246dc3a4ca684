// The incident's packets as a file of their own, made by the worker.
import { visible } from '@pcap-surgery/core'
import Download from 'lucide-react/icons/download'
import { type ReactNode, useState } from 'react'
import parts from '../parts/parts.module.css'
import { useMadeFile } from '../parts/use-made-file.ts'
import { client } from '../session/client.ts'
import styles from './incident.module.css'

export function Save({ incident }: { incident: string }): ReactNode {
  const [format, setFormat] = useState<'pcapng' | 'pcap'>('pcapng')
  const [anonymise, setAnonymise] = useState(false)
  const { state, make, cancel } = useMadeFile()
  return (
    <form
      className={styles.save}
      onSubmit={(event) => {
        event.preventDefault()
        void make((signal) => client().call('save', [{ incident, format, anonymise }], { signal }))
      }}
    >
      <p>
        The packets of this incident from all captures, in one file that says by itself why it is worth a look: with
        comments on the packets that decide.
      </p>
      <fieldset disabled={state.is === 'working'}>
        <legend className={parts.hidden}>Format</legend>
        <label>
          <input type="radio" name="format" checked={format === 'pcapng'} onChange={() => setFormat('pcapng')} />{' '}
          pcapng, with comments
        </label>
        <label>
          <input type="radio" name="format" checked={format === 'pcap'} onChange={() => setFormat('pcap')} /> pcap, for
          old tools
        </label>
        <label>
          <input type="checkbox" checked={anonymise} onChange={(event) => setAnonymise(event.target.checked)} />{' '}
          Anonymise addresses, names, paths and contents
        </label>
      </fieldset>
      <p className={styles.saveActions}>
        <button type="submit" className={`${parts.button} ${parts.primary}`} disabled={state.is === 'working'}>
          <Download className={parts.icon} aria-hidden /> Save this conversation
        </button>
        {state.is === 'working' && (
          <button type="button" className={parts.button} onClick={cancel}>
            Cancel
          </button>
        )}
      </p>
      <div className={styles.saved} aria-live="polite">
        {state.is === 'working' && (
          <>
            <p>Cutting the packets out, and diagnosing the cut again…</p>
            <progress aria-label="Saving" />
          </>
        )}
        {state.is === 'failed' && <p className={styles.failed}>Not saved: {visible(state.text)}.</p>}
        {state.is === 'done' && (
          <>
            <p>
              Saved <code>{visible(state.file.name)}</code>, {state.file.blob.size.toLocaleString('en-US')} bytes.{' '}
              <a href={state.url} download={state.file.name}>
                Save it again
              </a>
            </p>
            {state.file.notes.length > 0 && (
              <ul>
                {state.file.notes.map((note) => (
                  <li key={note}>{visible(note)}</li>
                ))}
              </ul>
            )}
          </>
        )}
      </div>
    </form>
  )
}
