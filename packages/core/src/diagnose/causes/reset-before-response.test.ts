import { judged, response, type Tcp } from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'

describe('reset-before-response', () => {
  const attempts = [(upstream: Tcp, asked: string) => upstream.handshake().send('>', asked).wait(0.02).rst('<')]

  test('only the upstream’s own capture proves who sent the RST', async () => {
    expect(await judged({ attempts, answer: 502 })).toEqual({
      sides: 'reset-before-response upstream likely',
      all: 'reset-before-response upstream certain',
      frames: ['1:6'],
    })
  })

  test('the capture at the proxy missed the part of the response that the other one has', async () => {
    const partly = [
      (upstream: Tcp, asked: string) =>
        upstream
          .handshake()
          .send('>', asked)
          .send('<', response(200, 'fine').slice(0, 20), { unseen: ['proxy-back'] })
          .rst('<'),
    ]
    expect((await judged({ attempts: partly, answer: 502 })).all).not.toContain('certain')
  })

  test('100 Continue is no response', async () => {
    const upload = [
      (upstream: Tcp, asked: string) => {
        upstream.handshake().send('>', asked.slice(0, -500)).send('<', 'HTTP/1.1 100 Continue\r\n\r\n')
        return upstream.send('>', asked.slice(-500)).wait(0.5).rst('<')
      },
    ]
    const story = { ask: 'POST /report', body: 'x'.repeat(500), attempts: upload, answer: 502 }
    expect(await judged(story)).toMatchObject({ sides: 'reset-before-response upstream likely' })
  })

  test('a RST behind a complete response spoils nothing', async () => {
    const fine = [
      (upstream: Tcp, asked: string) => upstream.handshake().send('>', asked).send('<', response(200, 'fine')).rst('<'),
    ]
    expect(await judged({ attempts: fine, answer: response(200, 'fine') })).toMatchObject({ sides: 'none' })
    expect(await judged({ attempts: fine, answer: 502 })).toMatchObject({ sides: 'undetermined unknown possible' })
  })
})
