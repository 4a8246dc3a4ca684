// The PROXY protocol (haproxy's doc/proxy-protocol.txt): both addresses are mapped, ports stay. What version 2 puts
// behind them (TLVs) goes but for types and lengths; a checksum among it that was right is made right again.
import { readProxyHeader } from '../../app/proxy-protocol.ts'
import { type Bytes, latin1, u16, u32 } from '../../bytes/read.ts'
import { FILL, type Pseudonyms } from './contract.ts'
import { scrubText } from './text.ts'
import { keepsProtocol } from './vocabulary.ts'

/** Version 2: signature (12), version and command, family, length (2). */
const FAMILY = 13
const FIXED = 16
/** type(1) length(2) */
const TLV_HEADER = 3
const TYPE_CRC32C = 0x03
const TYPE_ALPN = 0x01
const TYPE_NOOP = 0x04
/** Holds client(1) verify(4), then TLVs of its own. */
const TYPE_SSL = 0x20
const SSL_FIXED = 5

/** Length in bytes of the addresses and ports, by family. */
const ADDRESSES: { readonly [family: number]: number } = { 0x11: 12, 0x12: 12, 0x21: 36, 0x22: 36 }

/** Scrubs the header that `b` begins with, in place; answers its length as `readProxyHeader` does. */
export function scrubProxyHeader(p: Pseudonyms, b: Bytes): number {
  const { length } = readProxyHeader(b)
  if (length <= 0) return length
  if (b[0] === 13) scrubVersion2(p, b, length)
  else scrubText(p, b, 0, length, (word) => keepsProxyWord(word) || keepsProtocol(word))
  return length
}

const keepsProxyWord = (word: string): boolean => ['proxy', 'tcp4', 'tcp6', 'unknown'].includes(word)

function scrubVersion2(p: Pseudonyms, b: Bytes, length: number): void {
  const addresses = ADDRESSES[b[FAMILY]!]
  if (addresses === undefined || FIXED + addresses > length) {
    b.fill(FILL, FIXED, length)
    return
  }
  const size = (addresses - 4) / 2
  const checksum = findChecksum(b, FIXED + addresses, length)
  const isRight = checksum >= 0 && u32(b, checksum) === checksumOf(b, length, checksum)
  for (const at of [FIXED, FIXED + size]) b.set(p.address(b.slice(at, at + size)), at)
  scrubTlvs(b, FIXED + addresses, length)
  if (isRight) write32(b, checksum, checksumOf(b, length, checksum))
}

function scrubTlvs(b: Bytes, from: number, to: number): void {
  let at = from
  while (at + TLV_HEADER <= to) {
    const end = at + TLV_HEADER + u16(b, at + 1)
    if (end > to) break
    if (b[at] === TYPE_SSL && end - at >= TLV_HEADER + SSL_FIXED) {
      scrubTlvs(b, at + TLV_HEADER + SSL_FIXED, end)
      at = end
      continue
    }
    const isPlain = b[at] === TYPE_ALPN && /^(?:h2|http\/1\.[01])$/.test(latin1(b, at + TLV_HEADER, end))
    if (!isPlain && b[at] !== TYPE_NOOP && b[at] !== TYPE_CRC32C) b.fill(FILL, at + TLV_HEADER, end)
    at = end
  }
  b.fill(FILL, at, to)
}

/** Where the checksum stands, -1 without one. */
function findChecksum(b: Bytes, from: number, to: number): number {
  for (let at = from; at + TLV_HEADER <= to; at += TLV_HEADER + u16(b, at + 1)) {
    const isChecksum = b[at] === TYPE_CRC32C && u16(b, at + 1) === 4 && at + TLV_HEADER + 4 <= to
    if (isChecksum) return at + TLV_HEADER
  }
  return -1
}

/** CRC32c (RFC 3309) over the header, the checksum's own field taken for zeros (section 2.2.3). */
function checksumOf(b: Bytes, length: number, checksum: number): number {
  let crc = 0xffff_ffff
  for (let at = 0; at < length; at++) {
    crc ^= at >= checksum && at < checksum + 4 ? 0 : b[at]!
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1
  }
  return ~crc >>> 0
}

function write32(b: Bytes, at: number, value: number): void {
  for (let i = 0; i < 4; i++) b[at + i] = (value >>> (24 - 8 * i)) & 0xff
}
