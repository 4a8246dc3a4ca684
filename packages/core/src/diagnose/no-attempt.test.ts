import type { Incident } from '@pcap-surgery/core'
import {
  clientFlight12,
  documentOf,
  gateway,
  hello12,
  network,
  opaqueRecord,
  request,
  response,
  serverFinished12,
  serverFlight12,
  verdictOf,
  type Host,
  type Network,
  type Tcp,
} from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'

const page = (status: number): string => response(status, '<center>nginx/1.27.0</center>', { Server: 'nginx/1.27.0' })

/** A request that the proxy answers by itself, and what its other side does before that. */
function answeredAlone(status: number, meanwhile: (net: Network, back: Host) => void): Promise<string> {
  const net = network()
  const [front, back] = [net.host('proxy-front', '10.0.0.1'), net.host('proxy-back', '10.1.0.1')]
  const client = net.tcp(net.host('client', '10.0.0.2'), front, 80).handshake().send('>', request('GET /report'))
  net.wait(0.001)
  meanwhile(net, back)
  client.wait(0.001).send('<', page(status))
  return verdictOf(net.capture('proxy-front'), net.capture('proxy-back'))
}

const onlyIp4 = (net: Network, back: Host): void => {
  const server = net.host('dns', '10.1.0.53')
  net.dns(back, server, 'app.internal', { type: 'AAAA', answer: 'NXDOMAIN' })
  net.dns(back, server, 'app.internal', { answer: ['10.1.0.2'] })
  net.tcp(back, net.host('upstream', '10.1.0.2'), 8080).syn().rst('<')
}

describe('name-resolution-failed', () => {
  test.each(['NXDOMAIN', 'SERVFAIL', 'REFUSED', null] as const)('the name server says %s', async (answer) => {
    const ask = (net: Network, back: Host): void => {
      const server = net.host('dns', '10.1.0.53')
      net.dns(back, server, 'app.internal', { answer })
      if (answer === null) net.wait(5)
    }
    expect(await answeredAlone(502, ask)).toMatch(/^name-resolution-failed name-service (likely|certain)$/)
  })

  test('a proxy that answers only seconds after the name server may have waited for somebody else', async () => {
    const verdict = await answeredAlone(504, (net, back) => {
      net.dns(back, net.host('dns', '10.1.0.53'), 'app.internal', { answer: 'NXDOMAIN' })
      net.wait(3)
    })
    expect(verdict).toBe('name-resolution-failed name-service likely')
  })

  test('no IPv6 address is no failure where there is an IPv4 one', async () => {
    expect(await answeredAlone(502, onlyIp4)).toBe('connect-refused upstream certain')
  })
})

describe('no-healthy-upstream', () => {
  test('a proxy whose checks fail answers at once', async () => {
    const net = network()
    const [front, back] = [net.host('proxy-front', '10.0.0.1'), net.host('proxy-back', '10.1.0.1')]
    const app = net.host('upstream', '10.1.0.2')
    for (let i = 0; i < 8; i++) net.at(i * 2, () => net.tcp(back, app, 8080).syn().rst('<'))
    net.wait(11.5)
    const client = net.tcp(net.host('client', '10.0.0.2'), front, 80).handshake().send('>', request('GET /report'))
    client.wait(0.001).send('<', page(502))
    const verdict = await verdictOf(net.capture('proxy-front'), net.capture('proxy-back'))
    expect(verdict).toMatch(/^no-healthy-upstream load-balancer (likely|possible)$/)
  })
})

describe('undetermined', () => {
  test('the other side of the proxy was not captured', async () => {
    const { front } = gateway({
      attempts: [(upstream, asked) => upstream.handshake().send('>', asked).wait(60).close('>')],
      answer: 504,
    })
    const { incidents } = await documentOf(front)
    expect(incidents).toMatchObject([{ cause: 'undetermined', missing: [{ vantage: 'proxy-back' }] }])
  })

  test('it was captured too late', async () => {
    const { front, net } = gateway({
      attempts: [(upstream, asked) => upstream.handshake().send('>', asked).wait(60).close('>')],
      answer: 504,
    })
    const verdict = await verdictOf(front, net.capture('proxy-back', { fromSeconds: 30 }))
    expect(verdict).not.toContain('certain')
  })
})

/** Healthy exchanges over both legs, and then what a failed request comes to. */
async function behindHealthy(tell: (net: Network, client: Tcp, back: Host) => void): Promise<Incident[]> {
  const net = network()
  const [user, front] = [net.host('client', '10.0.0.2'), net.host('proxy-front', '10.0.0.1')]
  const [back, app] = [net.host('proxy-back', '10.1.0.1'), net.host('upstream', '10.1.0.2')]
  for (let n = 0; n < 6; n++) {
    const client = net
      .tcp(user, front, 80)
      .handshake()
      .send('>', request(`GET /fine/${n}`))
    net
      .tcp(back, app, 8080)
      .handshake()
      .send('>', request(`GET /fine/${n}`))
      .send('<', response(200, 'fine'))
    client.send('<', response(200, 'fine')).wait(0.05)
  }
  tell(net, net.tcp(user, front, 80).handshake(), back)
  return (await documentOf(net.capture('proxy-front'), net.capture('proxy-back'))).incidents
}

describe('a proxy that was seen to pass requests on', () => {
  test('who answers at once waited for nothing: not for what was under way inside TLS', async () => {
    const incidents = await behindHealthy((net, client, back) => {
      const other = net.tcp(back, net.host('other', '10.1.0.9'), 443).handshake()
      other.send('>', hello12()).send('<', serverFlight12()).send('>', clientFlight12()).send('<', serverFinished12())
      other.send('>', opaqueRecord(200)).wait(1)
      client.send('>', request('GET /report')).wait(0.0002).send('<', page(503))
    })
    expect(incidents).toMatchObject([{ cause: 'no-healthy-upstream' }])
  })

  test('where its other side is captured and nothing is joined to a request, both sides in one capture are missing', async () => {
    const incidents = await behindHealthy((_, client) => {
      client.send('>', request('GET /report')).wait(3).send('<', page(504))
    })
    expect(incidents).toMatchObject([{ cause: 'undetermined', missing: [{ vantage: 'proxy-back' }] }])
    expect(incidents[0]!.missing[0]!.because).toContain('both sides of the proxy in one capture')
  })

  test('a client that stalls in its request is left without an answer, which is no failure', async () => {
    const incidents = await behindHealthy((_, client) => {
      client
        .send('>', request('POST /upload', { 'Content-Length': '4000' }))
        .wait(2)
        .close('<')
    })
    expect(incidents).toEqual([])
  })
})
