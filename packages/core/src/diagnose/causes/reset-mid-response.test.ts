import { judged, response, type Tcp } from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'

const long = response(200, 'x'.repeat(5000))

describe('reset-mid-response', () => {
  test('a RST after part of the body', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) =>
        upstream.handshake().send('>', asked).wait(0.02).send('<', long.slice(0, 3000)).rst('<'),
    ]
    expect(await judged({ attempts, answer: 502 })).toMatchObject({
      sides: 'reset-mid-response upstream likely',
      all: 'reset-mid-response upstream certain',
    })
  })

  test('the upstream’s capture does not have the RST', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) =>
        upstream
          .handshake()
          .send('>', asked)
          .send('<', long.slice(0, 3000))
          .rst('<', { forged: true })
          .wait(1)
          .ack('<'),
    ]
    expect(await judged({ attempts, answer: 502 })).toMatchObject({ all: 'reset-by-middlebox network certain' })
  })

  test('inside a large header section that the proxy could have taken', async () => {
    const head = response(200, 'hello', { 'Set-Cookie': 'x'.repeat(3800) })
    const attempts = [
      (upstream: Tcp, asked: string) => upstream.handshake().send('>', asked).send('<', head.slice(0, -2)).rst('<'),
    ]
    expect(await judged({ attempts, answer: 502 })).toMatchObject({ sides: 'reset-mid-response upstream likely' })
  })
})
