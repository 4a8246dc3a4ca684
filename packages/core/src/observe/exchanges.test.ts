import fc from 'fast-check'
import {
  http2Goaway,
  http2Preface,
  http2Request,
  http2Response,
  http2Settings,
  http2SettingsAck,
  join,
  network,
  request,
  response,
  type SendOptions,
  type Tcp,
} from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'
import { FIN, SYN } from '../wire/tcp.ts'
import { connectionsOf } from './connection-table.ts'
import type { Connection, Exchange, PacketRow } from './observations.ts'
import { observe } from './observe.ts'
import { packetsOf } from './packets.ts'

async function connection(tell: (tcp: Tcp) => unknown, snapLength?: number, seconds?: number): Promise<Connection> {
  const net = network()
  tell(net.tcp(net.host('proxy', '10.1.0.1'), net.host('upstream', '10.1.0.2'), 8080))
  const bytes = net.capture('proxy', {
    ...(snapLength === undefined ? {} : { snapLength }),
    ...(seconds === undefined ? {} : { untilSeconds: seconds }),
  })
  const open = async function* (): AsyncGenerator<Uint8Array> {
    yield bytes
  }
  const observations = await observe([{ file: 'a.pcap', open }], { decompression: { gzip: (source) => source } })
  const connections = connectionsOf(observations)
  expect(connections).toHaveLength(1)
  return connections[0]!
}
const exchanges = async (tell: (tcp: Tcp) => unknown, snapLength?: number): Promise<readonly Exchange[]> =>
  (await connection(tell, snapLength)).exchanges

const seconds = (nanoseconds: number): number => Math.round(nanoseconds / 1e6) / 1e3
const packets = (x: Exchange | undefined): PacketRow[] => (x?.detail == null ? [] : packetsOf(x.detail))
const frames = (x: Exchange | undefined): number[] => packets(x).map(({ frame }) => frame)
const flags = (x: Exchange | undefined, mask: number): number[] =>
  packets(x).flatMap((p) => (p.flags & mask ? [p.frame] : []))

const ask = (tcp: Tcp, path: string): Tcp => tcp.send('>', request(`GET ${path}`))
const answer = (tcp: Tcp, status = 200, options?: SendOptions): Tcp => tcp.send('<', response(status, 'x'), options)

describe('packets', () => {
  test('an exchange that went well keeps none', async () => {
    const [x] = await exchanges((tcp) => answer(ask(tcp.handshake(), '/')))
    expect(x).toMatchObject({ status: 200, ended: 'complete', detail: null })
  })

  test('the first exchange has the handshake and all that came late', async () => {
    const c = await connection((tcp) => {
      ask(tcp.handshake(), '/').wait(60).fin('>').wait(5).send('<', 'late').rst('>')
    })
    expect(frames(c.exchanges[0])).toEqual(Array.from({ length: c.last.frame }, (_, i) => i + 1))
    expect(flags(c.exchanges[0], SYN)).toEqual([1, 2])
    expect(c.packets).toEqual([])
  })

  test('a failure has what happened while the connection was idle', async () => {
    const [well, failed] = await exchanges((tcp) => {
      answer(ask(tcp.handshake(), '/well')).wait(30).keepAlive('>').wait(30)
      ask(tcp.fin('<', { ack: 'none' }).wait(-0.0003), '/raced').rst('<', { bare: true })
    })
    expect(well?.detail).toBeNull()
    expect(failed).toMatchObject({ target: '/raced', status: 0 })
    expect(seconds(failed!.idle)).toBeCloseTo(60, 1)
    expect(frames(failed)[0]).toBe(well!.responseEnd.frame)
    expect(flags(failed, FIN)).toHaveLength(1)
  })

  test('two failures in a row share what lies between them', async () => {
    const [first, second] = await exchanges((tcp) => {
      answer(ask(tcp.handshake(), '/1'), 503).wait(10).keepAlive('<').wait(10)
      answer(ask(tcp, '/2'), 503)
    })
    expect(frames(first).at(-1)).toBe(second!.request.frame - 1)
    expect(frames(second)[0]).toBe(first!.responseEnd.frame)
  })
})

describe('moments', () => {
  const body = 'y'.repeat(4000)
  const post = request('POST /', {}, body)

  test('a request is whole when its last hole is filled', async () => {
    const [x] = await exchanges((tcp) => {
      answer(
        tcp
          .handshake()
          .send('>', post, { unseen: [1] })
          .retransmit('>', { after: [0.3] })
          .wait(1),
        504,
      )
    })
    expect(x).toMatchObject({ bodyLength: 4000, requestFrom: 1, requestTo: 1 + post.length, status: 504 })
    // Nothing is outstanding any more: the last segment comes again, and the hole remains one in the capture.
    expect(x?.detail?.incomplete).toBe(true)

    const [y] = await exchanges((tcp) => {
      tcp.handshake().segment('>', { flags: 'A', payload: post.slice(0, 1000) })
      tcp.segment('>', { flags: 'A', seqOffset: 2000, payload: post.slice(2000) })
      tcp.wait(0.3).segment('>', { flags: 'A', seqOffset: 1000, payload: post.slice(1000, 2000) })
    })
    expect(seconds(y!.requestEnd.time - y!.request.time)).toBeCloseTo(0.3, 2)
    expect(y).toMatchObject({ bodyLength: 4000, requestTo: 1 + post.length, requestEnd: { frame: 6 } })
  })

  test('a request whose upstream answers before it is whole', async () => {
    const [x] = await exchanges((tcp) => answer(tcp.handshake().send('>', post.slice(0, 2000)), 413).rst('<'))
    expect(x).toMatchObject({ status: 413, bodyLength: 4000, requestEnd: { frame: -1 }, requestTo: 2001 })
    expect(x?.detail).not.toBeNull()
  })

  test('a chunked request that was cut off has no length', async () => {
    const head = request('POST /', { 'Transfer-Encoding': 'chunked' })
    const [x] = await exchanges((tcp) => tcp.handshake().send('>', `${head}5\r\nhello\r\n`).rst('>'))
    expect(x).toMatchObject({ bodyLength: -1, requestEnd: { frame: -1 } })
  })

  test('a response that goes on when the capture ends is open, one that is cut off is truncated', async () => {
    const half = response(200, body).slice(0, 1000)
    const tell = (tcp: Tcp): Tcp => ask(tcp.handshake(), '/').send('<', half)
    expect((await exchanges(tell))[0]).toMatchObject({ ended: 'open', responseEnd: { frame: -1, time: -1 } })
    expect((await exchanges((tcp) => tell(tcp).fin('<')))[0]).toMatchObject({
      ended: 'truncated',
      responseBytes: 1000 - half.indexOf('y'),
    })
  })

  test('idle time is what passed since the exchange before ended', async () => {
    const found = await exchanges((tcp) => {
      answer(ask(tcp.handshake().wait(7), '/1').wait(3)).wait(20)
      answer(ask(tcp, '/2'))
    })
    expect(found.map((x) => (x.idle < 0 ? -1 : Math.round(x.idle / 1e9)))).toEqual([-1, 20])
  })
})

describe('snap length', () => {
  test('heads that were cut still pair, and are known to be cut', async () => {
    const long = { Cookie: 'z'.repeat(500) }
    const [x, y] = await exchanges((tcp) => {
      answer(tcp.handshake().send('>', request('GET /1', long)).wait(1), 504).wait(1)
      answer(tcp.send('>', request('GET /2', long)).wait(1), 504)
    }, 96)
    expect([x, y]).toMatchObject([
      { target: '/1', status: 504, requestFrom: 1 },
      { target: '/2', status: 504, requestFrom: 1 + request('GET /1', long).length },
    ])
    expect(x?.responseFrom).toBe(1)
    expect(y?.responseFrom).toBe(1 + response(504, 'x').length)
  })
})

describe('answers that the capture lost', () => {
  test('the next answer is that of the next request', async () => {
    const found = await exchanges((tcp) => {
      answer(ask(tcp.handshake(), '/1').wait(0.1), 200, { unseen: true }).wait(0.1)
      answer(ask(tcp, '/2').wait(0.1), 404).wait(0.1)
      answer(ask(tcp, '/3').wait(0.1), 504)
    })
    expect(found.map((x) => [x.target, x.status, x.detail?.incomplete])).toEqual([
      ['/1', 0, true],
      ['/2', 404, undefined],
      ['/3', 504, false],
    ])
  })

  test('pipelined requests keep their order', async () => {
    const found = await exchanges((tcp) => {
      tcp.handshake().send('>', request('GET /1') + request('GET /2') + request('GET /3'))
      answer(answer(answer(tcp, 201), 404), 503)
    })
    expect(found.map((x) => [x.target, x.status])).toEqual([
      ['/1', 201],
      ['/2', 404],
      ['/3', 503],
    ])
  })

  test('a connection with no end of unanswered requests keeps few packets for each', async () => {
    const found = await exchanges((tcp) => {
      tcp.handshake()
      for (let i = 0; i < 200; i++) tcp.send('>', request(`GET /${i}`), { ack: 'none' })
    })
    expect(found).toHaveLength(200)
    expect(found.slice(100).every((x) => frames(x).length < 200)).toBe(true)
  })
})

describe('any way over the wire', () => {
  const requests = [request('GET /1'), request('POST /2', {}, 'body '.repeat(200)), request('GET /3')]
  const responses = [response(200, 'one'), response(502, ['bad', 'gate', 'way'.repeat(100)]), response(204)]

  test('segments in any order, repeated, split anywhere: the same exchanges, the same bytes', async () => {
    const plan = fc.array(fc.record({ size: fc.integer({ min: 1, max: 700 }), again: fc.nat(2), swap: fc.boolean() }), {
      minLength: 1,
      maxLength: 8,
    })
    const property = fc.asyncProperty(plan, async (steps) => {
      const c = await connection((tcp) => {
        tcp.handshake()
        for (const [n, text] of requests.entries()) {
          scatter(tcp, '>', text, steps)
          tcp.ack('<').wait(0.05)
          scatter(tcp, '<', responses[n]!, steps)
          tcp.ack('>').wait(0.05)
        }
      })
      expect(c.exchanges.map((x) => [x.method, x.target, x.status, x.ended, x.bodyLength, x.responseBytes])).toEqual([
        ['GET', '/1', 200, 'complete', 0, 3],
        ['POST', '/2', 502, 'complete', 1000, 307],
        ['GET', '/3', 204, 'complete', 0, 0],
      ])
      expect(c.sides.map((side) => side.bytes)).toEqual([requests, responses].map((all) => all.join('').length))
    })
    await fc.assert(property, { numRuns: 60 })
  })
})

/** Sends text in pieces: some swapped with the next, some again. No state changes, so the last one is sent as usual. */
function scatter(
  tcp: Tcp,
  way: '>' | '<',
  text: string,
  steps: { size: number; again: number; swap: boolean }[],
): void {
  const pieces: [at: number, text: string][] = []
  for (let at = 0, i = 0; at < text.length; i++) {
    const { size, again, swap } = steps[i % steps.length]!
    const piece: [number, string] = [at, text.slice(at, at + size)]
    if (swap && pieces.length > 0) pieces.splice(-1, 0, piece)
    else pieces.push(piece)
    for (let n = 0; n < again; n++) pieces.push(piece)
    at += size
  }
  for (const [at, payload] of pieces) tcp.segment(way, { flags: 'PA', seqOffset: at, payload })
  // Says the whole again, so that the conversation goes on behind it.
  tcp.send(way, text, { ack: 'none' })
}

const grant = (protocol: string): Uint8Array =>
  Uint8Array.from(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`, (c) =>
    c.charCodeAt(0),
  )
const seen = (c: Connection): unknown[] =>
  c.exchanges.map((x) => [x.ordinal, x.protocol, x.stream, x.target, x.status, x.ended])

describe('an upgrade to HTTP/2', () => {
  // SETTINGS_INITIAL_WINDOW_SIZE (4) of 16 bytes
  const h2c = { Connection: 'Upgrade, HTTP2-Settings', Upgrade: 'h2c', 'HTTP2-Settings': 'AAQAAAAQ' }
  const switched = (tcp: Tcp, options?: SendOptions): Tcp =>
    answer(ask(tcp.handshake(), '/before'))
      .send('>', request('GET /asks', h2c))
      .send('<', join(grant('h2c'), http2Settings()), options)
      .send('>', join(http2Preface, http2Settings(), http2SettingsAck))
  test('its request is stream 1, and others follow', async () => {
    const c = await connection((tcp) => {
      switched(tcp).wait(2).send('<', http2Response(1, 503))
      tcp.send('>', http2Request(3, '/next')).send('<', http2Response(3))
    })
    expect(seen(c)).toEqual([
      [0, 'http1', -1, '/before', 200, 'complete'],
      [1, 'http2', 1, '/asks', 503, 'complete'],
      [2, 'http2', 3, '/next', 200, 'complete'],
    ])
    const [before, asked] = c.exchanges
    expect(asked).toMatchObject({ method: 'GET', host: before!.host, responseBytes: 4 })
    expect(seconds(asked!.response.time - asked!.request.time)).toBeGreaterThan(2)
    expect(c.http2).toMatchObject({ midstream: false, faults: [], stalls: [] })
  })

  test('the windows are those of its field', async () => {
    const c = await connection((tcp) => {
      answer(ask(tcp.handshake(), '/before')).send('>', request('GET /asks', h2c))
      tcp.send('<', join(grant('h2c'), http2Settings(), http2Response(1, 200, 'x'.repeat(16), false)))
    })
    expect(c.http2!.stalls).toMatchObject([{ stream: 1, from: 1, until: null }])
  })

  test('a 101 that was not captured', async () => {
    const c = await connection((tcp) => {
      switched(tcp, { unseen: [1] }).send('<', http2Response(1, 503))
    })
    expect(seen(c)).toContainEqual([1, 'http2', 1, '/asks', 503, 'complete'])
    expect(c.exchanges).toHaveLength(2)
  })

  test('refused, it is a request like any', async () => {
    const c = await connection((tcp) => {
      answer(tcp.handshake().send('>', request('GET /asks', h2c)))
      answer(ask(tcp, '/next'))
    })
    expect(seen(c)).toEqual([
      [0, 'http1', -1, '/asks', 200, 'complete'],
      [1, 'http1', -1, '/next', 200, 'complete'],
    ])
    expect(c.http2).toBeNull()
  })

  test('to another protocol is a tunnel', async () => {
    const [x, ...more] = await exchanges((tcp) => {
      tcp.handshake().send('>', request('GET /asks', { Connection: 'Upgrade', Upgrade: 'websocket' }))
      tcp.send('<', grant('websocket')).send('>', '\x81\x05hello')
    })
    expect(x).toMatchObject({ status: 101, tunnel: true, ended: 'complete' })
    expect(more).toEqual([])
  })
})

test('of many GOAWAYs the first and the latest are kept', async () => {
  const c = await connection((tcp) => {
    tcp.handshake().send('>', join(http2Preface, http2Settings(), http2Request(1)))
    tcp.send('<', join(http2Settings(), ...Array.from({ length: 100 }, (_, i) => http2Goaway(200 - i, 0))))
  })
  const kept = c.http2!.goaways.map(({ lastStream }) => 200 - lastStream)
  expect([kept.length, kept[15], kept[16], kept.at(-1)]).toEqual([64, 15, 52, 99])
})
