// ARP.
import { formatAddress } from '../bytes/address.ts'
import { u16 } from '../bytes/read.ts'
import * as arp from '../wire/arp.ts'
import { etherTypeName } from './names.ts'
import { type Dissected, mac, type Next, number, raw, type Show, u8, Walk } from './walk.ts'

const OPERATIONS: { readonly [operation: number]: string } = { [arp.REQUEST]: 'request', [arp.REPLY]: 'reply' }

export function dissectArp(here: Next): Dissected {
  const w = new Walk(here, 'Address Resolution Protocol')
  const b = w.bytes
  w.field('Hardware type', 2, (_, at) => (u16(b, at) === 1 ? 'Ethernet (1)' : String(u16(b, at))))
  w.field('Protocol type', 2, (_, at) => etherTypeName(u16(b, at)))
  w.field('Hardware size', 1, number(u8))
  w.field('Protocol size', 1, number(u8))
  w.field('Opcode', 2, (_, at) => operationName(u16(b, at)))
  if (w.isOver) return w.done('cut')
  const hardware = b[w.start + 4]
  const protocol = b[w.start + 5]
  const isIp4 = arp.isIp4(b, w.start)
  const hardwareAddress: Show = hardware === 6 ? mac : raw(hardware)
  const address: Show = isIp4 ? (_, at) => formatAddress(b, at, 4) : raw(protocol)
  const kind = isIp4 ? 'IP' : 'protocol'
  w.field('Sender MAC address', hardware, hardwareAddress)
  w.field(`Sender ${kind} address`, protocol, address)
  w.field('Target MAC address', hardware, hardwareAddress)
  w.field(`Target ${kind} address`, protocol, address)
  const operation = arp.operation(b, w.start)
  if (w.isOver || !isIp4) return w.done(operationName(operation))
  const sender = formatAddress(b, arp.senderAt(b, w.start), 4)
  const target = formatAddress(b, arp.targetAt(b, w.start), 4)
  if (operation === arp.REQUEST) return w.done(`Who has ${target}? Tell ${sender}`)
  return w.done(operation === arp.REPLY ? `${sender} is at ${mac(b, w.start + arp.HEADER)}` : operationName(operation))
}

const operationName = (operation: number): string => {
  const name = OPERATIONS[operation]
  return name === undefined ? String(operation) : `${name} (${operation})`
}
