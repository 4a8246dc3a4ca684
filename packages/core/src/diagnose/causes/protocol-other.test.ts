import {
  fastcgiRequest,
  fastcgiResponse,
  judged,
  network,
  type Network,
  request,
  response,
  type Tcp,
  verdictOf,
} from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'

const answers = (bytes: string) => (upstream: Tcp, asked: string) =>
  upstream.handshake().send('>', asked).wait(0.01).send('<', bytes).fin('<').fin('>')

const header = 'PROXY TCP4 192.0.2.7 10.0.0.1 40000 80\r\n'
/** The try `sends` so much before its request and gets no answer; the upstream answers the others. */
const tell = (sends: string, others: string[]) => {
  const before = (net: Network) => {
    const [back, app] = [net.host('proxy-back', '10.1.0.9'), net.host('upstream', '10.1.0.2')]
    for (const prefix of others) {
      const tcp = net.tcp(back, app, 8080).handshake()
      tcp.send('>', prefix + request('GET /ok')).send('<', response(200, 'fine'))
    }
  }
  const attempts = [
    (upstream: Tcp, asked: string) =>
      upstream
        .handshake()
        .send('>', sends + asked)
        .fin('<')
        .fin('>'),
  ]
  return judged({ before, attempts, answer: 502 })
}

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

  test('a capture of what the server says alone does not tell what it was asked', async () => {
    const unseen = { unseen: ['proxy-back', 'upstream'] }
    const attempts = [
      (upstream: Tcp) =>
        upstream
          .syn(unseen)
          .synAck()
          .ack('>', unseen)
          .send('<', '220 mail.example ESMTP Postfix\r\n', { ack: 'none' })
          .fin('<', { ack: 'none' }),
    ]
    expect((await judged({ attempts, answer: 502 })).sides).not.toContain('protocol-other')
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

  test('of a capture that began later nobody knows what the client spoke, but another one does', async () => {
    const net = network()
    const [user, front] = [net.host('client', '10.0.0.2'), net.host('proxy-front', '10.0.0.1')]
    const [back, app] = [net.host('proxy-back', '10.1.0.1'), net.host('upstream', '10.1.0.2')]
    const client = net.tcp(user, front, 80).handshake().send('>', request('GET /slow'))
    const upstream = net.tcp(back, app, 9000).handshake().send('>', fastcgiRequest('GET /slow')).wait(2)
    client.send('<', response(504, ''))
    upstream.send('<', fastcgiResponse('Status: 200 OK\r\n\r\nlate')).fin('<').fin('>')
    const captures = [net.capture('proxy-front'), net.capture('proxy-back', { fromSeconds: 1 })]
    expect(await verdictOf(...captures)).not.toMatch('protocol-other')
    expect(await verdictOf(...captures, net.capture('upstream'))).not.toMatch('protocol-other')
  })

  describe('a PROXY header', () => {
    test.each([
      ['that the listener does not know', header, ['']],
      ['that the listener waits for', '', [header, 'PROXY UNKNOWN\r\n']],
    ])('%s', async (_what, sends, others) => {
      expect(await tell(sends, others)).toMatchObject({ sides: 'protocol-other proxy likely' })
    })

    test('that others of its kind do well with says nothing', async () => {
      expect(await tell(header, ['', header])).toMatchObject({ sides: 'closed-without-response upstream certain' })
    })
  })

  test('text that is no known protocol is a bad answer', async () => {
    expect(await judged({ attempts: [answers('good day to you\r\n')], answer: 502 })).toMatchObject({
      sides: 'response-malformed upstream certain',
    })
  })
})
