import { scrubbed, type StreamPiece } from '@pcap-surgery/testkit'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRequestScanner } from '../../app/http1/scanner.ts'
import type { Head } from '../../app/http1/message.ts'
import { Http2Connection } from '../../app/http2/connection.ts'
import type { Http2Fields, Http2Sink } from '../../app/http2/events.ts'
import { encodeHuffman } from '../../app/http2/huffman.ts'
import type { Side, StreamHint } from './contract.ts'
import { KeyedPseudonyms } from './pseudonyms.ts'
import { createStreamScrubber } from './stream.ts'

const pseudonyms = new KeyedPseudonyms(Uint8Array.from({ length: 32 }, (_, i) => i))
const HINT: StreamHint = { isDns: false, opener: () => 0, isMidstream: () => false }
const streams = (...pieces: StreamPiece[]): [string, string] =>
  scrubbed((edits) => createStreamScrubber(pseudonyms, edits, HINT), pieces)
const bytes = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0))
const latin1 = (b: Uint8Array): string => Array.from(b, (c) => String.fromCharCode(c)).join('')

/** The head of the one request in a text. */
function headOf(text: string): Head {
  const heads: Head[] = []
  const scanner = createRequestScanner({ begin: () => {}, head: (head) => (heads.push(head), 0), end: () => {} })
  scanner.push(bytes(text), 0, text.length, 0, 0)
  return heads[0]!
}

/** A frame: length (3), type, flags, stream (4), payload. */
const frame = (type: number, flags: number, stream: number, ...payload: number[]): Uint8Array =>
  Uint8Array.of(0, payload.length >> 8, payload.length & 255, type, flags, 0, 0, 0, stream, ...payload)

/** A string literal, Huffman coded or plain (RFC 7541 section 5.2). */
function literal(text: string, huffman: boolean): number[] {
  const b = huffman ? encodeHuffman(text) : bytes(text)
  const flag = huffman ? 0x80 : 0
  const length = b.length < 127 ? [flag | b.length] : [flag | 127, b.length - 127]
  return [...length, ...b]
}

/** Literal with incremental indexing and a new name. */
const field = (name: string, value: string, huffman = true): number[] => [
  0x40,
  ...literal(name, huffman),
  ...literal(value, huffman),
]

const PREFACE = bytes('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
const SETTINGS = frame(4, 0, 0)
const joined = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]))

/** Field sections that our own reader finds, by side. */
function sectionsOf(client: string, server: string): Http2Fields[] {
  const found: Http2Fields[] = []
  const sink = new Proxy({} as Http2Sink, {
    get: (_, name) => (name === 'headers' ? (...args: unknown[]) => found.push(args.find(isFields)!) : () => {}),
  })
  const connection = new Http2Connection(sink)
  for (const [side, text] of [client, server].entries()) {
    connection.push(side as Side, bytes(text), 0, text.length, 0, 0)
  }
  return found
}

const isFields = (value: unknown): value is Http2Fields =>
  typeof value === 'object' && value !== null && 'list' in value

const path = '/shop/cart/items.json?user=alice'
const block = [
  0x82, // :method GET
  0x44, // :path
  ...literal(path, true),
  0x41, // :authority
  ...literal('shop.example.com:8443', true),
  ...field('x-request-id', '4bf92f3577b34da6'),
  ...field('x-acme-tenant', 'contoso', false),
]

test('names go, lengths and indexes stay, and an index means the pseudonym', () => {
  const client = joined(PREFACE, SETTINGS, frame(1, 5, 1, ...block), frame(1, 5, 3, 0x82, 0xc1, 0xc0, 0xbf, 0xbe))
  const [text] = streams([0, client])
  expect(text.startsWith(latin1(PREFACE))).toBe(true)
  const [first, second] = sectionsOf(text, latin1(SETTINGS))
  expect(first!.list.length).toBe(5)
  expect(second!.get(':path')).toBe(first!.get(':path'))
  expect(first!.get(':method')).toBe('GET')
  expect(first!.get(':authority')).toMatch(/^\w{4}\.\w{7}\.\w{3}:8443$/)
  expect(text).not.toMatch(/acme|contoso/)
  for (const { name, value } of first!.list)
    expect(`${name} ${value}`).not.toMatch(/shop|cart|alice|example|acme|contoso/)
})

test('the same words as over HTTP/1', () => {
  const [over1] = streams([
    0,
    `GET ${path} HTTP/1.1\r\nHost: shop.example.com:8443\r\nX-Request-ID: 4bf92f3577b34da6\r\nX-Acme-Tenant: contoso\r\n\r\n`,
  ])
  const [over2] = streams([0, joined(PREFACE, SETTINGS, frame(1, 5, 1, ...block))])
  const head = headOf(over1)
  const [fields] = sectionsOf(over2, latin1(SETTINGS))
  expect(fields!.get(':path')).toBe(head.target)
  expect(fields!.get(':authority')).toBe(head.field('host'))
  expect(fields!.get('x-request-id')).toBe(head.field('x-request-id'))
  expect(fields!.list.at(-1)!.value).toBe(head.field(fields!.list.at(-1)!.name!))
})

test('DATA goes but for the prefix of gRPC; GOAWAY says on what it said', () => {
  const block2 = [0x88, ...field('content-type', 'application/grpc')]
  const server = joined(
    SETTINGS,
    frame(1, 4, 1, ...block2),
    frame(0, 0, 1, 0, 0, 0, 0, 3, 65, 66, 67, 0, 0, 0),
    frame(0, 1, 1, 0, 1, 65),
    frame(7, 0, 0, 0, 0, 0, 1, 0, 0, 0, 11, ...bytes('too_many_pings by alice')),
  )
  const [, text] = streams([0, joined(PREFACE, SETTINGS)], [1, server])
  expect(text).toContain('\0\0\0\0\x03xxx\0\0\0')
  expect(text).toContain('\0\x01x')
  expect(text).toMatch(/too_many_pings \w\w \w{5}$/)
  expect(text).not.toContain('alice')
})

test('what only its sender knows the meaning of goes: of a ping, of a private setting', () => {
  const ping = (flags: number): Uint8Array => frame(6, flags, 0, ...bytes('alice-01'))
  const settings = frame(4, 0, 0, 0, 4, 0, 1, 0, 0, 0xf0, 0, ...bytes('alic')) // INITIAL_WINDOW_SIZE
  const preface = bytes('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
  const [client, server] = streams([0, preface], [0, settings], [0, ping(0)], [1, frame(4, 0, 0)], [1, ping(1)])
  expect(client + server).not.toContain('ali')
  expect(client).toContain('\0\x04\0\x01\0\0\xf0\0xxxx')
  expect(client.slice(-8)).toBe(server.slice(-8))
})

test('a field block over CONTINUATION, with padding and priority', () => {
  const whole = [...block]
  const client = joined(
    PREFACE,
    SETTINGS,
    frame(1, 0x28, 1, 2, 0, 0, 0, 0, 16, ...whole.slice(0, 20), 0, 0),
    frame(9, 0, 1, ...whole.slice(20, 21)),
    frame(9, 4, 1, ...whole.slice(21)),
  )
  const [text] = streams([0, client])
  expect(sectionsOf(text, latin1(SETTINGS))[0]!.list.length).toBe(5)
  expect(text).not.toMatch(/acme|contoso/)
})

/** What our own reader is told of a connection but for its words: who, which stream, how much, where. */
function told(client: string, server: string): unknown[] {
  const found: unknown[] = []
  const sink = new Proxy({} as Http2Sink, {
    get:
      (_, event) =>
      (...args: unknown[]) =>
        found.push(event, ...args.map((arg) => (isFields(arg) ? [arg.list.length, arg.complete] : placeOf(arg)))),
  })
  const connection = new Http2Connection(sink)
  for (const [side, text] of [client, server].entries())
    connection.push(side as Side, bytes(text), 0, text.length, 0, 0)
  for (const side of [0, 1] as const) connection.finish(side, true, 0, 0)
  return found
}

/** Numbers and places; of anything else nothing. */
const placeOf = (arg: unknown): unknown =>
  typeof arg === 'number' || typeof arg === 'boolean' ? arg : ((arg as { offset?: number } | null)?.offset ?? null)

const changed = (text: string, at: number, byte: number): string =>
  `${text.slice(0, at)}${String.fromCharCode(byte)}${text.slice(at + 1)}`

test('whatever byte is another, the reader is told the same', () => {
  const client = latin1(
    joined(PREFACE, SETTINGS, frame(1, 5, 1, 0x82, ...field('x-acme', 'contoso'), 0x04, ...literal('/alice', false))),
  )
  const server = latin1(
    joined(
      SETTINGS,
      frame(1, 4, 1, 0x8d, ...field('server', 'nginx'), ...field('x-name', 'bob', false)),
      frame(0, 9, 1, 1, ...bytes('<center>nginx</center>'), 0),
      frame(3, 0, 1, 0, 0, 0, 2),
      frame(7, 0, 0, 0, 0, 0, 1, 0, 0, 0, 11, ...bytes('too_many_pings')),
    ),
  )
  fc.assert(
    // The first frame says that it is HTTP/2.
    fc.property(fc.integer({ min: SETTINGS.length, max: server.length - 1 }), fc.nat(255), (at, byte) => {
      const answer = changed(server, at, byte)
      expect(told(...streams([0, client], [1, answer]))).toEqual(told(client, answer))
    }),
    { numRuns: 300 },
  )
  fc.assert(
    fc.property(fc.integer({ min: PREFACE.length, max: client.length - 1 }), fc.nat(255), (at, byte) => {
      const asked = changed(client, at, byte)
      expect(told(...streams([0, asked], [1, server]))).toEqual(told(asked, server))
    }),
    { numRuns: 300 },
  )
})
