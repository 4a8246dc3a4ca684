// What HTTP/2 says of the stream that carried a try, and of its connection, beside the packets (RFC 9113).
import { CLIENT, type Connection, type Moment, SERVER, type SideIndex } from '../observe/observations.ts'
import type { FrameRef } from '../report/document.ts'
import type { View } from './view.ts'

export type End = 'proxy' | 'upstream'

/** Something that one side said; times are story times in nanoseconds. */
interface Said {
  by: End
  at: number
  frame: FrameRef
  /** The capture's own number of the frame, to find its packet. */
  moment: Moment
}

export interface StreamReset extends Said {
  code: number
}

export interface Goaway extends Said {
  code: number
  lastStream: number
  /** Text for people, as sent. */
  debug: string
}

/** A sender (`by`) that had used up its flow-control window and waited until it got more; Infinity: in vain. */
export interface Stall extends Said {
  /** 0: the connection's window. */
  stream: number
  until: number
}

export interface StreamFault extends Said {
  stream: number
  text: string
}

/** The HTTP/2 stream of a try, and what concerns it of its connection. */
export interface StreamFacts {
  id: number
  /** The first RST_STREAM of the stream. */
  reset: StreamReset | null
  /** Every GOAWAY of the connection, in order. */
  goaways: Goaway[]
  /** Of this stream and of the connection. */
  stalls: Stall[]
  faults: StreamFault[]
}

/** Null for a try that HTTP/2 did not carry. */
export function streamOf(view: View): StreamFacts | null {
  const { exchange, connection } = view
  if (exchange?.protocol !== 'http2') return null
  const id = exchange.stream
  const said = (moment: Moment & { from: SideIndex }): Said => ({
    by: moment.from === CLIENT ? 'proxy' : 'upstream',
    at: view.at(moment),
    frame: view.ref(moment),
    moment,
  })
  const concerns = ({ stream }: { stream: number }): boolean => stream === 0 || stream === id
  const { goaways, stalls, faults } = connection.http2 ?? { goaways: [], stalls: [], faults: [] }
  const reset = exchange.detail?.streamReset ?? null
  return {
    id,
    reset: reset === null || reset.by === 'GOAWAY' ? null : { ...said(reset), code: reset.code },
    goaways: goaways.map((g) => ({ ...said(g), code: g.code, lastStream: g.lastStream, debug: g.debug })),
    stalls: stalls.filter(concerns).map((s) => ({
      ...said(s),
      stream: s.stream,
      until: s.until === null ? Infinity : view.at(s.until),
    })),
    faults: faults.filter(concerns).map((f) => ({ ...said(f), stream: f.stream, text: f.text })),
  }
}

/** How many other streams had been begun and were not over when this one began. */
export function othersOpen({ connection, exchange }: View): number {
  if (exchange === null) return 0
  return Math.max(0, exchange.ordinal - countUpTo(endsOf(connection), exchange.request.time))
}

/** When the streams of a connection were over, in order: asked for each of its failed ones, which may be thousands. */
function endsOf(connection: Connection): Float64Array {
  const known = ends.get(connection)
  if (known !== undefined) return known
  const sorted = Float64Array.from(connection.exchanges, ({ responseEnd, detail }) => {
    const reset = detail?.streamReset ?? null
    // In the nanosecond of a reset the stream still is.
    return Math.min(responseEnd.time < 0 ? Infinity : responseEnd.time, reset === null ? Infinity : reset.time + 1)
  }).toSorted()
  ends.set(connection, sorted)
  return sorted
}

const ends = new WeakMap<Connection, Float64Array>()

/** How many of the numbers, which are in order, are not above `most`. */
function countUpTo(sorted: Float64Array, most: number): number {
  let [from, to] = [0, sorted.length]
  while (from < to) {
    const middle = (from + to) >>> 1
    if (sorted[middle]! <= most) from = middle + 1
    else to = middle
  }
  return from
}

/** The proxy's own RST_STREAM: with it, it gives the stream up. */
export const abandonedAt = (stream: StreamFacts | null): number =>
  stream?.reset?.by === 'proxy' ? stream.reset.at : Infinity

/** The upstream's GOAWAY that left the stream out: it has a higher number than the last one to be processed. */
export function leftOut({ id, goaways }: StreamFacts): Goaway | null {
  return goaways.find((g) => g.by === 'upstream' && g.lastStream < id) ?? null
}

/** "the flow-control window of stream 5". */
export const windowName = ({ stream }: Stall): string =>
  stream === 0 ? 'the flow-control window of the connection' : `the flow-control window of stream ${stream}`

/** Side of the connection that an end is. */
export const sideOf = (end: End): SideIndex => (end === 'proxy' ? CLIENT : SERVER)
