import fc from 'fast-check'
import { expect, test } from 'vitest'
import { merged } from './merged.ts'

test('any sequences become one, and none is opened before its time', () => {
  const sequence = fc.array(fc.nat(50), { maxLength: 8 }).map((times) => times.toSorted((a, b) => a - b))
  fc.assert(
    fc.property(fc.array(sequence, { maxLength: 8 }), (lists) => {
      let latest = -1
      const sequences = lists
        .map((times) => ({
          from: times[0] ?? 0,
          open: () => {
            expect(times[0] ?? Infinity).toBeGreaterThanOrEqual(latest)
            return times.map((time) => ({ time })).values()
          },
        }))
        .toSorted((a, b) => a.from - b.from)
      const out: number[] = []
      for (const { time } of merged(sequences)) out.push((latest = time))
      expect(out).toEqual(lists.flat().toSorted((a, b) => a - b))
    }),
  )
})
