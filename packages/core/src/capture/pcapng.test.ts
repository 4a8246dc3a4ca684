import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createCaptureReader } from './open.ts'
import type { CaptureInfo, Packet } from './packet.ts'

const le32 = (value: number): number[] => [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24]
const be32 = (value: number): number[] => le32(value).toReversed()

/** A little-endian block: type, length, body, length. */
const block = (type: number, ...fields: number[][]): number[] => {
  const body = fields.flat()
  const total = le32(12 + body.length)
  return [...le32(type), ...total, ...body, ...total]
}
const text = (value: string): number[] => Array.from(value, (character) => character.charCodeAt(0))

/** opt_endofopt */
const END = [0, 0, 0, 0]

const SECTION = block(
  0x0a0d0d0a,
  le32(0x1a2b3c4d),
  [1, 0, 0, 0], // version 1.0
  le32(-1), // section length unknown
  le32(-1),
  [1, 0, 4, 0, ...text('note')], // opt_comment
)
const INTERFACE = block(1, [1, 0, 0, 0], le32(65535), [2, 0, 4, 0, ...text('eth0')], END)
/** 1700000000 s = 0x60a24_181e4000 microseconds. */
const TIME = [...le32(0x60a24), ...le32(0x181e4000 + 7)]
const PACKET = block(6, le32(0), TIME, le32(3), le32(60), [0xaa, 0xbb, 0xcc, 0])
const CAPTURE = [...SECTION, ...INTERFACE, ...PACKET]
const LINE = '1700000000.000007000 aa,bb,cc of 60 on 0'

function read(bytes: number[], piece: number = bytes.length): { packets: string[]; info: CaptureInfo } {
  const reader = createCaptureReader()
  const packets: string[] = []
  const sink = {
    packet: (p: Packet): void => {
      const data = Array.from(p.bytes.subarray(p.at, p.end), (byte) => byte.toString(16))
      packets.push(
        `${p.seconds}.${String(p.nanoseconds).padStart(9, '0')} ${data} of ${p.wireLength} on ${p.interfaceId}`,
      )
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

describe('pcapng', () => {
  test('a packet, its interface and the comment', () => {
    const { packets, info } = read(CAPTURE)
    expect(packets).toEqual([LINE])
    expect(info).toMatchObject({ format: 'pcapng', frames: 1, comments: ['note'], faults: [] })
    expect(info.interfaces).toEqual([{ linkType: 1, snapLength: 65535, name: 'eth0', dropped: null }])
  })

  test('a second section in the other byte order, with interfaces of its own', () => {
    const second = [
      [be32(0x0a0d0d0a), be32(28), be32(0x1a2b3c4d), [0, 1, 0, 0], be32(-1), be32(-1), be32(28)],
      [be32(1), be32(20), [0, 101, 0, 0], be32(0), be32(20)],
      [be32(6), be32(36), be32(0), be32(0x60a24), be32(0x181e4007), be32(1), be32(1), [0xdd, 0, 0, 0], be32(36)],
    ].flat(2)
    const { packets, info } = read([...CAPTURE, ...second])
    expect(packets).toEqual([LINE, '1700000000.000007000 dd of 1 on 1'])
    expect(info.interfaces.map((one) => one.linkType)).toEqual([1, 101])
  })

  test('the obsolete packet block and the simple packet block, which has no time', () => {
    const old = block(2, [0, 0, 9, 0], TIME, le32(1), le32(1), [0xdd, 0, 0, 0])
    const { packets, info } = read([...CAPTURE, ...old, ...block(3, le32(2), [0xee, 0xff, 0, 0])])
    expect(packets.slice(1)).toEqual(['1700000000.000007000 dd of 1 on 0', '0.000000000 ee,ff of 2 on 0'])
    expect(info.faults).toMatchObject([{ fatal: false, afterFrame: 2 }])
  })

  test('names, drops and TLS secrets', () => {
    const names = block(
      4,
      [1, 0, 8, 0, 10, 1, 0, 2, ...text('web\0')],
      [2, 0, 19, 0, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, ...text('v6\0'), 0],
      END,
    )
    const drops = block(5, le32(0), le32(0), le32(0), [5, 0, 8, 0, 9, 0, 0, 0, 0, 0, 0, 0], END)
    const secrets = block(10, le32(0x544c534b), le32(3), text('KEY\0'))
    const { info } = read([...CAPTURE, ...names, ...drops, ...secrets])
    expect(info.names).toEqual([
      ['10.1.0.2', 'web'],
      ['2001:db8::2', 'v6'],
    ])
    expect(info.interfaces[0]!.dropped).toBe(9)
    expect(info.keyLogs).toEqual(['KEY'])
    expect(info.faults).toEqual([])
  })

  test('a resolution of nanoseconds and an offset in seconds', () => {
    const resolution = [9, 0, 1, 0, 9, 0, 0, 0]
    const offset = [14, 0, 8, 0, ...le32(-10), ...le32(-1)]
    const described = block(1, [1, 0, 0, 0], le32(0), resolution, offset, END)
    const packet = block(6, le32(0), le32(3), le32(5), le32(0), le32(0)) // 3 * 2^32 + 5 = 12.884901893 s
    expect(read([...SECTION, ...described, ...packet]).packets).toEqual(['2.884901893  of 0 on 0'])
  })

  test('unknown blocks are passed over', () => {
    const { packets, info } = read([...SECTION, ...INTERFACE, ...block(0x0bad, Array<number>(40).fill(7)), ...PACKET])
    expect(packets).toEqual([LINE])
    expect(info.faults).toEqual([])
  })

  test('a block of 4 GB is counted through, not kept', () => {
    const { packets, info } = read([...CAPTURE, ...le32(0x0bad), ...le32(0xfffffff0), 1, 2, 3])
    expect(packets).toEqual([LINE])
    expect(info.faults[0]!.text).toBe('the last block is cut: 4294967280 bytes announced, 11 there')
  })

  test.each([
    ['an interface that is not described', block(6, le32(5), TIME, le32(0), le32(0)), 'interface 5'],
    ['more bytes than the block has room for', block(6, le32(0), TIME, le32(9), le32(9)), 'room for 0'],
  ])('a packet with %s is skipped, and reading goes on', (_, bad, named) => {
    const { packets, info } = read([...SECTION, ...INTERFACE, ...bad, ...PACKET])
    expect(packets).toEqual([LINE])
    expect(info.faults).toMatchObject([{ offset: SECTION.length + INTERFACE.length, afterFrame: 0, fatal: false }])
    expect(info.faults[0]!.text).toContain(named)
  })

  test('two lengths that differ are damage', () => {
    const { packets, info } = read([...CAPTURE, ...PACKET.toSpliced(-4, 1, 99), ...PACKET])
    expect(packets).toEqual([LINE])
    expect(info.faults).toMatchObject([{ offset: CAPTURE.length, afterFrame: 1, fatal: true }])
  })

  test('version 2 is not read', () => {
    expect(read(SECTION.with(12, 2)).info.faults[0]!.text).toContain('version 2.0 is not supported')
  })

  test('a packet cut by the end of the file', () => {
    const { packets, info } = read(CAPTURE.slice(0, -6))
    expect(packets).toEqual([])
    expect(info.faults[0]).toMatchObject({ fatal: true, text: 'the last packet is cut: 3 bytes announced, 2 there' })
  })

  test.each([1, 2, 3, 5, 7, 11, 13, 29])('in pieces of %i bytes: the same', (piece) => {
    const bytes = [...SECTION, ...INTERFACE, ...block(0x0bad, [1, 2, 3, 4]), ...PACKET, ...PACKET]
    expect(read(bytes, piece)).toEqual(read(bytes))
    expect(read(bytes).packets).toEqual([LINE, LINE])
  })

  test('cut at every length: never an error, and a fault unless it is between two blocks', () => {
    const ends = new Set([SECTION.length, SECTION.length + INTERFACE.length, CAPTURE.length])
    for (let length = 0; length <= CAPTURE.length; length++) {
      expect(read(CAPTURE.slice(0, length)).info.faults.length).toBe(ends.has(length) ? 0 : 1)
    }
  })

  test('any bytes changed, in any pieces: never an error, always the same', () => {
    const change = fc.tuple(fc.nat(CAPTURE.length + PACKET.length - 1), fc.integer({ min: 0, max: 255 }))
    fc.assert(
      fc.property(fc.array(change, { maxLength: 4 }), fc.integer({ min: 1, max: 50 }), (changes, piece) => {
        const bytes = [...CAPTURE, ...PACKET]
        for (const [at, value] of changes) bytes[at] = value
        expect(read(bytes, piece)).toEqual(read(bytes))
      }),
    )
  })
})
