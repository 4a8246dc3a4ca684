// The plot in words: every packet of the connection, for who cannot see it or wants the numbers.
import { type Arrow, type FrameRef, type Ladder, markWords, visible } from '@pcap-surgery/core'
import type { ReactNode } from 'react'
import styles from './plot.module.css'
import type { TimeSequence } from './time-sequence-data.ts'

const COLUMNS = ['Seconds', 'From', 'Frame', 'What', 'Flags', 'Seq', 'Length', 'Ack', 'Window', 'SACK', 'Marks']

export interface PacketsProps {
  ladder: Ladder
  plot: TimeSequence
  nameFrame: (frame: FrameRef) => string
}

export function PacketTable({ ladder, plot, nameFrame }: PacketsProps): ReactNode {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls is reached by keys
    <div className={styles.tableBox} role="region" aria-label="Packets of the connection" tabIndex={0}>
      <table className={styles.table}>
        <thead>
          <tr>
            {COLUMNS.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {plot.places.map(({ arrow }) => (
            <PacketRow key={arrow} ladder={ladder} arrow={ladder.arrows[arrow]!} nameFrame={nameFrame} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

type RowProps = Omit<PacketsProps, 'plot'> & { arrow: Arrow }

function PacketRow({ ladder, arrow, nameFrame }: RowProps): ReactNode {
  const { seconds, frames, label, tcp } = arrow
  return (
    <tr>
      <td>{seconds.toFixed(6)}</td>
      <td>{senderOf(ladder, arrow)}</td>
      <td>{frames.map(nameFrame).join(', ')}</td>
      <td className={styles.words}>{visible(label, 80)}</td>
      <td>{tcp?.flags ?? '–'}</td>
      {[tcp?.seq, tcp?.length, tcp?.ack, tcp?.window, tcp?.sack].map((value, i) => (
        // oxlint-disable-next-line no-array-index-key -- columns stay where they are
        <td key={i}>{numberOf(value)}</td>
      ))}
      <td className={styles.words}>{wordsOf(arrow).join(', ') || '–'}</td>
    </tr>
  )
}

const numberOf = (value: number | undefined): string =>
  value === undefined || value < 0 ? '–' : value.toLocaleString('en-US')

export const senderOf = ({ lanes }: Ladder, { from }: Arrow): string => lanes[from]!.name

/** What is to be said of a packet beside its numbers. */
export const wordsOf = (arrow: Arrow): string[] => [
  ...markWords(arrow),
  ...(arrow.deciding ? ['decides the cause'] : []),
]
