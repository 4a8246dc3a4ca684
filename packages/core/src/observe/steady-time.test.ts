import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addedAt, addedTo, ownTimes, type SetBack, SteadyTime } from './steady-time.ts'

/** Times of frames (in milliseconds, on one interface unless said otherwise) as they are followed. */
function followed(
  times: readonly number[],
  interfaces: readonly number[] = [],
): { times: number[]; setBacks: SetBack[] } {
  const clock = new SteadyTime()
  const steady = times.map((time, i) => Math.round(clock.of(time * 1e6, i + 1, interfaces[i] ?? 0) / 1e6))
  return { times: steady, setBacks: clock.setBacks }
}

test('a clock that is set back goes on', () => {
  const { times, setBacks } = followed([0, 500, 1000, 400, 410, 420, 430, 1440])
  expect(times).toEqual([0, 500, 1000, 1000, 1010, 1020, 1030, 2040])
  expect(setBacks).toEqual([{ frame: 4, time: 1000.001e6, by: 600.001e6 }])
})

test('it may be set back before its first frame, and again', () => {
  const { times, setBacks } = followed([0, 100, -5000, -4990, -4980, -4970, -4960, -9000, -8990])
  expect(times).toEqual([0, 100, 100, 110, 120, 130, 140, 140, 150])
  expect(setBacks.map(({ frame }) => frame)).toEqual([3, 8])
})

test('frames that are a little late, or one that is very late or damaged, set no clock', () => {
  for (const times of [
    [0, 100, 85, 110, 95, 120],
    [0, 5000, 100, 5010, 5020, 5030, 5040],
    [0, 10, 9_000_000, 20, 30, 40, 50, 60],
  ]) {
    const { times: steady, setBacks } = followed(times)
    expect(setBacks).toEqual([])
    expect(steady.at(-1)).toBe(times.at(-1))
  }
})

test('interfaces are behind each other, each in its own order', () => {
  expect(followed([0, 1000, 100, 1100, 200], [0, 0, 1, 0, 1]).setBacks).toEqual([])
})

test('what a frame said is never lost', () => {
  const clock = fc.array(fc.integer({ min: -2000, max: 2000 }), { minLength: 1, maxLength: 60 })
  fc.assert(
    fc.property(clock, (steps) => {
      let now = 0
      const times = steps.map((step) => (now += step))
      const { times: steady, setBacks } = followed(times)
      // Of a single late frame what was added is taken back, so that its own time is known only to so much.
      if (setBacks.length === 0) return
      const last = steady.length - 1
      expect(steady[last]).toBe(Math.round(times[last]! + addedTo(setBacks, last + 1) / 1e6))
    }),
  )
})

test('own times of a stretch with a step in it', () => {
  const setBacks = [{ frame: 4, time: 1000.001e6, by: 600.001e6 }]
  expect(ownTimes(setBacks, 900e6, 1100e6)).toEqual([
    { from: 900e6, to: 1000e6 },
    { from: 400e6, to: 499.999e6 },
  ])
  expect(ownTimes([], 1, 2)).toEqual([{ from: 1, to: 2 }])
  expect([addedAt(setBacks, 1000e6), addedAt(setBacks, 1001e6)]).toEqual([0, 600.001e6])
})

test('what lies further back than a day is no clock that was set', () => {
  const time = new SteadyTime()
  const year = 365 * 86_400e9
  expect([year, year + 1e6, 5, 6].map((at, i) => time.of(at, i + 1, 0))).toEqual([year, year + 1e6, 5, 6])
  expect(time.setBacks).toEqual([])
})
