// The ladder: hosts as lanes, packets as arrows at their true times, pauses folded. A list box of packets: arrow keys
// walk them, Enter opens a frame or a bundle. Only what is in view is drawn.
import { type Ladder, type LadderLayout, type LadderRow, layoutOf, leftOutWords, plural } from '@pcap-surgery/core'
import { type KeyboardEvent, type ReactNode, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from 'react'
import parts from '../../parts/parts.module.css'
import { useScrolled } from '../../parts/use-scrolled.ts'
import { keyOf, openFrame, standOn, useLinks, useOpenFrame } from '../links.ts'
import styles from './ladder.module.css'
import { Lanes } from './lanes.tsx'
import { Legend } from './legend.tsx'
import { Packet } from './packet.tsx'
import { Pause } from './pause.tsx'
import {
  ABOVE,
  arrowOf,
  arrowsOf,
  endsOf,
  firstOf,
  isPacketRow,
  type Look,
  type PacketRow,
  ROW,
  rowsByArrow,
} from './rows.ts'
import { Times } from './times.tsx'
import { Tooltip } from './tooltip.tsx'

const LEFT = 98
const LEFT_NARROW = 88
const RIGHT = 4
const LANE_LEAST = 128
const NARROW = 560
/** Rows drawn beyond what is in view. */
const BEYOND = 12

const UNSEEN = { top: 0, left: 0, width: 0, height: 600 }
const NONE: ReadonlySet<string> = new Set()
const NO_BUNDLES: ReadonlySet<number> = new Set()

export interface LadderViewProps {
  ladder: Ladder
  /** Name of a capture, for the tooltip. */
  captureName: (capture: number) => string
}

export function LadderView({ ladder, captureName }: LadderViewProps): ReactNode {
  const box = useRef<HTMLDivElement>(null)
  const view = useScrolled(box, UNSEEN)
  const openFrameRef = useOpenFrame()
  const [open, setOpen] = useState(NO_BUNDLES)
  const [isAll, setAll] = useState(false)
  const [stand, setStand] = useState<Stand>(() => ({ arrow: firstOf(ladder, openFrameRef), where: 'center' }))
  const [hovered, setHovered] = useState<number | null>(null)
  const [hasFocus, setFocus] = useState(false)
  const pointed = useLinks((links) => links.pointed)
  const idBase = useId()

  const left = view.width < NARROW ? LEFT_NARROW : LEFT
  const width = Math.max(view.width, left + RIGHT + LANE_LEAST * ladder.lanes.length - 20)
  const layout = useMemo(
    () => layoutOf(ladder, { width, left, right: RIGHT, top: 0, row: ROW, open: isAll ? 'all' : open }),
    [ladder, width, left, open, isAll],
  )
  const places = useMemo(() => rowsByArrow(layout), [layout])
  const packets = useMemo(() => layout.rows.filter(isPacketRow), [layout])
  const positions = useMemo(() => new Map(packets.map((row, i) => [row, i])), [packets])

  const active = stand.arrow
  // What one stands on comes into view, once: who scrolls away is let go.
  const brought = useRef<Stand | null>(null)
  useLayoutEffect(() => {
    if (view.width === 0 || brought.current === stand) return
    brought.current = stand
    bring(box.current!, places.get(stand.arrow), stand.where)
    aside(box.current!, places.get(stand.arrow), ladder, layout, left)
  }, [view.width, stand, places, ladder, layout, left])

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

  const activeRow = places.get(active)
  const onKeyDown = (event: KeyboardEvent): void => {
    const at = activeRow === undefined ? 0 : positions.get(activeRow)!
    const step = KEYS[event.key]
    if (step !== undefined) {
      const to = packets[Math.max(0, Math.min(packets.length - 1, at + step))]
      if (to !== undefined) go(arrowOf(to))
    } else if (event.key === 'Home') go(arrowOf(packets[0]!))
    else if (event.key === 'End') go(arrowOf(packets.at(-1)!))
    else if (event.key === 'Enter' || event.key === ' ') {
      if (activeRow !== undefined) enter(activeRow)
    } else if (event.key === 'Escape' && openFrameRef !== null) openFrame(null)
    else return
    event.preventDefault()
  }

  const shown = layout.rows.filter(({ y }) => y > view.top - BEYOND * ROW && y < view.top + view.height + BEYOND * ROW)
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
  const tipped = hovered ?? (hasFocus && openFrameRef === null ? active : null)
  const leftOut = leftOutWords(ladder)
  const tipRow = tipped === null ? undefined : places.get(tipped)
  return (
    <div className={styles.ladder}>
      <div className={styles.tools}>
        <p className={styles.count}>
          {plural(ladder.arrows.length, 'packet')} <span>of {plural(ladder.connections.length, 'connection')}</span>
          {leftOut !== null && <span>; not drawn: {leftOut}</span>}
        </p>
        <label className={styles.all}>
          <input type="checkbox" checked={isAll} onChange={(event) => setAll(event.target.checked)} /> Every packet by
          itself
        </label>
        {open.size > 0 && !isAll && (
          <button type="button" className={parts.more} onClick={() => setOpen(NO_BUNDLES)}>
            Close bundles
          </button>
        )}
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
          {/* Grounds and pauses lie below all arrows, which may slope over the rows behind theirs. */}
          {drawn.filter(isPacketRow).map((row) => (
            <rect
              key={arrowOf(row)}
              className={styles.ground}
              {...lookOf(row)}
              x={1}
              y={row.y - ABOVE}
              width={layout.width - 2}
              height={ROW - 1}
              rx={4}
            />
          ))}
          {drawn.map(
            (row) => !isPacketRow(row) && <Pause key={`${row.kind}${row.y}`} row={row} layout={layout} left={left} />,
          )}
          {drawn.filter(isPacketRow).map((row) => (
            <Packet
              key={arrowOf(row)}
              id={`${idBase}-${arrowOf(row)}`}
              row={row}
              ladder={ladder}
              layout={layout}
              position={positions.get(row)! + 1}
              count={packets.length}
              look={lookOf(row)}
              onEnter={() => setHovered(arrowOf(row))}
              onClick={() => enter(row)}
            />
          ))}
          <Times
            rows={drawn.filter(isPacketRow)}
            ladder={ladder}
            lookOf={lookOf}
            width={left}
            height={layout.height}
            scrolled={view.left}
          />
        </svg>
        {tipRow?.kind === 'arrow' && (
          <Tooltip
            arrow={ladder.arrows[tipRow.arrow]!}
            before={ladder.arrows[tipRow.arrow - 1] ?? null}
            captureName={captureName}
            place={tooltipPlace(endsOf(tipRow, ladder, layout), tipRow.y, view, left)}
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

/** Scrolls sideways where an arrow is not in view. */
function aside(box: HTMLElement, row: PacketRow | undefined, ladder: Ladder, layout: LadderLayout, left: number): void {
  if (row === undefined) return
  const { x1, x2 } = endsOf(row, ladder, layout)
  const [from, to] = [Math.min(x1, x2) - left - ROW, Math.max(x1, x2) + ROW]
  if (from < box.scrollLeft) box.scrollLeft = from
  else if (to > box.scrollLeft + box.clientWidth) box.scrollLeft = Math.min(from, to - box.clientWidth)
}

/** Beside the arrow where there is more room, below it or above. */
function tooltipPlace(
  { x1, x2 }: { x1: number; x2: number },
  y: number,
  view: { width: number; top: number; left: number; height: number },
  left: number,
): { left: number; top: number; translate: string } {
  const [from, to] = [Math.min(x1, x2) - view.left, Math.max(x1, x2) - view.left]
  const isAbove = y - view.top > view.height * 0.5
  const isBefore = from - left > view.width - to
  const across = isBefore ? Math.max(left + 8, from - 8) : Math.min(to + 8, view.width - 8)
  const roomy = Math.max(from - left, view.width - to) > TOOLTIP
  const x = roomy ? across : left + 8
  return {
    left: view.left + x,
    top: isAbove ? y - ABOVE - 4 : y + 12,
    translate: `${roomy && isBefore ? '-100%' : '0'} ${isAbove ? '-100%' : '0'}`,
  }
}

/** Width that a tooltip takes, about. */
const TOOLTIP = 300

const KEYS: { readonly [key: string]: number } = { ArrowDown: 1, ArrowUp: -1, PageDown: 12, PageUp: -12, j: 1, k: -1 }
