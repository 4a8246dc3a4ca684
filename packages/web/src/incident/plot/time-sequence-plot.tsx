// The plot of one direction of one connection, with its keys, its zoom, and what is said of the packet that one stands on.
import { type FrameRef, type Ladder, visible } from '@pcap-surgery/core'
import Crosshair from 'lucide-react/icons/crosshair'
import Maximize from 'lucide-react/icons/maximize'
import ZoomIn from 'lucide-react/icons/zoom-in'
import ZoomOut from 'lucide-react/icons/zoom-out'
import { type KeyboardEvent, type ReactNode, useId, useMemo, useState } from 'react'
import { aroundPlaces, fitted, panned, showing, valueAt, wholeOf, zoomed } from './extent.ts'
import { InkPots, Legend } from './legend.tsx'
import { type PacketsProps, senderOf, wordsOf } from './packet-table.tsx'
import styles from './plot.module.css'
import type { Place, TimeSequence } from './time-sequence-data.ts'
import { type Part, useChart } from './use-chart.ts'

interface PlotProps {
  ladder: Ladder
  plot: TimeSequence
  selected: number | null
  onSelect: (arrow: number) => void
  nameFrame: (frame: FrameRef) => string
}

export function TimeSequencePlot({ ladder, plot, selected, onSelect, nameFrame }: PlotProps): ReactNode {
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
      if (shown !== null) onSelect(shown.arrow)
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
