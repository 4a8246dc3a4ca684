import { fastcgiRequest, judged, type Tcp } from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'

const answers = (bytes: string) => (upstream: Tcp, asked: string) =>
  upstream.handshake().send('>', asked).wait(0.01).send('<', bytes).fin('<').fin('>')

describe('protocol-other', () => {
  test.each([
    ['Redis', "-ERR unknown command 'GET'\r\n"],
    ['SSH', 'SSH-2.0-OpenSSH_9.6\r\n'],
  ])('%s', async (_what, bytes) => {
    expect(await judged({ attempts: [answers(bytes)], answer: 502 })).toMatchObject({
      sides: 'protocol-other proxy certain',
    })
  })

  test('a server that speaks first', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) =>
        upstream
          .handshake()
          .send('<', '220 mail.example ESMTP Postfix\r\n')
          .send('>', asked)
          .send('<', '500 what?\r\n')
          .fin('<'),
    ]
    expect(await judged({ attempts, answer: 502 })).toMatchObject({ sides: 'protocol-other proxy certain' })
  })

  test('HTTP where FastCGI was expected', async () => {
    const attempts = [
      (upstream: Tcp) =>
        upstream
          .handshake()
          .send('>', fastcgiRequest('GET /api/report'))
          .wait(0.01)
          .send('<', 'HTTP/1.1 400 Bad Request\r\n\r\n')
          .fin('<')
          .fin('>'),
    ]
    expect(await judged({ attempts, answer: 502 })).toMatchObject({ sides: 'protocol-other proxy certain' })
  })

  test('text that is no known protocol is a bad answer', async () => {
    expect(await judged({ attempts: [answers('good day to you\r\n')], answer: 502 })).toMatchObject({
      sides: 'response-malformed upstream certain',
    })
  })
})
