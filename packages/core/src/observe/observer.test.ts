import fc from 'fast-check'
import {
  network,
  request,
  response,
  type CaptureOptions,
  type Network,
  type Tcp,
  type TcpSetup,
} from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'
import { ACK, FIN, RST, SYN } from '../wire/tcp.ts'
import { connectionsOf } from './connection-table.ts'
import {
  CLIENT,
  type Connection,
  DUPLICATE_ACK,
  GAP_BEFORE,
  KEEP_ALIVE,
  type Observations,
  OUT_OF_ORDER,
  type PacketRow,
  RETRANSMISSION,
  SERVER,
  SPURIOUS,
  WINDOW_FULL,
  WINDOW_PROBE,
} from './observations.ts'
import { observe } from './observe.ts'
import { packetsOf } from './packets.ts'

const seen = (...captures: Uint8Array[]): Promise<Observations> => {
  const files = captures.map((bytes, n) => ({ file: `${n}.pcap`, open: () => chunks(bytes) }))
  return observe(files, { decompression: { gzip: (source) => source } })
}

async function* chunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

interface Story extends TcpSetup {
  ip6?: boolean
  at?: string | string[]
  options?: CaptureOptions
}

/** What a capture shows of a conversation between `me`, where it is taken unless said otherwise, and `you`. */
async function told(tell: (tcp: Tcp, net: Network) => unknown, story: Story = {}): Promise<Observations> {
  const { ip6 = false, at = 'me', options, ...setup } = story
  const net = network()
  const [me, you] = ip6 ? ['2001:db8::1', '2001:db8::2'] : ['10.0.0.1', '10.0.0.2']
  tell(net.tcp(net.host('me', me), net.host('you', you), 80, setup), net)
  return seen(net.capture(at, options))
}

const only = (observations: Observations): Connection => {
  const connections = connectionsOf(observations)
  expect(connections).toHaveLength(1)
  return connections[0]!
}
const connection = async (tell: (tcp: Tcp, net: Network) => unknown, story?: Story): Promise<Connection> =>
  only(await told(tell, story))

const packets = (c: Connection): PacketRow[] =>
  [c, ...c.exchanges.map((x) => x.detail)].flatMap((kept) => (kept === null ? [] : packetsOf(kept)))
const marked = (c: Connection, mark: number): number[] => packets(c).flatMap((p) => (p.marks & mark ? [p.frame] : []))

/** Text that is no protocol, so that all packets are kept. */
const text = (length: number): string => '\x01'.repeat(length)

describe('opening', () => {
  test('SYN, SYN-ACK, ACK', async () => {
    const c = await connection((tcp) => tcp.handshake().send('>', 'hello'))
    expect([c.client, c.server, c.orientation]).toEqual(['10.0.0.1:40001', '10.0.0.2:80', 'syn'])
    expect([c.syns.length, c.synAck?.frame, c.established?.frame]).toEqual([1, 2, 3])
    expect(c.sides.map((side) => side.base - side.isn)).toEqual([1, 1])
    expect(packets(c)[0]).toMatchObject({ from: CLIENT, flags: SYN, seq: 0 })
  })

  test('a SYN that is repeated, and answered in the end by a refusal', async () => {
    const c = await connection((tcp) =>
      tcp
        .syn({ lost: true })
        .retransmit('>', { after: [1, 2] })
        .rst('<'),
    )
    expect([c.syns.length, c.synAck, c.established, c.client]).toEqual([3, null, null, '10.0.0.1:40001'])
    expect(c.sides[SERVER].reset?.frame).toBe(4)
    expect(marked(c, RETRANSMISSION)).toEqual([2, 3])
  })

  test('a client that answers SYN-ACK with RST has established nothing', async () => {
    const c = await connection((tcp) => tcp.syn().synAck().rst('>'))
    expect([c.synAck?.frame, c.established]).toEqual([2, null])
  })

  test('simultaneous open: one connection, and the first SYN is the client’s', async () => {
    const c = await connection((tcp) => {
      tcp.segment('>', { flags: 'S' }).segment('<', { flags: 'S' })
      tcp.segment('>', { flags: 'SA', ackOffset: 1 }).segment('<', { flags: 'SA', ackOffset: 1 })
    })
    expect([c.client, c.orientation, c.syns.length, c.synAck?.frame]).toEqual(['10.0.0.1:40001', 'syn', 1, 4])
  })

  test('ports used again: each SYN with a number of its own opens a connection', async () => {
    const net = network()
    const [me, you] = [net.host('me', '10.0.0.1'), net.host('you', '10.0.0.2')]
    for (const isn of [1000, 90_000, 5_000_000]) {
      const tcp = net.tcp(me, you, 80, { port: 4000, isn: [isn, isn + 7] }).handshake()
      tcp.send('>', request('GET /')).send('<', response(200, 'x')).close('<').wait(1)
    }
    const connections = connectionsOf(await seen(net.capture('me')))
    expect(connections.map((c) => [c.sides[0].isn, c.exchanges.length])).toEqual([
      [1000, 1],
      [90_000, 1],
      [5_000_000, 1],
    ])
  })

  test('ports used again after traffic that was met mid-stream', async () => {
    const observations = await told((tcp, net) => {
      tcp.handshake({ unseen: true }).send('>', request('GET /a')).send('<', response(200, 'x')).wait(1)
      net.tcp(net.host('me', '10.0.0.1'), net.host('you', '10.0.0.2'), 80, { port: 40001, isn: [77, 99] }).handshake()
    })
    const connections = connectionsOf(observations)
    expect(connections.map((c) => [c.orientation, c.exchanges.length])).toEqual([
      ['content', 1],
      ['syn', 0],
    ])
  })

  test('met mid-stream, bytes before are nobody’s loss', async () => {
    const c = await connection((tcp) => tcp.handshake({ unseen: true }).send('<', text(50)).send('>', text(20)))
    expect(c.sides.map(({ bytes, missing, isn }) => [bytes, missing, isn])).toEqual([
      [20, 0, -1],
      [50, 0, -1],
    ])
  })
})

describe('lost, repeated, out of order', () => {
  test('a segment lost on its way to us is sent again: not lost in the capture', async () => {
    const c = await connection((tcp) =>
      tcp
        .handshake()
        .send('<', text(6000), { lost: [1] })
        .retransmit('<'),
    )
    expect(c.sides[SERVER]).toMatchObject({ bytes: 6000, retransmissions: 1, outOfOrder: 0, missing: 0 })
    expect([marked(c, GAP_BEFORE).length, marked(c, DUPLICATE_ACK).length]).toEqual([1, 2])
  })

  test('a segment that only the capture lost', async () => {
    const c = await connection((tcp) =>
      tcp
        .handshake()
        .send('<', text(4000), { unseen: [1] })
        .wait(1)
        .send('>', 'x'),
    )
    expect(c.sides[SERVER]).toMatchObject({ bytes: 4000, retransmissions: 0, missing: 1448 })
  })

  test('a last segment that only the capture lost', async () => {
    const c = await connection((tcp) => tcp.handshake().send('<', text(4000), { unseen: [2] }))
    expect(c.sides[SERVER]).toMatchObject({ bytes: 4000, missing: 4000 - 2 * 1448 })
  })

  test('repeated into the void: bytes count once', async () => {
    const c = await connection((tcp) =>
      tcp
        .handshake()
        .send('>', text(100), { lost: true })
        .retransmit('>', { after: [0.2, 0.4, 0.8], lost: true }),
    )
    expect(c.sides[CLIENT]).toMatchObject({ bytes: 100, segments: 4, retransmissions: 3, missing: 0 })
    expect(marked(c, SPURIOUS)).toEqual([])
  })

  test('repeated although it had been acknowledged', async () => {
    const c = await connection((tcp) => tcp.handshake().send('>', text(100)).retransmit('>'))
    expect(marked(c, SPURIOUS)).toHaveLength(1)
  })

  test('a FIN is repeated, too', async () => {
    const c = await connection((tcp) => tcp.handshake().fin('>', { lost: true }).retransmit('>', { lost: true }))
    expect([c.sides[0].fin?.frame, marked(c, RETRANSMISSION)]).toEqual([4, [5]])
  })

  test('swapped on the way: out of order, not repeated', async () => {
    const c = await connection((tcp) => {
      tcp.handshake().segment('<', { flags: 'A', payload: text(10), ipId: 500 })
      tcp.segment('<', { flags: 'A', seqOffset: 20, payload: text(10), ipId: 502 })
      tcp.segment('<', { flags: 'A', seqOffset: 10, payload: text(10), ipId: 501 })
    })
    expect(c.sides[SERVER]).toMatchObject({ bytes: 30, outOfOrder: 1, retransmissions: 0 })
    expect(marked(c, OUT_OF_ORDER)).toEqual([6])
  })
})

const post = (tcp: Tcp): unknown =>
  tcp
    .handshake()
    .send('>', request('POST /', {}, text(9000)))
    .send('<', response(200, 'fine'))
    .close('>')

/** What must not depend on how often a frame was captured. */
const facts = (c: Connection): unknown => [
  c.sides.map((s) => [s.bytes, s.segments, s.retransmissions, s.outOfOrder, s.missing]),
  c.exchanges.map((x) => [x.status, x.ended, x.bodyLength]),
]

describe('one frame captured twice', () => {
  // Both ends in one file: each frame twice, a way apart.
  test.each<[string, Story]>([
    ['before and behind routers', { hops: 1 }],
    ['at both ends of a wire', {}],
    ['over IPv6 behind a router', { hops: 2, ip6: true }],
    ['by interfaces of one host', { rtt: 0.0001, options: { linkType: 'sll' } }],
    ['over IPv6, on both ports of a switch', { rtt: 0.00001, ip6: true }],
  ])('%s', async (_, story) => {
    const one = await connection(post, story)
    const both = await connection(post, { ...story, at: ['me', 'you'] })
    expect(facts(both)).toEqual(facts(one))
    expect(both.sides.every((s) => s.captureDuplicates >= s.segments)).toBe(true)
  })

  test('but RSTs that answer one segment each are no copies', async () => {
    const c = await connection((tcp) => {
      tcp.handshake().send('<', text(4000), { ack: 'none' })
      for (let i = 0; i < 3; i++) tcp.rst('>', { bare: true, ipId: 0 }).wait(-0.00049)
    })
    expect([c.sides[CLIENT].captureDuplicates, packets(c).filter((p) => p.flags & RST).length]).toEqual([0, 3])
  })

  test.each([
    ['IPv4', {}],
    ['IPv6', { ip6: true }],
    ['IPv4 without identification', { ipId: 0 }],
  ])('but what is sent again is no copy: %s', async (_, { ip6 = false, ipId }: { ip6?: boolean; ipId?: number }) => {
    const fate = ipId === undefined ? {} : { ipId }
    const c = await connection(
      (tcp) =>
        tcp
          .handshake()
          .send('>', text(10), { ...fate, lost: true })
          .retransmit('>', { ...fate, after: [0.01, 0.2], lost: true }),
      { ip6, timestamps: false },
    )
    expect(c.sides[CLIENT]).toMatchObject({ retransmissions: 2, captureDuplicates: 0 })
  })
})

describe('keep-alives and windows', () => {
  test('keep-alive probes, by a side that has sent nothing as well', async () => {
    const c = await connection((tcp) =>
      tcp.handshake().send('>', text(5)).wait(60).keepAlive('>').wait(60).keepAlive('<'),
    )
    expect(marked(c, KEEP_ALIVE)).toHaveLength(2)
    expect(c.sides.map(({ bytes, retransmissions }) => [bytes, retransmissions])).toEqual([
      [5, 0],
      [0, 0],
    ])
  })

  test('a keep-alive with a byte is no retransmission', async () => {
    const c = await connection((tcp) =>
      tcp
        .handshake()
        .send('>', text(5))
        .wait(60)
        .segment('>', { flags: 'A', seqOffset: -1, payload: text(1) }),
    )
    expect([marked(c, KEEP_ALIVE).length, c.sides[0].retransmissions]).toEqual([1, 0])
  })

  test('probes into a closed window are no data until they are taken', async () => {
    const c = await connection((tcp) =>
      tcp
        .handshake()
        .send('>', 'GET / HTTP/1.1\r\n')
        .window('<', 0)
        .wait(1)
        .windowProbe('>')
        .wait(2)
        .windowProbe('>')
        .wait(1)
        .window('<', 65536)
        .send('>', 'Host: a\r\n\r\n')
        .send('<', response(502)),
    )
    expect(marked(c, WINDOW_PROBE)).toHaveLength(2)
    expect(c.sides[0]).toMatchObject({ bytes: 27, retransmissions: 0 })
    expect(c.exchanges[0]).toMatchObject({ target: '/', host: 'a', status: 502 })
  })

  test('a probe’s byte that was taken belongs to the stream', async () => {
    const c = await connection((tcp) => {
      tcp.handshake().send('>', 'GE').window('<', 0)
      tcp.segment('>', { flags: 'A', payload: 'T' }).window('<', 65536)
      tcp.segment('>', { flags: 'A', seqOffset: 1, payload: ' /taken HTTP/1.1\r\n\r\n' })
    })
    expect(c.exchanges[0]).toMatchObject({ method: 'GET', target: '/taken', requestFrom: 1, requestTo: 24 })
  })

  test('window full', async () => {
    const c = await connection((tcp) => tcp.handshake().window('<', 2560).send('>', text(2560), { ack: 'none' }))
    expect(marked(c, WINDOW_FULL)).toHaveLength(1)
  })
})

describe('ends', () => {
  test('a RST outside of the window ends nothing', async () => {
    const c = await connection((tcp) => {
      tcp.handshake().send('>', request('GET /'))
      tcp.rst('<', { forged: true, seqOffset: -5000 }).rst('<', { forged: true, seqOffset: 1_000_000_000 })
      tcp.wait(1).send('<', response(200, 'all the same'))
    })
    expect(c.exchanges[0]).toMatchObject({ status: 200, ended: 'complete' })
    expect(c.sides[SERVER]).toMatchObject({ reset: { frame: 5 }, bytes: 51 })
  })

  test('a RST cuts a response off', async () => {
    const c = await connection((tcp) =>
      tcp
        .handshake()
        .send('>', request('GET /'))
        .send('<', response(200, text(3000)).slice(0, 2000))
        .rst('<'),
    )
    expect(c.exchanges[0]).toMatchObject({ status: 200, ended: 'truncated' })
    expect(packets(c).at(-1)).toMatchObject({ from: SERVER, flags: RST | ACK })
  })

  test('a response that the capture does not have, before a RST, is known to be missing', async () => {
    const c = await connection((tcp) =>
      tcp
        .handshake()
        .send('>', request('GET /'))
        .send('<', response(502, text(4000)), { unseen: [0] })
        .rst('<'),
    )
    expect(c.exchanges[0]!.detail).toMatchObject({ incomplete: true })
    expect(c.sides[SERVER].missing).toBe(1448)
  })

  test('half closed: the response may still come, and keeps its packets', async () => {
    const c = await connection((tcp) =>
      tcp
        .handshake()
        .send('>', request('GET /late'))
        .wait(60)
        .fin('>')
        .wait(1)
        .send('<', response(200, 'late'))
        .rst('>'),
    )
    expect(c.exchanges[0]).toMatchObject({ status: 200, ended: 'complete' })
    expect(
      packets(c)
        .map((p) => p.flags & (SYN | FIN | RST))
        .filter(Boolean),
    ).toEqual([SYN, SYN, FIN, RST])
  })
})

const halfSeen =
  (unseen: 'me' | 'you') =>
  (tcp: Tcp): unknown => {
    const [mine, yours] = unseen === 'me' ? [true, false] : [false, true]
    tcp.syn({ unseen: mine }).synAck({ unseen: yours }).ack('>', { unseen: mine })
    for (const path of ['/a', '/b', '/c']) {
      tcp.send('>', request(`GET ${path}`), { ack: 'none', unseen: mine }).wait(0.1)
      tcp.send('<', response(200, path), { ack: 'none', unseen: yours }).wait(0.1)
    }
    return tcp
  }

describe('one direction only', () => {
  test('requests: answered, and the answers missing', async () => {
    const c = await connection(halfSeen('you'))
    expect([c.orientation, c.established?.frame, c.client]).toEqual(['syn', 2, '10.0.0.1:40001'])
    expect([c.lastFrom, (await connection(halfSeen('me'))).lastFrom]).toEqual([0, 1])
    expect(c.exchanges.map((x) => [x.target, x.status, x.detail?.incomplete])).toEqual([
      ['/a', 0, true],
      ['/b', 0, true],
      ['/c', 0, false],
    ])
    expect(c.sides[SERVER]).toMatchObject({ segments: 0, missing: 80 })
  })

  test('answers: to requests nobody saw', async () => {
    const c = await connection(halfSeen('me'))
    expect([c.client, c.orientation]).toEqual(['10.0.0.1:40001', 'syn'])
    expect(c.exchanges.map((x) => [x.request.frame, x.status, x.detail])).toEqual([
      [-1, 200, null],
      [-1, 200, null],
      [-1, 200, null],
    ])
  })
})

describe('whatever comes', () => {
  const letters = fc.constantFrom('S', 'SA', 'A', 'PA', 'FA', 'R', 'RA', 'F', 'FSRPA', '')
  const near = fc.oneof(fc.integer({ min: -3000, max: 3000 }), fc.integer({ min: -(2 ** 31), max: 2 ** 31 }))
  const segment = fc.record({
    direction: fc.constantFrom<'>' | '<'>('>', '<'),
    flags: letters,
    seqOffset: near,
    ackOffset: near,
    payload: fc.constantFrom('', 'x', request('GET /'), response(504, 'no'), text(1400)),
    window: fc.constantFrom(0, 1000, 64256),
    ipId: fc.nat(3),
    pause: fc.constantFrom(0, 0.0001, 0.02, 5),
  })

  test('any flags and numbers: the counts make sense', async () => {
    const property = fc.asyncProperty(fc.array(segment, { maxLength: 60 }), async (segments) => {
      const observations = await told((tcp) => {
        for (const { direction, pause, ...s } of segments) tcp.segment(direction, s).wait(pause)
      })
      expect(observations.frames).toBe(segments.length)
      for (const c of connectionsOf(observations)) {
        for (const side of c.sides) {
          expect(side.bytes).toBeGreaterThanOrEqual(0)
          expect(side.missing).toBeLessThanOrEqual(side.bytes)
        }
        for (const x of c.exchanges) expect(x.idle).toBeGreaterThanOrEqual(-1)
        const rows = packets(c)
        expect(rows.every((p) => p.frame >= c.first.frame && p.frame <= c.last.frame)).toBe(true)
      }
    })
    await fc.assert(property, { numRuns: 150 })
  })
})

const closedByBoth = (tcp: Tcp): Tcp =>
  tcp.handshake().send('>', request('GET /')).send('<', response(200, 'fine')).fin('>').fin('<')

describe('a connection whose sides have both closed', () => {
  test('has its exchange, whatever comes late', async () => {
    const quiet = await connection((tcp) => closedByBoth(tcp).ack('>'))
    const late = await connection((tcp) => closedByBoth(tcp).ack('>').retransmit('<').send('<', 'more').rst('>'))
    expect(late.exchanges).toEqual(quiet.exchanges)
    expect(late.exchanges[0]).toMatchObject({ target: '/', status: 200, ended: 'complete', detail: null })
  })

  test('has its packets where the answer is not acknowledged before it goes', async () => {
    const { exchanges } = await connection((tcp) =>
      tcp
        .handshake()
        .send('>', request('GET /'))
        .fin('>')
        .send('<', response(200, 'fine'), { ack: 'none' })
        .fin('<', { ack: 'none' })
        .rst('<'),
    )
    expect(exchanges[0]!.detail!.packets).not.toEqual([])
  })
})

/** Of a connection all but what tells when it was. */
function timeless(one: Connection): unknown {
  const { speaks, inside, orientation, tls, http2, proxyHeader, proxiedFor, firstBytes } = one
  const sides = one.sides.map(({ bytes, segments, missing, largest, mss, ttl }) => {
    return { bytes, segments, missing, largest, mss, ttl }
  })
  const exchanges = one.exchanges.map(({ method, target, status, ended, ids, headSize }) => {
    return { method, target, status, ended, ids, headSize }
  })
  return { speaks, inside, orientation, tls, http2, proxyHeader, proxiedFor, firstBytes, sides, exchanges }
}

const asked = (tcp: Tcp): Tcp =>
  tcp.handshake().send('>', request('GET /again')).send('<', response(503, 'no')).close('<')

describe('a connection on the same ports as one before', () => {
  const BEFORE: Record<string, (tcp: Tcp) => unknown> = {
    'an upload that was reset': (tcp) => tcp.send('>', 'POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf').rst('<'),
    'a PROXY header': (tcp) => tcp.send('>', 'PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n' + request('GET /')).rst('<'),
    'HTTP/2': (tcp) => tcp.send('>', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n').rst('<'),
    TLS: (tcp) => tcp.send('>', Uint8Array.of(0x16, 3, 1, 0, 9, 1, 0, 0, 5, 3, 3, 0, 0, 0)).rst('<'),
    'what nobody reads': (tcp) => tcp.send('>', 'hello').send('<', 'there').rst('<'),
    'no byte': (tcp) => tcp.rst('<'),
  }
  const port = 50_000

  for (const [what, before] of Object.entries(BEFORE)) {
    test(`has nothing of ${what}`, async () => {
      const alone = await connection((tcp) => asked(tcp), { port })
      const both = await told(
        (tcp, net) => {
          before(tcp.handshake())
          const hosts = [net.host('me', '10.0.0.1'), net.host('you', '10.0.0.2')] as const
          asked(net.tcp(...hosts, 80, { port, isn: [7e8, 9e8] }))
        },
        { port },
      )
      expect(connectionsOf(both)).toHaveLength(2)
      expect(timeless(connectionsOf(both)[1]!)).toEqual(timeless(alone))
    })
  }
})
