import { gateway, judged, response, verdictOf, type Tcp } from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'

const begins = response(200, 'x'.repeat(5000)).slice(0, 3000)

describe('response-stalled', () => {
  test('part of the response, then nothing', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) => upstream.handshake().send('>', asked).send('<', begins).wait(60).close('>'),
    ]
    expect(await judged({ attempts, answer: 504 })).toMatchObject({
      sides: 'response-stalled upstream likely',
      all: 'response-stalled upstream certain',
    })
  })

  test('a capture at the upstream that ended before proves nothing', async () => {
    const { front, back, net } = gateway({
      attempts: [(upstream, asked) => upstream.handshake().send('>', asked).send('<', begins).wait(60).close('>')],
      answer: 504,
    })
    const upstream = net.capture('upstream', { untilSeconds: 30 })
    expect(await verdictOf(front, back, upstream)).toBe('response-stalled upstream likely')
  })

  test('100 Continue is no beginning', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) => {
        upstream.handshake().send('>', asked.slice(0, -500)).send('<', 'HTTP/1.1 100 Continue\r\n\r\n')
        return upstream.send('>', asked.slice(-500)).wait(60).close('>')
      },
    ]
    expect(await judged({ ask: 'POST /report', body: 'x'.repeat(500), attempts, answer: 504 })).toMatchObject({
      sides: 'upstream-silent upstream likely',
      all: 'upstream-silent upstream certain',
    })
  })
})
