// Checksums of what IP carries: TCP (RFC 9293 section 3.1), UDP (RFC 768), ICMPv6 (RFC 4443 section 2.3), whose
// pseudo-header has the addresses, and ICMP (RFC 792).
import { type Bytes, u16 } from '../../bytes/read.ts'
import { fold, put16, sum, updated, updatedPartial } from './checksum.ts'

/** The IP packet around: what its addresses were, and what they add up to, before and now. */
export interface Around {
  version: 4 | 6
  source: Bytes
  destination: Bytes
  before: number
  after: number
}

/** In the place of a protocol number. */
export const NO_PSEUDO_HEADER = 0

export interface Covered {
  /** Protocol number in the pseudo-header, or `NO_PSEUDO_HEADER`. */
  protocol: number
  /** Offset of the checksum. */
  field: number
  /** What it covers: captured from `at` to `end`, on the wire to `wireEnd`. */
  at: number
  end: number
  wireEnd: number
  /** 0 says that there is none (UDP). */
  isOptional: boolean
}

/** Runs `change`, which changes bytes that the checksum covers, and has it stay right, wrong, partial or absent. */
export function keepingChecksum(b: Bytes, around: Around, covered: Covered, change: () => void): void {
  const { protocol, field, at, end, wireEnd, isOptional } = covered
  if (field + 2 > end) {
    change()
    return
  }
  const stored = u16(b, field)
  const before = sum(b, at, end)
  change()
  const after = sum(b, at, end)
  const [ownBefore, ownAfter] = protocol === NO_PSEUDO_HEADER ? [0, 0] : [around.before, around.after]
  const length = wireEnd - at
  const pseudo = fold(ownBefore + protocol + (length & 0xffff) + Math.floor(length / 0x10000))
  const isRight = end === wireEnd && fold(before + (protocol === NO_PSEUDO_HEADER ? 0 : pseudo)) === 0xffff
  if (stored === 0 && (isOptional || !isRight)) return
  // Left to the network card, with the length or, for what it is to cut into segments, without.
  if (protocol !== NO_PSEUDO_HEADER && !isRight && (stored === pseudo || stored === fold(ownBefore + protocol))) {
    put16(b, field, updatedPartial(stored, ownBefore, ownAfter))
    return
  }
  const checksum = updated(stored, fold(before + ownBefore), fold(after + ownAfter))
  put16(b, field, checksum === 0 && isOptional ? 0xffff : checksum)
}
