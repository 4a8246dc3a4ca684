// Threads run compiled modules, so these tests do.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { correlate, diagnose, type Observations } from '@pcap-surgery/core'
import { afterAll, describe, expect, test } from 'vitest'
import type * as Observing from './observing.ts'

const { observeJobs } = (await import(new URL('../../dist/io/observing.js', import.meta.url).href)) as typeof Observing
const CASES = fileURLToPath(new URL('../../../../cases/', import.meta.url))
const jobsOf = (name: string): Observing.Job[] =>
  readdirSync(CASES + name)
    .filter((file) => /\.pcap(ng)?(\.gz)?$/.test(file))
    .map((file) => ({ files: [`${CASES}${name}/${file}`], apart: true, isSealed: false }))

const folder = mkdtempSync(join(tmpdir(), 'observing-'))
afterAll(() => rmSync(folder, { recursive: true }))

const document = (results: (Observations[] | Error)[]): unknown => diagnose(correlate(results.flat() as Observations[]))

describe('several threads say what one says', () => {
  test.each(['nginx-upstream-slow-pool', 'nginx-keepalive-race', 'chain-nginx-haproxy-slow', 'nginx-nano-gz'])(
    '%s',
    async (name) => {
      const alone = await observeJobs(jobsOf(name), null, { most: 1, bytesEach: 1 })
      const together = await observeJobs(jobsOf(name), null, { most: 3, bytesEach: 1 })
      expect(document(together)).toEqual(document(alone))
    },
  )

  test('one file for all of them', async () => {
    const [job] = jobsOf('nginx-upstream-slow-pool') as [Observing.Job]
    const alone = await observeJobs([job], null, { most: 1, bytesEach: 1 })
    expect(document(await observeJobs([job], null, { most: 4, bytesEach: 1 }))).toEqual(document(alone))
  })
})

test('what cannot be read is answered in its place, whichever thread met it', async () => {
  const damaged = join(folder, 'damaged.pcap')
  writeFileSync(damaged, Uint8Array.of(0xd4, 0xc3, 0xb2, 0xa1, 2, 0))
  const jobs = ['missing.pcap', damaged, ...jobsOf('nginx-upstream-slow-pool').flatMap(({ files }) => files)]
  const results = await observeJobs(
    jobs.map((file) => ({ files: [file], apart: true, isSealed: false })),
    null,
    { most: 3, bytesEach: 1 },
  )
  expect(
    results.map((result) => (result instanceof Error ? result.message : result[0]!.parts[0]!.faults.length)),
  ).toEqual(['no such file', 1, 0, 0])
})
