import { expect, test } from 'vitest'
import type { CaptureSummary } from './document.ts'
import { span } from './words.ts'

const capture = (first: string | null, last: string | null, offsetSeconds: number | null): CaptureSummary =>
  ({ first, last, clock: { offsetSeconds } }) as CaptureSummary

test('captures are as long together as by one clock, however far apart their clocks are', () => {
  const reference = capture('2026-11-22T08:00:00.000001Z', '2026-11-22T08:00:04Z', 0)
  expect(span([reference])).toEqual({ first: '2026-11-22T08:00:00.000001Z', seconds: 4 })
  const hoursAhead = capture('2026-11-22T15:29:59.500Z', '2026-11-22T15:30:05Z', 7.5 * 3600)
  expect(span([reference, hoursAhead])).toEqual({ first: '2026-11-22T07:59:59.500Z', seconds: 5.5 })
  // Nothing says where on the line of time it belongs.
  const loose = capture('1970-01-01T00:00:00Z', '1970-01-01T00:00:09Z', null)
  expect(span([reference, loose])).toEqual(span([reference]))
  expect(span([capture(null, null, null)])).toBeNull()
})
