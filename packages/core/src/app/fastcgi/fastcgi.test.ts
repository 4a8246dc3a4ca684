import {
  fastcgiRequest,
  fastcgiResponse,
  FCGI,
  fcgi,
  fcgiBegin,
  fcgiEnd,
  fcgiParams,
  join,
  type Step,
  told,
} from '@pcap-surgery/testkit'
import { expect, test } from 'vitest'
import { readPairingFields } from '../../observe/pairing-fields.ts'
import type { Head } from '../http1/message.ts'
import { createFastCgiRequestScanner } from './request.ts'
import { createFastCgiResponseScanner } from './response.ts'

const requests = (...steps: Step[]) => told(createFastCgiRequestScanner, steps)
const responses = (...steps: Step[]) => told(createFastCgiResponseScanner, steps, ['GET', 'GET'])

/** The head of a request with these parameters. */
function headOf(params: Record<string, string>, keep = false): Head {
  const heads: Head[] = []
  const scanner = createFastCgiRequestScanner({
    begin: () => {},
    head: (head) => {
      heads.push(head)
      return 0
    },
    end: () => {},
  })
  const b = join(fcgiBegin(keep), fcgi(FCGI.PARAMS, fcgiParams(params)), fcgi(FCGI.PARAMS))
  scanner.push(b, 0, b.length, 1, 1)
  return heads[0]!
}

test('a request as its client sent it', () => {
  const head = headOf(
    {
      REQUEST_METHOD: 'POST',
      REQUEST_URI: '/a?b=c',
      SCRIPT_NAME: '/index.php',
      HTTP_HOST: 'shop.example',
      HTTP_X_REQUEST_ID: 'r1',
      CONTENT_LENGTH: '5',
      REMOTE_ADDR: '10.0.0.1',
      REMOTE_PORT: '77',
      SCRIPT_FILENAME: '/srv/index.php',
    },
    true,
  )
  expect(String.fromCharCode(...head.bytes)).toBe(
    'POST /a?b=c HTTP/1.1\r\nhost: shop.example\r\nx-request-id: r1\r\ncontent-length: 5\r\n' +
      'forwarded: for="10.0.0.1:77"\r\nx-script-filename: /srv/index.php\r\n\r\n',
  )
  expect(head).toMatchObject({ method: 'POST', target: '/a?b=c', persistent: true, contentLength: 5, fault: null })
  expect(readPairingFields(head.bytes)).toEqual({
    host: 'shop.example',
    ids: ['x-request-id=r1'],
    forwardedFor: '10.0.0.1:77',
  })
})

test('a request without REQUEST_URI, and a value that would like to be a field', () => {
  const head = headOf({
    REQUEST_METHOD: 'GET',
    SCRIPT_NAME: '/status',
    QUERY_STRING: 'json',
    SERVER_NAME: 'pool',
    HTTP_A: 'x\r\nhost: evil',
    REMOTE_ADDR: '::1',
  })
  expect([head.target, head.field('host'), head.field('a'), head.field('forwarded'), head.persistent]).toEqual([
    '/status?json',
    'pool',
    'x  host: evil',
    'for="[::1]"',
    false,
  ])
})

test('requests on one connection, parameters over two records, a management record between', () => {
  const params = fcgiParams({ REQUEST_METHOD: 'GET', REQUEST_URI: '/2' })
  const second = join(
    fcgiBegin(true),
    fcgi(FCGI.PARAMS, params.subarray(0, 7), { padding: 1 }),
    fcgi(FCGI.PARAMS, params.subarray(7)),
    fcgi(FCGI.PARAMS),
    fcgi(FCGI.STDIN),
  )
  const values = fcgi(FCGI.GET_VALUES, '', { id: 0 })
  expect(requests(join(fastcgiRequest('POST /1', {}, 'hello', true), values), second, 'FIN')).toEqual([
    'begin 0#1',
    'head 0#1 83#1 POST /1 (52) records 5',
    'end 104#1 complete 5 "hello"',
    'begin 113#2',
    'head 113#2 187#2 GET /2 (34) records',
    'end 195#2 complete 0',
  ])
})

test('an aborted request, and one that the next cuts short', () => {
  const half = join(fcgiBegin(), fcgi(FCGI.PARAMS, fcgiParams({ REQUEST_METHOD: 'GET' })))
  expect(requests(join(half, fcgi(FCGI.ABORT)), half, fastcgiRequest('GET /', {}))).toEqual([
    'begin 0#1',
    'head 0#1 50#1 GET (19) records incomplete',
    'end 50#1 truncated 0',
    'begin 51#2',
    'head 51#2 93#2 GET (19) records incomplete',
    'end 93#2 truncated 0',
    'begin 94#3',
    'head 94#3 174#3 GET / (49) records',
    'end 182#3 complete 0',
  ])
})

test('responses by status, one behind the other', () => {
  expect(
    responses(
      fastcgiResponse('Status: 404 Not Found\r\nX-Powered-By: PHP/8.2\r\n\r\nno'),
      fastcgiResponse('Location: /b\nContent-Length: 2\n\nok'),
    ),
  ).toEqual([
    'begin 0#1',
    'head 0#1 55#1 404 Not Found (48) records',
    'end 79#1 complete 2 "no"',
    'begin 80#2',
    'head 80#2 119#2 302 Found (32) records 2',
    'end 143#2 complete 2 "ok"',
  ])
})

test('what the application says beside the response', () => {
  const answer = join(fcgi(FCGI.STDERR, 'PHP message: a'), fcgi(FCGI.STDOUT, 'A: b\r\n\r\n'), fcgi(FCGI.STDERR, 'bc'))
  expect(responses(answer, fcgiEnd(255))).toEqual([
    'begin 0#1',
    'head 0#1 37#1 200 OK (8) records',
    'note 8#1 PHP message: abc\nappStatus 255',
    'end 63#2 complete 0',
  ])
})

test('a server that is overloaded, and one that says nothing', () => {
  expect(responses(fcgiEnd(0, 2), fcgiEnd())).toEqual([
    'begin 0#1',
    'head 0#1 15#1 0 (0) records incomplete ! start-line 0#1 The FastCGI application ended the request with FCGI_OVERLOADED',
    'end 15#1 complete 0',
    'begin 16#2',
    'head 16#2 31#2 0 (0) records incomplete ! start-line 16#2 The FastCGI response has no header section',
    'end 31#2 complete 0',
  ])
})

test('a response that ends too early', () => {
  const short = join(fcgi(FCGI.STDOUT, 'Content-Length: 9\r\n\r\nok'), fcgiEnd())
  expect(responses(short, fcgi(FCGI.STDOUT, 'A: b\r\n\r\nhalf'), 'FIN')).toEqual([
    'begin 0#1',
    'head 0#1 28#1 200 OK (21) records 9',
    'end 46#1 truncated 2 "ok"',
    'begin 47#2',
    'head 47#2 62#2 200 OK (8) records',
    'end 67#3 truncated 4 "half"',
  ])
  expect(responses(join(fcgi(FCGI.STDOUT, 'A: b\r\nC:'), fcgiEnd()))).toEqual([
    'begin 0#1',
    'head 0#1 31#1 200 OK (8) records incomplete ! field 16#1 The FastCGI response ends inside its header section',
    'end 31#1 truncated 0',
  ])
})

test('an answer in another protocol', () => {
  expect(responses('HTTP/1.1 400 Bad Request\r\n\r\n', 'FIN')).toEqual([
    'begin 0#1',
    'head 0#1 27#1 0 (28) until-close ! start-line 0#1 FastCGI record of unsupported version 72',
    'end 27#1 broken 0 ! start-line 0#1 FastCGI record of unsupported version 72',
  ])
})

test('a hole in a record of output is counted', () => {
  const answer = fastcgiResponse('A: b\r\n\r\nhello world') // 8 + 19 + 5 of padding, then 16
  expect(responses(answer.subarray(0, 18), 6, answer.subarray(24), fastcgiResponse('A: b\r\n\r\n'))).toEqual([
    'begin 0#1',
    'head 0#1 15#1 200 OK (8) records',
    'end 47#3 complete 5 missing 6 "he"',
    'begin 48#4',
    'head 48#4 63#4 200 OK (8) records',
    'end 79#4 complete 0',
  ])
})

test('behind a hole that hides where records begin: the end, then the next response', () => {
  const output = fcgi(FCGI.STDOUT, 'A: b\r\n\r\nhe')
  expect(responses(output, 30, fcgiEnd(), fastcgiResponse('Status: 404 No\r\n\r\n'))).toEqual([
    'begin 0#1',
    'head 0#1 15#1 200 OK (8) records',
    'end 63#3 complete 18 missing 30 "he"',
    'begin 64#4',
    'head 64#4 89#4 404 No (18) records',
    'end 111#4 complete 0',
  ])
  expect(responses(output, 30, 'llo', fastcgiResponse('Status: 404 No\r\n\r\n'))[2]).toBe(
    'end 50#3 closed 5 missing 30 "he"',
  )
})

test('behind a hole in the parameters: the next request', () => {
  const request = fastcgiRequest('GET /')
  expect(requests(request.subarray(0, 30), 20, request.subarray(50), request)).toEqual([
    'begin 0#1',
    'head 0#1 29#1  (6) records incomplete',
    'end 88#3 complete 39 missing 20',
    'begin 89#4',
    'head 89#4 169#4 GET / (49) records',
    'end 177#4 complete 0',
  ])
})

test('requests, and responses, that are mixed', () => {
  const text = 'FastCGI requests are mixed on one connection'
  expect(requests(join(fcgiBegin(), fcgiBegin(false, { id: 2 })))).toEqual([
    'begin 0#1',
    `head 0#1 16#1  (0) records ! chunk 16#1 ${text}`,
    `end 16#1 broken 0 ! chunk 16#1 ${text}`,
  ])
  expect(responses(join(fcgi(FCGI.STDOUT, 'A: b\r\n\r\n'), fcgi(FCGI.STDOUT, 'x', { id: 2 }))).at(-1)).toBe(
    'end 16#1 broken 0 ! chunk 16#1 FastCGI responses are mixed on one connection',
  )
})

test('standard error that is cut leaves the response whole', () => {
  const error = fcgi(FCGI.STDERR, 'PHP message', { padding: 5 })
  const lines = responses(error.slice(0, 12), error.length - 12, fastcgiResponse('Status: 404 Not Found\r\n\r\nno'))
  expect(lines.filter((line) => !line.startsWith('begin'))).toEqual([
    expect.stringMatching(/^head 0#1 .* 404 Not Found/),
    expect.stringContaining('PHP '),
    expect.stringMatching(/^end .* complete 2 "no"/),
  ])
})

test('a request that is cut before its target has none', () => {
  const params = fcgiParams({ REQUEST_METHOD: 'GET', SCRIPT_NAME: '/index.php', REQUEST_URI: '/shop' })
  const record = fcgi(FCGI.PARAMS, params)
  const heads = requests(join(fcgiBegin(), record.slice(0, -6)), 6, 'END').filter((line) => line.startsWith('head'))
  expect(heads).toEqual([expect.stringMatching(/^head \S+ \S+ GET \(/)])
})
