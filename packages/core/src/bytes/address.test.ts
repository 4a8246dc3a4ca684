import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatAddress, formatEndpoint, parseAddress } from './address.ts'

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

test('what is formatted is parsed back, and nothing else is an address', () => {
  const groupValue = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }))
  fc.assert(
    fc.property(fc.array(groupValue, { minLength: 8, maxLength: 8 }), (values) => {
      const bytes = groups(...values)
      expect(parseAddress(formatAddress(bytes, 0, 6))).toEqual(bytes)
      expect(parseAddress(formatAddress(bytes, 0, 4))).toEqual(bytes.slice(0, 4))
    }),
  )
  for (const text of ['', '1.2.3', '1.2.3.256', '1:2', '1::2::3', '1:2:3:4:5:6:7:8:9', '1::g', '::1.2.3', 'a.b.c.d']) {
    expect(parseAddress(text)).toBeNull()
  }
})
