import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CompressionFault, decompressed, type DecompressionPort } from './compression.ts'

const TEXT = 'hello hello hello hello hello hello, 12345'

const ZSTD = [
  [0x28, 0xb5, 0x2f, 0xfd], // magic
  [0x24, 42], // single segment with checksum; 42 bytes of content
  [0x9d, 0, 0], // last block, compressed, 19 bytes
  [0x68, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x20, 0x2c, 0x20, 0x31, 0x32, 0x33, 0x34, 0x35, 1, 0, 0xb9, 0x4b, 0x11],
  [0x19, 0x8b, 0xc0, 0x24], // checksum
].flat()
const SEQUENCES = [
  [0x6f, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x20, 6, 0, 0x0a], // 6 literals, 29 bytes from 6 back
  [0x70, 0x2c, 0x20, 0x31, 0x32, 0x33, 0x34, 0x35], // 7 literals
].flat()
const LZ4 = [
  [0x04, 0x22, 0x4d, 0x18], // magic
  [0x64, 0x40, 0xa7], // independent blocks up to 64 KiB, content checksum; header checksum
  [18, 0, 0, 0, ...SEQUENCES],
  [0, 0, 0, 0], // end mark
  [0x29, 0x7c, 0x2f, 0x40], // content checksum
].flat()
const LEGACY = [0x02, 0x21, 0x4c, 0x18, 18, 0, 0, 0, ...SEQUENCES]
const SKIPPABLE = [0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]

const noGzip: DecompressionPort = {
  gzip: () => {
    throw new Error('not gzip')
  },
}

/** Chunks that are overwritten as soon as the next is asked for. */
async function* pieces(bytes: number[], size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) {
    const chunk = Uint8Array.from(bytes.slice(at, at + size))
    yield chunk
    chunk.fill(0xee)
  }
}

async function run(
  bytes: number[],
  size: number = 1000,
  port: DecompressionPort = noGzip,
): Promise<{ text: string; faults: CompressionFault[] }> {
  const faults: CompressionFault[] = []
  let text = ''
  for await (const chunk of decompressed(pieces(bytes, size), port, (fault) => faults.push(fault))) {
    text += String.fromCharCode(...chunk)
  }
  return { text, faults }
}

describe.each([
  ['zstd', ZSTD],
  ['lz4', LZ4],
  ['legacy lz4', LEGACY],
])('%s', (_, frame) => {
  test('content, in pieces of any size', async () => {
    for (const size of [1, 2, 3, 5, 7, 11, 100]) expect(await run(frame, size)).toEqual({ text: TEXT, faults: [] })
  })

  test('several frames, with skippable ones between them', async () => {
    const bytes = [...SKIPPABLE, ...frame, ...SKIPPABLE, ...frame, ...frame]
    for (const size of [1, 6, 1000]) expect(await run(bytes, size)).toEqual({ text: TEXT.repeat(3), faults: [] })
  })

  test('cut at every length: the beginning of the content, and one fault', async () => {
    // A legacy frame without blocks is whole.
    const whole = frame === LEGACY ? 4 : -1
    for (let length = 4; length < frame.length; length++) {
      const { text, faults } = await run(frame.slice(0, length))
      expect(TEXT.startsWith(text)).toBe(true)
      expect(faults.length).toBe(length === whole ? 0 : 1)
      expect(faults.every((fault) => fault.offset <= length)).toBe(true)
    }
  })

  test('any bytes changed behind the magic number: a fault or an end, never an error', async () => {
    const change = fc.tuple(fc.integer({ min: 4, max: frame.length - 1 }), fc.integer({ min: 0, max: 255 }))
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        const bytes = [...frame]
        for (const [at, value] of changes) bytes[at] = value
        const { text, faults } = await run(bytes)
        // The legacy format has no checksum.
        expect(text === TEXT || faults.length > 0 || frame === LEGACY).toBe(true)
      }),
      { numRuns: 300 },
    )
  })
})

test('a wrong checksum is a fault at the place of the checksum; the content is delivered', async () => {
  for (const frame of [ZSTD, LZ4]) {
    const { text, faults } = await run(frame.toSpliced(-1, 1, 0))
    expect(text).toBe(TEXT)
    expect(faults).toMatchObject([{ offset: frame.length - 4 }])
  }
})

test('lz4 blocks that refer to those before them, and stored ones', async () => {
  const stored = [3, 0, 0, 0x80, 0x61, 0x62, 0x63] // abc
  const linked = [5, 0, 0, 0, 0x02, 3, 0, 0x10, 0x21] // 6 bytes from 3 back, then one literal
  const header = [0x04, 0x22, 0x4d, 0x18, 0x40, 0x40, 0xc0]
  const { text, faults } = await run([...header, ...stored, ...linked, 0, 0, 0, 0])
  expect({ text, faults }).toEqual({ text: 'abcabcabc!', faults: [] })
})

test('a zstd window larger than is read is refused by name', async () => {
  const { text, faults } = await run([0x28, 0xb5, 0x2f, 0xfd, 0, 17 << 3, 1, 0, 0]) // 2^27
  expect(text).toBe('')
  expect(faults[0]!.text).toContain('a window of 128 MiB')
})

test('other files pass as they are', async () => {
  for (const bytes of [[], [0xd4], [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0]]) {
    expect(await run(bytes, 3)).toEqual({ text: String.fromCharCode(...bytes), faults: [] })
  }
})

async function* failing(): AsyncGenerator<Uint8Array> {
  yield Uint8Array.of(0x1f, 0x8b, 0x61, 0x62)
  throw new Error('EIO')
}

describe('gzip', () => {
  /** Stands in for the platform: everything behind the magic number, and damage where a byte is 0. */
  const port: DecompressionPort = {
    async *gzip(source) {
      for await (const chunk of source) {
        for (const byte of chunk) {
          if (byte === 0) throw new Error('incorrect data check')
          if (byte < 0x80 && byte !== 0x1f) yield Uint8Array.of(byte)
        }
      }
    },
  }

  test('is left to the platform; damage becomes a fault', async () => {
    expect(await run([0x1f, 0x8b, 0x61, 0x62], 1, port)).toEqual({ text: 'ab', faults: [] })
    const { text, faults } = await run([0x1f, 0x8b, 0x61, 0, 0x62], 1, port)
    expect(text).toBe('a')
    expect(faults).toMatchObject([{ offset: 4 }])
    expect(faults[0]!.text).toContain('incorrect data check')
  })

  test("the source's own error is thrown", async () => {
    const faults: CompressionFault[] = []
    const reading = async (): Promise<void> => {
      for await (const _ of decompressed(failing(), port, (fault) => faults.push(fault)));
    }
    await expect(reading()).rejects.toThrow('EIO')
    expect(faults).toEqual([])
  })
})
