// What tells HTTP/2 where its beginning was not captured.
import {
  hpackIndexed,
  hpackInserted,
  hpackLiteral,
  http2Data,
  http2Frame,
  http2Goaway,
  http2Headers,
  http2WindowUpdate,
  join,
  opaqueRecord,
} from '@pcap-surgery/testkit'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Bytes } from '../../bytes/read.ts'
import { isFrames, senderOf } from './frame.ts'

const text = (s: string): Bytes => new TextEncoder().encode(s)
const looksIt = (b: Bytes): boolean => isFrames(b, 0, b.length)

test.each([
  ['one frame', http2Data(7, 'hello')],
  ['several', join(http2WindowUpdate(0, 1), http2WindowUpdate(3, 1), http2Data(3, 'hello'))],
  [
    'the second goes on in the next packet',
    join(http2WindowUpdate(0, 1), http2Data(3, 'x'.repeat(5000))).slice(0, 1448),
  ],
])('frames: %s', (_, bytes) => {
  expect(looksIt(bytes)).toBe(true)
})

test.each([
  ['nothing', new Uint8Array(0)],
  ['the beginning of one frame alone', http2Data(3, 'x'.repeat(5000)).slice(0, 1448)],
  ['a frame and something else', join(http2Data(7, 'hello'), text('more'))],
  ['an even stream', http2Data(8, 'hello')],
  ['SETTINGS on a stream', http2Frame('SETTINGS', 1, new Uint8Array(6))],
  ['zeros', new Uint8Array(90)],
  ['HTTP/1', text('HTTP/1.1 200 OK\r\n\r\n')],
  ['TLS', opaqueRecord(200)],
])('no frames: %s', (_, bytes) => {
  expect(looksIt(bytes)).toBe(false)
})

const [GET, STATUS_404, SERVER] = [2, 13, 54].map(hpackIndexed)

test.each([
  ['a request', http2Headers(5, GET, 'END_STREAM'), 0],
  ['a request by a literal: path', http2Headers(5, hpackLiteral(4, '/report')), 0],
  ['a response', http2Headers(5, STATUS_404), 1],
  ['a response by a literal: status', http2Headers(5, hpackInserted(8, '502')), 1],
  ['trailers', http2Headers(5, hpackInserted('grpc-status', '0'), 'END_STREAM'), 1],
  ['trailers of names that the static table has', http2Headers(5, SERVER, 'END_STREAM'), 1],
  ['behind other frames', join(http2WindowUpdate(0, 1), http2Data(3, 'a'), http2Headers(5, GET)), 0],
  [
    'padded, with priority',
    http2Frame('HEADERS', 5, join([2], [0, 0, 0, 0, 15], GET, GET, [0, 0]), 'PADDED', 'PRIORITY'),
    0,
  ],
  ['a field in the dynamic table', http2Headers(5, join(hpackIndexed(70), hpackIndexed(71))), null],
  ['no fields', join(http2Data(5, 'hello'), http2Goaway(5, 0)), null],
])('who sent it: %s', (_, bytes, sender) => {
  expect(senderOf(bytes, 0, bytes.length)).toBe(sender)
})

test('whatever comes, nothing is read beyond the end', () => {
  const tail = fc.uint8Array({ maxLength: 60 })
  fc.assert(
    fc.property(tail, fc.nat(60), (bytes, at) => {
      const b = join(http2Headers(1, GET), bytes)
      const end = Math.min(at, b.length)
      const alone = b.slice(0, end)
      expect([senderOf(b, 0, end), isFrames(b, 0, end)]).toEqual([senderOf(alone, 0, end), isFrames(alone, 0, end)])
    }),
  )
})
