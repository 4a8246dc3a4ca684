import { expect, test } from 'vitest'
import { moment } from './moment.ts'

test('moments are said to the microsecond', () => {
  expect(moment('2026-11-22T08:58:00.008961123Z')).toBe('2026-11-22 08:58:00.008961 UTC')
})
