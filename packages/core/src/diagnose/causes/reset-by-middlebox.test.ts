import { gateway, judged, response, verdictOf, type Tcp } from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'

const forged = (options: { ttl?: number }) => (upstream: Tcp, asked: string) =>
  upstream
    .handshake()
    .send('>', asked)
    .wait(0.02)
    .rst('<', { forged: true, ...options })
    .wait(1)
    .send('<', response(200, 'late'), { lost: true })

describe('reset-by-middlebox', () => {
  test('another TTL suggests, the upstream’s capture proves', async () => {
    expect(await judged({ attempts: [forged({ ttl: 250 })], answer: 502 })).toMatchObject({
      sides: 'reset-by-middlebox network likely',
      all: 'reset-by-middlebox network certain',
      frames: ['1:6'],
    })
  })

  test('nothing odd about it: only the upstream’s capture tells', async () => {
    expect(await judged({ attempts: [forged({})], answer: 502 })).toMatchObject({
      sides: 'reset-before-response upstream likely',
      all: 'reset-by-middlebox network certain',
    })
  })

  test('an odd TTL is overruled where the upstream is seen to send it', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) => upstream.handshake().send('>', asked).wait(0.02).rst('<', { ttl: 128 }),
    ]
    expect(await judged({ attempts, answer: 502 })).toMatchObject({ all: 'reset-before-response upstream certain' })
  })

  test('a capture that ended before proves nothing', async () => {
    const { front, back, net } = gateway({ attempts: [forged({})], answer: 502 })
    const upstream = net.capture('upstream', { untilSeconds: 0.01 })
    expect(await verdictOf(front, back, upstream)).toBe('reset-before-response upstream likely')
  })

  test('a capture that dropped packets proves nothing', async () => {
    const { front, back, net } = gateway({ attempts: [forged({})], answer: 502 })
    const upstream = net.capture('upstream', { format: 'pcapng', dropped: 3 })
    expect(await verdictOf(front, back, upstream)).toBe('reset-by-middlebox network likely')
  })
})
