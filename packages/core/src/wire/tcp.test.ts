import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ACK, flags, headerLength, seqAdd, seqDiff, sequence, SYN, TcpOptions, window } from './tcp.ts'

/** The bytes of one field, or of a few. */
const b = (...bytes: number[]): number[] => bytes

function header(...options: number[]): Uint8Array {
  const offset = ((20 + options.length) / 4) << 4
  return Uint8Array.from([
    ...b(0xa1, 0x22, 0, 80), // ports
    ...b(0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 0), // sequence, acknowledgment
    offset,
    ...b(0x12, 0x72, 0x10, 0, 0, 0, 0), // data offset, SYN ACK, window, checksum, urgent pointer
    ...options,
  ])
}

function read(bytes: Uint8Array, end = bytes.length): TcpOptions {
  const options = new TcpOptions()
  options.read(bytes, 0, end)
  return options
}

test('accessors', () => {
  const bytes = header(1, 1, 1, 1)
  expect(sequence(bytes, 0)).toBe(0xfffffffe)
  expect(flags(bytes, 0)).toBe(SYN | ACK)
  expect([headerLength(bytes, 0), window(bytes, 0)]).toEqual([24, 0x7210])
})

test('sequence numbers wrap around', () => {
  expect(seqDiff(5, 0xfffffffe)).toBe(7)
  expect(seqDiff(0xfffffffe, 5)).toBe(-7)
  expect(seqAdd(0xfffffffe, 7)).toBe(5)
})

describe('options', () => {
  test('of a SYN', () => {
    const options = read(
      header(
        ...b(2, 4, 5, 0xb4), // MSS 1460
        ...b(4, 2), // SACK permitted
        ...b(8, 10, 0xff, 0, 0, 1, 0, 0, 0, 2), // timestamps
        ...b(1, 3, 3, 7), // no operation, window scale 7
      ),
    )
    expect(options).toMatchObject({ mss: 1460, sackPermitted: true, windowScale: 7, tsval: 0xff000001, tsecr: 2 })
    expect([options.malformed, options.incomplete, options.sackCount]).toEqual([false, false, 0])
  })

  test('SACK blocks', () => {
    const options = read(header(1, 1, 5, 18, 0, 0, 0, 1, 0, 0, 0, 2, 0xff, 0, 0, 0, 0xff, 0, 0, 9))
    expect(options.sackCount).toBe(2)
    expect([options.sackLeft[1], options.sackRight[1]]).toEqual([0xff000000, 0xff000009])
  })

  test.each([
    ['no length', [1, 1, 1, 2]],
    ['length 0', [2, 0, 5, 0xb4]],
    ['behind the header', [2, 8, 5, 0xb4]],
    ['MSS of 3 bytes', [2, 3, 5, 0]],
    ['half a SACK block', [5, 6, 0, 0, 0, 1, 1, 1]],
  ])('malformed: %s', (_name, bytes) => {
    expect(read(header(...bytes))).toMatchObject({ malformed: true, incomplete: false })
  })

  test('what stands before the fault, or the cut, was read', () => {
    const bytes = header(2, 4, 5, 0xb4, 8, 10, 0, 0, 0, 1, 0, 0)
    expect(read(bytes)).toMatchObject({ mss: 1460, tsval: -1, malformed: true })
    const sound = header(2, 4, 5, 0xb4, 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2)
    expect(read(sound, 30)).toMatchObject({ mss: 1460, tsval: -1, malformed: false, incomplete: true })
  })

  test('nothing stays from the segment before', () => {
    const options = read(header(2, 4, 5, 0xb4))
    options.read(header(1, 1, 1, 1), 0, 24)
    expect(options.mss).toBe(-1)
  })

  test('any bytes, cut anywhere: never past the end', () => {
    const random = fc.uint8Array({ minLength: 20, maxLength: 64 })
    fc.assert(
      fc.property(random, fc.nat({ max: 64 }), (bytes, cut) => {
        const end = Math.min(cut, bytes.length)
        expect(read(bytes, end)).toEqual(read(bytes.slice(0, end)))
      }),
    )
  })
})
