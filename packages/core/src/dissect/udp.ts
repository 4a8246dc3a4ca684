// UDP, and which protocol a datagram is told to hold by its ports.
import { u16 } from '../bytes/read.ts'
import * as geneve from '../wire/geneve.ts'
import * as tzsp from '../wire/tzsp.ts'
import * as udp from '../wire/udp.ts'
import * as vxlan from '../wire/vxlan.ts'
import { bytesOf, type Dissected, hexNumber, type Next, number, type Protocol, Walk } from './walk.ts'

const DNS_PORTS: ReadonlySet<number> = new Set([53, 5353, 5355])

export function dissectUdp(here: Next): Dissected {
  const w = new Walk(here, 'User Datagram Protocol')
  const b = w.bytes
  w.field('Source Port', 2, number(u16))
  w.field('Destination Port', 2, number(u16))
  w.field('Length', 2, number(u16))
  w.field('Checksum', 2, hexNumber(u16, 4))
  if (w.isOver) return w.done('cut')
  const { start } = w
  const length = udp.length(b, start)
  const summary = `${udp.sourcePort(b, start)} → ${udp.destinationPort(b, start)}, ${bytesOf(Math.max(0, length - udp.HEADER))}`
  if (length !== 0 && length < udp.HEADER) w.fault(`length of ${bytesOf(length)} is below that of the header`)
  else if (length > 0) w.endAfter(start, length, 'length')
  return w.done(summary, w.next(payloadProtocol(w, udp.sourcePort(b, start), udp.destinationPort(b, start))))
}

function payloadProtocol({ bytes, at, left, end }: Walk, source: number, destination: number): Protocol {
  switch (destination) {
    case vxlan.PORT:
    case vxlan.LINUX_PORT:
    case vxlan.GPE_PORT:
      if (left >= vxlan.HEADER && vxlan.isVxlan(bytes, at)) return 'vxlan'
      break
    case geneve.PORT:
      if (left >= geneve.HEADER && geneve.isGeneve(bytes, at)) return 'geneve'
      break
    case tzsp.PORT:
      if (left >= tzsp.HEADER && tzsp.holdsEthernet(bytes, at) && tzsp.payloadAt(bytes, at, end) >= 0) return 'tzsp'
      break
    default:
  }
  return DNS_PORTS.has(source) || DNS_PORTS.has(destination) ? 'dns' : 'data'
}
