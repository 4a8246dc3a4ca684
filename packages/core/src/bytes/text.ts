// Bytes as text, for what is said over and over: methods, targets, host names. A text that was made lately is found by
// its bytes, and the same string comes back without being made, hashed and thrown away again.
import { type Bytes, latin1 } from './read.ts'

/** Texts remembered, a power of two, and the longest of them. */
const PLACES = 2048
const LONGEST = 256

const remembered: (string | undefined)[] = Array.from({ length: PLACES })

/** `b[from..to)` as text, one character a byte. */
export function knownText(b: Bytes, from: number, to: number): string {
  const length = to - from
  if (length > LONGEST) return latin1(b, from, to)
  let hash = length
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ b[at]!, 0x9e3779b1) ^ (hash >>> 15)
  const place = (hash ^ (hash >>> 13)) & (PLACES - 1)
  const known = remembered[place]
  if (known !== undefined && isSame(known, b, from, length)) return known
  return (remembered[place] = latin1(b, from, to))
}

function isSame(known: string, b: Bytes, from: number, length: number): boolean {
  if (known.length !== length) return false
  for (let i = 0; i < length; i++) if (known.charCodeAt(i) !== b[from + i]) return false
  return true
}
