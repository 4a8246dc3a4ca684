import {
  documentOf,
  gateway,
  http2Data,
  http2Open,
  http2Request,
  http2Reset,
  http2Response,
  join,
  judged,
  response,
  type Tcp,
} from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'

const NO_ERROR = 0
const INTERNAL_ERROR = 2
const STREAM_CLOSED = 5
const REFUSED_STREAM = 7
const CANCEL = 8

const asked = (upstream: Tcp): Tcp => http2Open(upstream).send('>', http2Request(1))
const reset =
  (code: number) =>
  (upstream: Tcp): Tcp =>
    asked(upstream).wait(0.01).send('<', http2Reset(1, code))

describe('h2-stream-reset', () => {
  test.each([INTERNAL_ERROR, REFUSED_STREAM, CANCEL, NO_ERROR, 0x1f])('code %i, without an answer', async (code) => {
    expect(await judged({ attempts: [reset(code)], answer: 502 })).toMatchObject({
      sides: 'h2-stream-reset upstream certain',
      all: 'h2-stream-reset upstream certain',
      frames: ['1:12'],
    })
  })

  test('the code is named and explained', async () => {
    const { front, back } = gateway({ attempts: [reset(REFUSED_STREAM)], answer: 503 })
    const [incident] = (await documentOf(front, back)).incidents
    expect(incident!.summary).toMatch(/REFUSED_STREAM .* may be repeated/)
  })

  test('in the middle of the response', async () => {
    const attempts = [
      (upstream: Tcp) =>
        asked(upstream)
          .send('<', http2Response(1, 200, 'half', false))
          .wait(1)
          .send('<', http2Reset(1, INTERNAL_ERROR)),
    ]
    expect((await judged({ attempts, answer: 502 })).sides).toBe('h2-stream-reset upstream certain')
  })

  test('NO_ERROR behind a complete response only stops the rest of the request', async () => {
    const attempts = [
      (upstream: Tcp) =>
        http2Open(upstream)
          .send('>', join(http2Request(1, '/report', {}, false), http2Data(1, 'the beginning of')))
          .send('<', join(http2Response(1), http2Reset(1, NO_ERROR))),
    ]
    expect(await judged({ ask: 'POST /report', attempts, answer: response(200, 'fine') })).toMatchObject({
      sides: 'none',
    })
  })

  test('the proxy resets the stream: it gave up, the upstream was silent', async () => {
    const attempts = [
      (upstream: Tcp) =>
        asked(upstream).wait(60).send('>', http2Reset(1, CANCEL)).send('<', http2Reset(1, STREAM_CLOSED)),
    ]
    expect((await judged({ attempts, answer: 504 })).sides).toBe('upstream-silent upstream likely')
  })

  test('the proxy sent DATA behind the end of its request', async () => {
    const attempts = [
      (upstream: Tcp) => asked(upstream).send('>', http2Data(1, 'more')).send('<', http2Reset(1, STREAM_CLOSED)),
    ]
    expect((await judged({ attempts, answer: 502 })).sides).toBe('h2-stream-reset proxy certain')
  })

  test('the stream of somebody else', async () => {
    const attempts = [
      (upstream: Tcp) => {
        http2Open(upstream).send('>', join(http2Request(1, '/other'), http2Request(3)))
        return upstream.send('<', http2Reset(1, INTERNAL_ERROR)).wait(60).close('>')
      },
    ]
    expect((await judged({ attempts, answer: 504 })).sides).toBe('upstream-silent upstream likely')
  })
})
