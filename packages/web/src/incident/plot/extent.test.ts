import fc from 'fast-check'
import { expect, test } from 'vitest'
import { aroundPlaces, fitted, panned, showing, valueAt, wholeOf, zoomed } from './extent.ts'
import type { TimeSequence } from './time-sequence-data.ts'

const NOTHING: TimeSequence = {
  direction: 'client',
  sender: 'a',
  receiver: 'b',
  segments: [],
  marks: [],
  acknowledged: [],
  window: [],
  sacks: [],
  moments: [],
  omitted: null,
  places: [],
}

const segment = (seconds: number, from: number, to: number): TimeSequence['segments'][number] => ({
  arrow: 0,
  seconds,
  from,
  to,
  kind: 'data',
  isLost: false,
  isDeciding: false,
})

test('nothing at all can be shown', () => {
  const { from, to } = wholeOf(NOTHING)
  const { low, high } = fitted(NOTHING, from, to, true)
  expect(to).toBeGreaterThan(from)
  expect(high).toBeGreaterThan(low)
})

test('positions fit what lies in the time, and the stair that comes into it', () => {
  const plot = {
    ...NOTHING,
    segments: [segment(0, 1, 500), segment(10, 9_000, 9_500)],
    acknowledged: [{ seconds: 1, value: 500 }],
  }
  const { low, high } = fitted(plot, 9, 11, false)
  expect(low).toBeLessThan(500)
  expect(low).toBeGreaterThan(-1_000)
  expect(high).toBeGreaterThan(9_500)
  expect(fitted(plot, -1, 0.5, false).high).toBeLessThan(600)
})

test('a window far above makes nothing small unless asked for', () => {
  const plot = { ...NOTHING, segments: [segment(0, 1, 500)], window: [{ seconds: 0, value: 65_536 }] }
  expect(fitted(plot, -1, 1, false).high).toBeLessThan(1_000)
  expect(fitted(plot, -1, 1, true).high).toBeGreaterThan(65_536)
  expect(fitted({ ...plot, window: [{ seconds: 0, value: 900 }] }, -1, 1, false).high).toBeGreaterThan(900)
})

test('a stair holds its value until the next step', () => {
  const steps = [
    { seconds: 1, value: 10 },
    { seconds: 2, value: 20 },
  ]
  expect([0.5, 1, 1.9, 2, 9].map((time) => valueAt(steps, time))).toEqual([null, 10, 10, 20, 20])
})

test('zooming and moving stay within the whole, and zoom keeps its moment in place', () => {
  const whole = { from: 0, to: 100 }
  const number = fc.double({ min: 0, max: 100, noNaN: true })
  fc.assert(
    fc.property(number, number, fc.double({ min: 0.01, max: 100, noNaN: true }), number, (a, b, factor, moment) => {
      const part = { from: Math.min(a, b), to: Math.max(a, b) + 1e-3 }
      const inside = { from: part.from, to: Math.min(part.to, 100) }
      for (const next of [
        zoomed(whole, inside, factor, moment),
        panned(whole, inside, factor - 50),
        showing(whole, inside, moment),
      ]) {
        expect(next.from).toBeGreaterThanOrEqual(-1e-9)
        expect(next.to).toBeLessThanOrEqual(100 + 1e-9)
        expect(next.to).toBeGreaterThan(next.from)
      }
      const shown = showing(whole, inside, moment)
      expect(moment).toBeGreaterThanOrEqual(shown.from - 1e-9)
      expect(moment).toBeLessThanOrEqual(shown.to + 1e-9)
    }),
  )
  expect(zoomed(whole, { from: 20, to: 60 }, 0.5, 30)).toEqual({ from: 25, to: 45 })
})

test('packets are shown with those around them', () => {
  const places = Array.from({ length: 100 }, (_, i) => ({ arrow: i, seconds: i, at: 0 }))
  const { from, to } = aroundPlaces({ ...NOTHING, places }, { from: 0, to: 99 }, [places[50]!, places[52]!])
  expect([Math.round(from), Math.round(to)]).toEqual([43, 59])
})
