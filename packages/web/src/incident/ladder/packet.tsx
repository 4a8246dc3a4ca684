// One packet of the ladder, or a bundle of them: its arrow and its label.
import {
  type Arrow,
  duration,
  type Ladder,
  type LadderLayout,
  markWords,
  offset,
  plural,
  visible,
} from '@pcap-surgery/core'
import type { ReactNode } from 'react'
import { ArrowShape } from './arrow-shape.tsx'
import styles from './ladder.module.css'
import { keyOf } from '../links.ts'
import { ABOVE, arrowOf, arrowsOf, type BundleRow, endsOf, type Look, type PacketRow, ROW } from './rows.ts'
import { isTrouble, shapeOf } from './shapes.ts'

/** Width of a character of a label, at most. */
const CHARACTER = 6.9
/** Room for the label of a packet to everybody, whose arrow is short. */
const ROOM_TO_ALL = 200

export interface PacketProps {
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

export function Packet({ id, row, ladder, layout, position, count, look, onEnter, onClick }: PacketProps): ReactNode {
  const arrow = ladder.arrows[arrowOf(row)]!
  const isBundle = row.kind === 'bundle'
  const { x1, x2, y2 } = endsOf(row, ladder, layout)
  const words = isBundle ? bundleWords(row) : [visible(arrow.label), ...markWords(arrow)].join(' · ')
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
      data-frames={arrowsOf(row)
        .flatMap((i) => ladder.arrows[i]!.frames.map(keyOf))
        .join(' ')}
      data-kind={isBundle ? 'bundle' : arrow.kind}
      data-trouble={trouble}
      {...look}
      onPointerEnter={onEnter}
      onClick={onClick}
    >
      <rect className={styles.hit} x={0} y={row.y - ABOVE} width={layout.width} height={ROW} />
      {isBundle ? (
        <Bundle row={row} x1={x1} x2={x2} />
      ) : (
        <ArrowShape shape={shapeOf(arrow.kind)} x1={x1} y1={row.y} x2={x2} y2={y2} isLost={arrow.lost} />
      )}
      <text className={styles.label} y={isBundle ? -8 : -5} transform={alongside(x1, row.y, x2, y2)}>
        {shortened(words, arrow.to === null ? ROOM_TO_ALL : Math.abs(x2 - x1))}
      </text>
    </g>
  )
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

const bundleWords = ({ arrows, bytes, seconds }: BundleRow): string =>
  `+ ${plural(arrows.length, 'packet')}, ${bytes.toLocaleString('en-US')} bytes in ${duration(seconds)}`

function shortened(words: string, room: number): string {
  const most = Math.max(4, Math.floor((room - 20) / CHARACTER))
  return words.length > most ? `${words.slice(0, most - 1)}…` : words
}

/** All that the arrow says, for who does not see it. */
function spoken(arrow: Arrow, { lanes }: Ladder): string {
  const from = lanes[arrow.from]?.name ?? 'a host'
  const to = arrow.to === null ? 'everybody' : (lanes[arrow.to]?.name ?? 'a host')
  const marks = markWords(arrow)
  return visible(
    `${offset(arrow.seconds)} s, ${from} to ${to}: ${shapeOf(arrow.kind).word}, ${arrow.label}` +
      `${marks.length > 0 ? `, ${marks.join(', ')}` : ''}${arrow.deciding ? ', decides' : ''}, frame ${arrow.frames[0]?.frame ?? ''}`,
  )
}
