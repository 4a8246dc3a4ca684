// VXLAN (RFC 7348), its generic protocol extension VXLAN-GPE, and the network service header (RFC 8300) inside.
import { u16, type Bytes } from '../bytes/read.ts'

/** UDP destination ports: assigned, Linux before the assignment, GPE. */
export const PORT = 4789
export const LINUX_PORT = 8472
export const GPE_PORT = 4790
export const HEADER = 8

const FLAGS = 0
const NEXT_PROTOCOL = 3
const RESERVED = 7
const VALID_ID = 0x08
const GPE_PROTOCOL = 0x04

/** The id flag is set and the last reserved byte is zero, as the RFC asks: a port alone proves no VXLAN. */
export const isVxlan = (b: Bytes, at: number): boolean => (b[at + FLAGS] & VALID_ID) !== 0 && b[at + RESERVED] === 0

/** What follows, in GPE's numbers; without its flag that is Ethernet. */
export const nextProtocol = (b: Bytes, at: number): number =>
  b[at + FLAGS] & GPE_PROTOCOL ? b[at + NEXT_PROTOCOL] : NEXT_ETHERNET

/** Next protocol, in GPE; NSH uses the same numbers up to Ethernet and for MPLS. */
export const NEXT_IP4 = 1
export const NEXT_IP6 = 2
export const NEXT_ETHERNET = 3
export const NEXT_NSH = 4
export const NEXT_MPLS = 5

/** NSH base and service path header; the whole is longer by its context headers. */
export const NSH_HEADER = 8
export const nshLength = (b: Bytes, at: number): number => (u16(b, at) & 0x3f) * 4
export const nshNext = (b: Bytes, at: number): number => b[at + 3]
