import { gateway, judged, response, verdictOf, type Tcp } from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'

const void5 = { after: [0.2, 0.4, 0.8, 1.6, 3.2], lost: true }

const late = (upstream: Tcp, asked: string): Tcp =>
  upstream.handshake().send('>', asked, { lost: true }).retransmit('>')

const silent = (upstream: Tcp, asked: string): Tcp => late(upstream, asked).wait(60).close('>')

const lost = (upstream: Tcp, asked: string): Tcp =>
  upstream.handshake().send('>', asked, { lost: true }).retransmit('>', void5).wait(5).fin('>', { lost: true })

describe('request-undelivered', () => {
  test('retransmitted, never acknowledged', async () => {
    expect(await judged({ attempts: [lost], answer: 504 })).toEqual({
      sides: 'request-undelivered network likely',
      // That capture ends with the handshake: nothing shows that it would have had the request.
      all: 'request-undelivered network likely',
      frames: ['1:4', '1:5', '1:6', '1:7', '1:8', '1:9'],
    })
  })

  test("the upstream's capture goes on without it", async () => {
    const { front, back, net } = gateway({
      attempts: [
        (upstream, asked, { at, elapsed, host, tcp }) => {
          at(elapsed() + 8, () => tcp(host('other', '10.1.0.9'), host('upstream', '10.1.0.2'), 22).handshake())
          lost(upstream, asked)
        },
      ],
      answer: 504,
    })
    expect(await verdictOf(front, back, net.capture('upstream'))).toBe('request-undelivered network certain')
  })

  test('large and small segments of an upload are lost alike: not the MTU', async () => {
    const story = { ask: 'POST /report', body: 'x'.repeat(3000), attempts: [lost], answer: 504 }
    expect(await judged(story)).toMatchObject({ sides: 'request-undelivered network likely' })
  })

  test('a path that dies in the middle of the request', async () => {
    const story = {
      ask: 'POST /report',
      body: 'x'.repeat(3120),
      attempts: [
        (upstream: Tcp, asked: string) =>
          upstream
            .handshake()
            .send('>', asked.slice(0, 200))
            .send('>', asked.slice(200), { lost: true })
            .retransmit('>', void5)
            .wait(10)
            .fin('>', { lost: true }),
      ],
      answer: 504,
    }
    expect(await judged(story)).toMatchObject({ sides: 'request-undelivered network likely' })
  })

  test('lost once and delivered: no cause', async () => {
    const fine = response(200, 'fine')
    const answers = (upstream: Tcp, asked: string): Tcp => late(upstream, asked).send('<', fine)
    expect(await judged({ attempts: [answers], answer: fine })).toMatchObject({ sides: 'none' })
    expect(await judged({ attempts: [silent], answer: 504 })).toMatchObject({
      sides: 'upstream-silent upstream likely',
      all: 'upstream-silent upstream certain',
    })
  })

  test('arrived, and the acknowledgements were lost: not that it did not arrive', async () => {
    const story = {
      attempts: [
        (upstream: Tcp, asked: string) =>
          upstream
            .handshake()
            .send('>', asked, { ack: 'lost' })
            .retransmit('>', { after: [0.2, 0.4, 0.8], ack: 'lost' })
            .wait(10)
            .fin('>', { lost: true }),
      ],
      answer: 504,
    }
    const { all } = await judged(story)
    expect(all).not.toMatch(/request-undelivered|certain/)
  })
})
