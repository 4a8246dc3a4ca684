import { expect, test } from 'vitest'
import { clockAfter, offsetLabel, ticks } from './ticks.ts'

test.each([
  [62, 900, ['+10 s', '+20 s', '+30 s', '+40 s', '+50 s', '+60 s']],
  [0.004, 500, ['+1 ms', '+2 ms', '+3 ms', '+4 ms']],
  [7200, 500, ['+30 min', '+60 min', '+90 min', '+2 h']],
  [0, 500, []],
])('%f s on %i px', (total, width, labels) => {
  expect(
    ticks(Math.max(total, 1e-9), width)
      .slice(1)
      .map(({ label }) => label)
      .slice(0, labels.length),
  ).toEqual(labels)
})

test('few ticks, whatever the length', () => {
  for (const total of [1e-9, 1e-3, 0.7, 59, 3601, 1e6, 1e8]) {
    expect(ticks(total, 1000).length).toBeLessThanOrEqual(12)
  }
})

test('moments are said as clocks do', () => {
  expect(offsetLabel(90.5, 0.5)).toBe('+90.5 s')
  expect(offsetLabel(3725, 5)).toBe('+62 min 5 s')
  expect(clockAfter('2026-11-22T08:57:21.682000001Z', 1.5)).toBe('08:57:23.182')
})
