// The packets of one connection since its last healthy exchange ended: rows of numbers, the first and the last ones
// when there are many. Nothing is allocated per packet once the log has grown.
import type { PacketRow, SideIndex } from '../observe/observations.ts'

const WIDTH = 12
const FRAME = 0
const TIME = 1
const FROM = 2
const FLAGS = 3
const SEQ = 4
const LENGTH = 5
const ACK = 6
const WINDOW = 7
const SACK = 8
const TTL = 9
const IP_ID = 10
const MARKS = 11

/** Rows kept from the beginning and from the end. */
const HEAD_ROWS = 96
const TAIL_ROWS = 160
const ROWS = HEAD_ROWS + TAIL_ROWS

/** Rows that one capture's observations hold before each log gives only a few, and before it gives none. */
const PLENTY = 500_000
const FEW = 16
const ENOUGH = 1_000_000

/** Shares out how many packets are kept, so that a capture full of failures does not come out as large as it went in. */
export class PacketBudget {
  #kept = 0

  /** The packets of a log before a frame: fewer when many were kept already. */
  read(log: PacketLog, before?: number): { packets: PacketRow[]; omitted: number } {
    const read = log.read(before, this.#kept < PLENTY ? ROWS : this.#kept < ENOUGH ? FEW : 0)
    this.#kept += read.packets.length
    return read
  }
}

export class PacketLog {
  #rows = new Float64Array(4 * WIDTH)
  /** Packets added since the last cut, and those it kept. */
  count = 0
  /** Packets behind the last cut that had been overwritten already. */
  #cutOff = 0

  add(
    frame: number,
    time: number,
    from: SideIndex,
    flags: number,
    seq: number,
    length: number,
    ack: number,
    window: number,
    sack: number,
    ttl: number,
    ipId: number,
    marks: number,
  ): void {
    const n = this.count++
    const row = n < ROWS ? n : HEAD_ROWS + ((n - HEAD_ROWS) % TAIL_ROWS)
    const at = row * WIDTH
    if (at >= this.#rows.length) {
      const larger = new Float64Array(Math.min(this.#rows.length * 4, ROWS * WIDTH))
      larger.set(this.#rows)
      this.#rows = larger
    }
    const rows = this.#rows
    rows[at + FRAME] = frame
    rows[at + TIME] = time
    rows[at + FROM] = from
    rows[at + FLAGS] = flags
    rows[at + SEQ] = seq
    rows[at + LENGTH] = length
    rows[at + ACK] = ack
    rows[at + WINDOW] = window
    rows[at + SACK] = sack
    rows[at + TTL] = ttl
    rows[at + IP_ID] = ipId
    rows[at + MARKS] = marks
  }

  /** The packets before frame `before` in order of capture, at most `most`, and how many were left out in the middle. */
  read(before: number = Infinity, most: number = ROWS): { packets: PacketRow[]; omitted: number } {
    const end = this.#indexOf(before)
    const overwritten = this.#cutOff + (end > HEAD_ROWS ? this.count - this.#kept : 0)
    const left = Math.max(0, end - most)
    const middle = left === 0 ? end : most >> 1
    const packets: PacketRow[] = []
    for (let i = 0; i < middle; i++) packets.push(this.#packet(i))
    for (let i = middle + left; i < end; i++) packets.push(this.#packet(i))
    return { packets, omitted: left + overwritten }
  }

  /** Forgets the packets before frame `before`. */
  cut(before: number = Infinity): void {
    const from = this.#indexOf(before)
    const left = this.#kept - from
    const rows = this.#rows
    this.#cutOff = from <= HEAD_ROWS ? this.count - this.#kept : 0
    if (left > 0) {
      // Out of the ring into order: few rows are left behind a cut, or they are in order already.
      const kept = new Float64Array(left * WIDTH)
      for (let i = 0; i < left; i++) {
        const at = this.#at(from + i)
        kept.set(rows.subarray(at, at + WIDTH), i * WIDTH)
      }
      rows.set(kept)
    }
    this.count = left
  }

  get #kept(): number {
    return Math.min(this.count, ROWS)
  }

  /** Offset of the i-th kept packet. */
  #at(i: number): number {
    if (i < HEAD_ROWS || this.count <= ROWS) return i * WIDTH
    return (HEAD_ROWS + ((i - HEAD_ROWS + this.count - HEAD_ROWS) % TAIL_ROWS)) * WIDTH
  }

  /** How many kept packets come before a frame. Looked for from the end, where a cut nearly always is. */
  #indexOf(before: number): number {
    let i = this.#kept
    while (i > 0 && this.#rows[this.#at(i - 1) + FRAME]! >= before) i--
    return i
  }

  #packet(i: number): PacketRow {
    const at = this.#at(i)
    const r = this.#rows
    return {
      frame: r[at + FRAME]!,
      time: r[at + TIME]!,
      from: r[at + FROM]! as SideIndex,
      flags: r[at + FLAGS]!,
      seq: r[at + SEQ]!,
      length: r[at + LENGTH]!,
      ack: r[at + ACK]!,
      window: r[at + WINDOW]!,
      sack: r[at + SACK]!,
      ttl: r[at + TTL]!,
      ipId: r[at + IP_ID]!,
      marks: r[at + MARKS]!,
    }
  }
}
