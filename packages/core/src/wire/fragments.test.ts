import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Reassembly, type Datagram, type Fragment } from './fragments.ts'

const HEADER = [0x45, 0, 0, 0]

function fragment(offset: number, payload: number[], more: boolean, changes: Partial<Fragment> = {}): Fragment {
  return {
    key: 'a',
    time: 0,
    bytes: Uint8Array.from([...HEADER, ...payload]),
    headerAt: 0,
    headerEnd: 4,
    protocol: 17,
    offset,
    length: payload.length,
    more,
    at: 4,
    end: 4 + payload.length,
    ...changes,
  }
}

const eight = (value: number): number[] => Array<number>(8).fill(value)
const payload = (d: Datagram | string): number[] =>
  typeof d === 'string' ? [] : [...d.bytes.subarray(d.payloadAt, d.end)]

describe('Reassembly', () => {
  test('overlap: the first bytes stay', () => {
    const reassembly = new Reassembly()
    reassembly.add(fragment(8, eight(1), true))
    const datagram = reassembly.add(fragment(0, [...eight(2), ...eight(2), ...eight(2)], false))
    expect(payload(datagram)).toEqual([...eight(2), ...eight(1), ...eight(2)])
  })

  test('a fragment that the capture cut ends the captured bytes, not the datagram', () => {
    const reassembly = new Reassembly()
    reassembly.add(fragment(0, [1, 2, 3], true, { length: 8 }))
    const datagram = reassembly.add(fragment(8, eight(9), false)) as Datagram
    expect(payload(datagram)).toEqual([1, 2, 3])
    expect(datagram.wireEnd - datagram.payloadAt).toBe(16)
  })

  test('what waits longer than a minute is given up', () => {
    const reassembly = new Reassembly()
    reassembly.add(fragment(0, eight(1), true, { time: 100 }))
    expect(reassembly.add(fragment(8, eight(1), false, { time: 161 }))).toBe('pending')
    expect([reassembly.incomplete, reassembly.pending]).toEqual([1, 1])
  })

  test('the oldest makes room', () => {
    const reassembly = new Reassembly()
    for (let n = 0; n < 300; n++) reassembly.add(fragment(0, eight(1), true, { key: `${n}` }))
    expect([reassembly.incomplete, reassembly.pending]).toEqual([44, 256])
    const large = Array<number>(60000).fill(1)
    for (let n = 0; n < 100; n++) reassembly.add(fragment(0, large, true, { key: `large ${n}` }))
    expect(reassembly.pending).toBeLessThanOrEqual(70) // 4 MiB of 60 kB
  })

  test('no datagram holds this fragment', () => {
    const reassembly = new Reassembly()
    expect(reassembly.add(fragment(0, [1, 2, 3], true))).toBe('malformed') // not the last, not a multiple of 8
    expect(reassembly.add(fragment(65528, eight(1), false))).toBe('malformed') // over 65,535
    expect(reassembly.add(fragment(0, [], false))).toBe('malformed')
    expect(reassembly.add(fragment(0, eight(1), false, { key: 'b' }))).not.toBe('pending')
  })

  test('any order, with repetitions, gives the datagram', () => {
    const whole = Array.from({ length: 85 }, (_, n) => n)
    const pieces = Array.from({ length: 11 }, (_, n) => n)
    fc.assert(
      fc.property(fc.shuffledSubarray(pieces, { minLength: 11 }), fc.array(fc.nat({ max: 10 })), (order, again) => {
        const reassembly = new Reassembly()
        const last = order.at(-1)!
        let result: Datagram | string = ''
        // Repetitions come before the last missing piece; after it they would begin a new datagram.
        for (const n of [...order.slice(0, -1), ...again.filter((piece) => piece !== last), last]) {
          result = reassembly.add(fragment(8 * n, whole.slice(8 * n, 8 * n + 8), n < 10))
        }
        expect(payload(result)).toEqual(whole)
      }),
    )
  })
})
