import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRequestScanner, createResponseScanner } from '../../app/http1/scanner.ts'
import type { Head, MessageScanner, MessageSink } from '../../app/http1/message.ts'
import { Http2Connection } from '../../app/http2/connection.ts'
import type { Http2Fields, Http2Sink } from '../../app/http2/events.ts'
import { encodeHuffman } from '../../app/http2/huffman.ts'
import { sniff } from '../../app/sniff.ts'
import { FILL, type Side, type StreamHint } from './contract.ts'
import { KeyedPseudonyms } from './pseudonyms.ts'
import { createStreamScrubber } from './stream.ts'

const pseudonyms = new KeyedPseudonyms(Uint8Array.from({ length: 32 }, (_, i) => i))

const HINT: StreamHint = { isDns: false, opener: () => 0, isMidstream: () => false }

const latin1 = (b: Uint8Array): string => Array.from(b, (c) => String.fromCharCode(c)).join('')
const bytes = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0))

/** A piece of a side; a number is that many bytes that were not captured. */
type Piece = readonly [side: Side, what: string | Uint8Array | number]

/** What becomes of both streams: all that is not spoken of is `x`, or `?` where it was not captured. */
function scrubbed(pieces: readonly Piece[], hint: StreamHint = HINT): [string, string] {
  const out: [number[], number[]] = [[], []]
  const original: [number[], number[]] = [[], []]
  for (const [side, what] of pieces) {
    const part = typeof what === 'number' ? Array.from({ length: what }, () => -1) : Array.from(asBytes(what))
    for (const c of part) {
      original[side].push(c)
      out[side].push(c < 0 ? 0x3f : FILL)
    }
  }
  const replaced: [Set<number>, Set<number>] = [new Set(), new Set()]
  const place = (side: Side, at: number, value: number) => {
    if (at < 0 || at >= out[side].length) throw new Error(`outside of the stream: ${at}`)
    if (original[side][at]! >= 0) out[side][at] = value
  }
  const scrubber = createStreamScrubber(
    pseudonyms,
    {
      keep(side, from, to) {
        for (let at = from; at < to; at++) if (!replaced[side].has(at)) place(side, at, original[side][at]!)
      },
      replace(side, from, b) {
        b.forEach((c, i) => {
          place(side, from + i, c)
          replaced[side].add(from + i)
        })
      },
    },
    hint,
  )
  const at: [number, number] = [0, 0]
  for (const [side, what] of pieces) {
    if (typeof what === 'number') scrubber.gap(side, at[side], (at[side] += what))
    else {
      const b = asBytes(what)
      scrubber.data(side, b, 0, b.length, at[side])
      at[side] += b.length
    }
  }
  scrubber.end()
  return [latin1(Uint8Array.from(out[0])), latin1(Uint8Array.from(out[1]))]
}

const lengthOf = (what: string | Uint8Array | number): number => (typeof what === 'number' ? what : what.length)

const asBytes = (what: string | Uint8Array): Uint8Array => (typeof what === 'string' ? bytes(what) : what)

/** Heads that a scanner finds. */
function headsOf(create: (sink: MessageSink) => MessageScanner, text: string): Head[] {
  const heads: Head[] = []
  const scanner = create({ begin: () => {}, head: (head) => (heads.push(head), 0), end: () => {} })
  scanner.push(bytes(text), 0, text.length, 0, 0)
  scanner.finish(true, 0, 0)
  return heads
}

/** What our own reader finds wrong with a response, and where. */
function faults(text: string): unknown[] {
  const found: unknown[] = []
  const scanner = createResponseScanner({
    begin: () => {},
    head: ({ fault }) => (found.push(fault?.part, fault?.at.offset), 0),
    end: (how, last, length, _missing, _body, fault) =>
      found.push(how, last.offset, length, fault?.part, fault?.at.offset),
  })
  scanner.push(bytes(text), 0, text.length, 0, 0)
  scanner.finish(true, 0, 0)
  return found
}

describe('HTTP/1', () => {
  const request =
    'POST /shop/cart/items.json?user=alice&n=%41%C3%A9 HTTP/1.1\r\n' +
    'Host: Shop.Example.com:8080\r\n' +
    'X-Forwarded-For: 192.0.2.77, 10.1.2.3:4711\r\n' +
    'X-Acme-Tenant: contoso\r\n' +
    'Cookie: session=deadbeef42\r\n' +
    'Content-Type: application/json; boundary=secret\r\n' +
    'Content-Length: 12\r\n\r\n' +
    '{"a":"priv"}'

  test('a request keeps its grammar and loses its names', () => {
    const [text] = scrubbed([[0, request]])
    expect(text.length).toBe(request.length)
    expect(text).toMatch(/^POST \/\w{4}\/\w{4}\/\w{5}\.\w{4}\?\w{4}=\w{5}&\w=(?:%[\da-fA-F]{2}){3} HTTP\/1\.1\r\n/)
    expect(text).toMatch(/\r\nHost: [A-Z]\w{3}\.[A-Z]\w{6}\.\w{3}:8080\r\n/)
    expect(text).toMatch(/\r\nX-Forwarded-For: [\d.]{10}, [\d.]{8}:4711\r\n/)
    expect(text).toMatch(/\r\nX-[A-Z]\w{3}-[A-Z]\w{5}: \w{7}\r\n/)
    expect(text).toMatch(/\r\nContent-Type: application\/json; boundary=\w{6}\r\nContent-Length: 12\r\n\r\n/)
    expect(text).toMatch(/x{12}$/)
    for (const secret of [
      'shop',
      'cart',
      'items',
      'alice',
      'Example',
      'contoso',
      'Acme',
      'session',
      '192.0.2.77',
      'priv',
    ]) {
      expect(text).not.toContain(secret)
    }
  })

  test('a word is the same wherever it stands, a host in any case', () => {
    const [text] = scrubbed([
      [0, 'GET http://SHOP.example/cart HTTP/1.1\r\nHost: shop.example\r\nReferer: /cart\r\n\r\n'],
    ])
    const [head] = headsOf(createRequestScanner, text)
    const host = head!.field('host')!
    expect(head!.target.toLowerCase()).toContain(`//${host}/`)
    expect(head!.target).toMatch(new RegExp(`${head!.field('referer')!}$`))
  })

  test('products, dates, sizes and known reasons stay; of a page what tells whose it is', () => {
    const page = '<html><center>nginx/1.25.3</center><p>db01.corp</p></html>'
    const response =
      'HTTP/1.1 502 Bad Gateway\r\nServer: nginx/1.25.3\r\nDate: Tue, 15 Nov 1994 08:12:31 GMT\r\nVia: 1.1 varnish (Varnish/7.1)\r\n' +
      `Content-Length: ${page.length}\r\n\r\n${page}`
    const [, text] = scrubbed([
      [0, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
      [1, response],
    ])
    expect(text.slice(0, -page.length)).toBe(response.slice(0, -page.length))
    expect(text.slice(-page.length)).toBe(page.replace(/^.{6}|(?<=<\/center>).*$/g, (gone) => 'x'.repeat(gone.length)))
  })

  test('chunk framing stays, extensions and trailers lose their words', () => {
    const body = 'a;sig=abc\r\n0123456789\r\n0\r\nX-Acme: bob\r\n\r\n'
    const [, text] = scrubbed([
      [0, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
      [1, `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${body}HTTP/1.1 204 No Content\r\n\r\n`],
    ])
    expect(text).toMatch(
      /\r\n\r\na;[^\r\n]{7}\r\nx{10}\r\n0\r\nX-[A-Z]\w{3}: \w{3}\r\n\r\nHTTP\/1\.1 204 No Content\r\n\r\n$/,
    )
    expect(text).not.toMatch(/abc|Acme|bob/)
  })

  test.each([
    ['a NUL in a value', 'HTTP/1.1 200 OK\r\nX-Name: al\0ice\r\n\r\n'],
    ['a line without a colon', 'HTTP/1.1 200 OK\r\nalice was here\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nalice'],
    ['a length that is no number', 'HTTP/1.1 200 OK\r\nContent-Length: alice\r\n\r\n'],
    ['a chunk size that is no number', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzalice\r\n'],
    ['an empty line before the status line', '\r\nHTTP/1.1 200 OK\r\nX-Name: alice\r\n\r\n'],
    ['white space before the colon', 'HTTP/1.1 200 OK\r\nX-Alice : alice\r\n\r\n'],
    ['another protocol', 'alice!\r\n\r\n'],
    ['a status that is none', 'HTTP/1.1 alice\r\n\r\n'],
    ['bytes behind the body', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1<alice>'],
  ])('what breaks the grammar goes on to: %s', (_name, response) => {
    const [, text] = scrubbed([
      [0, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
      [1, response],
    ])
    expect(text).not.toMatch(/alice/i)
    expect(faults(text)).toEqual(faults(response))
  })

  test('nothing of a tunnel stays but the byte that shows it', () => {
    const [client, server] = scrubbed([
      [0, 'GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'],
      [1, 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x05hello'],
      [0, '\x81\x05hello'],
    ])
    expect(client).toMatch(/\r\n\r\n\x81x{6}$/)
    expect(server).toMatch(/\r\n\r\nx{7}$/)
  })
})

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

describe('HTTP/2', () => {
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
    const [text] = scrubbed([[0, client]])
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
    const [over1] = scrubbed([
      [
        0,
        `GET ${path} HTTP/1.1\r\nHost: shop.example.com:8443\r\nX-Request-ID: 4bf92f3577b34da6\r\nX-Acme-Tenant: contoso\r\n\r\n`,
      ],
    ])
    const [over2] = scrubbed([[0, joined(PREFACE, SETTINGS, frame(1, 5, 1, ...block))]])
    const [head] = headsOf(createRequestScanner, over1)
    const [fields] = sectionsOf(over2, latin1(SETTINGS))
    expect(fields!.get(':path')).toBe(head!.target)
    expect(fields!.get(':authority')).toBe(head!.field('host'))
    expect(fields!.get('x-request-id')).toBe(head!.field('x-request-id'))
    expect(fields!.list.at(-1)!.value).toBe(head!.field(fields!.list.at(-1)!.name!))
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
    const [, text] = scrubbed([
      [0, joined(PREFACE, SETTINGS)],
      [1, server],
    ])
    expect(text).toContain('\0\0\0\0\x03xxx\0\0\0')
    expect(text).toContain('\0\x01x')
    expect(text).toMatch(/too_many_pings \w\w \w{5}$/)
    expect(text).not.toContain('alice')
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
    const [text] = scrubbed([[0, client]])
    expect(sectionsOf(text, latin1(SETTINGS))[0]!.list.length).toBe(5)
    expect(text).not.toMatch(/acme|contoso/)
  })
})

const protocols: Record<string, readonly Piece[]> = {
  http1: [
    [
      0,
      'POST /a/b?c=d HTTP/1.1\r\nHost: h.example\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nT: u\r\n\r\nGET / HTTP/1.1\r\n\r\n',
    ],
    [
      1,
      'HTTP/1.1 502 Bad Gateway\r\nContent-Length: 29\r\n\r\n<center>nginx/1.2.3</center>\nHTTP/1.1 200 OK\r\n\r\nrest',
    ],
  ],
  http2: [
    [
      0,
      joined(PREFACE, SETTINGS, frame(1, 5, 1, 0x82, 0x44, ...literal('/alice', true), ...field('x-y', 'zz', false))),
    ],
    [
      1,
      joined(SETTINGS, frame(1, 4, 1, 0x8d), frame(0, 9, 1, 1, 65, 66, 0), frame(7, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 97)),
    ],
  ],
  redis: [
    [0, '*1\r\n$4\r\nPING\r\n'],
    [1, '-ERR wrong number of arguments for alice\r\n'],
  ],
}

test.each(Object.entries(protocols))('%s: however it is split, the same', (_name, pieces) => {
  const whole = scrubbed(pieces)
  fc.assert(
    fc.property(fc.array(fc.nat(200), { maxLength: 12 }), (cuts) => {
      const split = pieces.flatMap(([side, what]): Piece[] => {
        const b = asBytes(what as Uint8Array)
        const at = [0, ...new Set(cuts.filter((cut) => cut > 0 && cut < b.length))].toSorted((x, y) => x - y)
        return at.map((from, i) => [side, b.slice(from, at[i + 1] ?? b.length)])
      })
      expect(scrubbed(split)).toEqual(whole)
    }),
  )
})

test('whatever comes, nothing throws, and nothing is said of bytes that are not there', () => {
  const some = Object.values(protocols).flatMap((pieces) => pieces.map(([, what]) => asBytes(what as Uint8Array)))
  const chunk = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    fc.tuple(fc.constantFrom(...some), fc.nat(60), fc.nat(120)).map(([b, from, to]) => b.slice(from, to)),
    fc
      .tuple(fc.constantFrom(...some), fc.nat(200), fc.nat(255))
      .map(([b, at, c]) => b.map((old, i) => (i === at ? c : old))),
  )
  const piece = fc.tuple(fc.constantFrom<Side[]>(0, 1), fc.oneof({ weight: 9, arbitrary: chunk }, fc.nat(50)))
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.boolean(), fc.boolean(), (pieces, isMidstream, isDns) => {
      const [client, server] = scrubbed(pieces, { isDns, opener: () => 0, isMidstream: () => isMidstream })
      expect(client.length + server.length).toBe(pieces.reduce((sum, [, what]) => sum + lengthOf(what), 0))
    }),
    { numRuns: 2000 },
  )
})

test('a header section of a megabyte and endless chunks pass', () => {
  const line = `X-Name: ${'secret'.repeat(100)}\r\n`
  const [, text] = scrubbed([
    [0, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
    [1, `HTTP/1.1 200 OK\r\n${line.repeat(1600)}\r\nbody`],
  ])
  expect(text).not.toContain('secret')
  expect(headsOf(createResponseScanner, text)[0]!.size).toBe(text.length - 4)
  const chunk = bytes('1\r\nA\r\n'.repeat(1000))
  const pieces: Piece[] = [
    [0, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
    [1, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ...Array.from({ length: 20 }, (): Piece => [1, chunk]),
  ]
  expect(scrubbed(pieces)[1]).toMatch(/(?:1\r\nx\r\n){1000}$/)
})

test.each([
  ['SSH-2.0-OpenSSH_9.6p1 alice\r\n', 'ssh'],
  ['220 mail.example.com ESMTP Postfix\r\n', 'smtp'],
  ['-ERR unknown command alice\r\n', 'redis'],
  ['\x4a\0\0\0\x0a8.0.36\0' + 'alice'.repeat(12), 'mysql'],
  ['E\0\0\0\x60SFATAL\0VFATAL\0C28P01\0Malice' + '\0'.repeat(70), 'postgres'],
])('what is opaque is still known for what it is: %j', (said, protocol) => {
  const [, text] = scrubbed([[1, said]])
  expect(sniff(bytes(text), 0, text.length)).toBe(protocol)
  expect(text).not.toMatch(/alice|example/)
})
