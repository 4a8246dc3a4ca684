// The stories of this repository's cases, for the tests that need more than their diagnosis.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { type Bytes, correlate, nobleCrypto, observe, parseKeyLog, type Story } from '@pcap-surgery/core'

const CASES = fileURLToPath(new URL('../cases/', import.meta.url))

export const caseNames = (): string[] =>
  readdirSync(CASES, { withFileTypes: true }).flatMap((one) => (one.isDirectory() ? [one.name] : []))

/** All captures of a case together, with its key log if there is one. */
export async function storyOf(name: string): Promise<Story> {
  const folder = `${CASES}${name}/`
  const keys = parseKeyLog(existsSync(`${folder}keys.log`) ? readFileSync(`${folder}keys.log`, 'latin1') : '')
  const files = readdirSync(folder).filter((file) => /\.pcap(ng)?(\.gz)?$/.test(file))
  const observations = files
    .toSorted()
    .map((file) =>
      observe([{ file, open: () => whole(folder + file) }], { decompression: { gzip }, keys, crypto: nobleCrypto }),
    )
  return correlate(await Promise.all(observations))
}

async function* gzip(source: AsyncIterable<Bytes>): AsyncGenerator<Bytes> {
  const parts: Bytes[] = []
  for await (const chunk of source) parts.push(chunk.slice())
  yield gunzipSync(Buffer.concat(parts))
}

async function* whole(path: string): AsyncGenerator<Bytes> {
  yield readFileSync(path)
}
