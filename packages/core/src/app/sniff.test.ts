import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sniff, SNIFF_LENGTH, type Sniffed, SNIFFED_NAMES } from './sniff.ts'

const bytes = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0))
const look = (text: string) => sniff(bytes(text), 0, text.length)
const le32 = (n: number) => String.fromCharCode(n & 255, (n >> 8) & 255, (n >> 16) & 255, (n >> 24) & 255)

const STREAMS: [what: Sniffed, from: string, stream: string][] = [
  ['http1-request', 'client', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['http1-request', 'client, CONNECT', 'CONNECT a.example:443 HTTP/1.1\r\n\r\n'],
  ['http1-request', 'client, a method of its own', 'Brew-It pot-1 HTTP/1.1\r\n\r\n'],
  ['http1-request', 'client, HTTP/0.9', 'GET /old\r\n'],
  ['http1-response', 'server', 'HTTP/1.1 200 OK\r\n\r\n'],
  ['http2', 'client', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  // length 6, SETTINGS, no flags, stream 0; MAX_CONCURRENT_STREAMS 128
  ['http2', 'server', '\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x80'],
  ['http2', 'server, no settings', '\0\0\0\x04\0\0\0\0\0'],
  // handshake, 3.1, length 512; ClientHello
  ['tls', 'client', '\x16\x03\x01\x02\0\x01\0\x01\xfc'],
  // length 46 with the top bit, CLIENT-HELLO, version 3.1
  ['tls', 'client, SSLv2 form', '\x80\x2e\x01\x03\x01\0\x15'],
  // alert, 3.3, length 2; fatal, handshake_failure
  ['tls-alert', 'server', '\x15\x03\x03\0\x02\x02\x28'],
  ['proxy-protocol', 'proxy, version 1', 'PROXY TCP4 10.0.0.1 10.0.0.2 4000 80\r\nGET / HTTP/1.1\r\n'],
  ['proxy-protocol', 'proxy, version 2', '\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c'],
  // version 1, BEGIN_REQUEST, id 1, length 8, no padding; responder
  ['fastcgi', 'client', '\x01\x01\0\x01\0\x08\0\0\0\x01\0\0\0\0\0\0'],
  // version 1, STDOUT, id 1, length 40
  ['fastcgi', 'server', '\x01\x06\0\x01\0\x28\0\0Status: 200'],
  ['uwsgi', 'client', '\0\x80\x01\0\x0c\0QUERY_STRING\0\0'],
  ['scgi', 'client', '70:CONTENT_LENGTH\x000\0SCGI\x001\0'],
  ['ajp', 'client', '\x12\x34\0\x20\x02\x02'],
  ['ajp', 'server', 'AB\0\x20\x04\0\xc8'],
  ['ssh', 'either', 'SSH-2.0-OpenSSH_9.6\r\n'],
  ['smtp', 'server', '220 mx.example ESMTP Postfix\r\n'],
  ['smtp', 'client', 'EHLO me.example\r\n'],
  ['ftp', 'server', '220 (vsFTPd 3.0.5)\r\n'],
  ['pop3', 'server', '+OK ready\r\n'],
  ['imap', 'server', '* OK IMAP4rev1 ready\r\n'],
  ['redis', 'client', '*1\r\n$4\r\nPING\r\n'],
  ['redis', 'server', "-ERR unknown command 'GET'\r\n"],
  ['memcached', 'client', 'get user:1\r\n'],
  ['memcached', 'server', 'ERROR\r\n'],
  ['mysql', 'server', '\x4a\0\0\0\x0a8.0.36\0'],
  ['mysql', 'server, host not allowed', '\x45\0\0\0\xff\x6a\x04Host'],
  ['postgres', 'client', '\0\0\0\x29\0\x03\0\0user\0app\0'],
  ['postgres', 'client, SSLRequest', '\0\0\0\x08\x04\xd2\x16\x2f'],
  ['postgres', 'server', 'R\0\0\0\x08\0\0\0\0'],
  ['postgres', 'server, error', 'E\0\0\0\x78SFATAL\0VFATAL\0'],
  ['mongodb', 'client', le32(60) + le32(1) + le32(0) + le32(2013)],
  ['rtsp', 'client', 'OPTIONS rtsp://cam/1 RTSP/1.0\r\nCSeq: 1\r\n'],
  ['rtsp', 'server', 'RTSP/1.0 200 OK\r\n'],
  // length 29, id, RD, one question; 7 "example"
  ['dns', 'client', '\0\x1d\xab\xcd\x01\0\0\x01\0\0\0\0\0\0\x07example\x03com\0\0\x01\0\x01'],
  ['text', 'server', 'hello\nthis is nothing known\n'],
  ['text', 'server', '220 which one am I\r\n'],
  ['unknown', 'server', '\xde\xad\xbe\xef\0\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b'],
]

test.each(STREAMS)('%s from %s', (what, _from, stream) => {
  expect(look(stream)).toBe(what)
  // Fewer bytes tell the same or nothing, never something else.
  for (let length = 0; length < stream.length; length++) {
    expect([what, 'need-more', 'unknown', 'text']).toContain(look(stream.slice(0, length)))
  }
  if (what === 'unknown' || what === 'text') return
  const told = [...stream].map((_, i) => look(stream.slice(0, i + 1)))
  expect(told.slice(0, told.indexOf(what)).filter((answer) => answer !== 'need-more')).toEqual([])
})

test('every name is recognised by some stream', () => {
  expect(new Set(STREAMS.map(([what]) => what))).toEqual(new Set(Object.keys(SNIFFED_NAMES)))
})

test('looks only between at and end', () => {
  const around = bytes('\x16\x03\x01GET / HTTP/1.1\r\n\r\n\0\0\0')
  expect(sniff(around, 3, around.length - 3)).toBe('http1-request')
})

test('never throws; has an answer for enough bytes', () => {
  const start = fc.constantFrom(...STREAMS.map(([, , stream]) => stream), '')
  const answered = fc.check(
    fc.property(start, fc.nat(40), fc.uint8Array({ maxLength: 2 * SNIFF_LENGTH }), (stream, keep, tail) => {
      const b = Uint8Array.from([...bytes(stream.slice(0, keep)), ...tail])
      const answer = sniff(b, 0, b.length)
      return answer === 'need-more' ? b.length < SNIFF_LENGTH : b.length > 0
    }),
  )
  expect(answered.counterexample).toBeNull()
})
