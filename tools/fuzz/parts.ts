// Inputs of several parts in one array of bytes: the captures and key logs of a scenario, the pushes of a conversation.
// Any bytes are such an input: lengths that lie are cut to what is there.
import type { Bytes } from '@pcap-surgery/core'
import { joined } from './mutate.ts'

/** length(4), then the part. */
const HEADER = 4

export function withLengths(parts: readonly Bytes[]): Bytes {
  return joined(
    parts.flatMap((part) => {
      const header = new Uint8Array(HEADER)
      new DataView(header.buffer).setUint32(0, part.length)
      return [header, part]
    }),
  )
}

export function partsOf(b: Bytes): Bytes[] {
  const parts: Bytes[] = []
  const view = new DataView(b.buffer, b.byteOffset, b.length)
  for (let at = 0; at + HEADER <= b.length;) {
    const from = at + HEADER
    const to = Math.min(b.length, from + view.getUint32(at))
    parts.push(b.subarray(from, to))
    at = to
  }
  return parts
}

/** What happens to one of two streams. */
export interface Turn {
  from: 0 | 1
  what: 'push' | 'gap' | 'finish' | 'reset'
  bytes: Bytes
  length: number
}

const WHAT = ['push', 'gap', 'finish', 'reset'] as const

/** kind(1): side and what; length(2), then so many bytes where they are pushed. */
export function conversation(turns: readonly Turn[]): Bytes {
  return joined(
    turns.flatMap(({ from, what, bytes, length }) => [
      Uint8Array.of(from | (WHAT.indexOf(what) << 1), length >> 8, length),
      what === 'push' ? bytes.subarray(0, length) : new Uint8Array(0),
    ]),
  )
}

export function turnsOf(b: Bytes): Turn[] {
  const turns: Turn[] = []
  for (let at = 0; at + 3 <= b.length;) {
    const what = WHAT[(b[at]! >> 1) & 3]!
    const length = (b[at + 1]! << 8) | b[at + 2]!
    const bytes = what === 'push' ? b.subarray(at + 3, at + 3 + length) : b.subarray(at, at)
    turns.push({ from: (b[at]! & 1) as 0 | 1, what, bytes, length: what === 'push' ? bytes.length : length })
    at += 3 + bytes.length
  }
  return turns
}
