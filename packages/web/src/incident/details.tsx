// Below the ladder: the checklist, attempts, other causes, what to do, what to capture next, filters.
import {
  type Attempt,
  type CheckStep,
  duration,
  type Incident,
  plural,
  type RuledOut,
  visible,
  words,
} from '@pcap-surgery/core'
import type { ReactNode } from 'react'
import { useCaptureNames } from '../parts/capture-names.ts'
import { CopyButton } from '../parts/copy-button.tsx'
import { OutcomeMark } from '../parts/judgement.tsx'
import { FrameRefs } from './frame-refs.tsx'
import styles from './incident.module.css'

/** The ten steps of every incident, by what each asks. */
const STEPS = [
  'Who talks to whom',
  'Both legs captured',
  'Final status',
  'TCP handshake',
  'TLS',
  'Request delivered',
  'Response',
  'Disturbances',
  'Waiting',
  'Times',
]

export function Section({ title: name, children }: { title: string; children: ReactNode }): ReactNode {
  const id = `section-${name.toLowerCase().replaceAll(/\W+/g, '-')}`
  return (
    <section className={styles.section} aria-labelledby={id}>
      <h3 id={id}>{name}</h3>
      {children}
    </section>
  )
}

export function Checklist({ steps }: { steps: readonly CheckStep[] }): ReactNode {
  return (
    <ol className={styles.checklist}>
      {steps.map(({ step, outcome, text, frames }) => (
        <li key={step} className={styles.step} data-outcome={outcome}>
          <span className={styles.stepNumber} aria-hidden="true">
            {step}
          </span>
          <span className={styles.stepName}>{STEPS[step - 1] ?? `Step ${step}`}</span>
          <OutcomeMark outcome={outcome} />
          <span className={styles.stepText}>
            {visible(text)} <FrameRefs frames={frames} />
          </span>
        </li>
      ))}
    </ol>
  )
}

/** Attempts at the beginning and at the end that are shown of many. */
const FIRST_ATTEMPTS = 40
const LAST_ATTEMPTS = 10

export function Attempts({ attempts }: { attempts: readonly Attempt[] }): ReactNode {
  const rest = attempts.length - FIRST_ATTEMPTS - LAST_ATTEMPTS
  if (rest <= 0) return <AttemptList attempts={attempts} />
  return (
    <>
      <AttemptList attempts={attempts.slice(0, FIRST_ATTEMPTS)} />
      <p className={styles.soft}>{plural(rest, 'more attempt')}</p>
      <AttemptList attempts={attempts.slice(-LAST_ATTEMPTS)} />
    </>
  )
}

function AttemptList({ attempts }: { attempts: readonly Attempt[] }): ReactNode {
  return (
    <ol className={styles.attempts}>
      {attempts.map(({ upstream, proxyBack, cause, startSeconds, durationSeconds }) => (
        <li key={`${startSeconds} ${upstream} ${proxyBack}`}>
          <OutcomeMark outcome={cause === null ? 'pass' : 'fail'} />
          <span>
            <code>{visible(upstream ?? 'no upstream')}</code> {cause === null ? 'Answered' : words.title(cause)}
          </span>
          <span className={styles.soft}>
            {proxyBack !== null && <>from {visible(proxyBack)} </>}
            {startSeconds !== null && <>after {duration(startSeconds)}</>}
            {durationSeconds !== null && <>, took {duration(durationSeconds)}</>}
          </span>
        </li>
      ))}
    </ol>
  )
}

export function Causes({ causes }: { causes: readonly RuledOut[] }): ReactNode {
  return (
    <ul className={styles.causes}>
      {causes.map(({ cause, because, frames }) => (
        <li key={`${cause} ${because}`}>
          <strong>{words.title(cause)}</strong> <span>{visible(because)}</span> <FrameRefs frames={frames} />
        </li>
      ))}
    </ul>
  )
}

export function Remedies({ incident }: { incident: Incident }): ReactNode {
  return (
    <ul className={styles.remedies}>
      {incident.remedies.map((remedy) => (
        <li key={remedy}>{visible(remedy)}</li>
      ))}
    </ul>
  )
}

/** Characters shown of a command or filter; it is copied whole. */
const LONGEST = 600

/** A text for another program, with what copies it. */
function Command({ text, name }: { text: string; name: string }): ReactNode {
  return (
    <div className={styles.command}>
      <code>{visible(text, LONGEST)}</code>
      <CopyButton text={text} label={`Copy ${name}`}>
        Copy
      </CopyButton>
    </div>
  )
}

const PLACES: { readonly [vantage: string]: string } = {
  client: 'At the client',
  'proxy-front': 'At the proxy, towards the client',
  'proxy-back': 'At the proxy, towards the upstream',
  upstream: 'At the upstream',
}

export function Missing({ missing }: { missing: Incident['missing'] }): ReactNode {
  return (
    <ul className={styles.missing}>
      {missing.map(({ vantage, because, command, decides = [], windows, keys }) => (
        <li key={`${vantage} ${command}`}>
          <h4>{PLACES[vantage] ?? visible(vantage)}</h4>
          <p>{visible(because)}</p>
          {decides.length > 0 && (
            <p className={styles.soft}>It would confirm or exclude: {decides.map(words.title).join('; ')}.</p>
          )}
          <Command text={command} name={`the command for ${vantage}`} />
          {windows !== undefined && (
            <details>
              <summary>On Windows</summary>
              <Command text={windows.join('\n')} name={`the Windows commands for ${vantage}`} />
            </details>
          )}
          {keys !== undefined && (
            <details>
              <summary>Keys, to read what TLS protects</summary>
              <p>{visible(keys)}</p>
            </details>
          )}
        </li>
      ))}
    </ul>
  )
}

export function Filters({ filters }: { filters: Incident['filters'] }): ReactNode {
  const captureName = useCaptureNames()
  return (
    <ul className={styles.filters}>
      {filters.map(({ capture, filter }) => {
        const name = captureName(capture)
        return (
          <li key={capture}>
            <h4>{name}</h4>
            <Command text={filter} name={`the filter for ${name}`} />
          </li>
        )
      })}
    </ul>
  )
}
