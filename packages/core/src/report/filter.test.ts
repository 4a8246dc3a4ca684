// Filters are copied into Wireshark, and into shells: what is in them is ours.
import { network, request, response } from '@pcap-surgery/testkit'
import { expect, test } from 'vitest'
import type { Bytes } from '../bytes/read.ts'
import { observe } from '../observe/observe.ts'
import { correlate } from '../story/correlate.ts'
import { diagnose } from './diagnose.ts'
import { nameFilter } from './filter.ts'

test.each([
  ['app.internal', 'dns.qry.name == "app.internal"'],
  ['_http._tcp.app-1.internal', 'dns.qry.name == "_http._tcp.app-1.internal"'],
  [`x'$(id)".internal`, 'dns.qry.name contains ".internal"'],
  [String.raw`a\.b\032\010c\\d.internal`, 'dns.qry.name contains "d.internal"'],
  [String.raw`\000'\255`, 'dns'],
  ['.', 'dns.qry.name == "."'],
])('the name %s', (name, filter) => {
  expect(nameFilter(name)).toBe(filter)
})

const gzip = (source: AsyncIterable<Bytes>): AsyncIterable<Bytes> => source

test('of many attempts the first and the last are shown', async () => {
  const net = network()
  const [client, proxy] = [net.host('tap', '10.1.0.2'), net.host('tap', '10.1.0.1')]
  const leg = net.tcp(client, proxy, 80).handshake().send('>', request('GET /x'))
  for (let n = 0; n < 60; n++)
    net
      .tcp(proxy, net.host('tap', `10.2.0.${n}`), 8080)
      .syn()
      .rst('<')
  leg.send('<', response(502, 'x', { Server: 'nginx' }))
  // oxlint-disable-next-line require-await -- stands for a file
  async function* open(): AsyncGenerator<Bytes> {
    yield net.capture('tap')
  }
  const story = correlate([await observe([{ file: 'tap', open }], { decompression: { gzip } })])
  const [{ attempts, filters } = { attempts: [], filters: [] }] = diagnose(story).incidents
  const shown = [...filters[0]!.filter.matchAll(/10\.2\.0\.(\d+)/g)].map(([, n]) => Number(n))
  expect(attempts).toHaveLength(60)
  expect(shown).toEqual(Array.from({ length: 16 }, (_, i) => (i < 8 ? i : i + 44)))
})
