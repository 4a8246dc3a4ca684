// ICMP (RFC 792, RFC 1122, RFC 1191) and ICMPv6 (RFC 4443): what an error says, and the packet it quotes.
import { u16, u32, type Bytes } from '../bytes/read.ts'
import * as ip4 from './ip4.ts'
import * as ip6 from './ip6.ts'
import type { Layers } from './layers.ts'
import * as tcp from './tcp.ts'

const TYPE = 0
const CODE = 1
const NEXT_HOP_MTU = 6 // ICMP, 16 bits
const MTU = 4 // ICMPv6, 32 bits
/** Type, code, checksum and four bytes by type. */
export const HEADER = 8

export const ECHO_REPLY = 0
export const UNREACHABLE = 3
export const SOURCE_QUENCH = 4
export const REDIRECT = 5
export const ECHO_REQUEST = 8
export const TIME_EXCEEDED = 11
export const PARAMETER_PROBLEM = 12
/** Code of `UNREACHABLE`. */
export const FRAGMENTATION_NEEDED = 4

export const UNREACHABLE_6 = 1
export const PACKET_TOO_BIG_6 = 2
export const TIME_EXCEEDED_6 = 3
export const PARAMETER_PROBLEM_6 = 4
export const ECHO_REQUEST_6 = 128
export const ECHO_REPLY_6 = 129
export const NEIGHBOUR_SOLICITATION = 135
export const NEIGHBOUR_ADVERTISEMENT = 136

export const type = (b: Bytes, at: number): number => b[at + TYPE]
export const code = (b: Bytes, at: number): number => b[at + CODE]

/** It reports a failure and quotes the packet that met it. `version` is the IP version that carried it. */
export function isError(b: Bytes, at: number, version: number): boolean {
  const value = type(b, at)
  if (version === 6) return value >= UNREACHABLE_6 && value <= PARAMETER_PROBLEM_6
  return value === UNREACHABLE || value === SOURCE_QUENCH || value === TIME_EXCEEDED || value === PARAMETER_PROBLEM
}

/** MTU in bytes that "fragmentation needed" or "packet too big" asks for, 0 where it does not say, -1 for others. */
export function mtu(b: Bytes, at: number, version: number): number {
  if (version === 6) return type(b, at) === PACKET_TOO_BIG_6 ? u32(b, at + MTU) : -1
  const needed = type(b, at) === UNREACHABLE && code(b, at) === FRAGMENTATION_NEEDED
  return needed ? u16(b, at + NEXT_HOP_MTU) : -1
}

const UNREACHABLE_CODES = [
  'network unreachable',
  'host unreachable',
  'protocol unreachable',
  'port unreachable',
  'fragmentation needed',
  'source route failed',
  'destination network unknown',
  'destination host unknown',
  'source host isolated',
  'network administratively prohibited',
  'host administratively prohibited',
  'network unreachable for this type of service',
  'host unreachable for this type of service',
  'communication administratively prohibited',
  'host precedence violation',
  'precedence cutoff in effect',
]

const UNREACHABLE_CODES_6 = [
  'no route to destination',
  'communication with destination administratively prohibited',
  'beyond scope of source address',
  'address unreachable',
  'port unreachable',
  'source address failed ingress/egress policy',
  'reject route to destination',
  'error in source routing header',
]

const TYPES: { readonly [type: number]: string } = {
  [ECHO_REPLY]: 'echo reply',
  [SOURCE_QUENCH]: 'source quench',
  [REDIRECT]: 'redirect',
  [ECHO_REQUEST]: 'echo request',
  9: 'router advertisement',
  10: 'router solicitation',
  [PARAMETER_PROBLEM]: 'parameter problem',
  13: 'timestamp request',
  14: 'timestamp reply',
}

const TYPES_6: { readonly [type: number]: string } = {
  [PARAMETER_PROBLEM_6]: 'parameter problem',
  [ECHO_REQUEST_6]: 'echo request',
  [ECHO_REPLY_6]: 'echo reply',
  130: 'multicast listener query',
  131: 'multicast listener report',
  132: 'multicast listener done',
  133: 'router solicitation',
  134: 'router advertisement',
  [NEIGHBOUR_SOLICITATION]: 'neighbour solicitation',
  [NEIGHBOUR_ADVERTISEMENT]: 'neighbour advertisement',
  137: 'redirect',
  143: 'multicast listener report',
}

/** Type and code in words: `destination unreachable (host unreachable)`, `packet too big (MTU 1400)`. */
export function describe(b: Bytes, at: number, version: number): string {
  const typeNumber = type(b, at)
  const codeNumber = code(b, at)
  if (typeNumber === (version === 6 ? UNREACHABLE_6 : UNREACHABLE)) {
    const codes = version === 6 ? UNREACHABLE_CODES_6 : UNREACHABLE_CODES
    const size = mtu(b, at, version)
    const next = size > 0 ? `, next-hop MTU ${size}` : ''
    return `destination unreachable (${codes[codeNumber] ?? `code ${codeNumber}`}${next})`
  }
  if (version === 6 && typeNumber === PACKET_TOO_BIG_6) return `packet too big (MTU ${mtu(b, at, 6)})`
  if (typeNumber === (version === 6 ? TIME_EXCEEDED_6 : TIME_EXCEEDED)) {
    const limit = version === 6 ? 'hop limit exceeded in transit' : 'time to live exceeded in transit'
    return `time exceeded (${codeNumber === 0 ? limit : 'fragment reassembly'})`
  }
  return (version === 6 ? TYPES_6 : TYPES)[typeNumber] ?? `type ${typeNumber}, code ${codeNumber}`
}

/** What an ICMP error quotes, as offsets into the same bytes. -1 is "not in the quote". */
export interface Quote {
  ipVersion: 0 | 4 | 6
  /** IP length of the quoted packet as its header says. */
  ipLength: number
  /** IPv4 identification, -1 for IPv6. */
  ipId: number
  /** IP protocol behind the extension headers, -1 where the quote ends among them. */
  protocol: number
  sourceAt: number
  destinationAt: number
  /** TCP and UDP; -1 too where a later fragment is quoted. */
  sourcePort: number
  destinationPort: number
  /** TCP sequence number. */
  sequence: number
}

/** A record for `quoted` to fill. */
export function createQuote(): Quote {
  return {
    ipVersion: 0,
    ipLength: 0,
    ipId: -1,
    protocol: -1,
    sourceAt: 0,
    destinationAt: 0,
    sourcePort: -1,
    destinationPort: -1,
    sequence: -1,
  }
}

/**
 * Reads the packet that the ICMP error in `layers` quotes. False where it is no error, or the quote has no whole IP
 * header. Quotes end early by rule: ICMP owes 8 bytes behind the IP header (RFC 792).
 */
export function quoted(layers: Layers, into: Quote): boolean {
  const { bytes, transportAt, transportEnd } = layers
  into.ipVersion = 0
  into.ipLength = 0
  into.ipId = -1
  into.protocol = -1
  into.sourceAt = 0
  into.destinationAt = 0
  into.sourcePort = -1
  into.destinationPort = -1
  into.sequence = -1
  if (transportEnd - transportAt <= HEADER || !isError(bytes, transportAt, layers.ipVersion)) return false
  const at = transportAt + HEADER
  // RFC 792 quotes IPv4 in ICMP, RFC 4443 IPv6 in ICMPv6; anything else is no quote.
  if (ip4.version(bytes, at) !== layers.ipVersion) return false
  return layers.ipVersion === 4 ? quoted4(bytes, at, transportEnd, into) : quoted6(bytes, at, transportEnd, into)
}

function quoted4(b: Bytes, at: number, end: number, into: Quote): boolean {
  const header = ip4.headerLength(b, at)
  if (header < ip4.HEADER || end - at < ip4.HEADER) return false
  into.ipVersion = 4
  into.ipLength = ip4.totalLength(b, at)
  into.ipId = ip4.identification(b, at)
  into.protocol = ip4.protocol(b, at)
  into.sourceAt = ip4.sourceAt(at)
  into.destinationAt = ip4.destinationAt(at)
  if (ip4.fragmentOffset(b, at) === 0) quotedPorts(b, at + header, end, into)
  return true
}

function quoted6(b: Bytes, at: number, end: number, into: Quote): boolean {
  if (end - at < ip6.HEADER) return false
  into.ipVersion = 6
  into.ipLength = ip6.HEADER + ip6.payloadLength(b, at)
  into.sourceAt = ip6.sourceAt(at)
  into.destinationAt = ip6.destinationAt(at)
  let next = ip6.nextHeader(b, at)
  let header = at + ip6.HEADER
  let offset = 0
  while (ip6.isExtension(next) || next === ip6.FRAGMENT) {
    if (end - header < ip6.EXTENSION) return true
    const length = next === ip6.FRAGMENT ? ip6.EXTENSION : ip6.extensionLength(b, header, next)
    if (next === ip6.FRAGMENT) offset = ip6.fragmentOffset(b, header)
    next = b[header]
    header += length
    if (offset !== 0) break
  }
  into.protocol = next
  if (offset === 0) quotedPorts(b, header, end, into)
  return true
}

function quotedPorts(b: Bytes, at: number, end: number, into: Quote): void {
  if ((into.protocol !== ip6.TCP && into.protocol !== ip6.UDP) || end - at < 4) return
  into.sourcePort = tcp.sourcePort(b, at)
  into.destinationPort = tcp.destinationPort(b, at)
  if (into.protocol === ip6.TCP && end - at >= 8) into.sequence = tcp.sequence(b, at)
}
