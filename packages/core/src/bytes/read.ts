// Unsigned integers out of bytes. Callers check the length once; nothing here does.

export type Bytes = Uint8Array

/** Big-endian 16-bit number at `at`. */
export const u16 = (b: Bytes, at: number): number => (b[at]! << 8) | b[at + 1]!

/** Big-endian 24-bit number at `at`. */
export const u24 = (b: Bytes, at: number): number => (b[at]! << 16) | (b[at + 1]! << 8) | b[at + 2]!

/** Big-endian 32-bit number at `at`. */
export const u32 = (b: Bytes, at: number): number =>
  ((b[at]! << 24) | (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!) >>> 0

/** Little-endian 16-bit number at `at`. */
export const u16le = (b: Bytes, at: number): number => b[at]! | (b[at + 1]! << 8)

/** Little-endian 32-bit number at `at`. */
export const u32le = (b: Bytes, at: number): number =>
  (b[at]! | (b[at + 1]! << 8) | (b[at + 2]! << 16) | (b[at + 3]! << 24)) >>> 0

/** Bytes as text, one character a byte: keeps what is not UTF-8, and offsets stay offsets. */
export function latin1(b: Bytes, from: number, to: number): string {
  let text = ''
  let at = from
  // Four at a time: most texts are short, and spreading a view of the bytes takes several times as long for them.
  for (; at + 4 <= to; at += 4) text += String.fromCharCode(b[at]!, b[at + 1]!, b[at + 2]!, b[at + 3]!)
  for (; at < to; at++) text += String.fromCharCode(b[at]!)
  return text
}

/** One byte a character, the inverse of `latin1`. */
export function latin1Bytes(text: string): Bytes {
  const b = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) b[i] = text.charCodeAt(i)
  return b
}

/** Two lower-case hexadecimal digits a byte. */
export const hexOf = (bytes: Bytes): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

/** Bytes out of hexadecimal digits, two for each. */
export function unhex(digits: string): Bytes {
  const bytes = new Uint8Array(digits.length / 2)
  for (let at = 0; at < bytes.length; at++) bytes[at] = Number.parseInt(digits.slice(2 * at, 2 * at + 2), 16)
  return bytes
}
