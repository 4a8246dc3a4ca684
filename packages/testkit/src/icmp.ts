// ICMP errors (RFC 792, RFC 1191, RFC 4443) about a packet, which they quote.
import { be16, be32, checksum, join, type Bytes } from './bytes.ts'
import { ICMP, ICMP6, ipPacket, isIp6, withChecksum, type IpFields } from './ip.ts'

export type IcmpError =
  | 'net-unreachable'
  | 'host-unreachable'
  | 'port-unreachable'
  | 'admin-prohibited'
  | 'fragmentation-needed'
  | 'ttl-exceeded'

/** [type, code] in ICMP and ICMPv6. */
const NUMBERS: Record<IcmpError, { v4: [number, number]; v6: [number, number] }> = {
  'net-unreachable': { v4: [3, 0], v6: [1, 0] },
  'host-unreachable': { v4: [3, 1], v6: [1, 3] },
  'port-unreachable': { v4: [3, 3], v6: [1, 4] },
  'admin-prohibited': { v4: [3, 13], v6: [1, 1] },
  'fragmentation-needed': { v4: [3, 4], v6: [2, 0] },
  'ttl-exceeded': { v4: [11, 0], v6: [3, 0] },
}

/** An ICMP error that quotes the first `quoteBytes` of the IP packet `about`; `mtu` only for fragmentation-needed. */
export function icmpPacket(
  ip: Omit<IpFields, 'protocol'>,
  error: IcmpError,
  about: Bytes,
  mtu: number,
  quoteBytes: number,
): Bytes {
  const quote = about.subarray(0, quoteBytes)
  const nextHop = error === 'fragmentation-needed' ? mtu : 0
  if (isIp6(ip.source)) {
    const fields = { ...ip, protocol: ICMP6 }
    return ipPacket(fields, withChecksum(fields, join(NUMBERS[error].v6, [0, 0, ...be32(nextHop)], quote), 2))
  }
  const body = join(NUMBERS[error].v4, [0, 0, 0, 0, ...be16(nextHop)], quote)
  body.set(be16(checksum(body)), 2)
  return ipPacket({ ...ip, protocol: ICMP }, body)
}
