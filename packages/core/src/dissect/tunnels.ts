// What carries frames and packets in others: GRE, ERSPAN, VXLAN, GENEVE, the network service header, MPLS, TZSP.
import { u16, u24, u32 } from '../bytes/read.ts'
import * as ethernet from '../wire/ethernet.ts'
import * as geneve from '../wire/geneve.ts'
import * as gre from '../wire/gre.ts'
import * as ip4 from '../wire/ip4.ts'
import * as mpls from '../wire/mpls.ts'
import * as tzsp from '../wire/tzsp.ts'
import * as vxlan from '../wire/vxlan.ts'
import { etherTypeName } from './names.ts'
import { bytesOf, type Dissected, hex, hexNumber, type Next, number, type Protocol, raw, u8, Walk } from './walk.ts'

export function dissectGre(here: Next): Dissected {
  const w = new Walk(here, 'Generic Routing Encapsulation')
  const b = w.bytes
  w.field('Flags and Version', 2, hexNumber(u16, 4))
  if (!w.field('Protocol Type', 2, (_, at) => etherTypeName(u16(b, at)))) return w.done('cut')
  const header = gre.headerLength(b, w.start, w.end)
  if (header < 0) w.fault('header is cut, or of another version than 0 and 1')
  else if (header > gre.HEADER) w.field('Checksum, key, sequence number', header - gre.HEADER, raw(header - gre.HEADER))
  const type = gre.protocol(b, w.start)
  return w.done(etherTypeName(type), byGre(w, type))
}

function byGre(w: Walk, type: number): Next {
  const b = w.bytes
  switch (type) {
    case ethernet.ERSPAN:
      // Type I has no header of its own, and no GRE sequence number.
      return w.next(gre.hasSequence(b, w.start) ? 'erspan' : 'ethernet')
    case ethernet.ERSPAN_3:
      return w.next('erspan')
    case ethernet.WCCP:
      // Version 2 puts a redirect header of 4 bytes before the packet, version 1 none.
      if (w.left > 4 && ip4.version(b, w.at) !== 4) w.field('WCCP redirect header', 4, raw(4))
      return w.next('ip')
    default:
      return w.next('etherType', Math.max(type, ethernet.SMALLEST_TYPE))
  }
}

export function dissectErspan(here: Next): Dissected {
  const w = new Walk(here, 'Encapsulated Remote Switch Packet ANalysis')
  const b = w.bytes
  if (!w.has(gre.ERSPAN_2_HEADER, 'header')) return w.done('cut')
  const isThird = gre.erspanVersion(b, w.at) === 2
  const header = isThird ? gre.erspan3Length(b, w.at, w.end) : gre.ERSPAN_2_HEADER
  if (header < 0) w.fault('header is cut')
  const holdsIp = header > 0 && isThird && gre.erspan3FrameType(b, w.at) === 2
  w.field('Version and VLAN', 2, (_, at) => `version ${gre.erspanVersion(b, at)}, VLAN ${u16(b, at) & 0x0fff}`)
  w.field('SpanID', 2, (_, at) => String(u16(b, at) & 0x03ff))
  w.field('Other fields', header - 4, raw(header - 4))
  return w.done(isThird ? 'type III' : 'type II', w.next(holdsIp ? 'ip' : 'ethernet'))
}

export function dissectVxlan(here: Next): Dissected {
  const w = new Walk(here, 'Virtual eXtensible Local Area Network')
  const b = w.bytes
  w.field('Flags', 1, hexNumber(u8, 2))
  w.field('Reserved and Next Protocol', 3, hexNumber(u24, 6))
  w.field('VXLAN Network Identifier (VNI)', 3, number(u24))
  if (!w.field('Reserved', 1, hexNumber(u8, 2))) return w.done('cut')
  return w.done(`VNI ${u24(b, w.start + 4)}`, w.next(byGpe(vxlan.nextProtocol(b, w.start))))
}

function byGpe(next: number): Protocol {
  switch (next) {
    case vxlan.NEXT_IP4:
    case vxlan.NEXT_IP6:
      return 'ip'
    case vxlan.NEXT_ETHERNET:
      return 'ethernet'
    case vxlan.NEXT_NSH:
      return 'nsh'
    case vxlan.NEXT_MPLS:
      return 'mpls'
    default:
      return 'data'
  }
}

export function dissectNsh(here: Next): Dissected {
  const w = new Walk(here, 'Network Service Header')
  const b = w.bytes
  w.field('Version, Flags and Length', 2, hexNumber(u16, 4))
  w.field('MD Type', 1, number(u8))
  w.field('Next Protocol', 1, number(u8))
  if (!w.field('Service Path and Index', 4, hexNumber(u32, 8))) return w.done('cut')
  const length = vxlan.nshLength(b, w.start)
  const next = vxlan.nshNext(b, w.start)
  if (length < vxlan.NSH_HEADER) w.fault(`length of ${bytesOf(length)} is below that of the header`)
  else if (length > vxlan.NSH_HEADER)
    w.field('Context Headers', length - vxlan.NSH_HEADER, raw(length - vxlan.NSH_HEADER))
  return w.done(`path ${u24(b, w.start + 4)}`, w.next(next === vxlan.NEXT_NSH ? 'data' : byGpe(next)))
}

export function dissectGeneve(here: Next): Dissected {
  const w = new Walk(here, 'Generic Network Virtualization Encapsulation')
  const b = w.bytes
  w.field('Version and Options Length', 1, hexNumber(u8, 2))
  w.field('Flags', 1, hexNumber(u8, 2))
  w.field('Protocol Type', 2, (_, at) => etherTypeName(u16(b, at)))
  w.field('Virtual Network Identifier (VNI)', 3, number(u24))
  if (!w.field('Reserved', 1, hexNumber(u8, 2))) return w.done('cut')
  const options = geneve.headerLength(b, w.start) - geneve.HEADER
  if (options > 0) w.field('Options', options, raw(options))
  return w.done(`VNI ${u24(b, w.start + 4)}`, w.next('etherType', geneve.protocol(b, w.start)))
}

/** The label stack; what follows is told from a nibble, as nothing says it. */
export function dissectMpls(here: Next): Dissected {
  const w = new Walk(here, 'MultiProtocol Label Switching Header')
  const b = w.bytes
  const labels: number[] = []
  for (let isBottom = false; !isBottom && !w.isOver;) {
    const { at } = w
    const isRead = w.field('Label', mpls.LABEL, labelText)
    if (!isRead) break
    labels.push(u24(b, at) >> 4)
    isBottom = mpls.isBottom(b, at)
  }
  const summary = labels.length === 0 ? 'cut' : `label ${labels.join(', ')}`
  if (w.isOver || w.left < 1) return w.done(summary)
  const nibble = ip4.version(b, w.at)
  if (nibble === 4 || nibble === 6) return w.done(summary, w.next('ip'))
  if (nibble === 1) return w.done(summary, w.next('data'))
  if (nibble === 0) w.field('Pseudowire control word', mpls.CONTROL_WORD, raw(mpls.CONTROL_WORD))
  return w.done(summary, w.next('ethernet'))
}

const labelText = (b: Uint8Array, at: number): string =>
  `${u24(b, at) >> 4}, class ${(b[at + 2] >> 1) & 7}, TTL ${b[at + 3]}${mpls.isBottom(b, at) ? ', bottom of the stack' : ''}`

export function dissectTzsp(here: Next): Dissected {
  const w = new Walk(here, 'TaZmen Sniffer Protocol')
  const b = w.bytes
  w.field('Version', 1, number(u8))
  w.field('Type', 1, number(u8))
  if (!w.field('Encapsulates', 2, (_, at) => hex(u16(b, at), 4))) return w.done('cut')
  const payload = tzsp.payloadAt(b, w.start, w.end)
  if (payload < 0) w.fault('tags do not end')
  else w.field('Tags', payload - w.at, raw(payload - w.at))
  return w.done('Ethernet inside', w.next('ethernet'))
}
