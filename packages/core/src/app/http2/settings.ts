// What one side allows the other (RFC 9113 section 6.5), and since when.
//
// A sender applies SETTINGS between receiving and acknowledging them, and nobody sees when. Meanwhile the more generous
// of old and new is taken, so that no sender is said to break a limit that it may not have had.
import { DEFAULT_FRAME_SIZE, LARGEST_FRAME_SIZE } from './frame.ts'
import { HEADER_TABLE_SIZE, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE } from './errors.ts'
import type { Http2Setting } from './events.ts'
import { DEFAULT_TABLE_SIZE } from './hpack.ts'

export const DEFAULT_WINDOW = 65_535

/** SETTINGS that wait for their acknowledgement; nobody has as many, and the oldest then count as acknowledged. */
const PENDING_LIMIT = 16

/** The three settings that decide how the other side's bytes are read. */
export interface Limits {
  tableSize: number
  /** NaN: unknown. */
  window: number
  frameSize: number
}

export class SettingsLedger {
  #acknowledged: Limits = { tableSize: DEFAULT_TABLE_SIZE, window: DEFAULT_WINDOW, frameSize: DEFAULT_FRAME_SIZE }
  #pending: Limits[] = []

  /** SETTINGS were sent. */
  announce(settings: readonly Http2Setting[]): void {
    if (this.#pending.length === PENDING_LIMIT) this.acknowledge()
    const next = { ...(this.#pending.at(-1) ?? this.#acknowledged) }
    for (const { id, value } of settings) {
      if (id === HEADER_TABLE_SIZE) next.tableSize = value
      else if (id === INITIAL_WINDOW_SIZE) next.window = value
      else if (id === MAX_FRAME_SIZE) next.frameSize = value
    }
    this.#pending.push(next)
  }

  /** The other side acknowledged the oldest that wait. */
  acknowledge(): void {
    this.#acknowledged = this.#pending.shift() ?? this.#acknowledged
  }

  /** SETTINGS or acknowledgements may have been missed. */
  forget(): void {
    this.#pending = []
    this.#acknowledged = { tableSize: Number.POSITIVE_INFINITY, window: Number.NaN, frameSize: LARGEST_FRAME_SIZE }
  }

  /** The most that the other side may take for allowed now. */
  get limits(): Limits {
    const all = [this.#acknowledged, ...this.#pending]
    return {
      tableSize: Math.max(...all.map((limits) => limits.tableSize)),
      window: Math.max(...all.map((limits) => limits.window)),
      frameSize: Math.max(...all.map((limits) => limits.frameSize)),
    }
  }
}
