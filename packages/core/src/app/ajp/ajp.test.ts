import {
  ajp,
  ajpBody,
  ajpChunk,
  ajpEnd,
  ajpHeaders,
  ajpRequest,
  ajpResponse,
  join,
  type Step,
  told,
} from '@pcap-surgery/testkit'
import { expect, test } from 'vitest'
import type { Head } from '../http1/message.ts'
import { createAjpRequestScanner } from './request.ts'
import { createAjpResponseScanner } from './response.ts'

const requests = (...steps: Step[]) => told(createAjpRequestScanner, steps)
const responses = (...steps: Step[]) => told(createAjpResponseScanner, steps, ['GET', 'GET'])

const CPING = ajp([10])
const CPONG = ajp([9], 'AB')
const GET_BODY_CHUNK = ajp([6, 31, 250], 'AB')
/** A body packet that says: no more. */
const NO_MORE = ajp([])

test('a request with codes for what is common', () => {
  const heads: Head[] = []
  const scanner = createAjpRequestScanner({
    begin: () => {},
    head: (head) => {
      heads.push(head)
      return 0
    },
    end: () => {},
  })
  const request = ajpRequest(
    'GET /a?b=c',
    { a00b: 'shop.example', a00e: 'curl', 'X-Request-ID': 'r1' },
    { AJP_REMOTE_PORT: '77' },
  )
  scanner.push(request, 0, request.length, 1, 1)
  expect(String.fromCharCode(...heads[0]!.bytes)).toBe(
    'GET /a?b=c HTTP/1.1\r\nhost: shop.example\r\nuser-agent: curl\r\nx-request-id: r1\r\n' +
      'forwarded: for="10.0.0.1:77"\r\n\r\n',
  )
  expect(heads[0]).toMatchObject({ persistent: true, framing: 'none', fault: null })
})

test('requests on one connection: a ping, a body of known length, one of unknown', () => {
  expect(
    requests(
      join(CPING, ajpRequest('POST /1', { a008: '5' }), ajpBody('hel')),
      ajpBody('lo'),
      join(NO_MORE, CPING, ajpRequest('BREW /2', { 'Transfer-Encoding': 'chunked' }), ajpBody('tea')),
      NO_MORE,
    ),
  ).toEqual([
    'begin 5#1',
    'head 5#1 68#1 POST /1 (60) content-length 5',
    'end 85#2 complete 5 "hello"',
    'begin 95#3',
    'head 95#3 190#3 BREW /2 (92) records',
    'end 203#4 complete 3 "tea"',
  ])
})

const bare = (body: string) => ajp([...body].map((c) => c.charCodeAt(0)))

test('body packets that do not say how much body is in them', () => {
  const asked = requests(ajpRequest('POST /', { a008: '8' }), bare('name='), bare('abc'))
  expect(asked.at(-1)).toMatch(/ complete 8 "name=abc"$/)
})

test('a client that goes away inside its body', () => {
  expect(requests(join(ajpRequest('POST /', { a008: '5' }), ajpBody('hel'), NO_MORE)).at(-1)).toBe(
    'end 75#1 truncated 3 "hel"',
  )
})

test('responses on one connection', () => {
  expect(
    responses(
      CPONG,
      GET_BODY_CHUNK,
      ajpResponse(200, 'ok', { a003: '2' }),
      join(ajpHeaders(503, 'Busy'), ajpChunk('a')),
      join(ajpChunk(''), ajpChunk('b'), ajpEnd(false)),
    ),
  ).toEqual([
    'begin 12#3',
    'head 12#3 33#3 200 Said (18) records 2',
    'end 49#3 complete 2 "ok"',
    'begin 50#4',
    'head 50#4 65#4 503 Busy (12) records',
    'end 97#5 complete 2 "ab"',
  ])
})

test('a response that ends too early, and one that is none', () => {
  expect(responses(join(ajpHeaders(200, 'OK', { a003: '9' }), ajpChunk('ok'), ajpEnd())).at(-1)).toBe(
    'end 35#1 truncated 2 "ok"',
  )
  expect(responses(ajpHeaders(200, 'OK'), ajpChunk('half'), 'FIN').at(-1)).toBe('end 26#3 truncated 4 "half"')
  expect(responses(ajpEnd())).toEqual([
    'begin 0#1',
    'head 0#1 5#1 0 (0) records incomplete ! start-line 0#1 AJP response without SEND_HEADERS',
    'end 5#1 complete 0',
  ])
  expect(responses('HTTP/1.1 400 Bad\r\n\r\n', 'FIN').at(-1)).toBe(
    'end 19#1 broken 0 ! start-line 0#1 Packet without the magic number of AJP: byte 1 is 0x48',
  )
})

test('a hole in a chunk is counted, one in SEND_HEADERS loses the place until the next', () => {
  const chunk = ajpChunk('hello world')
  expect(
    responses(
      ajpHeaders(200, 'OK'),
      chunk.subarray(0, 9),
      4,
      chunk.subarray(13),
      join(ajpEnd(), ajpHeaders(200, 'OK')),
    ),
  ).toEqual([
    'begin 0#1',
    'head 0#1 13#1 200 OK (10) records',
    'end 38#5 complete 7 missing 4 "he"',
    'begin 39#5',
    'head 39#5 52#5 200 OK (10) records',
  ])
  expect(responses(ajpHeaders(200, 'OK').subarray(0, 9), 5, ajpEnd(), ajpResponse(404, 'no'))).toEqual([
    'begin 0#1',
    'head 0#1 8#1 200 (5) records incomplete',
    'end 19#3 complete 6 missing 5',
    'begin 20#4',
    'head 20#4 35#4 404 Said (12) records',
    'end 51#4 complete 2 "no"',
  ])
})
