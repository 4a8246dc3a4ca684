import { judged, type Tcp } from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'

describe('closed-without-response', () => {
  test('a FIN acknowledges the request', async () => {
    const attempts = [(upstream: Tcp, asked: string) => upstream.handshake().send('>', asked).wait(0.05).fin('<')]
    expect(await judged({ attempts, answer: 502 })).toEqual({
      sides: 'closed-without-response upstream certain',
      all: 'closed-without-response upstream certain',
      frames: ['1:6'],
    })
  })

  test('the client asked with HEAD', async () => {
    const attempts = [(upstream: Tcp, asked: string) => upstream.handshake().send('>', asked).wait(0.05).fin('<')]
    const answer = 'HTTP/1.1 502 Bad Gateway\r\nServer: nginx/1.27.0\r\nContent-Length: 157\r\n\r\n'
    expect(await judged({ ask: 'HEAD /report', attempts, answer })).toMatchObject({
      sides: 'closed-without-response upstream certain',
    })
  })

  test('100 Continue is no response', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) => {
        upstream.handshake().send('>', asked.slice(0, -500)).send('<', 'HTTP/1.1 100 Continue\r\n\r\n')
        return upstream.send('>', asked.slice(-500)).wait(0.5).fin('<')
      },
    ]
    expect(await judged({ ask: 'POST /report', body: 'x'.repeat(500), attempts, answer: 502 })).toMatchObject({
      sides: 'closed-without-response upstream certain',
    })
  })

  test('the second request of two on the same connections', async () => {
    const attempts = [(upstream: Tcp, asked: string) => upstream.send('>', asked).wait(0.3).fin('<').fin('>')]
    expect(await judged({ idleSeconds: 0.2, attempts, answer: 502 })).toMatchObject({
      sides: 'closed-without-response upstream certain',
    })
  })

  test('a FIN that the upstream did not send', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) => upstream.handshake().send('>', asked).wait(0.05).fin('<', { forged: true }),
    ]
    expect(await judged({ attempts, answer: 502 })).toMatchObject({ all: 'closed-without-response network likely' })
  })

  test('a FIN after the proxy gave up says nothing', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) => upstream.handshake().send('>', asked).wait(60).fin('>').wait(0.01).fin('<'),
    ]
    expect(await judged({ attempts, answer: 504 })).toMatchObject({ sides: 'upstream-silent upstream likely' })
  })
})
