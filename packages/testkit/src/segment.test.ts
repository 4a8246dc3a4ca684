import { expect, test } from 'vitest'
import { join } from './bytes.ts'
import { TCP } from './ip.ts'
import { tcpPacket } from './segment.ts'

test('a SYN with its options, both checksums', () => {
  const ip = { source: '10.0.0.2', destination: '10.0.0.1', protocol: TCP, ttl: 64, ipId: 0x1234 }
  const options = { mss: 1460, sackPermitted: true, timestamps: [1, 0] as [number, number], windowScale: 7 }
  const ports = { sourcePort: 40001, destinationPort: 80 }
  const numbers = { seq: 0xfffffffe, ack: 0, window: 64256 }
  const payload = new Uint8Array(0)
  const syn = tcpPacket(ip, { ...ports, ...numbers, flags: 'S', options, payload, badChecksum: false })
  expect(syn).toEqual(
    join(
      [0x45, 0, 0, 60, 0x12, 0x34], // version 4, header 5 words; total length, identification
      [0x40, 0, 64, 6, 0x14, 0x86], // Don't Fragment, TTL, TCP, checksum
      [10, 0, 0, 2, 10, 0, 0, 1],
      [0x9c, 0x41, 0, 80], // ports
      [0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 0], // seq, ack
      [0xa0, 0x02, 0xfb, 0x00], // header 10 words, SYN, window
      [0x9c, 0x6b, 0, 0], // checksum, urgent pointer
      [2, 4, 0x05, 0xb4, 4, 2], // MSS, SACK permitted
      [8, 10, 0, 0, 0, 1, 0, 0, 0, 0], // time stamps
      [1, 3, 3, 7], // NOP, window scale
    ),
  )
})
