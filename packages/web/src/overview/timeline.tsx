// Incidents on a line of time, in front of how many requests there were. Dragging over it chooses a part of the time.
// Marks are one stop for Tab; arrow keys go from one to the next.
import { duration, type Incident, plural } from '@pcap-surgery/core'
import { type KeyboardEvent, type PointerEvent, type ReactNode, useMemo, useRef, useState } from 'react'
import { useWidth } from '../parts/use-width.ts'
import type { Traffic } from '../session/protocol.ts'
import { countsOf, secondsAfter, secondsBetween } from './filter.ts'
import { titleOf } from './summary.ts'
import styles from './timeline.module.css'
import { clockAfter, ticks } from './ticks.ts'

const HEIGHT = 124
/** Of the upper part, which is not there where nothing failed. */
const MARKS = 44
const AXIS = 22
const BARS = 60
/** Marks stand above the bars, by what fell into the same few pixels. */
const MARK = 6
const MARKS_BASE = HEIGHT - AXIS - BARS - 8
/** Pointer movements up to this many pixels are a click. */
const CLICK = 4

export interface TimelineProps {
  traffic: Traffic
  /** The time that is drawn: RFC 3339 and its length in seconds. */
  begin: string
  total: number
  /** All of them, and those that are chosen. */
  incidents: readonly Incident[]
  /** Failures that a retry hid. */
  masked: readonly Incident[]
  chosen: ReadonlySet<Incident>
  /** Part of the time that is chosen, in seconds after `begin`; null: all of it. */
  part: { from: number; to: number } | null
  onPart: (part: { from: number; to: number } | null) => void
  onOpen: (incident: Incident) => void
}

/** As the document numbers them: `m1`. */
const isMasked = ({ id }: Incident): boolean => id.startsWith('m')

/** Incidents so close to each other that they are one mark. */
interface Mark {
  at: number
  from: number
  to: number
  incidents: Incident[]
  /** Pixels that the longest of them waited. */
  wait: number
  label: string
}

export function Timeline(props: TimelineProps): ReactNode {
  const { traffic, begin, total, incidents, masked, chosen, part, onPart, onOpen } = props
  const [ref, width] = useWidth<HTMLDivElement>()
  const x = (seconds: number): number => (Math.min(Math.max(seconds, 0), total) / total) * width
  const marks = useMemo(
    () => marksOf([...incidents, ...masked], begin, total, width),
    [incidents, masked, begin, total, width],
  )
  const labelled = useMemo(() => withRoom(marks), [marks])
  const bars = useMemo(() => {
    const scale = width / total
    return barsOf(traffic.exchanges, secondsBetween(begin, traffic.begin) * scale, traffic.binSeconds * scale)
  }, [traffic, begin, total, width])
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
  const top = incidents.length + masked.length > 0 ? 0 : MARKS
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
          height={HEIGHT - top}
          viewBox={`0 ${top} ${width} ${HEIGHT - top}`}
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
          {ticks(total, width).map(({ at, label, anchor }) => (
            <g key={at}>
              <path className={styles.tick} d={`M${x(at).toFixed(1)} ${HEIGHT - AXIS}v5`} />
              <text className={styles.label} x={x(at)} y={HEIGHT - 4} textAnchor={anchor}>
                {at === 0 ? clockAfter(begin, 0) : label}
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
            const size = sizeOf(mark)
            return (
              <g
                key={mark.at}
                ref={(element) => {
                  markElements.current[index] = element
                }}
                data-mark
                className={styles.mark}
                data-chosen={isChosen || undefined}
                data-masked={mark.incidents.every(isMasked) || undefined}
                // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- there are no buttons in a drawing
                role="button"
                tabIndex={index === current ? 0 : -1}
                aria-label={mark.label}
                onClick={() => choose(mark)}
                onFocus={() => setActive(index)}
                onKeyDown={onKeyDown}
              >
                <title>{mark.label}</title>
                <rect className={styles.reach} x={mark.at - 6} y={0} width={12} height={HEIGHT - AXIS} />
                <path className={styles.stem} d={`M${mark.at.toFixed(1)} ${MARKS_BASE}V${HEIGHT - AXIS}`} />
                <path
                  className={styles.wait}
                  d={`M${mark.at.toFixed(1)} ${MARKS_BASE - size}h${mark.wait.toFixed(1)}`}
                />
                <path className={styles.head} d={diamond(mark.at, MARKS_BASE - size, size)} />
                {labelled.has(mark) && (
                  <text className={styles.count} x={mark.at} y={MARKS_BASE - 2 * size - 3} textAnchor="middle">
                    {mark.incidents.length}
                  </text>
                )}
              </g>
            )
          })}
        </svg>
      )}
      <p className={styles.legend}>
        {incidents.length > 0 && (
          <span>
            <Key path={diamond(8, 7, 5)} fill="var(--fail)" /> failed request, and how long the client waited
          </span>
        )}
        {masked.length > 0 && (
          <span>
            <Key path={diamond(8, 7, 5)} fill="none" stroke="var(--fail)" /> failure that a retry hid
          </span>
        )}
        {most > 0 && (
          <span>
            <Key path="M2 13v-4h3v4zM6 13v-11h3v11zM10 13v-7h3v7z" fill="var(--healthy)" /> exchanges
            {most > 1 && `, up to ${most.toLocaleString('en-US')} in ${duration(traffic.binSeconds)}`}
          </span>
        )}
        {incidents.length > 1 && <span>drag to choose a part of the time</span>}
      </p>
    </div>
  )
}

const Key = ({ path, fill, stroke }: { path: string; fill: string; stroke?: string }): ReactNode => (
  <svg className={styles.key} viewBox="0 0 16 14" aria-hidden="true">
    <path d={path} fill={fill} stroke={stroke} strokeWidth={1.5} />
  </svg>
)

const diamond = (x: number, y: number, size: number): string =>
  `M${x.toFixed(1)} ${y - size}l${size * 0.75} ${size}l${-size * 0.75} ${size}l${-size * 0.75} ${-size}z`

/** More incidents, a larger mark, up to what has room beside the next. */
const sizeOf = ({ incidents }: Mark): number => MARK + Math.min(3, Math.log2(incidents.length))

/** Pixels that a digit of a count needs. */
const DIGIT = 7

/** The marks whose number of incidents has room above them, beside that of the mark before. */
function withRoom(marks: readonly Mark[]): Set<Mark> {
  const found = new Set<Mark>()
  let end = -Infinity
  for (const mark of marks) {
    const half = (String(mark.incidents.length).length * DIGIT) / 2
    if (mark.incidents.length < 2 || mark.at - half < end + 3) continue
    found.add(mark)
    end = mark.at + half
  }
  return found
}

/** Traffic as bars of a width, from `left` on: low ones are still to be seen. */
function barsOf(exchanges: readonly number[], left: number, bar: number): string {
  const most = exchanges.reduce((a, b) => Math.max(a, b), 0)
  if (most === 0) return ''
  const gap = bar > 4 ? 1 : 0
  const wide = Math.max(bar - gap, 1.5)
  return exchanges
    .map((count, i) => {
      if (count === 0) return ''
      const height = Math.max(2, (count / most) * (BARS - 12))
      return `M${(left + i * bar).toFixed(2)} ${HEIGHT - AXIS}v${(-height).toFixed(1)}h${wide.toFixed(2)}v${height.toFixed(1)}z`
    })
    .join('')
}

/** In order of time; pixels that a mark needs are what incidents have to be apart. */
function marksOf(incidents: readonly Incident[], begin: string, total: number, width: number): Mark[] {
  if (width === 0) return []
  const secondsAt = secondsAfter(begin)
  const placed = incidents
    .map((incident) => ({ incident, seconds: Math.min(Math.max(secondsAt(incident.time), 0), total) }))
    .toSorted((a, b) => a.seconds - b.seconds)
  const marks: Mark[] = []
  const apart = (22 / Math.max(width, 1)) * total
  for (const { incident, seconds } of placed) {
    const last = marks.at(-1)
    if (last !== undefined && seconds - last.from < apart) {
      last.incidents.push(incident)
      last.to = seconds
      last.at = ((last.from + last.to) / 2 / total) * width
    } else {
      const at = (seconds / total) * width
      marks.push({ at, from: seconds, to: seconds, incidents: [incident], wait: 0, label: '' })
    }
  }
  for (const mark of marks) {
    const waited = mark.incidents.map(({ waitSeconds }) => waitSeconds ?? 0).reduce((a, b) => Math.max(a, b), 0)
    mark.wait = Math.min((waited / total) * width, width - mark.at)
    mark.label = labelOf(mark, begin)
  }
  // So that each whole diamond is to be seen.
  for (const mark of marks) mark.at = Math.min(Math.max(mark.at, MARK), width - MARK)
  return marks
}

function labelOf({ incidents, from }: Mark, begin: string): string {
  const causes = countsOf(incidents.map(({ cause }) => titleOf(cause)))
  const named = causes.slice(0, 3).map(([title, count]) => (causes.length > 1 ? `${title} (${count})` : title))
  const rest = causes.length > 3 ? ' and others' : ''
  const what = incidents.every(isMasked) ? 'failure that a retry hid' : 'failed request'
  const many = incidents.every(isMasked) ? 'failures that a retry hid' : 'failed requests'
  return `${clockAfter(begin, from)}: ${plural(incidents.length, what, many)}, ${named.join(', ')}${rest}`
}
