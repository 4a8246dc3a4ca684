import { expect, test } from 'vitest'
import { duration, moment, offset } from './duration.ts'

test.each([
  [0.000_058, '58 µs'],
  [0.000_999_9, '1.00 ms'],
  [0.0112, '11.2 ms'],
  [0.9999, '1.00 s'],
  [2.9701, '2.97 s'],
  [30.0049, '30.00 s'],
  [200, '3 min 20 s'],
  [3725, '1 h 2 min 5 s'],
  [Infinity, 'an unknown time'],
])('%d s is %s', (seconds, text) => {
  expect(duration(seconds)).toBe(text)
})

test('places on the time line', () => {
  expect(offset(-0.000_319)).toBe('−0.000319 s')
  expect(offset(3.002_108)).toBe('+3.002108 s')
  expect(moment('2026-11-22T08:58:00.008961123Z')).toBe('2026-11-22 08:58:00.008961 UTC')
})
