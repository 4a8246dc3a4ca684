// A clock that was set where too little follows for anybody to see it: what the captures say then is wrong, and must not
// be taken at its word.
import { documentOf, gateway, network, request, response, type Tcp } from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'
import type { Bytes } from '../bytes/read.ts'

const FILE_HEADER = 24
const RECORD_HEADER = 16

/** A capture of the testkit whose clock is set by so many seconds before the last packets. */
function setBefore(capture: Bytes, last: number, by: number): Bytes {
  const bytes = capture.slice()
  const view = new DataView(bytes.buffer)
  const records: number[] = []
  for (let at = FILE_HEADER; at < bytes.length; at += RECORD_HEADER + view.getUint32(at + 8, true)) records.push(at)
  for (const at of records.slice(-last)) {
    const time = view.getUint32(at, true) * 1e9 + view.getUint32(at + 4, true) + by * 1e9
    view.setUint32(at, Math.floor(time / 1e9), true)
    view.setUint32(at + 4, time % 1e9, true)
  }
  return bytes
}

/** Healthy exchanges over both legs, by which the clocks are tied. */
const busy = (net: ReturnType<typeof network>): void => {
  for (let n = 0; n < 8; n++) {
    const asked = request(`GET /fine/${n}`)
    const client = net.tcp(net.host('client', '10.0.0.9'), net.host('proxy-front', '10.0.0.1'), 80).handshake()
    client.send('>', asked)
    const upstream = net.tcp(net.host('proxy-back', '10.1.0.1'), net.host('upstream', '10.1.0.2'), 8080)
    upstream.handshake().send('>', asked).wait(0.01).send('<', response(200, 'fine'))
    client.send('<', response(200, 'fine')).wait(0.05)
  }
}

const silent = (u: Tcp, asked: string): Tcp => u.handshake().send('>', asked).wait(10).close('>')

describe('an answer 502 that stands before what it answers', () => {
  test.each<[string, (upstream: Tcp, asked: string) => Tcp, string]>([
    ['a reset', (u, asked) => u.handshake().send('>', asked).wait(0.3).rst('<'), 'reset-before-response'],
    ['a close', (u, asked) => u.handshake().send('>', asked).wait(0.3).fin('<').fin('>'), 'closed-without-response'],
  ])('%s', async (_what, attempt, cause) => {
    const { front, back } = gateway({ before: busy, attempts: [attempt], answer: 502 })
    const { incidents } = await documentOf(front, back)
    expect(incidents).toMatchObject([{ cause }])
    // The answer, and its acknowledgement.
    const early = await documentOf(setBefore(front, 2, -0.1), back)
    expect(early.incidents).toMatchObject([{ cause, confidence: 'likely' }])
    expect(early.incidents[0]!.competing.map((other) => other.cause)).not.toEqual([])
  })

  test('a proxy that leaves as it answers gave up, whatever it calls that', async () => {
    const { front, back, net } = gateway({ before: busy, attempts: [silent], answer: 502 })
    const { incidents } = await documentOf(front, back, net.capture('upstream'))
    expect(incidents).toMatchObject([{ cause: 'upstream-silent', confidence: 'certain' }])
  })
})

test('a clock that was set back: how long the pause before its next frame was nobody knows', async () => {
  const net = network()
  const [back, app] = [net.host('proxy-back', '10.1.0.1'), net.host('upstream', '10.1.0.2')]
  const kept = net.tcp(back, app, 8080).handshake()
  const pass = (n: number, opened: Tcp | null): void => {
    const client = net.tcp(net.host('client', '10.0.0.9'), net.host('proxy-front', '10.0.0.1'), 80).handshake()
    client.send('>', request(`GET /fine/${n}`))
    const upstream = opened ?? net.tcp(back, app, 8080, { rtt: 0.04 }).handshake()
    upstream
      .send('>', request(`GET /fine/${n}`))
      .wait(0.01)
      .send('<', response(200, 'fine'))
    client.send('<', response(200, 'fine')).wait(0.02)
  }
  // Most of those before have their connections opened first, so that they go with many offsets.
  for (let n = 0; n < 8; n++) pass(n, n === 3 ? kept : null)
  for (let n = 8; n < 16; n++) pass(n, kept)
  const packetsEach = 7
  const { captures } = await documentOf(
    setBefore(net.capture('proxy-front'), 8 * packetsEach, -0.45),
    net.capture('proxy-back'),
  )
  const { low, high } = captures[0]!.clock.steps[0]!
  expect(low).toBeLessThanOrEqual(-0.45)
  expect(high).toBeGreaterThanOrEqual(-0.45)
})

test('a chain of proxies, where the clock was set while the second one waited: one failure', async () => {
  const net = network()
  const [user, front] = [net.host('client', '10.0.0.2'), net.host('proxy-front', '10.0.0.1')]
  const [back, second] = [net.host('proxy-back', '10.1.0.1'), net.host('inner-front', '10.1.0.2')]
  const [behind, host] = [net.host('inner-back', '10.2.0.1'), net.host('upstream', '10.2.0.2')]
  const pass = (n: number, isFine: boolean): void => {
    const [ask, asked] = [request(`GET /${n}`), request(`GET /${n}`, { 'X-Forwarded-For': '10.0.0.2' })]
    const answer = response(isFine ? 200 : 504, isFine ? 'fine' : 'late')
    const client = net.tcp(user, front, 80).handshake().send('>', ask).wait(0.0002)
    const inner = net.tcp(back, second, 80).handshake().send('>', asked).wait(0.0002)
    const app = net.tcp(behind, host, 8080).handshake().send('>', asked)
    if (isFine) app.wait(0.01).send('<', answer)
    else app.wait(2).close('>')
    inner.wait(0.0002).send('<', answer)
    client.wait(0.0002).send('<', answer).wait(0.1)
  }
  for (let n = 0; n < 8; n++) pass(n, n !== 7)
  const [outside, between, inside] = ['proxy-front', 'proxy-back', 'inner-back'].map((at) => net.capture(at))
  const expected = { client: expect.stringContaining('10.0.0.2:'), upstream: '10.2.0.2:8080', cause: 'upstream-silent' }
  expect((await documentOf(outside!, between!, inside!)).incidents).toMatchObject([expected])
  // The answer that the first proxy got.
  const { incidents } = await documentOf(outside!, setBefore(between!, 2, 0.11), inside!)
  expect(incidents).toMatchObject([{ ...expected, confidence: 'likely' }])
})
