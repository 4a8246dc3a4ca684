import fc from 'fast-check'
import { expect, test } from 'vitest'
import { layoutOf, type LadderRow } from './ladder-layout.ts'
import type { Arrow, Ladder } from './ladder.ts'

const LANES: Ladder['lanes'] = ['client', 'proxy', 'upstream'].map((name, i) => ({
  role: name as 'client',
  addresses: [`10.0.0.${i}`],
  name,
  host: null,
}))

const CONNECTION: Ladder['connections'][number] = {
  client: '10.0.0.1:40000',
  server: '10.0.0.2:80',
  clientLane: 1,
  serverLane: 2,
  leg: 'upstream',
  attempt: 0,
  startSeconds: 0,
  endSeconds: null,
  captures: [0],
  omitted: 0,
  omittedFrom: null,
  omittedTo: null,
}

const arrow = (seconds: number, some: Partial<Arrow> = {}): Arrow => ({
  seconds,
  arrivalSeconds: null,
  lost: false,
  from: 1,
  to: 2,
  kind: 'request',
  marks: [],
  label: 'GET /',
  connection: 0,
  frames: [{ capture: 0, frame: 1 }],
  deciding: false,
  tcp: { seq: 1, ack: 1, length: 100, window: 1000, sack: -1, flags: 'ACK', ttl: 64 },
  ...some,
})

const ladder = (...arrows: Arrow[]): Ladder => ({
  lanes: LANES,
  connections: [CONNECTION],
  arrows,
  leftOut: { lanes: 0, packets: 0 },
})
const kinds = (rows: readonly LadderRow[]): string[] => rows.map(({ kind }) => kind)
const data = (seconds: number): Arrow => arrow(seconds, { kind: 'data', label: '100 bytes' })

test('a long pause is folded and says how long it was', () => {
  const { rows } = layoutOf(ladder(arrow(0), arrow(0.001), arrow(2.971)))
  expect(kinds(rows)).toEqual(['arrow', 'arrow', 'fold', 'arrow'])
  expect(rows[2]).toMatchObject({ seconds: 2.97 })
})

test('data and acknowledgements in a row are one bundle, which can be opened; what decides stays apart', () => {
  const train = [0, 1, 2, 3].map((n) => data(1e-5 * n))
  const decisive = arrow(1e-4, { deciding: true })
  const closed = layoutOf(ladder(...train, decisive))
  expect(closed.rows).toMatchObject([{ kind: 'bundle', id: 0, arrows: [0, 1, 2, 3], bytes: 400 }, { kind: 'arrow' }])
  expect(kinds(layoutOf(ladder(...train, decisive), { open: new Set([0]) }).rows)).toEqual(Array(5).fill('arrow'))
})

test('packets that nobody kept are counted where they were', () => {
  const all = ladder(arrow(0), arrow(1e-4), arrow(2e-4))
  all.connections = [{ ...CONNECTION, omitted: 7, omittedFrom: 1e-4, omittedTo: 2e-4 }]
  expect(layoutOf(all).rows).toMatchObject([{}, {}, { kind: 'omitted', connection: 0, count: 7 }, {}])
})

test('where there is no room for all, what decides is kept with its neighbours', () => {
  const arrows = Array.from({ length: 200 }, (_, n) => arrow(n * 1e-5, { deciding: n === 120 }))
  const { rows } = layoutOf(ladder(...arrows), { most: 20 })
  const drawn = rows.flatMap((row) => (row.kind === 'arrow' ? [row.arrow] : []))
  expect(drawn).toHaveLength(20)
  expect(drawn).toEqual(expect.arrayContaining([0, 119, 120, 121, 199]))
  expect(rows.reduce((sum, row) => sum + (row.kind === 'omitted' ? row.count : 0), 0)).toBe(180)
})

test('a packet slopes down to when it arrived, among the packets of that time', () => {
  const { rows } = layoutOf(ladder(arrow(0, { arrivalSeconds: 1.5e-4 }), arrow(1e-4), arrow(2e-4)))
  const [first, second, third] = rows as [LadderRow & { arrivalY: number }, LadderRow, LadderRow]
  expect(first.arrivalY).toBeCloseTo((second.y + third.y) / 2)
})

test('rows never touch, whatever the times; every arrow is drawn once', () => {
  const someArrow = fc
    .record({
      seconds: fc.double({ min: -10, max: 100, noNaN: true }),
      transit: fc.double({ min: 0, max: 5, noNaN: true }),
      plain: fc.boolean(),
    })
    .map(({ seconds, transit, plain }) => ({
      ...(plain ? data(seconds) : arrow(seconds)),
      arrivalSeconds: seconds + transit,
    }))
  fc.assert(
    fc.property(fc.array(someArrow, { maxLength: 60 }), (some) => {
      const arrows = some.toSorted((a, b) => a.seconds - b.seconds)
      const { rows, height } = layoutOf(ladder(...arrows), { row: 20 })
      const drawn = rows.flatMap((row) =>
        row.kind === 'arrow' ? [row.arrow] : row.kind === 'bundle' ? row.arrows : [],
      )
      expect(drawn.toSorted((a, b) => a - b)).toEqual(arrows.map((_, i) => i))
      rows.forEach((row, i) => {
        expect(row.y - (rows[i - 1]?.y ?? 0)).toBeGreaterThanOrEqual(19.999)
        expect(row.y).toBeLessThan(height)
        expect(row.kind === 'arrow' ? row.arrivalY : row.y).toBeGreaterThanOrEqual(row.y)
      })
    }),
  )
})

test('what the client got stays, however little room there is', () => {
  const arrows = Array.from({ length: 40 }, (_, i) => arrow(i / 1e4, { deciding: i === 3 }))
  arrows[25] = arrow(25 / 1e4, { kind: 'response', from: 1, to: 0, connection: 1 })
  const front = { ...CONNECTION, leg: 'client' as const, clientLane: 0, serverLane: 1 }
  const { rows } = layoutOf({ ...ladder(...arrows), connections: [CONNECTION, front] }, { most: 6 })
  expect(rows.flatMap((row) => (row.kind === 'arrow' ? [row.arrow] : []))).toContain(25)
})
