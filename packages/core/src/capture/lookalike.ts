// What a file that is no capture we read looks like, for the message to the user.
import type { Bytes } from '../bytes/read.ts'

/** First bytes as Latin-1 text, and what such a file is. */
const MAGICS: readonly (readonly [string, string])[] = [
  ['snoop\0\0\0', 'a Sun snoop capture'],
  ['\x1f\x8b', 'gzip-compressed data'],
  ['\x28\xb5\x2f\xfd', 'zstd-compressed data'],
  ['\x04\x22\x4d\x18', 'lz4-compressed data'],
  ['\x02\x21\x4c\x18', 'lz4-compressed data'],
  ['\xfd7zXZ\0', 'xz-compressed data; decompress it first'],
  ['BZh', 'bzip2-compressed data; decompress it first'],
  ['PK\x03\x04', 'a zip archive; extract the capture first'],
  ['7z\xbc\xaf\x27\x1c', 'a 7-Zip archive; extract the capture first'],
  ['GMBU', 'a Microsoft Network Monitor 2 capture'],
  ['RTSS', 'a Microsoft Network Monitor 1 capture'],
  ['XCP\0', 'a Network Associates Sniffer capture'],
  ['TRSNIFF data', 'a Network General Sniffer capture'],
  ['\x0a\x0d\x0d', 'a damaged pcapng file'],
]

/** `it looks like …`, or that nothing is known about such bytes. `head` is not empty. */
export function lookAlike(head: Bytes): string {
  const text = String.fromCharCode(...head)
  const known = MAGICS.find(([magic]) => text.startsWith(magic))
  if (known !== undefined) return `it looks like ${known[1]}`
  if (head.length < 4) return `it has only ${head.length} ${head.length === 1 ? 'byte' : 'bytes'}`
  // UTF-16 and UTF-8 with a mark, or printable ASCII throughout.
  if (/^(\xff\xfe|\xfe\xff|\xef\xbb\xbf)/.test(text) || /^[\t\n\r\x20-\x7e]+$/.test(text)) return 'it looks like text'
  if (/^\0+$/.test(text)) return 'it begins with zeros, as a file does whose content was never written'
  return `it begins with ${Array.from(head.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0')).join(' ')}`
}
