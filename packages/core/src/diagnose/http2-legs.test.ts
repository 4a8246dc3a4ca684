// Upstream legs in HTTP/2: one stream among others on a connection, and client legs in HTTP/2.
import {
  documentOf,
  gateway,
  hpackFields,
  hpackIndexed,
  hpackLiteral,
  http2Data,
  http2Frame,
  http2Goaway,
  http2Headers,
  http2Open,
  http2Request,
  http2Reset,
  http2Response,
  http2WindowUpdate,
  join,
  judged,
  network,
  response,
  verdictOf,
  type Tcp,
} from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'

const PROTOCOL_ERROR = 1
const INTERNAL_ERROR = 2
const REFUSED_STREAM = 7
const CANCEL = 8
/** Setting: the window of new streams. */
const INITIAL_WINDOW_SIZE = 4

const ping = http2Frame('PING', 0, [1, 2, 3, 4, 5, 6, 7, 8])
const pong = http2Frame('PING', 0, [1, 2, 3, 4, 5, 6, 7, 8], 'ACK')

/** The request on stream 3, while stream 1 is served piece by piece for `seconds`. */
function besides(upstream: Tcp, seconds: number): Tcp {
  http2Open(upstream).send('>', join(http2Request(1, '/other'), http2Request(3)))
  upstream.send('<', http2Response(1, 200, 'piece', false))
  for (let i = 1; i < seconds; i++) upstream.wait(1).send('<', http2Data(1, 'piece'))
  return upstream.wait(1).send('<', http2Data(1, 'end', 'END_STREAM'))
}

describe('one stream among others', () => {
  test('other streams are served, pings answered: this one is not', async () => {
    const attempts = [
      (upstream: Tcp) => besides(upstream, 4).send('>', ping).send('<', pong).wait(1).send('>', http2Reset(3, CANCEL)),
    ]
    expect(await judged({ attempts, answer: 504 })).toMatchObject({
      sides: 'upstream-silent upstream likely',
      all: 'upstream-silent upstream likely',
    })
  })

  test('the connection goes on to serve others after the proxy gave up', async () => {
    const attempts = [
      (upstream: Tcp) => {
        besides(upstream, 4).send('>', http2Reset(3, CANCEL))
        return upstream.send('>', http2Request(5, '/next')).send('<', http2Response(5))
      },
    ]
    expect((await judged({ attempts, answer: 504 })).sides).toBe('upstream-silent upstream likely')
  })

  test.each(['close', 'reset'])('the answer comes after the proxy gave up by %s', async (how) => {
    const attempts = [
      (upstream: Tcp) => {
        besides(upstream, 4)
        if (how === 'close') upstream.fin('>')
        else upstream.send('>', http2Reset(3, CANCEL))
        return upstream.wait(0.5).send('<', http2Response(3))
      },
    ]
    expect((await judged({ attempts, answer: 504 })).sides).toBe('upstream-slow upstream certain')
  })

  test('the answer begins and stops, while another stream goes on', async () => {
    const attempts = [
      (upstream: Tcp) => {
        http2Open(upstream).send('>', join(http2Request(1, '/other'), http2Request(3)))
        upstream.send('<', join(http2Response(1, 200, 'piece', false), http2Response(3, 200, 'half', false)))
        for (let i = 0; i < 5; i++) upstream.wait(1).send('<', http2Data(1, 'piece'))
        return upstream.send('>', http2Reset(3, CANCEL))
      },
    ]
    const { front, back } = gateway({ attempts, answer: 504 })
    const [incident] = (await documentOf(front, back)).incidents
    expect(incident).toMatchObject({ cause: 'response-stalled', confidence: 'likely' })
    expect(incident!.summary).toContain('5.00 s of silence')
  })

  test('the connection is closed in the middle of its answer', async () => {
    const attempts = [
      (upstream: Tcp) =>
        http2Open(upstream)
          .send('>', http2Request(1))
          .send('<', http2Response(1, 200, 'half', false))
          .close('<'),
    ]
    expect((await judged({ attempts, answer: 502 })).sides).toBe('response-truncated upstream certain')
  })

  test('the connection is reset while others are served', async () => {
    const attempts = [(upstream: Tcp) => besides(upstream, 2).rst('<')]
    expect((await judged({ attempts, answer: 502 })).sides).toBe('reset-before-response upstream likely')
  })

  test('closed while it served others is no keep-alive race', async () => {
    const attempts = [
      (upstream: Tcp) => {
        http2Open(upstream)
          .send('>', http2Request(1, '/other'))
          .send('<', http2Response(1, 200, 'piece', false))
        return upstream.wait(1).send('>', http2Request(3), { ack: 'none' }).wait(-0.0007).close('<')
      },
    ]
    expect((await judged({ attempts, answer: 502 })).sides).toMatch(/^closed-without-response/)
  })

  test('closed after it was idle, as the request came', async () => {
    const attempts = [
      (upstream: Tcp) => {
        http2Open(upstream).send('>', http2Request(1, '/other')).send('<', http2Response(1))
        return upstream.wait(20).send('>', http2Request(3), { ack: 'none' }).wait(-0.0007).close('<')
      },
    ]
    expect((await judged({ attempts, answer: 502 })).sides).toBe('keepalive-race proxy certain')
  })

  test('the request does not arrive', async () => {
    const attempts = [
      (upstream: Tcp) => {
        http2Open(upstream).send('>', http2Request(1, '/other')).send('<', http2Response(1))
        return upstream
          .send('>', http2Request(3), { lost: true })
          .retransmit('>', { after: [0.2, 0.4, 0.8], lost: true })
      },
    ]
    expect((await judged({ attempts, answer: 504 })).sides).toBe('request-undelivered network likely')
  })
})

describe('flow control', () => {
  const upload = { ask: 'POST /report', body: 'x'.repeat(4000), answer: 504 }

  test('the upstream does not enlarge the window of the stream', async () => {
    const attempts = [
      (upstream: Tcp) => {
        http2Open(upstream, [{}, { [INITIAL_WINDOW_SIZE]: 1000 }]).send('>', http2Request(1, '/report', {}, false))
        return upstream
          .send('>', http2Data(1, 'x'.repeat(1000)))
          .wait(60)
          .send('>', http2Reset(1, CANCEL))
      },
    ]
    expect((await judged({ ...upload, attempts })).sides).toBe('zero-window upstream certain')
  })

  test('it does, takes the rest, and says nothing', async () => {
    const attempts = [
      (upstream: Tcp) => {
        http2Open(upstream, [{}, { [INITIAL_WINDOW_SIZE]: 1000 }]).send('>', http2Request(1, '/report', {}, false))
        upstream
          .send('>', http2Data(1, 'x'.repeat(1000)))
          .wait(1)
          .send('<', http2WindowUpdate(1, 9000))
        return upstream
          .send('>', http2Data(1, 'x'.repeat(3000), 'END_STREAM'))
          .wait(60)
          .send('>', http2Reset(1, CANCEL))
      },
    ]
    expect((await judged({ ...upload, attempts })).sides).toBe('upstream-silent upstream likely')
  })

  test('the proxy does not enlarge its own', async () => {
    const attempts = [
      (upstream: Tcp) =>
        http2Open(upstream, [{ [INITIAL_WINDOW_SIZE]: 1000 }, {}])
          .send('>', http2Request(1))
          .send('<', http2Response(1, 200, 'x'.repeat(1000), false))
          .wait(60)
          .send('>', http2Reset(1, CANCEL)),
    ]
    expect((await judged({ attempts, answer: 504 })).sides).toBe('zero-window proxy likely')
  })
})

test('the proxy ends the stream because of what it got', async () => {
  const attempts = [
    (upstream: Tcp) =>
      http2Open(upstream)
        .send('>', http2Request(1))
        .send('<', http2Headers(1, hpackFields({ 'content-type': 'text/plain' })))
        .send('>', http2Reset(1, PROTOCOL_ERROR)),
  ]
  expect((await judged({ attempts, answer: 502 })).sides).toBe('response-malformed upstream certain')
})

/** The verdict on a whole answer to a request that the proxy answers with 502; `reset`: it closes the connection. */
const answered = async (fields: Record<string, string>, body: string, reset = true): Promise<string> => {
  const attempts = [
    (upstream: Tcp) => {
      http2Open(upstream).send('>', http2Request(1))
      const head = http2Headers(1, hpackFields({ ':status': '200', ...fields }))
      upstream.send('<', join(head, http2Data(1, body, 'END_STREAM')))
      return reset ? upstream.send('>', http2Goaway(0, PROTOCOL_ERROR)) : upstream
    },
  ]
  return (await judged({ attempts, answer: 502 })).sides
}

describe('a whole answer that breaks the rules', () => {
  test('a line end within a value', async () => {
    expect(await answered({ 'x-note': 'a\r\nb' }, 'fine')).toBe('response-malformed upstream certain')
    expect(await answered({ 'x-note': 'a\r\nb' }, 'fine', false)).toBe('response-malformed upstream likely')
  })

  test('more or less content than announced', async () => {
    expect(await answered({ 'content-length': '3' }, 'fine')).toBe('response-malformed upstream certain')
    expect(await answered({ 'content-length': '5' }, 'fine')).toBe('response-malformed upstream certain')
    expect(await answered({ 'content-length': '4' }, 'fine', false)).not.toMatch('response-malformed')
  })
})

const UNAVAILABLE = '14'
const trailersOnly = (stream: number, status: string) =>
  http2Headers(
    stream,
    hpackFields({ ':status': '200', 'content-type': 'application/grpc', 'grpc-status': status }),
    'END_STREAM',
  )
/** A client that speaks HTTP/2, a proxy, and an upstream that does `then` with the call. */
function call(then: (upstream: Tcp) => unknown, answer: Uint8Array | ((asking: Tcp) => unknown)) {
  const net = network()
  const [client, front] = [net.host('client', '10.0.0.2'), net.host('proxy-front', '10.0.0.1')]
  const [back, server] = [net.host('proxy-back', '10.1.0.1'), net.host('upstream', '10.1.0.2')]
  const asking = http2Open(net.tcp(client, front, 80))
  const upstream = http2Open(net.tcp(back, server, 50051))
  // One that goes well shows who the proxy is.
  asking.send('>', http2Request(1, '/shop.Orders/List'))
  upstream.send('>', http2Request(1, '/shop.Orders/List')).send('<', http2Response(1))
  asking.send('<', http2Response(1)).wait(1).send('>', http2Request(3, '/shop.Orders/Place'))
  then(upstream)
  if (typeof answer === 'function') answer(asking)
  else asking.send('<', answer)
  return [net.capture('proxy-front'), net.capture('proxy-back')] as const
}
const place = (upstream: Tcp): Tcp => upstream.send('>', http2Request(3, '/shop.Orders/Place'))

describe('gRPC', () => {
  test('the gateway makes UNAVAILABLE of a failed try', async () => {
    const captures = call(
      (upstream) => place(upstream).send('<', http2Reset(3, INTERNAL_ERROR)),
      trailersOnly(3, UNAVAILABLE),
    )
    const { incidents } = await documentOf(...captures)
    expect(incidents).toMatchObject([{ status: 200, cause: 'h2-stream-reset', confidence: 'certain' }])
    expect(incidents[0]!.summary).toContain('grpc-status 14 (UNAVAILABLE)')
  })

  test("the application's own UNAVAILABLE", async () => {
    const own = trailersOnly(3, UNAVAILABLE)
    expect(await verdictOf(...call((upstream) => place(upstream).wait(0.01).send('<', own), own))).toBe('none')
  })

  test('another status of the gateway is no matter of reaching an upstream', async () => {
    expect(
      await verdictOf(...call((upstream) => place(upstream).send('<', trailersOnly(3, '5')), trailersOnly(3, '5'))),
    ).toBe('none')
  })

  test('the proxy resets the stream of its client without an answer', async () => {
    const captures = call((upstream) => place(upstream).wait(0.01).close('<'), http2Reset(3, INTERNAL_ERROR))
    expect((await documentOf(...captures)).incidents).toMatchObject([
      { status: null, cause: 'closed-without-response' },
    ])
  })

  test('the client leaves first, and the proxy refuses what nobody wants any more', async () => {
    const captures = call(
      (upstream) => place(upstream).wait(5),
      (asking) => asking.send('>', http2Reset(3, CANCEL)).wait(0.1).send('<', http2Reset(3, REFUSED_STREAM)),
    )
    expect(await verdictOf(...captures)).toBe('none')
  })
})

test('a stream answered 502 on a client leg in HTTP/2', async () => {
  const net = network()
  const [client, front] = [net.host('client', '10.0.0.2'), net.host('proxy-front', '10.0.0.1')]
  const [back, server] = [net.host('proxy-back', '10.1.0.1'), net.host('upstream', '10.1.0.2')]
  const asking = http2Open(net.tcp(client, front, 80)).send('>', join(http2Request(1, '/a'), http2Request(3)))
  const forwarded = 'GET /report HTTP/1.1\r\nHost: app.example\r\n\r\n'
  net.tcp(back, server, 8080).syn().rst('<')
  asking.send('<', http2Response(3, 502, 'Bad Gateway'))
  net.tcp(back, server, 8081).handshake().send('>', forwarded.replace('/report', '/a')).send('<', response(200, 'fine'))
  asking.send('<', http2Response(1))
  expect(await verdictOf(net.capture('proxy-front'), net.capture('proxy-back'))).toBe(
    'connect-refused upstream certain',
  )
})

/** Method, scheme and path as real encoders send them: by the static table (RFC 7541 appendix A). */
const asked = (stream: number): Uint8Array =>
  http2Headers(
    stream,
    join(hpackIndexed(2), hpackIndexed(6), hpackLiteral(4, '/report'), hpackLiteral(1, 'app.example')),
    'END_STREAM',
  )

const before = (upstream: Tcp): Tcp =>
  upstream.send('<', http2WindowUpdate(0, 100)).send('>', asked(7)).send('<', http2Response(7)).wait(1)

describe('a connection that is older than the capture', () => {
  test('the stream is reset', async () => {
    const attempts = [
      (upstream: Tcp) => before(upstream).send('>', asked(9)).wait(0.2).send('<', http2Reset(9, INTERNAL_ERROR)),
    ]
    expect((await judged({ attempts, answer: 502 })).sides).toBe('h2-stream-reset upstream certain')
  })

  test('GOAWAY leaves it out', async () => {
    const attempts = [(upstream: Tcp) => before(upstream).send('>', asked(9)).send('<', http2Goaway(7, 0)).fin('<')]
    expect((await judged({ attempts, answer: 502 })).sides).toBe('h2-goaway upstream certain')
  })

  test('all goes well', async () => {
    const attempts = [(upstream: Tcp) => before(upstream).send('>', asked(9)).wait(0.2).send('<', http2Response(9))]
    expect((await judged({ attempts, answer: response(200, 'fine') })).sides).toBe('none')
  })
})
