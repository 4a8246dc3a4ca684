// From the first byte of a frame to its transport header, through whatever stands between. The packet loop calls this
// for every packet: one pass, offsets only, nothing allocated except for IP fragments.
//
// Every step gets two ends. `end` is where the captured bytes end and bounds every read; `wireEnd` is where the bytes
// on the wire ended, behind `end` where a snap length cut, and bounds what the headers say.
//
// Three guesses. What follows an MPLS stack is told from a nibble. UDP tunnels are told by their port and a plausible
// header; a wrong guess would show a datagram as a tunnel. An IP length of zero is taken for an offloaded packet.
import { latin1, type Bytes } from '../bytes/read.ts'
import type { Packet } from '../capture/packet.ts'
import * as arp from './arp.ts'
import * as cooked from './cooked.ts'
import * as ethernet from './ethernet.ts'
import { ip4Fragment, Reassembly, type Datagram, type Fragment } from './fragments.ts'
import * as geneve from './geneve.ts'
import * as gre from './gre.ts'
import * as icmp from './icmp.ts'
import * as ip4 from './ip4.ts'
import * as ip6 from './ip6.ts'
import { ARP, BROKEN, FRAGMENT, ICMP, ICMP6, OTHER, TCP, UDP, UNKNOWN_LINK, type Kind, type Layers } from './layers.ts'
import * as loopback from './loopback.ts'
import * as mpls from './mpls.ts'
import * as nflog from './nflog.ts'
import * as ppp from './ppp.ts'
import * as pppoe from './pppoe.ts'
import * as tcp from './tcp.ts'
import * as tzsp from './tzsp.ts'
import * as udp from './udp.ts'
import * as vlan from './vlan.ts'
import * as vxlan from './vxlan.ts'

/** Tunnels in tunnels are followed this deep; what is deeper is `OTHER`, or UDP where a port told the tunnel. */
const MAX_TUNNELS = 8
/** Datagrams reassembled out of one packet: fragments may hold a tunnel that holds fragments. */
const MAX_REASSEMBLED = 4

const ETHERNET = 1

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

/** Decodes packets one after the other; holds the IP fragments between them. One capture, one decoder. */
export class Decoder {
  readonly #reassembly = new Reassembly()
  #time = 0
  #interface = 0
  #reassembled = 0

  /** Fragmented datagrams that never became whole: given up, or waiting still. */
  get incompleteDatagrams(): number {
    return this.#reassembly.incomplete + this.#reassembly.pending
  }

  /**
   * Fills `layers` with the offsets of the innermost packet and answers its kind. Never throws; `BROKEN` keeps what
   * was decoded before the fault.
   */
  decode(layers: Layers, packet: Packet): Kind {
    if (layers.bytes !== packet.bytes) layers.bytes = packet.bytes
    layers.vlan = -1
    layers.tunnels = 0
    layers.cookedType = -1
    layers.cookedInterface = -1
    if (packet.linkType === ETHERNET && readStraight(layers, packet.at, packet.end)) return TCP
    this.#time = packet.seconds
    this.#interface = packet.interfaceId
    this.#reassembled = 0
    layers.sourceMac = -1
    layers.destinationMac = -1
    forgetIp(layers)
    const wireEnd = Math.max(packet.end, packet.at + packet.wireLength)
    const kind = this.#link(layers, packet.linkType, packet.at, packet.end, wireEnd)
    layers.kind = kind
    return kind
  }

  /** LINKTYPE_ numbers: https://www.tcpdump.org/linktypes.html */
  #link(l: Layers, linkType: number, at: number, end: number, wireEnd: number): Kind {
    switch (linkType) {
      case ETHERNET:
        return this.#ethernet(l, at, end, wireEnd)
      case 113: // LINUX_SLL
        return this.#cooked(l, at, end, wireEnd)
      case 276: // LINUX_SLL2
        return this.#cooked2(l, at, end, wireEnd)
      case 101: // RAW
      case 12: // DLT_RAW, which some programs write
      case 14: // DLT_RAW of OpenBSD
      case 228: // IPV4
      case 229: // IPV6
        return this.#ip(l, at, end, wireEnd)
      case 0: // NULL
      case 108: // LOOP
        if (end - at < loopback.HEADER) return BROKEN
        return loopback.loopbackVersion(l.bytes, at) === 0 ? OTHER : this.#ip(l, at + loopback.HEADER, end, wireEnd)
      case 9: // PPP
      case 50: // PPP_HDLC
        if (end - at >= ppp.CISCO_HEADER && ppp.isCisco(l.bytes, at)) return this.#cisco(l, at, end, wireEnd)
        return end - at < 2 ? BROKEN : this.#ppp(l, at + ppp.framing(l.bytes, at), end, wireEnd)
      case 104: // C_HDLC
        return end - at < ppp.CISCO_HEADER ? BROKEN : this.#cisco(l, at, end, wireEnd)
      case 51: // PPP_ETHER
        return this.#pppoe(l, at, end, wireEnd)
      case 239: // NFLOG
        return this.#nflog(l, at, end, wireEnd)
      default:
        return UNKNOWN_LINK
    }
  }

  #ethernet(l: Layers, at: number, end: number, wireEnd: number): Kind {
    if (end - at < ethernet.HEADER) return BROKEN
    ethernet.readMacs(l.bytes, at, l)
    return this.#typeOrLength(l, ethernet.typeOrLength(l.bytes, at), at + ethernet.HEADER, end, wireEnd)
  }

  /** Payload of an Ethernet frame or behind a VLAN tag, where a length may stand in the place of the type. */
  #typeOrLength(l: Layers, type: number, at: number, end: number, wireEnd: number): Kind {
    let next = type
    let payload = at
    while (vlan.isTag(next)) {
      if (end - payload < vlan.TAG) return BROKEN
      l.vlan = vlan.vlanId(l.bytes, payload)
      next = vlan.innerType(l.bytes, payload)
      payload += vlan.TAG
    }
    if (next >= ethernet.SMALLEST_TYPE) return this.#etherType(l, next, payload, end, wireEnd)
    return this.#llc(l, payload, Math.min(end, payload + next), Math.min(wireEnd, payload + next))
  }

  #llc(l: Layers, at: number, end: number, wireEnd: number): Kind {
    if (end - at < ethernet.SNAP_HEADER) return OTHER
    return this.#etherType(l, ethernet.snapType(l.bytes, at), at + ethernet.SNAP_HEADER, end, wireEnd)
  }

  #cooked(l: Layers, at: number, end: number, wireEnd: number): Kind {
    if (end - at < cooked.SLL_HEADER) return BROKEN
    const b = l.bytes
    l.cookedType = cooked.sllPacketType(b, at)
    if (cooked.sllAddressLength(b, at) === 6) ethernet.readSourceMac(b, cooked.sllAddressAt(at), l)
    if (cooked.sllDevice(b, at) === cooked.DEVICE_NETLINK) return OTHER
    return this.#cookedProtocol(l, cooked.sllProtocol(b, at), at + cooked.SLL_HEADER, end, wireEnd)
  }

  #cooked2(l: Layers, at: number, end: number, wireEnd: number): Kind {
    if (end - at < cooked.SLL2_HEADER) return BROKEN
    const b = l.bytes
    l.cookedType = cooked.sll2PacketType(b, at)
    l.cookedInterface = cooked.sll2Interface(b, at)
    if (cooked.sll2AddressLength(b, at) === 6) ethernet.readSourceMac(b, cooked.sll2AddressAt(at), l)
    if (cooked.sll2Device(b, at) === cooked.DEVICE_NETLINK) return OTHER
    return this.#cookedProtocol(l, cooked.sll2Protocol(b, at), at + cooked.SLL2_HEADER, end, wireEnd)
  }

  #cookedProtocol(l: Layers, protocol: number, at: number, end: number, wireEnd: number): Kind {
    if (protocol >= ethernet.SMALLEST_TYPE) return this.#typeOrLength(l, protocol, at, end, wireEnd)
    return protocol === cooked.PROTOCOL_LLC ? this.#llc(l, at, end, wireEnd) : OTHER
  }

  #nflog(l: Layers, at: number, end: number, wireEnd: number): Kind {
    if (end - at < nflog.HEADER) return BROKEN
    const family = nflog.family(l.bytes, at)
    if (family !== nflog.FAMILY_IP4 && family !== nflog.FAMILY_IP6) return OTHER
    const payload = nflog.payloadAt(l.bytes, at, end)
    return payload < 0 ? BROKEN : this.#ip(l, payload, end, wireEnd)
  }

  #cisco(l: Layers, at: number, end: number, wireEnd: number): Kind {
    return this.#etherType(l, ppp.ciscoType(l.bytes, at), at + ppp.CISCO_HEADER, end, wireEnd)
  }

  #pppoe(l: Layers, at: number, end: number, wireEnd: number): Kind {
    if (end - at < pppoe.HEADER) return BROKEN
    if (!pppoe.isSession(l.bytes, at)) return OTHER
    const payload = at + pppoe.HEADER
    const payloadEnd = payload + pppoe.payloadLength(l.bytes, at)
    return this.#ppp(l, payload, Math.min(end, payloadEnd), Math.min(wireEnd, payloadEnd))
  }

  #ppp(l: Layers, at: number, end: number, wireEnd: number): Kind {
    const b = l.bytes
    if (end - at < 1 || end - at < ppp.protocolLength(b, at)) return BROKEN
    const payload = at + ppp.protocolLength(b, at)
    switch (ppp.protocol(b, at)) {
      case ppp.IP4:
      case ppp.IP6:
        return this.#ip(l, payload, end, wireEnd)
      case ppp.MPLS:
        return this.#mpls(l, payload, end, wireEnd)
      default:
        return OTHER
    }
  }

  #etherType(l: Layers, type: number, at: number, end: number, wireEnd: number): Kind {
    switch (type) {
      case ethernet.IP4:
      case ethernet.IP6:
        return this.#ip(l, at, end, wireEnd)
      case ethernet.ARP:
        return this.#arp(l, at, end, wireEnd)
      case ethernet.MPLS:
      case ethernet.MPLS_MULTICAST:
        return this.#mpls(l, at, end, wireEnd)
      case ethernet.PPPOE_SESSION:
        return this.#pppoe(l, at, end, wireEnd)
      case ethernet.PPP:
        return end - at < 2 ? BROKEN : this.#ppp(l, at + ppp.framing(l.bytes, at), end, wireEnd)
      case ethernet.TRANSPARENT_ETHERNET:
        return openTunnel(l) ? this.#ethernet(l, at, end, wireEnd) : OTHER
      case ethernet.NSH:
        return this.#nsh(l, at, end, wireEnd)
      default:
        return OTHER
    }
  }

  #mpls(l: Layers, at: number, end: number, wireEnd: number): Kind {
    let label = at
    for (;;) {
      if (end - label < mpls.LABEL) return BROKEN
      const bottom = mpls.isBottom(l.bytes, label)
      label += mpls.LABEL
      if (bottom) break
    }
    if (end <= label) return BROKEN
    const nibble = ip4.version(l.bytes, label)
    if (nibble === 4 || nibble === 6) return this.#ip(l, label, end, wireEnd)
    if (nibble === 1 || !openTunnel(l)) return OTHER // 1: pseudowire associated channel (RFC 4385 section 5)
    return this.#ethernet(l, nibble === 0 ? label + mpls.CONTROL_WORD : label, end, wireEnd)
  }

  #arp(l: Layers, at: number, end: number, wireEnd: number): Kind {
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

  #ip(l: Layers, at: number, end: number, wireEnd: number): Kind {
    if (end <= at) return BROKEN
    switch (ip4.version(l.bytes, at)) {
      case 4:
        return this.#ip4(l, at, end, wireEnd)
      case 6:
        return this.#ip6(l, at, end, wireEnd)
      default:
        return BROKEN
    }
  }

  #ip4(l: Layers, at: number, end: number, wireEnd: number): Kind {
    const b = l.bytes
    if (end - at < ip4.HEADER) return BROKEN
    const header = ip4.headerLength(b, at)
    const total = ip4.totalLength(b, at)
    const length = total === 0 ? wireEnd - at : total
    setIp4(l, at, length)
    if (header < ip4.HEADER || length < header || end - at < header) return BROKEN
    const payload = at + header
    // What the link padded behind the IP packet is not part of it; where the header promises more, it was cut.
    const payloadEnd = Math.min(end, at + length)
    const protocol = ip4.protocol(b, at)
    if (!ip4.isFragment(b, at)) return this.#payload(l, protocol, payload, payloadEnd, at + length)
    setTransport(l, payload, payloadEnd, at + length)
    const key = this.#fragmentKey(l, at + 12, 8, l.ipId, protocol)
    return this.#fragment(l, ip4Fragment(b, at, payloadEnd, length, key, this.#time))
  }

  #ip6(l: Layers, at: number, end: number, wireEnd: number): Kind {
    const b = l.bytes
    if (end - at < ip6.HEADER) return BROKEN
    const next = ip6.nextHeader(b, at)
    const payload = ip6.payloadLength(b, at)
    const length = payload === 0 && next !== ip6.NO_NEXT ? wireEnd - at : ip6.HEADER + payload
    l.ipVersion = 6
    l.ipAt = at
    l.sourceAt = ip6.sourceAt(at)
    l.destinationAt = ip6.destinationAt(at)
    l.ttl = ip6.hopLimit(b, at)
    l.ipId = -1
    l.dontFragment = false
    l.ipLength = length
    return this.#payload(l, next, at + ip6.HEADER, Math.min(end, at + length), at + length)
  }

  /** Extension headers, which IPv4 has one of (AH), and behind them the transport. */
  #payload(l: Layers, protocol: number, at: number, end: number, wireEnd: number): Kind {
    const b = l.bytes
    let next = protocol
    let header = at
    while (next === ip6.AUTHENTICATION || (l.ipVersion === 6 && (ip6.isExtension(next) || next === ip6.FRAGMENT))) {
      if (end - header < ip6.EXTENSION) return BROKEN
      if (next === ip6.FRAGMENT) {
        // An atomic fragment is a whole datagram (RFC 6946).
        if (ip6.fragmentOffset(b, header) !== 0 || ip6.moreFragments(b, header)) {
          return this.#fragment6(l, header, end, wireEnd)
        }
        next = b[header]
        header += ip6.EXTENSION
        continue
      }
      const length = ip6.extensionLength(b, header, next)
      next = b[header]
      header += length
      if (header > end) return BROKEN
    }
    return this.#transport(l, next, header, end, wireEnd)
  }

  #fragment6(l: Layers, header: number, end: number, wireEnd: number): Kind {
    const b = l.bytes
    const payload = header + ip6.EXTENSION
    setTransport(l, payload, end, wireEnd)
    return this.#fragment(l, {
      key: this.#fragmentKey(l, l.sourceAt, 32, ip6.fragmentId(b, header), -1),
      time: this.#time,
      bytes: b,
      headerAt: l.ipAt,
      headerEnd: l.ipAt + ip6.HEADER,
      protocol: b[header],
      offset: ip6.fragmentOffset(b, header),
      length: wireEnd - payload,
      more: ip6.moreFragments(b, header),
      at: payload,
      end,
    })
  }

  /** The same datagram seen at two interfaces is two datagrams: their fragments must not complete one another. */
  #fragmentKey(l: Layers, at: number, length: number, id: number, protocol: number): string {
    const place = `${this.#interface} ${l.cookedInterface} ${l.vlan} ${l.tunnels}`
    return `${place} ${id} ${protocol} ${latin1(l.bytes, at, at + length)}`
  }

  #fragment(l: Layers, fragment: Fragment): Kind {
    if (this.#reassembled >= MAX_REASSEMBLED) return OTHER
    const result = this.#reassembly.add(fragment)
    if (result === 'pending') return FRAGMENT
    if (result === 'malformed') return BROKEN
    this.#reassembled++
    return this.#datagram(l, result)
  }

  #datagram(l: Layers, datagram: Datagram): Kind {
    const at = datagram.headerAt
    const is4 = l.ipVersion === 4
    l.bytes = datagram.bytes
    l.ipAt = at
    l.sourceAt = is4 ? ip4.sourceAt(at) : ip6.sourceAt(at)
    l.destinationAt = is4 ? ip4.destinationAt(at) : ip6.destinationAt(at)
    l.ipLength = datagram.wireEnd - at
    return this.#payload(l, datagram.protocol, datagram.payloadAt, datagram.end, datagram.wireEnd)
  }

  #transport(l: Layers, protocol: number, at: number, end: number, wireEnd: number): Kind {
    setTransport(l, at, end, wireEnd)
    switch (protocol) {
      case ip6.TCP:
        return tcpKind(l, at, end)
      case ip6.UDP:
        return this.#udp(l, at, end, wireEnd)
      case ip6.ICMP:
        return end - at < icmp.HEADER ? BROKEN : l.ipVersion === 4 ? ICMP : OTHER
      case ip6.ICMP6:
        return end - at < icmp.HEADER ? BROKEN : l.ipVersion === 6 ? ICMP6 : OTHER
      case ip6.IP_IN_IP:
      case ip6.IP6_IN_IP:
        return openTunnel(l) ? this.#ip(l, at, end, wireEnd) : OTHER
      case ip6.GRE:
        return this.#gre(l, at, end, wireEnd)
      case ip6.MPLS_IN_IP:
        return openTunnel(l) ? this.#mpls(l, at, end, wireEnd) : OTHER
      default:
        return OTHER
    }
  }

  #gre(l: Layers, at: number, end: number, wireEnd: number): Kind {
    const b = l.bytes
    if (end - at < gre.HEADER) return BROKEN
    const header = gre.headerLength(b, at, end)
    if (header < 0) return BROKEN
    if (!openTunnel(l)) return OTHER
    const payload = at + header
    switch (gre.protocol(b, at)) {
      case ethernet.TRANSPARENT_ETHERNET:
        return this.#ethernet(l, payload, end, wireEnd)
      case ethernet.ERSPAN:
        // Type I has no header of its own, and no GRE sequence number.
        if (!gre.hasSequence(b, at)) return this.#ethernet(l, payload, end, wireEnd)
        return this.#erspan(l, payload, end, wireEnd)
      case ethernet.ERSPAN_3:
        return this.#erspan(l, payload, end, wireEnd)
      case ethernet.WCCP:
        // Version 2 puts a redirect header of 4 bytes before the packet, version 1 none.
        if (end <= payload) return BROKEN
        return this.#ip(l, ip4.version(b, payload) === 4 ? payload : payload + 4, end, wireEnd)
      default:
        return this.#typeOrLength(l, Math.max(gre.protocol(b, at), ethernet.SMALLEST_TYPE), payload, end, wireEnd)
    }
  }

  #erspan(l: Layers, at: number, end: number, wireEnd: number): Kind {
    if (end - at < gre.ERSPAN_2_HEADER) return BROKEN
    if (gre.erspanVersion(l.bytes, at) !== 2) return this.#ethernet(l, at + gre.ERSPAN_2_HEADER, end, wireEnd)
    const header = gre.erspan3Length(l.bytes, at, end)
    if (header < 0) return BROKEN
    if (gre.erspan3FrameType(l.bytes, at) === 2) return this.#ip(l, at + header, end, wireEnd)
    return this.#ethernet(l, at + header, end, wireEnd)
  }

  #udp(l: Layers, at: number, end: number, wireEnd: number): Kind {
    const b = l.bytes
    if (end - at < udp.HEADER) return BROKEN
    const length = udp.length(b, at)
    if (length !== 0 && length < udp.HEADER) return BROKEN
    const payload = udp.payloadAt(at)
    const payloadEnd = udp.payloadEnd(b, at, end)
    const payloadWireEnd = udp.payloadEnd(b, at, wireEnd)
    switch (udp.destinationPort(b, at)) {
      case vxlan.PORT:
      case vxlan.LINUX_PORT:
      case vxlan.GPE_PORT:
        if (payloadEnd - payload < vxlan.HEADER || !vxlan.isVxlan(b, payload) || !openTunnel(l)) return UDP
        return this.#vxlanNext(l, vxlan.nextProtocol(b, payload), payload + vxlan.HEADER, payloadEnd, payloadWireEnd)
      case geneve.PORT: {
        if (payloadEnd - payload < geneve.HEADER || !geneve.isGeneve(b, payload) || !openTunnel(l)) return UDP
        const inner = payload + geneve.headerLength(b, payload)
        return this.#etherTypeInTunnel(l, geneve.protocol(b, payload), inner, payloadEnd, payloadWireEnd)
      }
      case tzsp.PORT: {
        if (payloadEnd - payload < tzsp.HEADER || !tzsp.holdsEthernet(b, payload)) return UDP
        const inner = tzsp.payloadAt(b, payload, payloadEnd)
        return inner < 0 || !openTunnel(l) ? UDP : this.#ethernet(l, inner, payloadEnd, payloadWireEnd)
      }
      default:
        return UDP
    }
  }

  /** As `#etherType`, for a tunnel that is open already: bridged Ethernet does not open another. */
  #etherTypeInTunnel(l: Layers, type: number, at: number, end: number, wireEnd: number): Kind {
    return type === ethernet.TRANSPARENT_ETHERNET
      ? this.#ethernet(l, at, end, wireEnd)
      : this.#etherType(l, type, at, end, wireEnd)
  }

  #vxlanNext(l: Layers, next: number, at: number, end: number, wireEnd: number): Kind {
    switch (next) {
      case vxlan.NEXT_IP4:
      case vxlan.NEXT_IP6:
        return this.#ip(l, at, end, wireEnd)
      case vxlan.NEXT_ETHERNET:
        return this.#ethernet(l, at, end, wireEnd)
      case vxlan.NEXT_NSH:
        return this.#nsh(l, at, end, wireEnd)
      case vxlan.NEXT_MPLS:
        return this.#mpls(l, at, end, wireEnd)
      default:
        return OTHER
    }
  }

  #nsh(l: Layers, at: number, end: number, wireEnd: number): Kind {
    if (end - at < vxlan.NSH_HEADER) return BROKEN
    const length = vxlan.nshLength(l.bytes, at)
    const next = vxlan.nshNext(l.bytes, at)
    if (length < vxlan.NSH_HEADER || end - at < length) return BROKEN
    if (next === vxlan.NEXT_NSH || !openTunnel(l)) return OTHER
    return this.#vxlanNext(l, next, at + length, end, wireEnd)
  }
}

/**
 * Ethernet, IPv4 without options, TCP: most packets there are, read in one step for speed. False where the frame at `at`
 * is anything else or not in order; then nothing is set.
 */
function readStraight(l: Layers, at: number, end: number): boolean {
  const b = l.bytes
  const ip = at + ethernet.HEADER
  const segment = ip + ip4.HEADER
  if (end - segment < tcp.HEADER || ethernet.typeOrLength(b, at) !== ethernet.IP4) return false
  if (!ip4.isPlain(b, ip) || ip4.protocol(b, ip) !== ip6.TCP) return false
  const length = ip4.totalLength(b, ip)
  const header = tcp.headerLength(b, segment)
  if (header < tcp.HEADER || ip4.HEADER + header > length || length < ip4.HEADER + tcp.HEADER) return false
  l.kind = TCP
  ethernet.readMacs(b, at, l)
  setIp4(l, ip, length)
  setTransport(l, segment, Math.min(end, ip + length), ip + length)
  return true
}

function setIp4(l: Layers, at: number, length: number): void {
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

/** Without 20 bytes the flags and the window are guesses; options may be cut, `TcpOptions` says so. */
function tcpKind(l: Layers, at: number, end: number): Kind {
  if (end - at < tcp.HEADER) return BROKEN
  const header = tcp.headerLength(l.bytes, at)
  return header < tcp.HEADER || header > l.transportLength ? BROKEN : TCP
}

function setTransport(l: Layers, at: number, end: number, wireEnd: number): void {
  l.transportAt = at
  l.transportEnd = end
  l.transportLength = wireEnd - at
}

/** Counts a tunnel and starts its inner packet anew; false where the limit is reached. */
function openTunnel(l: Layers): boolean {
  if (l.tunnels >= MAX_TUNNELS) return false
  l.tunnels++
  l.vlan = -1
  forgetIp(l)
  return true
}

function forgetIp(l: Layers): void {
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
