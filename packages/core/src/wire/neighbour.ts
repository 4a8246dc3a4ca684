// Who has this address? One view on ARP (RFC 826) and IPv6 neighbour discovery (RFC 4861 sections 4.3 and 4.4).
import * as arp from './arp.ts'
import * as icmp from './icmp.ts'
import { ARP, ICMP6, type Layers } from './layers.ts'

const TARGET = 8
/** ICMPv6 header and target address. */
const MESSAGE = 24

/** 'request': ARP request or neighbour solicitation; 'reply': ARP reply or neighbour advertisement; null: neither. */
export function neighbourMessage(layers: Layers): 'request' | 'reply' | null {
  const { bytes, transportAt } = layers
  if (layers.kind === ARP) {
    const operation = arp.operation(bytes, transportAt)
    return operation === arp.REQUEST ? 'request' : operation === arp.REPLY ? 'reply' : null
  }
  if (layers.kind !== ICMP6 || layers.transportEnd - transportAt < MESSAGE) return null
  const type = icmp.type(bytes, transportAt)
  if (type === icmp.NEIGHBOUR_SOLICITATION) return 'request'
  return type === icmp.NEIGHBOUR_ADVERTISEMENT ? 'reply' : null
}

/**
 * Offset in `layers.bytes` of the address whose owner is asked for (request) or told (reply), 4 bytes long for ARP and
 * 16 for neighbour discovery. Only where `neighbourMessage` is not null.
 */
export function neighbourAddressAt(layers: Layers): number {
  if (layers.kind !== ARP) return layers.transportAt + TARGET
  // A reply tells about its sender; a request asks for its target.
  const isReply = arp.operation(layers.bytes, layers.transportAt) === arp.REPLY
  return isReply ? layers.sourceAt : layers.destinationAt
}

/** Version of that address. */
export const neighbourVersion = (layers: Layers): 4 | 6 => (layers.kind === ARP ? 4 : 6)
