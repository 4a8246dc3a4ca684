// Flow control (RFC 9113 section 5.2): how much DATA each side may still send, and who waits for more.
//
// An unknown window is NaN, and stays it whatever is added: no comparison is ever true of it, so nothing is told.
import type { Place } from '../http1/message.ts'
import type { Http2Side, Http2Sink } from './events.ts'
import { DEFAULT_WINDOW } from './settings.ts'
import type { Stream, StreamTable } from './streams.ts'

/** The largest window there may be (section 6.9.1). */
const LARGEST_WINDOW = 0x7fff_ffff

/** What one sender may send, on a stream or on the connection. */
export interface Window {
  /** In bytes of DATA payload. A smaller initial window may make it negative (section 6.9.2). */
  size: number
  /** It was told that the sender must wait. */
  stalled: boolean
}

export const newWindow = (size: number): Window => ({ size, stalled: false })

export class FlowControl {
  readonly #sink: Http2Sink
  readonly #streams: StreamTable
  /** Of client and server as senders: on the connection, and on streams to be opened. */
  readonly #connection: [Window, Window] = [newWindow(DEFAULT_WINDOW), newWindow(DEFAULT_WINDOW)]
  readonly #initial: [number, number] = [DEFAULT_WINDOW, DEFAULT_WINDOW]

  constructor(sink: Http2Sink, streams: StreamTable) {
    this.#sink = sink
    this.#streams = streams
  }

  get initial(): readonly [number, number] {
    return this.#initial
  }

  /** The whole payload counts, with its padding; on the connection also where the stream is over. */
  spend(from: Http2Side, stream: Stream | null, length: number): void {
    this.#connection[from].size -= length
    if (stream !== null) stream.windows[from].size -= length
  }

  /** A DATA frame is over. `stream`: null where it has nothing more to send. */
  noteStalls(from: Http2Side, stream: Stream | null, last: Place): void {
    this.#noteStall(0, from, this.#connection[from], last)
    if (stream !== null) this.#noteStall(stream.id, from, stream.windows[from], last)
  }

  /** WINDOW_UPDATE for what `from` sends. Answers whether the window is within its bounds. */
  enlarge(from: Http2Side, id: number, increment: number, place: Place): boolean {
    const window = id === 0 ? this.#connection[from] : this.#streams.get(id)?.windows[from]
    if (window === undefined) return true
    window.size += increment
    this.#noteResumed(id, from, window, place)
    return !(window.size > LARGEST_WINDOW)
  }

  /** Section 6.9.2: a new initial window changes the windows of all streams by the difference. */
  setInitial(from: Http2Side, size: number, place: Place): void {
    const change = size - this.#initial[from]
    this.#initial[from] = size
    if (change === 0) return
    for (const stream of this.#streams.values()) {
      stream.windows[from].size += change
      this.#noteResumed(stream.id, from, stream.windows[from], place)
    }
  }

  /** Frames may have been missed: all windows are unknown. Those to come are once SETTINGS say so again. */
  forget(): void {
    for (const side of [0, 1] as const) {
      this.#connection[side].size = Number.NaN
      this.#initial[side] = Number.NaN
      for (const { windows } of this.#streams.values()) windows[side].size = Number.NaN
    }
  }

  #noteStall(id: number, from: Http2Side, window: Window, place: Place): void {
    if (window.stalled || !(window.size <= 0)) return
    window.stalled = true
    this.#sink.stalled(id, from, place)
  }

  #noteResumed(id: number, from: Http2Side, window: Window, place: Place): void {
    if (!window.stalled || !(window.size > 0)) return
    window.stalled = false
    this.#sink.resumed(id, from, place)
  }
}
