import { judged, request, response, type Network, type Tcp } from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'

const unanswered = (upstream: Tcp, asked: string): Tcp =>
  upstream
    .send('>', asked, { lost: true })
    .retransmit('>', { after: [0.2, 0.4, 0.8, 1.6, 3.2], lost: true })
    .wait(10)
    .fin('>', { lost: true })

/** Meanwhile the same upstream answers on a connection of its own. */
function others(net: Network): void {
  const back = net.host('proxy-back', '10.1.0.1')
  const app = net.host('upstream', '10.1.0.2')
  net.at(net.elapsed() + 1, () => {
    net.tcp(back, app, 8080).handshake().send('>', request('GET /other')).send('<', response(200)).close('>')
  })
}

describe('idle-drop', () => {
  test('a request on a long idle connection gets no answer, while others do', async () => {
    const story = {
      idleSeconds: 400,
      attempts: [
        (upstream: Tcp, text: string, net: Network) => {
          others(net)
          return unanswered(upstream, text)
        },
      ],
      answer: 504,
    }
    expect(await judged(story)).toEqual({
      sides: 'idle-drop network likely',
      all: 'idle-drop network certain',
      frames: ['1:8'],
    })
  })

  test('nothing shows that the path lives: it may be dead for all', async () => {
    expect(await judged({ idleSeconds: 400, attempts: [unanswered], answer: 504 })).toMatchObject({
      sides: 'idle-drop network possible',
      all: 'idle-drop network likely',
    })
  })

  test('hardly idle, or not at all: undelivered', async () => {
    expect(await judged({ idleSeconds: 0.1, attempts: [unanswered], answer: 504 })).toMatchObject({
      sides: 'request-undelivered network likely',
    })
  })

  test('idle for long, and taken: the upstream is silent', async () => {
    const attempts = [(upstream: Tcp, text: string) => upstream.send('>', text).wait(60).close('>')]
    expect(await judged({ idleSeconds: 400, attempts, answer: 504 })).toMatchObject({
      sides: 'upstream-silent upstream likely',
      all: 'upstream-silent upstream certain',
    })
  })

  test('idle for long, and the request arrives: nothing was forgotten', async () => {
    const attempts = [
      (upstream: Tcp, text: string) =>
        upstream
          .send('>', text, { ack: 'lost' })
          .retransmit('>', { after: [0.2, 0.4, 0.8], ack: 'lost' })
          .wait(10)
          .fin('>', { lost: true }),
    ]
    const { all } = await judged({ idleSeconds: 400, attempts, answer: 504 })
    expect(all).not.toMatch(/idle-drop|request-undelivered|certain/)
  })
})
