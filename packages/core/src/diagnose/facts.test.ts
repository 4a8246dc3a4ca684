import { gateway, verdictOf } from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'

// Which capture may speak for the upstream: what it shows proves who sent a packet, what it lacks proves who did not.
describe('a second capture of the upstream leg', () => {
  const { front, back, net } = gateway({
    attempts: [
      (upstream, asked) => upstream.handshake().send('>', asked).wait(0.02).rst('<', { forged: true }).wait(1),
    ],
    answer: 502,
    upstream: { rtt: 0.002, via: ['switch', 'firewall', 'core'] },
  })

  test('at the upstream does not have the RST', async () => {
    const {
      front: f,
      back: b,
      net: n,
    } = gateway({
      attempts: [
        (upstream, asked) =>
          upstream.handshake().send('>', asked).wait(0.02).rst('<', { forged: true }).wait(1).keepAlive('<'),
      ],
      answer: 502,
    })
    expect(await verdictOf(f, b, n.capture('upstream'))).toBe('reset-by-middlebox network certain')
  })

  test.each(['proxy-back', 'switch', 'firewall'])('at the %s proves nothing about the upstream', async (vantage) => {
    expect(await verdictOf(front, back, net.capture(vantage))).toBe('reset-before-response upstream likely')
  })
})
