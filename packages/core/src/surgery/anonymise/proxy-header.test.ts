import { expect, test } from 'vitest'
import { readProxyHeader } from '../../app/proxy-protocol.ts'
import { KeyedPseudonyms } from './pseudonyms.ts'
import { scrubProxyHeader } from './proxy-header.ts'

const pseudonyms = new KeyedPseudonyms(Uint8Array.from({ length: 32 }, (_, i) => i))
const text = (characters: string): number[] => Array.from(characters, (c) => c.charCodeAt(0))

// prettier-ignore
const version2 = (...tlvs: number[]): Uint8Array => Uint8Array.from([
  13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10, // signature
  0x21, // version 2, PROXY
  0x11, // TCP over IPv4
  0, 12 + tlvs.length, // length
  192, 0, 2, 1, 198, 51, 100, 2, // addresses
  0xdc, 4, 1, 0xbb, // ports
  ...tlvs,
])

const SAYS = {
  source: `${pseudonyms.addressText('192.0.2.1')}:56324`,
  destination: `${pseudonyms.addressText('198.51.100.2')}:443`,
}

test('a line keeps its ports', () => {
  const line = Uint8Array.from(text('PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\nGET /alice'))
  expect(scrubProxyHeader(pseudonyms, line)).toBe(45)
  expect(readProxyHeader(line)).toEqual({ length: 45, proxiedFor: SAYS })
  expect(String.fromCharCode(...line.subarray(45))).toBe('GET /alice')
})

test('version 2: names go, and a right checksum is right again', () => {
  const authority = [2, 0, 5, ...text('alice')]
  const header = version2(...authority, 3, 0, 4, 0, 0, 0, 0)
  const at = header.length - 4
  header.set(crc32c(header), at)
  expect(scrubProxyHeader(pseudonyms, header)).toBe(header.length)
  expect(readProxyHeader(header).proxiedFor).toEqual(SAYS)
  expect(String.fromCharCode(...header)).toContain('\x02\0\x05xxxxx')
  const checksum = header.slice(at)
  expect(crc32c(header.fill(0, at))).toEqual(Array.from(checksum))
})

test('a wrong checksum stays as it is', () => {
  const header = version2(3, 0, 4, 1, 2, 3, 4)
  scrubProxyHeader(pseudonyms, header)
  expect(Array.from(header.slice(-4))).toEqual([1, 2, 3, 4])
})

/** RFC 3720 appendix B.4, a bit at a time. */
function crc32c(bytes: Uint8Array): number[] {
  let crc = -1
  for (const byte of bytes) {
    for (let bit = 0; bit < 8; bit++) {
      const carry = (crc ^ (byte >> bit)) & 1
      crc = (crc >>> 1) ^ (carry === 1 ? 0x82f63b78 : 0)
    }
  }
  return [24, 16, 8, 0].map((shift) => ((crc ^ -1) >>> shift) & 255)
}
