// Bytes that HTTP/1 gives a meaning to (RFC 9110 section 5.6, RFC 9112 section 2.2).
import { latin1, type Bytes } from '../../bytes/read.ts'

export const HT = 9
export const LF = 10
export const CR = 13
export const SP = 32
export const COMMA = 44
export const COLON = 58
export const SEMICOLON = 59

const TOKEN: Bytes = new Uint8Array(256)
for (const c of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
  TOKEN[c.charCodeAt(0)] = 1
}

/** `tchar`: may stand in a method or a field name. */
export const isToken = (c: number): boolean => TOKEN[c] === 1

/** Control byte other than HT: may stand nowhere in a header section (CR and LF included, apart from line ends). */
export const isControl = (c: number): boolean => (c < 32 ? c !== HT : c === 127)

export const isDigit = (c: number): boolean => c >= 48 && c <= 57

/** SP, HT, or what a folded line leaves inside a value. */
export const isBlank = (c: number): boolean => c === SP || c === HT || c === CR || c === LF

/** Value of a hexadecimal digit, or -1. */
export function hexValue(c: number): number {
  if (c >= 48 && c <= 57) return c - 48
  const lower = c | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}

/** Whether `b[from..to)` is `word`, letters of any case; `word` in lower case. */
export function isWord(b: Bytes, from: number, to: number, word: string): boolean {
  if (to - from !== word.length) return false
  for (let i = 0; i < word.length; i++) {
    const c = b[from + i]!
    if ((c >= 65 && c <= 90 ? c | 32 : c) !== word.charCodeAt(i)) return false
  }
  return true
}

/** Whether `b[from..to)` begins with `text`, case as written. */
export function startsWith(b: Bytes, from: number, to: number, text: string): boolean {
  if (to - from < text.length) return false
  for (let i = 0; i < text.length; i++) if (b[from + i] !== text.charCodeAt(i)) return false
  return true
}

/** A byte as a person reads it: the character in quotes, or 0x and two digits. */
export const showByte = (c: number): string =>
  c > SP && c < 127 ? `'${String.fromCharCode(c)}'` : `0x${c.toString(16).padStart(2, '0')}`

/** The first bytes of a line as a person reads them, at most 40, unprintable ones as dots. */
export const showText = (b: Bytes, from: number, to: number): string =>
  latin1(b, from, Math.min(to, from + 40)).replace(/[^\x20-\x7e]/g, '.') + (to - from > 40 ? '…' : '')
