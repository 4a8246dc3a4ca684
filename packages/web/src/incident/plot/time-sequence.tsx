// The time-sequence plot of an incident's connections: what one side sent over time, what the other acknowledged, and
// how far its window let the first one go.
import { duration, type FrameRef, type Ladder, visible } from '@pcap-surgery/core'
import { type ReactNode, useId, useMemo, useState } from 'react'
import { PacketTable, type PacketsProps } from './packet-table.tsx'
import styles from './plot.module.css'
import { type Direction, firstConnection, firstDirection, timeSequenceOf } from './time-sequence-data.ts'
import { TimeSequencePlot } from './time-sequence-plot.tsx'

export interface TimeSequenceViewProps {
  ladder: Ladder
  /** Index of the arrow that is selected elsewhere on the page; null: none. */
  selected: number | null
  /** A packet was chosen, by its arrow's index. */
  onSelect: (arrow: number) => void
  /** What the page calls a frame. */
  nameFrame: (frame: FrameRef) => string
}

/** Which connection, which direction, and its plot. */
export function TimeSequenceView({ ladder, selected, onSelect, nameFrame }: TimeSequenceViewProps): ReactNode {
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
