import { expect, test } from 'vitest'
import { duration, offset, plural } from './amounts.ts'

test.each([
  [0, '0 s'],
  [-0, '0 s'],
  [1e-9, '1 ns'],
  [999e-9, '999 ns'],
  [999.6e-9, '1 µs'],
  [58e-6, '58 µs'],
  [999.4e-6, '999 µs'],
  [999.6e-6, '1.00 ms'],
  [0.0112, '11.2 ms'],
  [0.9994, '999 ms'],
  [0.9996, '1.00 s'],
  [2.9701, '2.97 s'],
  [60.018, '60.02 s'],
  [99.994, '99.99 s'],
  [99.996, '100.0 s'],
  [350.06, '350.1 s'],
  [999.94, '999.9 s'],
  [999.96, '16 min 40 s'],
  [3599.6, '1 h'],
  [3725, '1 h 2 min 5 s'],
  [93_605, '26 h 5 s'],
  [-0.000_319, '−319 µs'],
  [Infinity, 'an unknown time'],
  [NaN, 'an unknown time'],
])('%d s is %s', (seconds, text) => {
  expect(duration(seconds)).toBe(text)
})

test('places on a line of time', () => {
  expect(offset(-0.000_319)).toBe('−0.000319')
  expect(offset(3.002_108)).toBe('+3.002108')
})

test('counts', () => {
  expect([plural(1, 'frame'), plural(12_043, 'frame'), plural(0, 'query', 'queries')]).toEqual([
    '1 frame',
    '12,043 frames',
    '0 queries',
  ])
})
