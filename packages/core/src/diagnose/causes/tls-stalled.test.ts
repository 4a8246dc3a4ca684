import { hello13, judged, serverFlight13, type Tcp } from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'

describe('tls-stalled', () => {
  test('an acknowledged ClientHello without an answer; the upstream’s capture proves that there was none', async () => {
    const attempts = [(upstream: Tcp) => upstream.handshake().send('>', hello13()).wait(3).close('>')]
    expect(await judged({ attempts, answer: 504 })).toEqual({
      sides: 'tls-stalled upstream likely',
      all: 'tls-stalled upstream certain',
      frames: ['1:4', '1:5'],
    })
  })

  test('a flight that stops half-way', async () => {
    const attempts = [
      (upstream: Tcp) =>
        upstream.handshake().send('>', hello13()).send('<', serverFlight13().slice(0, 500)).wait(3).close('>'),
    ]
    expect(await judged({ attempts, answer: 504 })).toMatchObject({ sides: 'tls-stalled upstream likely' })
  })

  test('a ClientHello that is never acknowledged did not arrive', async () => {
    const attempts = [
      (upstream: Tcp) =>
        upstream
          .handshake()
          .send('>', hello13(), { lost: true })
          .retransmit('>', { after: [0.2, 0.4, 0.8], lost: true })
          .wait(1)
          .fin('>', { lost: true }),
    ]
    expect((await judged({ attempts, answer: 504 })).sides).toContain('request-undelivered')
  })

  test('a flight whose large segments are lost is the path’s', async () => {
    const flight = new Uint8Array([...serverFlight13(), ...new Uint8Array(1200)])
    const attempts = [
      (upstream: Tcp) =>
        upstream
          .handshake()
          .send('>', hello13())
          .send('<', flight, { lost: [0] })
          .retransmit('<', { after: [0.2, 0.4, 0.8], lost: true })
          .wait(1)
          .fin('>'),
    ]
    expect((await judged({ attempts, answer: 504 })).sides).not.toContain('tls-stalled')
  })
})
