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

export class PacketLog {
  #rows = new Float64Array(8 * WIDTH)
  /** Packets added since the last `clear`. */
  count = 0

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

  /** The packets before frame `before` in order of capture, and how many were left out in the middle. */
  read(before: number = Infinity): { packets: PacketRow[]; omitted: number } {
    const packets: PacketRow[] = []
    const kept = Math.min(this.count, ROWS)
    const turned = this.count > ROWS ? (this.count - HEAD_ROWS) % TAIL_ROWS : 0
    for (let i = 0; i < kept; i++) {
      const row = i < HEAD_ROWS ? i : HEAD_ROWS + ((i - HEAD_ROWS + turned) % TAIL_ROWS)
      const at = row * WIDTH
      const r = this.#rows
      if (r[at + FRAME]! >= before) break
      packets.push({
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
      })
    }
    return { packets, omitted: this.count - kept }
  }

  /** Forgets the packets before frame `before`. */
  cut(before: number = Infinity): void {
    const kept = Math.min(this.count, ROWS)
    let from = kept
    // Few packets lie behind the cut: those of a request that came before an older hole was filled.
    while (from > 0 && this.count <= ROWS && this.#rows[(from - 1) * WIDTH + FRAME]! >= before) from--
    this.#rows.copyWithin(0, from * WIDTH, kept * WIDTH)
    this.count = kept - from
  }
}
