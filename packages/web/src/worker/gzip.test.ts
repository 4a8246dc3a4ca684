import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { gunzip } from './gzip.ts'

const text = Buffer.from(Array.from({ length: 40_000 }, (_, i) => `line ${i * 7919}\n`).join(''))

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < bytes.length; at += size) yield new Uint8Array(bytes.slice(at, at + size))
}

/** What comes out, and what is thrown behind it. */
async function read(bytes: Uint8Array, size = 1 << 16): Promise<{ out: Buffer; error: string | null }> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of gunzip(inPieces(bytes, size))) chunks.push(Buffer.from(chunk))
    return { out: Buffer.concat(chunks), error: null }
  } catch (error) {
    return { out: Buffer.concat(chunks), error: (error as Error).message }
  }
}

test.each([1 << 16, 4099, 77])('members behind each other are one file, in chunks of %i', async (size) => {
  const file = Buffer.concat([gzipSync(text.subarray(0, 1000)), gzipSync(text.subarray(1000)), Buffer.alloc(512)])
  const { out, error } = await read(file, size)
  expect(error).toBeNull()
  expect(out.equals(text)).toBe(true)
})

test('a member that ends where a chunk does is followed by the next', async () => {
  const first = gzipSync('one ')
  const { out, error } = await read(Buffer.concat([first, gzipSync('two')]), first.length)
  expect({ out: out.toString(), error }).toEqual({ out: 'one two', error: null })
})

test('a file that was cut gives what is there, and says so', async () => {
  const whole = gzipSync(text)
  const { out, error } = await read(whole.subarray(0, whole.length >> 1))
  expect(error).toBe('unexpected end of file')
  expect(out.length).toBeGreaterThan(text.length / 3)
  expect(text.subarray(0, out.length).equals(out)).toBe(true)
})

test('of a damaged file what stands before the damage comes', async () => {
  const damaged = gzipSync(text)
  damaged.fill(0xff, damaged.length >> 1, (damaged.length >> 1) + 64)
  const { out, error } = await read(damaged)
  expect(error).not.toBeNull()
  expect(text.subarray(0, 1000).equals(out.subarray(0, 1000))).toBe(true)
})
