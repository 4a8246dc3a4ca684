import { expect, test } from 'vitest'
import type { Http2Field, Http2Section } from './events.ts'
import { malformed } from './malformed.ts'

function judge(kind: Http2Section, lines: readonly (readonly [string | null, string | null])[], complete = true) {
  const list: Http2Field[] = lines.map(([name, value]) => ({ name, value }))
  const get = (name: string) => list.find((field) => field.name === name)?.value ?? null
  return malformed(kind, { list, complete, size: 0, get })
}

const ASKED = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/'],
] as const
const OK = [[':status', '200']] as const

test('what is well formed', () => {
  expect(judge('request', [...ASKED, ['te', 'trailers'], ['x', '']])).toBeNull()
  expect(
    judge('request', [
      [':method', 'CONNECT'],
      [':authority', 'a:443'],
    ]),
  ).toBeNull()
  expect(judge('response', [...OK, ['server', 'app']])).toBeNull()
  expect(judge('trailers', [['grpc-status', '0']])).toBeNull()
  expect(judge('trailers', [])).toBeNull()
})

test('what is not', () => {
  expect([
    judge('response', [...OK, ['Server', 'app']]),
    judge('response', [...OK, ['ser\nver', 'app']]),
    judge('response', [...OK, ['a', 'b\r\nc: d']]),
    judge('response', [...OK, ['transfer-encoding', 'chunked']]),
    judge('response', [['server', 'app'], ...OK]),
    judge('response', [...OK, ...OK]),
    judge('response', [[':status', '20']]),
    judge('response', [...ASKED]),
    judge('trailers', [...OK]),
    judge('request', [...ASKED, ['te', 'gzip']]),
    judge('request', ASKED.slice(0, 2)),
    judge('request', [[':method', 'CONNECT']]),
  ]).toEqual([
    'Field name "Server" holds a byte that none may hold',
    'Field name "ser.ver" holds a byte that none may hold',
    'Value of "a" holds a line end or NUL',
    'Field "transfer-encoding" belongs to HTTP/1',
    'Field ":status" stands behind others',
    'Field ":status" stands twice',
    'Response without a status of three digits',
    'Field ":method" does not belong in a response',
    'Field ":status" does not belong in trailers',
    'Field "te" is not "trailers"',
    'Request without ":path"',
    'Request without ":authority"',
  ])
})

test('what is unknown is not held against the sender', () => {
  expect(
    judge(
      'request',
      [
        [null, null],
        [':path', '/'],
        [null, 'x'],
      ],
      false,
    ),
  ).toBeNull()
  expect(judge('response', [[null, null]], false)).toBeNull()
})
