import {
  clientFlight12,
  clientFlight13,
  documentOf,
  gateway,
  hello12,
  hello13,
  hiddenAlert12,
  hiddenAlert13,
  judged,
  opaqueRecord,
  serverFinished12,
  serverFlight12,
  serverFlight13,
  type Tcp,
  tickets13,
  tlsAlert,
} from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'

const UNKNOWN_CA = 48
const INTERNAL_ERROR = 80

const shown12 = (tcp: Tcp, name?: string) => tcp.handshake().send('>', hello12(name)).send('<', serverFlight12())
const shown13 = (tcp: Tcp) => tcp.handshake().send('>', hello13()).send('<', serverFlight13())

const likely = { sides: 'tls-certificate-rejected upstream likely' }

describe('tls-certificate-rejected', () => {
  test('the proxy names it, and the certificate is there to be looked at', async () => {
    // The certificate is valid from November 2026 on, and the capture is older.
    const attempts = [(upstream: Tcp) => shown12(upstream, 'other.test').send('>', tlsAlert(2, UNKNOWN_CA)).close('>')]
    expect(await judged({ attempts, answer: 502 })).toEqual({
      sides: 'tls-certificate-rejected upstream certain',
      all: 'tls-certificate-rejected upstream certain',
      frames: ['1:8'],
    })
    const { front, back } = gateway({ attempts, answer: 502 })
    const [incident] = (await documentOf(front, back)).incidents
    const said = incident!.findings.map(({ text }) => text).join('\n')
    expect(said).toContain('CN=app.internal')
    expect(said).toContain("it becomes valid only 324 days later, by the capture's clock")
    expect(said).toContain('it is for other names than the one asked for')
  })

  test('an alert of another name, with the certificate on the table', async () => {
    const attempts = [(upstream: Tcp) => shown12(upstream).send('>', tlsAlert(2, INTERNAL_ERROR)).close('>')]
    expect(await judged({ attempts, answer: 502 })).toMatchObject(likely)
  })

  test('TLS 1.3 without keys: an alert, or nothing but a FIN, right behind the flight', async () => {
    const alert = [(upstream: Tcp) => shown13(upstream).send('>', hiddenAlert13()).close('>')]
    expect(await judged({ attempts: alert, answer: 502 })).toMatchObject(likely)
    const bare = [(upstream: Tcp) => shown13(upstream).close('>')]
    expect(await judged({ attempts: bare, answer: 502 })).toMatchObject(likely)
  })

  test('a proxy that verifies when the handshake is complete leaves without a request', async () => {
    const after13 = [(upstream: Tcp) => shown13(upstream).send('>', clientFlight13()).send('<', tickets13()).close('>')]
    expect(await judged({ attempts: after13, answer: 502 })).toMatchObject(likely)
    const after12 = [
      (upstream: Tcp) =>
        shown12(upstream)
          .send('>', clientFlight12())
          .send('<', serverFinished12())
          .send('>', hiddenAlert12())
          .close('>'),
    ]
    expect(await judged({ attempts: after12, answer: 502 })).toMatchObject(likely)
  })

  test('a connection that stood idle for long was not rejected, nor one that carried a request', async () => {
    const idle = [(upstream: Tcp) => shown13(upstream).send('>', clientFlight13()).wait(5).close('>')]
    expect((await judged({ attempts: idle, answer: 502 })).sides).not.toContain('tls-certificate-rejected')
    const used = [
      (upstream: Tcp) =>
        shown13(upstream).send('>', clientFlight13()).send('<', tickets13()).send('>', opaqueRecord(300)).close('>'),
    ]
    expect((await judged({ attempts: used, answer: 502 })).sides).not.toContain('tls-certificate-rejected')
  })
})
