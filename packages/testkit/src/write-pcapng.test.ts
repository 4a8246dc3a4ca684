import { expect, test } from 'vitest'
import { join } from './bytes.ts'
import { writePcapng } from './write-pcapng.ts'

test('section, interface, packet', () => {
  const frames = [{ seconds: 5, nanoseconds: 0, bytes: Uint8Array.of(0xaa, 0xbb, 0xcc) }]
  expect(writePcapng(frames, { linkType: 1 })).toEqual(
    join(
      [0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0], // section header block, length
      [0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0], // byte-order magic, version 1.0
      [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], // section length: not known
      [28, 0, 0, 0],
      [1, 0, 0, 0, 28, 0, 0, 0], // interface description block
      [1, 0, 0, 0, 0, 0, 0, 0], // Ethernet, reserved, no snap length
      [9, 0, 1, 0, 9, 0, 0, 0], // if_tsresol: 10^-9, padded
      [28, 0, 0, 0],
      [6, 0, 0, 0, 36, 0, 0, 0], // enhanced packet block
      [0, 0, 0, 0], // interface
      [1, 0, 0, 0, 0x00, 0xf2, 0x05, 0x2a], // 5 000 000 000 ns = 0x1_2a05f200, high half first
      [3, 0, 0, 0, 3, 0, 0, 0], // captured, on the wire
      [0xaa, 0xbb, 0xcc, 0], // padded to 32 bits
      [36, 0, 0, 0],
    ),
  )
})
