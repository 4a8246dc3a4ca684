// One incident: what happened, the packets that show it, and what to do.
import { type FrameRef, type Incident, type Ladder, visible } from '@pcap-surgery/core'
import ChevronLeft from 'lucide-react/icons/chevron-left'
import ChevronRight from 'lucide-react/icons/chevron-right'
import { type ReactNode, useEffect } from 'react'
import { useCaptureNames } from '../parts/capture-names.ts'
import { CopyButton } from '../parts/copy-button.tsx'
import parts from '../parts/parts.module.css'
import { fragmentOf, HOME, isServedHere, linkOf } from '../place.ts'
import { type Called, useCall } from '../parts/use-call.ts'
import { usePage } from '../state.ts'
import { Attempts, Causes, Checklist, Filters, Missing, Remedies, Section } from './details.tsx'
import { Findings } from './findings.tsx'
import { FramePanel } from './frame/frame-panel.tsx'
import { Headline } from './headline.tsx'
import styles from './incident.module.css'
import { LadderView } from './ladder/ladder.tsx'
import { bringIntoView, forgetLinks, keyOf, openFrame, useOpenFrame } from './links.ts'
import { Plot, PlotToCome } from './plot/plot.tsx'
import { Save } from './save.tsx'

export function IncidentView(): ReactNode {
  const id = usePage((page) => page.place.incident)
  useEffect(arrive, [])
  const document = usePage((page) => page.opened!.document!)
  const all = [...document.incidents, ...document.masked]
  const at = id === null ? 0 : all.findIndex((one) => one.id === id)
  const incident = all[at]
  if (all.length === 0) return <p className={styles.nothing}>No request failed in these captures.</p>
  if (incident === undefined) {
    return (
      <p className={styles.nothing}>
        There is no incident {visible(id ?? '')} in these captures. <a href={fragmentOf(HOME)}>All incidents</a>
      </p>
    )
  }
  const isMasked = at >= document.incidents.length
  return (
    <>
      <Pager all={all} at={at} />
      <One key={incident.id} incident={incident} isMasked={isMasked} />
    </>
  )
}

/** For who comes from elsewhere assistive technology begins with the sentence. */
function arrive(): void {
  if (window.document.activeElement === window.document.body) {
    window.document.getElementById('headline')?.focus({ preventScroll: true })
  }
}

interface OneProps {
  incident: Incident
  isMasked: boolean
}

function One({ incident, isMasked }: OneProps): ReactNode {
  const drawn = useCall('ladder', [incident.id], incident)
  const frame = useOpenFrame()
  const captureName = useCaptureNames()
  useEffect(() => forgetLinks, [])
  const { attempts, competing, ruledOut, missing, remedies } = incident
  return (
    <article className={styles.incident} aria-labelledby="headline" data-panel={frame !== null}>
      <Headline incident={incident} isMasked={isMasked} />
      <div className={styles.body}>
        <section aria-labelledby="packets">
          <h3 id="packets">Packets</h3>
          <Packets drawn={drawn} captureName={captureName} />
        </section>
        <div className={styles.side}>
          <Section title="What shows it">
            <Findings findings={incident.findings} />
          </Section>
          {remedies.length > 0 && (
            <Section title="What to do">
              <Remedies incident={incident} />
            </Section>
          )}
          {missing.length > 0 && (
            <Section title="Capture next">
              <Missing missing={missing} />
            </Section>
          )}
          {competing.length > 0 && (
            <Section title="Also possible">
              <Causes causes={competing} />
            </Section>
          )}
        </div>
      </div>
      {drawn.is !== 'failed' && (
        <Section title="Sequence numbers over time">
          {drawn.is === 'there' ? <Plot ladder={drawn.value} captureName={captureName} /> : <PlotToCome />}
        </Section>
      )}
      <div className={styles.columns}>
        <div>
          <Section title="Checklist">
            <Checklist steps={incident.checklist} />
          </Section>
          {incident.filters.length > 0 && (
            <Section title="In Wireshark">
              <Filters filters={incident.filters} />
            </Section>
          )}
        </div>
        <div>
          {attempts.length > 0 && (
            <Section title="Attempts">
              <Attempts attempts={attempts} />
            </Section>
          )}
          {ruledOut.length > 0 && (
            <Section title="Ruled out">
              <Causes causes={ruledOut} />
            </Section>
          )}
          <Section title="Keep it">
            <Save incident={incident.id} />
          </Section>
        </div>
      </div>
      {frame !== null && <Panel frame={frame} ladder={drawn.is === 'there' ? drawn.value : null} />}
    </article>
  )
}

/** Who opened the panel by keyboard goes on where they were. */
function closePanel(): void {
  openFrame(null)
  if (!window.document.activeElement?.closest('[role="listbox"]')) {
    window.document.querySelector<HTMLElement>('[role="listbox"]')?.focus({ preventScroll: true })
  }
}

function Packets({ drawn, captureName }: { drawn: Called<Ladder>; captureName: (id: number) => string }): ReactNode {
  if (drawn.is === 'waiting') {
    return (
      <p className={styles.placeholder} role="status">
        Drawing the packets…
      </p>
    )
  }
  if (drawn.is === 'failed') {
    return (
      <p className={styles.placeholder} role="alert">
        The packets cannot be drawn: {visible(drawn.text)}
      </p>
    )
  }
  if (drawn.value.arrows.length === 0) {
    return <p className={styles.placeholder}>No packet of this incident was kept.</p>
  }
  return <LadderView ladder={drawn.value} captureName={captureName} />
}

/** The frame panel, and how it goes on along the ladder. */
function Panel({ frame, ladder }: { frame: FrameRef; ladder: Ladder | null }): ReactNode {
  const captureName = useCaptureNames()
  const arrows = ladder?.arrows ?? []
  const at = arrows.findIndex(({ frames }) => frames.some((ref) => keyOf(ref) === keyOf(frame)))
  const stepTo = (to: number): (() => void) | null => {
    const frames = at < 0 ? [] : (arrows[to]?.frames ?? [])
    const next = frames.find(({ capture }) => capture === frame.capture) ?? frames[0]
    if (next === undefined) return null
    return () => {
      bringIntoView([next])
      openFrame(next)
    }
  }
  return (
    <FramePanel
      frame={frame}
      sightings={arrows[at]?.frames ?? [frame]}
      captureName={captureName}
      onPrevious={stepTo(at - 1)}
      onNext={stepTo(at + 1)}
      onClose={closePanel}
    />
  )
}

const PLACE = 'Copy place: what stands behind the address of any page that has the same captures'

function Pager({ all, at }: { all: readonly Incident[]; at: number }): ReactNode {
  const isHere = isServedHere(location)
  const link = (to: number): string => fragmentOf({ ...HOME, view: 'incident', incident: all[to]!.id })
  return (
    <nav className={styles.pager} aria-label="Incidents">
      <a className={parts.button} href={fragmentOf(HOME)}>
        All incidents
      </a>
      <CopyButton text={() => linkOf(location)} label={isHere ? PLACE : 'Copy link'}>
        {isHere ? 'Copy place' : 'Copy link'}
      </CopyButton>
      <p>
        {at + 1} of {all.length.toLocaleString('en-US')}
      </p>
      {at > 0 ? (
        <a className={parts.button} href={link(at - 1)} rel="prev">
          <ChevronLeft className={parts.icon} aria-hidden /> Previous
        </a>
      ) : (
        <span className={parts.button} aria-disabled="true">
          <ChevronLeft className={parts.icon} aria-hidden /> Previous
        </span>
      )}
      {at < all.length - 1 ? (
        <a className={parts.button} href={link(at + 1)} rel="next">
          Next <ChevronRight className={parts.icon} aria-hidden />
        </a>
      ) : (
        <span className={parts.button} aria-disabled="true">
          Next <ChevronRight className={parts.icon} aria-hidden />
        </span>
      )}
    </nav>
  )
}
