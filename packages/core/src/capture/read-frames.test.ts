import { expect, test } from 'vitest'
import { readFrames } from './read-frames.ts'

const noGzip = {
  gzip: (): never => {
    throw new Error('no gzip here')
  },
}

const u32 = (value: number): number[] => [value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24]

/** A pcap file in little-endian, snap length 4, with frames of these bytes, each 6 bytes long on the wire. */
function pcap(...frames: number[][]): Uint8Array {
  const header = [...u32(0xa1b2c3d4), 2, 0, 4, 0, ...u32(0), ...u32(0), ...u32(4), ...u32(101)]
  const records = frames.flatMap((bytes, i) => [...u32(1000 + i), ...u32(7), ...u32(bytes.length), ...u32(6), ...bytes])
  return Uint8Array.from([...header, ...records])
}

const input = (bytes: Uint8Array, chunk: number): { asked: () => number; open(): AsyncGenerator<Uint8Array> } => {
  let asked = 0
  return {
    asked: () => asked,
    async *open() {
      for (let at = 0; at < bytes.length; at += chunk) {
        asked++
        yield bytes.slice(at, at + chunk)
      }
    },
  }
}

test('the frames asked for, and no byte behind the last of them', async () => {
  const file = pcap([1, 2, 3, 4], [5, 6], [7, 8, 9], [10])
  const source = input(file, 10)
  const frames = await readFrames(source, new Set([1, 3]), { decompression: noGzip })
  expect(
    [...frames.values()].map(({ frame, seconds, nanoseconds, bytes, linkType, wireLength }) => [
      frame,
      seconds,
      nanoseconds,
      [...bytes],
      linkType,
      wireLength,
    ]),
  ).toEqual([
    [1, 1000, 7000, [1, 2, 3, 4], 101, 6],
    [3, 1002, 7000, [7, 8, 9], 101, 6],
  ])
  expect(source.asked()).toBeLessThan(Math.ceil(file.length / 10))
})

test('frames that are not there are left out, and so are those behind the limit', async () => {
  const file = pcap([1, 2, 3, 4], [5, 6], [7])
  const wanted = new Set([1, 2, 3, 4])
  expect([...(await readFrames(input(file, 1000), wanted, { decompression: noGzip })).keys()]).toEqual([1, 2, 3])
  expect([...(await readFrames(input(file, 7), wanted, { decompression: noGzip, limit: 5 })).keys()]).toEqual([1, 3])
  expect(await readFrames(input(file, 7), new Set(), { decompression: noGzip })).toEqual(new Map())
})
