// The ladder: hosts as lanes, packets as arrows at their true times, pauses folded. A list box of packets: arrow keys
// walk them, Enter opens a frame or a bundle. Only what is in view is drawn.
import { type Arrow, type Ladder, type LadderLayout, type LadderRow, layoutOf } from '@pcap-surgery/core'
import { type KeyboardEvent, type ReactNode, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from 'react'
import { duration, offset, plural } from '../../parts/duration.ts'
import { visible } from '../../parts/text.ts'
import { keyOf, openFrame, standOn, useLinks, useOpenFrame } from '../links.ts'
import { ArrowShape } from './arrow-shape.tsx'
import styles from './ladder.module.css'
import { Legend } from './legend.tsx'
import { isTrouble, marksOf, shapeOf } from './shapes.ts'
import { Tooltip } from './tooltip.tsx'

const ROW = 28
const LEFT = 88
const LEFT_NARROW = 74
const RIGHT = 12
const LANE_LEAST = 134
const NARROW = 560
/** Rows drawn beyond what is in view. */
const BEYOND = 12
/** Width of a character of a label, at most. */
const CHARACTER = 6.9

export interface LadderViewProps {
  ladder: Ladder
  /** Name of a capture, for the tooltip. */
  captureName: (capture: number) => string
}

export function LadderView({ ladder, captureName }: LadderViewProps): ReactNode {
  const box = useRef<HTMLDivElement>(null)
  const [view, setView] = useState({ width: 720, top: 0, left: 0, height: 600 })
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set())
  const [isAll, setAll] = useState(false)
  const [stand, setStand] = useState<Stand>(() => ({ arrow: firstOf(ladder), where: 'center' }))
  const [hovered, setHovered] = useState<number | null>(null)
  const [hasFocus, setFocus] = useState(false)
  const pointed = useLinks((links) => links.pointed)
  const openFrameRef = useOpenFrame()
  const idBase = useId()

  const left = view.width < NARROW ? LEFT_NARROW : LEFT
  const width = Math.max(view.width, left + RIGHT + LANE_LEAST * ladder.lanes.length)
  const layout = useMemo(
    () => layoutOf(ladder, { width, left, right: RIGHT, top: 0, row: ROW, open: isAll ? 'all' : open }),
    [ladder, width, left, open, isAll],
  )
  const places = useMemo(() => placesOf(layout), [layout])
  const packets = useMemo(() => layout.rows.filter(isPacketRow), [layout])

  useLayoutEffect(() => {
    const element = box.current!
    const measure = (): void =>
      setView({
        width: element.clientWidth,
        top: element.scrollTop,
        left: element.scrollLeft,
        height: element.clientHeight,
      })
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    element.addEventListener('scroll', measure, { passive: true })
    return () => {
      observer.disconnect()
      element.removeEventListener('scroll', measure)
    }
  }, [])

  const active = stand.arrow
  // What one stands on comes into view, once: who scrolls away is let go.
  const brought = useRef<Stand | null>(null)
  useLayoutEffect(() => {
    if (brought.current === stand) return
    brought.current = stand
    bring(box.current!, places.get(stand.arrow), stand.where)
  }, [stand, places])

  // The panel takes room from the box.
  const hasPanel = openFrameRef !== null
  useEffect(() => {
    if (!hasPanel) return
    box.current!.scrollIntoView({ block: 'nearest' })
    bring(box.current!, places.get(stand.arrow), 'nearest')
  }, [hasPanel, stand, places])

  // What is pointed out elsewhere.
  useEffect(
    () =>
      useLinks.subscribe(({ wanted }, before) => {
        if (wanted === null || wanted === before.wanted) return
        const arrow = ladder.arrows.findIndex(({ frames }) => frames.some((ref) => wanted.keys.has(keyOf(ref))))
        if (arrow < 0) return
        setStand({ arrow, where: 'center' })
        standOn(ladder.arrows[arrow]!.frames)
      }),
    [ladder],
  )

  const show = (arrow: number): void => {
    const frames = ladder.arrows[arrow]?.frames ?? []
    const same = frames.find((ref) => ref.capture === openFrameRef?.capture)
    if (frames[0] !== undefined) openFrame(same ?? frames[0])
  }

  const go = (arrow: number): void => {
    setStand({ arrow, where: 'nearest' })
    standOn(ladder.arrows[arrow]?.frames ?? [])
    // An open panel follows.
    if (openFrameRef !== null) show(arrow)
  }

  const enter = (row: LadderRow): void => {
    if (row.kind === 'bundle') {
      setOpen((now) => new Set([...now, row.id]))
      setStand({ arrow: row.id, where: 'nearest' })
    } else if (row.kind === 'arrow') {
      setStand({ arrow: row.arrow, where: 'nearest' })
      standOn(ladder.arrows[row.arrow]!.frames)
      show(row.arrow)
    }
  }

  const onKeyDown = (event: KeyboardEvent): void => {
    const at = packets.findIndex((row) => row === places.get(active))
    const step = KEYS[event.key]
    if (step !== undefined) {
      const to = packets[Math.max(0, Math.min(packets.length - 1, at + step))]
      if (to !== undefined) go(arrowOf(to))
    } else if (event.key === 'Home') go(arrowOf(packets[0]!))
    else if (event.key === 'End') go(arrowOf(packets.at(-1)!))
    else if (event.key === 'Enter' || event.key === ' ') {
      const row = places.get(active)
      if (row !== undefined) enter(row)
    } else if (event.key === 'Escape' && openFrameRef !== null) openFrame(null)
    else return
    event.preventDefault()
  }

  const shown = layout.rows.filter(({ y }) => y > view.top - BEYOND * ROW && y < view.top + view.height + BEYOND * ROW)
  const activeRow = places.get(active)
  const isActiveShown = activeRow !== undefined && shown.includes(activeRow)
  const drawn = isActiveShown || activeRow === undefined ? shown : [...shown, activeRow]
  const isAmong = (row: PacketRow, keys: ReadonlySet<string>): boolean =>
    keys.size > 0 && arrowsOf(row).some((i) => ladder.arrows[i]!.frames.some((ref) => keys.has(keyOf(ref))))
  const openKeys = openFrameRef === null ? NONE : new Set([keyOf(openFrameRef)])
  const lookOf = (row: PacketRow): Look => ({
    'data-deciding': row.kind === 'arrow' && ladder.arrows[row.arrow]!.deciding,
    'data-hovered': arrowOf(row) === hovered,
    'data-active': hasFocus && row === activeRow,
    'data-open': isAmong(row, openKeys),
    'data-pointed': isAmong(row, pointed),
  })
  const tipped = hovered ?? (hasFocus ? active : null)
  const tipRow = tipped === null ? undefined : places.get(tipped)
  return (
    <div className={styles.ladder}>
      <div className={styles.tools}>
        <p className={styles.count}>
          {plural(ladder.arrows.length, 'packet')} <span>of {plural(ladder.connections.length, 'connection')}</span>
        </p>
        <label className={styles.all}>
          <input type="checkbox" checked={isAll} onChange={(event) => setAll(event.target.checked)} /> Every packet by
          itself
        </label>
        <Legend />
      </div>
      <div
        ref={box}
        className={styles.box}
        role="listbox"
        aria-label="Packets, in order of time"
        aria-activedescendant={activeRow === undefined ? undefined : `${idBase}-${active}`}
        tabIndex={0}
        onKeyDown={onKeyDown}
        onFocus={() => {
          setFocus(true)
          standOn(ladder.arrows[active]?.frames ?? [])
        }}
        onBlur={() => setFocus(false)}
        onPointerLeave={() => setHovered(null)}
      >
        <Lanes ladder={ladder} layout={layout} />
        <svg className={styles.drawing} width={layout.width} height={layout.height} role="presentation">
          <g className={styles.lanes} aria-hidden="true">
            {layout.lanes.map((x) => (
              <line key={x} x1={x} x2={x} y1={0} y2={layout.height} />
            ))}
          </g>
          {/* Grounds lie below all arrows, which may slope over the rows behind theirs. */}
          {drawn.filter(isPacketRow).map((row) => (
            <rect
              key={arrowOf(row)}
              className={styles.ground}
              {...lookOf(row)}
              x={1}
              y={row.y - 19}
              width={layout.width - 2}
              height={ROW - 1}
              rx={4}
            />
          ))}
          {drawn.map((row) =>
            isPacketRow(row) ? (
              <Packet
                key={arrowOf(row)}
                id={`${idBase}-${arrowOf(row)}`}
                row={row}
                ladder={ladder}
                layout={layout}
                position={packets.indexOf(row) + 1}
                count={packets.length}
                look={lookOf(row)}
                onEnter={() => setHovered(arrowOf(row))}
                onClick={() => enter(row)}
              />
            ) : (
              <Pause key={`${row.kind}${row.y}`} row={row} layout={layout} left={left} />
            ),
          )}
        </svg>
        {tipRow?.kind === 'arrow' && (
          <Tooltip
            arrow={ladder.arrows[tipRow.arrow]!}
            before={ladder.arrows[tipRow.arrow - 1] ?? null}
            captureName={captureName}
            x={left + 8}
            y={tipRow.y + 14}
            isAbove={tipRow.y - view.top > view.height * 0.5}
            scrolled={view.left}
          />
        )}
      </div>
    </div>
  )
}

/** Where one stands, and how it is to come into view. */
interface Stand {
  arrow: number
  where: 'nearest' | 'center'
}

function bring(box: HTMLElement, row: LadderRow | undefined, where: Stand['where']): void {
  if (row === undefined) return
  // The hosts' names lie over the top of the box, and stand above the drawing.
  const head = box.firstElementChild!.clientHeight
  const room = box.clientHeight - head
  if (where === 'center') box.scrollTop = row.y - room / 2
  else if (row.y - 2 * ROW < box.scrollTop) box.scrollTop = row.y - 2 * ROW
  else if (row.y + 2 * ROW > box.scrollTop + room) box.scrollTop = row.y + 2 * ROW - room
}

const KEYS: { readonly [key: string]: number } = { ArrowDown: 1, ArrowUp: -1, PageDown: 12, PageUp: -12, j: 1, k: -1 }

type PacketRow = Extract<LadderRow, { kind: 'arrow' | 'bundle' }>

const isPacketRow = (row: LadderRow): row is PacketRow => row.kind === 'arrow' || row.kind === 'bundle'
const arrowOf = (row: PacketRow): number => (row.kind === 'arrow' ? row.arrow : row.id)
const arrowsOf = (row: PacketRow): readonly number[] => (row.kind === 'arrow' ? [row.arrow] : row.arrows)

/** The first packet that decides, or the first of all. */
const firstOf = ({ arrows }: Ladder): number =>
  Math.max(
    0,
    arrows.findIndex(({ deciding }) => deciding),
  )

/** The row of every packet, by its index. */
function placesOf({ rows }: LadderLayout): Map<number, PacketRow> {
  const places = new Map<number, PacketRow>()
  for (const row of rows) if (isPacketRow(row)) for (const arrow of arrowsOf(row)) places.set(arrow, row)
  return places
}

/** Who talks, above the scrolled drawing. */
function Lanes({ ladder, layout }: { ladder: Ladder; layout: LadderLayout }): ReactNode {
  const pitch = layout.lanes.length > 1 ? layout.lanes[1]! - layout.lanes[0]! : layout.width / 2
  return (
    <div className={styles.heads} style={{ width: layout.width }} role="presentation" aria-hidden="true">
      <span className={styles.timeHead}>time</span>
      {ladder.lanes.map(({ name, role, addresses, host }, i) => {
        const shown = visible(host === null ? addresses.join(', ') : `${host} ${addresses.join(', ')}`)
        return (
          <div
            key={layout.lanes[i]}
            className={styles.head}
            data-role={role}
            style={{ left: layout.lanes[i]! - pitch / 2 + 4, width: pitch - 8 }}
            title={shown}
          >
            <strong>{visible(name)}</strong>
            <span>{shown}</span>
          </div>
        )
      })}
    </div>
  )
}

/** How a row is set off, told alike to its ground and its arrow. */
type Look = { readonly [what in `data-${'deciding' | 'hovered' | 'active' | 'open' | 'pointed'}`]: boolean }

const NONE: ReadonlySet<string> = new Set()

interface PacketProps {
  id: string
  row: PacketRow
  ladder: Ladder
  layout: LadderLayout
  position: number
  count: number
  look: Look
  onEnter: () => void
  onClick: () => void
}

function Packet({ id, row, ladder, layout, position, count, look, onEnter, onClick }: PacketProps): ReactNode {
  const arrow = ladder.arrows[arrowOf(row)]!
  const isBundle = row.kind === 'bundle'
  const { x1, x2, y2 } = endsOf(row, arrow, layout)
  const words = isBundle ? bundleWords(row) : [visible(arrow.label), ...marksOf(arrow)].join(' · ')
  const trouble = !isBundle && isTrouble(arrow)
  return (
    <g
      id={id}
      role="option"
      aria-selected={look['data-open']}
      aria-label={isBundle ? `${words}, closed` : spoken(arrow, ladder)}
      aria-posinset={position}
      aria-setsize={count}
      className={styles.packet}
      data-kind={isBundle ? 'bundle' : arrow.kind}
      data-trouble={trouble}
      {...look}
      onPointerEnter={onEnter}
      onClick={onClick}
    >
      <rect className={styles.hit} x={0} y={row.y - 19} width={layout.width} height={ROW} />
      {!isBundle && arrow.deciding && <path className={styles.decides} d={`M10 ${row.y - 10}l5 5-5 5-5-5Z`} />}
      <text className={styles.time} x={layoutLeft(layout)} y={row.y - 1}>
        {offset(arrow.seconds).replace(' s', '')}
      </text>
      {isBundle ? (
        <Bundle row={row} x1={x1} x2={x2} />
      ) : (
        <ArrowShape shape={shapeOf(arrow.kind)} x1={x1} y1={row.y} x2={x2} y2={y2} isLost={arrow.lost} />
      )}
      <text className={styles.label} y={-5} transform={alongside(x1, row.y, x2, y2)}>
        {shortened(words, Math.abs(x2 - x1))}
      </text>
    </g>
  )
}

/** Times stand before the first lane's half. */
const layoutLeft = ({ lanes, width }: LadderLayout): number => {
  const pitch = lanes.length > 1 ? lanes[1]! - lanes[0]! : width / 2
  return Math.max(60, lanes[0]! - pitch / 2 - 8)
}

/** Both ends of an arrow; of one to everybody, or to its own host, a short one. */
function endsOf(row: PacketRow, arrow: Arrow, { lanes }: LadderLayout): { x1: number; x2: number; y2: number } {
  const from = row.kind === 'bundle' ? row.from : arrow.from
  const to = row.kind === 'bundle' ? row.to : arrow.to
  const x1 = lanes[from]!
  const y2 = row.kind === 'bundle' ? row.y : row.arrivalY
  if (to !== null && to !== from) return { x1, x2: lanes[to]!, y2 }
  const isLast = from === lanes.length - 1
  return { x1, x2: isLast ? x1 - 90 : x1 + 90, y2 }
}

/** A label goes along its line, from left to right. */
function alongside(x1: number, y1: number, x2: number, y2: number): string {
  const slope = (Math.atan2(y2 - y1, Math.abs(x2 - x1)) * 180) / Math.PI
  return `translate(${(x1 + x2) / 2} ${(y1 + y2) / 2}) rotate(${x2 < x1 ? -slope : slope})`
}

/** Packets behind one another. */
const Bundle = ({ row, x1, x2 }: { row: { y: number }; x1: number; x2: number }): ReactNode => (
  <g className={styles.stroke} strokeWidth="1">
    {[-3, 0, 3].map((dy) => (
      <line key={dy} x1={x1} x2={x2} y1={row.y + dy} y2={row.y + dy} strokeDasharray={dy === 0 ? '' : '5 3'} />
    ))}
    <path className={styles.filled} d={x2 > x1 ? `M${x2 - 2} ${row.y}l-9-5v10Z` : `M${x2 + 2} ${row.y}l9-5v10Z`} />
  </g>
)

const bundleWords = ({ arrows, bytes, seconds }: Extract<LadderRow, { kind: 'bundle' }>): string =>
  `+ ${plural(arrows.length, 'packet')}, ${bytes.toLocaleString('en-US')} bytes in ${duration(seconds)}`

function shortened(words: string, room: number): string {
  const most = Math.max(4, Math.floor((room - 20) / CHARACTER))
  return words.length > most ? `${words.slice(0, most - 1)}…` : words
}

/** All that the arrow says, for who does not see it. */
function spoken(arrow: Arrow, { lanes }: Ladder): string {
  const from = lanes[arrow.from]?.name ?? 'a host'
  const to = arrow.to === null ? 'everybody' : (lanes[arrow.to]?.name ?? 'a host')
  const marks = marksOf(arrow)
  return visible(
    `${offset(arrow.seconds)}, ${from} to ${to}: ${shapeOf(arrow.kind).word}, ${arrow.label}` +
      `${marks.length > 0 ? `, ${marks.join(', ')}` : ''}${arrow.deciding ? ', decides' : ''}, frame ${arrow.frames[0]?.frame ?? ''}`,
  )
}

/** Time in which nothing happened, or packets that nobody kept. */
function Pause({ row, layout, left }: { row: LadderRow; layout: LadderLayout; left: number }): ReactNode {
  const text =
    row.kind === 'fold'
      ? `${duration(row.seconds)}`
      : row.kind === 'omitted'
        ? `${plural(row.count, 'packet')} not kept`
        : ''
  const [from, to] = [left, layout.width - RIGHT]
  const y = row.y - 5
  return (
    <g className={styles.pause} aria-hidden="true">
      <rect x={1} y={y - 12} width={layout.width - 2} height={ROW - 4} />
      <path d={zigzag(from, to, y)} />
      <text x={(from + to) / 2} y={y + 4}>
        {text}
      </text>
    </g>
  )
}

function zigzag(from: number, to: number, y: number): string {
  let path = `M${from} ${y}`
  for (let x = from + 6, up = true; x < to; x += 6, up = !up) path += `L${x} ${y + (up ? -3 : 3)}`
  return path
}
