// GRE (RFC 2784, RFC 2890, routing of RFC 1701), enhanced GRE of PPTP (RFC 2637), and ERSPAN inside it.
import { u16, type Bytes } from '../bytes/read.ts'

const FLAGS = 0
const PROTOCOL = 2
export const HEADER = 4

const CHECKSUM_PRESENT = 0x8000
const ROUTING_PRESENT = 0x4000
const KEY_PRESENT = 0x2000
const SEQUENCE_PRESENT = 0x1000
const ACK_PRESENT = 0x0080
const VERSION = 0x0007

export const protocol = (b: Bytes, at: number): number => u16(b, at + PROTOCOL)
export const hasSequence = (b: Bytes, at: number): boolean => (u16(b, at + FLAGS) & SEQUENCE_PRESENT) !== 0

/** Header length in bytes, -1 where it is cut or of a version other than 0 and 1. `HEADER` bytes must be there. */
export function headerLength(b: Bytes, at: number, end: number): number {
  const flags = u16(b, at + FLAGS)
  const version = flags & VERSION
  let length = HEADER
  if (version === 1) {
    length += 4 // payload length and call id stand where the key would
    if (flags & ACK_PRESENT) length += 4
  } else if (version === 0) {
    if (flags & (CHECKSUM_PRESENT | ROUTING_PRESENT)) length += 4 // one brings the other's field along
    if (flags & KEY_PRESENT) length += 4
  } else return -1
  if (flags & SEQUENCE_PRESENT) length += 4
  if (version === 0 && flags & ROUTING_PRESENT) {
    // Source route entries: family, offset, length; the one of family 0 and length 0 ends the list.
    for (;;) {
      if (end - at < length + 4) return -1
      const family = u16(b, at + length)
      const size = b[at + length + 3]
      length += 4 + size
      if (family === 0 && size === 0) break
    }
  }
  return end - at < length ? -1 : length
}

/** ERSPAN type II header; type I has none and is told by the missing GRE sequence number. */
export const ERSPAN_2_HEADER = 8
const ERSPAN_3_HEADER = 12
const ERSPAN_3_SUBHEADER = 8
export const erspanVersion = (b: Bytes, at: number): number => b[at] >> 4
/** ERSPAN type III header with the platform subheader that its O bit announces; -1 where cut. */
export function erspan3Length(b: Bytes, at: number, end: number): number {
  if (end - at < ERSPAN_3_HEADER) return -1
  const length = ERSPAN_3_HEADER + (b[at + 11] & 1 ? ERSPAN_3_SUBHEADER : 0)
  return end - at < length ? -1 : length
}
/** ERSPAN type III frame type: 0 Ethernet, 2 IP. */
export const erspan3FrameType = (b: Bytes, at: number): number => (b[at + 10] >> 2) & 0x1f
