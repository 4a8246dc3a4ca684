// Ethernet II and IEEE 802.3 with LLC/SNAP (RFC 894, RFC 1042).
import { u16, u24, type Bytes } from '../bytes/read.ts'

const DESTINATION = 0
const SOURCE = 6
const TYPE = 12
export const HEADER = 14

/** EtherTypes (IANA ieee-802-numbers). */
export const IP4 = 0x0800
export const ARP = 0x0806
export const TRANSPARENT_ETHERNET = 0x6558
export const VLAN = 0x8100
export const IP6 = 0x86dd
export const PPP = 0x880b
export const WCCP = 0x883e
export const MPLS = 0x8847
export const MPLS_MULTICAST = 0x8848
export const PPPOE_SESSION = 0x8864
export const SERVICE_VLAN = 0x88a8
export const ERSPAN = 0x88be
export const ERSPAN_3 = 0x22eb
export const NSH = 0x894f
export const OLD_SERVICE_VLAN = 0x9100

/** A type field below this is the length of an 802.3 frame (IEEE 802.3 section 3.2.6). */
export const SMALLEST_TYPE = 0x0600

export const typeOrLength = (b: Bytes, at: number): number => u16(b, at + TYPE)

interface Macs {
  sourceMac: number
  destinationMac: number
}

/**
 * Both addresses of the frame at `at`, as 48-bit numbers. Written in place, from halves: V8 makes an object of a
 * number over 31 bits that a call returns.
 */
export function readMacs(b: Bytes, at: number, into: Macs): void {
  into.destinationMac = u24(b, at + DESTINATION) * 0x100_0000 + u24(b, at + DESTINATION + 3)
  readSourceMac(b, at + SOURCE, into)
}

/** The address at `at` alone, for links that carry no other. */
export function readSourceMac(b: Bytes, at: number, into: Macs): void {
  into.sourceMac = u24(b, at) * 0x100_0000 + u24(b, at + 3)
}

/** LLC with SNAP: DSAP AA, SSAP AA, control 03, OUI, protocol id. */
export const SNAP_HEADER = 8

/** EtherType inside LLC/SNAP at `at`, or -1 where another protocol follows. `SNAP_HEADER` bytes must be there. */
export function snapType(b: Bytes, at: number): number {
  if (b[at] !== 0xaa || b[at + 1] !== 0xaa || b[at + 2] !== 0x03) return -1
  const oui = u24(b, at + 3)
  // 00-00-F8 is the bridge-tunnel encapsulation of 802.1H; the protocol id is an EtherType in both.
  return oui === 0 || oui === 0x0000f8 ? u16(b, at + 6) : -1
}
