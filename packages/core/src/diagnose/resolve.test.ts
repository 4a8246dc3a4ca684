import {
  documentOf,
  gateway,
  hello12,
  judged,
  type Network,
  network,
  request,
  response,
  verdictOf,
  type Tcp,
} from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'
import type { Incident } from '../report/document.ts'

const fine = response(200, 'fine')
const served = (upstream: Tcp, asked: string): Tcp => upstream.handshake().send('>', asked).wait(0.01).send('<', fine)
const silent = (upstream: Tcp, asked: string): Tcp => upstream.handshake().send('>', asked).wait(60).close('>')
const refused = (upstream: Tcp): Tcp => upstream.syn().rst('<')
const page = (status: number): string => response(status, '<center>nginx/1.27.0</center>', { Server: 'nginx/1.27.0' })

const bad = (upstream: Tcp, asked: string): Tcp =>
  upstream.handshake().send('>', asked).send('<', 'HTTP/1.1 200 OK\r\nX-\0B: 1\r\nContent-Length: 0\r\n\r\n').fin('>')

describe('several tries', () => {
  test('the last one decides, the ones before contribute', async () => {
    const { front, back } = gateway({ attempts: [refused, silent], answer: 504 })
    const { incidents } = await documentOf(front, back)
    expect(incidents).toHaveLength(1)
    expect(incidents[0]).toMatchObject({
      cause: 'upstream-silent',
      upstream: '10.1.0.3:8080',
      contributing: ['connect-refused'],
      attempts: [{ cause: 'connect-refused' }, { cause: 'upstream-silent' }],
    })
  })

  test('an answer that the proxy refused, and got again', async () => {
    const { front, back } = gateway({ attempts: [bad, bad], answer: 502 })
    const { incidents } = await documentOf(front, back)
    expect(incidents).toMatchObject([{ attempts: [{ cause: 'response-malformed' }, { cause: 'response-malformed' }] }])
  })

  test.each<[string, (upstream: Tcp, asked: string) => Tcp, string]>([
    ['refused', refused, 'masked connect-refused upstream certain'],
    [
      'silent',
      (upstream, asked) => upstream.handshake().send('>', asked).wait(5).fin('>'),
      'masked upstream-silent upstream likely',
    ],
    [
      'reset',
      (upstream, asked) => upstream.handshake().send('>', asked).rst('<'),
      'masked reset-before-response upstream likely',
    ],
  ])('first %s, then served: a masked failure', async (_how, first, verdict) => {
    expect(await judged({ attempts: [first, served], answer: fine })).toMatchObject({ sides: verdict })
  })
})

const other = (net: Network, port: number): Tcp =>
  net.tcp(net.host('proxy-back', '10.1.0.1'), net.host('upstream', '10.1.0.9'), port)

describe('a connection that opens while the try is under way', () => {
  test('and carries nothing is none of the request', async () => {
    const attempts = [
      (upstream: Tcp, _asked: string, net: Network) => {
        net.at(net.elapsed() + 0.6, () => other(net, 8443).handshake())
        upstream.handshake().send('>', hello12(), { lost: true })
        return upstream.retransmit('>', { after: [0.2, 0.4, 0.8, 1.6], lost: true })
      },
    ]
    expect((await judged({ attempts, answer: 504 })).sides).toBe('request-undelivered network likely')
  })

  test('and is closed on is the next try', async () => {
    const attempts = [
      (upstream: Tcp, _asked: string, net: Network) => {
        net.at(net.elapsed() + 3.2, () => other(net, 8443).handshake().wait(0.1).rst('<'))
        return upstream
          .syn({ lost: true })
          .retransmit('>', { after: [1, 2], lost: true })
          .wait(0.31)
      },
    ]
    const { front, back } = gateway({ attempts, answer: 502 })
    const { incidents } = await documentOf(front, back)
    expect(incidents).toMatchObject([{ attempts: [{ cause: 'connect-timeout' }, { upstream: '10.1.0.9:8443' }] }])
  })
})

describe('what the client got', () => {
  test.each([500, 502, 503, 504])('any status of the proxy’s own: %i', async (status) => {
    expect(await judged({ attempts: [refused], answer: status })).toMatchObject({
      sides: 'connect-refused upstream certain',
    })
  })

  test.each<[string, (client: Tcp) => Tcp]>([
    ['FIN', (client) => client.fin('<')],
    ['RST', (client) => client.rst('<')],
  ])('nothing but a %s', async (_how, answer) => {
    expect((await judged({ attempts: [refused], answer })).sides).toMatch(/^connect-refused upstream (certain|likely)$/)
  })

  test.each(['HTTP/1.1 204 No Content\r\n\r\n', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n'])(
    'an answer without body, after long: %s',
    async (text) => {
      const attempts = [
        (upstream: Tcp, asked: string) => upstream.handshake().send('>', asked).wait(50).send('<', text),
      ]
      expect(await judged({ attempts, answer: text })).toMatchObject({ sides: 'none' })
    },
  )

  test('an early refusal of an upload, and the RST behind it', async () => {
    const text = response(413, 'too much', { Connection: 'close' })
    const attempts = [
      (upstream: Tcp, asked: string) => {
        upstream.handshake().send('>', asked.slice(0, 3000)).send('<', text).fin('<')
        return upstream.send('>', asked.slice(3000), { ack: 'none' }).rst('<', { bare: true })
      },
    ]
    const upload = { ask: 'POST /report', body: 'x'.repeat(6000), attempts }
    expect(await judged({ ...upload, answer: text })).toMatchObject({ sides: 'none' })
    expect((await judged({ ...upload, answer: 502 })).sides).not.toContain('certain')
  })

  test('the application’s own complaint about HTTPS', async () => {
    const text = response(400, '{"error":"redirect_uri must use HTTPS"}')
    const attempts = [(upstream: Tcp, asked: string) => upstream.handshake().send('>', asked).send('<', text)]
    expect(await judged({ attempts, answer: text })).toMatchObject({ sides: 'none' })
  })
})

const crossing = (client: Tcp): Tcp => client.send('<', page(504), { ack: 'none' }).wait(-0.0004).fin('>')

describe('a client that leaves', () => {
  test('long before, with the proxy closing behind it', async () => {
    const attempts = [(upstream: Tcp, asked: string) => upstream.handshake().send('>', asked).wait(5).fin('<').fin('>')]
    expect(await judged({ attempts, answer: (client) => client.wait(-0.01).rst('>') })).toMatchObject({ sides: 'none' })
  })

  test('just as the 504 is on its way', async () => {
    expect(await judged({ attempts: [silent], answer: crossing })).toMatchObject({
      sides: 'upstream-silent upstream likely',
    })
  })
})

/** Every two seconds one refused check of one upstream, and one good check of the other. */
function withChecks(attempt: (upstream: Tcp, asked: string) => Tcp, answer: string): Promise<string> {
  const net = network()
  const [front, back] = [net.host('proxy-front', '10.0.0.1'), net.host('proxy-back', '10.1.0.1')]
  const [app, down] = [net.host('upstream', '10.1.0.2'), net.host('upstream', '10.1.0.3')]
  for (let i = 0; i < 12; i++) {
    net.at(i * 2, () => net.tcp(back, down, 8080).syn().rst('<'))
    net.at(i * 2 + 0.3, () => {
      net.tcp(back, app, 8080).handshake().send('>', request('GET /healthz')).send('<', fine).close('>')
    })
  }
  net.wait(5)
  const client = net.tcp(net.host('client', '10.0.0.2'), front, 80).handshake()
  client.send('>', request('GET /report')).wait(0.001)
  attempt(net.tcp(back, app, 8080), request('GET /report'))
  client.wait(0.001).send('<', answer)
  return verdictOf(net.capture('proxy-front'), net.capture('proxy-back'))
}

describe('health checks', () => {
  test('do not mix into an unrelated failure', async () => {
    expect(
      await withChecks(
        (upstream, asked) => upstream.handshake().send('>', asked).wait(7.5).fin('<').fin('>'),
        page(502),
      ),
    ).toBe('closed-without-response upstream certain')
  })

  test('are no incidents by themselves', async () => {
    expect(
      await withChecks((upstream, asked) => upstream.handshake().send('>', asked).wait(7.5).send('<', fine), fine),
    ).toBe('none')
  })
})

const closed = (upstream: Tcp, asked: string): Tcp => upstream.handshake().send('>', asked).wait(0.3).fin('<').fin('>')
/** What the client leg and a capture at the first upstream show; the others were not captured. */
async function seenAtFirst(attempts: ((upstream: Tcp, asked: string, net: Network) => unknown)[]): Promise<Incident> {
  const { net, front } = gateway({ attempts, answer: 502 })
  const { incidents } = await documentOf(front, net.capture('upstream', { untilSeconds: 0.35 }))
  return incidents[0]!
}

describe('of the tries, only those that a capture at an upstream shows', () => {
  test('the proxy may have gone on to another: never certain', async () => {
    const incident = await seenAtFirst([closed])
    expect(incident).toMatchObject({ cause: 'closed-without-response', confidence: 'likely' })
    expect(incident.missing[0]).toMatchObject({ vantage: 'proxy-back' })
  })

  test('it did something where its answer came later', async () => {
    const incident = await seenAtFirst([closed, (_tcp, _asked, net) => net.wait(1)])
    expect(incident).toMatchObject({ cause: 'closed-without-response', confidence: 'possible' })
    expect(incident.competing.map(({ cause }) => cause)).toContain('undetermined')
  })
})

test('a bare 503 without the proxy’s upstream side may be the application’s: a note, no incident', async () => {
  const { net } = gateway({ attempts: [refused], answer: 502 })
  const client = net.tcp(net.host('client', '10.0.0.2'), net.host('proxy-front', '10.0.0.1'), 80).handshake()
  client.send('>', request('GET /busy')).send('<', response(503, 'busy'))
  const { incidents, notes } = await documentOf(net.capture('proxy-front'))
  expect(incidents.map(({ status }) => status)).toEqual([502])
  expect(notes).toEqual([expect.stringContaining('not judged: 1 answer 503 by 10.0.0.1:80')])
})

/** Captures of two proxies, one behind the other: `tell` says what the second does once it has the request. */
function chain(tell: (inner: Tcp, app: Tcp, asked: string) => unknown): Promise<Incident[]> {
  const net = network()
  const [user, front] = [net.host('client', '10.0.0.2'), net.host('proxy-front', '10.0.0.1')]
  const [back, second] = [net.host('proxy-back', '10.1.0.1'), net.host('proxy-front', '10.1.0.2')]
  const [behind, host] = [net.host('proxy-back', '10.2.0.1'), net.host('upstream', '10.2.0.2')]
  const pass = (path: string, then: (inner: Tcp, app: Tcp, asked: string) => unknown, answer: string): void => {
    const [ask, asked] = [request(`GET ${path}`), request(`GET ${path}`, { 'X-Forwarded-For': '10.0.0.2' })]
    const client = net.tcp(user, front, 80).handshake().send('>', ask).wait(0.0002)
    const inner = net.tcp(back, second, 80).handshake().send('>', asked).wait(0.0002)
    then(inner, net.tcp(behind, host, 8080).handshake().send('>', asked), asked)
    client.wait(0.0002).send('<', answer).wait(0.1)
  }
  const good = (inner: Tcp, app: Tcp): unknown => [app.wait(0.01).send('<', fine), inner.wait(0.0002).send('<', fine)]
  pass('/a', good, fine)
  pass('/b', good, fine)
  pass('/c', tell, page(502))
  return documentOf(net.capture('proxy-front'), net.capture('proxy-back')).then(({ incidents }) => incidents)
}

describe('a proxy behind a proxy that closes without an answer', () => {
  test('because its own upstream reset: that is the cause, and the only incident', async () => {
    const incidents = await chain((inner, app) => [app.wait(0.1).rst('<'), inner.close('<')])
    expect(incidents).toMatchObject([{ cause: 'reset-before-response', upstream: '10.2.0.2:8080' }])
  })

  test('while its own upstream let it wait: for reasons of its own', async () => {
    const incidents = await chain((inner, app) => [app.wait(0.5).fin('>'), inner.close('<')])
    expect(incidents).toMatchObject([{ cause: 'closed-without-response', upstream: '10.1.0.2:80' }])
  })
})
