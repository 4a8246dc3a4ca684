// Incidents as a list: a link each, of any number of which only those in view are there. Arrow keys go from one to the
// next; the list is one stop for Tab.
import { duration, type Incident, visible } from '@pcap-surgery/core'
import { type KeyboardEvent, type ReactNode, useLayoutEffect, useRef, useState } from 'react'
import { DomainMark } from '../parts/domain.tsx'
import { ConfidenceMark } from '../parts/judgement.tsx'
import { useScrolled } from '../parts/use-scrolled.ts'
import { fragmentOf, HOME } from '../place.ts'
import { statusOf } from './filter.ts'
import { usePage } from '../state.ts'
import styles from './incident-list.module.css'
import { titleOf } from './summary.ts'

/** In CSS pixels, as the style sheet has it, and where there is room for little. */
const ROW = 60
const NARROW_ROW = 104
const NARROW = 720
/** So many are simply there; a longer list scrolls by itself. */
const SHORT = 12
/** Rows beyond the edges, so that scrolling finds them there. */
const MARGIN = 6
const PAGE = 8
const UNSEEN = { top: 0, left: 0, width: NARROW, height: 600 }

export function IncidentList({ incidents, label }: { incidents: readonly Incident[]; label: string }): ReactNode {
  const scroller = useRef<HTMLDivElement>(null)
  const seen = useScrolled(scroller, UNSEEN)
  // Who comes back from an incident is where they were.
  const [last] = useState(() => incidents.findIndex(({ id }) => id === usePage.getState().lastIncident))
  const [active, setActive] = useState(Math.max(0, last))
  const takesFocus = useRef(false)

  const row = seen.width < NARROW ? NARROW_ROW : ROW
  const isLong = incidents.length > SHORT
  const current = Math.min(active, incidents.length - 1)
  const first = isLong ? Math.max(0, Math.floor(seen.top / row) - MARGIN) : 0
  const end = isLong ? Math.min(incidents.length, Math.ceil((seen.top + seen.height) / row) + MARGIN) : incidents.length
  // The one that has the focus stays, wherever it was scrolled to.
  const shown = [...range(first, end), ...(current < first || current >= end ? [current] : [])]

  useLayoutEffect(() => {
    if (last >= 0) scroller.current!.querySelector(`[data-row="${last}"]`)?.scrollIntoView({ block: 'center' })
    // oxlint-disable-next-line react/exhaustive-effect-dependencies -- rows of another height stand elsewhere
  }, [last, row])

  useLayoutEffect(() => {
    if (!takesFocus.current) return
    takesFocus.current = false
    scroller.current!.querySelector<HTMLElement>(`[data-row="${current}"]`)?.focus()
  })

  const onKeyDown = (event: KeyboardEvent): void => {
    const to = target(event.key, current, incidents.length - 1)
    if (to === null || event.altKey || event.ctrlKey || event.metaKey) return
    event.preventDefault()
    takesFocus.current = true
    setActive(to)
    const element = scroller.current!
    if (to * row < element.scrollTop) element.scrollTop = to * row
    const below = (to + 1) * row - element.clientHeight
    if (below > element.scrollTop) element.scrollTop = below
  }

  return (
    <div ref={scroller} className={styles.scroller} data-long={isLong || undefined} tabIndex={-1}>
      <ol className={styles.rows} aria-label={label} style={{ height: incidents.length * row }}>
        {shown.map((index) => (
          <li
            key={incidents[index]!.id}
            className={styles.row}
            style={{ top: index * row, height: row }}
            aria-setsize={incidents.length}
            aria-posinset={index + 1}
          >
            <IncidentRow
              incident={incidents[index]!}
              index={index}
              isActive={index === current}
              onFocus={() => setActive(index)}
              onKeyDown={onKeyDown}
            />
          </li>
        ))}
      </ol>
    </div>
  )
}

interface IncidentRowProps {
  incident: Incident
  index: number
  isActive: boolean
  onFocus: () => void
  onKeyDown: (event: KeyboardEvent) => void
}

function IncidentRow({ incident, index, isActive, onFocus, onKeyDown }: IncidentRowProps): ReactNode {
  const { id, cause, domain, confidence, upstream, waitSeconds, time } = incident
  return (
    <a
      className={styles.link}
      href={fragmentOf({ ...HOME, view: 'incident', incident: id })}
      tabIndex={isActive ? 0 : -1}
      data-row={index}
      onFocus={onFocus}
      onKeyDown={onKeyDown}
    >
      <span className={styles.status} data-failed={(incident.status ?? 500) >= 500 || undefined}>
        {statusOf(incident)}
      </span>
      <span className={styles.what}>
        <span className={styles.cause}>{titleOf(cause)}</span>
        <span className={styles.judged}>
          <DomainMark domain={domain} />
          <ConfidenceMark confidence={confidence} />
        </span>
      </span>
      <span className={styles.request}>
        <span className={styles.path}>{requestOf(incident)}</span>
        <span className={styles.upstream}>
          {upstream === null ? 'no upstream' : `upstream ${visible(upstream, 80)}`}
        </span>
      </span>
      <span className={styles.when}>
        <span>{waitSeconds === null ? 'wait not known' : `waited ${duration(waitSeconds)}`}</span>
        <span className={styles.time}>{clock(time)}</span>
      </span>
    </a>
  )
}

/** `GET shop.example/api/report`, as much of it as was seen. */
function requestOf({ method, host, path, client }: Incident): string {
  if (method === null && path === null) return client === null ? 'request not seen' : 'the request is encrypted'
  return visible(`${method ?? '?'} ${path?.startsWith('/') ? (host ?? '') : ''}${path ?? ''}`, 200)
}

/** Time of day, to the millisecond. */
const clock = (time: string): string => visible(time.slice(11, 23), 20)

function target(key: string, current: number, last: number): number | null {
  const to: { readonly [key in string]?: number } = {
    ArrowDown: current + 1,
    ArrowUp: current - 1,
    PageDown: current + PAGE,
    PageUp: current - PAGE,
    Home: 0,
    End: last,
  }
  const wanted = to[key]
  return wanted === undefined ? null : Math.max(0, Math.min(last, wanted))
}

const range = (from: number, to: number): number[] => Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i)
