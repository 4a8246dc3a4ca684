import { expect, test } from 'vitest'
import { xxh32, xxh64 } from './xxhash.ts'

const TEXT = 'Nobody inspects the spammish repetition'

test.each([
  ['', 0x02cc5d05, 0x51d8e999],
  ['abc', 0x32d153ff, 0xad770999],
  [TEXT, 0xe2293b2f, 0x8a378bf1],
])('published values of %j, in one piece and byte by byte', (text, expected32, expected64) => {
  const bytes = new TextEncoder().encode(text)
  for (const [hash, expected] of [
    [xxh32, expected32],
    [xxh64, expected64],
  ] as const) {
    const whole = hash()
    whole.update(bytes)
    expect(whole.digest()).toBe(expected)
    const pieces = hash()
    for (let at = 0; at < bytes.length; at++) pieces.update(bytes.subarray(at, at + 1))
    expect(pieces.digest()).toBe(expected)
  }
})
