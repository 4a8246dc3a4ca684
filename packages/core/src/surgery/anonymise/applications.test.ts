// FastCGI, uwsgi, SCGI and AJP, as an application gets its requests from a gateway.
import {
  ajpBody,
  ajpRequest,
  ajpResponse,
  fastcgiRequest,
  fastcgiResponse,
  FCGI,
  fcgi,
  join,
  scgiRequest,
  scrubbed,
  type StreamPiece,
  uwsgiRequest,
} from '@pcap-surgery/testkit'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createAjpRequestScanner } from '../../app/ajp/request.ts'
import { createAjpResponseScanner } from '../../app/ajp/response.ts'
import { createFastCgiRequestScanner } from '../../app/fastcgi/request.ts'
import { createFastCgiResponseScanner } from '../../app/fastcgi/response.ts'
import type { Head, MessageScanner, MessageSink } from '../../app/http1/message.ts'
import { createRequestScanner } from '../../app/http1/scanner.ts'
import { sniff } from '../../app/sniff.ts'
import { createScgiRequestScanner, createScgiResponseScanner } from '../../app/scgi.ts'
import { createUwsgiRequestScanner, createUwsgiResponseScanner } from '../../app/uwsgi.ts'
import type { StreamHint } from './contract.ts'
import { KeyedPseudonyms } from './pseudonyms.ts'
import { createStreamScrubber } from './stream.ts'

const pseudonyms = new KeyedPseudonyms(Uint8Array.from({ length: 32 }, (_, i) => i))
const HINT: StreamHint = { isDns: false, opener: () => 0, isMidstream: () => false }
const streams = (...pieces: StreamPiece[]): [string, string] =>
  scrubbed((edits) => createStreamScrubber(pseudonyms, edits, HINT), pieces)

/** The first message that a scanner finds: its head, the bytes of its body, how it ended. */
function first(create: (sink: MessageSink) => MessageScanner, text: string): { head: Head; body: number; how: string } {
  const found: { head?: Head; body: number; how: string } = { body: -1, how: '' }
  const scanner = create({
    begin: () => {},
    head: (head) => {
      found.head ??= head
      return 0
    },
    end: (how, _last, length) => Object.assign(found, { how, body: length }),
  })
  const b = Uint8Array.from(text, (c) => c.charCodeAt(0))
  scanner.push(b, 0, b.length, 1, 1)
  scanner.finish(true, 1, 1)
  return found as { head: Head; body: number; how: string }
}

const PATH = '/shop/cart?user=alice'
const VARIABLES = {
  HTTP_HOST: 'shop.example:8080',
  HTTP_X_ACME_TENANT: 'contoso',
  HTTP_X_REQUEST_ID: '4bf92f3577b34da6',
  REMOTE_ADDR: '192.0.2.77',
  REMOTE_PORT: '4711',
  SCRIPT_FILENAME: '/srv/shop/index.php',
}
const ANSWER = 'Status: 502 Bad Gateway\r\nX-Acme-Tenant: contoso\r\nContent-Length: 22\r\n\r\n<center>nginx</center>'
const SECRETS = /shop|cart|alice|contoso|acme|192\.0\.2\.77|hello|4bf92f/i

/** The same request over HTTP/1, scrubbed. */
function overHttp1(): Head {
  const [text] = streams([
    0,
    `GET ${PATH} HTTP/1.1\r\nHost: shop.example:8080\r\nX-Acme-Tenant: contoso\r\nX-Request-ID: 4bf92f3577b34da6\r\n` +
      'Forwarded: for="192.0.2.77:4711"\r\n\r\n',
  ])
  return first(createRequestScanner, text).head
}

test.each([
  ['FastCGI', fastcgiRequest(`POST ${PATH}`, VARIABLES, 'hello'), createFastCgiRequestScanner],
  ['uwsgi', uwsgiRequest(`POST ${PATH}`, VARIABLES, 'hello'), createUwsgiRequestScanner],
  ['SCGI', scgiRequest(`POST ${PATH}`, { CONTENT_LENGTH: '5', ...VARIABLES }, 'hello'), createScgiRequestScanner],
])('a request over %s has the pseudonyms that it has over HTTP/1', (_name, request, create) => {
  const [text] = streams([0, request])
  expect(text).not.toMatch(SECRETS)
  const { head, body, how } = first(create, text)
  const same = overHttp1()
  expect([head.method, head.target, head.field('host')]).toEqual(['POST', same.target, same.field('host')])
  expect([head.field('forwarded'), head.field('x-request-id')]).toEqual([
    same.field('forwarded'),
    same.field('x-request-id'),
  ])
  expect([how, body]).toEqual(['complete', 5])
  const tenant = /\r\n(x-\w{4}-\w{6}): (\w{7})\r\n/.exec(String.fromCharCode(...head.bytes))
  expect(same.field(tenant![1]!)).toBe(tenant![2])
})

test('a request over AJP has them as well', () => {
  const request = ajpRequest(
    `POST ${PATH}`,
    { a00b: 'shop.example:8080', a008: '5', 'X-Request-ID': '4bf92f3577b34da6', 'X-Acme-Tenant': 'contoso' },
    { AJP_REMOTE_PORT: '4711' },
  )
  const [text] = streams([0, join(request, ajpBody('hel'), ajpBody('lo'))])
  expect(text).not.toMatch(SECRETS)
  const { head, body, how } = first(createAjpRequestScanner, text)
  const same = overHttp1()
  expect([head.method, head.target, head.field('host')]).toEqual(['POST', same.target, same.field('host')])
  expect(head.field('x-request-id')).toBe(same.field('x-request-id'))
  expect(head.field('forwarded')).toMatch(/^for="[\d.]+:4711"$/)
  expect([how, body]).toEqual(['complete', 5])
})

test.each([
  ['FastCGI', fastcgiRequest('GET /'), fastcgiResponse(ANSWER), createFastCgiResponseScanner],
  ['uwsgi', uwsgiRequest('GET /'), ANSWER, createUwsgiResponseScanner],
  ['SCGI', scgiRequest('GET /'), ANSWER, createScgiResponseScanner],
  [
    'AJP',
    ajpRequest('GET /'),
    ajpResponse(502, '<center>nginx</center>', { 'X-Acme-Tenant': 'contoso' }),
    createAjpResponseScanner,
  ],
])('an answer over %s keeps its status, its length and whose page it is', (_name, request, answer, create) => {
  const [, text] = streams([0, request], [1, answer])
  expect(text).not.toMatch(SECRETS)
  expect(text).toContain('<center>nginx</center>')
  const { head, body, how } = first(create, text)
  expect([head.status, how, body]).toEqual([502, 'complete', 22])
})

test('bytes behind the end of a request go', () => {
  const [client] = streams([
    0,
    join(
      scgiRequest('GET /'),
      Uint8Array.from('alice', (c) => c.charCodeAt(0)),
    ),
  ])
  expect(client.endsWith(',xxxxx')).toBe(true)
})

test('what an application complains of goes', () => {
  const complaint = 'PHP message: cannot open /srv/shop/cart.db'
  const answer = join(fcgi(FCGI.STDERR, complaint), fastcgiResponse('Status: 500\r\n\r\n'))
  const [, text] = streams([0, fastcgiRequest('GET /')], [1, answer])
  expect(text).not.toMatch(SECRETS)
  expect(text).toContain('x'.repeat(complaint.length))
})

test.each([
  ['FastCGI', fastcgiRequest('GET /')],
  ['AJP', ajpRequest('GET /')],
  ['uwsgi', uwsgiRequest('GET /')],
])('an answer to %s in HTTP is one still', (_name, request) => {
  const [, text] = streams([0, request], [1, 'HTTP/1.1 400 Bad Request\r\nX-Name: alice\r\n\r\n<h1>alice</h1>'])
  expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\nX-\w{4}: \w{5}\r\n\r\nx{14}$/)
  expect(text).not.toMatch(SECRETS)
})

/** What a scanner tells of a stream but for its words. */
function told(create: (sink: MessageSink) => MessageScanner, text: string): unknown[] {
  const found: unknown[] = []
  const scanner = create({
    begin: (place) => found.push('begin', place.offset),
    head: ({ status, framing, size, fault }, _first, last) => {
      found.push('head', last.offset, status, framing, size, fault?.part, fault?.at.offset)
      return 0
    },
    end: (how, last, length, _missing, _body, fault) => found.push('end', how, last.offset, length, fault?.at.offset),
  })
  const b = Uint8Array.from(text, (c) => c.charCodeAt(0))
  scanner.push(b, 0, b.length, 1, 1)
  scanner.finish(true, 1, 1)
  return found
}

const sniffed = (text: string): string => {
  const b = Uint8Array.from(text, (c) => c.charCodeAt(0))
  return sniff(b, 0, b.length)
}

const textOf = (b: Uint8Array): string => Array.from(b, (c) => String.fromCharCode(c)).join('')
const FCGI_REQUEST = fastcgiRequest('POST /a?b', { HTTP_X_NAME: 'alice' }, 'hello')
const AJP_REQUEST = join(ajpRequest('POST /1', { a008: '5' }), ajpBody('hel'), ajpBody('lo'), ajpRequest('GET /2'))

/** What comes behind a message that is damaged is whatever its filling looks like. */
function untilFault(events: readonly unknown[]): readonly unknown[] {
  const fault = events.findIndex((event) => event === 'truncated' || event === 'broken')
  return fault < 0 ? events : [...events.slice(0, fault), 'fault']
}

test.each<[string, Uint8Array, string | null, (sink: MessageSink) => MessageScanner]>([
  ['FastCGI requests', FCGI_REQUEST, null, createFastCgiRequestScanner],
  ['FastCGI responses', FCGI_REQUEST, textOf(fastcgiResponse(ANSWER)), createFastCgiResponseScanner],
  ['AJP requests', AJP_REQUEST, null, createAjpRequestScanner],
  ['AJP responses', AJP_REQUEST, textOf(ajpResponse(502, 'hello', { Server: 'alice' })), createAjpResponseScanner],
  ['uwsgi requests', uwsgiRequest('POST /a?b', VARIABLES, 'hello'), null, createUwsgiRequestScanner],
  ['uwsgi responses', uwsgiRequest('GET /'), ANSWER, createUwsgiResponseScanner],
  ['SCGI requests', scgiRequest('POST /a?b', { CONTENT_LENGTH: '5' }, 'hello'), null, createScgiRequestScanner],
])('%s: whatever byte is another, the same messages up to the same fault', (_name, request, answer, create) => {
  const changing = answer ?? textOf(request)
  fc.assert(
    fc.property(fc.nat(changing.length - 1), fc.nat(255), (at, byte) => {
      const changed = `${changing.slice(0, at)}${String.fromCharCode(byte)}${changing.slice(at + 1)}`
      // Nobody reads a request that does not begin as one.
      fc.pre(answer !== null || sniffed(changed) === sniffed(changing))
      const [client, server] = streams(
        ...(answer === null
          ? [[0, changed] as const]
          : ([
              [0, request],
              [1, changed],
            ] as const)),
      )
      expect(untilFault(told(create, answer === null ? client : server))).toEqual(untilFault(told(create, changed)))
    }),
    { numRuns: 150 },
  )
})
