// What is written is read back the same, by our reader and, where they are installed, by Wireshark's tools.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { createCaptureReader } from './open.ts'
import type { CaptureInfo } from './packet.ts'
import { pcapWriter } from './write-pcap.ts'
import { pcapngWriter } from './write-pcapng.ts'
import type { CaptureWriter, Emit, WrittenInterface, WrittenPacket } from './writer.ts'

const installed = spawnSync('tshark', ['-v']).status === 0
if (!installed) console.warn('SKIPPED: tshark is not installed, nobody else reads what is written')
const folder = mkdtempSync(join(tmpdir(), 'writers-'))
afterAll(() => rmSync(folder, { recursive: true }))

const ETHERNET: WrittenInterface = { linkType: 1, snapLength: 262_144, name: 'proxy-back (back.pcap)', comment: null }

const pcapng = (emit: Emit): CaptureWriter => pcapngWriter({ comments: ['a verdict'], application: 'test 1' }, emit)

function written(make: (emit: Emit) => CaptureWriter, write: (writer: CaptureWriter) => void): Uint8Array {
  const blocks: Uint8Array[] = []
  const writer = make((bytes) => blocks.push(bytes))
  write(writer)
  writer.end()
  return Buffer.concat(blocks)
}

const line = (p: WrittenPacket): string =>
  `${p.seconds} ${p.nanoseconds} ${Buffer.from(p.bytes.subarray(p.at, p.end)).toString('hex')} of ${p.wireLength}`

function read(bytes: Uint8Array): { lines: string[]; interfaces: number[]; info: CaptureInfo } {
  const reader = createCaptureReader()
  const lines: string[] = []
  const interfaces: number[] = []
  const sink = {
    packet: (p: WrittenPacket): void => {
      lines.push(line(p))
      interfaces.push(p.interfaceId)
    },
  }
  reader.push(bytes, sink)
  reader.end(sink)
  return { lines, interfaces, info: reader.info }
}

const packetsIn = (from: number, to: number): fc.Arbitrary<WrittenPacket> =>
  fc
    .record({
      seconds: fc.integer({ min: from, max: to }),
      nanoseconds: fc.integer({ min: 0, max: 999_999_999 }),
      padded: fc.uint8Array({ maxLength: 70 }),
      before: fc.nat(3),
      more: fc.nat(2000),
      interfaceId: fc.nat(1),
    })
    .map(({ padded, before, more, ...rest }) => {
      const at = Math.min(before, padded.length)
      return { ...rest, bytes: padded, at, end: padded.length, wireLength: padded.length - at + more }
    })

test.each([
  ['pcapng', pcapng, -(2 ** 33), 2 ** 35],
  ['pcap', pcapWriter, 0, 2 ** 32 - 1],
] as const)('%s: every packet comes back, with time, lengths and interface', (format, make, from, to) => {
  fc.assert(
    fc.property(fc.array(packetsIn(from, to)), (packets) => {
      const bytes = written(make, (writer) => {
        writer.addInterface(ETHERNET)
        writer.addInterface({ ...ETHERNET, name: 'upstream (up.pcap)' })
        for (const packet of packets) expect(writer.packet(packet)).toBe(true)
      })
      const { lines, interfaces, info } = read(bytes)
      expect(info).toMatchObject({ format, faults: [], frames: packets.length })
      expect(lines).toEqual(packets.map(line))
      const names = interfaces.map((id) => info.interfaces[id]!.name)
      const told = packets.map(({ interfaceId }) => (interfaceId === 0 ? ETHERNET.name : 'upstream (up.pcap)'))
      expect(names).toEqual(format === 'pcap' ? packets.map(() => null) : told)
    }),
  )
})

test('comments, names, secrets and drops', () => {
  const bytes = written(pcapng, (writer) => {
    const id = writer.addInterface({ ...ETHERNET, comment: 'clock 0.5 s ahead' })
    const names: [string, string][] = [
      ['10.1.0.2', 'app.internal'],
      ['2001:db8::2', 'proxy'],
    ]
    writer.names([...names, ['nobody', 'left out']])
    writer.secrets('CLIENT_RANDOM 00 11\n')
    writer.dropped(id, 9)
  })
  expect(read(bytes).info).toMatchObject({
    faults: [],
    comments: ['a verdict', 'clock 0.5 s ahead'],
    interfaces: [{ dropped: 9 }],
    names: [
      ['10.1.0.2', 'app.internal'],
      ['2001:db8::2', 'proxy'],
    ],
    keyLogs: ['CLIENT_RANDOM 00 11\n'],
  })
})

test('a comment that is too long ends between two characters', () => {
  const bytes = written(pcapng, (writer) => writer.addInterface({ ...ETHERNET, comment: 'é'.repeat(40_000) }))
  expect(read(bytes).info.comments[1]).toBe('é'.repeat(32_767))
})

test('pcap has one link type, and 136 years', () => {
  written(pcapWriter, (writer) => {
    writer.addInterface(ETHERNET)
    writer.addInterface({ ...ETHERNET, linkType: 101 })
    const packet = { seconds: 0, nanoseconds: 0, bytes: new Uint8Array(0), at: 0, end: 0, wireLength: 0 }
    expect(writer.packet({ ...packet, interfaceId: 0, seconds: -1 })).toBe(false)
    expect(writer.packet({ ...packet, interfaceId: 0 })).toBe(true)
    expect(() => writer.packet({ ...packet, interfaceId: 1 })).toThrow('one link type')
  })
})

const frame = (interfaceId: number, nanoseconds: number): WrittenPacket => {
  const bytes = Uint8Array.from({ length: 61 }, (_, i) => (i === 12 ? 0x88 : i === 13 ? 0xb5 : i))
  return { seconds: 1_700_000_000, nanoseconds, bytes, at: 0, end: 61, wireLength: 900, interfaceId }
}
const fields = (file: string): string[][] => {
  const names = ['frame.time_epoch', 'frame.cap_len', 'frame.len', 'frame.interface_name', 'frame.comment']
  const args = ['-r', file, '-n', '-T', 'fields', ...names.flatMap((name) => ['-e', name])]
  const out = execFileSync('tshark', args, { encoding: 'utf8', stdio: 'pipe' })
  return out
    .split('\n')
    .filter((row) => row !== '')
    .map((row) => row.split('\t'))
}

describe.skipIf(!installed)('tshark agrees', () => {
  test.each([
    ['pcapng', pcapng],
    ['pcap', pcapWriter],
  ] as const)('%s', (format, make) => {
    const bytes = written(make, (writer) => {
      for (const name of ['one', 'two']) writer.addInterface({ ...ETHERNET, name })
      writer.names([['10.1.0.2', 'app.internal']])
      writer.packet(frame(0, 1), ['the first', 'and more'])
      writer.packet(frame(1, 999_999_999))
      writer.dropped(0, 3)
    })
    const file = join(folder, `written.${format}`)
    writeFileSync(file, bytes)
    const [first, second] = fields(file)
    const isNg = format === 'pcapng'
    const told = (name: string, comment: string): string[] => (isNg ? [name, comment] : ['', ''])
    expect(first).toEqual(['1700000000.000000001', '61', '900', ...told('one', 'the first,and more')])
    expect(second).toEqual(['1700000000.999999999', '61', '900', ...told('two', '')])
    execFileSync('capinfos', ['-M', file], { stdio: 'pipe' })
  })
})
