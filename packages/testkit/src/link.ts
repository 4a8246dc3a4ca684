// The link layer under an IP or ARP packet, as a capture at one vantage writes it.
import { be16, be32, join, type Bytes } from './bytes.ts'

/** LINKTYPE_ numbers, https://www.tcpdump.org/linktypes.html */
export const LINK = { ethernet: 1, raw: 101, sll: 113, sll2: 276 } as const
export type LinkType = keyof typeof LINK

export const IP4 = 0x0800
export const ARP = 0x0806
export const IP6 = 0x86dd
const VLAN = 0x8100

export interface Link {
  /** Last four bytes of the locally administered MAC address 02:00:xx:xx:xx:xx. */
  sourceMac: number
  destinationMac: number
  etherType: number
  /** True where the vantage is the sender's own host: what Linux cooked captures call outgoing. */
  outgoing: boolean
}

export const BROADCAST = -1
export const macBytes = (n: number): number[] =>
  n === BROADCAST ? [0xff, 0xff, 0xff, 0xff, 0xff, 0xff] : [0x02, 0, ...be32(n)]

/** Link-layer header and `packet`; null where the link type cannot carry it (ARP in raw IP). */
export function frame(type: LinkType, link: Link, packet: Bytes, vlan: number | undefined): Bytes | null {
  const cookedType = link.outgoing ? 4 : 0
  const source = macBytes(link.sourceMac)
  switch (type) {
    case 'ethernet': {
      const tag = vlan === undefined ? [] : [...be16(VLAN), ...be16(vlan)]
      return join(macBytes(link.destinationMac), source, tag, be16(link.etherType), packet)
    }
    case 'raw':
      return link.etherType === ARP ? null : packet
    case 'sll': // packet type, ARPHRD_ETHER, address length, address padded to 8, protocol
      return join([...be16(cookedType), 0, 1, 0, 6, ...source, 0, 0, ...be16(link.etherType)], packet)
    case 'sll2': // protocol, reserved, interface index, ARPHRD_ETHER, packet type, address length, address padded to 8
      return join([...be16(link.etherType), 0, 0, ...be32(2), 0, 1, cookedType, 6, ...source, 0, 0], packet)
  }
}
