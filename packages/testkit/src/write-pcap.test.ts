import { expect, test } from 'vitest'
import { join } from './bytes.ts'
import { writePcap } from './write-pcap.ts'

const frames = [{ seconds: 1, nanoseconds: 2_000, bytes: Uint8Array.of(0xaa, 0xbb, 0xcc) }]

test('little-endian, nanoseconds', () => {
  expect(writePcap(frames, { linkType: 1, snapLength: 2 })).toEqual(
    join(
      [0x4d, 0x3c, 0xb2, 0xa1], // magic of nanosecond files
      [2, 0, 4, 0], // version 2.4
      [0, 0, 0, 0, 0, 0, 0, 0], // time zone, accuracy
      [2, 0, 0, 0], // snap length
      [1, 0, 0, 0], // Ethernet
      [1, 0, 0, 0, 0xd0, 0x07, 0, 0], // 1 s, 2000 ns
      [2, 0, 0, 0, 3, 0, 0, 0], // captured, on the wire
      [0xaa, 0xbb],
    ),
  )
})

test('big-endian, microseconds', () => {
  const bytes = writePcap(frames, { linkType: 101, resolution: 'microseconds', byteOrder: 'big' })
  expect([...bytes.subarray(0, 6)]).toEqual([0xa1, 0xb2, 0xc3, 0xd4, 0, 2])
  expect([...bytes.subarray(20, 32)]).toEqual([0, 0, 0, 101, 0, 0, 0, 1, 0, 0, 0, 2])
})
