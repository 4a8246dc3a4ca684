// IPv4 (RFC 791).
import { u16, type Bytes } from '../bytes/read.ts'

const VERSION_LENGTH = 0
const TOTAL_LENGTH = 2
const IDENTIFICATION = 4
const FLAGS_OFFSET = 6
const TTL = 8
const PROTOCOL = 9
const SOURCE = 12
const DESTINATION = 16
/** Without options. */
export const HEADER = 20

const DONT_FRAGMENT = 0x4000
const MORE_FRAGMENTS = 0x2000
/** More fragments to come, or an offset. */
const FRAGMENTED = 0x3fff

export const headerLength = (b: Bytes, at: number): number => (b[at + VERSION_LENGTH] & 0x0f) * 4
/** Header and payload in bytes; 0 where the sending host left it to its network card (TSO, BIG TCP). */
export const totalLength = (b: Bytes, at: number): number => u16(b, at + TOTAL_LENGTH)
export const identification = (b: Bytes, at: number): number => u16(b, at + IDENTIFICATION)
export const dontFragment = (b: Bytes, at: number): boolean => (u16(b, at + FLAGS_OFFSET) & DONT_FRAGMENT) !== 0
export const moreFragments = (b: Bytes, at: number): boolean => (u16(b, at + FLAGS_OFFSET) & MORE_FRAGMENTS) !== 0
export const isFragment = (b: Bytes, at: number): boolean => (u16(b, at + FLAGS_OFFSET) & FRAGMENTED) !== 0
/** In bytes. */
export const fragmentOffset = (b: Bytes, at: number): number => (u16(b, at + FLAGS_OFFSET) & 0x1fff) * 8
export const ttl = (b: Bytes, at: number): number => b[at + TTL]
export const protocol = (b: Bytes, at: number): number => b[at + PROTOCOL]
export const sourceAt = (at: number): number => at + SOURCE
export const destinationAt = (at: number): number => at + DESTINATION

/** Version 4, no options, no fragment. */
export const isPlain = (b: Bytes, at: number): boolean => b[at + VERSION_LENGTH] === 0x45 && !isFragment(b, at)

/** Version nibble of what may be an IP packet. */
export const version = (b: Bytes, at: number): number => b[at + VERSION_LENGTH] >> 4
