// IPv6 and its extension headers (RFC 8200; authentication header RFC 4302).
import { u16, u32, type Bytes } from '../bytes/read.ts'

const PAYLOAD_LENGTH = 4
const NEXT_HEADER = 6
const HOP_LIMIT = 7
const SOURCE = 8
const DESTINATION = 24
export const HEADER = 40

/** Bytes behind the header; 0 in jumbograms (RFC 2675) and where the host left it to its network card. */
export const payloadLength = (b: Bytes, at: number): number => u16(b, at + PAYLOAD_LENGTH)
export const nextHeader = (b: Bytes, at: number): number => b[at + NEXT_HEADER]
export const hopLimit = (b: Bytes, at: number): number => b[at + HOP_LIMIT]
export const sourceAt = (at: number): number => at + SOURCE
export const destinationAt = (at: number): number => at + DESTINATION

/** Protocol numbers, shared with IPv4's protocol field (IANA protocol-numbers). */
export const HOP_BY_HOP = 0
export const ICMP = 1
export const IP_IN_IP = 4
export const TCP = 6
export const UDP = 17
export const IP6_IN_IP = 41
export const ROUTING = 43
export const FRAGMENT = 44
export const GRE = 47
export const ESP = 50
export const AUTHENTICATION = 51
export const ICMP6 = 58
export const NO_NEXT = 59
export const DESTINATION_OPTIONS = 60
export const MOBILITY = 135
export const MPLS_IN_IP = 137

/** Every extension header is at least this long. */
export const EXTENSION = 8

export const isExtension = (next: number): boolean =>
  next === HOP_BY_HOP ||
  next === ROUTING ||
  next === DESTINATION_OPTIONS ||
  next === MOBILITY ||
  next === AUTHENTICATION

/** Length in bytes of the extension header `next` at `at`; AH alone counts in 4-byte words, less 2. */
export const extensionLength = (b: Bytes, at: number, next: number): number =>
  next === AUTHENTICATION ? (b[at + 1] + 2) * 4 : (b[at + 1] + 1) * 8

/** Fragment header: next header, offset in bytes, more, identification. */
export const fragmentOffset = (b: Bytes, at: number): number => u16(b, at + 2) & 0xfff8
export const moreFragments = (b: Bytes, at: number): boolean => (b[at + 3] & 1) !== 0
export const fragmentId = (b: Bytes, at: number): number => u32(b, at + 4)
