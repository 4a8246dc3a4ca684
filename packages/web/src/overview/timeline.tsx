// Incidents on a line of time, in front of how many requests there were. Dragging over it chooses a part of the time.
// Marks are one stop for Tab; arrow keys go from one to the next.
import type { Incident } from '@pcap-surgery/core'
import { type KeyboardEvent, type PointerEvent, type ReactNode, useMemo, useRef, useState } from 'react'
import { plural } from '../parts/duration.ts'
import { useWidth } from '../parts/use-width.ts'
import type { Traffic } from '../session/protocol.ts'
import { countsOf, secondsBetween } from './filter.ts'
import { titleOf } from './summary.ts'
import styles from './timeline.module.css'
import { clockAfter, offsetLabel, ticks } from './ticks.ts'

const HEIGHT = 132
const AXIS = 22
const BARS = 62
/** Marks stand above the bars, by what fell into the same few pixels. */
const MARK = 7
const MARKS_BASE = HEIGHT - AXIS - BARS - 8
/** Pointer movements up to this many pixels are a click. */
const CLICK = 4

export interface TimelineProps {
  traffic: Traffic
  /** All of them, and those that are chosen. */
  incidents: readonly Incident[]
  chosen: ReadonlySet<Incident>
  /** Part of the time that is chosen, in seconds after `traffic.begin`; null: all of it. */
  part: { from: number; to: number } | null
  onPart: (part: { from: number; to: number } | null) => void
  onOpen: (incident: Incident) => void
}

/** Incidents so close to each other that they are one mark. */
interface Mark {
  at: number
  from: number
  to: number
  incidents: Incident[]
}

export function Timeline({ traffic, incidents, chosen, part, onPart, onOpen }: TimelineProps): ReactNode {
  const [ref, width] = useWidth<HTMLDivElement>()
  const total = Math.max(traffic.binSeconds * traffic.exchanges.length, 1e-6)
  const x = (seconds: number): number => (Math.min(Math.max(seconds, 0), total) / total) * width
  const marks = useMemo(() => marksOf(incidents, traffic.begin, total, width), [incidents, traffic, total, width])
  const bars = useMemo(() => barsOf(traffic.exchanges, width), [traffic, width])
  const most = traffic.exchanges.reduce((a, b) => Math.max(a, b), 0)
  const [drag, setDrag] = useState<{ from: number; to: number } | null>(null)
  const [active, setActive] = useState(0)
  const markElements = useRef<(SVGGElement | null)[]>([])

  const secondsAt = (event: PointerEvent): number => {
    const { left } = ref.current!.getBoundingClientRect()
    return (Math.min(Math.max(event.clientX - left, 0), width) / width) * total
  }
  const onPointerDown = (event: PointerEvent<SVGSVGElement>): void => {
    if (event.button !== 0 || (event.target as Element).closest('[data-mark]') !== null) return
    event.currentTarget.setPointerCapture(event.pointerId)
    const at = secondsAt(event)
    setDrag({ from: at, to: at })
  }
  const onPointerUp = (): void => {
    if (drag === null) return
    setDrag(null)
    const [from, to] = [Math.min(drag.from, drag.to), Math.max(drag.from, drag.to)]
    onPart(x(to) - x(from) < CLICK ? null : { from, to })
  }
  const choose = ({ from, to, incidents: within }: Mark): void => {
    if (within.length === 1) onOpen(within[0]!)
    else onPart({ from, to })
  }
  const current = Math.min(active, marks.length - 1)
  const onKeyDown = (event: KeyboardEvent): void => {
    const to = { ArrowRight: current + 1, ArrowLeft: current - 1, Home: 0, End: marks.length - 1 }[event.key]
    if (event.key === 'Escape') onPart(null)
    if (event.key === 'Enter' || event.key === ' ') choose(marks[current]!)
    else if (to === undefined) return
    event.preventDefault()
    if (to === undefined) return
    const next = Math.max(0, Math.min(marks.length - 1, to))
    setActive(next)
    markElements.current[next]?.focus()
  }
  const isPast = drag ?? part
  const shown = isPast === null ? null : [isPast.from, isPast.to].toSorted((a, b) => a - b)

  return (
    <div ref={ref} className={styles.frame}>
      {width > 0 && (
        <svg
          className={styles.drawing}
          width={width}
          height={HEIGHT}
          role="group"
          aria-label={`Time line: ${plural(incidents.length, 'failed request')} and ${plural(
            traffic.exchanges.reduce((a, b) => a + b, 0),
            'request',
          )} in all`}
          onPointerDown={onPointerDown}
          onPointerMove={(event) => drag !== null && setDrag({ ...drag, to: secondsAt(event) })}
          onPointerUp={onPointerUp}
          onPointerCancel={() => setDrag(null)}
        >
          <path className={styles.bars} d={bars} />
          <path className={styles.base} d={`M0 ${HEIGHT - AXIS + 0.5}H${width}`} />
          {most > 0 && (
            <text className={styles.most} x={4} y={HEIGHT - AXIS - BARS + 4}>
              {`${plural(most, 'request')} in ${offsetLabel(traffic.binSeconds, traffic.binSeconds / 10).replace('+', '')}`}
            </text>
          )}
          {ticks(total, width).map(({ at, label, anchor }) => (
            <g key={at}>
              <path className={styles.tick} d={`M${x(at).toFixed(1)} ${HEIGHT - AXIS}v5`} />
              <text className={styles.label} x={x(at)} y={HEIGHT - 4} textAnchor={anchor}>
                {at === 0 ? clockAfter(traffic.begin, 0) : label}
              </text>
            </g>
          ))}
          {shown !== null && (
            <>
              <rect
                className={styles.part}
                x={x(shown[0]!)}
                y={0}
                width={Math.max(1, x(shown[1]!) - x(shown[0]!))}
                height={HEIGHT - AXIS}
              />
            </>
          )}
          {marks.map((mark, index) => {
            const isChosen = mark.incidents.some((incident) => chosen.has(incident))
            const size = MARK + Math.min(14, 4 * Math.log2(mark.incidents.length))
            return (
              <g
                key={mark.at}
                ref={(element) => {
                  markElements.current[index] = element
                }}
                data-mark
                className={styles.mark}
                data-chosen={isChosen || undefined}
                // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- there are no buttons in a drawing
                role="button"
                tabIndex={index === current ? 0 : -1}
                aria-label={labelOf(mark, traffic.begin)}
                onClick={() => choose(mark)}
                onFocus={() => setActive(index)}
                onKeyDown={onKeyDown}
              >
                <title>{labelOf(mark, traffic.begin)}</title>
                <rect className={styles.reach} x={mark.at - 6} y={0} width={12} height={HEIGHT - AXIS} />
                <path className={styles.stem} d={`M${mark.at.toFixed(1)} ${MARKS_BASE}V${HEIGHT - AXIS}`} />
                <path className={styles.head} d={diamond(mark.at, MARKS_BASE - size, size)} />
                {mark.incidents.length > 1 && (
                  <text className={styles.count} x={mark.at} y={MARKS_BASE - 2 * size - 3} textAnchor="middle">
                    {mark.incidents.length}
                  </text>
                )}
              </g>
            )
          })}
        </svg>
      )}
    </div>
  )
}

const diamond = (x: number, y: number, size: number): string =>
  `M${x.toFixed(1)} ${y - size}l${size * 0.75} ${size}l${-size * 0.75} ${size}l${-size * 0.75} ${-size}z`

/** Healthy traffic: low bars are still to be seen. */
function barsOf(exchanges: readonly number[], width: number): string {
  const most = exchanges.reduce((a, b) => Math.max(a, b), 0)
  if (most === 0 || width === 0) return ''
  const bar = width / exchanges.length
  const gap = bar > 4 ? 1 : 0
  return exchanges
    .map((count, i) => {
      if (count === 0) return ''
      const height = Math.max(2, (count / most) * (BARS - 12))
      return `M${(i * bar).toFixed(2)} ${HEIGHT - AXIS}v${(-height).toFixed(1)}h${(bar - gap).toFixed(2)}v${height.toFixed(1)}z`
    })
    .join('')
}

/** In order of time; pixels that a mark needs are what incidents have to be apart. */
function marksOf(incidents: readonly Incident[], begin: string, total: number, width: number): Mark[] {
  const placed = incidents
    .map((incident) => ({ incident, seconds: Math.min(Math.max(secondsBetween(begin, incident.time), 0), total) }))
    .toSorted((a, b) => a.seconds - b.seconds)
  const marks: Mark[] = []
  const apart = (16 / Math.max(width, 1)) * total
  for (const { incident, seconds } of placed) {
    const last = marks.at(-1)
    if (last !== undefined && seconds - last.from < apart) {
      last.incidents.push(incident)
      last.to = seconds
      last.at = ((last.from + last.to) / 2 / total) * width
    } else marks.push({ at: (seconds / total) * width, from: seconds, to: seconds, incidents: [incident] })
  }
  // So that each whole diamond is to be seen.
  for (const mark of marks) mark.at = Math.min(Math.max(mark.at, MARK), width - MARK)
  return marks
}

function labelOf({ incidents, from }: Mark, begin: string): string {
  const causes = countsOf(incidents.map(({ cause }) => titleOf(cause)))
  const named = causes.slice(0, 3).map(([title, count]) => (causes.length > 1 ? `${title} (${count})` : title))
  const rest = causes.length > 3 ? ' and others' : ''
  return `${clockAfter(begin, from)}: ${plural(incidents.length, 'failed request')}, ${named.join(', ')}${rest}`
}
