import {
  verdictOf,
  gateway,
  clientFlight12,
  clientFlight13,
  hello12,
  hello13,
  hiddenAlert13,
  judged,
  opaqueRecord,
  serverFlight12,
  serverFlight13,
  type Tcp,
  tickets13,
  tlsAlert,
} from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'

const HANDSHAKE_FAILURE = 40
const REQUEST = opaqueRecord(300)

const asked12 = (tcp: Tcp) =>
  tcp
    .handshake()
    .send('>', hello12())
    .send('<', serverFlight12({ asks: true }))
    .send('>', clientFlight12({ asked: true }))
const asked13 = (tcp: Tcp, asked = true) =>
  tcp
    .handshake()
    .send('>', hello13())
    .send('<', serverFlight13({ asks: asked }))
    .send('>', clientFlight13({ asked }))

const CAUSE = 'tls-client-certificate-required'

describe('tls-client-certificate-required', () => {
  test('handshake_failure behind an empty Certificate', async () => {
    const attempts = [(upstream: Tcp) => asked12(upstream).send('<', tlsAlert(2, HANDSHAKE_FAILURE)).close('<')]
    expect(await judged({ attempts, answer: 502 })).toEqual({
      sides: `${CAUSE} proxy certain`,
      all: `${CAUSE} proxy certain`,
      frames: ['1:10'],
    })
  })

  test('TLS 1.3 without keys: the request was sent, a short record and a RST come back', async () => {
    const attempts = [(upstream: Tcp) => asked13(upstream).send('>', REQUEST).send('<', hiddenAlert13()).rst('<')]
    expect(await judged({ attempts, answer: 502 })).toMatchObject({ sides: `${CAUSE} proxy likely` })
  })

  test('a close without an alert', async () => {
    const attempts = [(upstream: Tcp) => asked12(upstream).close('<')]
    expect(await judged({ attempts, answer: 502 })).toMatchObject({ sides: `${CAUSE} proxy likely` })
  })

  test('a capture that cuts packets has the alert, and the order of segments', async () => {
    const attempts = [(upstream: Tcp) => asked12(upstream).send('<', tlsAlert(2, HANDSHAKE_FAILURE)).close('<')]
    const { front, net } = gateway({ attempts, answer: 502 })
    expect(await verdictOf(front, net.capture('proxy-back', { snapLength: 200 }))).toBe(`${CAUSE} proxy likely`)
  })

  test('a server that sends tickets does without', async () => {
    const attempts = [(upstream: Tcp) => asked13(upstream).send('<', tickets13()).send('>', REQUEST).wait(0.2).rst('<')]
    expect((await judged({ attempts, answer: 502 })).sides).toContain('reset-before-response')
  })

  test('a proxy that was not asked cannot have lacked one', async () => {
    const attempts = [
      (upstream: Tcp) => asked13(upstream, false).send('>', REQUEST).send('<', hiddenAlert13()).rst('<'),
    ]
    expect((await judged({ attempts, answer: 502 })).sides).not.toContain(CAUSE)
  })
})
