// What is fuzzed. A target takes any bytes, must not throw, and checks what must be true of all it is given.
import { type Bytes, nobleCrypto, type Packet, parseFilter } from '@pcap-surgery/core'
import { createAjpRequestScanner } from '../../packages/core/src/app/ajp/request.ts'
import { createAjpResponseScanner } from '../../packages/core/src/app/ajp/response.ts'
import { readDns, readDnsTcp } from '../../packages/core/src/app/dns/message.ts'
import { createFastCgiRequestScanner } from '../../packages/core/src/app/fastcgi/request.ts'
import { createFastCgiResponseScanner } from '../../packages/core/src/app/fastcgi/response.ts'
import type { Head, MessageScanner, MessageSink } from '../../packages/core/src/app/http1/message.ts'
import { createRequestScanner, createResponseScanner } from '../../packages/core/src/app/http1/scanner.ts'
import { Http2Connection } from '../../packages/core/src/app/http2/connection.ts'
import { HpackDecoder } from '../../packages/core/src/app/http2/hpack.ts'
import { readProxyHeader } from '../../packages/core/src/app/proxy-protocol.ts'
import { createScgiRequestScanner, createScgiResponseScanner } from '../../packages/core/src/app/scgi.ts'
import { sniff } from '../../packages/core/src/app/sniff.ts'
import { readCertificate, readCertificateMessage } from '../../packages/core/src/app/tls/certificate.ts'
import { readClientHello, readServerHello } from '../../packages/core/src/app/tls/hello.ts'
import { KeyLog, parseKeyLog } from '../../packages/core/src/app/tls/keylog.ts'
import { findProtection } from '../../packages/core/src/app/tls/protection.ts'
import { TlsSession } from '../../packages/core/src/app/tls/session.ts'
import { createUwsgiRequestScanner, createUwsgiResponseScanner } from '../../packages/core/src/app/uwsgi.ts'
import { decompressed } from '../../packages/core/src/capture/compression.ts'
import { createCaptureReader } from '../../packages/core/src/capture/open.ts'
import { dissect } from '../../packages/core/src/dissect/dissect.ts'
import type { LayerField } from '../../packages/core/src/dissect/layer.ts'
import { Decoder } from '../../packages/core/src/wire/decode.ts'
import { createQuote, quoted } from '../../packages/core/src/wire/icmp.ts'
import { BROKEN, createLayers, ICMP, ICMP6, OTHER, TCP, UNKNOWN_LINK } from '../../packages/core/src/wire/layers.ts'
import { gunzip } from '../../packages/cli/src/io/gzip.ts'
import { captureTargets, OF_CAPTURES, planTarget } from './capture-targets.ts'
import { checkAnswer, checkCut, chunks, isCompressed, must } from './checks.ts'
import { cutTargets, OF_CUTS } from './cut-targets.ts'
import { ascii, LONGEST, mutated } from './mutate.ts'
import { mutatedPackets, pcapOf, recordsOf } from './packets.ts'
import { partsOf, turnsOf, withLengths } from './parts.ts'
import type { Random } from './random.ts'
import { OF_REPORTS, reportTargets } from './report-targets.ts'
import type { Seeds } from './seeds.ts'

export interface Target {
  name: string
  seeds: (from: Seeds) => readonly Bytes[]
  /** Pieces of the language, for mutations to put in. */
  words?: readonly Bytes[]
  /** How inputs are changed; default: as bytes. */
  mutate?: (input: Bytes, random: Random, other: Bytes) => Bytes
  /** Throws where something is wrong. Answers how many bytes it had to work on beyond those of the input. */
  run: (input: Bytes) => number | void | Promise<number | void>
}

const PLACE = { offset: 0, frame: 1, time: 1 }

/** Takes any call, and counts. */
function listener<T extends object>(): { sink: T; told: () => number } {
  let told = 0
  const call = (): number => {
    told++
    return 64
  }
  const sink = new Proxy({}, { get: () => call }) as T
  return { sink, told: () => told }
}

/** Readers tell no more than this for each byte or turn: what they tell is work for whoever listens. */
function mustBeQuiet(told: number, input: Bytes): void {
  must(told <= 64 + 8 * input.length, `${told} events of ${input.length} bytes`)
}

type CreateScanner = (sink: MessageSink) => MessageScanner

/** Both directions of a protocol of messages: requests from side 0. */
function messages(input: Bytes, request: CreateScanner, response: CreateScanner): void {
  const { sink, told } = listener<MessageSink>()
  const heads: Head[] = []
  const kept: MessageSink = {
    head: (head, first, last) => {
      heads.push(head)
      must(first.offset <= last.offset, 'a head ends before it begins')
      head.field('content-length')
      return sink.head(head, first, last)
    },
    end: (how, last, bodyLength, missing, body, fault) => {
      must(bodyLength >= 0 && missing >= 0, `a body of ${bodyLength} and ${missing} missing bytes`)
      sink.end(how, last, bodyLength, missing, body, fault)
    },
    begin: (first) => sink.begin(first),
    note: () => {},
  }
  const scanners = [request(kept), response(kept)]
  let frame = 0
  let asked = 0
  for (const { from, what, bytes, length } of turnsOf(input)) {
    const scanner = scanners[from]!
    frame++
    if (what === 'push') scanner.push(bytes, 0, bytes.length, frame, frame)
    else if (what === 'gap') scanner.gap(length, frame, frame)
    else scanner.finish(what === 'finish', frame, frame)
    if (from === 1) continue
    while (asked < heads.length) scanners[1]!.expect(heads[asked++]!.method || 'GET')
  }
  for (const scanner of scanners) scanner.finish(false, frame, frame)
  mustBeQuiet(told(), input)
}

function http2(input: Bytes): void {
  const { sink, told } = listener<ConstructorParameters<typeof Http2Connection>[0]>()
  const connection = new Http2Connection(sink)
  let frame = 0
  for (const { from, what, bytes, length } of turnsOf(input)) {
    frame++
    if (what === 'push') connection.push(from, bytes, 0, bytes.length, frame, frame)
    else if (what === 'gap') connection.gap(from, length, frame, frame)
    else connection.finish(from, what === 'finish', frame, frame)
  }
  for (const from of [0, 1] as const) connection.finish(from, false, frame, frame)
  mustBeQuiet(told(), input)
}

/** A conversation, behind it key log text: of what is secret in it, only the client's random is used. */
function tls(input: Bytes, keys: KeyLog): void {
  const { sink, told } = listener<ConstructorParameters<typeof TlsSession>[0]>()
  const session = new TlsSession(sink, { protection: findProtection(keys, nobleCrypto) })
  let frame = 0
  for (const { from, what, bytes, length } of turnsOf(input)) {
    frame++
    if (what === 'push') session.push(from, bytes, 0, bytes.length, frame, frame)
    else if (what === 'gap') session.gap(from, length, frame, frame)
    else session.finish(from, what === 'finish', frame, frame)
  }
  for (const from of [0, 1] as const) session.finish(from, false, frame, frame)
  JSON.stringify(session.facts)
  mustBeQuiet(told(), input)
}

function certificates(input: Bytes): void {
  readCertificate(input, 0, input.length)
  for (const isTls13 of [false, true]) readCertificateMessage(input, 0, input.length, isTls13, PLACE, PLACE)
  readClientHello(input, 0, input.length, true, PLACE, PLACE)
  readServerHello(input, 0, input.length, true, PLACE, PLACE)
}

/** Reads a capture whole and in small pieces, which must come to the same. */
async function capture(input: Bytes): Promise<number> {
  const seen: string[] = []
  let work = 0
  for (const size of [1 << 20, 7 + (input.length % 61)]) {
    const reader = createCaptureReader()
    let sum = 0
    const sink = {
      packet: (p: Packet): void => {
        must(p.at >= 0 && p.at <= p.end && p.end <= p.bytes.length, 'a packet lies outside of its bytes')
        must(p.nanoseconds >= 0 && p.nanoseconds < 1e9, `a packet with ${p.nanoseconds} ns`)
        must(Number.isFinite(p.seconds) && p.wireLength >= 0, `a packet at ${p.seconds} s of ${p.wireLength} bytes`)
        sum = (Math.imul(sum, 31) + p.end - p.at + p.seconds + p.nanoseconds) | 0
      },
    }
    const faults: string[] = []
    for await (const chunk of decompressed(chunks(input, size), { gzip: gunzip }, (f) => faults.push(f.text))) {
      work += chunk.length
      reader.push(chunk, sink)
      if (work > 16 * LONGEST) break
    }
    if (work > 16 * LONGEST) return work
    reader.end(sink)
    const { frames, faults: found, interfaces } = reader.info
    seen.push(JSON.stringify([sum, frames, found, interfaces, faults.length]))
    must(found.length <= 102, `${found.length} faults are kept`)
  }
  must(isCompressed(input) || seen[0] === seen[1], `${seen[0]} in one piece, ${seen[1]} in small ones`)
  return work
}

/** Frames one after the other, each with its link type before it: fragments of one datagram among them. */
function packets(input: Bytes): void {
  const decoder = new Decoder()
  const layers = createLayers()
  const quote = createQuote()
  let frame = 0
  for (const part of partsOf(input)) {
    if (part.length < 2) continue
    const linkType = (part[0]! << 8) | part[1]!
    const kind = decoder.decode(layers, {
      frame: ++frame,
      seconds: frame,
      nanoseconds: 0,
      bytes: part,
      at: 2,
      end: part.length,
      wireLength: part.length - 2 + (part[part.length - 1]! & 1) * 40,
      linkType,
      interfaceId: 0,
    })
    if (kind === ICMP || kind === ICMP6) quoted(layers, quote)
    if (kind === BROKEN || kind === UNKNOWN_LINK || kind === OTHER) continue
    must(layers.transportAt <= layers.transportEnd, 'a transport header behind its end')
    must(layers.transportEnd <= layers.bytes.length, 'a packet reaches behind its bytes')
    if (kind === TCP) must(layers.transportEnd - layers.transportAt >= 20, 'a TCP header that is cut')
  }
}

/** One frame with its link type before it: layers lie one behind the other, fields inside of what they are part of. */
function dissected(input: Bytes): number {
  if (input.length < 2) return 0
  const frame = input.subarray(2)
  const layers = dissect(frame, (input[0]! << 8) | input[1]!, frame.length + (input.at(-1)! & 1) * 40)
  let end = 0
  let told = 0
  for (const { at, length, fields } of layers) {
    must(at >= end && length >= 0, 'a layer begins before the one in front of it ends')
    end = at + length
    told += 1 + mustLieWithin(fields, at, end)
  }
  must(end <= frame.length, 'a layer reaches behind the frame')
  mustBeQuiet(told, input)
  return 0
}

/** Answers how many fields there are, with those inside. */
function mustLieWithin(fields: readonly LayerField[], from: number, to: number): number {
  let told = fields.length
  for (const { name, value, at, length, fields: parts = [] } of fields) {
    must(at >= from && length > 0 && at + length <= to, `${name} is not where it belongs`)
    must(value.length <= 4096, `${name} is shown in ${value.length} characters`)
    told += mustLieWithin(parts, at, at + length)
  }
  return told
}

/** Captures and key logs together, through all three steps. */
async function whole(input: Bytes): Promise<void> {
  await checkAnswer(partsOf(input), 1 + (input.length % 5000))
}

/** The same, and one incident cut out of it. */
async function cutOut(input: Bytes): Promise<void> {
  const parts = partsOf(input).filter((part) => recordsOf(part) !== null)
  if (parts.length > 0) await checkCut(parts, await checkAnswer(parts, 65_536), input.length)
}

/** Changes one part as what it is. */
function mutatedParts(input: Bytes, random: Random, other: Bytes): Bytes {
  const parts = partsOf(input)
  if (parts.length === 0) return mutated(input, random, other)
  const theirs = partsOf(other)
  for (let n = random.few(3); n > 0; n--) {
    const at = random.below(parts.length)
    parts[at] = mutatedCapture(parts[at]!, random, theirs.length > 0 ? random.pick(theirs) : other)
  }
  if (random.oneIn(30) && parts.length > 1) parts.splice(random.below(parts.length), 1)
  if (random.oneIn(30) && theirs.length > 0) parts.push(random.pick(theirs))
  return withLengths(parts)
}

function mutatedCapture(input: Bytes, random: Random, other: Bytes): Bytes {
  const records = random.oneIn(5) ? null : recordsOf(input)
  return records === null ? mutated(input, random, other) : mutatedPackets(records, random, other)
}

const texts = (...list: string[]): Bytes[] => list.map(ascii)

const HTTP_WORDS = texts(
  '\r\n',
  '\r\n\r\n',
  'HTTP/1.1 200 OK\r\n',
  'GET / HTTP/1.1\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Content-Length: ',
  'Connection: close\r\n',
  'Upgrade: h2c\r\n',
  'HTTP/1.1 101 Switching Protocols\r\n\r\n',
  'HTTP/1.1 100 Continue\r\n\r\n',
  '0\r\n\r\n',
  'ffffffff\r\n',
)

const KEY_LOG_WORDS = texts(
  'CLIENT_RANDOM ',
  'SERVER_TRAFFIC_SECRET_0 ',
  '\n',
  '\r\n',
  ' ',
  '#',
  'RSA ',
  '-',
  'ff'.repeat(32),
)

const FILTER_WORDS = texts(
  'host ',
  'net ',
  'port ',
  ' and ',
  ' or ',
  'not ',
  '(',
  ')',
  '10.0.0.1',
  '::1',
  '/8',
  'tcp',
  '80-90',
)

/** Turns of a conversation whose first side sends this. */
const saying = (list: readonly Bytes[]): Bytes[] =>
  list.map((bytes) => Uint8Array.from([0, bytes.length >> 8, bytes.length & 255, ...bytes]))

const backend = (
  name: string,
  request: CreateScanner,
  response: CreateScanner,
  kinds: readonly string[],
  literal: readonly Bytes[],
): Target => ({
  name,
  seeds: (from) => [...from.speaking(...kinds), ...saying(literal), ...from.speaking('http1-request').slice(0, 5)],
  words: HTTP_WORDS,
  run: (input) => messages(input, request, response),
})

/** All that is fuzzed. `keys` holds secrets of the sessions in the seeds, so that mutations get behind them. */
export function targetsWith(seeds: Seeds): Target[] {
  const keys = new KeyLog()
  for (const log of seeds.keyLogs) keys.merge(parseKeyLog(Buffer.from(log).toString('latin1')))
  return [
    { name: 'capture', seeds: (from) => [...from.captures.values()], run: capture },
    {
      name: 'packets',
      seeds: (from) => [...from.frames.map((frame) => withLengths([frame])), withLengths(from.frames.slice(0, 40))],
      mutate: (input, random, other) =>
        random.oneIn(3)
          ? mutated(input, random, other)
          : withLengths([...partsOf(mutated(input, random, other)).slice(0, 64), ...partsOf(other).slice(0, 2)]),
      run: packets,
    },
    { name: 'dissect', seeds: (from) => from.frames, run: dissected },
    {
      name: 'http1',
      seeds: (from) => from.speaking('http1-request', 'http1-response', 'text'),
      words: HTTP_WORDS,
      run: (input) => messages(input, createRequestScanner, createResponseScanner),
    },
    {
      name: 'http2',
      seeds: (from) => [
        ...from.speaking('http2'),
        ...saying([ascii('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\x01\x01\x05\0\0\0\x01\x82')]),
      ],
      run: http2,
    },
    {
      name: 'hpack',
      seeds: () =>
        texts('\x82\x86\x84\x41\x8c\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff', '\x3f\xe1\x1f\x40\x01a\x01b\xbe'),
      run: (input) => {
        const decoder = new HpackDecoder()
        for (let at = 0; at < input.length; at += 200) {
          const { fields } = decoder.decode(input, at, Math.min(input.length, at + 200), (input[at]! & 7) > 0)
          fields.get(':path')
        }
      },
    },
    {
      name: 'tls',
      seeds: (from) => [...from.speaking('tls'), ...saying(texts('\x80\x2e\x01\x03\x01'))],
      words: texts('\x16\x03\x03\0\x04', '\x15\x03\x03\0\x02\x02\x28', '\x17\x03\x03\0\x20', '\x14\x03\x03\0\x01\x01'),
      run: (input) => tls(input, keys),
    },
    {
      name: 'certificates',
      seeds: (from) => [
        ...from.speaking('tls').map((one) => one.subarray(8, 4000)),
        ...texts(
          '\x30\x82\x01\0\x30\x81\xf0\xa0\x03\x02\x01\x02\x02\x01\x01\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b',
        ),
      ],
      words: texts(
        '\x30\x80',
        '\x30\x82\xff\xff',
        '\x06\x03\x55\x04\x03',
        '\x06\x03\x55\x1d\x11',
        '\x30\x84\x7f\xff\xff\xff',
      ),
      run: certificates,
    },
    {
      name: 'dns',
      seeds: (from) => [
        ...from.dns,
        ...texts(
          '\0\x01\x81\x80\0\x01\0\x01\0\0\0\0\x01a\0\0\x01\0\x01\xc0\x0c\0\x01\0\x01\0\0\0\0\0\x04\x01\x02\x03\x04',
        ),
      ],
      words: texts('\xc0\x0c', '\xc0\0', '\xc0\x1e', '\0\0\x29\x10\0'),
      run: (input) => {
        readDns(input, 0, input.length)
        mustBeQuiet(readDnsTcp(input, 0, input.length).length, input)
      },
    },
    backend(
      'fastcgi',
      createFastCgiRequestScanner,
      createFastCgiResponseScanner,
      ['fastcgi'],
      texts('\x01\x01\0\x01\0\x08\0\0\0\x01\x01\0\0\0\0\0\x01\x04\0\x01\0\0\0\0'),
    ),
    backend(
      'ajp',
      createAjpRequestScanner,
      createAjpResponseScanner,
      ['ajp'],
      texts('\x12\x34\0\x10\x02\x02\0\x08HTTP/1.1\0\0\x01/\0'),
    ),
    backend(
      'uwsgi',
      createUwsgiRequestScanner,
      createUwsgiResponseScanner,
      ['uwsgi'],
      texts('\0\x16\0\0\x0e\0REQUEST_METHOD\x04\0GET!'),
    ),
    backend(
      'scgi',
      createScgiRequestScanner,
      createScgiResponseScanner,
      ['scgi'],
      texts('24:CONTENT_LENGTH\x000\0SCGI\x001\0,'),
    ),
    {
      name: 'sniff',
      seeds: (from) =>
        [...from.conversations.values()].flatMap((list) => list.slice(0, 4).map((one) => one.subarray(3, 300))),
      words: texts('PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n', '\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c'),
      run: (input) => {
        sniff(input, 0, input.length)
        must(readProxyHeader(input).length <= input.length, 'a PROXY header longer than what is there')
      },
    },
    {
      name: 'keylog',
      seeds: (from) => [...from.keyLogs, ...texts(`CLIENT_RANDOM ${'0f'.repeat(32)} ${'ee'.repeat(48)}\n`)],
      words: KEY_LOG_WORDS,
      run: (input) => void parseKeyLog(Buffer.from(input).toString('latin1')),
    },
    {
      name: 'filter',
      seeds: () =>
        texts('tcp port 80 and not host 10.0.0.1', 'net 10.0.0.0/8 or (ip6 and portrange 1-1024)', 'src host ::1'),
      words: FILTER_WORDS,
      run: (input) => {
        const parsed = parseFilter(Buffer.from(input).toString('latin1'))
        if (parsed.is === 'filter') parsed.filter(createLayers())
        else must(parsed.at >= 0 && parsed.at <= input.length, `malformed at ${parsed.at} of ${input.length}`)
      },
    },
    {
      name: 'diagnose',
      seeds: (from) => from.scenarios.filter(({ length }) => length < LONGEST / 2),
      mutate: mutatedParts,
      run: whole,
    },
    {
      name: 'isolate',
      seeds: (from) => from.scenarios.filter(({ length }) => length < LONGEST / 4),
      mutate: mutatedParts,
      run: cutOut,
    },
    ...captureTargets(mutatedParts),
    ...reportTargets(mutatedParts),
    ...cutTargets(mutatedParts),
    planTarget,
  ]
}

/** Whose inputs are whole captures: a run takes a hundred times as long as one of a reader. */
export const OF_WHOLE_CAPTURES: readonly string[] = ['diagnose', 'isolate', ...OF_CAPTURES, ...OF_REPORTS, ...OF_CUTS]

/** The units in which an input is made smaller: packets, parts, or bytes. */
export function unitsOf(target: string, input: Bytes): { units: Bytes[]; join: (units: Bytes[]) => Bytes } | null {
  if (!OF_WHOLE_CAPTURES.includes(target)) return null
  const parts = partsOf(input)
  const units: Bytes[] = []
  const heads: { header: Bytes | null; little: boolean }[] = []
  const owner = new Map<Bytes, number>()
  for (const [i, part] of parts.entries()) {
    const records = recordsOf(part)
    heads.push({ header: records?.header ?? null, little: records?.little ?? false })
    for (const unit of records?.records ?? [part]) {
      const own = unit.slice()
      owner.set(own, i)
      units.push(own)
    }
  }
  const join = (kept: Bytes[]): Bytes =>
    withLengths(
      heads.flatMap(({ header, little }, i) => {
        const own = kept.filter((unit) => owner.get(unit) === i)
        if (own.length === 0) return []
        return header === null ? own : [pcapOf({ header, records: own, little })]
      }),
    )
  return { units, join }
}
