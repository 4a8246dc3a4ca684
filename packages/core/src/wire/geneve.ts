// GENEVE (RFC 8926): like VXLAN, with an EtherType and options.
import { u16, type Bytes } from '../bytes/read.ts'

export const PORT = 6081
const VERSION_LENGTH = 0
const PROTOCOL = 2
const RESERVED = 7
export const HEADER = 8

/** Version 0 and the reserved byte zero: a port alone proves no GENEVE. */
export const isGeneve = (b: Bytes, at: number): boolean => b[at + VERSION_LENGTH] >> 6 === 0 && b[at + RESERVED] === 0
/** Header length in bytes with options. */
export const headerLength = (b: Bytes, at: number): number => HEADER + (b[at + VERSION_LENGTH] & 0x3f) * 4
export const protocol = (b: Bytes, at: number): number => u16(b, at + PROTOCOL)
