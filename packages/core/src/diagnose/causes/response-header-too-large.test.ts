import { judged, network, request, response, verdictOf, type Tcp } from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'

const head = (bytes: number): string => response(200, 'hello', { 'Set-Cookie': 'x'.repeat(bytes) })

describe('response-header-too-large', () => {
  test('nginx gives up as soon as it has read more than its buffer', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) => upstream.handshake().send('>', asked).send('<', head(9000)).rst('>'),
    ]
    expect(await judged({ attempts, answer: 502 })).toMatchObject({ sides: 'response-header-too-large proxy certain' })
  })

  test('it closes before the upstream has sent it all', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) =>
        upstream.handshake().send('>', asked).send('<', head(9000).slice(0, 8688)).fin('>'),
    ]
    expect(await judged({ attempts, answer: 502 })).toMatchObject({ sides: 'response-header-too-large proxy likely' })
  })

  test('a proxy with a larger buffer passes the same on', async () => {
    const attempts = [(upstream: Tcp, asked: string) => upstream.handshake().send('>', asked).send('<', head(9000))]
    expect(await judged({ attempts, answer: head(9000) })).toMatchObject({ sides: 'none' })
  })

  test('the same proxy passed on a larger one: its size is not the matter', async () => {
    const net = network()
    const [front, back] = [net.host('proxy-front', '10.0.0.1'), net.host('proxy-back', '10.1.0.1')]
    const client = net.tcp(net.host('client', '10.0.0.2'), front, 80).handshake()
    const app = net.host('upstream', '10.1.0.2')
    const ask = (path: string, answer: string): void => {
      client.send('>', request(`GET ${path}`)).wait(0.001)
      net
        .tcp(back, app, 8080)
        .handshake()
        .send('>', request(`GET ${path}`))
        .send('<', head(9000))
      client.wait(0.001).send('<', answer)
    }
    ask('/good', head(9000))
    ask('/bad', response(502, '<center>nginx/1.27.0</center>', { Server: 'nginx/1.27.0' }))
    const captures = [net.capture('proxy-front'), net.capture('proxy-back')]
    expect(await verdictOf(...captures)).toBe('undetermined unknown possible')
  })

  test('the upstream closes inside a section below the limit', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) =>
        upstream.handshake().send('>', asked).send('<', head(3900).slice(0, -2)).fin('<').fin('>'),
    ]
    expect(await judged({ attempts, answer: 502 })).toMatchObject({ sides: 'response-truncated upstream certain' })
  })

  test('the proxy waited: the body stalled', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) =>
        upstream.handshake().send('>', asked).send('<', head(4500).slice(0, -2)).wait(10).fin('>'),
    ]
    expect(await judged({ attempts, answer: 502 })).toMatchObject({ sides: 'response-stalled upstream likely' })
  })
})
