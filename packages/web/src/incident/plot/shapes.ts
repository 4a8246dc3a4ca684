// The signs of a time-sequence plot, told apart by shape: the same paths on the canvas and in the legend.
import type { Mark, MarkKind, SegmentKind } from './time-sequence-data.ts'

/** Names of colours: each is an element of the legend's style sheet, so that both schemes and forced colours hold. */
export type InkName =
  | 'text'
  | 'soft'
  | 'grid'
  | 'ground'
  | 'data'
  | 'again'
  | 'acknowledged'
  | 'window'
  | 'sack'
  | 'control'
  | 'bad'
  | 'moment'
  | 'deciding'

export interface Sign {
  name: string
  ink: InkName
  /** SVG path data around 0,0, some six pixels each way. */
  path: string
  fill: 'ink' | 'ground' | 'none'
  dash?: number[]
}

/** A segment is a bar from its first byte to its last; here one of a few pixels. */
export const SEGMENTS: { readonly [kind in SegmentKind]: Sign } = {
  data: { name: 'segment', ink: 'data', path: 'M0-6V6M-3-6H3M-3 6H3', fill: 'none' },
  retransmission: { name: 'retransmission', ink: 'again', path: 'M-3.5-6H3.5V6H-3.5Z', fill: 'ground' },
  'out-of-order': { name: 'out of order', ink: 'data', path: 'M-3-6H3M-3-2H3M-3 2H3M-3 6H3', fill: 'none' },
  probe: {
    name: 'keep-alive or window probe',
    ink: 'again',
    path: 'M-3 0A3 3 0 1 0 3 0A3 3 0 1 0-3 0Z',
    fill: 'ground',
  },
}

export const MARKS: { readonly [kind in MarkKind]: Sign } = {
  syn: { name: 'SYN', ink: 'control', path: 'M-5 4L0-5L5 4Z', fill: 'ground' },
  fin: { name: 'FIN', ink: 'control', path: 'M-4.5-4.5H4.5V4.5H-4.5Z', fill: 'ink' },
  reset: { name: 'RST', ink: 'bad', path: 'M-5-5L5 5M-5 5L5-5', fill: 'none' },
  'zero-window': {
    name: 'window closed',
    ink: 'bad',
    path: 'M-5 0A5 5 0 1 0 5 0A5 5 0 1 0-5 0ZM-3 0H3',
    fill: 'ground',
  },
  'duplicate-ack': { name: 'duplicate acknowledgement', ink: 'acknowledged', path: 'M-5-2H5M-5 2H5', fill: 'none' },
}

/** Those that either side may send: the receiver's hang below the line of what it acknowledged. */
const HANGING: ReadonlySet<MarkKind> = new Set(['syn', 'fin', 'reset'])
const PIN = 'M0-12V-5'
/** How far below. */
export const HANGS = 12

export const isHanging = ({ kind, by }: Mark): boolean => by === 'receiver' && HANGING.has(kind)

export function signOf(mark: Mark): Sign {
  const sign = MARKS[mark.kind]
  return isHanging(mark) ? { ...sign, name: `${sign.name} by the receiver`, path: sign.path + PIN } : sign
}

/** At the end of what never arrived. */
export const LOST: Sign = {
  name: 'lost on its way',
  ink: 'bad',
  path: 'M-3.5-3.5L3.5 3.5M-3.5 3.5L3.5-3.5',
  fill: 'none',
}
/** Beside what decides. */
export const DECIDING: Sign = { name: 'decides the cause', ink: 'deciding', path: 'M0-9L-4-15H4Z', fill: 'ink' }

/** Lines, as the legend shows them. */
export const LINES: { readonly [line in 'acknowledged' | 'window' | 'sack' | 'moment' | 'omitted']: Sign } = {
  acknowledged: { name: 'acknowledged', ink: 'acknowledged', path: 'M-8 4H-1V-3H8', fill: 'none' },
  window: { name: 'receive window’s edge', ink: 'window', path: 'M-8 4H-1V-3H8', fill: 'none', dash: [3, 2] },
  sack: { name: 'SACK, right edge', ink: 'sack', path: 'M0 6V-5M-4-5H4', fill: 'none', dash: [1.5, 1.5] },
  moment: { name: 'the proxy’s try is over', ink: 'moment', path: 'M0-7V7', fill: 'none', dash: [5, 3] },
  omitted: { name: 'packets that were not kept', ink: 'soft', path: 'M-8 7L-1-7M-2 7L5-7M4 7L8-1', fill: 'none' },
}
