// What happened, at a glance: a sentence, the line of time, the incidents by cause, and how good the captures are.
import { type DiagnosisDocument, type Incident, plural, visible, words } from '@pcap-surgery/core'
import { type ReactNode, useDeferredValue, useMemo } from 'react'
import { CaptureTable } from '../captures/capture-table.tsx'
import { FileReports, troubled } from '../drop/file-reports.tsx'
import { Export } from '../export/export.tsx'
import { moment } from '../parts/moment.ts'
import { useCall } from '../parts/use-call.ts'
import { goTo, set, usePage } from '../state.ts'
import { type Choices, chosen } from './filter.ts'
import { Causes, Filters } from './filters.tsx'
import { Healthy } from './healthy.tsx'
import { IncidentList } from './incident-list.tsx'
import styles from './overview.module.css'
import { drawnTime, extent, headline, wentWell } from './summary.ts'
import { Timeline } from './timeline.tsx'

export function Overview(): ReactNode {
  const document = usePage((page) => page.opened!.document!)
  const isStopped = usePage((page) => page.opened!.isStopped)
  const files = usePage((page) => page.opened!.files)
  const troubles = useMemo(() => troubled(files), [files])
  const { incidents, masked, captures, notes } = document
  const span = words.span(captures)
  return (
    <div className={styles.overview}>
      <section className={styles.summary} aria-labelledby="summary">
        <h2 id="summary" className={styles.sentence} data-failed={incidents.length > 0 || undefined}>
          {headline(document)}
        </h2>
        <p className={styles.extent}>
          {[wentWell(document), extent(captures), span === null ? '' : `from ${moment(span.first)}`]
            .filter(Boolean)
            .join(' · ')}
        </p>
        {troubles.length > 0 && (
          <div className={styles.troubles}>
            <FileReports files={troubles} />
          </div>
        )}
        {isStopped && <p className={styles.stopped}>Reading was stopped: this is what was found until then.</p>}
      </section>
      <Findings document={document} />
      {incidents.length === 0 && <Healthy document={document} />}
      {masked.length > 0 && (
        <section className={styles.section} aria-labelledby="masked">
          <h3 id="masked" className={styles.heading}>
            Hidden by a retry
          </h3>
          <p className={styles.note}>
            {plural(masked.length, 'try', 'tries')} failed, and the proxy asked again before the client was answered.
          </p>
          <IncidentList incidents={masked} label="Failures that a retry hid" />
        </section>
      )}
      <section className={styles.section} aria-labelledby="captures">
        <h3 id="captures" className={styles.heading}>
          Captures and their clocks
        </h3>
        <CaptureTable captures={captures} />
      </section>
      {notes.length > 0 && (
        <section className={styles.section} aria-labelledby="notes">
          <h3 id="notes" className={styles.heading}>
            Notes
          </h3>
          <ul className={styles.notes}>
            {notes.map((note) => (
              <li key={note}>{visible(note)}</li>
            ))}
          </ul>
        </section>
      )}
      <Export />
    </div>
  )
}

/** The line of time, and where something failed the causes and the incidents. */
function Findings({ document }: { document: DiagnosisDocument }): ReactNode {
  const choices = usePage((page) => page.place.settings) as Choices
  // Typing goes on while thousands are looked through.
  const applied = useDeferredValue(choices)
  const traffic = useCall('traffic', [], document)
  const { incidents, masked } = document
  const drawn = useMemo(
    () => (traffic.is === 'there' ? drawnTime(document.captures, traffic.value) : null),
    [document, traffic],
  )
  const begin = drawn?.begin ?? ''
  const shown = useMemo(() => chosen(incidents, applied, begin), [incidents, applied, begin])
  const shownSet = useMemo(
    () => new Set(shown.length === incidents.length ? [...shown, ...masked] : shown),
    [shown, incidents, masked],
  )
  const part = choices.from && choices.to ? { from: Number(choices.from), to: Number(choices.to) } : null
  if (document.captures.every(({ frames }) => frames === 0)) return null
  return (
    <>
      <div className={styles.timeline} data-marked={incidents.length + masked.length > 0 || undefined}>
        {traffic.is === 'there' && drawn !== null && (
          <Timeline
            traffic={traffic.value}
            begin={drawn.begin}
            total={drawn.total}
            incidents={incidents}
            masked={masked}
            chosen={shownSet}
            part={part}
            onPart={(now) =>
              set({ from: now === null ? '' : seconds(now.from), to: now === null ? '' : seconds(now.to, 1) })
            }
            onOpen={open}
          />
        )}
      </div>
      {incidents.length > 0 && (
        <section className={styles.section} aria-labelledby="incidents">
          <div className={styles.titles}>
            <h3 id="incidents" className={styles.heading}>
              Incidents
            </h3>
            <output className={styles.shown}>
              {shown.length === incidents.length
                ? plural(incidents.length, 'incident')
                : `${shown.length.toLocaleString('en-US')} of ${plural(incidents.length, 'incident')}`}
            </output>
          </div>
          {incidents.length > 1 && (
            <>
              <Causes incidents={incidents} choices={choices} />
              <Filters incidents={incidents} choices={choices} begin={begin} />
            </>
          )}
          {shown.length > 0 ? (
            <IncidentList key={JSON.stringify(applied)} incidents={shown} label="Incidents" />
          ) : (
            <p className={styles.none}>No incident agrees with all of these.</p>
          )}
        </section>
      )}
    </>
  )
}

const open = ({ id }: Incident): void => goTo({ view: 'incident', incident: id })

/** Microseconds, outwards, so that what is at the edges is inside. */
const seconds = (value: number, up = 0): string => ((Math.floor(value * 1e6) + up) / 1e6).toFixed(6)
