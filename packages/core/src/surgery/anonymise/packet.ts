// One packet, from its first byte to its last, made what is to be written of it, in place. The way through it is that
// of wire/decode.ts, and every step gets the same two ends: `end` of the captured bytes, `wireEnd` of those on the wire.
//
// Nothing stays that is not known. Headers stay, with their addresses mapped; payload of TCP becomes what its
// connection's edits say, that of UDP what a scrubber of its protocol makes of it, else `FILL`; all other bytes are
// zero, and a type field that promised something else says that there is nothing to read.
import { type Bytes, u16 } from '../../bytes/read.ts'
import * as arp from '../../wire/arp.ts'
import * as cooked from '../../wire/cooked.ts'
import * as ethernet from '../../wire/ethernet.ts'
import { type Fragment, ip4Fragment } from '../../wire/fragments.ts'
import * as geneve from '../../wire/geneve.ts'
import * as gre from '../../wire/gre.ts'
import * as icmp from '../../wire/icmp.ts'
import * as ip4 from '../../wire/ip4.ts'
import * as ip6 from '../../wire/ip6.ts'
import * as loopback from '../../wire/loopback.ts'
import * as mpls from '../../wire/mpls.ts'
import * as nflog from '../../wire/nflog.ts'
import * as ppp from '../../wire/ppp.ts'
import * as pppoe from '../../wire/pppoe.ts'
import * as tcp from '../../wire/tcp.ts'
import * as tzsp from '../../wire/tzsp.ts'
import * as udp from '../../wire/udp.ts'
import * as vlan from '../../wire/vlan.ts'
import * as vxlan from '../../wire/vxlan.ts'
import { put16, sum, updated } from './checksum.ts'
import type { Ends, Place } from './connections.ts'
import { FILL, type Pseudonyms, type ScrubDatagram } from './contract.ts'
import { type Gathered, takeFrom } from './fragments.ts'
import { blankIcmp, blankIcmp6 } from './icmp.ts'
import {
  blankGeneveOptions,
  blankIp4Options,
  blankIp6Options,
  blankTcpOptions,
  blankTzspTags,
  mapAddress,
  mapHardwareAddress,
  type Mapped,
  mappedBy,
  mapMac,
} from './options.ts'
import { type Around, keepingChecksum, NO_PSEUDO_HEADER } from './transport.ts'

/** What the first reading knows of a capture's packets; all by number in the cut. */
export interface Known {
  placeOf(number: number): Place | null
  quoted(ends: Ends, sequence: number, number: number): Place | null
  /** The datagram that a fragment belongs to. */
  datagramOf(fragment: Fragment, number: number): Gathered | null
}

/** What to write of a packet that came with this header. */
export interface Framed {
  bytes: Bytes
  linkType: number
  wireLength: number
  /** Of the capture's interface, and seconds since 1970: what tells datagrams of one identification apart. */
  interfaceId: number
  seconds: number
}

const MAX_TUNNELS = 8
const MAX_QUOTES = 2
/** A longer stack is no stack. */
const MAX_LABELS = 8

const ETHERNET = 1
/** DLT_USER0, for what no reader knows: nobody takes zeros for packets. */
const USER_0 = 147
/** An EtherType (IEEE 802, local experiments) and a protocol (RFC 3692) that say nothing of what follows. */
const EXPERIMENTAL_TYPE = 0x88b5
const EXPERIMENTAL_PROTOCOL = 253

const DNS_PORTS: ReadonlySet<number> = new Set([53, 5353, 5355])

export class PacketAnonymiser {
  readonly #pseudonyms: Pseudonyms
  readonly #mapped: Mapped
  readonly #scrubDatagram: ScrubDatagram
  readonly #known: Known
  #b: Bytes = new Uint8Array(0)
  #number = 0
  #place = ''
  #time = 0
  #tunnels = 0
  #quotes = 0
  #isReassembled = false

  constructor(pseudonyms: Pseudonyms, scrubDatagram: ScrubDatagram, known: Known) {
    this.#pseudonyms = pseudonyms
    this.#mapped = mappedBy(pseudonyms)
    this.#scrubDatagram = scrubDatagram
    this.#known = known
  }

  /** Overwrites all of `bytes` and answers the link type that they have then. Never throws. */
  packet({ bytes, linkType, wireLength, interfaceId, seconds }: Framed, number: number): number {
    this.#b = bytes
    this.#number = number
    this.#place = `${interfaceId}`
    this.#time = seconds
    this.#tunnels = 0
    this.#quotes = 0
    this.#isReassembled = false
    return this.#link(linkType, 0, bytes.length, Math.max(bytes.length, wireLength)) ? linkType : USER_0
  }

  /** LINKTYPE_ numbers: https://www.tcpdump.org/linktypes.html. False where the type is not known. */
  #link(linkType: number, at: number, end: number, wireEnd: number): boolean {
    const b = this.#b
    switch (linkType) {
      case ETHERNET:
        this.#ethernet(at, end, wireEnd)
        return true
      case 113: // LINUX_SLL
        this.#cooked(at, end, wireEnd)
        return true
      case 276: // LINUX_SLL2
        this.#cooked2(at, end, wireEnd)
        return true
      case 101: // RAW
      case 12:
      case 14:
      case 228: // IPV4
      case 229: // IPV6
        this.#ip(at, end, wireEnd)
        return true
      case 0: // NULL
      case 108: // LOOP
        if (end - at < loopback.HEADER || loopback.loopbackVersion(b, at) === 0) this.#blank(at + loopback.HEADER, end)
        else this.#ip(at + loopback.HEADER, end, wireEnd)
        return true
      case 9: // PPP
      case 50: // PPP_HDLC
        if (end - at >= ppp.CISCO_HEADER && ppp.isCisco(b, at)) this.#cisco(at, end, wireEnd)
        else if (end - at < 2) this.#blank(at, end)
        else this.#ppp(at + ppp.framing(b, at), end, wireEnd)
        return true
      case 104: // C_HDLC
        if (end - at < ppp.CISCO_HEADER) this.#blank(at, end)
        else this.#cisco(at, end, wireEnd)
        return true
      case 51: // PPP_ETHER
        this.#pppoe(at, end, wireEnd)
        return true
      case 239: // NFLOG
        this.#nflog(at, end, wireEnd)
        return true
      default:
        this.#blank(at, end)
        return false
    }
  }

  #blank(from: number, to: number): void {
    if (to > from) this.#b.fill(0, from, to)
  }

  #ethernet(at: number, end: number, wireEnd: number): void {
    if (end - at < ethernet.HEADER) {
      this.#blank(at, end)
      return
    }
    mapMac(this.#b, at, end, this.#mapped)
    mapMac(this.#b, at + 6, end, this.#mapped)
    this.#typeOrLength(at + 12, at + ethernet.HEADER, end, wireEnd)
  }

  /** The type or length at `typeAt`, with the VLAN tags behind it; payload from `at` on. */
  #typeOrLength(typeAt: number, at: number, end: number, wireEnd: number): void {
    const b = this.#b
    let payload = at
    let type = typeAt
    while (vlan.isTag(u16(b, type))) {
      if (end - payload < vlan.TAG) {
        this.#blank(payload, end)
        return
      }
      this.#place += ` ${vlan.vlanId(b, payload)}`
      type = payload + 2
      payload += vlan.TAG
    }
    const value = u16(b, type)
    if (value >= ethernet.SMALLEST_TYPE) this.#etherType(type, payload, end, wireEnd)
    else {
      this.#llc(payload, Math.min(end, payload + value), Math.min(wireEnd, payload + value))
      this.#blank(payload + value, end)
    }
  }

  #llc(at: number, end: number, wireEnd: number): void {
    if (end - at >= ethernet.SNAP_HEADER && ethernet.snapType(this.#b, at) >= 0) {
      this.#etherType(at + 6, at + ethernet.SNAP_HEADER, end, wireEnd)
      return
    }
    this.#blank(at, end)
    if (end - at < ethernet.SNAP_HEADER) return
    this.#b.set([0xaa, 0xaa, 0x03], at)
    put16(this.#b, at + 6, EXPERIMENTAL_TYPE)
  }

  #cooked(at: number, end: number, wireEnd: number): void {
    const b = this.#b
    if (end - at < cooked.SLL_HEADER) {
      this.#blank(at, end)
      return
    }
    this.#cookedAddress(cooked.sllAddressAt(at), cooked.sllAddressLength(b, at))
    this.#cookedProtocol(at + 14, cooked.sllDevice(b, at), at + cooked.SLL_HEADER, end, wireEnd)
  }

  #cooked2(at: number, end: number, wireEnd: number): void {
    const b = this.#b
    if (end - at < cooked.SLL2_HEADER) {
      this.#blank(at, end)
      return
    }
    this.#place += ` ${cooked.sll2Interface(b, at)}`
    this.#cookedAddress(cooked.sll2AddressAt(at), cooked.sll2AddressLength(b, at))
    this.#cookedProtocol(at, cooked.sll2Device(b, at), at + cooked.SLL2_HEADER, end, wireEnd)
  }

  /** Eight bytes, of which the first are the address. */
  #cookedAddress(at: number, length: number): void {
    const taken = Math.min(8, length)
    mapHardwareAddress(this.#b, at, taken, this.#mapped)
    this.#blank(at + taken, at + 8)
  }

  #cookedProtocol(protocolAt: number, device: number, at: number, end: number, wireEnd: number): void {
    const protocol = u16(this.#b, protocolAt)
    if (device === cooked.DEVICE_NETLINK) this.#blank(at, end)
    else if (protocol >= ethernet.SMALLEST_TYPE) this.#typeOrLength(protocolAt, at, end, wireEnd)
    else if (protocol === cooked.PROTOCOL_LLC) this.#llc(at, end, wireEnd)
    else this.#unknownType(protocolAt, at, end)
  }

  #nflog(at: number, end: number, wireEnd: number): void {
    const b = this.#b
    const family = end - at < nflog.HEADER ? -1 : nflog.family(b, at)
    const payload = family < 0 ? -1 : nflog.payloadAt(b, at, end)
    const isIp = payload >= 0 && (family === nflog.FAMILY_IP4 || family === nflog.FAMILY_IP6)
    // Attributes may hold a log line's prefix, hardware addresses, who owns the socket: only the packet is kept.
    const stop = isIp ? payload : end
    for (let attribute = at + nflog.HEADER; attribute + 4 <= stop;) {
      const length = b[attribute]! | (b[attribute + 1]! << 8)
      if (length < 4) {
        this.#blank(attribute, stop)
        break
      }
      const next = attribute + ((length + 3) & ~3)
      this.#blank(attribute + 4, Math.min(next, stop))
      attribute = next
    }
    if (isIp) this.#ip(payload, end, wireEnd)
    else if (payload < 0) this.#blank(at + nflog.HEADER, end)
  }

  #cisco(at: number, end: number, wireEnd: number): void {
    this.#etherType(at + 2, at + ppp.CISCO_HEADER, end, wireEnd)
  }

  #pppoe(at: number, end: number, wireEnd: number): void {
    const b = this.#b
    if (end - at < pppoe.HEADER) {
      this.#blank(at, end)
      return
    }
    const payload = at + pppoe.HEADER
    const length = pppoe.payloadLength(b, at)
    if (pppoe.isSession(b, at)) this.#ppp(payload, Math.min(end, payload + length), Math.min(wireEnd, payload + length))
    else this.#blank(payload, end)
    this.#blank(payload + length, end)
  }

  #ppp(at: number, end: number, wireEnd: number): void {
    const b = this.#b
    if (end - at < 1 || end - at < ppp.protocolLength(b, at)) {
      this.#blank(at, end)
      return
    }
    const payload = at + ppp.protocolLength(b, at)
    switch (ppp.protocol(b, at)) {
      case ppp.IP4:
      case ppp.IP6:
        this.#ip(payload, end, wireEnd)
        break
      case ppp.MPLS:
        this.#mpls(payload, end, wireEnd)
        break
      default:
        this.#blank(payload, end)
    }
  }

  #unknownType(typeAt: number, at: number, end: number): void {
    put16(this.#b, typeAt, EXPERIMENTAL_TYPE)
    this.#blank(at, end)
  }

  #etherType(typeAt: number, at: number, end: number, wireEnd: number): void {
    const b = this.#b
    switch (u16(b, typeAt)) {
      case ethernet.IP4:
      case ethernet.IP6:
        this.#ip(at, end, wireEnd)
        break
      case ethernet.ARP:
        this.#arp(typeAt, at, end)
        break
      case ethernet.MPLS:
      case ethernet.MPLS_MULTICAST:
        this.#mpls(at, end, wireEnd)
        break
      case ethernet.PPPOE_SESSION:
        this.#pppoe(at, end, wireEnd)
        break
      case ethernet.PPP:
        if (end - at < 2) this.#blank(at, end)
        else this.#ppp(at + ppp.framing(b, at), end, wireEnd)
        break
      case ethernet.TRANSPARENT_ETHERNET:
        this.#inTunnel(at, end, () => this.#ethernet(at, end, wireEnd))
        break
      case ethernet.NSH:
        this.#nsh(at, end, wireEnd)
        break
      default:
        this.#unknownType(typeAt, at, end)
    }
  }

  #inTunnel(at: number, end: number, inner: () => void): void {
    if (this.#tunnels >= MAX_TUNNELS) {
      this.#blank(at, end)
      return
    }
    this.#tunnels++
    this.#place += ' tunnel'
    inner()
  }

  #mpls(at: number, end: number, wireEnd: number): void {
    const b = this.#b
    let label = at
    let isBottom = false
    while (!isBottom && end - label >= mpls.LABEL && label - at < MAX_LABELS * mpls.LABEL) {
      isBottom = mpls.isBottom(b, label)
      label += mpls.LABEL
    }
    const nibble = isBottom && label < end ? ip4.version(b, label) : -1
    if (nibble === 4 || nibble === 6) this.#ip(label, end, wireEnd)
    else if (nibble < 0) this.#blank(at, end)
    else if (nibble === 1) this.#blank(label, end)
    else {
      const inner = nibble === 0 ? label + mpls.CONTROL_WORD : label
      this.#inTunnel(label, end, () => this.#ethernet(inner, end, wireEnd))
    }
  }

  #arp(typeAt: number, at: number, end: number): void {
    const b = this.#b
    const isWhole = end - at >= arp.HEADER && end - at >= arp.length(b, at)
    if (!isWhole || !arp.isIp4(b, at)) {
      this.#unknownType(typeAt, at, end)
      return
    }
    const [sender, target] = [arp.senderAt(b, at), arp.targetAt(b, at)]
    const hardware = sender - at - arp.HEADER
    mapHardwareAddress(b, sender - hardware, hardware, this.#mapped)
    mapAddress(b, sender, end, 4, this.#mapped)
    mapHardwareAddress(b, target - hardware, hardware, this.#mapped)
    mapAddress(b, target, end, 4, this.#mapped)
    this.#blank(at + arp.length(b, at), end)
  }

  #ip(at: number, end: number, wireEnd: number): void {
    const version = end > at ? ip4.version(this.#b, at) : 0
    if (version === 4 && end - at >= ip4.HEADER) this.#ip4(at, end, wireEnd)
    else if (version === 6 && end - at >= ip6.HEADER) this.#ip6(at, end, wireEnd)
    else this.#blank(at, end)
  }

  #ip4(at: number, end: number, wireEnd: number): void {
    const b = this.#b
    const header = ip4.headerLength(b, at)
    const total = ip4.totalLength(b, at)
    const length = total === 0 ? wireEnd - at : total
    const headerEnd = Math.max(at + ip4.HEADER, Math.min(end, at + header))
    const isRead = header >= ip4.HEADER && length >= header && end - at >= header
    const key = dotted(b.subarray(at + 12, at + 20))
    const before = sum(b, at, headerEnd)
    const around = this.#addresses(4, ip4.sourceAt(at), ip4.destinationAt(at))
    blankIp4Options(b, at + ip4.HEADER, headerEnd, this.#mapped)
    if (!isRead || !isIpProtocol(ip4.protocol(b, at))) b[at + 9] = EXPERIMENTAL_PROTOCOL
    const stored = u16(b, at + 10)
    // Zero where the network card was to fill it in.
    if (stored !== 0 || before === 0xffff) put16(b, at + 10, updated(stored, before, sum(b, at, headerEnd)))
    if (!isRead) {
      this.#blank(headerEnd, end)
      return
    }
    const payloadEnd = Math.min(end, at + length)
    this.#blank(payloadEnd, end)
    const protocol = ip4.protocol(b, at)
    if (!ip4.isFragment(b, at)) this.#payload(around, protocol, -1, at + header, payloadEnd, at + length)
    else {
      const of = `${this.#place} ${ip4.identification(b, at)} ${protocol} ${key}`
      this.#fragment(around, ip4Fragment(b, at, payloadEnd, length, of, this.#time))
    }
  }

  #ip6(at: number, end: number, wireEnd: number): void {
    const b = this.#b
    const next = ip6.nextHeader(b, at)
    const size = ip6.payloadLength(b, at)
    const length = size === 0 && next !== ip6.NO_NEXT ? wireEnd - at : ip6.HEADER + size
    const around = this.#addresses(6, ip6.sourceAt(at), ip6.destinationAt(at))
    const payloadEnd = Math.min(end, at + length)
    this.#blank(payloadEnd, end)
    this.#payload(around, next, at + 6, at + ip6.HEADER, payloadEnd, at + length)
  }

  #addresses(version: 4 | 6, sourceAt: number, destinationAt: number): Around {
    const b = this.#b
    const length = version === 4 ? 4 : 16
    const to = destinationAt + length
    const source = b.slice(sourceAt, sourceAt + length)
    const destination = b.slice(destinationAt, to)
    const before = sum(b, sourceAt, to)
    mapAddress(b, sourceAt, to, length, this.#mapped)
    mapAddress(b, destinationAt, to, length, this.#mapped)
    return { version, source, destination, before, after: sum(b, sourceAt, to) }
  }

  /** Extension headers, and what is behind them. `nextAt`: where the protocol stands, -1 in an IPv4 header. */
  #payload(around: Around, protocol: number, nextAt: number, at: number, end: number, wireEnd: number): void {
    const b = this.#b
    let next = protocol
    let field = nextAt
    let header = at
    while (next === ip6.AUTHENTICATION || (around.version === 6 && (ip6.isExtension(next) || next === ip6.FRAGMENT))) {
      if (end - header < ip6.EXTENSION) {
        this.#blank(header, end)
        return
      }
      if (next === ip6.FRAGMENT && (ip6.fragmentOffset(b, header) !== 0 || ip6.moreFragments(b, header))) {
        this.#fragment6(around, header, end, wireEnd)
        return
      }
      const length = next === ip6.FRAGMENT ? ip6.EXTENSION : ip6.extensionLength(b, header, next)
      this.#extension(around, next, header, Math.min(end, header + length))
      field = header
      next = b[header]!
      header += length
      if (header > end) return
    }
    this.#transport(around, next, field, header, end, wireEnd)
  }

  #extension(around: Around, type: number, at: number, end: number): void {
    const b = this.#b
    switch (type) {
      case ip6.HOP_BY_HOP:
      case ip6.DESTINATION_OPTIONS:
        blankIp6Options(b, at + 2, end)
        break
      case ip6.ROUTING: {
        // Types 0, 2 and 4 (RFC 5095, RFC 6275, RFC 8754) have addresses from the eighth byte on; the last one to be
        // visited is the destination that checksums know.
        const last = b[at + 2] === SEGMENT_ROUTING ? at + 8 : end - 16
        const isOnItsWay = b[at + 3] !== 0 && last >= at + 8 && last + 16 <= end
        const before = isOnItsWay ? sum(b, last, last + 16) : 0
        for (let i = at + 8; i < end; i += 16) mapAddress(b, i, end, 16, this.#mapped)
        if (isOnItsWay) {
          const was = around.destination
          around.before += before + (0xffff - sum(was, 0, 16))
          around.after += sum(b, last, last + 16) + (0xffff - sum(this.#mapped.address(was), 0, 16))
        }
        break
      }
      case ip6.FRAGMENT:
        break
      default:
        // Authentication and mobility: their lengths stay.
        this.#blank(at + 2, end)
    }
  }

  #fragment6(around: Around, header: number, end: number, wireEnd: number): void {
    const b = this.#b
    const payload = header + ip6.EXTENSION
    const ends = `${dotted(around.source)} ${dotted(around.destination)}`
    this.#fragment(around, {
      key: `${this.#place} ${ip6.fragmentId(b, header)} ${ends}`,
      time: this.#time,
      bytes: b,
      headerAt: header,
      headerEnd: header,
      protocol: b[header]!,
      offset: ip6.fragmentOffset(b, header),
      length: wireEnd - payload,
      more: ip6.moreFragments(b, header),
      at: payload,
      end,
    })
  }

  #fragment(around: Around, fragment: Fragment): void {
    const { at, end, offset, length, protocol } = fragment
    const gathered = this.#isReassembled || this.#quotes > 0 ? null : this.#known.datagramOf(fragment, this.#number)
    if (gathered !== null) {
      if (!gathered.isAnonymised) this.#datagram(gathered, around)
      this.#blank(takeFrom(gathered.datagram, fragment), end)
      return
    }
    if (offset === 0) {
      this.#isReassembled = true
      this.#transport(around, protocol, -1, at, end, at + length)
    } else this.#b.fill(FILL, at, end)
  }

  /** All that a datagram carries, whatever it came in. */
  #datagram(gathered: Gathered, around: Around): void {
    const { datagram, number } = gathered
    const outside = { b: this.#b, number: this.#number, tunnels: this.#tunnels, place: this.#place }
    gathered.isAnonymised = true
    this.#b = datagram.bytes
    this.#number = number
    this.#isReassembled = true
    this.#payload({ ...around }, datagram.protocol, -1, datagram.payloadAt, datagram.end, datagram.wireEnd)
    this.#b = outside.b
    this.#number = outside.number
    this.#tunnels = outside.tunnels
    this.#place = outside.place
    this.#isReassembled = false
  }

  #transport(around: Around, protocol: number, field: number, at: number, end: number, wireEnd: number): void {
    switch (protocol) {
      case ip6.TCP:
        this.#tcp(around, at, end, wireEnd)
        break
      case ip6.UDP:
        this.#udp(around, at, end, wireEnd)
        break
      case ip6.ICMP:
        if (around.version === 4) this.#icmp(around, NO_PSEUDO_HEADER, at, end, wireEnd)
        else this.#unknownProtocol(field, at, end)
        break
      case ip6.ICMP6:
        if (around.version === 6) this.#icmp(around, ip6.ICMP6, at, end, wireEnd)
        else this.#unknownProtocol(field, at, end)
        break
      case ip6.IP_IN_IP:
      case ip6.IP6_IN_IP:
        this.#inTunnel(at, end, () => this.#ip(at, end, wireEnd))
        break
      case ip6.GRE:
        this.#gre(around, at, end, wireEnd)
        break
      case ip6.MPLS_IN_IP:
        this.#inTunnel(at, end, () => this.#mpls(at, end, wireEnd))
        break
      case ip6.NO_NEXT:
        this.#blank(at, end)
        break
      default:
        this.#unknownProtocol(field, at, end)
    }
  }

  #unknownProtocol(field: number, at: number, end: number): void {
    if (field >= 0) this.#b[field] = EXPERIMENTAL_PROTOCOL
    this.#blank(at, end)
  }

  #tcp(around: Around, at: number, end: number, wireEnd: number): void {
    const b = this.#b
    const covered = { protocol: ip6.TCP, field: at + 16, at, end, wireEnd, isOptional: false }
    keepingChecksum(b, around, covered, () => {
      if (end - at < 14) return
      const header = tcp.headerLength(b, at)
      const payload = Math.min(end, at + Math.max(tcp.HEADER, header))
      blankTcpOptions(b, Math.min(end, at + tcp.HEADER), payload)
      const place = this.#placeOf(around, at)
      if (place === null) b.fill(FILL, payload, end)
      else place.streams.apply(place.side, place.position, b, payload, end)
    })
  }

  #placeOf({ source, destination }: Around, at: number): Place | null {
    const b = this.#b
    if (this.#quotes === 0) return this.#known.placeOf(this.#number)
    const sequence = tcp.flags(b, at) & tcp.SYN ? tcp.seqAdd(tcp.sequence(b, at), 1) : tcp.sequence(b, at)
    return this.#known.quoted({ source, destination, ports: b.subarray(at, at + 4) }, sequence, this.#number)
  }

  #udp(around: Around, at: number, end: number, wireEnd: number): void {
    const b = this.#b
    if (end - at < udp.HEADER) return
    const size = udp.length(b, at)
    const [payload, payloadEnd] = [at + udp.HEADER, Math.max(at + udp.HEADER, udp.payloadEnd(b, at, end))]
    const payloadWireEnd = size < udp.HEADER ? wireEnd : Math.min(wireEnd, at + size)
    const covered = { protocol: ip6.UDP, field: at + 6, at, end: payloadEnd, wireEnd: payloadWireEnd, isOptional: true }
    keepingChecksum(b, around, covered, () => this.#udpPayload(at, payload, payloadEnd, payloadWireEnd))
    this.#blank(payloadEnd, end)
  }

  #udpPayload(at: number, payload: number, end: number, wireEnd: number): void {
    const b = this.#b
    const [source, destination] = [udp.sourcePort(b, at), udp.destinationPort(b, at)]
    if (this.#udpTunnel(destination, payload, end, wireEnd)) return
    if (DNS_PORTS.has(source) || DNS_PORTS.has(destination)) {
      this.#scrubDatagram('dns', b, payload, end, this.#pseudonyms)
    } else b.fill(FILL, payload, end)
  }

  /** False where the port is no tunnel's, or the datagram does not look like one. */
  #udpTunnel(port: number, at: number, end: number, wireEnd: number): boolean {
    const b = this.#b
    switch (port) {
      case vxlan.PORT:
      case vxlan.LINUX_PORT:
      case vxlan.GPE_PORT: {
        if (end - at < vxlan.HEADER || !vxlan.isVxlan(b, at)) return false
        const inner = at + vxlan.HEADER
        this.#inTunnel(inner, end, () => this.#vxlanNext(vxlan.nextProtocol(b, at), inner, end, wireEnd))
        return true
      }
      case geneve.PORT: {
        if (end - at < geneve.HEADER || !geneve.isGeneve(b, at)) return false
        const inner = Math.min(end, at + geneve.headerLength(b, at))
        blankGeneveOptions(b, at + geneve.HEADER, inner)
        this.#inTunnel(inner, end, () => {
          if (geneve.protocol(b, at) === ethernet.TRANSPARENT_ETHERNET) this.#ethernet(inner, end, wireEnd)
          else this.#etherType(at + 2, inner, end, wireEnd)
        })
        return true
      }
      case tzsp.PORT: {
        if (end - at < tzsp.HEADER || !tzsp.holdsEthernet(b, at)) return false
        const inner = tzsp.payloadAt(b, at, end)
        if (inner < 0) return false
        blankTzspTags(b, at + tzsp.HEADER, inner)
        this.#inTunnel(inner, end, () => this.#ethernet(inner, end, wireEnd))
        return true
      }
      default:
        return false
    }
  }

  #vxlanNext(next: number, at: number, end: number, wireEnd: number): void {
    switch (next) {
      case vxlan.NEXT_IP4:
      case vxlan.NEXT_IP6:
        this.#ip(at, end, wireEnd)
        break
      case vxlan.NEXT_ETHERNET:
        this.#ethernet(at, end, wireEnd)
        break
      case vxlan.NEXT_NSH:
        this.#nsh(at, end, wireEnd)
        break
      case vxlan.NEXT_MPLS:
        this.#mpls(at, end, wireEnd)
        break
      default:
        this.#blank(at, end)
    }
  }

  /** The service path stays, its context headers do not. */
  #nsh(at: number, end: number, wireEnd: number): void {
    const b = this.#b
    const length = end - at < vxlan.NSH_HEADER ? 0 : vxlan.nshLength(b, at)
    if (length < vxlan.NSH_HEADER || end - at < length || vxlan.nshNext(b, at) === vxlan.NEXT_NSH) {
      this.#blank(at, end)
      return
    }
    this.#blank(at + vxlan.NSH_HEADER, at + length)
    const inner = at + length
    this.#inTunnel(inner, end, () => this.#vxlanNext(vxlan.nshNext(b, at), inner, end, wireEnd))
  }

  #gre(around: Around, at: number, end: number, wireEnd: number): void {
    const b = this.#b
    const header = end - at < gre.HEADER ? -1 : gre.headerLength(b, at, end)
    if (header < 0 || (u16(b, at) & GRE_ROUTING) !== 0) {
      this.#blank(at, end)
      return
    }
    const inner = (): void => this.#inTunnel(at + header, end, () => this.#greNext(at, at + header, end, wireEnd))
    if ((u16(b, at) & GRE_CHECKSUM) === 0) inner()
    else keepingChecksum(b, around, { protocol: 0, field: at + 4, at, end, wireEnd, isOptional: false }, inner)
  }

  #greNext(at: number, payload: number, end: number, wireEnd: number): void {
    const b = this.#b
    switch (gre.protocol(b, at)) {
      case ethernet.TRANSPARENT_ETHERNET:
        this.#ethernet(payload, end, wireEnd)
        break
      case ethernet.ERSPAN:
        if (gre.hasSequence(b, at)) this.#erspan(payload, end, wireEnd)
        else this.#ethernet(payload, end, wireEnd)
        break
      case ethernet.ERSPAN_3:
        this.#erspan(payload, end, wireEnd)
        break
      case ethernet.WCCP:
        if (end > payload) this.#ip(ip4.version(b, payload) === 4 ? payload : payload + 4, end, wireEnd)
        break
      default:
        if (gre.protocol(b, at) < ethernet.SMALLEST_TYPE) this.#blank(payload, end)
        else this.#typeOrLength(at + 2, payload, end, wireEnd)
    }
  }

  #erspan(at: number, end: number, wireEnd: number): void {
    const b = this.#b
    if (end - at < gre.ERSPAN_2_HEADER) this.#blank(at, end)
    else if (gre.erspanVersion(b, at) !== 2) this.#ethernet(at + gre.ERSPAN_2_HEADER, end, wireEnd)
    else {
      const header = gre.erspan3Length(b, at, end)
      if (header < 0) this.#blank(at, end)
      else if (gre.erspan3FrameType(b, at) === 2) this.#ip(at + header, end, wireEnd)
      else this.#ethernet(at + header, end, wireEnd)
    }
  }

  #icmp(around: Around, protocol: number, at: number, end: number, wireEnd: number): void {
    const b = this.#b
    if (end - at < icmp.HEADER) {
      this.#blank(at, end)
      return
    }
    const covered = { protocol, field: at + 2, at, end, wireEnd, isOptional: false }
    const quote = (from: number, to: number): void => this.#quote(around.version, from, to)
    keepingChecksum(b, around, covered, () => {
      if (around.version === 4) blankIcmp(b, at, end, this.#mapped, quote)
      else blankIcmp6(b, at, end, this.#mapped, quote)
    })
  }

  /** A packet of the same IP version that a message quotes: it goes as far as the quote. */
  #quote(version: 4 | 6, at: number, end: number): void {
    if (this.#quotes >= MAX_QUOTES || end <= at || ip4.version(this.#b, at) !== version) this.#blank(at, end)
    else {
      this.#quotes++
      this.#ip(at, end, end)
      this.#quotes--
    }
  }
}

const GRE_CHECKSUM = 0x8000
const GRE_ROUTING = 0x4000

const SEGMENT_ROUTING = 4

const IP_PROTOCOLS: ReadonlySet<number> = new Set([
  ip6.ICMP,
  ip6.IP_IN_IP,
  ip6.TCP,
  ip6.UDP,
  ip6.IP6_IN_IP,
  ip6.GRE,
  ip6.AUTHENTICATION,
  ip6.MPLS_IN_IP,
])

/** One that is read in an IPv4 packet. */
const isIpProtocol = (protocol: number): boolean => IP_PROTOCOLS.has(protocol)

const dotted = (bytes: Bytes): string => bytes.join('.')
