// One leg alone: whether it is the one behind a proxy is not in the packets, unless something in them says so.
import {
  documentOf,
  fastcgiRequest,
  hello12,
  network,
  request,
  response,
  tlsAlert,
  type Network,
  type Tcp,
} from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'
import { observe } from '../observe/observe.ts'
import { diagnose } from '../report/diagnose.ts'
import type { DiagnosisDocument, Vantage } from '../report/document.ts'
import { correlate } from '../story/correlate.ts'

const forwarded = { 'X-Forwarded-For': '192.0.2.7' }

/** The document of what one host sent to another, captured at the sender. */
async function alone(tell: (tcp: Tcp, net: Network) => void, hint?: Vantage): Promise<DiagnosisDocument> {
  const net = network()
  const [sender, app] = [net.host('sender', '10.1.0.1'), net.host('app', '10.1.0.2')]
  tell(net.tcp(sender, app, 8080), net)
  net.wait(5)
  net.tcp(sender, app, 9090).syn().rst('<')
  const bytes = net.capture('sender')
  async function* open(): AsyncGenerator<Uint8Array> {
    yield bytes
  }
  const observations = await observe([{ file: 'one.pcap', open }], { decompression: { gzip: (source) => source } })
  return diagnose(correlate([observations], { vantages: new Map(hint === undefined ? [] : [[0, hint]]) }))
}

const inShort = ({ incidents }: DiagnosisDocument): string[] =>
  incidents.map(({ client, cause, confidence }) => `${client ?? 'no client'}: ${cause} ${confidence}`)

const givesUp =
  (headers: Record<string, string>) =>
  (tcp: Tcp): void => {
    tcp.handshake().send('>', request('GET /slow', headers)).wait(2).fin('>').wait(1).send('<', response(200, 'late'))
  }

const refused = (tcp: Tcp): void => {
  tcp.handshake().send('>', hello12()).send('<', tlsAlert(2, 70)).close('<')
}

describe('a TLS handshake that failed', () => {
  test('may be anybody’s: the note says how to have it judged', async () => {
    const document = await alone(refused)
    expect(inShort(document)).toEqual([])
    expect(document.notes.join()).toContain('1 TLS handshake from 10.1.0.1 to 10.1.0.2:8080 failed')
  })

  test('is a try by the word of the user', async () => {
    expect(inShort(await alone(refused, 'proxy-back'))).toContain('no client: tls-version-or-cipher certain')
  })
})

describe('a sender that gave up', () => {
  test('may be a client: nothing is judged, and the note says how to have it judged', async () => {
    const document = await alone(givesUp({}))
    expect(inShort(document)).toEqual([])
    expect(document.notes.join()).toContain('--vantage one.pcap=proxy-back')
  })

  test('that forwards for somebody is a proxy, whose client may have left', async () => {
    const document = await alone(givesUp(forwarded))
    expect(inShort(document)).toEqual(['no client: upstream-slow possible'])
    expect(document.incidents[0].competing.map(({ cause }) => cause)).toContain('undetermined')
  })

  test('is a proxy by the word of the user, and then so is its refused connection', async () => {
    expect(inShort(await alone(givesUp({}), 'proxy-back'))).toEqual([
      'no client: upstream-slow possible',
      'no client: connect-refused certain',
    ])
  })
})

const reset = (tcp: Tcp): void => void tcp.handshake().send('>', request('GET /')).wait(0.2).rst('<')

test('an upstream that resets fails whoever asked', async () => {
  expect(inShort(await alone(reset))).toEqual(['no client: reset-before-response likely'])
})

const answered =
  (headers: Record<string, string>) =>
  (tcp: Tcp): void =>
    void tcp.handshake().send('>', request('GET /', headers)).send('<', response(502, 'bad gateway'))

test('a gateway error that a proxy got is relayed, one that a client got is not determined', async () => {
  expect(inShort(await alone(answered(forwarded)))).toEqual(['no client: relayed-from-upstream likely'])
  expect(inShort(await alone(answered({})))).toEqual([
    expect.stringMatching(/^10\.1\.0\.1:\d+: undetermined possible$/),
  ])
})

const good = (tcp: Tcp): void =>
  void tcp.handshake().send('>', request('GET /', forwarded)).send('<', response(200, 'ok'))

test('a good answer is no incident, whoever asked', async () => {
  expect(inShort(await alone(good))).toEqual([])
})

const synLost = (tcp: Tcp, net: Network): Tcp => {
  tcp.handshake().send('>', request('GET /')).send('<', response(200, 'x'))
  return net.tcp(net.host('sender', '10.1.0.1'), net.host('app', '10.1.0.2'), 8080).syn({ lost: true })
}

describe('a SYN without an answer, to a server that answers others', () => {
  test('may have one that was not captured', async () => {
    expect(inShort(await alone((tcp, net) => synLost(tcp, net)))).toEqual([])
  })

  test('was a failure where it was repeated', async () => {
    const document = await alone((tcp, net) => synLost(tcp, net).retransmit('>', { after: [1, 2], lost: true }))
    expect(inShort(document)).toEqual(['no client: connect-timeout likely'])
  })
})

const older = (tcp: Tcp, net: Network): void => {
  const other = net.tcp(net.host('sender', '10.1.0.1'), net.host('app', '10.1.0.2'), 8080)
  other.segment('<', { flags: 'FA' }).segment('>', { flags: 'FA' }).segment('<', { flags: 'R' })
  good(tcp)
}

test('a connection that is older than the capture, and ends, is no failure', async () => {
  expect(inShort(await alone(older))).toEqual([])
})

test('a try of which nothing can be read may be for any request of another leg', async () => {
  const net = network()
  const client = net.tcp(net.host('client', '10.0.0.2'), net.host('front', '10.0.0.1'), 80).handshake()
  client.send('>', request('GET /report'))
  const back = net.tcp(net.host('back', '10.1.0.1'), net.host('app', '10.1.0.2'), 9000).handshake()
  back.send('>', fastcgiRequest('GET /report')).wait(0.2).rst('<')
  client.wait(2).send('<', response(200, 'another one answered'))
  expect(inShort(await documentOf(net.capture('front'), net.capture('back', { snapLength: 92 })))).toEqual([])
})

const again = (net: Network): Tcp => net.tcp(net.host('sender', '10.1.0.1'), net.host('other', '10.1.0.3'), 8080)
const closes = (tcp: Tcp, target = '/order'): Tcp =>
  tcp
    .handshake()
    .send('>', request(`GET ${target}`, forwarded))
    .wait(0.1)
    .fin('<')
    .fin('>')
const told = ({ incidents, masked }: DiagnosisDocument): string[][] =>
  [incidents, masked].map((list) => list.flatMap(({ attempts }) => [attempts.map((a) => a.cause ?? 'ok').join(' ')]))

describe('tries that follow one another at once', () => {
  test('are one request’s: where the last went well, a retry hid the failure', async () => {
    const document = await alone((tcp, net) => {
      closes(tcp)
      again(net).handshake().send('>', request('GET /order', forwarded)).send('<', response(200, 'x'))
    }, 'proxy-back')
    expect(told(document)).toEqual([['connect-refused'], ['closed-without-response ok']])
  })

  test('are one failure where none did', async () => {
    const document = await alone((tcp, net) => {
      closes(tcp)
      again(net).handshake().send('>', request('GET /order', forwarded)).wait(0.1).rst('<')
    }, 'proxy-back')
    expect(told(document)).toEqual([['closed-without-response reset-before-response', 'connect-refused'], []])
    expect(document.incidents[0]!.cause).toBe('reset-before-response')
    expect(document.incidents[0]!.attempts[1]!.startSeconds).toBeGreaterThan(0.1)
  })

  test.each([
    ['ask for something else', '/other', 0],
    ['come later', '/order', 0.2],
  ])('are each for itself where they %s', async (_, target, pause) => {
    const document = await alone((tcp, net) => {
      closes(tcp)
      net.wait(pause)
      again(net)
        .handshake()
        .send('>', request(`GET ${target}`, forwarded))
        .send('<', response(200, 'x'))
    }, 'proxy-back')
    expect(told(document)).toEqual([['closed-without-response', 'connect-refused'], []])
  })

  test('are not told apart where another like them is under way', async () => {
    const document = await alone((tcp, net) => {
      tcp.handshake().send('>', request('GET /order', forwarded))
      const beside = again(net).handshake().send('>', request('GET /order', forwarded))
      tcp.wait(0.1).fin('<').fin('>')
      again(net).handshake().send('>', request('GET /order', forwarded)).send('<', response(200, 'x'))
      beside.send('<', response(200, 'x'))
    }, 'proxy-back')
    expect(told(document)).toEqual([['closed-without-response', 'connect-refused'], []])
  })
})
