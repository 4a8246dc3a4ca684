// The page: what is on top of every view, and the view.
import { words } from '@pcap-surgery/core'
import { type ReactNode, useEffect, useLayoutEffect, useRef } from 'react'
import styles from './app.module.css'
import { CapturesView } from './captures/captures.tsx'
import { DropTarget, Empty } from './drop/empty.tsx'
import { ReadingPanel, ReadingStrip } from './drop/reading.tsx'
import { IncidentView } from './incident/incident.tsx'
import { Overview } from './overview/overview.tsx'
import { fragmentOf, HOME, type View } from './place.ts'
import { type State, usePage } from './state.ts'
import { ConnectionsView, ExchangesView } from './tables/tables.tsx'

/** Every view, in the order of the header. A new one needs its name in place.ts, and its row here. */
const VIEWS: { readonly [view in View]: { title: string; show: () => ReactNode } } = {
  overview: { title: 'Overview', show: () => <Overview /> },
  incident: { title: 'Incident', show: () => <IncidentView /> },
  connections: { title: 'Connections', show: () => <ConnectionsView /> },
  exchanges: { title: 'Exchanges', show: () => <ExchangesView /> },
  captures: { title: 'Captures', show: () => <CapturesView /> },
}

export function App(): ReactNode {
  const hasDocument = usePage((page) => page.opened?.document != null)
  const { view, incident } = usePage((page) => page.place)
  const reading = usePage((page) => page.reading)
  const title = usePage(titleOf)
  useEffect(() => {
    document.title = title
  }, [title])
  useEffect(() => {
    // What was pressed to come here may be gone.
    if (document.activeElement === document.body) document.getElementById('main')?.focus({ preventScroll: true })
    // oxlint-disable-next-line react/exhaustive-effect-dependencies -- it follows where one goes
  }, [view, incident])
  return (
    <>
      <a className={styles.skip} href="#main" onClick={skip}>
        Skip to the content
      </a>
      <header className={styles.header}>
        <div className={styles.bar}>
          <h1 className={styles.name}>
            <Mark />
            PCAP Surgery
          </h1>
          {hasDocument && <Views current={view} />}
        </div>
        <ReadingStrip />
      </header>
      <Top key={`${view} ${incident}`} />
      <main id="main" className={styles.main} tabIndex={-1}>
        {hasDocument ? VIEWS[view].show() : reading === null ? <Empty /> : <ReadingPanel reading={reading} />}
      </main>
      <DropTarget />
    </>
  )
}

/** Every place begins at its top; what stands behind may then bring something else into view. */
function Top(): null {
  useLayoutEffect(() => {
    // It answers a promise by now, which is no cleanup.
    scrollTo(0, 0)
  }, [])
  return null
}

/** Of the window: the incident that is looked at, and how many there are. */
function titleOf({ opened, place }: State): string {
  const { incidents, masked } = opened?.document ?? { incidents: [], masked: [] }
  const all = [...incidents, ...masked]
  const shown =
    place.view !== 'incident'
      ? undefined
      : place.incident === null
        ? all[0]
        : all.find(({ id }) => id === place.incident)
  return [
    ...(shown === undefined ? [] : [`${words.outcome(shown)} ${words.title(shown.cause)}`]),
    ...(incidents.length === 0 ? [] : [`${incidents.length} failed`]),
    'PCAP Surgery',
  ].join(' – ')
}

/** The fragment is the place; a jump must not change it. */
function skip(event: { preventDefault(): void }): void {
  event.preventDefault()
  document.getElementById('main')?.focus()
}

function Views({ current }: { current: View }): ReactNode {
  const nav = useRef<HTMLElement>(null)
  useEffect(() => {
    // On a narrow screen they scroll.
    nav.current!.querySelector(`[data-view=${current}]`)!.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }, [current])
  return (
    <nav ref={nav} className={styles.views} aria-label="Views">
      {(Object.keys(VIEWS) as View[]).map((view) => (
        <a
          key={view}
          className={styles.view}
          data-view={view}
          href={fragmentOf({ ...HOME, view })}
          aria-current={view === current ? 'page' : undefined}
        >
          {VIEWS[view].title}
        </a>
      ))}
    </nav>
  )
}

/** A sequence diagram, and what went wrong in it. */
const Mark = (): ReactNode => (
  <svg className={styles.mark} viewBox="0 0 20 20" aria-hidden="true" fill="none" stroke="currentColor">
    <path d="M3 2v16M10 2v16M17 2v16" strokeWidth="1" opacity="0.55" />
    <path d="M3 6h7M10 11h4" strokeWidth="2" />
    <path d="m13 8.5 5 5m0-5-5 5" strokeWidth="2" />
  </svg>
)
