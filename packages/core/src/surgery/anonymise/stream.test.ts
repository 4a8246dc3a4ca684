import {
  ajpBody,
  ajpRequest,
  ajpResponse,
  CERTIFICATES,
  certificateMessage,
  changeCipherSpec,
  clientHello,
  fastcgiRequest,
  fastcgiResponse,
  handshakeRecord,
  hpackFields,
  http2Frame,
  http2Goaway,
  http2Headers,
  http2Preface,
  http2Settings,
  join,
  opaqueRecord,
  scgiRequest,
  scrubbed,
  serverHello,
  serverHelloDone,
  type StreamPiece,
  uwsgiRequest,
} from '@pcap-surgery/testkit'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sniff } from '../../app/sniff.ts'
import type { Side, StreamHint } from './contract.ts'
import { KeyedPseudonyms } from './pseudonyms.ts'
import { createStreamScrubber } from './stream.ts'

const pseudonyms = new KeyedPseudonyms(Uint8Array.from({ length: 32 }, (_, i) => i))
const { leaf, root } = CERTIFICATES
const HINT: StreamHint = { isDns: false, opener: () => 0, isMidstream: () => false }
const streams = (hint: StreamHint, ...pieces: StreamPiece[]): [string, string] =>
  scrubbed((edits) => createStreamScrubber(pseudonyms, edits, hint), pieces)
const bytes = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0))
const asBytes = (what: StreamPiece[1]): Uint8Array =>
  typeof what === 'string' ? bytes(what) : Uint8Array.from(what as ArrayLike<number>)
const lengthOf = (what: StreamPiece[1]): number => (typeof what === 'number' ? what : what.length)

const protocols: Record<string, readonly StreamPiece[]> = {
  http1: [
    [
      0,
      'POST /a/b?c=d HTTP/1.1\r\nHost: h.example\r\nTransfer-Encoding: chunked\r\n\r\n' +
        '5;x=y\r\nhello\r\n0\r\nT: u\r\n\r\nGET / HTTP/1.1\r\n\r\n',
    ],
    [
      1,
      'HTTP/1.1 502 Bad Gateway\r\nContent-Length: 29\r\n\r\n<center>nginx/1.2.3</center>\n' +
        'HTTP/1.1 200 OK\r\n\r\nrest',
    ],
  ],
  http2: [
    [0, join(http2Preface, http2Settings(), http2Headers(1, hpackFields({ ':path': '/alice', 'x-y': 'zz' })))],
    [
      1,
      join(
        http2Settings(),
        http2Headers(1, hpackFields({ ':status': '502' })),
        http2Frame('DATA', 1, bytes('<center>nginx</center>'), 'END_STREAM'),
        http2Goaway(1, 0, 'bye alice'),
      ),
    ],
  ],
  tls: [
    [0, handshakeRecord(clientHello({ serverName: 'app.internal', alpn: ['h2'] }))],
    [1, join(handshakeRecord(serverHello(), certificateMessage(leaf, root), serverHelloDone()), opaqueRecord(60))],
    [0, join(changeCipherSpec(), opaqueRecord(40, 22), opaqueRecord(90))],
  ],
  fastcgi: [
    [0, fastcgiRequest('POST /a?b', { HTTP_X_NAME: 'alice' }, 'hello')],
    [1, fastcgiResponse('Status: 502 Bad Gateway\r\nX-Name: alice\r\n\r\n<center>nginx</center>')],
  ],
  ajp: [
    [0, join(ajpRequest('POST /1', { a008: '5' }), ajpBody('hel'), ajpBody('lo'))],
    [1, ajpResponse(502, '<center>nginx</center>', { 'X-Name': 'alice' })],
  ],
  uwsgi: [
    [0, uwsgiRequest('POST /a?b', { HTTP_HOST: 'x' }, 'hello')],
    [1, 'HTTP/1.1 503 Busy\r\nX-Name: alice\r\n\r\nbody'],
  ],
  scgi: [
    [0, scgiRequest('GET /a', { HTTP_HOST: 'x' })],
    [1, 'Status: 200 OK\r\nX-Name: alice\r\n\r\nbody'],
  ],
  'proxy header': [[0, 'PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\nGET /alice HTTP/1.1\r\n\r\n']],
  redis: [
    [0, '*1\r\n$4\r\nPING\r\n'],
    [1, '-ERR wrong number of arguments for alice\r\n'],
  ],
}

test.each(Object.entries(protocols))('%s: however it is split, the same', (_name, pieces) => {
  const whole = streams(HINT, ...pieces)
  fc.assert(
    fc.property(fc.array(fc.nat(200), { maxLength: 12 }), (cuts) => {
      const split = pieces.flatMap(([side, what]): StreamPiece[] => {
        const b = asBytes(what as Uint8Array)
        const at = [0, ...new Set(cuts.filter((cut) => cut > 0 && cut < b.length))].toSorted((x, y) => x - y)
        return at.map((from, i) => [side, b.slice(from, at[i + 1] ?? b.length)])
      })
      expect(streams(HINT, ...split)).toEqual(whole)
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
      const [client, server] = streams({ isDns, opener: () => 0, isMidstream: () => isMidstream }, ...pieces)
      expect(client.length + server.length).toBe(pieces.reduce((sum, [, what]) => sum + lengthOf(what), 0))
    }),
    { numRuns: 2000 },
  )
})

test('first bytes by the hundred kilobytes at once', () => {
  const head = 'POST / HTTP/1.1\r\nContent-Length: 200000\r\n\r\n'
  const next = 'GET / HTTP/1.1\r\n\r\n'
  const [text] = streams(HINT, [0, 'PO'], [0, `${head.slice(2)}${'a'.repeat(200_000)}${next}`])
  expect(text).toBe(`${head}${'x'.repeat(200_000)}${next}`)
})

test('a header section of a megabyte and endless chunks pass', () => {
  const line = `X-Name: ${'secret'.repeat(100)}\r\n`
  const asks: StreamPiece = [0, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n']
  const [, large] = streams(HINT, asks, [1, `HTTP/1.1 200 OK\r\n${line.repeat(1600)}\r\nbody`])
  expect(large).not.toContain('secret')
  expect(large.endsWith('\r\n\r\nxxxx')).toBe(true)
  const chunks = Array.from({ length: 20 }, (): StreamPiece => [1, '1\r\nA\r\n'.repeat(1000)])
  const [, endless] = streams(HINT, asks, [1, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'], ...chunks)
  expect(endless.endsWith('1\r\nx\r\n'.repeat(20_000))).toBe(true)
})

test.each([
  ['SSH-2.0-OpenSSH_9.6p1 alice\r\n', 'ssh'],
  ['220 mail.example.com ESMTP Postfix\r\n', 'smtp'],
  ['-ERR unknown command alice\r\n', 'redis'],
  ['\x4a\0\0\0\x0a8.0.36\0' + 'alice'.repeat(12), 'mysql'],
  ['E\0\0\0\x60SFATAL\0VFATAL\0C28P01\0Malice' + '\0'.repeat(70), 'postgres'],
])('what is opaque is still known for what it is: %j', (said, protocol) => {
  const [, text] = streams(HINT, [1, said])
  expect(sniff(bytes(text), 0, text.length)).toBe(protocol)
  expect(text).not.toMatch(/alice|example/)
})
