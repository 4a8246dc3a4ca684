// Numbers and text into bytes. Deliberately not core's code: what the tests compare with must not share its mistakes.

export type Bytes = Uint8Array

export const be16 = (n: number): number[] => [(n >>> 8) & 0xff, n & 0xff]
export const be32 = (n: number): number[] => [(n >>> 24) & 0xff, (n >>> 16) & 0xff, (n >>> 8) & 0xff, n & 0xff]
export const le16 = (n: number): number[] => be16(n).toReversed()
export const le32 = (n: number): number[] => be32(n).toReversed()

/** One byte a character (ISO 8859-1): what HTTP/1 headers are, and `\xff` in a literal stays one byte. */
export function text(s: string): Bytes {
  const bytes = new Uint8Array(s.length)
  for (let i = 0; i < s.length; i++) bytes[i] = s.charCodeAt(i)
  return bytes
}

/** The parts one after another. */
export const join = (...parts: ArrayLike<number>[]): Bytes => concat(parts)

/** As `join`, for more parts than a call takes arguments. */
export function concat(parts: readonly ArrayLike<number>[]): Bytes {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** The Internet checksum (RFC 1071) over the parts as if they were one; only the last may have an odd length. */
export function checksum(...parts: ArrayLike<number>[]): number {
  let sum = 0
  for (const part of parts) {
    for (let i = 0; i < part.length; i += 2) sum += (part[i]! << 8) | (part[i + 1] ?? 0)
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000)
  return ~sum & 0xffff
}
