import { judged, network, request, response, verdictOf, type Tcp } from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'

const complaint = response(400, '<title>400 The plain HTTP request was sent to HTTPS port</title>')
const ALERT = Uint8Array.of(21, 3, 3, 0, 2, 2, 10) // fatal unexpected_message

describe('protocol-plaintext-to-tls', () => {
  test('a TLS alert answers the request', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) => upstream.handshake().send('>', asked).send('<', ALERT).fin('<').fin('>'),
    ]
    expect(await judged({ attempts, answer: 502 })).toMatchObject({ sides: 'protocol-plaintext-to-tls proxy certain' })
  })

  test('a 400 that says so, passed on to the client', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) => upstream.handshake().send('>', asked).send('<', complaint).fin('<').fin('>'),
    ]
    expect(await judged({ attempts, answer: complaint })).toMatchObject({
      sides: 'protocol-plaintext-to-tls proxy certain',
    })
  })

  test('a client that speaks plaintext to the TLS port of the proxy', async () => {
    const net = network()
    const client = net.tcp(net.host('client', '10.0.0.2'), net.host('proxy-front', '10.0.0.1'), 443).handshake()
    client.send('>', request('GET /report')).send('<', complaint).fin('<')
    expect(await verdictOf(net.capture('proxy-front'))).toBe('none')
  })

  test('a bare close says nothing of TLS', async () => {
    const attempts = [(upstream: Tcp, asked: string) => upstream.handshake().send('>', asked).fin('<').fin('>')]
    expect(await judged({ attempts, answer: 502 })).toMatchObject({ sides: 'closed-without-response upstream certain' })
  })
})
