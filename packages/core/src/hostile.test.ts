// What an attacker puts into a capture to make whoever reads it fill its memory, run for hours, or lie. All bytes are
// made on the spot; a reader that takes longer than it should runs into the time limit of the test.
import { expect, test } from 'vitest'
import { readDns } from './app/dns/message.ts'
import { createRequestScanner, createResponseScanner } from './app/http1/scanner.ts'
import { HpackDecoder } from './app/http2/hpack.ts'
import { KeyLog, parseKeyLog } from './app/tls/keylog.ts'
import { readCertificate, readCertificateMessage } from './app/tls/certificate.ts'
import { HandshakeJoiner } from './app/tls/handshake.ts'
import type { Bytes } from './bytes/read.ts'
import { decompressed } from './capture/compression.ts'
import { createCaptureReader } from './capture/open.ts'
import { type CaptureInfo, createPacket, type Packet } from './capture/packet.ts'
import { othersOpen } from './diagnose/stream.ts'
import type { View } from './diagnose/view.ts'
import { connectionsOf } from './observe/connection-table.ts'
import type { Exchange, Observations } from './observe/observations.ts'
import { observeApart } from './observe/observe.ts'
import { Observer } from './observe/observer.ts'
import { diagnose } from './report/diagnose.ts'
import { correlate } from './story/correlate.ts'
import { KnownConnections } from './story/known-connections.ts'
import { Decoder } from './wire/decode.ts'
import { createLayers } from './wire/layers.ts'
import { Reassembly } from './wire/fragments.ts'
import { createQuote, quoted } from './wire/icmp.ts'

const RAW = 101 // LINKTYPE_RAW
const PLACE = { offset: 0, frame: 1, time: 1 }
const latin1 = (text: string): Bytes => Uint8Array.from(text, (c) => c.charCodeAt(0))

function joined(...parts: Bytes[]): Bytes {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

/** Little-endian words. */
const words = (...values: number[]): Bytes => new Uint8Array(Uint32Array.from(values).buffer)

/** A pcapng block: type, length, body padded to 32 bits, length. */
function block(type: number, body: Bytes): Bytes {
  const padded = joined(body, new Uint8Array(-body.length & 3))
  return joined(words(type, padded.length + 12), padded, words(padded.length + 12))
}

const SECTION = block(0x0a0d0d0a, words(0x1a2b3c4d, 1, 0xffff_ffff, 0xffff_ffff))
/** if_name */
const INTERFACE = (name = ''): Bytes =>
  block(1, joined(words(RAW, 0), name === '' ? words() : joined(words(2 | (name.length << 16)), latin1(name))))
const PACKET = (id: number, data: Bytes): Bytes => block(6, joined(words(id, 0, 0, data.length, data.length), data))

function read(...chunks: Bytes[]): CaptureInfo {
  const reader = createCaptureReader()
  const sink = { packet: (): void => {} }
  for (const chunk of chunks) reader.push(chunk, sink)
  reader.end(sink)
  return reader.info
}

const SYN = 0x02
const PSH_ACK = 0x18

/** IPv4 and TCP without options, and the payload. */
function segment(source: number, destination: number, port: number, seq: number, flags: number, data = ''): Bytes {
  const bytes = new Uint8Array(40 + data.length)
  const view = new DataView(bytes.buffer)
  bytes.set([0x45, 0, bytes.length >> 8, bytes.length & 255, 0, 0, 0, 0, 64, 6]) // version, length, TTL, protocol
  view.setUint32(12, source)
  view.setUint32(16, destination)
  view.setUint16(20, port) // source port
  view.setUint16(22, 80) // destination port
  view.setUint32(24, seq)
  bytes.set([0x50, flags, 0xff, 0xff], 32) // header length, flags, window
  bytes.set(latin1(data), 40)
  return bytes
}

const CLIENT = 0x0a000001
const SERVER = 0xc0a80001

/** Shows packets to an observer, a millisecond apart. */
function observed(packets: Iterable<Bytes>): Observations {
  const observer = new Observer()
  const packet: Packet = { ...createPacket(), linkType: RAW }
  for (const bytes of packets) {
    packet.frame++
    packet.seconds = 1_700_000_000 + Math.floor(packet.frame / 1000)
    packet.nanoseconds = (packet.frame % 1000) * 1e6
    packet.bytes = bytes
    packet.end = packet.wireLength = bytes.length
    observer.packet(packet)
  }
  const info: CaptureInfo = { ...read(), format: 'pcap', faults: [], frames: packet.frame }
  observer.endPart('hostile.pcap', info, [])
  return observer.finish(info)
}

function* flood(): Generator<Bytes> {
  for (let i = 0; i < 70_000; i++) yield segment(CLIENT + i, SERVER, 1024, i, SYN)
  yield segment(CLIENT, SERVER + 1, 1024, 7, SYN)
}

test('a flood of SYNs is bounded, and the document says so', () => {
  const seen = observed(flood())
  expect(connectionsOf(seen)).toHaveLength(65_537)
  expect(seen.forgotten.connections).toBe(70_000 - 65_536)
  expect(connectionsOf(seen).at(-1)!.server, 'another server has room of its own').toBe('192.168.0.2:80')
  const { captures } = diagnose(correlate([seen]))
  expect(captures[0]!.warnings.join('\n')).toContain('4464 connections without an exchange were not kept')
})

test('interfaces without end', () => {
  const many = joined(...Array.from({ length: 1000 }, () => INTERFACE()))
  const { interfaces, faults } = read(SECTION, ...Array.from({ length: 70 }, () => many))
  expect(interfaces).toHaveLength(65_536)
  expect(faults[0]!.text).toContain('more than 65536 interfaces')
  expect(faults.length).toBeLessThanOrEqual(100)
})

test('a cut of more captures than anybody cuts', async () => {
  const named = Array.from({ length: 400 }, (_, i) => INTERFACE(`client (f${i}.pcap)`))
  const packets = named.map((_, i) => PACKET(i, segment(CLIENT + i, SERVER, 1024, i, SYN)))
  const file = joined(SECTION, ...named, ...packets)
  async function* open(): AsyncGenerator<Bytes> {
    yield file
  }
  const seen = await observeApart({ file: 'cut.pcapng', open }, { decompression: { gzip: (source) => source } })
  expect(seen).toHaveLength(257)
  expect(seen.reduce((sum, one) => sum + connectionsOf(one).length, 0)).toBe(400)
})

test('a block of 4 GB is passed over, not awaited', () => {
  const { faults } = read(SECTION, INTERFACE(), words(6, 0xffff_fffc, 0, 0, 0))
  expect(faults.map(({ text }) => text).join('\n')).toContain('enhanced packet block of 4294967292 bytes')
})

test('key logs: zeros that end in no end, and more of them than sessions in any capture', () => {
  const zeros = new Uint8Array(4 << 20)
  zeros[zeros.length - 1] = 65
  const secrets = block(10, joined(words(0x544c534b, zeros.length), zeros))
  const { keyLogs, faults } = read(SECTION, ...Array.from({ length: 17 }, () => secrets))
  expect(keyLogs).toHaveLength(16)
  expect(faults[0]!.text).toContain('TLS key logs')
})

test('what is no capture is not unpacked to its end', async () => {
  let asked = 0
  async function* bomb(): AsyncGenerator<Bytes> {
    for (; asked < 10_000; asked++) yield new Uint8Array(1000)
  }
  const [seen] = await observeApart({ file: 'bomb.gz', open: bomb }, { decompression: { gzip: (source) => source } })
  expect(seen!.parts[0]!.faults.map(({ text }) => text)).toEqual([expect.stringContaining('not a pcap or pcapng file')])
  expect(asked).toBeLessThan(3)
})

const repeated = (part: Bytes, times: number): Bytes => joined(...Array.from({ length: times }, () => part))

/** A zstd frame header that asks for a window of 64 MiB, and block headers: last block, type, size. */
const ZSTD_FRAME = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 0x80)
const RAW_BYTE = Uint8Array.of(1 << 3, 0, 0, 65)
const LAST_BYTE = Uint8Array.of((1 << 3) | 1, 0, 0, 65)
const RLE_128_KIB = Uint8Array.of(1 << 1, 0, 0x10, 65)
/** Blocks of up to 4 MiB, one of them, stored: a byte; end mark. */
const LZ4_FRAME = Uint8Array.of(4, 0x22, 0x4d, 0x18, 0x60, 0x70, 0x73, 1, 0, 0, 0x80, 65, 0, 0, 0, 0)
/** A block of up to 8 MiB: one literal. */
const LZ4_LEGACY_FRAME = Uint8Array.of(2, 0x21, 0x4c, 0x18, 2, 0, 0, 0, 0x10, 65)

test.each([
  ['zstd frames that ask for 64 MiB each', repeated(joined(ZSTD_FRAME, LAST_BYTE), 5000), 5000],
  [
    'zstd blocks of a byte behind 64 MiB',
    joined(ZSTD_FRAME, repeated(RLE_128_KIB, 512), repeated(RAW_BYTE, 20_000), LAST_BYTE),
    2 ** 26 + 20_001,
  ],
  ['lz4 frames that ask for 4 MiB each', repeated(LZ4_FRAME, 20_000), 20_000],
  ['lz4 frames of the old format, 8 MiB each', repeated(LZ4_LEGACY_FRAME, 20_000), 20_000],
])('%s cost what they hold', async (_, bytes, size) => {
  const faults: string[] = []
  async function* file(): AsyncGenerator<Bytes> {
    yield bytes
  }
  let sum = 0
  for await (const { length } of decompressed(file(), { gzip: (source) => source }, ({ text }) => faults.push(text))) {
    sum += length
  }
  expect(faults).toEqual([])
  expect(sum).toBe(size)
})

test('key log lines of a megabyte', () => {
  const log = parseKeyLog(
    `CLIENT_RANDOM ${' '.repeat(1 << 20)}\n${'F'.repeat(1 << 20)}\nCLIENT_RANDOM ${'a'.repeat(1 << 20)}`,
  )
  expect(log.size).toBe(0)
  expect(log.faults.malformed).toBe(3)
  expect(log).toBeInstanceOf(KeyLog)
})

/** What one request of a client shows, and the answer to it. */
function exchangeOf(request: string, response = 'HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n'): Observations {
  function* packets(): Generator<Bytes> {
    yield segment(CLIENT, SERVER, 1024, 99, SYN)
    const size = 1400
    for (let at = 0; at < request.length; at += size) {
      yield segment(CLIENT, SERVER, 1024, 100 + at, PSH_ACK, request.slice(at, at + size))
    }
    for (let at = 0; at < response.length; at += size) {
      const bytes = segment(SERVER, CLIENT, 80, 500 + at, PSH_ACK, response.slice(at, at + size))
      new DataView(bytes.buffer).setUint16(22, 1024)
      yield bytes
    }
  }
  return observed(packets())
}

test('a target of 60,000 bytes is cut, and nothing compares its every part with every other', () => {
  const seen = exchangeOf(`GET /${'a'.repeat(60_000)} HTTP/1.1\r\nHost: ${'h'.repeat(100)}\r\n\r\n`)
  const [exchange] = connectionsOf(seen)[0]!.exchanges
  expect(exchange!.status).toBe(502)
  expect(exchange!.target).toHaveLength(8193)
  expect(diagnose(correlate([seen])).incidents.length).toBeLessThanOrEqual(1)
})

test('a field of blanks without an end, and one folded', () => {
  const blanks = `a${' '.repeat(50_000)}b\r\n  c`
  const seen = exchangeOf('GET / HTTP/1.1\r\nHost: a\r\n\r\n', `HTTP/1.1 502 X\r\nServer: ${blanks}\r\n\r\n`)
  const [exchange] = connectionsOf(seen)[0]!.exchanges
  expect(exchange!.detail!.responseFields[0]![1]).toHaveLength(8193)
})

test('identifiers by the thousand', () => {
  const seen = exchangeOf(`GET / HTTP/1.1\r\n${'x-request-id: 1\r\n'.repeat(3000)}\r\n`)
  expect(connectionsOf(seen)[0]!.exchanges[0]!.ids).toHaveLength(8)
})

test('a header section without an end is given up', () => {
  const faults: string[] = []
  const scanner = createRequestScanner({
    head: (head) => (faults.push(head.fault?.text ?? ''), 0),
    end: () => {},
    begin: () => {},
  })
  const line = latin1(`X-${'a'.repeat(1000)}: b\r\n`)
  scanner.push(latin1('GET / HTTP/1.1\r\n'), 0, 16, 1, 1)
  for (let i = 0; i < 2000; i++) scanner.push(line, 0, line.length, i, i)
  expect(faults).toHaveLength(1)
  expect(faults[0]).not.toBe('')
})

test('a chunked body of 10,000 steps, one byte at a time', () => {
  const bodies: number[] = []
  const scanner = createResponseScanner({
    head: () => 64,
    end: (how, _, bodyLength) => bodies.push(how === 'complete' ? bodyLength : -1),
    begin: () => {},
  })
  scanner.expect('GET')
  const bytes = latin1(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${'1;x\r\na\r\n'.repeat(10_000)}0\r\n\r\n`)
  for (let at = 0; at < bytes.length; at++) scanner.push(bytes, at, at + 1, at, at)
  expect(bodies).toEqual([10_000])
})

test('an HPACK bomb: one large entry, named thousands of times', () => {
  const decoder = new HpackDecoder()
  // Literal with incremental indexing: name 'a', value of 4,000 bytes.
  const entry = joined(Uint8Array.of(0x40, 1, 97, 0x7f, 0xa1, 0x1e), new Uint8Array(4000).fill(98))
  decoder.decode(entry, 0, entry.length, true)
  const bomb = new Uint8Array(100_000).fill(0xbe) // index 62, the newest entry
  const { fields } = decoder.decode(bomb, 0, bomb.length, true)
  expect(JSON.stringify(fields).length).toBeLessThan(1 << 20)
})

test('DNS pointers that go round', () => {
  const header = latin1('\0\x01\x81\x80\0\x01\0\0\0\0\0\0')
  const loops = ['\xc0\x0c\0\x01\0\x01', '\x01a\xc0\x0c\0\x01\0\x01', '\xc0\x0e\xc0\x0c\0\x01\0\x01'].map(latin1)
  for (const loop of loops) {
    const message = joined(header, loop)
    expect(JSON.stringify(readDns(message, 0, message.length)).length).toBeLessThan(4000)
  }
})

test('certificates nested a thousand deep, and chains of thousands', () => {
  let nested: Bytes = Uint8Array.of(0x05, 0) // NULL
  for (let i = 0; i < 1000; i++)
    nested = joined(Uint8Array.of(0x30, 0x82, nested.length >> 8, nested.length & 255), nested)
  expect(readCertificate(nested, 0, nested.length).fault).not.toBeNull()
  const chain = new Uint8Array(60_000) // lists of empty certificates: length(3) each
  chain.set([0, chain.length >> 8, (chain.length & 255) - 3])
  const { certificates, count } = readCertificateMessage(chain, 0, chain.length, false, PLACE, PLACE)
  expect(count).toBeGreaterThan(10_000)
  expect(certificates.length).toBeLessThan(100)
})

test('a handshake message of 16 MB is not kept', () => {
  const lengths: number[] = []
  const joiner = new HandshakeJoiner({
    message: (_type, length, _bytes, at, end, whole) => lengths.push(length, end - at, +whole),
  })
  const record = new Uint8Array(16_384)
  joiner.push(Uint8Array.of(11, 0xff, 0xff, 0xff), 0, 4, 0, PLACE, PLACE)
  for (let i = 0; i < 1024; i++) joiner.push(record, 0, record.length, 0, PLACE, PLACE)
  expect(lengths.slice(0, 3)).toEqual([0xff_ffff, 128 * 1024 - 4, 0])
})

/** Wraps a packet in IPv4 headers of a protocol. */
function inIp(protocol: number, between: Bytes, inner: Bytes): Bytes {
  const bytes = joined(new Uint8Array(20), between, inner)
  bytes.set([0x45, 0, bytes.length >> 8, bytes.length & 255, 0, 0, 0, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2])
  return bytes
}

test.each([
  ['GRE in GRE', 47, Uint8Array.of(0, 0, 8, 0)], // flags, protocol IPv4
  ['IPv4 in IPv4', 4, new Uint8Array(0)],
  ['ICMP that quotes ICMP', 1, Uint8Array.of(3, 1, 0, 0, 0, 0, 0, 0)], // destination unreachable
])('%s, 1,000 deep', (_, protocol, between) => {
  let bytes = segment(CLIENT, SERVER, 1024, 1, SYN)
  for (let i = 0; i < 1000; i++) bytes = inIp(protocol, between, bytes)
  const layers = createLayers()
  const packet = { frame: 1, seconds: 0, nanoseconds: 0, bytes, at: 0, end: bytes.length, wireLength: bytes.length }
  new Decoder().decode(layers, { ...packet, linkType: RAW, interfaceId: 0 })
  expect(layers.tunnels).toBeLessThan(64)
  expect(typeof quoted(layers, createQuote())).toBe('boolean')
})

function* farAhead(): Generator<Bytes> {
  yield segment(CLIENT, SERVER, 1024, 99, SYN)
  yield segment(CLIENT, SERVER, 1024, 100, PSH_ACK, 'GET / HTTP/1.1\r\n')
  // Each behind another hole, up to the end of the sequence space.
  for (let i = 1; i < 20_000; i++) yield segment(CLIENT, SERVER, 1024, 100 + i * 50_000, PSH_ACK, 'x'.repeat(100))
}

test('sequence numbers that reserve memory do not', () => {
  const [connection] = connectionsOf(observed(farAhead()))
  expect(connection!.sides[0].segments).toBe(20_000)
})

function* overlapping(): Generator<Bytes> {
  yield segment(CLIENT, SERVER, 1024, 99, SYN)
  yield segment(CLIENT, SERVER, 1024, 100, PSH_ACK, 'GET /good HTTP/1.1\r\n')
  yield segment(CLIENT, SERVER, 1024, 104, PSH_ACK, '/evil HTTP/1.1\r\nHost: a\r\n\r\n')
}

test('segments that overlap with other bytes: the first ones stay, as the receiver that had acknowledged them has them', () => {
  const [connection] = connectionsOf(observed(overlapping()))
  const [exchange] = connection!.exchanges
  expect(exchange!.target).toBe('/good')
  expect(connection!.sides[0].retransmissions).toBe(1)
})

/** Packets of the server behind its SYN-ACK, which is damaged: the client acknowledged 1000. */
function* answered(...packets: [seq: number, flags: number, data?: string][]): Generator<Bytes> {
  const answer = (seq: number, flags: number, data = ''): Bytes => {
    const bytes = segment(SERVER, CLIENT, 80, seq, flags, data)
    new DataView(bytes.buffer).setUint16(22, 1024)
    new DataView(bytes.buffer).setUint32(28, 100 + request.length)
    return bytes
  }
  const asked = (seq: number, flags: number, ack: number, data = ''): Bytes => {
    const bytes = segment(CLIENT, SERVER, 1024, seq, flags, data)
    new DataView(bytes.buffer).setUint32(28, ack)
    return bytes
  }
  const request = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
  yield segment(CLIENT, SERVER, 1024, 99, SYN)
  yield asked(100, 0x10, 1000)
  yield asked(100, PSH_ACK, 1000, request)
  yield answer(1000, 0x10)
  for (const [seq, flags, data] of packets) yield answer(seq, flags, data)
}

test.each([
  // 549 bytes before it are not there.
  ['beginning is damaged is not said to break the grammar', [1549, PSH_ACK, 'a\r\n0123456789\r\n0\r\n\r\n'], 1570],
  [
    'end is damaged is not said to be cut short',
    [1000, PSH_ACK, 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n12345'],
    1047,
  ],
] as const)('an answer whose %s', (_, part, fin) => {
  const seen = observed(answered([...part], [fin, 0x11]))
  const { incidents } = diagnose(correlate([seen]))
  expect(incidents.filter(({ confidence }) => confidence === 'certain')).toEqual([])
  expect(connectionsOf(seen)[0]!.exchanges[0]!.detail?.incomplete ?? true).toBe(true)
})

/** Failed requests, one a connection; all hosts number their connections alike, as those of traffic generators do. */
function* numberedAlike(count: number): Generator<Bytes> {
  for (let i = 0; i < count; i++) {
    const answer = (seq: number, flags: number, data = ''): Bytes => {
      const bytes = segment(SERVER, CLIENT + i, 80, seq, flags, data)
      new DataView(bytes.buffer).setUint16(22, 1024) // destination port
      new DataView(bytes.buffer).setUint32(28, 100) // acknowledgement number
      return bytes
    }
    yield segment(CLIENT + i, SERVER, 1024, 99, SYN)
    yield answer(499, 0x12)
    yield segment(CLIENT + i, SERVER, 1024, 100, PSH_ACK, `GET /${i} HTTP/1.1\r\nHost: a\r\n\r\n`)
    yield answer(500, PSH_ACK, 'HTTP/1.1 502 Bad Gateway\r\nServer: nginx\r\nContent-Length: 0\r\n\r\n')
  }
}

test('connections that are all numbered alike are not one connection behind address translation', () => {
  const { conversations } = correlate([observed(numberedAlike(300))])
  expect(conversations).toHaveLength(300)
})

test('what so many connections have in common that it tells none is not compared with each of them', () => {
  const known = new KnownConnections([1000])
  let looked = 0
  for (const [id, connection] of connectionsOf(observed(numberedAlike(1000))).entries()) {
    expect(known.find(0, connection)).toBeNull()
    const sightings = [{ capture: 0, connection }]
    const conversation = {
      id,
      first: 0,
      last: 0,
      icmp: [],
      get sightings() {
        return (looked++, sightings)
      },
    }
    known.add(conversation, 0, connection)
  }
  expect(looked).toBeLessThan(20_000)
})

test('streams without end: each is looked at once for how many were open beside the others', () => {
  const streams = Array.from({ length: 4000 }, (_, i): Partial<Exchange> => {
    const responseEnd = { frame: i, time: i % 4 === 0 ? -1 : i + 2 }
    return { ordinal: i, request: { frame: i, time: i }, responseEnd, detail: null }
  })
  let looked = 0
  const connection = {
    get exchanges() {
      return (looked++, streams)
    },
  }
  const counts = streams.map((exchange) => othersOpen({ connection, exchange } as unknown as View))
  expect(looked).toBe(1)
  expect(counts.slice(0, 10)).toEqual(
    streams.slice(0, 10).map(({ request }, i) => {
      const before = streams.slice(0, i)
      return before.filter(({ responseEnd }) => responseEnd!.time < 0 || responseEnd!.time > request!.time).length
    }),
  )
})

/** One connection: requests, thirty in a packet, that fail, and one that goes well. */
function* failing(packets: number): Generator<Bytes> {
  const at = [100, 500]
  const say = (side: 0 | 1, data: string): Bytes => {
    const [from, to] = side === 0 ? [CLIENT, SERVER] : [SERVER, CLIENT]
    const bytes = segment(from, to, 1024, at[side]!, PSH_ACK, data)
    const view = new DataView(bytes.buffer)
    if (side === 1) view.setUint32(20, (80 << 16) | 1024) // ports
    view.setUint32(28, at[1 - side]!) // acknowledgement number
    at[side]! += data.length
    return bytes
  }
  yield segment(CLIENT, SERVER, 1024, 99, SYN)
  for (let i = 0; i < packets; i++) {
    yield say(0, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(30))
    yield say(1, 'HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n'.repeat(30))
  }
  yield say(0, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  yield say(1, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
  yield say(0, '')
}

test('failures without end of one connection: thousands are kept, the rest is counted, and what went well is there', () => {
  const seen = observed(failing(300))
  const [connection] = connectionsOf(seen)
  expect(connection!.exchangeCount).toBe(8193)
  expect(connection!.exchanges.every(({ ordinal }, i) => ordinal === i)).toBe(true)
  expect(connection!.exchanges.at(-1)!.status).toBe(200)
  const { captures, healthy } = diagnose(correlate([seen]))
  expect(captures[0]!.warnings.join('\n')).toContain('808 exchanges of connections with thousands that went wrong')
  expect(healthy.exchanges).toBe(1)
})

test('fragments at the ends of datagrams reserve no room for all of them', () => {
  const waiting = new Reassembly()
  for (let i = 0; i < 256; i++) {
    const at = { headerAt: 0, headerEnd: 20, at: 20, end: 28, offset: 65_000, length: 8 }
    waiting.add({ key: `${i}`, time: 0, bytes: new Uint8Array(28), protocol: 6, more: true, ...at })
  }
  expect(waiting.pending).toBe(256)
})

test('a capture that goes on with zeros ends there', () => {
  const header = words(0xa1b2c3d4, 0x0004_0002, 0, 0, 65_535, RAW)
  const packet = joined(words(1, 0, 1, 1), Uint8Array.of(0x45))
  const { faults, frames } = read(header, packet, new Uint8Array(4 << 20))
  expect(frames).toBe(16) // one, and those of zeros that there were not yet too many of
  expect(faults).toEqual([expect.objectContaining({ offset: 41, fatal: true, text: expect.stringContaining('zeros') })])
})
