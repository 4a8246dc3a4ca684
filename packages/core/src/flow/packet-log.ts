// The packets of one connection since its last healthy exchange ended: rows of numbers, the first and the last ones
// when there are many. Nothing is allocated per packet once the log has grown.
import type { PacketRow, SideIndex } from '../observe/observations.ts'
import type { Segment } from './segment.ts'

/** Eight numbers, 64 bytes: a row lies in one or two lines of the processor's cache. */
const WIDTH = 8
const FRAME = 0
const TIME = 1
const SEQ = 2
const LENGTH = 3
const ACK = 4
const WINDOW = 5
const SACK = 6
/** The small numbers together, from the lowest bit: side, flags, marks, TTL; and from bit 25 IP identification + 1. */
const SMALL = 7
const FLAGS_SHIFT = 1
const MARKS_SHIFT = 9
const TTL_SHIFT = 17
const IP_ID_UNIT = 2 ** 25

/** Rows kept from the beginning and from the end. */
const HEAD_ROWS = 96
const TAIL_ROWS = 160
const ROWS = HEAD_ROWS + TAIL_ROWS
/** Room of a new log; it grows fourfold. */
const FIRST_ROWS = 4
const NO_ROWS = new Float64Array(0)

/** Numbers that are asked of the engine at once. */
const SLAB = ROWS * WIDTH

/** Rows that one capture's observations hold before each log gives only a few, and before it gives none. */
const PLENTY = 500_000
const FEW = 16
const ENOUGH = 1_000_000

/** Packets as rows of numbers, which `packetsIn` reads, and how many were left out in their middle. */
export interface KeptPackets {
  packets: number[]
  omitted: number
}

/** Shares out how many packets are kept, so that a capture full of failures does not come out as large as it went in. */
export class PacketBudget {
  #kept = 0

  /** The packets of a log before a frame: fewer when many were kept already. */
  keep(log: PacketLog, before?: number): KeptPackets {
    const read = this.peek(log, before)
    this.#kept += read.packets.length / WIDTH
    return read
  }

  /** As `keep`, of packets that are looked at and let go. */
  peek(log: PacketLog, before?: number): KeptPackets {
    return log.read(before, this.#kept < PLENTY ? ROWS : this.#kept < ENOUGH ? FEW : 0)
  }

  /** Rows that were kept have been let go. */
  giveBack(rows: readonly number[]): void {
    this.#kept -= rows.length / WIDTH
  }
}

/**
 * Blocks that logs have no use for any more, by length. The collector frees a typed array long after its connection is
 * over: most of what a capture of many connections takes would be blocks of dead ones.
 */
export class PacketBlocks {
  readonly #free = new Map<number, Float64Array[]>()

  take(length: number): Float64Array {
    return this.#free.get(length)?.pop() ?? this.#make(length)
  }

  /** Makes several small ones of one buffer, which takes as much as they do when it is there for one alone. */
  #make(length: number): Float64Array {
    const slab = new Float64Array(Math.max(SLAB, length))
    for (let at = length; at + length <= slab.length; at += length) this.give(slab.subarray(at, at + length))
    return slab.subarray(0, length)
  }

  give(block: Float64Array): void {
    const blocks = this.#free.get(block.length)
    if (blocks === undefined) this.#free.set(block.length, [block])
    else blocks.push(block)
  }
}

export class PacketLog {
  readonly #blocks: PacketBlocks
  #rows: Float64Array
  /** Packets added since the last cut, and those it kept. */
  count = 0
  /** Packets behind the last cut that had been overwritten already. */
  #cutOff = 0

  /** `blocks` are shared by the connections of a capture. */
  constructor(blocks: PacketBlocks = new PacketBlocks()) {
    this.#blocks = blocks
    this.#rows = blocks.take(FIRST_ROWS * WIDTH)
  }

  /** Adds a segment: its position, what it acknowledges, its window, highest SACK edge and marks as in `PacketRow`. */
  add(s: Segment, from: SideIndex, seq: number, ack: number, window: number, sack: number, marks: number): void {
    const n = this.count++
    const row = n < ROWS ? n : HEAD_ROWS + ((n - HEAD_ROWS) % TAIL_ROWS)
    const at = row * WIDTH
    if (at >= this.#rows.length) {
      const larger = this.#blocks.take(Math.min(this.#rows.length * 4, ROWS * WIDTH))
      larger.set(this.#rows)
      this.#blocks.give(this.#rows)
      this.#rows = larger
    }
    const rows = this.#rows
    rows[at + FRAME] = s.frame
    rows[at + TIME] = s.time
    rows[at + SEQ] = seq
    rows[at + LENGTH] = s.length
    rows[at + ACK] = ack
    rows[at + WINDOW] = window
    rows[at + SACK] = sack
    const low = from | (s.flags << FLAGS_SHIFT) | (marks << MARKS_SHIFT) | (s.ttl << TTL_SHIFT)
    rows[at + SMALL] = low + (s.ipId + 1) * IP_ID_UNIT
  }

  /** The packets before frame `before` in order of capture, at most `most`. */
  read(before: number = Infinity, most: number = ROWS): KeptPackets {
    const end = this.#indexOf(before)
    const overwritten = this.#cutOff + (end > HEAD_ROWS ? this.count - this.#kept : 0)
    const left = Math.max(0, end - most)
    const middle = left === 0 ? end : most >> 1
    const packets: number[] = []
    for (let i = 0; i < middle; i++) this.#copy(i, packets)
    for (let i = middle + left; i < end; i++) this.#copy(i, packets)
    // Without the room for more that an array that grew has.
    return { packets: packets.slice(), omitted: left + overwritten }
  }

  /** Forgets the packets before frame `before`. */
  cut(before: number = Infinity): void {
    const from = this.#indexOf(before)
    const left = this.#kept - from
    const rows = this.#rows
    this.#cutOff = from <= HEAD_ROWS ? this.count - this.#kept : 0
    if (this.count <= ROWS) rows.copyWithin(0, from * WIDTH, this.count * WIDTH)
    else if (left > 0) {
      // Out of the ring into order.
      const kept = new Float64Array(left * WIDTH)
      for (let i = 0; i < left; i++) {
        const at = this.#at(from + i)
        kept.set(rows.subarray(at, at + WIDTH), i * WIDTH)
      }
      rows.set(kept)
    }
    this.count = left
  }

  /** The connection is over, and its log with it. */
  release(): void {
    this.#blocks.give(this.#rows)
    this.#rows = NO_ROWS
    this.count = 0
  }

  /** As it was when it was made: for the next connection. */
  renew(): void {
    if (this.#rows !== NO_ROWS) this.#blocks.give(this.#rows)
    this.#rows = this.#blocks.take(FIRST_ROWS * WIDTH)
    this.count = 0
    this.#cutOff = 0
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
    while (i > 0 && this.#rows[this.#at(i - 1) + FRAME] >= before) i--
    return i
  }

  #copy(i: number, into: number[]): void {
    const at = this.#at(i)
    for (let column = 0; column < WIDTH; column++) into.push(this.#rows[at + column])
  }
}

/** Kept packets, as objects. */
export function packetsIn(rows: readonly number[]): PacketRow[] {
  const packets: PacketRow[] = []
  for (let at = 0; at < rows.length; at += WIDTH) packets.push(packetAt(rows, at))
  return packets
}

function packetAt(rows: readonly number[], at: number): PacketRow {
  const idPlus1 = Math.floor(rows[at + SMALL] / IP_ID_UNIT)
  const low = rows[at + SMALL] - idPlus1 * IP_ID_UNIT
  return {
    frame: rows[at + FRAME],
    time: rows[at + TIME],
    from: (low & 1) as SideIndex,
    flags: (low >> FLAGS_SHIFT) & 0xff,
    seq: rows[at + SEQ],
    length: rows[at + LENGTH],
    ack: rows[at + ACK],
    window: rows[at + WINDOW],
    sack: rows[at + SACK],
    ttl: low >> TTL_SHIFT,
    ipId: idPlus1 - 1,
    marks: (low >> MARKS_SHIFT) & 0xff,
  }
}

/** Makes the packets of either side the other's. */
export function flipSides(rows: number[]): void {
  for (let at = SMALL; at < rows.length; at += WIDTH) rows[at] += rows[at] % 2 === 0 ? 1 : -1
}
