// Links with a header of a few bytes: BSD loopback, PPP, Cisco HDLC, PPPoE sessions, NFLOG.
import { u16, u16le, u32, u32le } from '../bytes/read.ts'
import * as loopback from '../wire/loopback.ts'
import * as nflog from '../wire/nflog.ts'
import * as ppp from '../wire/ppp.ts'
import * as pppoe from '../wire/pppoe.ts'
import { etherTypeName } from './names.ts'
import { bytesOf, type Dissected, hex, type Next, number, raw, u8, Walk } from './walk.ts'

export function dissectLoopback(here: Next): Dissected {
  const w = new Walk(here, 'Null/Loopback')
  if (!w.field('Family', loopback.HEADER, (b, at) => familyName(Math.min(u32(b, at), u32le(b, at)))))
    return w.done('cut')
  const version = loopback.loopbackVersion(w.bytes, w.start)
  return w.done(version === 0 ? 'another family' : `IPv${version}`, w.next(version === 0 ? 'data' : 'ip'))
}

const familyName = (family: number): string => {
  const name = family === 2 ? 'IP' : [10, 23, 24, 28, 30].includes(family) ? 'IPv6' : null
  return name === null ? String(family) : `${name} (${family})`
}

/** With or without address and control, which may be left out. */
export function dissectPpp(here: Next): Dissected {
  const w = new Walk(here, 'Point-to-Point Protocol')
  const b = w.bytes
  if (w.left >= 2 && ppp.framing(b, w.at) > 0) {
    w.field('Address', 1, (_, at) => hex(b[at], 2))
    w.field('Control', 1, (_, at) => hex(b[at], 2))
  }
  const at = w.at
  const length = w.left >= 1 ? ppp.protocolLength(b, at) : 2
  if (!w.field('Protocol', length, () => hex(ppp.protocol(b, at), 4))) return w.done('cut')
  return w.done(`protocol ${hex(ppp.protocol(b, at), 4)}`, w.next(byPpp(ppp.protocol(b, at))))
}

const byPpp = (protocol: number): 'ip' | 'mpls' | 'data' =>
  protocol === ppp.IP4 || protocol === ppp.IP6 ? 'ip' : protocol === ppp.MPLS ? 'mpls' : 'data'

export function dissectCiscoHdlc(here: Next): Dissected {
  const w = new Walk(here, 'Cisco HDLC')
  w.field('Address', 1, (b, at) => hex(b[at], 2))
  w.field('Control', 1, (b, at) => hex(b[at], 2))
  if (!w.field('Protocol', 2, (b, at) => etherTypeName(u16(b, at)))) return w.done('cut')
  const type = ppp.ciscoType(w.bytes, w.start)
  return w.done(etherTypeName(type), w.next('etherType', type))
}

export function dissectPppoe(here: Next): Dissected {
  const w = new Walk(here, 'PPP-over-Ethernet')
  const b = w.bytes
  w.field('Version and Type', 1, (_, at) => hex(b[at], 2))
  w.field('Code', 1, (_, at) => (b[at] === 0 ? 'Session Data (0x00)' : hex(b[at], 2)))
  w.field('Session ID', 2, (_, at) => hex(u16(b, at), 4))
  if (!w.field('Payload Length', 2, number(u16))) return w.done('cut')
  const length = pppoe.payloadLength(b, w.start)
  w.end = Math.min(w.end, w.at + length)
  w.wireEnd = Math.min(w.wireEnd, w.at + length)
  const summary = `session ${hex(u16(b, w.start + 2), 4)}`
  return w.done(summary, w.next(pppoe.isSession(b, w.start) ? 'ppp' : 'data'))
}

/** Attributes up to the packet, which is one of them. */
export function dissectNflog(here: Next): Dissected {
  const w = new Walk(here, 'Linux Netfilter NFLOG')
  const b = w.bytes
  w.field('Family', 1, number(u8))
  w.field('Version', 1, number(u8))
  if (!w.field('Resource id', 2, number(u16))) return w.done('cut')
  const family = nflog.family(b, w.start)
  const payload = nflog.payloadAt(b, w.start, w.end)
  const until = payload < 0 ? w.end : payload
  while (w.left >= 4 && w.at + 4 < until && !w.isOver) {
    const length = u16le(b, w.at)
    if (length < 4) {
      w.fault('attribute is shorter than its header')
      break
    }
    w.field(`Attribute ${u16le(b, w.at + 2) & 0x7fff}`, Math.min((length + 3) & ~3, until - 4 - w.at), raw(length))
  }
  if (payload < 0) w.note('no packet among the attributes')
  else w.field('Packet', 4, () => bytesOf(u16le(b, payload - 4) - 4))
  const isIp = family === nflog.FAMILY_IP4 || family === nflog.FAMILY_IP6
  return w.done(`family ${family}`, w.next(isIp && payload >= 0 ? 'ip' : 'data'))
}
