import { scrubbed, type StreamPiece } from '@pcap-surgery/testkit'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Head, MessageScanner, MessageSink } from '../../app/http1/message.ts'
import { createRequestScanner, createResponseScanner } from '../../app/http1/scanner.ts'
import type { StreamHint } from './contract.ts'
import { KeyedPseudonyms } from './pseudonyms.ts'
import { createStreamScrubber } from './stream.ts'

const pseudonyms = new KeyedPseudonyms(Uint8Array.from({ length: 32 }, (_, i) => i))
const HINT: StreamHint = { isDns: false, opener: () => 0, isMidstream: () => false }
const streams = (...pieces: StreamPiece[]): [string, string] =>
  scrubbed((edits) => createStreamScrubber(pseudonyms, edits, HINT), pieces)
const bytes = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0))

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
  const [text] = streams([0, request])
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
  const [text] = streams([0, 'GET http://SHOP.example/cart HTTP/1.1\r\nHost: shop.example\r\nReferer: /cart\r\n\r\n'])
  const [head] = headsOf(createRequestScanner, text)
  const host = head!.field('host')!
  expect(head!.target.toLowerCase()).toContain(`//${host}/`)
  expect(head!.target).toMatch(new RegExp(`${head!.field('referer')!}$`))
})

test('products, dates, sizes and known reasons stay; of a page of a product the words of others go', () => {
  const page = '<html><center>nginx/1.25.3</center><p>db01.corp</p></html>'
  const response =
    'HTTP/1.1 502 Bad Gateway\r\nServer: nginx/1.25.3\r\nDate: Tue, 15 Nov 1994 08:12:31 GMT\r\nVia: 1.1 varnish (Varnish/7.1)\r\n' +
    `Content-Length: ${page.length}\r\n\r\n${page}`
  const [, text] = streams([0, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'], [1, response])
  expect(text.slice(0, -page.length)).toBe(response.slice(0, -page.length))
  expect(text.slice(-page.length)).toMatch(/^<html><center>nginx\/1\.25\.3<\/center><p>\w{4}\.\w{4}<\/p><\/html>$/)
  expect(text).not.toMatch(/db01|corp/)
})

test('a page of an application goes, but for what a product may be known by', () => {
  const page = '<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN"><title>Bad Gateway of alice</title>'
  const [, text] = streams(
    [0, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
    [1, `HTTP/1.1 502 Bad Gateway\r\nContent-Length: ${page.length}\r\n\r\n${page}`],
  )
  expect(text.slice(-page.length)).toBe(`${page.slice(0, 50)}${'x'.repeat(page.length - 50)}`)
})

test('chunk framing stays, extensions and trailers lose their words', () => {
  const body = 'a;sig=abc\r\n0123456789\r\n0\r\nX-Acme: bob\r\n\r\n'
  const [, text] = streams(
    [0, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
    [1, `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${body}HTTP/1.1 204 No Content\r\n\r\n`],
  )
  expect(text).toMatch(
    /\r\n\r\na;[^\r\n]{7}\r\nx{10}\r\n0\r\nX-[A-Z]\w{3}: \w{3}\r\n\r\nHTTP\/1\.1 204 No Content\r\n\r\n$/,
  )
  expect(text).not.toMatch(/abc|Acme|bob/)
})

test('a number as long as that of an account is somebody’s', () => {
  const account = '4111111111111111'
  const [, server] = streams(
    [0, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
    [1, `HTTP/1.1 502 Bad Gateway\r\nServer: nginx/1.18.0 (${account})\r\nKeep-Alive: x=${account}\r\n\r\n`],
  )
  expect(server).toContain('Server: nginx/1.18.0 (')
  expect(server).not.toContain(account)
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
  const [, text] = streams([0, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'], [1, response])
  expect(text).not.toMatch(/alice/i)
  expect(faults(text)).toEqual(faults(response))
})

test('nothing of a tunnel stays but the byte that shows it', () => {
  const [client, server] = streams(
    [0, 'GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'],
    [1, 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x05hello'],
    [0, '\x81\x05hello'],
  )
  expect(client).toMatch(/\r\n\r\n\x81x{6}$/)
  expect(server).toMatch(/\r\n\r\nx{7}$/)
})

test('whatever byte is another, the reader finds the same messages and the same faults in the same places', () => {
  const response =
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX-Name: bob\r\n\r\n' +
    'HTTP/1.1 502 Bad Gateway\r\nContent-Length: 22\r\nX-Acme: alice, 10.0.0.1\r\n\r\n<center>nginx</center>' +
    'HTTP/1.0 404 Not Found\r\nServer: nginx\r\n folded\r\n\r\nuntil the end'
  fc.assert(
    fc.property(fc.nat(response.length - 1), fc.nat(255), fc.nat(response.length), (at, byte, end) => {
      const changed = `${response.slice(0, at)}${String.fromCharCode(byte)}${response.slice(at + 1)}`.slice(0, at + end)
      const [, text] = streams([0, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(3)], [1, changed])
      expect(faults(text)).toEqual(faults(changed))
    }),
    { numRuns: 300 },
  )
})
