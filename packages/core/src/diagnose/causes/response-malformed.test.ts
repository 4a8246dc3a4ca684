import { judged, response, type Tcp } from '@pcap-surgery/testkit'
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
})
