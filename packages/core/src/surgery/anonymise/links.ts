// The way from a frame's first byte to IP, of a packet that is made what is to be written of it: that of wire/links.ts.
import { type Bytes, u16 } from '../../bytes/read.ts'
import * as arp from '../../wire/arp.ts'
import * as cooked from '../../wire/cooked.ts'
import * as ethernet from '../../wire/ethernet.ts'
import * as ip4 from '../../wire/ip4.ts'
import { ETHERNET } from '../../wire/links.ts'
import * as loopback from '../../wire/loopback.ts'
import * as mpls from '../../wire/mpls.ts'
import * as nflog from '../../wire/nflog.ts'
import * as ppp from '../../wire/ppp.ts'
import * as pppoe from '../../wire/pppoe.ts'
import * as vlan from '../../wire/vlan.ts'
import * as vxlan from '../../wire/vxlan.ts'
import { put16 } from './checksum.ts'
import { mapAddress, mapHardwareAddress, type Mapped, mapMac } from './options.ts'

/** The packet that is written, and who goes on where IP begins. */
export interface Writer {
  readonly b: Bytes
  readonly mapped: Mapped
  /** What it came over, so far: fragments of one identification that came over others are another datagram's. */
  place: string
  tunnels: number
  ip(at: number, end: number, wireEnd: number): void
}

const MAX_TUNNELS = 8
/** A longer stack is no stack. */
const MAX_LABELS = 8

/** An EtherType (IEEE 802, local experiments) that says nothing of what follows. */
const EXPERIMENTAL_TYPE = 0x88b5

/** LINKTYPE_ numbers: https://www.tcpdump.org/linktypes.html. False where the type is not known. */
export function writeLink(w: Writer, linkType: number, at: number, end: number, wireEnd: number): boolean {
  const b = w.b
  switch (linkType) {
    case ETHERNET:
      writeEthernet(w, at, end, wireEnd)
      return true
    case 113: // LINUX_SLL
      writeCooked(w, at, end, wireEnd)
      return true
    case 276: // LINUX_SLL2
      writeCooked2(w, at, end, wireEnd)
      return true
    case 101: // RAW
    case 12:
    case 14:
    case 228: // IPV4
    case 229: // IPV6
      w.ip(at, end, wireEnd)
      return true
    case 0: // NULL
    case 108: // LOOP
      if (end - at < loopback.HEADER || loopback.loopbackVersion(b, at) === 0) blank(w, at + loopback.HEADER, end)
      else w.ip(at + loopback.HEADER, end, wireEnd)
      return true
    case 9: // PPP
    case 50: // PPP_HDLC
      if (end - at >= ppp.CISCO_HEADER && ppp.isCisco(b, at)) writeCisco(w, at, end, wireEnd)
      else if (end - at < 2) blank(w, at, end)
      else writePpp(w, at + ppp.framing(b, at), end, wireEnd)
      return true
    case 104: // C_HDLC
      if (end - at < ppp.CISCO_HEADER) blank(w, at, end)
      else writeCisco(w, at, end, wireEnd)
      return true
    case 51: // PPP_ETHER
      writePppoe(w, at, end, wireEnd)
      return true
    case 239: // NFLOG
      writeNflog(w, at, end, wireEnd)
      return true
    default:
      blank(w, at, end)
      return false
  }
}

export function writeEthernet(w: Writer, at: number, end: number, wireEnd: number): void {
  if (end - at < ethernet.HEADER) {
    blank(w, at, end)
    return
  }
  mapMac(w.b, at, end, w.mapped)
  mapMac(w.b, at + 6, end, w.mapped)
  writeTypeOrLength(w, at + 12, at + ethernet.HEADER, end, wireEnd)
}

/** The type or length at `typeAt`, with the VLAN tags behind it; payload from `at` on. */
export function writeTypeOrLength(w: Writer, typeAt: number, at: number, end: number, wireEnd: number): void {
  const b = w.b
  let payload = at
  let type = typeAt
  while (vlan.isTag(u16(b, type))) {
    if (end - payload < vlan.TAG) {
      blank(w, payload, end)
      return
    }
    w.place += ` ${vlan.vlanId(b, payload)}`
    type = payload + 2
    payload += vlan.TAG
  }
  const value = u16(b, type)
  if (value >= ethernet.SMALLEST_TYPE) writeEtherType(w, type, payload, end, wireEnd)
  else {
    writeLlc(w, payload, Math.min(end, payload + value), Math.min(wireEnd, payload + value))
    blank(w, payload + value, end)
  }
}

function writeLlc(w: Writer, at: number, end: number, wireEnd: number): void {
  if (end - at >= ethernet.SNAP_HEADER && ethernet.snapType(w.b, at) >= 0) {
    writeEtherType(w, at + 6, at + ethernet.SNAP_HEADER, end, wireEnd)
    return
  }
  blank(w, at, end)
  if (end - at < ethernet.SNAP_HEADER) return
  w.b.set([0xaa, 0xaa, 0x03], at)
  put16(w.b, at + 6, EXPERIMENTAL_TYPE)
}

function writeCooked(w: Writer, at: number, end: number, wireEnd: number): void {
  const b = w.b
  if (end - at < cooked.SLL_HEADER) {
    blank(w, at, end)
    return
  }
  writeCookedAddress(w, cooked.sllAddressAt(at), cooked.sllAddressLength(b, at))
  writeCookedProtocol(w, at + 14, cooked.sllDevice(b, at), at + cooked.SLL_HEADER, end, wireEnd)
}

function writeCooked2(w: Writer, at: number, end: number, wireEnd: number): void {
  const b = w.b
  if (end - at < cooked.SLL2_HEADER) {
    blank(w, at, end)
    return
  }
  w.place += ` ${cooked.sll2Interface(b, at)}`
  writeCookedAddress(w, cooked.sll2AddressAt(at), cooked.sll2AddressLength(b, at))
  writeCookedProtocol(w, at, cooked.sll2Device(b, at), at + cooked.SLL2_HEADER, end, wireEnd)
}

/** Eight bytes, of which the first are the address. */
function writeCookedAddress(w: Writer, at: number, length: number): void {
  const taken = Math.min(8, length)
  mapHardwareAddress(w.b, at, taken, w.mapped)
  blank(w, at + taken, at + 8)
}

function writeCookedProtocol(
  w: Writer,
  protocolAt: number,
  device: number,
  at: number,
  end: number,
  wireEnd: number,
): void {
  const protocol = u16(w.b, protocolAt)
  if (device === cooked.DEVICE_NETLINK) blank(w, at, end)
  else if (protocol >= ethernet.SMALLEST_TYPE) writeTypeOrLength(w, protocolAt, at, end, wireEnd)
  else if (protocol === cooked.PROTOCOL_LLC) writeLlc(w, at, end, wireEnd)
  else writeUnknownType(w, protocolAt, at, end)
}

function writeNflog(w: Writer, at: number, end: number, wireEnd: number): void {
  const b = w.b
  const family = end - at < nflog.HEADER ? -1 : nflog.family(b, at)
  const payload = family < 0 ? -1 : nflog.payloadAt(b, at, end)
  const isIp = payload >= 0 && (family === nflog.FAMILY_IP4 || family === nflog.FAMILY_IP6)
  // Attributes may hold a log line's prefix, hardware addresses, who owns the socket: only the packet is kept.
  const stop = isIp ? payload : end
  for (let attribute = at + nflog.HEADER; attribute + 4 <= stop;) {
    const length = b[attribute]! | (b[attribute + 1]! << 8)
    if (length < 4) {
      blank(w, attribute, stop)
      break
    }
    const next = attribute + ((length + 3) & ~3)
    blank(w, attribute + 4, Math.min(next, stop))
    attribute = next
  }
  if (isIp) w.ip(payload, end, wireEnd)
  else if (payload < 0) blank(w, at + nflog.HEADER, end)
}

function writeCisco(w: Writer, at: number, end: number, wireEnd: number): void {
  writeEtherType(w, at + 2, at + ppp.CISCO_HEADER, end, wireEnd)
}

function writePppoe(w: Writer, at: number, end: number, wireEnd: number): void {
  const b = w.b
  if (end - at < pppoe.HEADER) {
    blank(w, at, end)
    return
  }
  const payload = at + pppoe.HEADER
  const length = pppoe.payloadLength(b, at)
  if (pppoe.isSession(b, at)) writePpp(w, payload, Math.min(end, payload + length), Math.min(wireEnd, payload + length))
  else blank(w, payload, end)
  blank(w, payload + length, end)
}

function writePpp(w: Writer, at: number, end: number, wireEnd: number): void {
  const b = w.b
  if (end - at < 1 || end - at < ppp.protocolLength(b, at)) {
    blank(w, at, end)
    return
  }
  const payload = at + ppp.protocolLength(b, at)
  switch (ppp.protocol(b, at)) {
    case ppp.IP4:
    case ppp.IP6:
      w.ip(payload, end, wireEnd)
      break
    case ppp.MPLS:
      writeMpls(w, payload, end, wireEnd)
      break
    default:
      blank(w, payload, end)
  }
}

function writeUnknownType(w: Writer, typeAt: number, at: number, end: number): void {
  put16(w.b, typeAt, EXPERIMENTAL_TYPE)
  blank(w, at, end)
}

export function writeEtherType(w: Writer, typeAt: number, at: number, end: number, wireEnd: number): void {
  const b = w.b
  switch (u16(b, typeAt)) {
    case ethernet.IP4:
    case ethernet.IP6:
      w.ip(at, end, wireEnd)
      break
    case ethernet.ARP:
      writeArp(w, typeAt, at, end)
      break
    case ethernet.MPLS:
    case ethernet.MPLS_MULTICAST:
      writeMpls(w, at, end, wireEnd)
      break
    case ethernet.PPPOE_SESSION:
      writePppoe(w, at, end, wireEnd)
      break
    case ethernet.PPP:
      if (end - at < 2) blank(w, at, end)
      else writePpp(w, at + ppp.framing(b, at), end, wireEnd)
      break
    case ethernet.TRANSPARENT_ETHERNET:
      inTunnel(w, at, end, () => writeEthernet(w, at, end, wireEnd))
      break
    case ethernet.NSH:
      writeNsh(w, at, end, wireEnd)
      break
    default:
      writeUnknownType(w, typeAt, at, end)
  }
}

export function writeMpls(w: Writer, at: number, end: number, wireEnd: number): void {
  const b = w.b
  let label = at
  let isBottom = false
  while (!isBottom && end - label >= mpls.LABEL && label - at < MAX_LABELS * mpls.LABEL) {
    isBottom = mpls.isBottom(b, label)
    label += mpls.LABEL
  }
  const nibble = isBottom && label < end ? ip4.version(b, label) : -1
  if (nibble === 4 || nibble === 6) w.ip(label, end, wireEnd)
  else if (nibble < 0) blank(w, at, end)
  else if (nibble === 1) blank(w, label, end)
  else {
    const inner = nibble === 0 ? label + mpls.CONTROL_WORD : label
    inTunnel(w, label, end, () => writeEthernet(w, inner, end, wireEnd))
  }
}

function writeArp(w: Writer, typeAt: number, at: number, end: number): void {
  const b = w.b
  const isWhole = end - at >= arp.HEADER && end - at >= arp.length(b, at)
  if (!isWhole || !arp.isIp4(b, at)) {
    writeUnknownType(w, typeAt, at, end)
    return
  }
  const [sender, target] = [arp.senderAt(b, at), arp.targetAt(b, at)]
  const hardware = sender - at - arp.HEADER
  mapHardwareAddress(b, sender - hardware, hardware, w.mapped)
  mapAddress(b, sender, end, 4, w.mapped)
  mapHardwareAddress(b, target - hardware, hardware, w.mapped)
  mapAddress(b, target, end, 4, w.mapped)
  blank(w, at + arp.length(b, at), end)
}

export function writeVxlanNext(w: Writer, next: number, at: number, end: number, wireEnd: number): void {
  switch (next) {
    case vxlan.NEXT_IP4:
    case vxlan.NEXT_IP6:
      w.ip(at, end, wireEnd)
      break
    case vxlan.NEXT_ETHERNET:
      writeEthernet(w, at, end, wireEnd)
      break
    case vxlan.NEXT_NSH:
      writeNsh(w, at, end, wireEnd)
      break
    case vxlan.NEXT_MPLS:
      writeMpls(w, at, end, wireEnd)
      break
    default:
      blank(w, at, end)
  }
}

/** The service path stays, its context headers do not. */
function writeNsh(w: Writer, at: number, end: number, wireEnd: number): void {
  const b = w.b
  const length = end - at < vxlan.NSH_HEADER ? 0 : vxlan.nshLength(b, at)
  if (length < vxlan.NSH_HEADER || end - at < length || vxlan.nshNext(b, at) === vxlan.NEXT_NSH) {
    blank(w, at, end)
    return
  }
  blank(w, at + vxlan.NSH_HEADER, at + length)
  const inner = at + length
  inTunnel(w, inner, end, () => writeVxlanNext(w, vxlan.nshNext(b, at), inner, end, wireEnd))
}

export function inTunnel(w: Writer, at: number, end: number, inner: () => void): void {
  if (w.tunnels >= MAX_TUNNELS) {
    blank(w, at, end)
    return
  }
  w.tunnels++
  w.place += ' tunnel'
  inner()
}

export function blank(w: Writer, from: number, to: number): void {
  if (to > from) w.b.fill(0, from, to)
}
