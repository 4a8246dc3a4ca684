import {
  clientFlight13,
  hello13,
  judged,
  opaqueRecord,
  serverFlight13,
  type Tcp,
  tickets13,
  workedBefore,
} from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'

const after = (end: (upstream: Tcp) => unknown) => [
  (upstream: Tcp) => end(upstream.handshake().send('>', hello13()).wait(0.05)),
]

const flights = (upstream: Tcp) =>
  upstream.handshake().send('>', hello13()).send('<', serverFlight13()).send('>', clientFlight13())

describe('tls-closed', () => {
  test('a FIN is the upstream’s word', async () => {
    expect(await judged({ attempts: after((upstream) => upstream.close('<')), answer: 502 })).toEqual({
      sides: 'tls-closed upstream certain',
      all: 'tls-closed upstream certain',
      frames: ['1:6'],
    })
  })

  test('a RST takes the upstream’s own capture', async () => {
    expect(await judged({ attempts: after((upstream) => upstream.rst('<')), answer: 502 })).toMatchObject({
      sides: 'tls-closed upstream likely',
      all: 'tls-closed upstream certain',
    })
  })

  test('a RST that the upstream did not send is a middlebox’s', async () => {
    const attempts = after((upstream) => upstream.rst('<', { forged: true, unseen: ['upstream'], ttl: 200 }).wait(1))
    expect((await judged({ attempts, answer: 502 })).sides).toContain('reset-by-middlebox')
  })

  test('in the middle of the flight', async () => {
    const attempts = after((upstream) => upstream.send('<', serverFlight13().slice(0, 600)).wait(0.1).close('<'))
    expect(await judged({ attempts, answer: 502 })).toMatchObject({ sides: 'tls-closed upstream certain' })
  })

  test('TLS 1.3: no ticket came behind the proxy’s Finished, where others got some', async () => {
    const reset = [(upstream: Tcp) => flights(upstream).send('>', opaqueRecord(300)).wait(0.1).rst('<')]
    expect(await judged({ attempts: reset, answer: 502, before: workedBefore() })).toMatchObject({
      sides: 'tls-closed upstream likely',
    })
    const agreed = [
      (upstream: Tcp) => flights(upstream).send('<', tickets13()).send('>', opaqueRecord(300)).wait(0.1).rst('<'),
    ]
    expect((await judged({ attempts: agreed, answer: 502 })).sides).toContain('reset-before-response')
  })
})
