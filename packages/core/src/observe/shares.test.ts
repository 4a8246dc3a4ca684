import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { diagnose } from '../report/diagnose.ts'
import { correlate } from '../story/correlate.ts'
import { nobleCrypto } from '../app/tls/crypto-noble.ts'
import { connectionsOf } from './connection-table.ts'
import type { Observations } from './observations.ts'
import { observe } from './observe.ts'
import { joinShares, type Share } from './shares.ts'

const CASES = fileURLToPath(new URL('../../../../cases/', import.meta.url))
const files = readdirSync(CASES, { recursive: true, encoding: 'utf8' }).filter((name) =>
  /\.pcap(ng)?(\.gz)?$/.test(name),
)

function observed(name: string, share?: Share): Promise<Observations> {
  const file = readFileSync(CASES + name)
  async function* open(): AsyncGenerator<Uint8Array> {
    yield name.endsWith('.gz') ? gunzipSync(file) : file
  }
  const options = { decompression: { gzip: (source: AsyncIterable<Uint8Array>) => source }, crypto: nobleCrypto }
  return observe([{ file: name, open }], share === undefined ? options : { ...options, share })
}

test.each(files)('the shares of %s together say what one thread says', async (name) => {
  const whole = await observed(name)
  const shares = await Promise.all([0, 1, 2].map((index) => observed(name, { index, of: 3 })))
  const joined = joinShares(shares.map((share) => structuredClone(share)))
  expect(connectionsOf(joined).map(({ client }) => client)).toEqual(connectionsOf(whole).map(({ client }) => client))
  expect({ ...joined, connections: null }).toEqual({ ...whole, connections: null })
  expect(diagnose(correlate([joined]))).toEqual(diagnose(correlate([whole])))
})

test('connections are dealt out evenly', async () => {
  const counts = await Promise.all(
    [0, 1].map(
      async (index) =>
        connectionsOf(await observed('nginx-upstream-slow-pool/proxy-front.pcap', { index, of: 2 })).length,
    ),
  )
  expect(Math.min(...counts)).toBeGreaterThan(Math.max(...counts) / 3)
})
