// IP addresses and endpoints as text (RFC 5952 for IPv6). In bytes/, because packets and DNS answers both hold them.
import { u16, type Bytes } from './read.ts'

/**
 * The address at `at` as text: 4 bytes as `10.1.0.2`, 16 bytes by RFC 5952 as `2001:db8::2`; an IPv4-mapped address
 * keeps its dots, `::ffff:10.1.0.2` (section 5). The bytes must be there.
 */
export function formatAddress(bytes: Bytes, at: number, version: 4 | 6): string {
  return version === 4 ? dotted(bytes, at) : colons(bytes, at)
}

/** `10.1.0.2:41234`, `[2001:db8::2]:41234`. */
export function formatEndpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

/** The 4 or 16 bytes of an address in the forms of `formatAddress`; null for any other text. */
export function parseAddress(text: string): Bytes | null {
  if (!text.includes(':')) return parseDotted(text)
  const tail = text.slice(text.lastIndexOf(':') + 1)
  const dots = tail.includes('.') ? parseDotted(tail) : null
  if (tail.includes('.') && dots === null) return null
  const whole =
    dots === null ? text : `${text.slice(0, -tail.length)}${u16(dots, 0).toString(16)}:${u16(dots, 2).toString(16)}`
  const halves = whole.split('::').map((half) => (half === '' ? [] : half.split(':')))
  const given = halves.flat()
  const left = 8 - given.length
  if (halves.length > 2 || (halves.length === 2 ? left < 1 : left !== 0)) return null
  if (given.some((group) => !/^[0-9a-f]{1,4}$/i.test(group))) return null
  const groupsOf = [...halves[0]!, ...Array.from({ length: left }, () => '0'), ...(halves[1] ?? [])]
  return Uint8Array.from(groupsOf.map((group) => Number.parseInt(group, 16)).flatMap((v) => [v >> 8, v & 0xff]))
}

function parseDotted(text: string): Bytes | null {
  const parts = text.split('.')
  if (parts.length !== 4 || parts.some((part) => !/^\d{1,3}$/.test(part) || Number(part) > 255)) return null
  return Uint8Array.from(parts, Number)
}

function dotted(bytes: Bytes, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`
}

function colons(bytes: Bytes, at: number): string {
  // The longest run of zero groups is shortened, the first of equals, and never a single group (section 4.2).
  let longest = 1
  let longestFrom = -1
  let run = 0
  for (let group = 0; group < 8; group++) {
    run = u16(bytes, at + 2 * group) === 0 ? run + 1 : 0
    if (run > longest) {
      longest = run
      longestFrom = group + 1 - run
    }
  }
  if (longestFrom === 0 && longest === 5 && u16(bytes, at + 10) === 0xffff) return `::ffff:${dotted(bytes, at + 12)}`
  if (longestFrom < 0) return groups(bytes, at, 0, 8)
  return `${groups(bytes, at, 0, longestFrom)}::${groups(bytes, at, longestFrom + longest, 8)}`
}

function groups(bytes: Bytes, at: number, from: number, to: number): string {
  let text = ''
  for (let group = from; group < to; group++) {
    text += (group > from ? ':' : '') + u16(bytes, at + 2 * group).toString(16)
  }
  return text
}
