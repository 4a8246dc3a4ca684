// Linux cooked captures, versions 1 and 2.
import { u16, u32 } from '../bytes/read.ts'
import * as cooked from '../wire/cooked.ts'
import * as ethernet from '../wire/ethernet.ts'
import { etherTypeName } from './names.ts'
import { type Dissected, hex, mac, type Next, number, raw, type Show, u8, Walk } from './walk.ts'

const PACKET_TYPES = ['Unicast to us', 'Broadcast', 'Multicast', 'Unicast to another host', 'Sent by us']
/** Room for a link-layer address; shorter ones leave the rest unused. */
const ADDRESS = 8

const typeName = (value: number): string => `${PACKET_TYPES[value] ?? 'Unknown'} (${value})`
const address =
  (length: number): Show =>
  (b, at) =>
    length === 6 ? mac(b, at) : raw(Math.min(length, ADDRESS))(b, at)

export function dissectCooked(here: Next): Dissected {
  const w = new Walk(here, 'Linux cooked capture v1')
  const b = w.bytes
  w.field('Packet type', 2, (_, at) => typeName(u16(b, at)))
  w.field('Link-layer address type', 2, number(u16))
  w.field('Link-layer address length', 2, number(u16))
  const length = w.isOver ? 0 : cooked.sllAddressLength(b, w.start)
  sourceAndUnused(w, length)
  w.field('Protocol', 2, (_, at) => etherTypeName(u16(b, at)))
  if (w.isOver) return w.done('cut')
  const protocol = cooked.sllProtocol(b, w.start)
  return w.done(typeName(cooked.sllPacketType(b, w.start)), follow(w, protocol, cooked.sllDevice(b, w.start)))
}

export function dissectCooked2(here: Next): Dissected {
  const w = new Walk(here, 'Linux cooked capture v2')
  const b = w.bytes
  w.field('Protocol', 2, (_, at) => etherTypeName(u16(b, at)))
  w.field('Reserved', 2, (_, at) => hex(u16(b, at), 4))
  w.field('Interface index', 4, number(u32))
  w.field('Link-layer address type', 2, number(u16))
  w.field('Packet type', 1, (_, at) => typeName(b[at]))
  w.field('Link-layer address length', 1, number(u8))
  sourceAndUnused(w, w.isOver ? 0 : cooked.sll2AddressLength(b, w.start))
  if (w.isOver) return w.done('cut')
  const summary = `${typeName(cooked.sll2PacketType(b, w.start))}, interface ${cooked.sll2Interface(b, w.start)}`
  return w.done(summary, follow(w, cooked.sll2Protocol(b, w.start), cooked.sll2Device(b, w.start)))
}

function sourceAndUnused(w: Walk, length: number): void {
  const used = Math.min(length, ADDRESS)
  if (used > 0) w.field('Source', used, address(used))
  if (used < ADDRESS) w.field('Unused', ADDRESS - used, raw(ADDRESS - used))
}

function follow(w: Walk, protocol: number, device: number): Next {
  if (device === cooked.DEVICE_NETLINK) return w.next('data')
  if (protocol >= ethernet.SMALLEST_TYPE) return w.next('etherType', protocol)
  return w.next(protocol === cooked.PROTOCOL_LLC ? 'llc' : 'data')
}
