// What holds for every reader of a gateway's protocol, whatever bytes come: the input is hostile.
import {
  ajpBody,
  ajpRequest,
  ajpResponse,
  fastcgiRequest,
  fastcgiResponse,
  FCGI,
  fcgi,
  fcgiBegin,
  fcgiEnd,
  join,
  scgiRequest,
  uwsgiRequest,
  witness,
} from '@pcap-surgery/testkit'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createAjpRequestScanner } from '../ajp/request.ts'
import { createAjpResponseScanner } from '../ajp/response.ts'
import { createFastCgiRequestScanner } from '../fastcgi/request.ts'
import { createFastCgiResponseScanner } from '../fastcgi/response.ts'
import type { Head, MessageScanner, MessageSink } from '../http1/message.ts'
import { createScgiRequestScanner } from '../scgi.ts'
import { createUwsgiRequestScanner, createUwsgiResponseScanner } from '../uwsgi.ts'

type Create = (sink: MessageSink) => MessageScanner

const bytes = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0))
const HEADERS = 'Status: 200 OK\r\nX-A: b\r\n\r\n'

const readers: [name: string, create: Create, stream: Uint8Array][] = [
  [
    'FastCGI requests',
    createFastCgiRequestScanner,
    join(
      fastcgiRequest('POST /a', { HTTP_HOST: 'x' }, 'hello', true),
      fcgi(FCGI.GET_VALUES, 'x', { id: 0 }),
      fcgiBegin(),
      fcgi(FCGI.ABORT),
      fastcgiRequest('GET /b', {}, '', true),
    ),
  ],
  [
    'FastCGI responses',
    createFastCgiResponseScanner,
    join(
      fcgi(FCGI.STDERR, 'PHP message', { padding: 5 }),
      fastcgiResponse(`${HEADERS}hello`),
      fcgiEnd(1, 2),
      fcgi(FCGI.STDOUT, HEADERS.slice(0, 9)),
      fastcgiResponse(HEADERS.slice(9)),
    ),
  ],
  ['uwsgi requests', createUwsgiRequestScanner, uwsgiRequest('POST /a', { HTTP_HOST: 'x' }, 'hello')],
  ['SCGI requests', createScgiRequestScanner, scgiRequest('POST /a', { HTTP_HOST: 'x' }, 'hello')],
  ['CGI responses', createUwsgiResponseScanner, bytes(`${HEADERS}hello`)],
  ['raw HTTP responses', createUwsgiResponseScanner, bytes('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, world')],
  ['no CGI responses', createUwsgiResponseScanner, bytes('SSH-2.0-OpenSSH 9\r\n')],
  [
    'AJP requests',
    createAjpRequestScanner,
    join(ajpRequest('POST /a?b', { a008: '5', X: 'y' }), ajpBody('hel'), ajpBody('lo'), ajpRequest('GET /', {})),
  ],
  ['AJP responses', createAjpResponseScanner, join(ajpResponse(200, 'hello', { a001: 'x' }), ajpResponse(503, ''))],
]

/** What the scanner tells of the pieces; a number is a hole. All in one frame, which pieces must not matter to. */
function play(create: Create, pieces: (Uint8Array | number)[], closed = true): string[] {
  const { lines, sink } = witness(4)
  const scanner = create(sink)
  scanner.expect('GET')
  for (const piece of pieces) {
    if (typeof piece === 'number') scanner.gap(piece, 1, 1)
    else scanner.push(piece, 0, piece.length, 1, 1)
  }
  scanner.finish(closed, 2, 2)
  return lines
}

function cutAt(b: Uint8Array, cuts: number[]): Uint8Array[] {
  const at = [0, ...cuts.map((cut) => cut % (b.length + 1)), b.length].toSorted((x, y) => x - y)
  return at.slice(1).map((end, i) => b.subarray(at[i], end))
}

/** begin, head, perhaps a note, end; and over again. */
const inOrder = (lines: string[]): boolean => /^(bh(n?)e)*$/.test(lines.map((line) => line[0]).join(''))

const positions = fc.array(fc.nat(400), { maxLength: 8 })
const changes = fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 4 })

describe.each(readers)('%s', (_name, create, stream) => {
  test('any split gives the same events, also of damaged streams', () => {
    fc.assert(
      fc.property(changes, positions, (damage, cuts) => {
        const b = stream.slice()
        for (const [at, value] of damage) b[at % b.length] = value
        expect(play(create, cutAt(b, cuts))).toEqual(play(create, [b]))
      }),
    )
  })

  test('cut anywhere, every message that began has an end', () => {
    for (let end = 1; end <= stream.length; end++) {
      expect(play(create, [stream.subarray(0, end)], false)).toSatisfy(inOrder)
    }
    expect(play(create, [stream]).length).toBeGreaterThan(2)
  })

  test('holes and damage keep the order of events', () => {
    fc.assert(
      fc.property(changes, positions, fc.array(fc.nat(40), { maxLength: 4 }), (damage, cuts, holes) => {
        const b = stream.slice()
        for (const [at, value] of damage) b[at % b.length] = value
        const pieces = cutAt(b, cuts).flatMap((piece, i): (Uint8Array | number)[] => [
          piece.subarray(Math.min(piece.length, holes[i] ?? 0)),
          holes[i + 1] ?? 0,
        ])
        expect(play(create, pieces)).toSatisfy(inOrder)
      }),
    )
  })
})

function feed(scanner: MessageScanner, piece: Uint8Array, times: number): void {
  for (let i = 0; i < times; i++) scanner.push(piece, 0, piece.length, i, i)
}

test('of what is too long the beginning is kept and the length counted', () => {
  const heads: Head[] = []
  const sink: MessageSink = {
    begin: () => {},
    head: (head) => {
      heads.push(head)
      return 0
    },
    end: () => {},
  }
  const params = createFastCgiRequestScanner(sink)
  feed(params, fcgiBegin(), 1)
  feed(params, fcgi(FCGI.PARAMS, '\x06\x0aHTTP_A0123456789'.repeat(1000)), 50)
  feed(params, fcgi(FCGI.PARAMS), 1)
  const output = createFastCgiResponseScanner(sink)
  feed(output, fcgi(FCGI.STDOUT, 'Set-Cookie: 1234\r\n'.repeat(1000)), 50)
  feed(output, fcgi(FCGI.STDOUT, '\r\n'), 1)
  const endless = createUwsgiResponseScanner(sink)
  feed(endless, bytes('Set-Cookie: 1234\r\n'.repeat(1000)), 70)
  expect(heads.map((head) => [head.size, head.bytes.length <= 65_536, head.fault?.part])).toEqual([
    [900_000, true, undefined],
    [900_002, true, undefined],
    [1_048_576, true, 'header-size'],
  ])
})
