// One packet, from its first byte to its last, made what is to be written of it, in place. The way through it is that
// of wire/decode.ts: links.ts leads to IP, tunnels.ts back to a link. Every step gets the same two ends: `end` of the
// captured bytes, `wireEnd` of those on the wire.
//
// Nothing stays that is not known. Headers stay, with their addresses mapped; payload of TCP becomes what its
// connection's edits say, that of UDP what a scrubber of its protocol makes of it, else `FILL`; all other bytes are
// zero, and a type field that promised something else says that there is nothing to read.
import { type Bytes, u16 } from '../../bytes/read.ts'
import { type Fragment, ip4Fragment } from '../../wire/fragments.ts'
import * as icmp from '../../wire/icmp.ts'
import * as ip4 from '../../wire/ip4.ts'
import * as ip6 from '../../wire/ip6.ts'
import * as tcp from '../../wire/tcp.ts'
import * as udp from '../../wire/udp.ts'
import { put16, sum, updated } from './checksum.ts'
import type { Ends, Place } from './connections.ts'
import { FILL, type Pseudonyms, type ScrubDatagram } from './contract.ts'
import { type Gathered, takeFrom } from './fragments.ts'
import { blankIcmp, blankIcmp6 } from './icmp.ts'
import { blank, inTunnel, writeLink, writeMpls, type Writer } from './links.ts'
import { blankIp4Options, blankIp6Options, blankTcpOptions, mapAddress, type Mapped, mappedBy } from './options.ts'
import { type Around, keepingChecksum, NO_PSEUDO_HEADER } from './transport.ts'
import { writeGre, writeUdpTunnel } from './tunnels.ts'

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

const MAX_QUOTES = 2
/** DLT_USER0, for what no reader knows: nobody takes zeros for packets. */
const USER_0 = 147
/** A protocol (RFC 3692) that says nothing of what follows. */
const EXPERIMENTAL_PROTOCOL = 253

const DNS_PORTS: ReadonlySet<number> = new Set([53, 5353, 5355])

export class PacketAnonymiser implements Writer {
  b: Bytes = new Uint8Array(0)
  readonly mapped: Mapped
  place = ''
  tunnels = 0
  readonly #pseudonyms: Pseudonyms
  readonly #scrubDatagram: ScrubDatagram
  readonly #known: Known
  #number = 0
  #time = 0
  #quotes = 0
  #isReassembled = false

  constructor(pseudonyms: Pseudonyms, scrubDatagram: ScrubDatagram, known: Known) {
    this.#pseudonyms = pseudonyms
    this.mapped = mappedBy(pseudonyms)
    this.#scrubDatagram = scrubDatagram
    this.#known = known
  }

  /** Overwrites all of `bytes` and answers the link type that they have then. Never throws. */
  packet({ bytes, linkType, wireLength, interfaceId, seconds }: Framed, number: number): number {
    this.b = bytes
    this.#number = number
    this.place = `${interfaceId}`
    this.#time = seconds
    this.tunnels = 0
    this.#quotes = 0
    this.#isReassembled = false
    return writeLink(this, linkType, 0, bytes.length, Math.max(bytes.length, wireLength)) ? linkType : USER_0
  }

  /** The packet at `at`, and all that it carries. */
  ip(at: number, end: number, wireEnd: number): void {
    const version = end > at ? ip4.version(this.b, at) : 0
    if (version === 4 && end - at >= ip4.HEADER) this.#ip4(at, end, wireEnd)
    else if (version === 6 && end - at >= ip6.HEADER) this.#ip6(at, end, wireEnd)
    else blank(this, at, end)
  }

  #ip4(at: number, end: number, wireEnd: number): void {
    const b = this.b
    const header = ip4.headerLength(b, at)
    const total = ip4.totalLength(b, at)
    const length = total === 0 ? wireEnd - at : total
    const headerEnd = Math.max(at + ip4.HEADER, Math.min(end, at + header))
    const isRead = header >= ip4.HEADER && length >= header && end - at >= header
    const key = dotted(b.subarray(at + 12, at + 20))
    const before = sum(b, at, headerEnd)
    const around = this.#addresses(4, ip4.sourceAt(at), ip4.destinationAt(at))
    blankIp4Options(b, at + ip4.HEADER, headerEnd, this.mapped)
    if (!isRead || !isIpProtocol(ip4.protocol(b, at))) b[at + 9] = EXPERIMENTAL_PROTOCOL
    const stored = u16(b, at + 10)
    // Zero where the network card was to fill it in.
    if (stored !== 0 || before === 0xffff) put16(b, at + 10, updated(stored, before, sum(b, at, headerEnd)))
    if (!isRead) {
      blank(this, headerEnd, end)
      return
    }
    const payloadEnd = Math.min(end, at + length)
    blank(this, payloadEnd, end)
    const protocol = ip4.protocol(b, at)
    if (!ip4.isFragment(b, at)) this.#payload(around, protocol, -1, at + header, payloadEnd, at + length)
    else {
      const of = `${this.place} ${ip4.identification(b, at)} ${protocol} ${key}`
      this.#fragment(around, ip4Fragment(b, at, payloadEnd, length, of, this.#time))
    }
  }

  #ip6(at: number, end: number, wireEnd: number): void {
    const b = this.b
    const next = ip6.nextHeader(b, at)
    const size = ip6.payloadLength(b, at)
    const length = size === 0 && next !== ip6.NO_NEXT ? wireEnd - at : ip6.HEADER + size
    const around = this.#addresses(6, ip6.sourceAt(at), ip6.destinationAt(at))
    const payloadEnd = Math.min(end, at + length)
    blank(this, payloadEnd, end)
    this.#payload(around, next, at + 6, at + ip6.HEADER, payloadEnd, at + length)
  }

  #addresses(version: 4 | 6, sourceAt: number, destinationAt: number): Around {
    const b = this.b
    const length = version === 4 ? 4 : 16
    const to = destinationAt + length
    const source = b.slice(sourceAt, sourceAt + length)
    const destination = b.slice(destinationAt, to)
    const before = sum(b, sourceAt, to)
    mapAddress(b, sourceAt, to, length, this.mapped)
    mapAddress(b, destinationAt, to, length, this.mapped)
    return { version, source, destination, before, after: sum(b, sourceAt, to) }
  }

  /** Extension headers, and what is behind them. `nextAt`: where the protocol stands, -1 in an IPv4 header. */
  #payload(around: Around, protocol: number, nextAt: number, at: number, end: number, wireEnd: number): void {
    const b = this.b
    let next = protocol
    let field = nextAt
    let header = at
    while (next === ip6.AUTHENTICATION || (around.version === 6 && (ip6.isExtension(next) || next === ip6.FRAGMENT))) {
      if (end - header < ip6.EXTENSION) {
        blank(this, header, end)
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
    const b = this.b
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
        for (let i = at + 8; i < end; i += 16) mapAddress(b, i, end, 16, this.mapped)
        if (isOnItsWay) {
          const was = around.destination
          around.before += before + (0xffff - sum(was, 0, 16))
          around.after += sum(b, last, last + 16) + (0xffff - sum(this.mapped.address(was), 0, 16))
        }
        break
      }
      case ip6.FRAGMENT:
        break
      default:
        // Authentication and mobility: their lengths stay.
        blank(this, at + 2, end)
    }
  }

  #fragment6(around: Around, header: number, end: number, wireEnd: number): void {
    const b = this.b
    const payload = header + ip6.EXTENSION
    const ends = `${dotted(around.source)} ${dotted(around.destination)}`
    this.#fragment(around, {
      key: `${this.place} ${ip6.fragmentId(b, header)} ${ends}`,
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
      blank(this, takeFrom(gathered.datagram, fragment), end)
      return
    }
    if (offset === 0) {
      this.#isReassembled = true
      this.#transport(around, protocol, -1, at, end, at + length)
    } else this.b.fill(FILL, at, end)
  }

  /** All that a datagram carries, whatever it came in. */
  #datagram(gathered: Gathered, around: Around): void {
    const { datagram, number } = gathered
    const outside = { b: this.b, number: this.#number, tunnels: this.tunnels, place: this.place }
    gathered.isAnonymised = true
    this.b = datagram.bytes
    this.#number = number
    this.#isReassembled = true
    this.#payload({ ...around }, datagram.protocol, -1, datagram.payloadAt, datagram.end, datagram.wireEnd)
    this.b = outside.b
    this.#number = outside.number
    this.tunnels = outside.tunnels
    this.place = outside.place
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
        inTunnel(this, at, end, () => this.ip(at, end, wireEnd))
        break
      case ip6.GRE:
        writeGre(this, around, at, end, wireEnd)
        break
      case ip6.MPLS_IN_IP:
        inTunnel(this, at, end, () => writeMpls(this, at, end, wireEnd))
        break
      case ip6.NO_NEXT:
        blank(this, at, end)
        break
      default:
        this.#unknownProtocol(field, at, end)
    }
  }

  #unknownProtocol(field: number, at: number, end: number): void {
    if (field >= 0) this.b[field] = EXPERIMENTAL_PROTOCOL
    blank(this, at, end)
  }

  #tcp(around: Around, at: number, end: number, wireEnd: number): void {
    const b = this.b
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
    const b = this.b
    if (this.#quotes === 0) return this.#known.placeOf(this.#number)
    const sequence = tcp.flags(b, at) & tcp.SYN ? tcp.seqAdd(tcp.sequence(b, at), 1) : tcp.sequence(b, at)
    return this.#known.quoted({ source, destination, ports: b.subarray(at, at + 4) }, sequence, this.#number)
  }

  #udp(around: Around, at: number, end: number, wireEnd: number): void {
    const b = this.b
    if (end - at < udp.HEADER) return
    const size = udp.length(b, at)
    const [payload, payloadEnd] = [at + udp.HEADER, Math.max(at + udp.HEADER, udp.payloadEnd(b, at, end))]
    const payloadWireEnd = size < udp.HEADER ? wireEnd : Math.min(wireEnd, at + size)
    const covered = { protocol: ip6.UDP, field: at + 6, at, end: payloadEnd, wireEnd: payloadWireEnd, isOptional: true }
    keepingChecksum(b, around, covered, () => this.#udpPayload(at, payload, payloadEnd, payloadWireEnd))
    blank(this, payloadEnd, end)
  }

  #udpPayload(at: number, payload: number, end: number, wireEnd: number): void {
    const b = this.b
    const [source, destination] = [udp.sourcePort(b, at), udp.destinationPort(b, at)]
    if (writeUdpTunnel(this, destination, payload, end, wireEnd)) return
    if (DNS_PORTS.has(source) || DNS_PORTS.has(destination)) {
      this.#scrubDatagram('dns', b, payload, end, this.#pseudonyms)
    } else b.fill(FILL, payload, end)
  }

  #icmp(around: Around, protocol: number, at: number, end: number, wireEnd: number): void {
    const b = this.b
    if (end - at < icmp.HEADER) {
      blank(this, at, end)
      return
    }
    const covered = { protocol, field: at + 2, at, end, wireEnd, isOptional: false }
    const quote = (from: number, to: number): void => this.#quote(around.version, from, to)
    keepingChecksum(b, around, covered, () => {
      if (around.version === 4) blankIcmp(b, at, end, this.mapped, quote)
      else blankIcmp6(b, at, end, this.mapped, quote)
    })
  }

  /** A packet of the same IP version that a message quotes: it goes as far as the quote. */
  #quote(version: 4 | 6, at: number, end: number): void {
    if (this.#quotes >= MAX_QUOTES || end <= at || ip4.version(this.b, at) !== version) blank(this, at, end)
    else {
      this.#quotes++
      this.ip(at, end, end)
      this.#quotes--
    }
  }
}

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
