import { expect, test } from 'vitest'
import { timestamp } from './time.ts'

test.each([
  ['a moment', 1_790_000_000, 5, '2026-09-21T14:13:20.000000005Z'],
  ['before 1970', 0, -1, '1969-12-31T23:59:59.999999999Z'],
  ['a fraction that is nearly the next second', 0, 999_999_999.7, '1970-01-01T00:00:01.000000000Z'],
  ['a year of five digits, as a damaged capture has it', 253_402_300_800, 0, '010000-01-01T00:00:00.000000000Z'],
  ['no time at all', 9e15, 0, '1970-01-01T00:00:00.000000000Z'],
])('%s', (_, epoch, nanoseconds, text) => {
  expect(timestamp(epoch, nanoseconds)).toBe(text)
})
