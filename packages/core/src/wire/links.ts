// From the first byte of a frame to the IP packet in it: link types, VLAN tags, and what else is between them; and what a
// tunnel holds, which begins as a link does. Ends are those of decode.ts.
import * as arp from './arp.ts'
import * as cooked from './cooked.ts'
import * as ethernet from './ethernet.ts'
import * as ip4 from './ip4.ts'
import { ARP, BROKEN, OTHER, UNKNOWN_LINK, type Kind, type Layers, openTunnel, setTransport } from './layers.ts'
import * as loopback from './loopback.ts'
import * as mpls from './mpls.ts'
import * as nflog from './nflog.ts'
import * as ppp from './ppp.ts'
import * as pppoe from './pppoe.ts'
import * as vlan from './vlan.ts'
import * as vxlan from './vxlan.ts'

/** Who reads on where IP begins. */
export interface IpReader {
  ip(l: Layers, at: number, end: number, wireEnd: number): Kind
}

export const ETHERNET = 1

/** LINKTYPE_ numbers: https://www.tcpdump.org/linktypes.html */
export function readLink(above: IpReader, l: Layers, linkType: number, at: number, end: number, wireEnd: number): Kind {
  switch (linkType) {
    case ETHERNET:
      return readEthernet(above, l, at, end, wireEnd)
    case 113: // LINUX_SLL
      return readCooked(above, l, at, end, wireEnd)
    case 276: // LINUX_SLL2
      return readCooked2(above, l, at, end, wireEnd)
    case 101: // RAW
    case 12: // DLT_RAW, which some programs write
    case 14: // DLT_RAW of OpenBSD
    case 228: // IPV4
    case 229: // IPV6
      return above.ip(l, at, end, wireEnd)
    case 0: // NULL
    case 108: // LOOP
      if (end - at < loopback.HEADER) return BROKEN
      return loopback.loopbackVersion(l.bytes, at) === 0 ? OTHER : above.ip(l, at + loopback.HEADER, end, wireEnd)
    case 9: // PPP
    case 50: // PPP_HDLC
      if (end - at >= ppp.CISCO_HEADER && ppp.isCisco(l.bytes, at)) return readCisco(above, l, at, end, wireEnd)
      return end - at < 2 ? BROKEN : readPpp(above, l, at + ppp.framing(l.bytes, at), end, wireEnd)
    case 104: // C_HDLC
      return end - at < ppp.CISCO_HEADER ? BROKEN : readCisco(above, l, at, end, wireEnd)
    case 51: // PPP_ETHER
      return readPppoe(above, l, at, end, wireEnd)
    case 239: // NFLOG
      return readNflog(above, l, at, end, wireEnd)
    default:
      return UNKNOWN_LINK
  }
}

export function readEthernet(above: IpReader, l: Layers, at: number, end: number, wireEnd: number): Kind {
  if (end - at < ethernet.HEADER) return BROKEN
  ethernet.readMacs(l.bytes, at, l)
  return readTypeOrLength(above, l, ethernet.typeOrLength(l.bytes, at), at + ethernet.HEADER, end, wireEnd)
}

/** Payload of an Ethernet frame or behind a VLAN tag, where a length may stand in the place of the type. */
export function readTypeOrLength(
  above: IpReader,
  l: Layers,
  type: number,
  at: number,
  end: number,
  wireEnd: number,
): Kind {
  let next = type
  let payload = at
  while (vlan.isTag(next)) {
    if (end - payload < vlan.TAG) return BROKEN
    l.vlan = vlan.vlanId(l.bytes, payload)
    next = vlan.innerType(l.bytes, payload)
    payload += vlan.TAG
  }
  if (next >= ethernet.SMALLEST_TYPE) return readEtherType(above, l, next, payload, end, wireEnd)
  return readLlc(above, l, payload, Math.min(end, payload + next), Math.min(wireEnd, payload + next))
}

function readLlc(above: IpReader, l: Layers, at: number, end: number, wireEnd: number): Kind {
  if (end - at < ethernet.SNAP_HEADER) return OTHER
  return readEtherType(above, l, ethernet.snapType(l.bytes, at), at + ethernet.SNAP_HEADER, end, wireEnd)
}

function readCooked(above: IpReader, l: Layers, at: number, end: number, wireEnd: number): Kind {
  if (end - at < cooked.SLL_HEADER) return BROKEN
  const b = l.bytes
  l.cookedType = cooked.sllPacketType(b, at)
  if (cooked.sllAddressLength(b, at) === 6) ethernet.readSourceMac(b, cooked.sllAddressAt(at), l)
  if (cooked.sllDevice(b, at) === cooked.DEVICE_NETLINK) return OTHER
  return readCookedProtocol(above, l, cooked.sllProtocol(b, at), at + cooked.SLL_HEADER, end, wireEnd)
}

function readCooked2(above: IpReader, l: Layers, at: number, end: number, wireEnd: number): Kind {
  if (end - at < cooked.SLL2_HEADER) return BROKEN
  const b = l.bytes
  l.cookedType = cooked.sll2PacketType(b, at)
  l.cookedInterface = cooked.sll2Interface(b, at)
  if (cooked.sll2AddressLength(b, at) === 6) ethernet.readSourceMac(b, cooked.sll2AddressAt(at), l)
  if (cooked.sll2Device(b, at) === cooked.DEVICE_NETLINK) return OTHER
  return readCookedProtocol(above, l, cooked.sll2Protocol(b, at), at + cooked.SLL2_HEADER, end, wireEnd)
}

function readCookedProtocol(
  above: IpReader,
  l: Layers,
  protocol: number,
  at: number,
  end: number,
  wireEnd: number,
): Kind {
  if (protocol >= ethernet.SMALLEST_TYPE) return readTypeOrLength(above, l, protocol, at, end, wireEnd)
  return protocol === cooked.PROTOCOL_LLC ? readLlc(above, l, at, end, wireEnd) : OTHER
}

function readNflog(above: IpReader, l: Layers, at: number, end: number, wireEnd: number): Kind {
  if (end - at < nflog.HEADER) return BROKEN
  const family = nflog.family(l.bytes, at)
  if (family !== nflog.FAMILY_IP4 && family !== nflog.FAMILY_IP6) return OTHER
  const payload = nflog.payloadAt(l.bytes, at, end)
  return payload < 0 ? BROKEN : above.ip(l, payload, end, wireEnd)
}

function readCisco(above: IpReader, l: Layers, at: number, end: number, wireEnd: number): Kind {
  return readEtherType(above, l, ppp.ciscoType(l.bytes, at), at + ppp.CISCO_HEADER, end, wireEnd)
}

function readPppoe(above: IpReader, l: Layers, at: number, end: number, wireEnd: number): Kind {
  if (end - at < pppoe.HEADER) return BROKEN
  if (!pppoe.isSession(l.bytes, at)) return OTHER
  const payload = at + pppoe.HEADER
  const payloadEnd = payload + pppoe.payloadLength(l.bytes, at)
  return readPpp(above, l, payload, Math.min(end, payloadEnd), Math.min(wireEnd, payloadEnd))
}

function readPpp(above: IpReader, l: Layers, at: number, end: number, wireEnd: number): Kind {
  const b = l.bytes
  if (end - at < 1 || end - at < ppp.protocolLength(b, at)) return BROKEN
  const payload = at + ppp.protocolLength(b, at)
  switch (ppp.protocol(b, at)) {
    case ppp.IP4:
    case ppp.IP6:
      return above.ip(l, payload, end, wireEnd)
    case ppp.MPLS:
      return readMpls(above, l, payload, end, wireEnd)
    default:
      return OTHER
  }
}

function readEtherType(above: IpReader, l: Layers, type: number, at: number, end: number, wireEnd: number): Kind {
  switch (type) {
    case ethernet.IP4:
    case ethernet.IP6:
      return above.ip(l, at, end, wireEnd)
    case ethernet.ARP:
      return readArp(l, at, end, wireEnd)
    case ethernet.MPLS:
    case ethernet.MPLS_MULTICAST:
      return readMpls(above, l, at, end, wireEnd)
    case ethernet.PPPOE_SESSION:
      return readPppoe(above, l, at, end, wireEnd)
    case ethernet.PPP:
      return end - at < 2 ? BROKEN : readPpp(above, l, at + ppp.framing(l.bytes, at), end, wireEnd)
    case ethernet.TRANSPARENT_ETHERNET:
      return openTunnel(l) ? readEthernet(above, l, at, end, wireEnd) : OTHER
    case ethernet.NSH:
      return readNsh(above, l, at, end, wireEnd)
    default:
      return OTHER
  }
}

export function readMpls(above: IpReader, l: Layers, at: number, end: number, wireEnd: number): Kind {
  let label = at
  for (;;) {
    if (end - label < mpls.LABEL) return BROKEN
    const bottom = mpls.isBottom(l.bytes, label)
    label += mpls.LABEL
    if (bottom) break
  }
  if (end <= label) return BROKEN
  const nibble = ip4.version(l.bytes, label)
  if (nibble === 4 || nibble === 6) return above.ip(l, label, end, wireEnd)
  if (nibble === 1 || !openTunnel(l)) return OTHER // 1: pseudowire associated channel (RFC 4385 section 5)
  return readEthernet(above, l, nibble === 0 ? label + mpls.CONTROL_WORD : label, end, wireEnd)
}

function readArp(l: Layers, at: number, end: number, wireEnd: number): Kind {
  const b = l.bytes
  if (end - at < arp.HEADER) return BROKEN
  if (!arp.isIp4(b, at)) return OTHER
  const length = arp.length(b, at)
  if (end - at < length) return BROKEN
  l.sourceAt = arp.senderAt(b, at)
  l.destinationAt = arp.targetAt(b, at)
  setTransport(l, at, Math.min(end, at + length), Math.min(wireEnd, at + length))
  return ARP
}

/** As `readEtherType`, for a tunnel that is open already: bridged Ethernet does not open another. */
export function readEtherTypeInTunnel(
  above: IpReader,
  l: Layers,
  type: number,
  at: number,
  end: number,
  wireEnd: number,
): Kind {
  return type === ethernet.TRANSPARENT_ETHERNET
    ? readEthernet(above, l, at, end, wireEnd)
    : readEtherType(above, l, type, at, end, wireEnd)
}

export function readVxlanNext(
  above: IpReader,
  l: Layers,
  next: number,
  at: number,
  end: number,
  wireEnd: number,
): Kind {
  switch (next) {
    case vxlan.NEXT_IP4:
    case vxlan.NEXT_IP6:
      return above.ip(l, at, end, wireEnd)
    case vxlan.NEXT_ETHERNET:
      return readEthernet(above, l, at, end, wireEnd)
    case vxlan.NEXT_NSH:
      return readNsh(above, l, at, end, wireEnd)
    case vxlan.NEXT_MPLS:
      return readMpls(above, l, at, end, wireEnd)
    default:
      return OTHER
  }
}

function readNsh(above: IpReader, l: Layers, at: number, end: number, wireEnd: number): Kind {
  if (end - at < vxlan.NSH_HEADER) return BROKEN
  const length = vxlan.nshLength(l.bytes, at)
  const next = vxlan.nshNext(l.bytes, at)
  if (length < vxlan.NSH_HEADER || end - at < length) return BROKEN
  if (next === vxlan.NEXT_NSH || !openTunnel(l)) return OTHER
  return readVxlanNext(above, l, next, at + length, end, wireEnd)
}
