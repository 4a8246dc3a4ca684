// UDP (RFC 768).
import { u16, type Bytes } from '../bytes/read.ts'

const SOURCE_PORT = 0
const DESTINATION_PORT = 2
const LENGTH = 4
const CHECKSUM = 6
export const HEADER = 8

export const sourcePort = (b: Bytes, at: number): number => u16(b, at + SOURCE_PORT)
export const destinationPort = (b: Bytes, at: number): number => u16(b, at + DESTINATION_PORT)
/** Header and payload in bytes; 0 in jumbograms (RFC 2675 section 4). */
export const length = (b: Bytes, at: number): number => u16(b, at + LENGTH)
export const checksum = (b: Bytes, at: number): number => u16(b, at + CHECKSUM)

/** Offset of the payload and, by the length field, its captured end; `end` bounds the captured bytes. */
export const payloadAt = (at: number): number => at + HEADER
export function payloadEnd(b: Bytes, at: number, end: number): number {
  const size = length(b, at)
  return size === 0 ? end : Math.min(end, at + size)
}
