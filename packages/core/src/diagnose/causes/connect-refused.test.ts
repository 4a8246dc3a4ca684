import { judged, response, type Tcp } from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'

describe('connect-refused', () => {
  test('a RST answers the SYN', async () => {
    expect(await judged({ attempts: [(upstream) => upstream.syn().rst('<')], answer: 502 })).toEqual({
      sides: 'connect-refused upstream certain',
      all: 'connect-refused upstream certain',
      frames: ['1:2'],
    })
  })

  test('somebody on the way refuses in the name of the upstream', async () => {
    const story = { attempts: [(upstream: Tcp) => upstream.syn().rst('<', { forged: true })], answer: 502 }
    expect(await judged(story)).toMatchObject({ all: 'connect-refused network likely' })
  })

  test('the next upstream answers: nobody noticed', async () => {
    const story = {
      attempts: [
        (upstream: Tcp) => upstream.syn().rst('<'),
        (upstream: Tcp, asked: string) => upstream.handshake().send('>', asked).send('<', response(200, 'fine')),
      ],
      answer: response(200, 'fine'),
    }
    expect(await judged(story)).toMatchObject({ sides: 'masked connect-refused upstream certain' })
  })

  test('a RST after the handshake is no refusal', async () => {
    const story = {
      attempts: [(upstream: Tcp, asked: string) => upstream.handshake().send('>', asked).rst('<')],
      answer: 502,
    }
    expect(await judged(story)).toMatchObject({ sides: 'reset-before-response upstream likely' })
  })
})
