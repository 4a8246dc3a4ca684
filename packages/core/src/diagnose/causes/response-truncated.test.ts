import { judged, response, type Tcp } from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'

const long = response(200, 'x'.repeat(5000))
const cutAt = (bytes: number) => (upstream: Tcp, asked: string) =>
  upstream.handshake().send('>', asked).wait(0.02).send('<', long.slice(0, bytes)).fin('<').fin('>')

describe('response-truncated', () => {
  test.each([
    ['inside the header section', 20],
    ['inside the body', 3000],
  ])('a FIN %s', async (_where, bytes) => {
    expect(await judged({ attempts: [cutAt(bytes)], answer: 502 })).toMatchObject({
      sides: 'response-truncated upstream certain',
      all: 'response-truncated upstream certain',
    })
  })

  test('a 101 that is not whole opens no tunnel', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) =>
        upstream.handshake().send('>', asked).send('<', 'HTTP/1.1 101 Switching Protocols\r\nUpgr').fin('<').fin('>'),
    ]
    expect(await judged({ attempts, answer: 502 })).toMatchObject({ sides: 'response-truncated upstream certain' })
  })

  test('a response without length ends with its FIN', async () => {
    const untilClose = 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nfine'
    const attempts = [
      (upstream: Tcp, asked: string) => upstream.handshake().send('>', asked).send('<', untilClose).fin('<').fin('>'),
    ]
    expect(await judged({ attempts, answer: untilClose })).toMatchObject({ sides: 'none' })
  })

  test('a hole before the FIN: the bytes were sent and lost', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) =>
        upstream
          .handshake()
          .send('>', asked)
          .send('<', long, { lost: [1] })
          .fin('<')
          .retransmit('<', { after: [0.2, 0.4, 0.8], lost: true })
          .wait(10)
          .fin('>'),
    ]
    const { sides, all } = await judged({ attempts, answer: 504 })
    expect(sides).toMatch(/^response-lost network/)
    expect(all).toBe('response-lost network certain')
  })
})
