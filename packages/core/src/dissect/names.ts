// Names of the numbers that say what comes next (IANA ieee-802-numbers, protocol-numbers).
import * as ethernet from '../wire/ethernet.ts'
import * as ip6 from '../wire/ip6.ts'
import { hex } from './walk.ts'

const ETHER_TYPES: { readonly [type: number]: string } = {
  [ethernet.IP4]: 'IPv4',
  [ethernet.ARP]: 'ARP',
  [ethernet.TRANSPARENT_ETHERNET]: 'Transparent Ethernet bridging',
  [ethernet.VLAN]: '802.1Q Virtual LAN',
  [ethernet.IP6]: 'IPv6',
  [ethernet.PPP]: 'PPP',
  [ethernet.WCCP]: 'WCCP',
  [ethernet.MPLS]: 'MPLS label switched packet',
  [ethernet.MPLS_MULTICAST]: 'MPLS multicast label switched packet',
  [ethernet.PPPOE_SESSION]: 'PPPoE Session',
  [ethernet.SERVICE_VLAN]: '802.1ad Provider Bridge (Q-in-Q)',
  [ethernet.ERSPAN]: 'Encapsulated Remote Switch Packet ANalysis type II',
  [ethernet.ERSPAN_3]: 'Encapsulated Remote Switch Packet ANalysis type III',
  [ethernet.NSH]: 'Network Service Header',
  [ethernet.OLD_SERVICE_VLAN]: 'QinQ: old non-standard 802.1ad',
  0x88cc: '802.1 Link Layer Discovery Protocol (LLDP)',
  0x8863: 'PPPoE Discovery',
}

const IP_PROTOCOLS: { readonly [protocol: number]: string } = {
  [ip6.HOP_BY_HOP]: 'IPv6 Hop-by-Hop Option',
  [ip6.ICMP]: 'ICMP',
  2: 'IGMP',
  [ip6.IP_IN_IP]: 'IPIP',
  [ip6.TCP]: 'TCP',
  [ip6.UDP]: 'UDP',
  [ip6.IP6_IN_IP]: 'IPv6',
  [ip6.ROUTING]: 'Routing Header for IPv6',
  [ip6.FRAGMENT]: 'Fragment Header for IPv6',
  [ip6.GRE]: 'Generic Routing Encapsulation',
  [ip6.ESP]: 'Encap Security Payload',
  [ip6.AUTHENTICATION]: 'Authentication Header',
  [ip6.ICMP6]: 'ICMPv6',
  [ip6.NO_NEXT]: 'No Next Header for IPv6',
  [ip6.DESTINATION_OPTIONS]: 'Destination Options for IPv6',
  89: 'OSPF IGP',
  112: 'VRRP',
  132: 'SCTP',
  [ip6.MOBILITY]: 'Mobile IPv6',
  [ip6.MPLS_IN_IP]: 'MPLS-in-IP',
}

const named = (name: string | undefined, number: string): string =>
  name === undefined ? number : `${name} (${number})`

/** `IPv4 (0x0800)`; `0x1234` where it has no name. */
export const etherTypeName = (type: number): string => named(ETHER_TYPES[type], hex(type, 4))

/** `TCP (6)`; `200` where it has no name. */
export const protocolName = (protocol: number): string => named(IP_PROTOCOLS[protocol], String(protocol))
