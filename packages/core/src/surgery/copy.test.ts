// Copies: nothing of a capture is lost on the way, but what the format has no place for and what was damaged.
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { network, request, response } from '@pcap-surgery/testkit'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import type { DecompressionPort } from '../capture/compression.ts'
import { createCaptureReader } from '../capture/open.ts'
import type { BlockSink, CaptureInfo, Packet } from '../capture/packet.ts'
import { eachOption } from '../capture/pcapng-blocks.ts'
import { pcapWriter } from '../capture/write-pcap.ts'
import { pcapngWriter } from '../capture/write-pcapng.ts'
import type { CaptureWriter, Emit } from '../capture/writer.ts'
import { type Copied, copy, type CopyOptions } from './copy.ts'
import { merge, type MergeSource } from './merge.ts'
import { shifted } from './retime.ts'
import { handChooser } from './select.ts'

const installed = spawnSync('capinfos', ['-v']).status === 0
if (!installed) console.warn('SKIPPED: capinfos is not installed, nobody else reads the copies')
const folder = mkdtempSync(join(tmpdir(), 'copies-'))
afterAll(() => rmSync(folder, { recursive: true }))

const decompression: DecompressionPort = {
  gzip: () => {
    throw new Error('not gzip')
  },
}
const pcapng = (emit: Emit): CaptureWriter => pcapngWriter({ comments: [], application: 'test' }, emit)

/** The chunks are overwritten once they were used, as file buffers are. */
// oxlint-disable-next-line require-await -- stands for a source that waits
async function* pieces(capture: Uint8Array, size = 1 << 20): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < capture.length; at += size) {
    const chunk = capture.slice(at, at + size)
    yield chunk
    chunk.fill(0xee)
  }
}

interface Made {
  bytes: Uint8Array
  copied: Copied
  lost: ReadonlyMap<string, number>
}

async function copied(
  capture: Uint8Array,
  how: Partial<CopyOptions> & { make?: (emit: Emit) => CaptureWriter; piece?: number } = {},
): Promise<Made> {
  const { make = pcapng, piece, ...options } = how
  const blocks: Uint8Array[] = []
  const writer = make((bytes) => blocks.push(bytes))
  const source = { open: () => pieces(capture, piece) }
  const done = await copy(source, writer, { decompression, chooser: null, retime: null, resume: false, ...options })
  return { bytes: Uint8Array.from(Buffer.concat(blocks)), copied: done, lost: writer.lost }
}

interface Told {
  packets: string[]
  /** All that stands beside the packets, in order, as text. */
  beside: string[]
  info: CaptureInfo
}

const optionTexts = (all: Uint8Array): string => {
  const texts: string[] = []
  eachOption(all, (code, value) => texts.push(`${code}=${Buffer.from(value).toString('hex')}`))
  return texts.join(' ')
}

function told(capture: Uint8Array): Told {
  const packets: string[] = []
  const beside: string[] = []
  const blocks: BlockSink = {
    section: (all) => void beside.push(`section ${optionTexts(all)}`),
    interface: (id, all) => void beside.push(`interface ${id} ${reader.info.interfaces[id]!.name} ${optionTexts(all)}`),
    packetOptions: (all) => void beside.push(`packet ${reader.info.frames + 1} ${optionTexts(all)}`),
    statistics: ({ options: all, ...rest }) =>
      void beside.push(`statistics ${JSON.stringify(rest)} ${optionTexts(all)}`),
    block: (type, body) => void beside.push(`block ${type} ${Buffer.from(body).toString('hex')}`),
    leftOut: (what) => void beside.push(`left out ${what}`),
  }
  const reader = createCaptureReader({ blocks })
  const sink = {
    packet(p: Packet): void {
      const data = createHash('md5').update(p.bytes.subarray(p.at, p.end)).digest('hex')
      packets.push(
        `${p.seconds}.${String(p.nanoseconds).padStart(9, '0')} ${data} of ${p.wireLength} on ${p.interfaceId}`,
      )
    },
  }
  reader.push(capture, sink)
  reader.end(sink)
  return { packets, beside, info: reader.info }
}

const text = (value: string): number[] => [...Buffer.from(value)]
const padded = (bytes: number[]): number[] => [...bytes, ...[0, 0, 0].slice(0, -bytes.length & 3)]

/** Blocks in a byte order: numbers of 2, 4 and 8 bytes, texts, options. */
function builder(little: boolean) {
  const ordered = (bytes: number[]): number[] => (little ? bytes : bytes.toReversed())
  const u16 = (n: number): number[] => ordered([n & 255, n >> 8])
  const u32 = (n: number): number[] => ordered([n & 255, (n >>> 8) & 255, (n >>> 16) & 255, n >>> 24])
  const u64 = (n: number): number[] => ordered([n & 255, n >> 8, 0, 0, 0, 0, 0, 0])
  const option = (code: number, value: number[]): number[] => [...u16(code), ...u16(value.length), ...padded(value)]
  const block = (type: number, ...fields: number[][]): number[] => {
    const body = padded(fields.flat())
    const total = u32(12 + body.length)
    return [...u32(type), ...total, ...body, ...total]
  }
  return { u16, u32, u64, option, block, end: [0, 0, 0, 0] }
}

/** Every kind of block and option that there is to hand on. */
function everything(little: boolean): Uint8Array {
  const { u16, u32, u64, option, block, end } = builder(little)
  const time = [...u32(0x60a24), ...u32(0x181e4007)] // 1700000000.000007 s in microseconds
  return Uint8Array.from(
    [
      block(
        0x0a0d0d0a,
        u32(0x1a2b3c4d),
        [...u16(1), ...u16(0)],
        u32(-1),
        u32(-1),
        option(2, text('hardware')),
        option(3, text('Linux 6.1')),
        option(4, text('Dumpcap 4.2')),
        option(1, text('a comment')),
        end,
      ),
      block(
        1,
        [...u16(1), ...u16(0)],
        u32(65535),
        option(2, text('eth0')),
        option(3, text('uplink')), // if_description
        option(8, u64(1000)), // if_speed
        option(11, [0, ...text('tcp port 80')]), // if_filter
        option(12, text('Linux')), // if_os
        option(13, [4]), // if_fcslen
        option(1, text('of the interface')),
        end,
      ),
      block(4, u16(1), u16(9), padded([10, 1, 0, 2, ...text('app'), 0, 0]), end, option(2, text('ns1')), end),
      block(10, u32(0x544c534b), u32(5), padded(text('KEYS\n'))),
      ...(little ? [block(0xbad, u32(32473), text('custom!!'))] : []),
      block(
        6,
        u32(0),
        time,
        u32(3),
        u32(60),
        [0xaa, 0xbb, 0xcc, 0],
        option(1, text('first comment')),
        option(1, text('second')),
        option(2, u32(0x0102)), // epb_flags
        option(3, [2, 1, 2, 3, 4]), // epb_hash
        option(4, u64(7)), // epb_dropcount
        option(5, u64(513)), // epb_packetid
        option(6, u32(3)), // epb_queue
        option(2988, [...u32(32473), ...text('text')]), // custom, to be copied
        end,
      ),
      block(5, u32(0), time, option(2, time), option(3, time), option(4, u64(500)), option(5, u64(9)), end),
    ].flat(),
  )
}

const net = network()
const [proxy, app] = [net.host('proxy-back', '10.1.0.1'), net.host('upstream', '10.1.0.2')]
const leg = net.tcp(proxy, app, 80).handshake()
for (let i = 0; i < 12; i++) {
  leg
    .send('>', request(`GET /${i}`))
    .wait(0.37)
    .send('<', response(200, 'x'.repeat(300)))
}
const PCAP = net.capture('proxy-back')
const PACKETS = told(PCAP).packets

describe('pcapng to pcapng', () => {
  test('loses nothing', async () => {
    const before = told(everything(true))
    const { bytes, copied: done, lost } = await copied(everything(true))
    expect(told(bytes)).toEqual({ ...before, info: before.info })
    expect(before.beside).toHaveLength(7)
    expect([...done.leftOut, ...lost]).toEqual([])
  })

  test('in the other byte order says the same', async () => {
    const before = told(everything(true)).beside.filter((line) => !line.startsWith('block 2989'))
    const { bytes } = await copied(everything(false))
    expect(told(bytes).beside).toEqual(before.filter((line) => !line.startsWith('block 2989 ')).filter(isNoCustom))
  })

  test.skipIf(!installed)('tshark finds it all', async () => {
    const file = join(folder, 'all.pcapng')
    writeFileSync(file, (await copied(everything(false))).bytes)
    const fields = ['frame.comment', 'frame.packet_flags_direction', 'frame.drop_count', 'frame.interface_description']
    const args = ['-r', file, '-T', 'fields', ...fields.flatMap((field) => ['-e', field])]
    const out = execFileSync('tshark', args, { encoding: 'utf8', stdio: 'pipe' })
    expect(out.trim().split('\t')).toEqual(['first comment,second', '0x00000002', '7', 'uplink'])
    expect(execFileSync('capinfos', [file], { encoding: 'utf8', stdio: 'pipe' })).toMatch(/tcp port 80[^]*Linux/)
  })

  test('one section behind the other stays so', async () => {
    const both = Uint8Array.from([...everything(true), ...everything(true)])
    const { bytes } = await copied(both)
    expect(told(bytes)).toEqual(told(both))
    expect(told(bytes).info.comments).toHaveLength(4)
  })

  test('what is not to be copied, or is of a wrong length, is left out and said', async () => {
    const { u16, u32, option, block, end } = builder(true)
    const packet = (...options: number[][]): number[] =>
      block(6, u32(0), u32(0), u32(0), u32(0), u32(0), ...options, end)
    const capture = [
      block(0x0a0d0d0a, u32(0x1a2b3c4d), [...u16(1), ...u16(0)], u32(-1), u32(-1)),
      block(1, [...u16(1), ...u16(0)], u32(0), option(9, [12]), end), // picoseconds
      block(0x4000_0bad, u32(32473)),
      packet(option(2, [1]), option(19372, u32(32473))),
    ]
    const { bytes, copied: done } = await copied(Uint8Array.from(capture.flat()))
    expect(Object.fromEntries(done.leftOut)).toEqual({
      'parts of a nanosecond in the times': 1,
      'blocks of type 0x40000bad': 1,
      'options of a wrong length': 1,
      'custom options that say they are not to be copied': 1,
    })
    expect(told(bytes).info).toMatchObject({ frames: 1, faults: [] })
  })
})

const isNoCustom = (line: string): boolean => !line.startsWith(`block ${0xbad} `)

test('to pcap and back: the same packets at the same times, and what was lost is said', async () => {
  const there = await copied(everything(true), { make: pcapWriter })
  const back = await copied(there.bytes)
  expect(told(back.bytes).packets).toEqual(told(everything(true)).packets)
  expect(Object.fromEntries(there.lost)).toMatchObject({
    'comments of packets': 2,
    'names of interfaces': 1,
    'decryption secrets': 1,
    'name resolution blocks': 1,
  })
  // The length of the frame check sequence has a place in both.
  expect(told(back.bytes).beside[1]).toBe('interface 0 null 13=04')
  const whole = await copied((await copied(PCAP)).bytes, { make: pcapWriter })
  expect(told(whole.bytes).packets).toEqual(PACKETS)
  expect(whole.lost.size).toBe(1) // the name of the program that wrote the pcapng
})

const without = (lines: string[]): string[] => lines.map((line) => line.replace(/ on \d+$/, ''))

test('times shifted and shifted back are the same, wherever they were', async () => {
  const span = fc.record({ seconds: fc.integer({ min: -(2 ** 34), max: 2 ** 34 }), nanoseconds: fc.nat(999_999_999) })
  await fc.assert(
    fc.asyncProperty(span, async (by) => {
      const { seconds, nanoseconds } = by
      const back =
        nanoseconds === 0
          ? { seconds: -seconds, nanoseconds }
          : { seconds: -seconds - 1, nanoseconds: 1e9 - nanoseconds }
      const there = await copied(PCAP, { retime: shifted(by, 0) })
      const again = await copied(there.bytes, { retime: shifted(back, 0) })
      // Times that nanoseconds since 1970 do not reach have an interface of their own.
      expect(without(told(again.bytes).packets)).toEqual(without(PACKETS))
    }),
    { numRuns: 15 },
  )
})

test('drift: so many microseconds more each second', () => {
  const retime = shifted({ seconds: 10, nanoseconds: 0 }, 50)
  expect(retime({ seconds: 1000, nanoseconds: 5 })).toEqual({ seconds: 1010, nanoseconds: 5 })
  expect(retime({ seconds: 101_000, nanoseconds: 500_000_005 })).toEqual({ seconds: 101_015, nanoseconds: 500_025_005 })
})

test('a trim keeps what the chooser wants, and what is beside the packets', async () => {
  const chooser = handChooser({ connections: null, filter: null, times: null, frames: [{ from: 2, to: 4 }] })
  const { bytes, copied: done } = await copied(PCAP, { chooser })
  expect(told(bytes).packets).toEqual(PACKETS.slice(1, 4))
  expect(done.written).toBe(3)
})

const ANY = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  to: fc.uint8Array({ minLength: 1, maxLength: 9 }),
})

describe.each([
  ['pcap', PCAP],
  ['pcapng', everything(true)],
  ['larger pcapng', (await copied(PCAP)).bytes],
] as const)('repair of a %s', (_, capture) => {
  const before = told(capture)

  test('cut anywhere: all that is whole, and no fault', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 28, max: capture.length }),
        fc.integer({ min: 1, max: 999 }),
        async (length, piece) => {
          const cut = capture.slice(0, length)
          const { bytes } = await copied(cut, { resume: true, piece })
          expect(told(bytes).packets).toEqual(told(cut).packets)
          expect(told(bytes).info.faults).toEqual([])
        },
      ),
      { numRuns: 60 },
    )
  })

  test('any bytes changed: what a reader finds, then more of it, and no fault', async () => {
    const files: string[] = []
    await fc.assert(
      fc.asyncProperty(
        fc.array(ANY, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 1, max: 9999 }),
        async (edits, piece) => {
          const changed = capture.slice()
          // Behind the file header: its link type is nothing that can be mended.
          for (const { at, to } of edits)
            changed.set(to.slice(0, capture.length - 60), 48 + Math.floor(at * (capture.length - 60)))
          const { bytes, copied: done } = await copied(changed, { resume: true, piece })
          const after = told(bytes)
          expect(after.info.faults).toEqual([])
          expect(after.packets).toHaveLength(done.written)
          // Simple packet blocks that came of it have no time, and are written as others.
          const found = told(changed).packets
          expect(without(after.packets).slice(0, found.length)).toEqual(without(found))
          if (files.length < 12) writeFileSync(files[files.push(join(folder, `${files.length}.pcapng`)) - 1]!, bytes)
        },
      ),
      { numRuns: 150 },
    )
    if (installed) execFileSync('capinfos', ['-M', '-c', ...files], { stdio: 'pipe' })
  })

  test.runIf(before.packets.length > 10)('a damaged record: reading goes on with the one after the next', async () => {
    const damaged = capture.slice()
    // A length in the middle of the capture: of pcap the captured one, of pcapng that of the block.
    const at = lengthOfRecord(capture, 10)
    damaged.set([0xff, 0xff, 0xff, 0x7f], at)
    const { bytes, copied: done } = await copied(damaged, { resume: true, piece: 1000 })
    expect(told(bytes).packets).toEqual(before.packets.filter((__, i) => i !== 9))
    expect(done.faults.at(-1)).toMatchObject({
      fatal: false,
      text: expect.stringMatching(/lost, it goes on at byte \d+$/),
    })
    expect(told(damaged).packets).toEqual(before.packets.slice(0, 9))
  })
})

/** Byte offset of the length of the n-th packet's record. */
function lengthOfRecord(capture: Uint8Array, n: number): number {
  const view = new DataView(capture.buffer, capture.byteOffset)
  const isPcap = view.getUint32(0, true) !== 0x0a0d0d0a
  let at = isPcap ? 24 : 0
  for (let packets = 0; ;) {
    const isPacket = isPcap || view.getUint32(at, true) === 6
    if (isPacket && ++packets === n) return at + (isPcap ? 8 : 4)
    at += isPcap ? 16 + view.getUint32(at + 8, true) : view.getUint32(at + 4, true)
  }
}

test.each([
  [999_983, true],
  [1 << 20, true],
  [1 << 20, false],
])(
  'a long hole in a large pcap, read in pieces of %s bytes: what is behind it is proven by its length',
  async (piece, isLong) => {
    const body = PCAP.subarray(24)
    const [before, behind] = [200, isLong ? 120 : 3].map((count) =>
      Buffer.concat(Array.from({ length: count }, () => body)),
    )
    const hole = new Uint8Array(1_500_000).fill(0xff)
    const capture = Buffer.concat([PCAP.subarray(0, 24), before, hole, behind])
    // Its end is cut, so that the records do not lead to it.
    const { copied: done } = await copied(capture.subarray(0, capture.length - 1), { resume: true, piece })
    const each = PACKETS.length
    expect(done.written).toBe(isLong ? 320 * each - 1 : 200 * each)
    expect(done.faults.map(({ fatal }) => fatal)).toEqual(isLong ? [false, true] : [true])
  },
)

test('a capture within a packet is not taken for what goes on', async () => {
  // The last packet of a damaged pcap carries the beginning of a pcapng that is no part of it.
  const inner = everything(true)
  const { u16, u32, block } = builder(true)
  const head = [
    ...block(0x0a0d0d0a, u32(0x1a2b3c4d), [...u16(1), ...u16(0)], u32(-1), u32(-1)),
    ...block(1, [...u16(1), ...u16(0)], u32(0)),
  ]
  const packet = block(6, u32(0), u32(0), u32(0), u32(inner.length), u32(inner.length), padded([...inner]))
  packet.splice(4, 4, ...u32(packet.length + 4)) // its length no longer agrees with that behind it
  const { copied: done } = await copied(Uint8Array.from([...head, ...packet]), { resume: true })
  expect(done.written).toBe(0)
})

const merged = async (captures: Uint8Array[], retimes: MergeSource['retime'][] = []): Promise<Told> => {
  const blocks: Uint8Array[] = []
  const sources = captures.map((capture, i): MergeSource => {
    return { open: () => pieces(capture, 777), name: `${i}.pcap`, retime: retimes[i] ?? null }
  })
  await merge(
    sources,
    pcapng((bytes) => blocks.push(bytes)),
    { decompression },
  )
  return told(Buffer.concat(blocks))
}

describe('merge', () => {
  test('keeps every packet of every source, in its order, and orders by time', async () => {
    const [back, up] = [PCAP, net.capture('upstream')]
    const { packets, info } = await merged([back, up, everything(true)])
    const all = [back, up, everything(true)].map((capture) => told(capture).packets)
    all.forEach((own, i) => expect(without(packets.filter((line) => line.endsWith(` on ${i}`)))).toEqual(without(own)))
    expect(packets).toHaveLength(all.flat().length)
    const times = packets.map((line) => Number(line.split(' ')[0]))
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(info.interfaces.map(({ name }) => name)).toEqual([
      'capture (0.pcap)',
      'capture (1.pcap)',
      'capture (2.pcap, eth0)',
    ])
    expect(info).toMatchObject({ faults: [], comments: ['a comment', 'of the interface'] })
  })

  test('by moved times', async () => {
    const { packets } = await merged([PCAP, PCAP], [null, shifted({ seconds: 1000, nanoseconds: 0 }, 0)])
    expect(packets.slice(0, PACKETS.length)).toEqual(PACKETS)
    expect(packets.slice(PACKETS.length).every((line) => line.endsWith(' on 1'))).toBe(true)
  })
})
