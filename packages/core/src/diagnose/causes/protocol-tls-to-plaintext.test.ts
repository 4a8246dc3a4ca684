import { judged, type Network, request, response, type Tcp } from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'

// A ClientHello as far as anybody looks: record of type handshake, message of type client_hello, version, random.
const HELLO = Uint8Array.of(22, 3, 1, 0, 50, 1, 0, 0, 46, 3, 3, ...Array.from({ length: 44 }, () => 7))

/** Somebody asks the same listener in plaintext and gets an answer. */
const before = (net: Network): void => {
  const tcp = net.tcp(net.host('proxy-back', '10.1.0.1'), net.host('upstream', '10.1.0.2'), 8080).handshake()
  tcp.send('>', request('GET /other')).send('<', response(200, 'fine')).close('>')
}

describe('protocol-tls-to-plaintext', () => {
  test('an HTTP answer to a ClientHello', async () => {
    const attempts = [
      (upstream: Tcp) =>
        upstream
          .handshake()
          .send('>', HELLO)
          .wait(0.01)
          .send('<', response(400, '', { Connection: 'close' }))
          .fin('<')
          .fin('>'),
    ]
    expect(await judged({ attempts, answer: 502 })).toMatchObject({
      sides: 'protocol-tls-to-plaintext proxy certain',
      frames: ['1:6'],
    })
  })

  test('a close without a byte is not known to be plaintext', async () => {
    const attempts = [(upstream: Tcp) => upstream.handshake().send('>', HELLO).fin('<').fin('>')]
    expect((await judged({ attempts, answer: 502 })).sides).toContain('tls-closed')
  })

  test('a close without a byte by a listener that answers others in plaintext', async () => {
    const attempts = [(upstream: Tcp) => upstream.handshake().send('>', HELLO).fin('<').fin('>')]
    expect((await judged({ attempts, answer: 502, before })).sides).toContain('protocol-tls-to-plaintext proxy likely')
  })
})
