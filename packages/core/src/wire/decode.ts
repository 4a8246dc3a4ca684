// From the first byte of a frame to its transport header, through whatever stands between: links.ts has the way to IP.
// The packet loop calls this for every packet: one pass, offsets only, nothing allocated except for IP fragments.
//
// Every step gets two ends. `end` is where the captured bytes end and bounds every read; `wireEnd` is where the bytes
// on the wire ended, behind `end` where a snap length cut, and bounds what the headers say.
//
// Three guesses. What follows an MPLS stack is told from a nibble. UDP tunnels are told by their port and a plausible
// header; a wrong guess would show a datagram as a tunnel. An IP length of zero is taken for an offloaded packet.
import { latin1 } from '../bytes/read.ts'
import type { Packet } from '../capture/packet.ts'
import * as ethernet from './ethernet.ts'
import { ip4Fragment, Reassembly, type Datagram, type Fragment } from './fragments.ts'
import * as geneve from './geneve.ts'
import * as gre from './gre.ts'
import * as icmp from './icmp.ts'
import * as ip4 from './ip4.ts'
import * as ip6 from './ip6.ts'
import {
  BROKEN,
  forgetIp,
  FRAGMENT,
  ICMP,
  ICMP6,
  type Kind,
  type Layers,
  openTunnel,
  OTHER,
  setIp4,
  setTransport,
  TCP,
  UDP,
} from './layers.ts'
import {
  ETHERNET,
  type IpReader,
  readEthernet,
  readEtherTypeInTunnel,
  readLink,
  readMpls,
  readTypeOrLength,
  readVxlanNext,
} from './links.ts'
import * as tcp from './tcp.ts'
import * as tzsp from './tzsp.ts'
import * as udp from './udp.ts'
import * as vxlan from './vxlan.ts'

/** Datagrams reassembled out of one packet: fragments may hold a tunnel that holds fragments. */
const MAX_REASSEMBLED = 4

/** Decodes packets one after the other; holds the IP fragments between them. One capture, one decoder. */
export class Decoder implements IpReader {
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
    const kind = readLink(this, layers, packet.linkType, packet.at, packet.end, wireEnd)
    layers.kind = kind
    return kind
  }

  /** The packet at `at`, and all that it carries. */
  ip(l: Layers, at: number, end: number, wireEnd: number): Kind {
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
        return openTunnel(l) ? this.ip(l, at, end, wireEnd) : OTHER
      case ip6.GRE:
        return this.#gre(l, at, end, wireEnd)
      case ip6.MPLS_IN_IP:
        return openTunnel(l) ? readMpls(this, l, at, end, wireEnd) : OTHER
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
        return readEthernet(this, l, payload, end, wireEnd)
      case ethernet.ERSPAN:
        // Type I has no header of its own, and no GRE sequence number.
        if (!gre.hasSequence(b, at)) return readEthernet(this, l, payload, end, wireEnd)
        return this.#erspan(l, payload, end, wireEnd)
      case ethernet.ERSPAN_3:
        return this.#erspan(l, payload, end, wireEnd)
      case ethernet.WCCP:
        // Version 2 puts a redirect header of 4 bytes before the packet, version 1 none.
        if (end <= payload) return BROKEN
        return this.ip(l, ip4.version(b, payload) === 4 ? payload : payload + 4, end, wireEnd)
      default:
        return readTypeOrLength(this, l, Math.max(gre.protocol(b, at), ethernet.SMALLEST_TYPE), payload, end, wireEnd)
    }
  }

  #erspan(l: Layers, at: number, end: number, wireEnd: number): Kind {
    if (end - at < gre.ERSPAN_2_HEADER) return BROKEN
    if (gre.erspanVersion(l.bytes, at) !== 2) return readEthernet(this, l, at + gre.ERSPAN_2_HEADER, end, wireEnd)
    const header = gre.erspan3Length(l.bytes, at, end)
    if (header < 0) return BROKEN
    if (gre.erspan3FrameType(l.bytes, at) === 2) return this.ip(l, at + header, end, wireEnd)
    return readEthernet(this, l, at + header, end, wireEnd)
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
        return readVxlanNext(
          this,
          l,
          vxlan.nextProtocol(b, payload),
          payload + vxlan.HEADER,
          payloadEnd,
          payloadWireEnd,
        )
      case geneve.PORT: {
        if (payloadEnd - payload < geneve.HEADER || !geneve.isGeneve(b, payload) || !openTunnel(l)) return UDP
        const inner = payload + geneve.headerLength(b, payload)
        return readEtherTypeInTunnel(this, l, geneve.protocol(b, payload), inner, payloadEnd, payloadWireEnd)
      }
      case tzsp.PORT: {
        if (payloadEnd - payload < tzsp.HEADER || !tzsp.holdsEthernet(b, payload)) return UDP
        const inner = tzsp.payloadAt(b, payload, payloadEnd)
        return inner < 0 || !openTunnel(l) ? UDP : readEthernet(this, l, inner, payloadEnd, payloadWireEnd)
      }
      default:
        return UDP
    }
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

/** Without 20 bytes the flags and the window are guesses; options may be cut, `TcpOptions` says so. */
function tcpKind(l: Layers, at: number, end: number): Kind {
  if (end - at < tcp.HEADER) return BROKEN
  const header = tcp.headerLength(l.bytes, at)
  return header < tcp.HEADER || header > l.transportLength ? BROKEN : TCP
}
