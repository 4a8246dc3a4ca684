import { gateway, judged, response, type Tcp, verdictOf } from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'

const says = (text: string) => (upstream: Tcp, asked: string) =>
  upstream.handshake().send('>', asked).wait(0.01).send('<', text).fin('>')

describe('response-malformed', () => {
  test.each([
    ['start line', 'HTTQ/1.1 OK\r\n\r\n'],
    ['no HTTP at all', 'good day to you\r\n'],
    ['chunk size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nZZ\r\n'],
  ])('%s', async (_what, text) => {
    expect(await judged({ attempts: [says(text)], answer: 502 })).toMatchObject({
      sides: 'response-malformed upstream certain',
    })
  })

  test('two lengths that differ: some proxies mind, some do not', async () => {
    const text = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nhello'
    expect(await judged({ attempts: [says(text)], answer: 502 })).toMatchObject({
      sides: 'response-malformed upstream likely',
    })
  })

  test('a fault that came when the proxy had long given up', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) =>
        upstream
          .handshake()
          .send('>', asked)
          .wait(60)
          .fin('>')
          .wait(0.1)
          .send('<', 'HTTP/1.1 200 OK\r\nno colon\r\n\r\n'),
    ]
    expect(await judged({ attempts, answer: 504 })).toMatchObject({ sides: 'upstream-slow upstream certain' })
  })

  test('a complete and faultless response is not blamed', async () => {
    expect(await judged({ attempts: [says(response(200, 'fine'))], answer: 502 })).toMatchObject({
      sides: 'undetermined unknown possible',
    })
  })

  test('a SYN-ACK whose IP length lies: what stands behind that is no beginning', async () => {
    const { front, back } = gateway({ attempts: [says(response(200, 'x'.repeat(900)))], answer: 502 })
    const view = new DataView(back.buffer, back.byteOffset)
    const synAck = 24 + 16 + view.getUint32(24 + 8, true) + 16 // file header, record header, SYN, record header
    view.setUint16(synAck + 14 + 2, view.getUint16(synAck + 14 + 2) + 512) // IPv4 total length
    expect(await verdictOf(front, back)).toBe('response-malformed upstream likely')
  })
})
