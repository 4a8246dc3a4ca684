import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addExchange, createExchangeTable, exchangeCount, exchangesOf, trimExchangeTable } from './exchange-table.ts'
import type { Exchange, ExchangeDetail } from './observations.ts'

const number = fc.integer({ min: -1, max: 2 ** 40 })
const moment = fc.record({ frame: fc.integer({ min: -1, max: 2 ** 31 - 1 }), time: number })

/** Any exchange but for its ordinal and detail. */
const anyExchange: fc.Arbitrary<Exchange> = fc.record({
  ordinal: fc.constant(0),
  protocol: fc.constantFrom('http1', 'http2', 'fastcgi', 'uwsgi', 'scgi', 'ajp', 'tls'),
  stream: fc.integer({ min: -1, max: 2 ** 31 - 1 }),
  method: fc.string(),
  target: fc.string(),
  host: fc.option(fc.string()),
  ids: fc.array(fc.string(), { maxLength: 2 }),
  forwardedFor: fc.option(fc.string()),
  bodyLength: number,
  status: fc.integer({ min: 0, max: 999 }),
  grpcStatus: fc.integer({ min: -1, max: 16 }),
  request: moment,
  requestEnd: moment,
  response: moment,
  responseEnd: moment,
  requestFrom: number,
  requestTo: number,
  responseFrom: number,
  ended: fc.constantFrom('complete', 'closed', 'truncated', 'broken', 'open', null),
  headSize: fc.nat(2 ** 20),
  responseBytes: number,
  idle: number,
  tunnel: fc.boolean(),
  detail: fc.constant(null),
})

/** All that an exchange has, by name: what is read from a row is no property of its own. */
const read = (x: Exchange, names: Exchange): unknown =>
  Object.keys(names).map((name) => [name, x[name as keyof Exchange]])

test('exchanges come back as they were put in, in the order in which they began, also from a copy of the table', () => {
  const property = fc.property(fc.array(fc.tuple(anyExchange, fc.boolean())), fc.boolean(), (made, isBackwards) => {
    const exchanges = made.map(([exchange, isTroubled], ordinal): Exchange => {
      return { ...exchange, ordinal, detail: isTroubled ? ({ body: 'x' } as ExchangeDetail) : null }
    })
    const table = createExchangeTable()
    for (const exchange of isBackwards ? exchanges.toReversed() : exchanges) addExchange(table, exchange)
    for (const copy of [table, trimExchangeTable(table), structuredClone(table)]) {
      const connection = { exchanges: copy }
      expect(exchangeCount(connection)).toBe(exchanges.length)
      const back = exchangesOf(connection)
      expect(back.map((x, i) => read(x, exchanges[i]!))).toEqual(exchanges.map((x) => read(x, x)))
    }
  })
  fc.assert(property)
})

test('whoever asks gets the same objects', () => {
  const table = createExchangeTable()
  const [exchange] = fc.sample(anyExchange, 1)
  addExchange(table, exchange!)
  expect(exchangesOf({ exchanges: table })[0]).toBe(exchangesOf({ exchanges: table })[0])
})
