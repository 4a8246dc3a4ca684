import { network, request, response } from '@pcap-surgery/testkit'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { DecompressionPort } from '../capture/compression.ts'
import { createCaptureReader } from '../capture/open.ts'
import type { Packet } from '../capture/packet.ts'
import { pcapngWriter } from '../capture/write-pcapng.ts'
import { type Isolated, isolate, type IsolateOptions, type Source, type Time } from './isolate.ts'
import { type Selection, selectionChooser } from './select.ts'

const net = network()
const [proxy, app] = [net.host('proxy-back', '10.1.0.1'), net.host('upstream', '10.1.0.2')]
const other = net.tcp(proxy, app, 81).handshake()
const leg = net.tcp(proxy, app, 80).handshake()
for (let i = 0; i < 3; i++) {
  other.send('>', request(`GET /other/${i}`))
  leg.send('>', request(`GET /${i}`)).send('<', response(200, 'x'.repeat(3000)))
}
const CAPTURES = ['proxy-back', 'upstream'].map((name) => net.capture(name))

interface Row {
  text: string
  name: string | null
  time: number
}

function rowsOf(capture: Uint8Array): Row[] {
  const reader = createCaptureReader()
  const rows: Row[] = []
  const sink = {
    packet(p: Packet): void {
      const data = Buffer.from(p.bytes.subarray(p.at, p.end)).toString('hex')
      const { name } = reader.info.interfaces[p.interfaceId]!
      rows.push({
        text: `${p.seconds} ${p.nanoseconds} ${data} of ${p.wireLength}`,
        name,
        time: p.seconds + p.nanoseconds / 1e9,
      })
    },
  }
  reader.push(capture, sink)
  reader.end(sink)
  return rows
}

const texts = (rows: Row[]): string[] => rows.map(({ text }) => text)

const decompression: DecompressionPort = {
  gzip: () => {
    throw new Error('not gzip')
  },
}

async function cut(
  selections: Selection[],
  options: Partial<IsolateOptions> & { piece?: number; aheadNs?: number } = {},
): Promise<{ rows: Row[]; isolated: Isolated }> {
  const { piece = 1 << 20, aheadNs = 0, ...rest } = options
  const sources = selections.map((selection, i): Source => {
    // oxlint-disable-next-line require-await -- stands for a source that waits
    async function* open(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < CAPTURES[i].length; at += piece) {
        const chunk = CAPTURES[i].slice(at, at + piece)
        yield chunk
        chunk.fill(0xee)
      }
    }
    const name = `${i}.pcap`
    const part = { file: name, open, chooser: selectionChooser(selection), within: null, comments: new Map() }
    const onFirstClock = ({ seconds, nanoseconds }: Time): Time => {
      const time = nanoseconds - i * aheadNs
      return { seconds: seconds + Math.floor(time / 1e9), nanoseconds: time - Math.floor(time / 1e9) * 1e9 }
    }
    return { parts: [part], vantage: 'capture', name, onFirstClock, comment: null }
  })
  const blocks: Uint8Array[] = []
  const writer = pcapngWriter({ comments: [], application: 'test' }, (block) => blocks.push(block))
  const isolated = await isolate(sources, writer, { decompression, align: false, snap: null, secrets: null, ...rest })
  return { rows: rowsOf(Buffer.concat(blocks)), isolated }
}

const ALL: Selection = { epoch: 0, frames: [{ from: 1, to: 1000 }], connections: [] }

test('every source keeps its packets, times and order, whatever the pieces they come in', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 5000 }), async (piece) => {
      const { rows } = await cut([ALL, ALL], { piece })
      CAPTURES.forEach((capture, i) => {
        expect(texts(rows.filter(({ name }) => name === `capture (${i}.pcap)`))).toEqual(texts(rowsOf(capture)))
      })
      expect(rows.map(({ time }) => time)).toEqual(rows.map(({ time }) => time).toSorted((a, b) => a - b))
    }),
    { numRuns: 20 },
  )
})

test('a part of a connection: its packets in these frames, and no other', async () => {
  const whole = rowsOf(CAPTURES[0])
  const connection = { a: '10.1.0.1:40002', b: '10.1.0.2:80', frames: [{ from: 8, to: 12 }], times: [] }
  const { rows, isolated } = await cut([{ epoch: 0, frames: [{ from: 2, to: 2 }], connections: [connection] }])
  const wanted = whole.filter((_, i) => i + 1 === 2 || (i + 1 >= 8 && i + 1 <= 12 && isOfPort80(whole[i].text)))
  expect(texts(rows)).toEqual(texts(wanted))
  expect(isolated.parts).toMatchObject([{ file: '0.pcap', written: wanted.length, faults: [] }])
})

/** Ethernet, IPv4 without options, then the two ports of TCP. */
function isOfPort80(text: string): boolean {
  const data = Buffer.from(text.split(' ')[2], 'hex')
  return data.readUInt16BE(34) === 80 || data.readUInt16BE(36) === 80
}

test('times are moved to the first clock only when asked for; the order is that of one clock', async () => {
  const ahead = 3_000_000_001
  const own = await cut([ALL, ALL], { aheadNs: ahead })
  expect(texts(own.rows).toSorted()).toEqual(CAPTURES.flatMap((capture) => texts(rowsOf(capture))).toSorted())
  const aligned = await cut([ALL, ALL], { aheadNs: ahead, align: true })
  const [before, after] = [own, aligned].map(({ rows }) => rows.filter(({ name }) => name === 'capture (1.pcap)'))
  after.forEach((row, i) => expect(before[i].time - row.time).toBeCloseTo(3, 5))
  expect(aligned.rows.map(({ time }) => time)).toEqual(aligned.rows.map(({ time }) => time).toSorted((a, b) => a - b))
})

test('snap: so many bytes, or up to the payload', async () => {
  const ten = await cut([ALL], { snap: 10 })
  expect(ten.rows.every(({ text }) => text.split(' ')[2].length === 20)).toBe(true)
  const bare = await cut([ALL], { snap: 'headers' })
  expect(bare.rows.some(({ text }) => text.includes(Buffer.from('GET /').toString('hex')))).toBe(false)
  expect(bare.isolated.cutOff).toBeGreaterThan(9000)
})

test('what a source says of its packets and interfaces is kept, beside what the cut says', async () => {
  const blocks: Uint8Array[] = []
  const source = pcapngWriter({ comments: [], application: 'test' }, (block) => blocks.push(block))
  const description = Uint8Array.of(3, 0, 6, 0, ...new TextEncoder().encode('uplink'), 0, 0) // if_description
  source.addInterface({ linkType: 1, snapLength: 0, name: 'eth0', comment: null, options: description })
  const flags = Uint8Array.of(2, 0, 4, 0, 1, 0, 0, 0) // epb_flags: inbound
  const packet = { seconds: 1, nanoseconds: 0, bytes: new Uint8Array(60), at: 0, end: 60, wireLength: 60 }
  source.packet({ ...packet, interfaceId: 0 }, ['theirs'], flags)
  const comments = new Map([[1, ['theirs', 'ours']]])
  const open = async function* (): AsyncGenerator<Uint8Array> {
    yield* await Promise.resolve(blocks)
  }
  const part = { file: 'a', open, chooser: selectionChooser(ALL), within: null, comments }
  const sources = [{ parts: [part], vantage: 'capture', name: 'a', onFirstClock: null, comment: 'of the clock' }]
  const cutBlocks: Uint8Array[] = []
  const writer = pcapngWriter({ comments: [], application: 'test' }, (block) => cutBlocks.push(block))
  await isolate(sources, writer, { decompression, align: false, snap: null, secrets: null })
  const told = Buffer.concat(cutBlocks).toString('latin1')
  expect(told.split('theirs')).toHaveLength(2)
  for (const text of ['ours', 'uplink', 'of the clock', Buffer.from(flags).toString('latin1')])
    expect(told).toContain(text)
})

/** Ethernet, IPv4 (identification 9, UDP) and eight bytes. */
const fragment = (from: number, to: number, flagsAndOffset: string): Uint8Array =>
  Buffer.from(
    `020202020202 020202020202 0800 4500001c 0009${flagsAndOffset} 40110000 0a00000${from} 0a00000${to} 0035138800100000`.replaceAll(
      ' ',
      '',
    ),
    'hex',
  )

test('a single frame that completes a datagram brings its fragments, and those of no other hosts', () => {
  const frames = [fragment(1, 2, '2000'), fragment(3, 4, '2000'), fragment(1, 2, '0001'), fragment(1, 2, '2000')]
  const chosen = (fragments: NonNullable<Selection['fragments']>): number[] => {
    const { wants } = selectionChooser({ epoch: 0, frames: [{ from: 3, to: 3 }], connections: [], fragments })
    const packet = { seconds: 0, nanoseconds: 0, at: 0, end: 42, wireLength: 42, linkType: 1, interfaceId: 0 }
    return frames.flatMap((bytes, i) => (wants({ ...packet, bytes, frame: i + 1 }) ? [i + 1] : []))
  }
  expect(chosen([])).toEqual([3])
  expect(chosen([{ a: '10.0.0.1', b: '10.0.0.2', frames: [{ from: 3, to: 3 }] }])).toEqual([1, 3, 4])
})

test('what is not read on behind the last frame is not said to be cut', async () => {
  const first: Selection = { epoch: 0, frames: [{ from: 1, to: 1 }], connections: [] }
  for (const piece of [100, 101, 1 << 20]) {
    const { isolated } = await cut([first], { piece })
    expect(isolated.parts.map(({ written, faults }) => [written, faults])).toEqual([[1, []]])
  }
})
