// What is written at the arrows of a ladder, wherever it is drawn. Untrusted text is escaped by whoever draws.
import { duration, offset, plural } from '../amounts.ts'
import type { FrameRef } from './document.ts'
import type { BundleRow } from './ladder-layout.ts'
import type { Arrow, ArrowMark, Ladder, Lane } from './ladder.ts'

const MARK_WORDS: { readonly [mark in ArrowMark]?: string } = {
  retransmission: 'retransmission',
  spurious: 'spurious',
  'out-of-order': 'out of order',
  'zero-window': 'window 0',
  'window-full': 'window full',
  'duplicate-ack': 'duplicate ACK',
  'gap-before': 'gap before it',
  sack: 'SACK',
  unsent: 'not seen leaving',
}

/** What became of a packet, as far as its label does not say it. */
export function markWords({ kind, marks, lost }: Arrow): string[] {
  const words = marks.flatMap((mark) => (mark === 'zero-window' && kind === 'ack' ? [] : (MARK_WORDS[mark] ?? [])))
  return lost ? [...words, 'lost'] : words
}

/** `GET /api/report (retransmission, lost)`. */
export const arrowWords = (arrow: Arrow, words: readonly string[] = markWords(arrow)): string =>
  words.length === 0 ? arrow.label : `${arrow.label} (${words.join(', ')})`

/** `12 packets, 300,162 bytes`. */
export const bundleWords = ({ arrows, bytes }: BundleRow): string =>
  bytes === 0 ? `${arrows.length} packets` : `${arrows.length} packets, ${bytes.toLocaleString('en-US')} bytes`

/** `10.1.0.1 · 10.2.0.1`, or the name that a lookup gave. */
export function laneWords({ host, addresses }: Lane): string {
  const some = addresses.slice(0, 2).join(' · ')
  const more = addresses.length > 2 ? ` · ${addresses.length - 2} more` : ''
  return host === null ? some + more : `${host} (${addresses[0]})`
}

/** Everything that is known of one packet: for who asks what an arrow is. */
export function arrowDetail({ lanes }: Ladder, arrow: Arrow): string {
  const { seconds, arrivalSeconds, from, to, tcp } = arrow
  const way = `${lanes[from]!.name} → ${to === null ? 'everybody' : lanes[to]!.name}`
  const numbers =
    tcp === null
      ? []
      : [
          `seq ${tcp.seq}`,
          ...(tcp.ack < 0 ? [] : [`ack ${tcp.ack}`]),
          `length ${tcp.length}`,
          `window ${tcp.window}`,
          ...(tcp.sack < 0 ? [] : [`SACK to ${tcp.sack}`]),
          tcp.flags,
          ...(tcp.ttl > 0 ? [`TTL ${tcp.ttl}`] : []),
        ]
  const arrived = arrivalSeconds === null ? [] : [`arrived after ${duration(arrivalSeconds - seconds)}`]
  return [arrowWords(arrow), way, `at ${offset(seconds)} s`, ...arrived, ...numbers].join(', ')
}

/** `3 more hosts with 12 packets`; null where none is left out. */
export const leftOutWords = ({ leftOut: { lanes, packets } }: Ladder): string | null =>
  lanes === 0 ? null : `${plural(lanes, 'more host')} with ${plural(packets, 'packet')}`

/** Captures named at one arrow, and characters of their names. */
const MOST_CAPTURES = 2
const LONGEST_NAME = 16

/** Frames in little room, the sender's end first: `#17`, or with the names of captures `proxy-back #19, upstream #17`. */
export function frameWords(frames: readonly FrameRef[], nameOf: ((capture: number) => string) | null): string {
  const some = frames
    .slice(0, MOST_CAPTURES)
    .map(({ capture, frame }) => (nameOf === null ? `#${frame}` : `${shortened(nameOf(capture))} #${frame}`))
  return some.join(', ') + (frames.length > MOST_CAPTURES ? ' …' : '')
}

/** Names that captures of one place have differ at their beginning or at their end. */
const shortened = (name: string): string =>
  name.length <= LONGEST_NAME ? name : `${name.slice(0, LONGEST_NAME / 2)}…${name.slice(1 - LONGEST_NAME / 2)}`
