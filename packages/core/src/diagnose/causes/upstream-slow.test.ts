import { gateway, judged, response, verdictOf, type Tcp } from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'

const late = (seconds: number) => (upstream: Tcp, asked: string) =>
  upstream.handshake().send('>', asked).wait(60).fin('>').wait(seconds).send('<', response(200, 'late'))

describe('upstream-slow', () => {
  test.each([0.005, 20])('the answer comes %f s after the proxy gave up', async (seconds) => {
    expect(await judged({ attempts: [late(seconds)], answer: 504 })).toMatchObject({
      sides: 'upstream-slow upstream certain',
      all: 'upstream-slow upstream certain',
    })
  })

  test('the capture ended before it came', async () => {
    const { front, net } = gateway({ attempts: [late(20)], answer: 504 })
    expect(await verdictOf(front, net.capture('proxy-back', { untilSeconds: 62 }))).toBe(
      'upstream-silent upstream likely',
    )
  })

  test('slow, and in time', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) => upstream.handshake().send('>', asked).wait(59).send('<', response(200)),
    ]
    expect(await judged({ attempts, answer: response(200) })).toMatchObject({ sides: 'none' })
  })

  test('100 Continue in time, the answer late', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) => {
        upstream.handshake().send('>', asked.slice(0, -500)).send('<', 'HTTP/1.1 100 Continue\r\n\r\n')
        return upstream.send('>', asked.slice(-500)).wait(60).fin('>').wait(2).send('<', response(200, 'late'))
      },
    ]
    expect(await judged({ ask: 'POST /report', body: 'x'.repeat(500), attempts, answer: 504 })).toMatchObject({
      sides: 'upstream-slow upstream certain',
    })
  })
})
