import { judged, response, type Tcp } from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'

const long = response(200, 'x'.repeat(8000))
const losing = (options: { lost: number[] }) => (upstream: Tcp, asked: string) =>
  upstream
    .handshake()
    .send('>', asked)
    .wait(0.1)
    .send('<', long, options)
    .retransmit('<', { after: [0.2, 0.4, 0.8, 1.6], lost: true })
    .wait(20)
    .fin('>')

describe('response-lost', () => {
  test('holes that stay open, whatever their size', async () => {
    expect(await judged({ attempts: [losing({ lost: [1, 3] })], answer: 504 })).toMatchObject({
      sides: 'response-lost network certain',
      all: 'response-lost network certain',
    })
  })

  test('all of it was lost: at the proxy it looks like silence', async () => {
    expect(await judged({ attempts: [losing({ lost: [0, 1, 2, 3, 4, 5] })], answer: 504 })).toMatchObject({
      sides: 'upstream-silent upstream likely',
      all: expect.stringMatching(/^response-lost network/),
    })
  })

  test('sent in time, lost, and repeated too late: not slow', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) =>
        upstream
          .handshake()
          .send('>', asked)
          .wait(0.05)
          .send('<', response(200, 'fine'), { lost: true })
          .wait(0.05)
          .fin('>')
          .retransmit('<', { after: [0.15] }),
    ]
    expect(await judged({ attempts, answer: 504 })).toMatchObject({ all: 'response-lost network likely' })
  })

  test('the hole was filled only after the proxy had given up', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) =>
        upstream
          .handshake()
          .send('>', asked)
          .send('<', long, { lost: [1, 2] })
          .wait(10)
          .fin('>')
          .retransmit('<'),
    ]
    expect(await judged({ attempts, answer: 504 })).toMatchObject({
      sides: expect.stringMatching(/^response-lost network/),
      all: expect.stringMatching(/^response-lost network/),
    })
  })

  test('the hole was filled before: what followed is the cause', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) =>
        upstream
          .handshake()
          .send('>', asked)
          .send('<', long.slice(0, 5000), { lost: [1] })
          .retransmit('<')
          .wait(30)
          .fin('>'),
    ]
    expect(await judged({ attempts, answer: 504 })).toMatchObject({
      sides: 'response-stalled upstream likely',
      all: 'response-stalled upstream certain',
    })
  })

  test('a hole in the capture alone is none', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) =>
        upstream
          .handshake()
          .send('>', asked)
          .send('<', long.slice(0, 7000), { unseen: [2] })
          .wait(30)
          .fin('>'),
    ]
    expect(await judged({ attempts, answer: 504 })).toMatchObject({
      sides: 'response-stalled upstream likely',
      all: 'response-stalled upstream likely',
    })
  })
})
