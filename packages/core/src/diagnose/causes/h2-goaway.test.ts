import {
  gateway,
  documentOf,
  http2Data,
  http2Frame,
  http2Goaway,
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
const PROTOCOL_ERROR = 1
const ENHANCE_YOUR_CALM = 11
/** Last stream of a GOAWAY that only announces the end. */
const ANY = 2 ** 31 - 1

/** A connection that has served stream 1; the request goes out on stream 3. */
const asked = (upstream: Tcp): Tcp =>
  http2Open(upstream).send('>', http2Request(1, '/before')).send('<', http2Response(1)).send('>', http2Request(3))

const after = (goaway: Uint8Array, then: (upstream: Tcp) => unknown) => [
  (upstream: Tcp) => then(asked(upstream).wait(0.01).send('<', goaway)),
]

describe('h2-goaway', () => {
  test('the stream is above the last one', async () => {
    const attempts = after(http2Goaway(1, NO_ERROR), (upstream) => upstream.close('<'))
    expect(await judged({ attempts, answer: 502 })).toMatchObject({
      sides: 'h2-goaway upstream certain',
      all: 'h2-goaway upstream certain',
      frames: ['1:16'],
    })
  })

  test('the request and the GOAWAY cross', async () => {
    const attempts = [
      (upstream: Tcp) => {
        http2Open(upstream).send('>', http2Request(1, '/before')).send('<', http2Response(1)).wait(5)
        upstream.send('>', http2Request(3), { ack: 'none' }).wait(-0.0007)
        return upstream.send('<', http2Goaway(1, NO_ERROR)).close('<')
      },
    ]
    const { front, back } = gateway({ attempts, answer: 502 })
    const [incident] = (await documentOf(front, back)).incidents
    expect(incident).toMatchObject({ cause: 'h2-goaway', confidence: 'certain' })
    expect(incident!.findings[0]!.text).toContain('crossed the request')
  })

  test.each([ANY, 3])('the connection is closed behind it, last stream %i', async (last) => {
    const attempts = after(http2Goaway(last, NO_ERROR), (upstream) => upstream.wait(1).close('<'))
    expect(await judged({ attempts, answer: 502 })).toMatchObject({ sides: 'h2-goaway upstream certain' })
  })

  test('announced, and everything answered before the close', async () => {
    const attempts = after(http2Goaway(ANY, NO_ERROR), (upstream) =>
      upstream.send('<', http2Response(3)).send('<', http2Goaway(3, NO_ERROR)).close('<'),
    )
    expect(await judged({ attempts, answer: response(200, 'fine') })).toMatchObject({ sides: 'none', all: 'none' })
  })

  test('announced, and then silence until the proxy gives up', async () => {
    const attempts = after(http2Goaway(ANY, NO_ERROR), (upstream) => upstream.wait(60).close('>'))
    expect((await judged({ attempts, answer: 504 })).sides).toBe('upstream-silent upstream likely')
  })

  test('it comes when the proxy has given up', async () => {
    const attempts = [
      (upstream: Tcp) =>
        asked(upstream).wait(60).send('>', http2Reset(3, 8)).wait(0.1).send('<', http2Goaway(1, ENHANCE_YOUR_CALM)),
    ]
    expect((await judged({ attempts, answer: 504 })).sides).toBe('upstream-silent upstream likely')
  })

  test('the proxy broke the protocol', async () => {
    const attempts = [
      (upstream: Tcp) =>
        asked(upstream)
          .send('>', join(http2Data(3, 'behind END_STREAM'), http2Frame('WINDOW_UPDATE', 0, [0, 0])))
          .send('<', http2Goaway(3, PROTOCOL_ERROR, 'bad frame'))
          .close('<'),
    ]
    expect(await judged({ attempts, answer: 502 })).toMatchObject({ sides: 'h2-goaway proxy certain' })
  })

  test('the proxy pings too often', async () => {
    const attempts = after(http2Goaway(3, ENHANCE_YOUR_CALM, 'too_many_pings'), (upstream) => upstream.close('<'))
    expect(await judged({ attempts, answer: 502 })).toMatchObject({ sides: 'h2-goaway proxy certain' })
  })

  test('a close that nothing announced', async () => {
    const attempts = [(upstream: Tcp) => asked(upstream).wait(0.01).close('<')]
    expect((await judged({ attempts, answer: 502 })).sides).toBe('closed-without-response upstream certain')
  })
})
