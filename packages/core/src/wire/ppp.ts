// PPP (RFC 1661) in HDLC-like framing (RFC 1662), and Cisco HDLC.
import { u16, type Bytes } from '../bytes/read.ts'

export const IP4 = 0x0021
export const IP6 = 0x0057
export const MPLS = 0x0281

/** Cisco HDLC: address, control, EtherType. */
export const CISCO_HEADER = 4
export const isCisco = (b: Bytes, at: number): boolean => b[at] === 0x0f || b[at] === 0x8f
export const ciscoType = (b: Bytes, at: number): number => u16(b, at + 2)

/** Length of the address and control fields, 0 where they are left out (RFC 1662 section 3.2). */
export const framing = (b: Bytes, at: number): number => (b[at] === 0xff && b[at + 1] === 0x03 ? 2 : 0)

/** Length of the protocol field: an odd first byte is the whole of it (RFC 1661 section 6.5). */
export const protocolLength = (b: Bytes, at: number): number => (b[at] & 1 ? 1 : 2)
export const protocol = (b: Bytes, at: number): number => (b[at] & 1 ? b[at] : u16(b, at))
