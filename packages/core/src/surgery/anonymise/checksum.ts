// The Internet checksum (RFC 1071), and what becomes of one when bytes under it change (RFC 1624): a right one stays
// right, and a wrong one as wrong as it was.
import { type Bytes, u16 } from '../../bytes/read.ts'

/** The 16-bit words of `b[from..to)` added up, the last byte of an odd number as the first of a word; folded. */
export function sum(b: Bytes, from: number, to: number): number {
  let total = 0
  let at = from
  for (; at + 1 < to; at += 2) total += u16(b, at)
  if (at < to) total += b[at]! << 8
  return fold(total)
}

export function fold(total: number): number {
  let folded = total
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000)
  return folded
}

/** The checksum after the sum of what it covers went from `before` to `after`. */
export const updated = (checksum: number, before: number, after: number): number =>
  ~fold((~checksum & 0xffff) + (~before & 0xffff) + after) & 0xffff

/** A checksum of the pseudo-header alone, not inverted, which a network card was to complete, after that changed. */
export const updatedPartial = (checksum: number, before: number, after: number): number =>
  fold(checksum + (~before & 0xffff) + after)

export function put16(b: Bytes, at: number, value: number): void {
  b[at] = value >> 8
  b[at + 1] = value & 0xff
}
