import { judged, response, type Tcp } from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'

const again = { after: [0.2, 0.4, 0.8, 1.6, 3.2], lost: true }
const long = response(200, 'x'.repeat(8000))

describe('mtu-blackhole', () => {
  test('an upload: the small last segment is selectively acknowledged, the large ones never', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) =>
        upstream
          .handshake()
          .send('>', asked, { lost: [0, 1] })
          .retransmit('>', again)
          .wait(10)
          .fin('>'),
    ]
    expect(await judged({ ask: 'POST /report', body: 'x'.repeat(3000), attempts, answer: 504 })).toMatchObject({
      sides: 'mtu-blackhole network certain',
      all: 'mtu-blackhole network certain',
    })
  })

  test('a download: large segments leave the upstream again and again', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) =>
        upstream
          .handshake()
          .send('>', asked)
          .send('<', long, { lost: [0, 1, 2, 3, 4] })
          .retransmit('<', again)
          .wait(20)
          .fin('>'),
    ]
    expect(await judged({ attempts, answer: 504 })).toMatchObject({
      sides: 'mtu-blackhole network likely',
      all: 'mtu-blackhole network certain',
    })
  })

  test('only large segments were sent: a dead path looks the same', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) =>
        upstream.handshake().send('>', asked, { lost: true }).retransmit('>', again).wait(10).fin('>', { lost: true }),
    ]
    const { sides } = await judged({ ask: 'POST /report', body: 'x'.repeat(4000), attempts, answer: 504 })
    expect(sides).toBe('mtu-blackhole network possible')
  })

  test('the large segment arrived at the second try', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) =>
        upstream
          .handshake()
          .send('>', asked, { lost: [0] })
          .retransmit('>')
          .wait(60)
          .close('>'),
    ]
    expect(await judged({ ask: 'POST /report', body: 'x'.repeat(6000), attempts, answer: 504 })).toMatchObject({
      sides: 'upstream-silent upstream likely',
      all: 'upstream-silent upstream certain',
    })
  })

  test('other large segments passed: plain loss', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) =>
        upstream
          .handshake()
          .send('>', asked)
          .send('<', long, { lost: [1] })
          .retransmit('<', again)
          .wait(20)
          .fin('>'),
    ]
    expect(await judged({ attempts, answer: 504 })).toMatchObject({ all: 'response-lost network certain' })
  })
})
