import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Sniffed, SNIFFED_NAMES } from '../app/sniff.ts'
import {
  type ConnectionRecord,
  connectionsOf,
  type ConnectionTable,
  ConnectionTableBuilder,
  type SideRecord,
} from './connection-table.ts'
import { addExchange, createExchangeTable } from './exchange-table.ts'
import type { Connection, Exchange, ExchangeDetail, ExchangeTable, Moment, Observations } from './observations.ts'

const anyMoment: fc.Arbitrary<Moment> = fc.record({
  frame: fc.oneof(fc.constant(-1), fc.nat()),
  time: fc.oneof(fc.constant(-1), fc.nat(1e16)),
})
const anySeen: fc.Arbitrary<Moment | null> = fc.option(fc.record({ frame: fc.nat(), time: fc.nat(1e16) }))
const anyText = fc.option(fc.string())
const anyWide = fc.nat(1e12)
const anyFrame = fc.oneof(fc.constant(-1), fc.nat())
const anyNumber = fc.integer({ min: -1, max: 2 ** 32 - 1 })

const anyExchange: fc.Arbitrary<Exchange> = fc.record({
  ordinal: fc.constant(0),
  protocol: fc.constantFrom('http1', 'http2', 'fastcgi', 'uwsgi', 'scgi', 'ajp', 'tls'),
  stream: fc.integer({ min: -1, max: 2 ** 31 - 1 }),
  method: fc.string(),
  target: fc.string(),
  host: anyText,
  ids: fc.array(fc.string(), { maxLength: 2 }),
  forwardedFor: anyText,
  bodyLength: anyWide,
  status: fc.nat(999),
  grpcStatus: fc.integer({ min: -1, max: 2 ** 31 - 1 }),
  request: anyMoment,
  requestEnd: anyMoment,
  response: anyMoment,
  responseEnd: anyMoment,
  requestFrom: anyWide,
  requestTo: anyWide,
  responseFrom: anyWide,
  ended: fc.constantFrom(null, 'complete', 'closed', 'truncated', 'broken', 'open'),
  headSize: fc.nat(1e6),
  responseBytes: anyWide,
  idle: anyWide,
  tunnel: fc.boolean(),
  detail: fc.constant(null),
})

const anyIrregular: fc.Arbitrary<SideRecord> = fc.record({
  bytes: anyWide,
  segments: fc.nat(),
  retransmissions: fc.nat(),
  outOfOrder: fc.nat(),
  captureDuplicates: fc.nat(),
  missing: anyWide,
  largest: fc.nat(),
  largestAcked: fc.nat(),
  isn: anyNumber,
  base: anyNumber,
  mss: fc.integer({ min: -1, max: 65_535 }),
  ttl: fc.integer({ min: -1, max: 255 }),
  stamp: fc.integer(),
  finFrame: anyFrame,
  finTime: anyNumber,
  resetFrame: anyFrame,
  resetTime: anyNumber,
})
const REGULAR = { retransmissions: 0, outOfOrder: 0, captureDuplicates: 0, missing: 0, resetFrame: -1, resetTime: -1 }
const anySide = fc.oneof(
  anyIrregular,
  anyIrregular.map((side): SideRecord => ({ ...side, ...REGULAR })),
)

const anySpoken = fc.constantFrom(...(Object.keys(SNIFFED_NAMES) as Sniffed[]), null)
const anyList = fc.uniqueArray(fc.nat(4095), { maxLength: 3 })

const anyOdd: fc.Arbitrary<ConnectionRecord> = fc.record({
  clientPort: fc.nat(65_535),
  clientAddress: fc.ipV4(),
  serverAddress: fc.oneof(fc.ipV4(), fc.constant('2001:db8::1')),
  serverPort: fc.nat(65_535),
  orientation: fc.constantFrom('syn', 'content', 'port'),
  first: fc.record({ frame: fc.nat(), time: fc.nat() }),
  last: fc.record({ frame: fc.nat(), time: fc.nat() }),
  lastFrom: fc.constantFrom(0, 1),
  syns: fc.array(fc.record({ frame: fc.nat(), time: fc.nat() }), { maxLength: 3 }),
  synAck: anySeen,
  synAckRepeats: fc.array(fc.record({ frame: fc.nat(), time: fc.nat() }), { maxLength: 2 }),
  established: anySeen,
  sides: fc.tuple(anySide, anySide),
  speaks: fc.tuple(anySpoken, anySpoken),
  inside: fc.tuple(anySpoken, anySpoken),
  tls: fc.constant(null),
  http2: fc.option(fc.constant({ midstream: true, goaways: [], stalls: [], faults: [] })),
  proxyHeader: fc.boolean(),
  proxiedFor: fc.constant(null),
  packets: fc.array(fc.nat(), { maxLength: 8 }),
  packetsOmitted: fc.constant(0),
  firstBytes: fc.tuple(fc.string(), fc.string()),
  interfaces: anyList,
  vlans: fc.uniqueArray(fc.integer({ min: -1, max: 4095 }), { minLength: 1, maxLength: 3 }),
  exchanges: fc.constant(createExchangeTable()),
  exchangeCount: fc.constant(0),
})
/** Most begin with their one SYN. */
const anyRecord = fc.oneof(
  anyOdd,
  anyOdd.map((record): ConnectionRecord => ({ ...record, syns: [record.first] })),
)

const readFrom = (...connections: ConnectionTable[]): readonly Connection[] =>
  connectionsOf({ connections } as Observations)

/** The fields of `model`, as read from an accessor. */
const read = <T extends object>(from: T, model: T): T =>
  Object.fromEntries(Object.keys(model).map((field) => [field, from[field as keyof T]])) as T

const finOf = ({ finFrame, finTime }: SideRecord): Moment | null =>
  finFrame < 0 ? null : { frame: finFrame, time: finTime }

describe('connections', () => {
  test('come back as they were put in, in the order in which they began, also from another thread', () => {
    fc.assert(
      fc.property(fc.array(anyRecord), (records) => {
        const builder = new ConnectionTableBuilder()
        for (const record of records) builder.add(record)
        const expected = records.toSorted((a, b) => a.first.frame - b.first.frame)
        for (const connections of [readFrom(...builder.tables), readFrom(...structuredClone(builder.tables))]) {
          const back = connections.map((connection, i) => {
            const { exchanges: _, clientPort, sides, ...model } = expected[i]!
            expect(connection.client.endsWith(`:${clientPort}`)).toBe(true)
            expect(connection.sides.map((side, n) => read(side as object, sides[n]!))).toEqual(sides)
            expect(connection.sides.map(({ fin }) => fin)).toEqual(sides.map(finOf))
            return [read(connection as typeof model, model), model]
          })
          expect(back.map(([is]) => is)).toEqual(back.map(([, model]) => model))
        }
      }),
    )
  })

  test('of several tables are one list, and a table that was answered stays as it was', () => {
    const [one, two, three] = fc.sample(anyRecord, 3) as [ConnectionRecord, ConnectionRecord, ConnectionRecord]
    const builder = new ConnectionTableBuilder()
    builder.add({ ...one, first: { frame: 2, time: 2 } })
    const before = builder.tables
    builder.add({ ...two, first: { frame: 3, time: 3 } })
    const other = new ConnectionTableBuilder()
    other.add({ ...three, first: { frame: 1, time: 1 } })
    expect(readFrom(...before, ...other.tables).map(({ first }) => first.frame)).toEqual([1, 2])
    expect(readFrom(...builder.tables).map(({ first }) => first.frame)).toEqual([2, 3])
  })
})

test('more connections than one table takes come back, each with its texts and exchanges', () => {
  const [record] = fc.sample(anyRecord, 1)
  const [exchange] = fc.sample(anyExchange, 1)
  const builder = new ConnectionTableBuilder()
  for (let frame = 0; frame < 10_000; frame++) {
    const exchanges = createExchangeTable()
    addExchange(exchanges, { ...exchange!, target: `/${frame}` })
    builder.add({ ...record!, first: { frame, time: frame }, clientPort: frame, exchanges, exchangeCount: 1 })
  }
  expect(builder.tables.length).toBeGreaterThan(1)
  const back = readFrom(...builder.tables).map((one) => `${one.client.split(':')[1]} ${one.exchanges[0]!.target}`)
  expect(back).toEqual(Array.from({ length: 10_000 }, (_, n) => `${n} /${n}`))
})

/** A connection with these exchanges, as it is read. */
function connectionWith(exchanges: ExchangeTable, copy: (table: ConnectionTable) => ConnectionTable): Connection {
  const [record] = fc.sample(anyRecord, 1)
  const builder = new ConnectionTableBuilder()
  // Behind those of another one.
  for (let n = 0; n < 2; n++) builder.add({ ...record!, first: { frame: n, time: n }, exchanges })
  return readFrom(...builder.tables.map(copy))[1]!
}

describe('exchanges', () => {
  test('come back as they were put in, in the order in which they began', () => {
    const property = fc.property(fc.array(fc.tuple(anyExchange, fc.boolean())), fc.boolean(), (made, isBackwards) => {
      const exchanges = made.map(([exchange, isTroubled], ordinal): Exchange => {
        return { ...exchange, ordinal, detail: isTroubled ? ({ body: 'x' } as ExchangeDetail) : null }
      })
      const table = createExchangeTable()
      for (const exchange of isBackwards ? exchanges.toReversed() : exchanges) addExchange(table, exchange)
      for (const copy of [(same: ConnectionTable) => same, (other: ConnectionTable) => structuredClone(other)]) {
        const connection = connectionWith(table, copy)
        expect(connection.exchangeCount).toBe(exchanges.length)
        const back = connection.exchanges
        expect(back.map((x, i) => read(x, exchanges[i]!))).toEqual(exchanges)
      }
    })
    fc.assert(property)
  })

  test('are the same objects for whoever asks', () => {
    const table = createExchangeTable()
    addExchange(table, fc.sample(anyExchange, 1)[0]!)
    const connection = connectionWith(table, (same) => same)
    expect(connection.exchanges[0]).toBe(connection.exchanges[0])
  })
})
