import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Packet } from './packet.ts'
import { clock, setTime } from './timestamp.ts'

function time(resolution: number, offset: number, high: number, low: number): [number, number] {
  const packet = { seconds: 0, nanoseconds: 0 } as Packet
  setTime(packet, clock(resolution, offset), high, low)
  return [packet.seconds, packet.nanoseconds]
}

test('microseconds, nanoseconds, 2^-20 s', () => {
  expect(time(6, 0, 0x60a24, 0x181e4007)).toEqual([1_700_000_000, 7_000])
  expect(time(9, 0, 0x1797_9cfe, 0x362a_0005)).toEqual([1_700_000_000, 5])
  expect(time(0x80 | 20, -3, 1, 1)).toEqual([4093, 953])
})

test('the last unit of a second and the first one of the next', () => {
  const second = fc.integer({ min: 1, max: 0xffff_ffff })
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 9 }), second, fc.integer({ min: -3, max: 3 }), (exponent, s, units) => {
      const unit = 10 ** (9 - exponent)
      const count = BigInt(s) * 10n ** BigInt(exponent) + BigInt(units)
      const expected = count * BigInt(unit)
      const [seconds, nanoseconds] = time(exponent, 0, Number(count >> 32n), Number(count & 0xffff_ffffn))
      expect(BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds)).toBe(expected)
      expect(nanoseconds).toBeGreaterThanOrEqual(0)
      expect(nanoseconds).toBeLessThan(1_000_000_000)
    }),
    { numRuns: 2000 },
  )
})

test('every resolution agrees with long arithmetic, to the nanosecond, cut off', () => {
  const word = fc.integer({ min: 0, max: 0xffff_ffff })
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 255 }), word, word, (resolution, high, low) => {
      const exponent = BigInt(resolution & 0x7f)
      const perSecond = resolution >= 0x80 ? 2n ** exponent : 10n ** exponent
      const count = BigInt(high) * 2n ** 32n + BigInt(low)
      const seconds = count / perSecond
      const nanoseconds = ((count % perSecond) * 1_000_000_000n) / perSecond
      // Beyond 2^53 seconds a number cannot be exact, and nothing was ever captured then.
      expect(time(resolution, 0, high, low)).toEqual([Number(seconds), Number(nanoseconds)])
    }),
    { numRuns: 2000 },
  )
})
