import { constants, gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { gunzip } from './gzip.ts'

// oxlint-disable-next-line require-await -- stands for a source that waits
async function* chunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(size) // one buffer for all, as a file source may do
  for (let at = 0; at < bytes.length; at += size) {
    const part = bytes.subarray(at, at + size)
    buffer.set(part)
    yield buffer.subarray(0, part.length)
    buffer.fill(0xee)
  }
}

async function read(bytes: Uint8Array, size = 1 << 20): Promise<{ text: string; fault: string | null }> {
  const parts: Uint8Array[] = []
  try {
    for await (const part of gunzip(chunks(bytes, size))) parts.push(part)
    return { text: Buffer.concat(parts).toString('latin1'), fault: null }
  } catch (error) {
    return { text: Buffer.concat(parts).toString('latin1'), fault: (error as Error).message }
  }
}

// Bytes that hardly compress, so that the file is longer than one step.
const noise = (length: number): string => {
  let state = 1
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return String.fromCharCode(state >>> 24)
  }).join('')
}
const text = noise(200_000)
const zipped = gzipSync(Buffer.from(text, 'latin1'))

test.each([1 << 20, 50_000, 1000])('one member, many steps, chunks of %i bytes', async (size) => {
  const got = await read(zipped, size)
  expect(got.fault).toBeNull()
  expect(got.text === text).toBe(true)
})

test('output much larger than its input', async () => {
  const zeros = '\0'.repeat(5_000_000)
  expect((await read(gzipSync(zeros))).text === zeros).toBe(true)
})

test('members that follow one another, split anywhere', async () => {
  const two = Buffer.concat([gzipSync('first '), gzipSync(''), gzipSync('second')])
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: two.length }), async (size) => {
      expect(await read(two, size)).toEqual({ text: 'first second', fault: null })
    }),
  )
})

test('zeros after the last member are padding', async () => {
  expect(await read(Buffer.concat([gzipSync('all'), new Uint8Array(600)]), 512)).toEqual({ text: 'all', fault: null })
})

test('a cut file gives all its bytes, then says so', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 18, max: zipped.length - 9 }), async (length) => {
      const cut = zipped.subarray(0, length)
      const there = gunzipSync(cut, { finishFlush: constants.Z_SYNC_FLUSH }).toString('latin1')
      const got = await read(cut)
      expect(got.fault).toBe('unexpected end of file')
      expect(got.text === there).toBe(true) // not toEqual: nobody wants to see the difference
    }),
    { numRuns: 30 },
  )
})

test('a cut of any length is a fault, never a crash', async () => {
  const small = gzipSync('GET / HTTP/1.1')
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: small.length - 1 }), async (length) => {
      expect((await read(small.subarray(0, length))).fault).toBe('unexpected end of file')
    }),
  )
})

test('a wrong checksum is a fault after all bytes', async () => {
  const damaged = Uint8Array.from(zipped)
  damaged[zipped.length - 8]! ^= 1 // first byte of CRC32
  const got = await read(damaged)
  expect(got.fault).toBe('incorrect data check')
  expect(got.text === text).toBe(true)
})

test('a consumer may stop early', async () => {
  for await (const part of gunzip(chunks(zipped, 4096))) {
    expect(part.length).toBeGreaterThan(0)
    break
  }
})
