// The streams of a connection that are not over yet, in bounded memory (RFC 9113 section 5.1).
import type { Http2Side, Http2StreamEnd } from './events.ts'
import type { Window } from './flow-control.ts'

/** Streams followed at once; servers allow about a hundred. */
const STREAMS_LIMIT = 4096
/** Streams that are over and still remembered, so that frames that come late do not open them again. */
const RECENT_LIMIT = 1024
/** Streams that were reset and are still listened to. */
const RESET_LIMIT = 64
/** Nanoseconds after which a stream that was reset is not listened to any more: what had crossed the reset is here. */
const RESET_AGE = 10e9

/** What became of one side's part of a stream. `open`: END_STREAM is still to come. */
export type Half = 'open' | 'ended' | 'reset' | 'truncated'

export interface Stream {
  id: number
  halves: [Half, Half]
  /** The request, the final response was told. */
  headed: [boolean, boolean]
  /** Of each side's message: what content-length announces (-1: nothing), and bytes of content so far. */
  announced: [number, number]
  content: [number, number]
  /** The answer has no content, whatever it announces: one to HEAD, or, where that is not known, it may be. */
  mayBeHead: boolean
  /** Of client and server as senders. */
  windows: [Window, Window]
}

/** How a stream is over; null while a half is open. */
export function endOf({ halves }: Stream): Http2StreamEnd | null {
  if (halves.includes('open')) return null
  if (halves.includes('reset')) return 'reset'
  return halves.includes('truncated') ? 'truncated' : 'complete'
}

export class StreamTable {
  readonly #streams: Map<number, Stream> = new Map()
  /** Goes on where it stands: one that begins anew passes over all that was deleted. */
  readonly #oldest: IterableIterator<Stream> = this.#streams.values()
  /** In the order in which they were reset, with the time of that, and in which they were over. */
  readonly #resets: Map<number, number> = new Map()
  readonly #recent: Set<number> = new Set()

  get(id: number): Stream | undefined {
    return this.#streams.get(id)
  }

  values(): IterableIterator<Stream> {
    return this.#streams.values()
  }

  /** The stream is over, not long ago. */
  isOver(id: number): boolean {
    return this.#recent.has(id)
  }

  open(id: number, windows: [Window, Window]): Stream {
    const stream: Stream = {
      id,
      halves: ['open', 'open'],
      headed: [false, false],
      announced: [-1, -1],
      content: [0, 0],
      mayBeHead: true,
      windows,
    }
    this.#streams.set(id, stream)
    return stream
  }

  /** The stream to give up, where there is no room for another; the next time it is another one. */
  takeSurplus(): Stream | null {
    return this.#streams.size < STREAMS_LIMIT ? null : this.#oldest.next().value!
  }

  reset(stream: Stream, from: Http2Side, time: number): void {
    stream.halves[from] = 'reset'
    this.#resets.set(stream.id, time)
  }

  /** The stream that was reset longest ago, where there are too many that are listened to, or for too long. */
  surplusReset(time: number): Stream | null {
    for (const [id, since] of this.#resets) {
      return this.#resets.size > RESET_LIMIT || time - since > RESET_AGE ? this.#streams.get(id)! : null
    }
    return null
  }

  close({ id }: Stream): void {
    this.#streams.delete(id)
    this.#resets.delete(id)
    if (this.#recent.size === RECENT_LIMIT) this.#recent.delete(this.#recent.values().next().value!)
    this.#recent.add(id)
  }
}
