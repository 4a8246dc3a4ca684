// IPv6 and its extension headers; the authentication header, which IPv4 may carry too.
import { formatAddress } from '../bytes/address.ts'
import { u16, u24, u32 } from '../bytes/read.ts'
import * as ip6 from '../wire/ip6.ts'
import { protocolName } from './names.ts'
import { bit, bytesOf, type Dissected, hex, type Next, number, raw, u8, Walk } from './walk.ts'

const NAMES: { readonly [next: number]: string } = {
  [ip6.HOP_BY_HOP]: 'IPv6 Hop-by-Hop Option',
  [ip6.ROUTING]: 'Routing Header for IPv6',
  [ip6.DESTINATION_OPTIONS]: 'Destination Options for IPv6',
  [ip6.MOBILITY]: 'Mobile IPv6',
  [ip6.AUTHENTICATION]: 'Authentication Header',
}

export function dissectIp6(here: Next): Dissected {
  const w = new Walk(here, 'Internet Protocol Version 6')
  const b = w.bytes
  w.field(
    'Version, Traffic Class and Flow Label',
    4,
    (_, at) => hex(u32(b, at), 8),
    (_, at) => [
      { name: 'Version', value: String(b[at] >> 4), at, length: 1 },
      { name: 'Traffic Class', value: hex((u16(b, at) >> 4) & 0xff, 2), at, length: 2 },
      { name: 'Flow Label', value: hex(u24(b, at + 1) & 0xf_ffff, 5), at: at + 1, length: 3 },
    ],
  )
  w.field('Payload Length', 2, number(u16))
  w.field('Next Header', 1, (_, at) => protocolName(b[at]))
  w.field('Hop Limit', 1, number(u8))
  w.field('Source Address', 16, (_, at) => formatAddress(b, at, 6))
  w.field('Destination Address', 16, (_, at) => formatAddress(b, at, 6))
  if (w.isOver) return w.done('cut')
  const { start } = w
  const payload = ip6.payloadLength(b, start)
  const next = ip6.nextHeader(b, start)
  // 0: a jumbogram, or an offloaded packet; the frame's length counts.
  const length = payload === 0 && next !== ip6.NO_NEXT ? w.wireEnd - w.at : payload
  w.endAfter(w.at, length, 'payload length')
  const summary = `${formatAddress(b, ip6.sourceAt(start), 6)} → ${formatAddress(b, ip6.destinationAt(start), 6)}`
  return w.done(summary, w.next('ipProtocol', next, 6))
}

/** An extension header whose number is `here.number`. */
export function dissectExtension(here: Next): Dissected {
  const w = new Walk(here, NAMES[here.number] ?? 'Fragment Header for IPv6')
  return here.number === ip6.FRAGMENT ? fragment(w) : extension(w, here.number)
}

function extension(w: Walk, kind: number): Dissected {
  const b = w.bytes
  w.field('Next Header', 1, (_, at) => protocolName(b[at]))
  w.field('Length', 1, (_, at) => `${b[at]} (${bytesOf(ip6.extensionLength(b, at - 1, kind))})`)
  if (w.isOver) return w.done('cut')
  const rest = ip6.extensionLength(b, w.start, kind) - 2
  w.field(kind === ip6.AUTHENTICATION ? 'SPI, sequence and ICV' : 'Data', rest, raw(rest))
  return w.done(`next ${protocolName(b[w.start])}`, w.next('ipProtocol', b[w.start]))
}

function fragment(w: Walk): Dissected {
  const b = w.bytes
  w.field('Next header', 1, (_, at) => protocolName(b[at]))
  w.field('Reserved octet', 1, (_, at) => hex(b[at], 2))
  w.field(
    'Offset and More Fragments',
    2,
    (_, at) => fragmentText(b[at + 1] & 1, u16(b, at) & 0xfff8),
    (_, at) => [
      { name: 'Offset', value: bytesOf(u16(b, at) & 0xfff8), at, length: 2 },
      bit('More Fragments', (b[at + 1] & 1) !== 0, at, 2),
    ],
  )
  w.field('Identification', 4, (_, at) => hex(u32(b, at), 8))
  if (w.isOver) return w.done('cut')
  const offset = ip6.fragmentOffset(b, w.start)
  const summary = fragmentText(ip6.moreFragments(b, w.start) ? 1 : 0, offset)
  return w.done(
    summary,
    offset > 0
      ? w.next('fragment')
      : { ...w.next('ipProtocol', b[w.start]), isFragment: ip6.moreFragments(b, w.start) },
  )
}

const fragmentText = (more: number, offset: number): string => `offset ${offset}${more === 1 ? ', more fragments' : ''}`
