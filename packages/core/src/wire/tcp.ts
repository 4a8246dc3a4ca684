// TCP (RFC 9293); options: window scale and timestamps RFC 7323, selective acknowledgement RFC 2018.
import { u16, u32, type Bytes } from '../bytes/read.ts'

const SOURCE_PORT = 0
const DESTINATION_PORT = 2
const SEQUENCE = 4
const ACKNOWLEDGMENT = 8
const OFFSET_FLAGS = 12
const WINDOW = 14
const CHECKSUM = 16
const URGENT = 18
/** Without options. */
export const HEADER = 20

export const FIN = 0x01
export const SYN = 0x02
export const RST = 0x04
export const PSH = 0x08
export const ACK = 0x10
export const URG = 0x20
export const ECE = 0x40
export const CWR = 0x80

export const sourcePort = (b: Bytes, at: number): number => u16(b, at + SOURCE_PORT)
export const destinationPort = (b: Bytes, at: number): number => u16(b, at + DESTINATION_PORT)
/** Sequence number, 0..2³²-1; compare with `seqDiff` only. */
export const sequence = (b: Bytes, at: number): number => u32(b, at + SEQUENCE)
/** Acknowledgment number; means nothing without ACK. */
export const acknowledgment = (b: Bytes, at: number): number => u32(b, at + ACKNOWLEDGMENT)
/** Header length with options in bytes, the data offset times four: 0..60, valid from 20. */
export const headerLength = (b: Bytes, at: number): number => (b[at + OFFSET_FLAGS] >> 4) * 4
/** The eight flags, CWR to FIN. */
export const flags = (b: Bytes, at: number): number => b[at + OFFSET_FLAGS + 1]
/** As sent, before window scaling. */
export const window = (b: Bytes, at: number): number => u16(b, at + WINDOW)
export const checksum = (b: Bytes, at: number): number => u16(b, at + CHECKSUM)
export const urgentPointer = (b: Bytes, at: number): number => u16(b, at + URGENT)

/** How far `a` is ahead of `b` in sequence space, -2³¹..2³¹-1 (RFC 9293 section 3.4). */
export const seqDiff = (a: number, b: number): number => (a - b) | 0
/** `a` moved on by `length` bytes, modulo 2³². */
export const seqAdd = (a: number, length: number): number => (a + length) >>> 0

/** Option kinds (IANA tcp-parameters). */
const END_OF_OPTIONS = 0
const NO_OPERATION = 1
const MAXIMUM_SEGMENT_SIZE = 2
const WINDOW_SCALE = 3
const SACK_PERMITTED = 4
const SACK = 5
const TIMESTAMPS = 8

/** What nearly every segment of an open connection carries (RFC 7323 appendix A): NOP, NOP, timestamps of length 10. */
const TIMESTAMPS_ALONE = 0x0101_080a
const HEADER_WITH_TIMESTAMPS = HEADER + 12

/** Options of one segment, in a record that is used again. Numbers are -1 where the option is absent. */
export class TcpOptions {
  mss: number = -1
  /** Shift count as sent; RFC 7323 section 2.3 takes anything above 14 as 14. */
  windowScale: number = -1
  sackPermitted: boolean = false
  tsval: number = -1
  tsecr: number = -1
  /** SACK blocks: the first `sackCount` of `sackLeft` and `sackRight`; a block's right edge is the byte behind it. */
  sackCount: number = 0
  readonly sackLeft: Uint32Array = new Uint32Array(4)
  readonly sackRight: Uint32Array = new Uint32Array(4)
  /** An option's length breaks the rules or runs over the header's end. What stands before it was read. */
  malformed: boolean = false
  /** The header goes on behind `end`: the capture cut it, options may be missing. */
  incomplete: boolean = false

  /** Reads the options of the TCP header at `at`; captured bytes end at `end`. Allocates nothing, never throws. */
  read(bytes: Bytes, at: number, end: number): void {
    this.#clear()
    if (end - at < HEADER) {
      this.incomplete = true
      return
    }
    const headerEnd = at + headerLength(bytes, at)
    if (headerEnd - at === HEADER_WITH_TIMESTAMPS && headerEnd <= end && u32(bytes, at + HEADER) === TIMESTAMPS_ALONE) {
      this.tsval = u32(bytes, at + HEADER + 4)
      this.tsecr = u32(bytes, at + HEADER + 8)
      return
    }
    this.incomplete = headerEnd > end
    const limit = Math.min(headerEnd, end)
    let option = at + HEADER
    while (option < limit) {
      const kind = bytes[option]
      if (kind === END_OF_OPTIONS) return
      if (kind === NO_OPERATION) {
        option++
        continue
      }
      if (option + 1 >= limit) {
        this.malformed = !this.incomplete
        return
      }
      const length = bytes[option + 1]
      if (length < 2 || option + length > headerEnd) {
        this.malformed = true
        return
      }
      if (option + length > end) return // cut by the capture
      this.#option(bytes, option, kind, length)
      option += length
    }
  }

  #clear(): void {
    this.mss = -1
    this.windowScale = -1
    this.sackPermitted = false
    this.tsval = -1
    this.tsecr = -1
    this.sackCount = 0
    this.malformed = false
    this.incomplete = false
  }

  #option(bytes: Bytes, at: number, kind: number, length: number): void {
    switch (kind) {
      case MAXIMUM_SEGMENT_SIZE:
        if (length === 4) this.mss = u16(bytes, at + 2)
        else this.malformed = true
        break
      case WINDOW_SCALE:
        if (length === 3) this.windowScale = bytes[at + 2]
        else this.malformed = true
        break
      case SACK_PERMITTED:
        if (length === 2) this.sackPermitted = true
        else this.malformed = true
        break
      case TIMESTAMPS:
        if (length === 10) {
          this.tsval = u32(bytes, at + 2)
          this.tsecr = u32(bytes, at + 6)
        } else this.malformed = true
        break
      case SACK:
        this.#sack(bytes, at, length)
        break
      default:
        break
    }
  }

  #sack(bytes: Bytes, at: number, length: number): void {
    if ((length - 2) % 8 !== 0) this.malformed = true
    // 40 bytes of options hold four blocks at most; a second SACK option would only repeat them.
    const blocks = Math.min(4, (length - 2) >> 3)
    for (let block = 0; block < blocks; block++) {
      this.sackLeft[block] = u32(bytes, at + 2 + 8 * block)
      this.sackRight[block] = u32(bytes, at + 6 + 8 * block)
    }
    this.sackCount = blocks
  }
}
