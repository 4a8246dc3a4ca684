// The time-sequence plot of an incident's connections: what one side sent over time, what the other acknowledged, and
// how far its window let the first one go.
import { duration, type FrameRef, type Ladder, visible } from '@pcap-surgery/core'
import Crosshair from 'lucide-react/icons/crosshair'
import Maximize from 'lucide-react/icons/maximize'
import ZoomIn from 'lucide-react/icons/zoom-in'
import ZoomOut from 'lucide-react/icons/zoom-out'
import {
  type KeyboardEvent,
  type ReactNode,
  useCallback,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react'
import { type Chart, createChart } from './chart.ts'
import { aroundPlaces, fitted, panned, showing, valueAt, wholeOf, zoomed } from './extent.ts'
import { inksOf, onInksChanged } from './inks.ts'
import { InkPots, Legend } from './legend.tsx'
import { PacketTable, type PacketsProps, senderOf, wordsOf } from './packet-table.tsx'
import styles from './plot.module.css'
import {
  type Direction,
  firstConnection,
  firstDirection,
  type Place,
  type TimeSequence,
  timeSequenceOf,
} from './time-sequence-data.ts'

export interface TimeSequenceViewProps {
  ladder: Ladder
  /** Index of the arrow that is selected elsewhere on the page; null: none. */
  selected?: number | null
  /** A packet was chosen, by its arrow's index. */
  onSelect?: (arrow: number) => void
  /** What the page calls a frame; by default the capture's id and the number. */
  nameFrame?: (frame: FrameRef) => string
}

/** Which connection, which direction, and its plot. */
export function TimeSequenceView({
  ladder,
  selected = null,
  onSelect,
  nameFrame = byNumber,
}: TimeSequenceViewProps): ReactNode {
  const [connection, setConnection] = useState(() => firstConnection(ladder))
  const [direction, setDirection] = useState<Direction>(() => firstDirection(ladder, connection))
  const plot = useMemo(
    () => (ladder.connections[connection] === undefined ? null : timeSequenceOf(ladder, connection, direction)),
    [ladder, connection, direction],
  )
  const name = useId()
  if (plot === null) return <p>No packets of a connection were kept.</p>
  const { clientLane, serverLane } = ladder.connections[connection]!
  const lane = (at: number): string => visible(ladder.lanes[at]!.name)
  const ways: [Direction, string][] = [
    ['client', `${lane(clientLane)} to ${lane(serverLane)}`],
    ['server', `${lane(serverLane)} to ${lane(clientLane)}`],
  ]
  return (
    <div className={styles.view}>
      <div className={styles.controls}>
        <select
          className={styles.connection}
          aria-label="Connection"
          value={connection}
          onChange={(event) => {
            const chosen = Number(event.target.value)
            setConnection(chosen)
            setDirection(firstDirection(ladder, chosen))
          }}
        >
          {ladder.connections.map(({ client, server, leg }, i) => (
            <option key={`${client} ${server}`} value={i}>
              {`${leg === 'other' ? '' : `${leg} leg: `}${client} – ${server}`}
            </option>
          ))}
        </select>
        <fieldset className={styles.directions} aria-label="Segments">
          {ways.map(([way, words]) => (
            <label key={way}>
              <input type="radio" name={name} checked={way === direction} onChange={() => setDirection(way)} />
              {words}
            </label>
          ))}
        </fieldset>
      </div>
      <TimeSequencePlot
        key={`${connection} ${direction}`}
        ladder={ladder}
        plot={plot}
        selected={selected}
        onSelect={onSelect}
        nameFrame={nameFrame}
      />
      <Packets ladder={ladder} plot={plot} nameFrame={nameFrame} />
    </div>
  )
}

interface PlotProps {
  ladder: Ladder
  plot: TimeSequence
  selected: number | null
  onSelect: ((arrow: number) => void) | undefined
  nameFrame: (frame: FrameRef) => string
}

interface Part {
  from: number
  to: number
}

function TimeSequencePlot({ ladder, plot, selected, onSelect, nameFrame }: PlotProps): ReactNode {
  const whole = useMemo(() => wholeOf(plot), [plot])
  const [part, setPart] = useState<Part>(whole)
  const [withWindow, setWithWindow] = useState(false)
  const [active, setActive] = useState<Place | null>(null)
  const [isByKey, setIsByKey] = useState(false)
  const extent = useMemo(() => fitted(plot, part.from, part.to, withWindow), [plot, part, withWindow])
  const shown = active ?? plot.places.find(({ arrow }) => arrow === selected) ?? null
  const host = useChart({ plot, extent, shown, onSelect, setActive, setPart, setIsByKey, whole })
  const keys = useId()

  const deciding = useMemo(() => plot.places.filter(({ arrow }) => ladder.arrows[arrow]!.deciding), [ladder, plot])
  const zoom = (factor: number): void => setPart(zoomed(whole, part, factor, shown?.seconds))
  const toDeciding = (): void => {
    setPart(aroundPlaces(plot, whole, deciding))
    setActive(deciding[0]!)
  }
  const step = (by: number): void => {
    const places = plot.places.filter(({ at }) => at !== null)
    const at = shown === null ? -1 : places.findIndex(({ arrow }) => arrow === shown.arrow)
    const next = at < 0 ? (by > 0 ? 0 : places.length - 1) : Math.min(Math.max(at + by, 0), places.length - 1)
    const place = places[next]
    if (place === undefined) return
    setIsByKey(true)
    setActive(place)
    setPart((now) => showing(whole, now, place.seconds))
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const action = actionOf(event)
    if (action === null) return
    event.preventDefault()
    if (action === 'in') zoom(0.5)
    else if (action === 'out') zoom(2)
    else if (action === 'whole') setPart(whole)
    else if (action === 'open') {
      if (shown !== null) onSelect?.(shown.arrow)
    } else if (event.shiftKey) setPart(panned(whole, part, action * 0.25))
    else step(action)
  }
  const isWhole = part.to - part.from >= (whole.to - whole.from) * 0.999
  const edge = plot.window.reduce((highest, { value }) => Math.max(highest, value), 0)
  const isWindowHigh = useMemo(() => fitted(plot, whole.from, whole.to, false).high < edge, [plot, whole, edge])
  return (
    <>
      <div className={styles.controls}>
        {isWindowHigh && (
          <label className={styles.check}>
            <input type="checkbox" checked={withWindow} onChange={(event) => setWithWindow(event.target.checked)} />
            show the whole window (up to {edge.toLocaleString('en-US')})
          </label>
        )}
        <div className={styles.buttons} role="group" aria-label="Zoom">
          <IconButton name="Zoom in" icon={<ZoomIn />} onClick={() => zoom(0.5)} />
          <IconButton name="Zoom out" icon={<ZoomOut />} onClick={() => zoom(2)} isDisabled={isWhole} />
          <IconButton name="Show all" icon={<Maximize />} onClick={() => setPart(whole)} isDisabled={isWhole} />
          <IconButton
            name="Show what decides"
            icon={<Crosshair />}
            onClick={toDeciding}
            isDisabled={deciding.length === 0}
          />
        </div>
      </div>
      {/* oxlint-disable jsx-a11y/no-noninteractive-tabindex, jsx-a11y/no-noninteractive-element-interactions -- an
          application takes keys, and says which */}
      <div
        ref={host}
        className={styles.chart}
        role="application"
        aria-label={titleOf(plot)}
        aria-describedby={keys}
        tabIndex={0}
        onKeyDown={onKeyDown}
      >
        <InkPots />
      </div>
      {/* oxlint-enable jsx-a11y/no-noninteractive-tabindex, jsx-a11y/no-noninteractive-element-interactions */}
      <p className={styles.readout} aria-live={isByKey ? 'polite' : 'off'}>
        {shown === null ? (
          <span id={keys}>
            Drag over a time to zoom, double-click for all. Keys: left and right go from packet to packet (with Shift
            they move the view), up and down zoom, Home shows all, Enter opens the packet.
          </span>
        ) : (
          <>
            <span id={keys} hidden>
              Left and right: packet to packet. Up and down: zoom. Home: all. Enter: open the packet.
            </span>
            <Readout ladder={ladder} plot={plot} place={shown} nameFrame={nameFrame} />
          </>
        )}
      </p>
      <Legend plot={plot} isWindowAbove={isWindowHigh && !withWindow} />
    </>
  )
}

interface ChartUse {
  plot: TimeSequence
  extent: ReturnType<typeof fitted>
  shown: Place | null
  whole: Part
  onSelect: ((arrow: number) => void) | undefined
  setActive: (place: Place | null) => void
  setPart: (part: Part) => void
  setIsByKey: (isByKey: boolean) => void
}

/** Keeps a chart in the element whose ref it answers: as large as that, and in the colours of the page. */
function useChart(use: ChartUse): (element: HTMLDivElement | null) => (() => void) | undefined {
  const latest = useRef(use)
  const chart = useRef<{ chart: Chart; repaint: () => void } | null>(null)
  // Whatever the plot was rendered for: it is a few hundred packets.
  useLayoutEffect(() => {
    latest.current = use
    chart.current?.repaint()
  })
  return useCallback((element: HTMLDivElement | null) => {
    if (element === null) return undefined
    let inks = inksOf(element)
    const painting = (): Parameters<Chart['show']>[1] => ({
      plot: latest.current.plot,
      inks,
      active: latest.current.shown,
    })
    const one = createChart(element, latest.current.extent, painting(), {
      pointed: (place) => {
        latest.current.setIsByKey(false)
        latest.current.setActive(place)
      },
      chosen: ({ arrow }) => latest.current.onSelect?.(arrow),
      dragged: (from, to) => latest.current.setPart({ from, to }),
      reset: () => latest.current.setPart(latest.current.whole),
    })
    const repaint = (): void => one.show(latest.current.extent, painting())
    chart.current = { chart: one, repaint }
    const stop = onInksChanged(() => {
      inks = inksOf(element)
      repaint()
    })
    const observer = new ResizeObserver(() => one.resize(element.clientWidth, element.clientHeight))
    observer.observe(element)
    return () => {
      stop()
      observer.disconnect()
      one.destroy()
      chart.current = null
    }
  }, [])
}

/** What a key asks for: a step, a zoom, all, or the packet itself. */
function actionOf({ key, ctrlKey, metaKey, altKey }: KeyboardEvent): 'in' | 'out' | 'whole' | 'open' | 1 | -1 | null {
  if (ctrlKey || metaKey || altKey) return null
  switch (key) {
    case 'ArrowLeft':
      return -1
    case 'ArrowRight':
      return 1
    case 'ArrowUp':
    case '+':
    case '=':
      return 'in'
    case 'ArrowDown':
    case '-':
      return 'out'
    case 'Home':
    case '0':
      return 'whole'
    case 'Enter':
      return 'open'
    default:
      return null
  }
}

const byNumber = ({ capture, frame }: FrameRef): string => `${capture}:#${frame}`

const titleOf = ({ sender, receiver, segments }: TimeSequence): string =>
  `Time-sequence plot: ${segments.length} segments from ${sender} to ${receiver}`

interface ReadoutProps extends PacketsProps {
  place: Place
}

function Readout({ ladder, plot, place, nameFrame }: ReadoutProps): ReactNode {
  const arrow = ladder.arrows[place.arrow]!
  const { tcp } = arrow
  const acknowledged = valueAt(plot.acknowledged, place.seconds)
  const edge = valueAt(plot.window, place.seconds)
  const facts =
    tcp === null
      ? []
      : [
          tcp.flags,
          `seq ${tcp.seq < 0 ? 'unknown' : tcp.seq.toLocaleString('en-US')}`,
          `length ${tcp.length.toLocaleString('en-US')}`,
          ...(tcp.ack < 0 ? [] : [`ack ${tcp.ack.toLocaleString('en-US')}`]),
          `window ${tcp.window.toLocaleString('en-US')}`,
          ...(tcp.sack < 0 ? [] : [`SACK to ${tcp.sack.toLocaleString('en-US')}`]),
        ]
  const state = [
    ...(acknowledged === null ? [] : [`acknowledged by then ${acknowledged.toLocaleString('en-US')}`]),
    ...(edge === null ? [] : [`window’s edge ${edge.toLocaleString('en-US')}`]),
  ]
  return (
    <>
      <b>
        {arrow.seconds.toFixed(6)} s, {senderOf(ladder, arrow)}: {visible(arrow.label, 120)}
      </b>{' '}
      {[arrow.frames.map(nameFrame).join(', '), ...facts, ...wordsOf(arrow), ...state].join(' · ')}
    </>
  )
}

function Packets({ ladder, plot, nameFrame }: PacketsProps): ReactNode {
  const [isOpen, setIsOpen] = useState(false)
  return (
    <details className={styles.more} onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary>
        {plot.places.length} packets as a table
        {plot.omitted !== null &&
          `; ${plot.omitted.count.toLocaleString('en-US')} more in ${duration(plot.omitted.to - plot.omitted.from)} were not kept`}
      </summary>
      {isOpen && <PacketTable ladder={ladder} plot={plot} nameFrame={nameFrame} />}
    </details>
  )
}

interface IconButtonProps {
  name: string
  icon: ReactNode
  onClick: () => void
  isDisabled?: boolean
}

const IconButton = ({ name, icon, onClick, isDisabled = false }: IconButtonProps): ReactNode => (
  <button
    type="button"
    className={styles.button}
    title={name}
    aria-label={name}
    onClick={onClick}
    disabled={isDisabled}
  >
    {icon}
  </button>
)
