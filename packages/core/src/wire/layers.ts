// What decoding one packet leaves behind: offsets into the packet's bytes, in a record that is used again.
import type { Bytes } from '../bytes/read.ts'

/** What the innermost decoded layer is. `other` is decoded fine and of no interest; `broken` is cut or malformed. */
export const OTHER = 0
export const TCP = 1
export const UDP = 2
export const ICMP = 3
export const ICMP6 = 4
export const ARP = 5
export const FRAGMENT = 6 // kept for reassembly; the packet that completes the datagram is decoded as a whole
export const BROKEN = 7
export const UNKNOWN_LINK = 8
export type Kind =
  | typeof OTHER
  | typeof TCP
  | typeof UDP
  | typeof ICMP
  | typeof ICMP6
  | typeof ARP
  | typeof FRAGMENT
  | typeof BROKEN
  | typeof UNKNOWN_LINK

/**
 * Offsets of the innermost IP packet and its payload. `bytes` is the read buffer, or the buffer of a reassembled
 * datagram. Valid until the next packet is decoded.
 */
export interface Layers {
  kind: Kind
  bytes: Bytes
  /** 4, 6, or 0 where there is no IP packet. */
  ipVersion: 0 | 4 | 6
  /** Offset of the (innermost) IP header. */
  ipAt: number
  /** Offsets of the source and destination address, 4 or 16 bytes long by `ipVersion`. For ARP: sender and target. */
  sourceAt: number
  destinationAt: number
  /** TTL or hop limit, IPv4 identification (-1 for IPv6), and whether Don't Fragment is set. */
  ttl: number
  ipId: number
  dontFragment: boolean
  /** Offset of the transport header (TCP, UDP, ICMP) or, for ARP, of the ARP packet. */
  transportAt: number
  /** End of the captured transport bytes in `bytes` (link-layer padding excluded). */
  transportEnd: number
  /** Length in bytes of transport header and payload on the wire; more than captured where the snap length cut. */
  transportLength: number
  /** The IP packet's length on the wire in bytes, header included. */
  ipLength: number
  /** VLAN id nearest to the IP header, -1 without; a VXLAN/GENEVE/GRE/ERSPAN tunnel's inner frame starts anew. */
  vlan: number
  /** How many tunnels (VXLAN, GENEVE, GRE, ERSPAN, IP-in-IP ...) were opened. */
  tunnels: number
  /** Source and destination MAC as numbers (48 bit), -1 where the link has none. Of the innermost frame. */
  sourceMac: number
  destinationMac: number
  /** Linux cooked packet type (0 to us, 1 broadcast, 2 multicast, 3 other host, 4 from us), -1 elsewhere. */
  cookedType: number
  /** Interface index of a Linux cooked v2 frame (`-i any`), -1 elsewhere. */
  cookedInterface: number
}
