// ICMP and ICMPv6: what is said, and the packet that an error quotes.
import { formatAddress } from '../bytes/address.ts'
import { u16, u32 } from '../bytes/read.ts'
import * as icmp from '../wire/icmp.ts'
import { type Dissected, hexNumber, type Next, number, raw, u8, Walk } from './walk.ts'

export function dissectIcmp(here: Next): Dissected {
  const version = here.ipVersion === 6 ? 6 : 4
  const w = new Walk(here, version === 6 ? 'Internet Control Message Protocol v6' : 'Internet Control Message Protocol')
  const b = w.bytes
  const { start } = w
  w.field('Type', 1, number(u8))
  w.field('Code', 1, number(u8))
  w.field('Checksum', 2, hexNumber(u16, 4))
  if (!w.has(4, 'header')) return w.done(here.end - start >= 2 ? summaryOf(here) : 'cut')
  const type = icmp.type(b, start)
  const mtu = icmp.mtu(b, start, version)
  if (mtu >= 0 && version === 6) w.field('MTU', 4, number(u32))
  else if (mtu >= 0) {
    w.field('Unused', 2, raw(2))
    w.field('MTU of next hop', 2, number(u16))
  } else if (isEcho(type, version)) {
    w.field('Identifier', 2, (_, at) => `${u16(b, at)}`)
    w.field('Sequence Number', 2, number(u16))
  } else w.field(icmp.isError(b, start, version) ? 'Unused' : 'Rest of header', 4, raw(4))
  if (version === 6 && (type === icmp.NEIGHBOUR_SOLICITATION || type === icmp.NEIGHBOUR_ADVERTISEMENT)) {
    w.field('Target Address', 16, (_, at) => formatAddress(b, at, 6))
    const target = w.isOver ? '' : ` for ${formatAddress(b, start + icmp.HEADER, 6)}`
    return w.done(`${summaryOf(here)}${target}`, w.next('data'))
  }
  if (!icmp.isError(b, start, version)) return w.done(summaryOf(here), w.next('data'))
  return w.done(summaryOf(here), { ...w.next('ip', 0, 0), isQuoted: true })
}

/** Words for type and code; an MTU that was cut away is not read. */
function summaryOf({ bytes, at, end, ipVersion }: Next): string {
  if (end - at >= icmp.HEADER) return icmp.describe(bytes, at, ipVersion)
  return `type ${icmp.type(bytes, at)}, code ${icmp.code(bytes, at)}`
}

const isEcho = (type: number, version: number): boolean =>
  version === 6
    ? type === icmp.ECHO_REQUEST_6 || type === icmp.ECHO_REPLY_6
    : type === icmp.ECHO_REQUEST || type === icmp.ECHO_REPLY
