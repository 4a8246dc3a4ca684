// Flow control (RFC 9113 section 5.2): how much DATA each side may still send, and who waits for more.
//
// An unknown window is NaN, and stays it whatever is added: no comparison is ever true of it, so nothing is told. Windows
// of streams are kept relative to the initial window, so that one SETTINGS frame need not touch thousands of them.
import type { Place } from '../http1/message.ts'
import type { Http2Side, Http2Sink } from './events.ts'
import { DEFAULT_WINDOW } from './settings.ts'
import type { Stream } from './streams.ts'

/** The largest window there may be (section 6.9.1). */
const LARGEST_WINDOW = 0x7fff_ffff

/** What one sender may send on a stream. */
export interface Window {
  /** Bytes that WINDOW_UPDATE added, less those of DATA payload sent: to be added to the initial window. */
  balance: number
  /** When the stream was opened: windows from before a loss are unknown. */
  era: number
}

export class FlowControl {
  readonly #sink: Http2Sink
  /** By sender: the window of the connection, the initial one of streams, and the streams that wait. */
  readonly #connection: [number, number] = [DEFAULT_WINDOW, DEFAULT_WINDOW]
  readonly #isStalled: [boolean, boolean] = [false, false]
  readonly #initial: [number, number] = [DEFAULT_WINDOW, DEFAULT_WINDOW]
  readonly #stalled: readonly [Set<Stream>, Set<Stream>] = [new Set(), new Set()]
  #era = 0

  constructor(sink: Http2Sink) {
    this.#sink = sink
  }

  newWindow(): Window {
    return { balance: 0, era: this.#era }
  }

  /** The whole payload counts, with its padding; on the connection also where the stream is over. */
  spend(from: Http2Side, stream: Stream | null, length: number): void {
    this.#connection[from] -= length
    if (stream !== null) stream.windows[from].balance -= length
  }

  /** A DATA frame is over. `stream`: null where it has nothing more to send. */
  noteStalls(from: Http2Side, stream: Stream | null, last: Place): void {
    if (!this.#isStalled[from] && this.#connection[from] <= 0) {
      this.#isStalled[from] = true
      this.#sink.stalled(0, from, last)
    }
    // A smaller initial window may have made it negative (section 6.9.2).
    if (stream === null || this.#stalled[from].has(stream) || !(this.#size(from, stream) <= 0)) return
    this.#stalled[from].add(stream)
    this.#sink.stalled(stream.id, from, last)
  }

  /** WINDOW_UPDATE for all that `from` sends. Answers whether the window is within its bounds. */
  enlargeConnection(from: Http2Side, increment: number, place: Place): boolean {
    this.#connection[from] += increment
    if (this.#isStalled[from] && this.#connection[from] > 0) {
      this.#isStalled[from] = false
      this.#sink.resumed(0, from, place)
    }
    return !(this.#connection[from] > LARGEST_WINDOW)
  }

  /** WINDOW_UPDATE for what `from` sends on a stream. */
  enlarge(from: Http2Side, stream: Stream, increment: number, place: Place): boolean {
    stream.windows[from].balance += increment
    if (this.#stalled[from].has(stream)) this.#noteResumed(from, stream, place)
    return !(this.#size(from, stream) > LARGEST_WINDOW)
  }

  /** Section 6.9.2: a new initial window changes the windows of all streams by the difference. */
  setInitial(from: Http2Side, size: number, place: Place): void {
    this.#initial[from] = size
    for (const stream of this.#stalled[from]) this.#noteResumed(from, stream, place)
  }

  /**
   * Frames may have been missed: all windows are unknown, and nobody is known to wait. Windows of streams to come are
   * known again once SETTINGS say how large they are.
   */
  forget(place: Place): void {
    this.#era++
    for (const from of [0, 1] as const) {
      if (this.#isStalled[from]) this.#sink.resumed(0, from, place)
      for (const { id } of this.#stalled[from]) this.#sink.resumed(id, from, place)
      this.#stalled[from].clear()
    }
    this.#isStalled.fill(false)
    this.#connection.fill(Number.NaN)
    this.#initial.fill(Number.NaN)
  }

  close(stream: Stream): void {
    this.#stalled[0].delete(stream)
    this.#stalled[1].delete(stream)
  }

  #size(from: Http2Side, stream: Stream): number {
    const { balance, era } = stream.windows[from]
    return era === this.#era ? this.#initial[from] + balance : Number.NaN
  }

  #noteResumed(from: Http2Side, stream: Stream, place: Place): void {
    if (!(this.#size(from, stream) > 0)) return
    this.#stalled[from].delete(stream)
    this.#sink.resumed(stream.id, from, place)
  }
}
