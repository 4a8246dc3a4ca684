import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createCaptureReader } from './open.ts'
import type { CaptureInfo, Packet } from './packet.ts'

const FILE_HEADER = [
  [0xd4, 0xc3, 0xb2, 0xa1], // magic: little-endian, microseconds
  [2, 0, 4, 0], // version 2.4
  [0, 0, 0, 0, 0, 0, 0, 0], // time zone, accuracy
  [0, 0, 1, 0], // snap length 65536
  [1, 0, 0, 0x40], // Ethernet; frame check sequence of 4 bytes in the upper bits
].flat()
const FIRST = [
  [0x00, 0xf1, 0x53, 0x65, 0x40, 0xe2, 0x01, 0x00], // 1700000000.123456
  [3, 0, 0, 0, 60, 0, 0, 0], // 3 bytes captured of 60
  [0xaa, 0xbb, 0xcc],
].flat()
const SECOND = [
  [0x01, 0xf1, 0x53, 0x65, 0, 0, 0, 0], // 1700000001.0
  [2, 0, 0, 0, 2, 0, 0, 0], // 2 bytes of 2
  [0xdd, 0xee],
].flat()
const CAPTURE = [...FILE_HEADER, ...FIRST, ...SECOND]
const PACKETS = ['1 1700000000.123456000 aa,bb,cc of 60 on 1', '2 1700000001.000000000 dd,ee of 2 on 1']

/** Reads the bytes in the given pieces, each overwritten after use; a packet becomes a line. */
function read(bytes: number[], piece: number = bytes.length): { packets: string[]; info: CaptureInfo } {
  const reader = createCaptureReader()
  const packets: string[] = []
  const sink = {
    packet: (p: Packet): void => {
      const data = Array.from(p.bytes.subarray(p.at, p.end), (byte) => byte.toString(16))
      const time = `${p.seconds}.${String(p.nanoseconds).padStart(9, '0')}`
      packets.push(`${p.frame} ${time} ${data} of ${p.wireLength} on ${p.linkType}`)
    },
  }
  for (let at = 0; at < bytes.length; at += piece) {
    const chunk = Uint8Array.from(bytes.slice(at, at + piece))
    reader.push(chunk, sink)
    chunk.fill(0xee)
  }
  reader.end(sink)
  return { packets, info: reader.info }
}

const put = (bytes: number[], at: number, value: number[]): number[] => bytes.toSpliced(at, value.length, ...value)

describe('pcap', () => {
  test('packets with time, lengths and link type', () => {
    const { packets, info } = read(CAPTURE)
    expect(packets).toEqual(PACKETS)
    expect(info).toMatchObject({ format: 'pcap', frames: 2, faults: [] })
    expect(info.interfaces).toEqual([{ linkType: 1, snapLength: 65536, name: null, dropped: null }])
  })

  test('the same in big-endian order', () => {
    const swapped = [
      [0xa1, 0xb2, 0xc3, 0xd4, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0x40, 0, 0, 1],
      [0x65, 0x53, 0xf1, 0x00, 0x00, 0x01, 0xe2, 0x40, 0, 0, 0, 3, 0, 0, 0, 60, 0xaa, 0xbb, 0xcc],
    ].flat()
    expect(read(swapped).packets).toEqual(PACKETS.slice(0, 1))
  })

  test('nanoseconds, when the magic number says so', () => {
    const bytes = put(CAPTURE, 0, [0x4d, 0x3c, 0xb2, 0xa1])
    expect(read(bytes).packets[0]).toContain('1700000000.000123456')
  })

  test('the modified format has eight bytes more in each record header', () => {
    const longer = FIRST.toSpliced(16, 0, 2, 0, 0, 0, 0, 8, 0, 0)
    const bytes = [...put(FILE_HEADER, 0, [0x34, 0xcd, 0xb2, 0xa1]), ...longer]
    expect(read(bytes).packets).toEqual(PACKETS.slice(0, 1))
  })

  test('the two lengths are the other way round before version 2.3', () => {
    const swapped = [...FIRST.slice(0, 8), ...FIRST.slice(12, 16), ...FIRST.slice(8, 12), ...FIRST.slice(16)]
    expect(read([...put(FILE_HEADER, 6, [2, 0]), ...swapped]).packets).toEqual(PACKETS.slice(0, 1))
  })

  test('a fraction above one second counts on', () => {
    const late = put(FIRST, 4, [0x81, 0x84, 0x1e, 0x00]) // 2000001 microseconds
    expect(read([...FILE_HEADER, ...late]).packets[0]).toContain('1700000002.000001000')
  })

  test('a length that cannot be is damage, and everything before it is delivered', () => {
    const { packets, info } = read([...FILE_HEADER, ...FIRST, ...put(SECOND, 8, [0xff, 0xff, 0xff, 0x7f])])
    expect(packets).toEqual(PACKETS.slice(0, 1))
    expect(info.faults).toMatchObject([{ offset: 43, afterFrame: 1, fatal: true }])
    expect(info.faults[0]!.text).toContain('a packet of 2147483647 bytes is announced')
  })

  test('a packet cut by the end of the file', () => {
    const { packets, info } = read(CAPTURE.slice(0, -1))
    expect(packets).toEqual(PACKETS.slice(0, 1))
    expect(info.faults).toEqual([
      { offset: 43, afterFrame: 1, fatal: true, text: 'the last packet is cut: 2 bytes announced, 1 there' },
    ])
  })

  test.each([...CAPTURE.keys()])('cut to %i bytes: whole packets, and a fault unless it is between two', (length) => {
    const { packets, info } = read(CAPTURE.slice(0, length))
    expect(packets).toEqual(PACKETS.slice(0, length >= 43 ? 1 : 0))
    expect(info.faults.length).toBe(length === 24 || length === 43 ? 0 : 1)
  })

  test.each([1, 2, 3, 5, 7, 15, 17, 23, 43])('in pieces of %i bytes: the same', (piece) => {
    expect(read(CAPTURE, piece)).toEqual(read(CAPTURE))
  })

  test('any bytes behind the header, in any pieces: never an error, always the same', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 255 })), fc.integer({ min: 1, max: 50 }), (tail, piece) => {
        const bytes = [...FILE_HEADER, ...FIRST, ...tail]
        expect(read(bytes, piece)).toEqual(read(bytes))
      }),
    )
  })
})
