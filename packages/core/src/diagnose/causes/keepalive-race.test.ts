import { judged, type Tcp } from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'

describe('keepalive-race', () => {
  test('the FIN crosses the request', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) =>
        upstream.fin('<', { ack: 'none' }).wait(-0.0003).send('>', asked, { ack: 'none' }).rst('<', { bare: true }),
    ]
    expect(await judged({ idleSeconds: 60, attempts, answer: 502 })).toMatchObject({
      sides: 'keepalive-race proxy certain',
      all: 'keepalive-race proxy certain',
    })
  })

  test('the FIN came shortly before the request', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) =>
        upstream.fin('<').wait(0.04).send('>', asked, { ack: 'none' }).rst('<', { bare: true }),
    ]
    expect(await judged({ idleSeconds: 60, attempts, answer: 502 })).toMatchObject({
      sides: 'keepalive-race proxy certain',
    })
  })

  test('a RST without ACK answers at once: the upstream has no such connection', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) => upstream.send('>', asked, { ack: 'none' }).rst('<', { bare: true }),
    ]
    expect(await judged({ idleSeconds: 60, attempts, answer: 502 })).toMatchObject({
      sides: 'keepalive-race proxy likely',
    })
  })

  test('a FIN that acknowledges the request was sent by who had it', async () => {
    const attempts = [(upstream: Tcp, asked: string) => upstream.send('>', asked).wait(0.05).fin('<').fin('>')]
    expect(await judged({ idleSeconds: 60, attempts, answer: 502 })).toMatchObject({
      sides: 'closed-without-response upstream certain',
    })
  })

  test('a RST after work was sent by who had the request', async () => {
    const attempts = [(upstream: Tcp, asked: string) => upstream.send('>', asked).wait(0.4).rst('<')]
    expect(await judged({ idleSeconds: 60, attempts, answer: 502 })).toMatchObject({
      sides: 'reset-before-response upstream likely',
      all: 'reset-before-response upstream certain',
    })
  })

  test('a RST at once, on a connection that was in use', async () => {
    const attempts = [(upstream: Tcp, asked: string) => upstream.send('>', asked, { ack: 'none' }).rst('<')]
    expect(await judged({ idleSeconds: 0.1, attempts, answer: 502 })).toMatchObject({
      sides: 'reset-before-response upstream likely',
    })
  })

  test('a FIN on a fresh connection is no race', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) =>
        upstream.handshake().fin('<').wait(0.02).send('>', asked, { ack: 'none' }).rst('<', { bare: true }),
    ]
    expect(await judged({ attempts, answer: 502 })).toMatchObject({ sides: 'closed-without-response upstream certain' })
  })
})
