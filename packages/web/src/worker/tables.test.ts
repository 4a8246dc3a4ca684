import { correlate, diagnose, type Observations, observe, type Story } from '@pcap-surgery/core'
import { gateway, network, request, response } from '@pcap-surgery/testkit'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Cell, Row, TableName } from '../session/protocol.ts'
import { COLUMNS } from '../tables/columns.ts'
import { Tables } from './tables.ts'

async function storyOf(...captures: Uint8Array[]): Promise<Story> {
  const files = captures.map((bytes, n) => [{ file: `${n}.pcap`, open: () => whole(bytes) }])
  const options = { decompression: { gzip: (source: AsyncIterable<Uint8Array>) => source } }
  return correlate(await Promise.all(files.map((parts) => observe(parts, options as never))))
}

// oxlint-disable-next-line require-await -- stands for a file
async function* whole(bytes: Uint8Array): AsyncGenerator<any> {
  yield bytes
}

const tablesOf = (story: Story): Tables => new Tables(story, diagnose(story))

/** Every row of a view, by its column names. */
function read(
  tables: Tables,
  table: TableName,
  filter = '',
  sort: { column: string; descending: boolean } | null = null,
): Record<string, Cell>[] {
  const { rows } = tables.view({ table, sort, filter })
  return tables
    .rows(table, 0, rows)
    .map(({ cells }) => Object.fromEntries(COLUMNS[table].map(({ id }, i) => [id, cells[i]!])))
}

/** An IPv4 endpoint with its numbers at full width, so that its text is in their order. */
const inOrder = (cell: Cell): string | number =>
  typeof cell === 'string' && /^[\d.]+:\d+$/.test(cell) ? cell.replaceAll(/\d+/g, (n) => n.padStart(5, '0')) : cell!

/** Clients 10.0.0.9 and 10.0.0.10 with a request each, another without an answer, and one that nobody lets in. */
function traffic(): Uint8Array {
  const net = network()
  const proxy = net.host('proxy', '10.0.0.1')
  const [nine, ten] = [net.host('client', '10.0.0.9'), net.host('client', '10.0.0.10')]
  net.at(1, () =>
    net
      .tcp(ten, proxy, 80)
      .handshake()
      .send('>', request('GET /b', { Host: 'shop.example' }))
      .wait(0.25)
      .send('<', response(200, 'x'.repeat(3000)))
      .close('<'),
  )
  net.at(2, () =>
    net
      .tcp(nine, proxy, 80)
      .handshake()
      .send('>', request('POST /A', { Host: 'api.example' }))
      .wait(0.5)
      .send('<', response(404, 'no'))
      .rst('>'),
  )
  net.at(3, () =>
    net
      .tcp(nine, proxy, 8080)
      .handshake()
      .send('>', request('GET /c', { Host: 'api.example' })),
  )
  net.at(4, () => net.tcp(ten, net.host('nobody', '10.0.0.5'), 80).syn())
  return net.capture('proxy')
}

describe('what is seen', () => {
  let tables: Tables
  beforeAll(async () => {
    tables = tablesOf(await storyOf(traffic()))
  })

  test('connections, in order of time', () => {
    const rows = read(tables, 'connections')
    expect(rows.map(({ client, server }) => `${String(client).split(':')[0]} ${server}`)).toEqual([
      '10.0.0.10 10.0.0.1:80',
      '10.0.0.9 10.0.0.1:80',
      '10.0.0.9 10.0.0.1:8080',
      ...(rows.length === 4 ? ['10.0.0.10 10.0.0.5:80'] : []),
    ])
    expect(rows[0]).toMatchObject({ capture: '0.pcap', speaks: 'HTTP/1', ended: 'FIN by server', exchanges: 1 })
    expect(rows[0]!.start).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/)
    expect(rows.slice(0, 3).map(({ ended }) => ended)).toEqual(['FIN by server', 'RST by client', 'open'])
    expect(rows[0]!.received).toBeGreaterThan(3000)
  })

  test('exchanges', () => {
    const rows = read(tables, 'exchanges')
    expect(rows.map(({ method, host, target, status }) => [method, host, target, status])).toEqual([
      ['GET', 'shop.example', '/b', 200],
      ['POST', 'api.example', '/A', 404],
      ['GET', 'api.example', '/c', null],
    ])
    expect(rows.map(({ wait }) => wait)).toEqual([expect.closeTo(0.25, 2), expect.closeTo(0.5, 2), null])
    expect(rows[0]).toMatchObject({ bytes: 3000, client: expect.stringMatching(/^10\.0\.0\.10:\d+$/) })
  })

  const everyColumn = (['connections', 'exchanges'] as const).flatMap((table) =>
    COLUMNS[table].map(({ id }) => [table, id] as const),
  )
  test.each(everyColumn)('%s by %s: both ways, and what has none comes last', (table, column) => {
    const [up, down] = [false, true].map((descending) =>
      read(tables, table, '', { column, descending }).map((row) => row[column] ?? null),
    ) as [Cell[], Cell[]]
    const present = up.slice(0, up.indexOf(null) < 0 ? up.length : up.indexOf(null))
    expect(up.slice(present.length).every((cell) => cell === null)).toBe(true)
    expect(down.slice(0, present.length)).toEqual(present.toReversed())
    expect(present.map(inOrder)).toEqual(present.map(inOrder).toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)))
  })

  test('addresses are in the order of their numbers', () => {
    const clients = read(tables, 'exchanges', '', { column: 'client', descending: false }).map(({ client }) =>
      String(client).replace(/:.*/, ''),
    )
    expect(clients).toEqual(['10.0.0.9', '10.0.0.9', '10.0.0.10'])
  })

  test.each([
    ['shop', ['/b']],
    ['API.example get', ['/c']],
    ['404', ['/A']],
    ['4xx', ['/A']],
    ['8080', ['/c']],
    ['80', ['/b', '/A']],
    ['10.0.0.1:8080', ['/c']],
    ['client:10.0.0.1', ['/b']],
    ['target:/a', ['/A']],
    ['.*', []],
    ['nothing', []],
    ['  ', ['/b', '/A', '/c']],
  ])('exchanges with the words %j', (filter, targets) => {
    expect(read(tables, 'exchanges', filter).map(({ target }) => target)).toEqual(targets)
  })

  test('connections with words of their own', () => {
    expect(read(tables, 'connections', 'rst http').map(({ ended }) => ended)).toEqual(['RST by client'])
    expect(read(tables, 'connections', 'ended:open 8080')).toHaveLength(1)
  })

  test('a column that is not there, and rows behind the end', () => {
    expect(tables.view({ table: 'exchanges', sort: { column: 'constructor', descending: true }, filter: '' })).toEqual({
      rows: 3,
      of: 3,
    })
    expect(tables.rows('exchanges', 2, 10)).toHaveLength(1)
    expect(tables.rows('exchanges', 9, 10)).toEqual([])
    expect(tables.facts('exchanges', 3)).toBeNull()
  })

  test('all facts of a row, and the filter that shows it', () => {
    tables.view({ table: 'exchanges', sort: null, filter: 'POST' })
    const [{ id }] = tables.rows('exchanges', 0, 1) as [Row]
    const facts = tables.facts('exchanges', id)!
    expect(facts).toMatchObject({ title: 'POST /A', incident: null })
    expect(facts.groups.map(({ title }) => title)).toEqual(['Request', 'Response', 'Connection'])
    expect(facts.groups.flatMap((group) => group.facts)).toContainEqual(['Status', '404'])
    expect(facts.filters).toEqual([
      { file: '0.pcap', filter: expect.stringMatching(/^\(ip\.addr == 10\.0\.0\.9 .*frame\.number >= \d+/) },
    ])
  })

  test('traffic: every exchange in its bin', () => {
    const { begin, binSeconds, exchanges } = tables.traffic(4)
    expect(exchanges).toEqual([1, 0, 1, 1])
    expect(binSeconds).toBeCloseTo(0.5, 2)
    expect(begin).toBe(read(tables, 'exchanges')[0]!.start)
  })
})

test('an incident has its exchanges on both legs, in both captures', async () => {
  const { front, both } = gateway({
    ask: 'GET /slow',
    attempts: [(upstream, text) => upstream.handshake().send('>', text).wait(0.2).rst('<')],
    answer: 502,
    idleSeconds: 1,
  })
  const rows = read(tablesOf(await storyOf(front, both)), 'exchanges')
  const told = rows.map(({ capture, target, incident }) => `${capture} ${target} ${incident}`)
  expect(told.toSorted()).toEqual([
    '0.pcap /before null',
    '0.pcap /slow 1',
    '1.pcap /before null',
    '1.pcap /before null',
    '1.pcap /slow 1',
    '1.pcap /slow 1',
  ])
})

test('a failure that a retry hid has its exchanges: the request, and both tries', async () => {
  const { both } = gateway({
    attempts: [
      (upstream, text) => upstream.handshake().send('>', text).wait(0.1).rst('<'),
      (upstream, text) => upstream.handshake().send('>', text).wait(0.1).send('<', response(200, 'fine')),
    ],
    answer: response(200, 'fine'),
  })
  const rows = read(tablesOf(await storyOf(both)), 'exchanges')
  expect(rows.map(({ status, incident }) => `${status} ${incident}`).toSorted()).toEqual([
    '200 m1',
    '200 m1',
    'null m1',
  ])
})

test('a try whose request nobody captured is its incident’s', async () => {
  const { back } = gateway({
    attempts: [(upstream, text) => upstream.handshake().send('>', text).wait(0.1).rst('<')],
    answer: 502,
    idleSeconds: 1,
  })
  const rows = read(tablesOf(await storyOf(back)), 'exchanges')
  expect(rows.map(({ target, incident }) => `${target} ${incident}`)).toEqual(['/before null', '/report 1'])
})

test('nothing observed', async () => {
  const tables = tablesOf(await storyOf(network().capture('proxy')))
  for (const table of ['connections', 'exchanges'] as const) {
    expect(tables.view({ table, sort: { column: 'client', descending: true }, filter: 'x' })).toEqual({
      rows: 0,
      of: 0,
    })
    expect(tables.rows(table, 0, 10)).toEqual([])
  }
  expect(tables.traffic().exchanges).toEqual([])
})

test('a million rows: sorted, filtered, and read from the middle', async () => {
  const net = network()
  const [client, proxy] = [net.host('client', '10.0.0.9'), net.host('proxy', '10.0.0.1')]
  for (let n = 0; n < 1000; n++) {
    net.at(n / 1000, () =>
      net
        .tcp(client, proxy, 80)
        .handshake()
        .send('>', request(`GET /${n % 100}`))
        .send('<', response(n % 50 === 0 ? 404 : 200, 'x'.repeat(n)))
        .close('<'),
    )
  }
  const story = await storyOf(net.capture('proxy'))
  const { observations } = story.captures[0]!
  const thousandfold: Observations = {
    ...observations,
    connections: Array.from({ length: 1000 }, () => observations.connections).flat(),
  }
  const captures = [{ ...story.captures[0]!, observations: thousandfold }]
  const tables = new Tables({ ...story, captures }, { incidents: [], masked: [] })
  expect(tables.view({ table: 'connections', sort: { column: 'server', descending: false }, filter: '' }).rows).toBe(
    1e6,
  )
  expect(tables.view({ table: 'exchanges', sort: { column: 'bytes', descending: true }, filter: '' }).rows).toBe(1e6)
  const bytes = COLUMNS.exchanges.findIndex(({ id }) => id === 'bytes')
  expect(tables.rows('exchanges', 499_999, 2).map(({ cells }) => cells[bytes])).toEqual([500, 499])
  const filtered = {
    table: 'exchanges',
    sort: { column: 'target', descending: false },
    filter: 'status:404 get',
  } as const
  expect(tables.view(filtered)).toEqual({ rows: 20_000, of: 1e6 })
})
