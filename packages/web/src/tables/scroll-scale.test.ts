import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { endOf, fromBar, MOST, moved, spaceOf, toBar } from './scroll-scale.ts'

const ROW = 32
const anyExtent = fc.record({
  total: fc.integer({ min: 0, max: 1e8 }).map((n) => n * ROW),
  view: fc.integer({ min: 1, max: 4000 }),
})

describe('the bar and the rows', () => {
  test('both ends of the bar are those of the rows, and no place is beyond', () => {
    fc.assert(
      fc.property(anyExtent, fc.double({ min: 0, max: 1, noNaN: true }), (extent, share) => {
        const barEnd = Math.max(0, spaceOf(extent) - extent.view)
        expect(fromBar(extent, 0)).toBe(0)
        expect(fromBar(extent, barEnd)).toBeCloseTo(endOf(extent), 3)
        const at = fromBar(extent, share * barEnd)
        expect(at).toBeGreaterThanOrEqual(0)
        expect(at).toBeLessThanOrEqual(endOf(extent) + 1e-3)
        expect(fromBar(extent, toBar(extent, at))).toBeCloseTo(at, 3)
      }),
    )
  })

  test('what a browser can lay out is not scaled', () => {
    const extent = { total: MOST, view: 500 }
    for (const bar of [0, 1, 777, 4e6, MOST - 500]) expect(fromBar(extent, bar)).toBe(bar)
  })

  test('a wheel moves as many pixels of ten million rows as of ten', () => {
    const extent = { total: 1e7 * ROW, view: 600 }
    const at = 1e8
    const bar = toBar(extent, at)
    expect(moved(extent, at, bar, bar + 100)).toBe(at + 100)
    expect(moved(extent, at, bar, bar - 100)).toBe(at - 100)
    expect(moved(extent, at, bar, bar + 1e5) - at).toBeGreaterThan(1e6)
  })

  test('whoever scrolls on comes to the end', () => {
    const extent = { total: 1e7 * ROW, view: 600 }
    expect(moved(extent, 50, 20, 0)).toBe(0)
    expect(moved(extent, endOf(extent) - 50, MOST - 620, MOST - 600)).toBe(endOf(extent))
  })
})
