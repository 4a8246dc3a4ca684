// How kinds of packets are told apart: stroke, head and words. Colour only adds to it.
import type { Arrow, ArrowKind } from '@pcap-surgery/core'

export type Head = 'filled' | 'open' | 'bar' | 'double-bar' | 'diamond' | 'ring'

export interface Shape {
  width: number
  /** stroke-dasharray; empty: a whole line. */
  dash: string
  head: Head
  /** What it is, for the legend and for who cannot see it. */
  word: string
}

export const SHAPES: { readonly [kind in ArrowKind]: Shape } = {
  request: { width: 2.25, dash: '', head: 'filled', word: 'request' },
  response: { width: 2.25, dash: '', head: 'filled', word: 'response' },
  data: { width: 1.5, dash: '', head: 'filled', word: 'data' },
  syn: { width: 1.25, dash: '', head: 'open', word: 'handshake' },
  'syn-ack': { width: 1.25, dash: '', head: 'open', word: 'handshake' },
  ack: { width: 1, dash: '2 3', head: 'open', word: 'acknowledgement' },
  probe: { width: 1, dash: '1 4', head: 'open', word: 'keep-alive or probe' },
  tls: { width: 1.5, dash: '8 3', head: 'filled', word: 'TLS' },
  http2: { width: 1.5, dash: '8 3 2 3', head: 'filled', word: 'HTTP/2 frame' },
  fin: { width: 1.25, dash: '', head: 'bar', word: 'FIN' },
  reset: { width: 2, dash: '', head: 'double-bar', word: 'reset' },
  icmp: { width: 1.5, dash: '6 3 1 3', head: 'diamond', word: 'ICMP' },
  dns: { width: 1.25, dash: '4 3', head: 'ring', word: 'name lookup' },
  neighbour: { width: 1.25, dash: '1 3', head: 'ring', word: 'neighbour search' },
}

/** A kind that this page does not know yet is data. */
export const shapeOf = (kind: ArrowKind): Shape => SHAPES[kind] ?? SHAPES.data

/** Something went wrong with the packet, or it ends what was going on. */
export const isTrouble = ({ kind, lost, marks }: Arrow): boolean =>
  lost ||
  kind === 'reset' ||
  kind === 'icmp' ||
  marks.some((mark) => mark === 'retransmission' || mark === 'zero-window')
