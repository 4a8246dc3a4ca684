// Changes to bytes that know nothing of what the bytes mean.
import type { Bytes } from '@pcap-surgery/core'
import type { Random } from './random.ts'

/** Numbers at which lengths, counts and signs break. */
const EDGES = [0, 1, 2, 3, 4, 7, 8, 16, 20, 32, 40, 63, 64, 100, 127, 128, 255, 256, 512, 1023, 1024, 4095, 4096]
  .concat([16_383, 16_384, 32_767, 32_768, 65_534, 65_535, 65_536, 0xff_ffff, 0x7fff_ffff, 0x8000_0000])
  .concat([0xffff_fffe, 0xffff_ffff])

/** No mutation makes an input longer than this. */
export const LONGEST: number = 1 << 18

type Mutation = (b: Bytes, random: Random, other: Bytes) => Bytes

/** One to several changes. `other` is another input, to take parts from; `words` are pieces of the format's language. */
export function mutated(input: Bytes, random: Random, other: Bytes, words: readonly Bytes[] = []): Bytes {
  let b: Bytes = input.slice()
  for (let n = random.few(6); n > 0; n--) {
    b = words.length > 0 && random.oneIn(6) ? withWord(b, random, words) : random.pick(MUTATIONS)(b, random, other)
  }
  return b.length > LONGEST ? b.slice(0, LONGEST) : b
}

const MUTATIONS: readonly Mutation[] = [
  flipBit,
  flipBit,
  anyByte,
  anyByte,
  edge,
  edge,
  nudge,
  cut,
  remove,
  remove,
  repeat,
  shuffle,
  spliced,
  asciiNumber,
]

export function flipBit(b: Bytes, random: Random): Bytes {
  if (b.length > 0) b[random.below(b.length)]! ^= 1 << random.below(8)
  return b
}

function anyByte(b: Bytes, random: Random): Bytes {
  if (b.length > 0) b[random.below(b.length)] = random.below(256)
  return b
}

/** A length that lies: 8, 16, 24 or 32 bits, in either byte order. */
export function edge(b: Bytes, random: Random): Bytes {
  const width = 1 + random.below(4)
  if (b.length < width) return b
  const at = random.below(b.length - width + 1)
  const value = random.pick(EDGES)
  const little = random.oneIn(2)
  for (let i = 0; i < width; i++) b[at + (little ? i : width - 1 - i)] = value >>> (8 * i)
  return b
}

/** A number that is off by a little. */
function nudge(b: Bytes, random: Random): Bytes {
  if (b.length > 0) b[random.below(b.length)]! += random.below(9) - 4
  return b
}

export function cut(b: Bytes, random: Random): Bytes {
  return b.slice(0, random.below(b.length + 1))
}

function remove(b: Bytes, random: Random): Bytes {
  const [from, to] = range(b, random)
  return joined([b.subarray(0, from), b.subarray(to)])
}

function repeat(b: Bytes, random: Random): Bytes {
  const [from, to] = range(b, random)
  const times = Math.min(random.oneIn(8) ? 1000 : random.few(8), Math.floor(LONGEST / Math.max(1, to - from)))
  return joined([b.subarray(0, to), ...Array<Bytes>(times).fill(b.subarray(from, to)), b.subarray(to)])
}

/** Two neighbouring blocks change places. */
export function shuffle(b: Bytes, random: Random): Bytes {
  const [from, to] = range(b, random)
  const third = Math.min(b.length, to + (to - from))
  return joined([b.subarray(0, from), b.subarray(to, third), b.subarray(from, to), b.subarray(third)])
}

function spliced(b: Bytes, random: Random, other: Bytes): Bytes {
  const [from, to] = range(other, random)
  const at = random.below(b.length + 1)
  const end = random.oneIn(2) ? at : Math.min(b.length, at + to - from)
  return joined([b.subarray(0, at), other.subarray(from, to), b.subarray(end)])
}

/** A decimal or hexadecimal number in text becomes another. */
function asciiNumber(b: Bytes, random: Random): Bytes {
  const start = random.below(b.length + 1)
  const from = b.findIndex((c, i) => i >= start && c >= 48 && c <= 57)
  if (from < 0) return b
  let to = from
  while (to < b.length && b[to]! >= 48 && b[to]! <= 57) to++
  const text = random.pick([
    String(random.pick(EDGES)),
    '-1',
    '99999999999999999999',
    '1e9',
    '0x7f',
    'ffffffffffffffff',
  ])
  return joined([b.subarray(0, from), ascii(text), b.subarray(to)])
}

function withWord(b: Bytes, random: Random, words: readonly Bytes[]): Bytes {
  const at = random.below(b.length + 1)
  return joined([b.subarray(0, at), random.pick(words), b.subarray(at)])
}

/** Part of the bytes: mostly short, now and then any. */
function range(b: Bytes, random: Random): [from: number, to: number] {
  const from = random.below(b.length + 1)
  const length = random.below(Math.min(b.length - from, random.oneIn(4) ? LONGEST : 64) + 1)
  return [from, from + length]
}

export function joined(parts: readonly Bytes[]): Bytes {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

export const ascii = (text: string): Bytes => Uint8Array.from(text, (c) => c.charCodeAt(0))
