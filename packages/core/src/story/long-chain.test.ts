import { network, request, response } from '@pcap-surgery/testkit'
import { expect, test } from 'vitest'
import type { Bytes } from '../bytes/read.ts'
import { observe } from '../observe/observe.ts'
import { diagnose } from '../report/diagnose.ts'
import { correlate } from './correlate.ts'

const gzip = (source: AsyncIterable<Bytes>): AsyncIterable<Bytes> => source

// Every hop's request is like every other's: whoever looked for circles behind each likeness would walk for minutes.
test.each([2, 3, 300])('a chain of %i proxies that pass one identifier on is followed to its end', async (length) => {
  const net = network()
  const hosts = Array.from({ length: length + 1 }, (_, i) => net.host('tap', `10.9.${i >> 8}.${i & 255}`))
  const legs = hosts.slice(1).map((host, i) =>
    net
      .tcp(hosts[i]!, host, 80)
      .handshake()
      .send('>', request('GET /x', { 'X-Request-ID': 'abcdef0123456789' })),
  )
  net.tcp(hosts.at(-1)!, net.host('tap', '10.99.0.1'), 80).syn().rst('<')
  for (const leg of legs.toReversed()) leg.send('<', response(502, 'x', { Server: 'nginx' }))
  // oxlint-disable-next-line require-await -- stands for a file
  async function* open(): AsyncGenerator<Bytes> {
    yield net.capture('tap')
  }
  const { incidents } = diagnose(correlate([await observe([{ file: 'tap', open }], { decompression: { gzip } })]))
  expect(incidents.map(({ client, cause }) => [client?.split(':')[0], cause])).toEqual([
    ['10.9.0.0', 'connect-refused'],
  ])
})
