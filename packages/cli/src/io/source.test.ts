import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { chunksOf } from './source.ts'

const folder = mkdtempSync(join(tmpdir(), 'pcap-surgery-source-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('all bytes of a file come in their order, in a few small chunks first', async () => {
  const file = join(folder, 'bytes')
  const written = Buffer.from(Uint32Array.from({ length: 1 << 20 }, (_, i) => Math.imul(i, 0x9e3779b1)).buffer)
  writeFileSync(file, written)
  const read = Buffer.alloc(written.length)
  const sizes: number[] = []
  let at = 0
  for await (const chunk of chunksOf(file)) {
    read.set(chunk, at)
    at += chunk.length
    sizes.push(chunk.length)
  }
  expect(at).toBe(written.length)
  expect(read.equals(written)).toBe(true)
  expect(sizes[0]).toBeLessThan(100_000)
  expect(Math.max(...sizes)).toBeGreaterThan(1_000_000)
})
