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

  test('a RST in the proxy’s name that only the upstream got', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) =>
        upstream.handshake().send('>', asked).wait(0.02).rst('>', { forged: true, ttl: 250 }).wait(5).fin('>').rst('<'),
    ]
    expect(await judged({ attempts, answer: 504 })).toMatchObject({
      sides: 'upstream-silent upstream likely',
      all: 'reset-by-middlebox network certain',
    })
  })

  test('a FIN that the upstream did not send', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) =>
        upstream.handshake().send('>', asked).wait(0.02).fin('<', { forged: true }).fin('>').wait(1).ack('<'),
    ]
    expect((await judged({ attempts, answer: 502 })).all).toBe('reset-by-middlebox network certain')
  })

  test('a RST that was counted on from the upstream’s other packets is its own', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) =>
        upstream
          .handshake()
          .send('>', asked)
          .wait(0.02)
          .rst('<', { unseen: ['upstream'] })
          .wait(1)
          .ack('>'),
    ]
    expect((await judged({ attempts, answer: 502 })).all).toBe('reset-before-response upstream likely')
  })
})
