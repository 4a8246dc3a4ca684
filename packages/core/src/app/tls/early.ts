// Early data that wait for the server's answer (RFC 8446 section 4.2.10).
import type { Bytes } from '../../bytes/read.ts'
import type { Place } from '../http1/message.ts'
import type { RecordHeader } from './records.ts'

/** Bytes held of a connection; servers take 16 KiB by default, if any. */
const HELD = 32 * 1024

export interface EarlyRecord {
  record: RecordHeader
  bytes: Bytes
  missing: number
  last: Place
  whole: boolean
}

export class EarlyRecords {
  #records: EarlyRecord[] = []
  #size = 0
  #isFull = false
  /** The header of a record has been told that is to be held. */
  isBegun = false

  /** What does not fit ends it: a stream with a hole is not worth more. */
  hasRoom(length: number): boolean {
    this.#isFull ||= this.#size + length > HELD
    return !this.#isFull
  }

  hold(record: RecordHeader, b: Bytes, at: number, end: number, missing: number, last: Place, whole: boolean): void {
    this.#records.push({ record, bytes: b.slice(at, end), missing, last, whole })
    // A header for each that is empty: their number is bounded as well.
    this.#size += record.length + 5
  }

  /** All that is held; nothing is any more. */
  take(): EarlyRecord[] {
    const records = this.#records
    if (records.length > 0) this.#records = []
    return records
  }
}
