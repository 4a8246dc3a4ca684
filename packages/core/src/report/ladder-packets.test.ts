// What a ladder says of packets that one capture has and another has not.
import { gateway, network, request, response, type Tcp } from '@pcap-surgery/testkit'
import { expect, test } from 'vitest'
import { observe } from '../observe/observe.ts'
import { correlate } from '../story/correlate.ts'
import { diagnose } from './diagnose.ts'
import { type Ladder, ladderOf } from './ladder.ts'
import { wrongsOf } from '../../../../tools/ladders.ts'

type Bytes = Uint8Array

const OPTIONS = { decompression: { gzip: (source: AsyncIterable<Bytes>): AsyncIterable<Bytes> => source } }

async function* whole(bytes: Bytes): AsyncGenerator<Bytes> {
  yield bytes
}

/** Of one failed try, with a round trip of 20 ms, as the captures of the proxy's two sides and of the upstream show it. */
async function ladderFrom(attempt: (upstream: Tcp, asked: string) => unknown): Promise<Ladder> {
  const { front, back, net } = gateway({ attempts: [attempt], answer: 502, upstream: { rtt: 0.02 } })
  const captures = [front, back, net.capture('upstream')]
  const observed = captures.map((bytes, i) => observe([{ file: `${i}.pcap`, open: () => whole(bytes) }], OPTIONS))
  const story = correlate(await Promise.all(observed))
  return ladderOf(story, diagnose(story).incidents[0]!)
}

/** Packets of the upstream leg that are lost or were not sent, as `proxy ACK lost`. */
const absences = ({ lanes, arrows }: Ladder): string[] =>
  arrows.flatMap(({ from, label, lost, marks }) => {
    const words = [...(lost ? ['lost'] : []), ...(marks.includes('unsent') ? ['unsent'] : [])]
    return words.length === 0 ? [] : [`${lanes[from]!.name} ${label} ${words.join(' ')}`]
  })

test('what the two ends keep begins at different moments: that forges no acknowledgement', async () => {
  const ladder = await ladderFrom((u, asked) =>
    u
      .handshake()
      .send('>', request('GET /'))
      .send('<', response(200, 'x'.repeat(20_000)))
      .send('>', asked)
      .wait(0.2)
      .rst('<'),
  )
  expect(absences(ladder)).toEqual([])
})

test.each(['upstream', 'proxy-back'])('the capture at %s lacks an acknowledgement', async (vantage) => {
  const ladder = await ladderFrom((u, asked) =>
    u
      .handshake()
      .send('>', asked, { ack: 'none' })
      .ack('<', { unseen: [vantage] })
      .wait(60)
      .fin('>'),
  )
  expect(absences(ladder)).toEqual([])
})

test('an acknowledgement is lost where what it was for is sent again', async () => {
  const ladder = await ladderFrom((u, asked) =>
    u.handshake().send('>', asked, { ack: 'lost' }).retransmit('>').wait(60).fin('>'),
  )
  expect(absences(ladder)).toEqual(['upstream ACK lost'])
})

test('bytes that the receiver acknowledged with those behind them were not lost', async () => {
  const answer = response(200, 'x'.repeat(1000))
  const ladder = await ladderFrom((u, asked) =>
    u
      .handshake()
      .send('>', asked)
      .send('<', answer.slice(0, 300))
      .send('<', answer.slice(300, 600), { ack: 'none', unseen: ['proxy-back'] })
      .send('<', answer.slice(600, 900))
      .wait(0.2)
      .rst('<'),
  )
  expect(absences(ladder)).toEqual([])
})

test('a FIN that is lost before it is sent again', async () => {
  const ladder = await ladderFrom((u, asked) =>
    u.handshake().send('>', asked).wait(60).fin('>', { lost: true }).retransmit('>'),
  )
  expect(absences(ladder)).toEqual(['proxy FIN lost'])
})

test('an ICMP error goes to whoever sent the packet that it quotes', async () => {
  const ladder = await ladderFrom((u, asked) =>
    u
      .handshake()
      .send('>', asked)
      .send('<', response(200, 'x'.repeat(1000)), { lost: true })
      .icmp('fragmentation-needed', { about: '<', mtu: 1400 })
      .wait(60)
      .fin('>'),
  )
  const { lanes, arrows } = ladder
  expect(arrows.flatMap(({ kind, to }) => (kind === 'icmp' ? [lanes[to!]!.name] : []))).toEqual(['upstream'])
})

const FILE_HEADER = 24
const RECORD_HEADER = 16

/** A pcap file without the packets that hold this. */
function without(capture: Bytes, word: string): Bytes {
  const view = new DataView(capture.buffer, capture.byteOffset, capture.length)
  const kept = [capture.subarray(0, FILE_HEADER)]
  for (let at = FILE_HEADER; at < capture.length;) {
    const end = at + RECORD_HEADER + view.getUint32(at + 8, true)
    if (!Buffer.from(capture.subarray(at, end)).includes(word)) kept.push(capture.subarray(at, end))
    at = end
  }
  return new Uint8Array(Buffer.concat(kept))
}

test('a comparable request that only one of two captures of its connection has is drawn', async () => {
  const net = network()
  const [client, front] = [net.host('client', '10.0.0.2'), net.host('front', '10.0.0.1')]
  const [back, app] = [net.host('back', '10.1.0.1'), net.host('app', '10.1.0.2')]
  const asking = net.tcp(client, front, 80).handshake()
  const other = net.tcp(back, app, 80).handshake()
  const exchange = (path: string, mark: string, seconds: number): void => {
    other.send('>', request(`GET ${path}`, { Mark: mark })).wait(seconds)
    other.send('<', response(200, mark))
  }
  exchange('/report?n=1', 'mark-1', 2.5)
  for (const path of ['/a', '/b']) exchange(path, 'mark-2', 0.1)
  const attempt = net.tcp(back, app, 80)
  asking.send('>', request('GET /report?n=3'))
  attempt.handshake().send('>', request('GET /report?n=3')).wait(1.2).fin('>')
  asking.send('<', response(504, '<center>nginx</center>', { Server: 'nginx' }))
  const captures = [net.capture('front'), without(net.capture('back'), 'mark-2'), without(net.capture('app'), 'mark-1')]
  const observed = captures.map((bytes, i) => observe([{ file: `${i}.pcap`, open: () => whole(bytes) }], OPTIONS))
  const story = correlate(await Promise.all(observed))
  const incident = diagnose(story).incidents[0]!
  expect([incident.cause, wrongsOf(ladderOf(story, incident), incident)]).toEqual(['timeout-policy', []])
})
