import { judged, response, type Tcp } from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'

const upload = { ask: 'POST /report', body: 'x'.repeat(20_000), upstream: { window: 8192 }, answer: 504 }
const long = response(200, 'x'.repeat(8000))

describe('zero-window', () => {
  test('the upstream stops reading the request', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) => {
        upstream.handshake().send('>', asked.slice(0, 8000)).window('<', 0)
        for (let i = 0; i < 5; i++) upstream.wait(1).windowProbe('>')
        return upstream.wait(20).fin('>')
      },
    ]
    expect(await judged({ ...upload, attempts })).toMatchObject({ sides: 'zero-window upstream certain' })
  })

  test('it closes only after the proxy has long waited for something else', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) =>
        upstream.handshake().send('>', asked.slice(0, 8000)).wait(50).window('<', 0).wait(0.6).fin('>'),
    ]
    expect((await judged({ ...upload, attempts })).sides).not.toContain('certain')
  })

  test('it reads on, takes all of it, and says nothing', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) => {
        upstream.handshake().send('>', asked.slice(0, 8000)).window('<', 0)
        for (let i = 0; i < 3; i++) upstream.wait(1).windowProbe('>')
        return upstream.window('<', 60_000).send('>', asked.slice(8000)).wait(60).close('>')
      },
    ]
    expect(await judged({ ...upload, attempts })).toMatchObject({
      sides: 'upstream-silent upstream likely',
      all: 'upstream-silent upstream certain',
    })
  })

  test('the proxy stops reading the response', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) => {
        upstream.handshake().send('>', asked).send('<', long.slice(0, 6000)).window('>', 0)
        for (let i = 0; i < 5; i++) upstream.wait(1).windowProbe('<')
        return upstream.wait(20).fin('>')
      },
    ]
    expect(await judged({ attempts, answer: 504 })).toMatchObject({ sides: 'zero-window proxy likely' })
  })

  test('the proxy opens its window again, and nothing comes', async () => {
    const attempts = [
      (upstream: Tcp, asked: string) =>
        upstream
          .handshake()
          .send('>', asked)
          .send('<', long.slice(0, 6000))
          .window('>', 0)
          .wait(2)
          .window('>', 60_000)
          .wait(30)
          .fin('>'),
    ]
    expect(await judged({ attempts, answer: 504 })).toMatchObject({ sides: 'response-stalled upstream likely' })
  })
})
