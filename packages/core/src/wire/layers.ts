// What decoding one packet leaves behind: offsets into the packet's bytes, in a record that is used again.
import type { Bytes } from '../bytes/read.ts'
import * as ip4 from './ip4.ts'

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

const NO_BYTES: Bytes = new Uint8Array(0)

/** A record for `Decoder.decode` to fill. One is enough. */
export function createLayers(): Layers {
  return {
    kind: OTHER,
    bytes: NO_BYTES,
    ipVersion: 0,
    ipAt: 0,
    sourceAt: 0,
    destinationAt: 0,
    ttl: 0,
    ipId: -1,
    dontFragment: false,
    transportAt: 0,
    transportEnd: 0,
    transportLength: 0,
    ipLength: 0,
    vlan: -1,
    tunnels: 0,
    sourceMac: -1,
    destinationMac: -1,
    cookedType: -1,
    cookedInterface: -1,
  }
}

export function setIp4(l: Layers, at: number, length: number): void {
  const b = l.bytes
  l.ipVersion = 4
  l.ipAt = at
  l.sourceAt = ip4.sourceAt(at)
  l.destinationAt = ip4.destinationAt(at)
  l.ttl = ip4.ttl(b, at)
  l.ipId = ip4.identification(b, at)
  l.dontFragment = ip4.dontFragment(b, at)
  l.ipLength = length
}

export function setTransport(l: Layers, at: number, end: number, wireEnd: number): void {
  l.transportAt = at
  l.transportEnd = end
  l.transportLength = wireEnd - at
}

/** Tunnels in tunnels are followed this deep; what is deeper is `OTHER`, or UDP where a port told the tunnel. */
const MAX_TUNNELS = 8

/** Counts a tunnel and starts its inner packet anew; false where the limit is reached. */
export function openTunnel(l: Layers): boolean {
  if (l.tunnels >= MAX_TUNNELS) return false
  l.tunnels++
  l.vlan = -1
  forgetIp(l)
  return true
}

export function forgetIp(l: Layers): void {
  l.ipVersion = 0
  l.ipAt = 0
  l.sourceAt = 0
  l.destinationAt = 0
  l.ttl = 0
  l.ipId = -1
  l.dontFragment = false
  l.transportAt = 0
  l.transportEnd = 0
  l.transportLength = 0
  l.ipLength = 0
}
