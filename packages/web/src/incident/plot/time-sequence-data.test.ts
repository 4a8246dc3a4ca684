import { correlate, diagnose, type Ladder, ladderOf, observe } from '@pcap-surgery/core'
import { gateway, type GatewayScenario } from '@pcap-surgery/testkit'
import { expect, test } from 'vitest'
import { firstConnection, firstDirection, timeSequenceOf } from './time-sequence-data.ts'

type Bytes = Uint8Array

async function* whole(bytes: Bytes): AsyncGenerator<Bytes> {
  yield bytes
}

async function ladder(scenario: GatewayScenario, withUpstream = false): Promise<Ladder> {
  const { front, back, net } = gateway({ upstream: { rtt: 0.01 }, ...scenario })
  const captures = [front, back, ...(withUpstream ? [net.capture('upstream')] : [])]
  const inputs = captures.map((bytes, n) => [{ file: `${n}.pcap`, open: () => whole(bytes) }])
  const story = correlate(
    await Promise.all(inputs.map((files) => observe(files, { decompression: { gzip: (source) => source } }))),
  )
  const { incidents, masked } = diagnose(story)
  return ladderOf(story, [...incidents, ...masked][0]!)
}

const upstreamOf = ({ connections }: Ladder): number => connections.findIndex(({ leg }) => leg === 'upstream')

test('segments from first to last byte, and how far they were acknowledged and may go', async () => {
  const drawn = await ladder({
    attempts: [
      (upstream) => upstream.handshake().send('>', 'GET /report HTTP/1.1\r\nHost: a\r\n\r\n').wait(3).fin('>'),
    ],
    answer: 504,
  })
  const plot = timeSequenceOf(drawn, upstreamOf(drawn), 'client')
  const [request] = plot.segments
  expect(plot.segments).toHaveLength(1)
  expect(request).toMatchObject({ from: 1, kind: 'data', isLost: false })
  expect(plot.acknowledged.map(({ value }) => value)).toEqual([1, request!.to, request!.to + 1])
  expect(plot.window.every(({ value }, i) => value > plot.acknowledged[Math.min(i, 1)]!.value)).toBe(true)
  expect(plot.marks.map(({ kind, by, at }) => [kind, by, at])).toEqual([
    ['syn', 'sender', 0],
    ['syn', 'receiver', 1],
    ['fin', 'sender', request!.to],
  ])
})

test('the proxy’s end of its try is a line that says how long it waited', async () => {
  const drawn = await ladder({
    attempts: [(upstream, asked) => upstream.handshake().send('>', asked).wait(60).fin('>')],
    answer: 504,
  })
  const { moments, marks } = timeSequenceOf(drawn, upstreamOf(drawn), 'client')
  expect(moments).toEqual([{ seconds: marks.at(-1)!.seconds, label: 'proxy gives up after 60.02 s' }])
})

test('what was sent again, what was lost, and what was closed, each by its shape', async () => {
  const drawn = await ladder(
    {
      attempts: [
        (upstream, asked) =>
          upstream
            .handshake()
            .send('>', asked, { lost: true })
            .retransmit('>', { after: [0.2, 0.4], lost: true })
            .wait(2)
            .rst('>'),
      ],
      answer: 504,
    },
    true,
  )
  const { segments, marks } = timeSequenceOf(drawn, upstreamOf(drawn), 'client')
  expect(segments.map(({ kind }) => kind)).toEqual(['data', 'retransmission', 'retransmission'])
  expect(segments.slice(1).every(({ isLost }) => isLost)).toBe(true)
  expect(new Set(segments.map(({ from, to }) => `${from} ${to}`)).size).toBe(1)
  expect(marks.at(-1)).toMatchObject({ kind: 'reset', by: 'sender' })
})

test('a window that closes, as its receiver says it', async () => {
  const drawn = await ladder({
    attempts: [
      (upstream, asked) =>
        upstream.handshake().send('>', asked).window('<', 0).wait(5).window('<', 0).wait(55).fin('>'),
    ],
    answer: 504,
  })
  const { marks, window: edges, acknowledged } = timeSequenceOf(drawn, upstreamOf(drawn), 'client')
  expect(marks.filter(({ kind }) => kind === 'zero-window').length).toBeGreaterThan(0)
  expect(edges.at(-1)!.value).toBe(acknowledged.at(-1)!.value)
})

test('the other direction has the other side’s segments', async () => {
  const drawn = await ladder({
    attempts: [(upstream, asked) => upstream.handshake().send('>', asked).send('<', 'HTTP/1.1 200').rst('<')],
    answer: 502,
  })
  const at = upstreamOf(drawn)
  const [there, back] = [timeSequenceOf(drawn, at, 'client'), timeSequenceOf(drawn, at, 'server')]
  expect([back.sender, back.receiver]).toEqual([there.receiver, there.sender])
  expect([there, back].map(({ segments }) => segments.length)).toEqual([1, 1])
  const arrows = (plot: typeof there): number[] => plot.places.map(({ arrow }) => arrow).toSorted((a, b) => a - b)
  expect(arrows(back)).toEqual(arrows(there))
})

test('stairs do not go down, and every list is in order of time', async () => {
  const drawn = await ladder({
    attempts: [
      (upstream, asked) =>
        upstream
          .handshake()
          .send('>', asked)
          .send('<', 'x'.repeat(20_000), { lost: [2] })
          .wait(1)
          .rst('<'),
    ],
    answer: 502,
  })
  for (const direction of ['client', 'server'] as const) {
    const plot = timeSequenceOf(drawn, upstreamOf(drawn), direction)
    for (const list of [plot.segments, plot.marks, plot.acknowledged, plot.window, plot.sacks, plot.places]) {
      const seconds = list.map((one: { seconds: number }) => one.seconds)
      expect(seconds).toEqual(seconds.toSorted((a, b) => a - b))
    }
    const values = plot.acknowledged.map(({ value }) => value)
    expect(values).toEqual([...new Set(values)].toSorted((a, b) => a - b))
  }
  expect(timeSequenceOf(drawn, upstreamOf(drawn), 'server').sacks.length).toBeGreaterThan(0)
})

test('first of all the connection and the direction of what decides', async () => {
  const drawn = await ladder({
    attempts: [
      (upstream, asked) => upstream.handshake().send('>', asked).rst('<'),
      (upstream, asked) => upstream.handshake().send('>', asked).rst('<'),
    ],
    answer: 502,
  })
  const first = firstConnection(drawn)
  expect(drawn.connections[first]!.leg).toBe('upstream')
  expect(drawn.arrows.some(({ connection, deciding }) => deciding && connection === first)).toBe(true)
  expect(firstDirection(drawn, first)).toBe('client')
})
