import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Bounds, fit, inTime } from './fit.ts'
import { rangeAt, ratesOf } from './lines.ts'
import { composed, fromStory, inverse, toStory } from './time.ts'

const SECOND = 1e9

/** Packets both ways, each with its delay, past two captures of which the second is ahead by `offset`. */
function packets(count: number, offset: (time: number) => number, delay: (i: number) => number): Bounds {
  const bounds: Bounds = { times: [], offsets: [], signs: [] }
  for (let i = 0; i < count; i++) {
    const time = i * SECOND
    const sign = i % 2 === 0 ? 1 : -1
    bounds.times.push(time)
    bounds.offsets.push(offset(time) + sign * delay(i))
    bounds.signs.push(sign)
  }
  return inTime(bounds)
}

const delays = fc.array(fc.integer({ min: 0, max: 50e6 }), { minLength: 4, maxLength: 60 })

describe('fit', () => {
  test('the true line is among those that are left, whatever the delays', () => {
    const ppm = fc.integer({ min: -200, max: 200 })
    fc.assert(
      fc.property(delays, ppm, fc.integer({ min: -1e13, max: 1e13 }), (some, rate, ahead) => {
        const truth = (time: number): number => ahead + (time * rate) / 1e6
        const found = fit(packets(some.length, truth, (i) => some[i]))
        expect(found.length).toBe(1)
        for (const time of [0, (some.length - 1) * SECOND]) {
          const { low, high } = rangeAt(found[0].lines, time)
          expect(truth(time)).toBeGreaterThanOrEqual(low - 1)
          expect(truth(time)).toBeLessThanOrEqual(high + 1)
        }
      }),
    )
  })

  test('drift shows once it is more than the delays leave open', () => {
    const [{ lines }] = fit(
      packets(
        600,
        (time) => time * 50e-6,
        (i) => 1e6 + (i % 7) * 1e5,
      ),
    )
    const { low, high } = ratesOf(lines)
    expect(low).toBeGreaterThan(40e-6)
    expect(high).toBeLessThan(60e-6)
  })

  test('a clock that is set makes two stretches, an odd packet none', () => {
    const step = packets(
      60,
      (time) => (time < 30 * SECOND ? 0 : 2 * SECOND),
      () => 1e6,
    )
    expect(fit(step).map(({ from, until }) => [from / SECOND, until / SECOND])).toEqual([
      // Those that travel the other way only look late behind it.
      [0, 28],
      [31, 59],
    ])
    const odd = packets(
      60,
      () => 0,
      (i) => (i === 30 ? -0.3 * SECOND : 1e6),
    )
    expect(fit(odd).length).toBe(1)
  })
})

test('times go to the story and back, over several pieces and captures', () => {
  const one = {
    pieces: [
      { from: 0, shift: 5, rate: 0 },
      { from: 100, shift: -20, rate: 1e-4 },
    ],
  }
  const other = { pieces: [{ from: 0, shift: 1e9, rate: -1e-4 }] }
  const both = { pieces: composed(one.pieces, other.pieces) }
  // Where the clock leaps back, times occur twice.
  for (const time of [0, 50, 125, 1e6, 1e9]) {
    expect(fromStory(one, toStory(one, time))).toBeCloseTo(time, 3)
    expect(toStory({ pieces: inverse(one.pieces) }, toStory(one, time))).toBeCloseTo(time, 1)
    expect(toStory(both, time)).toBeCloseTo(toStory(other, toStory(one, time)), 1)
  }
})
