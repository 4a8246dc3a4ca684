// LINKTYPE_NFLOG: what `tcpdump -i nflog` writes, a netfilter header and attributes, one of which is the packet.
import { u16le, type Bytes } from '../bytes/read.ts'

const FAMILY = 0
/** Family, version, resource id. */
export const HEADER = 4
const PAYLOAD = 9
/** AF_INET and AF_INET6 on Linux, the only system that writes this format. */
export const FAMILY_IP4 = 2
export const FAMILY_IP6 = 10

export const family = (b: Bytes, at: number): number => b[at + FAMILY]

/**
 * Offset of the packet, -1 where it was cut away or the attributes are broken. Attributes hold their own length
 * (header included) and type, in the order of the capturing host; we read little-endian ones.
 */
export function payloadAt(b: Bytes, at: number, end: number): number {
  let attribute = at + HEADER
  while (end - attribute >= 4) {
    const length = u16le(b, attribute)
    if (length < 4) return -1
    if ((u16le(b, attribute + 2) & 0x7fff) === PAYLOAD) return attribute + 4
    attribute += (length + 3) & ~3
  }
  return -1
}
