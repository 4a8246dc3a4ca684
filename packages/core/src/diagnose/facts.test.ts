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

  test('is the same one again, of a connection older than both', async () => {
    const { front: f, back: b } = gateway({
      idleSeconds: 0.2,
      attempts: [(upstream, asked) => upstream.send('>', asked).wait(0.02).rst('<')],
      answer: 502,
    })
    expect(await verdictOf(f, b, b)).toBe('reset-before-response upstream likely')
  })

  test('is the same one again, begun when the connection was open', async () => {
    const { front: f, net: n } = gateway({
      attempts: [(upstream, asked) => upstream.handshake().wait(2).send('>', asked).wait(0.02).rst('<')],
      answer: 502,
    })
    const late = n.capture('proxy-back', { fromSeconds: 1 })
    expect(await verdictOf(f, late, late)).toBe('reset-before-response upstream likely')
    expect(await verdictOf(f, late, n.capture('upstream', { fromSeconds: 1 }))).toBe(
      'reset-before-response upstream certain',
    )
  })
  // Two captures at one interface, and a copy whose times were moved, are one witness: what passed there.
  test.each(['reset-before-response', 'reset-mid-response'])('is a copy that begins later: %s', async (cause) => {
    const begun = cause === 'reset-mid-response' ? 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfine' : ''
    const {
      front: f,
      back: b,
      net: n,
    } = gateway({
      attempts: [
        (upstream, asked) => {
          upstream.handshake().wait(2).send('>', asked).wait(0.02)
          return (begun === '' ? upstream : upstream.send('<', begun)).wait(0.1).rst('<')
        },
      ],
      answer: 502,
      upstream: { rtt: 0.002 },
    })
    expect(await verdictOf(f, b, n.capture('upstream', { fromSeconds: 1 }))).toBe(`${cause} upstream certain`)
    expect(await verdictOf(f, b, n.capture('proxy-back', { fromSeconds: 1 }))).toBe(`${cause} upstream likely`)
    const moved = n.capture('proxy-back', { fromSeconds: 1 })
    const view = new DataView(moved.buffer, moved.byteOffset)
    for (let at = 24; at < moved.length; at += 16 + view.getUint32(at + 8, true)) {
      view.setUint32(at, view.getUint32(at, true) + 3, true)
    }
    expect(await verdictOf(f, b, moved)).toBe(`${cause} upstream likely`)
  })
})
