import { expect, test } from 'vitest'
import { formatAddress, formatEndpoint } from './address.ts'

/** Eight groups as 16 bytes. */
const groups = (...values: number[]): Uint8Array => Uint8Array.from(values.flatMap((v) => [v >> 8, v & 0xff]))

test('IPv4', () => {
  expect(formatAddress(Uint8Array.of(0, 10, 1, 0, 2), 1, 4)).toBe('10.1.0.2')
})

test.each([
  ['::', [0, 0, 0, 0, 0, 0, 0, 0]],
  ['::1', [0, 0, 0, 0, 0, 0, 0, 1]],
  ['1::', [1, 0, 0, 0, 0, 0, 0, 0]],
  ['2001:db8::2', [0x2001, 0xdb8, 0, 0, 0, 0, 0, 2]],
  ['2001:db8:0:1:1:1:1:1', [0x2001, 0xdb8, 0, 1, 1, 1, 1, 1]], // one zero group stays
  ['2001:0:0:1::1', [0x2001, 0, 0, 1, 0, 0, 0, 1]], // the longer run
  ['2001:db8::1:0:0:1', [0x2001, 0xdb8, 0, 0, 1, 0, 0, 1]], // the first of equals
  ['1:2:3:4:5:6:7:8', [1, 2, 3, 4, 5, 6, 7, 8]],
  ['::ffff:10.1.0.2', [0, 0, 0, 0, 0, 0xffff, 0x0a01, 2]],
  ['::ffff:0:a01:2', [0, 0, 0, 0, 0xffff, 0, 0x0a01, 2]],
])('IPv6 %s', (text, values) => {
  expect(formatAddress(groups(...values), 0, 6)).toBe(text)
})

test('endpoints', () => {
  expect(formatEndpoint('10.1.0.2', 41234)).toBe('10.1.0.2:41234')
  expect(formatEndpoint('2001:db8::2', 41234)).toBe('[2001:db8::2]:41234')
})
