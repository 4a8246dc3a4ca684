import { scgiRequest, type Step, told, uwsgiRequest } from '@pcap-surgery/testkit'
import { expect, test } from 'vitest'
import { createScgiRequestScanner, createScgiResponseScanner } from './scgi.ts'
import { createUwsgiRequestScanner, createUwsgiResponseScanner } from './uwsgi.ts'

const uwsgi = (...steps: Step[]) => told(createUwsgiRequestScanner, steps)
const scgi = (...steps: Step[]) => told(createScgiRequestScanner, steps)
const answers = (asked: string, ...steps: Step[]) => told(createUwsgiResponseScanner, steps, [asked])

test('a uwsgi request with a body', () => {
  expect(uwsgi(uwsgiRequest('POST /a?b', { HTTP_HOST: 'x' }, 'hello'), 'FIN')).toEqual([
    'begin 0#1',
    'head 0#1 77#1 POST /a?b (78) content-length 5',
    'end 82#1 complete 5 "hello"',
  ])
})

test('an SCGI request, and one that its body does not fill', () => {
  expect(scgi(scgiRequest('GET /a'), 'FIN')).toEqual([
    'begin 0#1',
    'head 0#1 61#1 GET /a (62) none 0',
    'end 61#1 complete 0',
  ])
  expect(scgi(scgiRequest('PUT /a', { CONTENT_LENGTH: '9' }, 'abc'), 'END')).toEqual([
    'begin 0#1',
    'head 0#1 61#1 PUT /a (62) content-length 9',
    'end 65#2 truncated 3 "abc"',
  ])
})

test('requests that are none', () => {
  expect(uwsgi('GET / HTTP/1.1\r\n', 'END')).toEqual([
    'begin 0#1',
    'head 0#1 15#1  (16) none ! start-line 0#1 uwsgi packet with modifier1 71 is no request',
    'end 15#1 broken 0 ! start-line 0#1 uwsgi packet with modifier1 71 is no request',
  ])
  expect(scgi('12x')[1]).toBe(undefined)
  expect(scgi('12x', 'END')[1]).toBe(
    "head 0#1 2#1  (3) none ! start-line 2#1 An SCGI request begins with a length: byte 3 is 'x'",
  )
  expect(scgi('3:a\0b,', 'END')[1]).toBe(
    'head 0#1 5#1  (6) none ! field 5#1 The variables of the request do not fill their section',
  )
})

test('a response with a status line, one with a Status field, one to HEAD', () => {
  expect(answers('GET', 'HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n', '0', 'FIN')).toEqual([
    'begin 0#1',
    'head 0#1 48#1 503 Busy (49) until-close',
    'end 50#3 closed 1 "0"',
  ])
  expect(told(createScgiResponseScanner, ['Status: 201 New\r\nContent-Length: 2\r\n\r\nokay', 'FIN'])).toEqual([
    'begin 0#1',
    'head 0#1 37#1 201 New (38) content-length 2',
    'end 39#1 complete 2 "ok"',
  ])
  expect(answers('HEAD', 'Status: 200 OK\n\n', 'FIN')).toEqual([
    'begin 0#1',
    'head 0#1 15#1 200 OK (16) none',
    'end 15#1 complete 0',
  ])
})

test('a response that is none, one cut short, one with a hole', () => {
  expect(answers('GET', 'SSH-2.0-OpenSSH_9.2', 'p1 Debian\r\n', 'FIN')).toEqual([
    'begin 0#1',
    'head 0#1 29#2 0 (30) until-close ! start-line 21#2 These bytes begin neither a CGI nor an HTTP response: byte 22 is 0x20',
    'end 29#2 broken 0 ! start-line 21#2 These bytes begin neither a CGI nor an HTTP response: byte 22 is 0x20',
  ])
  expect(answers('GET', 'Status: 500 Oh no\r\nX-', 'END')).toEqual([
    'begin 0#1',
    'head 0#1 20#1 500 Oh no (21) until-close incomplete',
    'end 21#2 truncated 0',
  ])
  expect(answers('GET', 'Content-Length: 6\r\n\r\na', 4, 'b', 'FIN')).toEqual([
    'begin 0#1',
    'head 0#1 20#1 200 OK (21) content-length 6',
    'end 26#3 complete 2 missing 4 "a"',
  ])
})

test('an interim response before the final one', () => {
  expect(answers('HEAD', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n', 'FIN')).toEqual([
    'begin 0#1',
    'head 0#1 24#1 100 Continue (25) none',
    'end 24#1 complete 0',
    'begin 25#1',
    'head 25#1 62#1 200 OK (38) none',
    'end 62#1 complete 0',
  ])
})

test('a malformed Status is blamed where it stands', () => {
  expect(answers('GET', 'A: b\r\nStatus: fine\r\n\r\n')[1]).toBe(
    'head 0#1 21#1 0 fine (22) until-close ! start-line 6#1 Status line without a three-digit status: "HTTP/1.1 fine"',
  )
})
