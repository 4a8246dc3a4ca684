import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Exchange } from '../observe/observations.ts'
import { assign } from './assign.ts'
import { OpenRequests } from './open-requests.ts'
import { fitOf } from './pairing.ts'
import { inOrder, type Roles } from './requests.ts'
import type { Conversation, Sighting } from './story.ts'

interface Row {
  start: number
  lasts: number
  status: number
}

/** Exchanges of which each has a connection to itself, as requests to a proxy and as tries of one alike. */
function roles(rows: readonly Row[]): Roles {
  const exchange = rows.map(
    ({ status }) =>
      ({ method: 'GET', target: '/', ids: [], forwardedFor: null, host: null, status }) as unknown as Exchange,
  )
  const sighting = rows.map(
    () => ({ connection: { clientAddress: '192.0.2.1', proxiedFor: null } }) as unknown as Sighting,
  )
  const server = new Int32Array(rows.length)
  const start = Float64Array.from(rows, (row) => row.start)
  const end = Float64Array.from(rows, (row) => row.start + row.lasts)
  return {
    count: rows.length,
    conversations: rows.map((_, id) => ({ id }) as Conversation),
    requests: { exchange, sighting, server, start, end, answered: end, until: end },
    tries: {
      exchange,
      sighting,
      server,
      start,
      asked: start,
      end,
      answered: Uint8Array.from(rows, ({ status }) => (status < 500 ? 1 : 0)),
    },
    turns: new Map(),
    bare: new Map(),
    servers: new Map(),
  }
}

/** The pairs in order of their points: two that are free take each other. */
function bestFirst(all: Roles): number[] {
  const { count, tries, requests } = all
  const rows = [...Array(count).keys()]
  const pairs = rows.flatMap((attempt) =>
    rows.flatMap((request) => {
      const isOpen = requests.start[request] <= tries.start[attempt] && tries.start[attempt] <= requests.until[request]
      const fit = request === attempt || !isOpen ? null : fitOf(all, request, attempt)
      return fit === null ? [] : [{ attempt, request, score: fit.score }]
    }),
  )
  pairs.sort((a, b) => b.score - a.score || tries.start[a.attempt] - tries.start[b.attempt])
  const found = rows.map(() => -1)
  const served = new Set<number>()
  for (const { attempt, request } of pairs) {
    if (found[attempt] >= 0 || (tries.answered[attempt] === 1 && served.has(request))) continue
    found[attempt] = request
    if (tries.answered[attempt] === 1) served.add(request)
  }
  return found
}

const time = fc.integer({ min: 0, max: 40 }).map((n) => n * 1e6)
const rows = fc.array(fc.record({ start: time, lasts: time, status: fc.constantFrom(200, 204, 502) }), {
  maxLength: 24,
})

test('the best pairs are taken first, whatever the order in which tries ask', () => {
  fc.assert(
    fc.property(rows, (some) => {
      const all = roles(some)
      const { request } = assign(all, [(_, found) => found.push(...some.keys())])
      expect([...request]).toEqual(bestFirst(all))
    }),
  )
})

test('the requests open at a moment are found, the latest first', () => {
  fc.assert(
    fc.property(rows, time, (some, at) => {
      const all = roles(some)
      const open = [...some.keys()]
        .filter((row) => some[row].start - 5e6 <= at && at <= some[row].start + some[row].lasts + 5e6)
        .toSorted((a, b) => some[b].start - some[a].start || b - a)
      expect(new OpenRequests(all, inOrder(all)).at(at)).toEqual(open)
    }),
  )
})
