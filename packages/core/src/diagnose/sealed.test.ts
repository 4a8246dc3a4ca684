// Legs inside TLS without keys: what still tells why a request failed, and what looks like failure in healthy traffic.
import {
  clientFlight12,
  clientFlight13,
  gateway,
  type GatewayScenario,
  hello12,
  hello13,
  hiddenAlert12,
  network,
  request,
  response,
  opaqueRecord,
  serverFinished12,
  serverFlight12,
  serverFlight13,
  documentOf,
  type Network,
  type Tcp,
  verdictOf,
} from '@pcap-surgery/testkit'
import type { DiagnosisDocument } from '@pcap-surgery/core'
import { describe, expect, test } from 'vitest'

/** A record that protects so many bytes: AES-GCM of TLS 1.2 and of TLS 1.3. */
const sealed = (length: number) => opaqueRecord(length + 24)
const sealed13 = (length: number) => opaqueRecord(length + 17)

const open = (tcp: Tcp): Tcp =>
  tcp
    .handshake()
    .send('>', hello12())
    .send('<', serverFlight12())
    .send('>', clientFlight12())
    .send('<', serverFinished12())
const asked = (tcp: Tcp): Tcp => open(tcp).send('>', sealed(200))
const gone = (tcp: Tcp): Tcp => tcp.send('>', hiddenAlert12()).fin('>')
const used = (tcp: Tcp): Tcp => asked(tcp).wait(0.01).send('<', sealed(400))

type Attempt = GatewayScenario['attempts'][number]

const segmentsLost: Attempt = (up) =>
  gone(
    open(up)
      .send('>', sealed(4000), { lost: [0, 1] })
      .retransmit('>', { after: [0.2, 0.4, 0.8, 1.6], lost: true }),
  )
const smallAnswer: Attempt = (up) => {
  up.handshake().send('>', hello13()).send('<', serverFlight13()).send('>', clientFlight13())
  return up.send('>', sealed13(200)).wait(0.002).send('<', sealed13(90))
}
const resetBehind: Attempt = (up) => asked(up).wait(0.01).send('<', sealed(100)).wait(0.02).rst('<')

describe('a readable client leg, a sealed upstream leg', () => {
  test.each<[string, Attempt, number]>([
    ['upstream-silent upstream likely', (up) => gone(asked(up).wait(5)), 504],
    ['upstream-slow upstream certain', (up) => gone(asked(up).wait(5)).send('<', sealed(400)), 504],
    ['response-stalled upstream likely', (up) => gone(asked(up).send('<', sealed(100)).wait(5)), 504],
    ['reset-before-response upstream likely', (up) => asked(up).wait(0.1).rst('<'), 502],
    ['reset-mid-response upstream likely', (up) => asked(up).send('<', sealed(900).subarray(0, 300)).rst('<'), 502],
    [
      'closed-without-response upstream certain',
      (up) => asked(up).wait(0.1).send('<', hiddenAlert12()).close('<'),
      502,
    ],
    ['response-truncated upstream certain', (up) => asked(up).send('<', sealed(900).subarray(0, 300)).close('<'), 502],
    ['zero-window upstream certain', (up) => stuck(open(up)), 504],
    ['connect-refused upstream certain', (up) => up.syn().rst('<'), 502],
    [
      'connect-timeout network likely',
      (up) =>
        up
          .syn({ lost: true })
          .retransmit('>', { after: [1, 2], lost: true })
          .wait(2),
      504,
    ],
  ])('%s', async (verdict, attempt, answer) => {
    const { front, back } = gateway({ attempts: [attempt], answer })
    expect(await verdictOf(front, back)).toBe(verdict)
  })

  test.each<[string, number, (up: Tcp) => unknown]>([
    [
      'keepalive-race',
      5,
      (up) => up.fin('<', { ack: 'none' }).wait(-0.0003).send('>', sealed(200)).rst('<', { bare: true }),
    ],
    ['request-undelivered', 0.2, unheard],
    ['idle-drop', 900, unheard],
  ])('on a connection used before: %s', async (cause, seconds, fail) => {
    const net = network()
    const [client, front] = [net.host('client', '10.0.0.2'), net.host('proxy-front', '10.0.0.1')]
    const leg = net.tcp(client, front, 80).handshake().send('>', request('GET /a'))
    const up = used(net.tcp(net.host('proxy-back', '10.1.0.1'), net.host('upstream', '10.1.0.2'), 8443))
    leg.send('<', response(200, 'fine')).wait(seconds).send('>', request('GET /b'))
    fail(up)
    leg.send('<', response(502, 'sorry', { Server: 'nginx' }))
    expect(await verdictOf(net.capture('proxy-front'), net.capture('proxy-back'))).toMatch(new RegExp(`^${cause} `))
  })

  test('full-size segments of the request do not arrive: mtu-blackhole', async () => {
    const { front, back } = gateway({ attempts: [segmentsLost], answer: 504 })
    expect(await verdictOf(front, back)).toMatch(/^mtu-blackhole network/)
  })

  test('a whole answer that the client did not get: what was wrong with it stays unread', async () => {
    const { front, back } = gateway({ attempts: [(up) => asked(up).wait(0.1).send('<', sealed(300))], answer: 502 })
    expect(await verdictOf(front, back)).toMatch(/possible$/)
  })

  test('the application’s own error is nobody else’s', async () => {
    const { front, back } = gateway({ attempts: [(up) => asked(up).wait(0.1).send('<', sealed(300))], answer: 500 })
    expect(await verdictOf(front, back)).toBe('none')
  })

  test('it comes in one small record on a connection without tickets', async () => {
    const { front, back } = gateway({ attempts: [smallAnswer], answer: 500 })
    expect(await verdictOf(front, back)).toBe('none')
  })

  test('a reset behind the answer is no failure', async () => {
    const { front, back } = gateway({
      attempts: [resetBehind],
      answer: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
    })
    expect(await verdictOf(front, back)).toBe('none')
  })
})

/** The upstream stops reading: its window closes, probes are answered, until the proxy gives up. */
function stuck(tcp: Tcp): Tcp {
  tcp.send('>', sealed(14000)).window('<', 0)
  for (let i = 0; i < 3; i++) tcp.wait(1).windowProbe('>')
  return tcp.wait(1).rst('>')
}

function unheard(tcp: Tcp): Tcp {
  tcp.send('>', sealed(200), { lost: true }).retransmit('>', { after: [0.2, 0.4, 0.8, 1.6], lost: true })
  return tcp.wait(1).fin('>', { lost: true })
}

/** Who talks: a client with the proxy, and the proxy with its upstreams; all of it inside TLS. */
interface Legs {
  net: Network
  client: Tcp
  upstream: Tcp
  another: () => Tcp
}

async function said(tell: (legs: Legs) => unknown): Promise<string> {
  const net = network()
  const [client, front] = [net.host('client', '10.0.0.2'), net.host('proxy-front', '10.0.0.1')]
  const [back, app] = [net.host('proxy-back', '10.1.0.1'), net.host('upstream', '10.1.0.2')]
  const leg = open(net.tcp(client, front, 443))
  const upstream = open(net.tcp(back, app, 8443))
  net.wait(0.2)
  tell({ net, client: leg, upstream, another: () => open(net.tcp(back, app, 8443)) })
  net.wait(10)
  const captures = [net.capture('proxy-front'), net.capture('proxy-back')]
  const { incidents } = await documentOf(...captures)
  expect(incidents.every(({ statusSeen }) => !statusSeen)).toBe(true)
  return verdictOf(...captures)
}

/** One request that goes well, so that the two legs are known to belong together. */
function passed({ client, upstream }: Legs, requestBytes = 200, responseBytes = 600): void {
  client.send('>', sealed(requestBytes))
  upstream
    .send('>', sealed(requestBytes + 40))
    .wait(0.02)
    .send('<', sealed(responseBytes))
  client.send('<', sealed(responseBytes + 30)).wait(0.3)
}

describe('a sealed client leg', () => {
  test.each<[string, (upstream: Tcp) => unknown]>([
    ['upstream-silent upstream likely', (up) => gone(up.wait(5))],
    ['reset-before-response upstream likely', (up) => up.wait(0.1).rst('<')],
    ['closed-without-response upstream likely', (up) => up.wait(0.1).send('<', hiddenAlert12()).close('<')],
  ])('%s', async (verdict, end) => {
    const failed = (legs: Legs): void => {
      passed(legs)
      legs.client.send('>', sealed(210))
      end(legs.upstream.send('>', sealed(250)))
      legs.client.send('<', sealed(320))
    }
    expect(await said(failed)).toBe(verdict)
  })

  test.each<[string, (legs: Legs) => unknown]>([
    ['requests on kept connections', (legs) => [1, 2, 3].forEach(() => passed(legs))],
    ['answers without content', (legs) => [1, 2, 3].forEach(() => passed(legs, 200, 60))],
    [
      'a client that hangs up, whose request the proxy then drops',
      (legs) => {
        passed(legs)
        legs.client.send('>', sealed(210))
        legs.upstream.send('>', sealed(250))
        gone(legs.client.wait(3))
        gone(legs.upstream)
      },
    ],
    [
      'the same, and the proxy answers nobody',
      (legs) => {
        passed(legs)
        legs.client.send('>', sealed(210))
        legs.upstream.send('>', sealed(250))
        legs.client.wait(3).send('>', hiddenAlert12()).fin('>')
        gone(legs.upstream)
        legs.client.send('<', sealed(140))
      },
    ],
    [
      'the last message of a WebSocket, after which both legs close',
      (legs) => {
        passed(legs, 200, 130)
        legs.client.wait(1).send('>', sealed(80))
        legs.upstream.send('>', sealed(80)).send('<', hiddenAlert12()).close('<')
        legs.client.send('<', hiddenAlert12()).close('<')
      },
    ],
    [
      'an idle connection that the upstream closes',
      (legs) => {
        passed(legs)
        legs.upstream.wait(5).send('<', hiddenAlert12()).close('<')
        legs.client.wait(1).close('>')
      },
    ],
    [
      'an upstream that resets behind the answer',
      ({ client, upstream, net }) => {
        client.send('>', sealed(200))
        upstream.send('>', sealed(240)).wait(0.02).send('<', sealed(300))
        client.send('<', sealed(330))
        net.wait(0.02)
        upstream.rst('<')
      },
    ],
    [
      'health checks that shake hands and leave',
      (legs) => {
        legs.client.send('>', sealed(200))
        gone(legs.another())
        passed({ ...legs })
      },
    ],
  ])('healthy: %s', async (_, tell) => {
    expect(await said(tell)).toBe('none')
  })
})

type Telling = (client: Tcp, upstream: (port?: number) => Tcp, another: Tcp) => unknown

/** A proxy that passes plain requests on, seen doing it, and has a second front inside TLS. */
async function besides(tell: Telling): Promise<DiagnosisDocument> {
  const net = network()
  const [client, front] = [net.host('client', '10.0.0.2'), net.host('proxy-front', '10.0.0.1')]
  const [back, app] = [net.host('proxy-back', '10.1.0.1'), net.host('upstream', '10.1.0.2')]
  const [leg, up] = [net.tcp(client, front, 80).handshake(), net.tcp(back, app, 8080).handshake()]
  for (const path of ['/a', '/b', '/c']) {
    leg.send('>', request(`GET ${path}`)).wait(0.0002)
    up.send('>', request(`GET ${path}`))
      .wait(0.01)
      .send('<', response(200, 'fine'))
      .wait(0.0002)
    leg.send('<', response(200, 'fine')).wait(0.2)
  }
  const [one, another] = [open(net.tcp(client, front, 443)), open(net.tcp(client, front, 443))]
  tell(one, (port = 8080) => net.tcp(back, app, port), another)
  net.wait(5)
  return documentOf(net.capture('proxy-front'), net.capture('proxy-back'))
}

const closing = (up: Tcp): Tcp => up.handshake().send('>', request('GET /d')).wait(0.3).close('<')

const failing = (tell: Telling): Promise<DiagnosisDocument> =>
  besides((client, upstream, another) => {
    client.send('>', sealed(200))
    tell(client, upstream, another)
    client.send('<', sealed(300))
  })

describe('a sealed front of a proxy that is known by another', () => {
  test.each<[string, number, Telling]>([
    ['its upstream closes', 1, (_, upstream) => closing(upstream())],
    ['its upstream closes twice', 2, (_, upstream) => [1, 2].map(() => closing(upstream()))],
    [
      'and again, while another request comes that was not passed on',
      2,
      (client, upstream, another) => {
        closing(upstream())
        another.send('>', sealed(150)).wait(-0.001)
        closing(upstream())
        client.send('<', sealed(300)).wait(0.02)
        another.send('<', sealed(900))
      },
    ],
  ])('%s', async (_, tries, tell) => {
    const { incidents } = await failing(tell)
    expect(incidents).toMatchObject([{ cause: 'closed-without-response', confidence: 'likely' }])
    expect(incidents[0]!.attempts).toHaveLength(tries)
  })

  test.each<[string, Telling]>([
    [
      'one SYN without an answer is not why it took a while',
      (client, upstream) => {
        upstream().syn({ lost: true })
        client.wait(0.3)
      },
    ],
    [
      'what fails while it serves is somebody else’s',
      (client, upstream) => {
        client.wait(0.2)
        closing(upstream(9100))
      },
    ],
  ])('%s', async (_, tell) => {
    expect((await failing(tell)).incidents).toEqual([])
  })
})

describe('one sealed leg alone', () => {
  test.each<[string, (tcp: Tcp) => unknown]>([
    ['a reset behind the answer', (tcp) => used(tcp).wait(0.02).rst('<')],
    [
      'a message that crosses the close',
      (tcp) => used(tcp).wait(3).fin('<', { ack: 'none' }).wait(-0.0003).send('>', sealed(200)).rst('<'),
    ],
    [
      'the last message of a WebSocket',
      (tcp) => used(tcp).wait(1).send('>', sealed(60)).send('<', hiddenAlert12()).close('<'),
    ],
    [
      'a long poll that the client gives up',
      (tcp) => asked(tcp).wait(30).send('>', hiddenAlert12()).send('<', hiddenAlert12()).close('<'),
    ],
  ])('%s is no failure', async (_, tell) => {
    const net = network()
    tell(net.tcp(net.host('proxy-back', '10.1.0.1'), net.host('upstream', '10.1.0.2'), 8443))
    expect(await verdictOf(net.capture('proxy-back'))).toBe('none')
  })

  test('a record that stops half-way is', async () => {
    const net = network()
    const tcp = asked(net.tcp(net.host('proxy-back', '10.1.0.1'), net.host('upstream', '10.1.0.2'), 8443))
    tcp.send('<', sealed(900).subarray(0, 300)).close('<')
    expect(await verdictOf(net.capture('proxy-back'))).toBe('response-truncated upstream likely')
  })
})

test('two requests at once: the try that the proxy left as it answered 504 is that one’s, whatever seemed an answer', async () => {
  const net = network()
  const [user, front] = [net.host('client', '10.0.0.2'), net.host('proxy-front', '10.0.0.1')]
  const [back, app] = [net.host('proxy-back', '10.1.0.1'), net.host('upstream', '10.1.0.2')]
  const [slow, other] = [net.tcp(user, front, 80).handshake(), net.tcp(user, front, 80).handshake()]
  const [stalled, reset] = [net.tcp(back, app, 443), net.tcp(back, app, 443)]
  other.send('>', request('POST /other'))
  slow.send('>', request('POST /slow'))
  net.wait(0.0002)
  const from = net.elapsed()
  net.at(from, () => asked(stalled))
  net.at(from, () => asked(reset))
  net.at(from + 1, () => stalled.send('<', sealed(30)))
  net.at(from + 1.02, () => {
    reset.rst('<')
    other.send('<', response(502, '<center>nginx/1.27.0</center>'))
  })
  net.at(from + 3, () => {
    gone(stalled)
    slow.send('<', response(504, '<center>nginx/1.27.0</center>'))
  })
  const { incidents } = await documentOf(net.capture(['proxy-front', 'proxy-back']))
  expect(incidents).toMatchObject([
    { path: '/other', cause: 'reset-before-response', proxyBack: reset.left },
    { path: '/slow', cause: 'response-stalled', proxyBack: stalled.left },
  ])
})

test('a handshake that began before the capture: a reset behind its last flight may stand for its refusal', async () => {
  const net = network()
  const client = net.tcp(net.host('client', '10.0.0.2'), net.host('proxy-front', '10.0.0.1'), 80).handshake()
  client.send('>', request('GET /report'))
  const [back, app] = [net.host('proxy-back', '10.1.0.1'), net.host('upstream', '10.1.0.2')]
  const upstream = net.tcp(back, app, 443).handshake().send('>', hello13())
  const fromSeconds = net.elapsed() + 0.0001
  upstream.send('<', serverFlight13()).send('>', clientFlight13()).send('>', sealed13(200)).wait(0.1).rst('<')
  client.send('<', response(502, '<center>nginx/1.27.0</center>'))
  const whole = net.capture('proxy-front')
  const late = ['proxy-back', 'upstream'].map((at) => net.capture(at, { fromSeconds }))
  const { incidents } = await documentOf(whole, ...late)
  expect(incidents).toMatchObject([{ cause: 'reset-before-response', confidence: 'likely' }])
})
