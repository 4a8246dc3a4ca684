// IPv4 (RFC 791) and IPv6 (RFC 8200) packets around a payload.
import { be16, be32, checksum, join, text, type Bytes } from './bytes.ts'

export const ICMP = 1
export const TCP = 6
export const UDP = 17
export const ICMP6 = 58

export interface IpFields {
  source: string
  destination: string
  protocol: number
  ttl: number
  /** IPv4 identification; IPv6 has none. */
  ipId: number
}

export const isIp6 = (address: string): boolean => address.includes(':')

/** An address in text as its 4 or 16 bytes. */
export function addressBytes(address: string): number[] {
  if (!isIp6(address)) return address.split('.').map(Number)
  const [left, right] = address.split('::').map((half) => (half === '' ? [] : half.split(':'))) as [string[], string[]?]
  const gap = right === undefined ? 0 : 8 - left.length - right.length
  const groups = [...left, ...Array.from({ length: gap }, () => '0'), ...(right ?? [])]
  return groups.flatMap((group) => be16(parseInt(group, 16)))
}

/** The pseudo-header that transport checksums cover: RFC 9293 section 3.1, RFC 8200 section 8.1. */
export function pseudoHeader(ip: IpFields, length: number): Bytes {
  const ends = [...addressBytes(ip.source), ...addressBytes(ip.destination)]
  return join(ends, isIp6(ip.source) ? [...be32(length), 0, 0, 0, ip.protocol] : [0, ip.protocol, ...be16(length)])
}

/** `payload` with the checksum of pseudo-header and payload written at `at`, where it must be zero. */
export function withChecksum(ip: IpFields, payload: Bytes, at: number): Bytes {
  payload.set(be16(checksum(pseudoHeader(ip, payload.length), payload)), at)
  return payload
}

/** One IP packet, Don't Fragment set, header checksum right. */
export function ipPacket(ip: IpFields, payload: Bytes): Bytes {
  const ends = [...addressBytes(ip.source), ...addressBytes(ip.destination)]
  if (isIp6(ip.source)) return join([0x60, 0, 0, 0, ...be16(payload.length), ip.protocol, ip.ttl], ends, payload)
  const length = 20 + payload.length
  const before = [0x45, 0, ...be16(length), ...be16(ip.ipId), 0x40, 0, ip.ttl, ip.protocol]
  return join(before, be16(checksum(before, ends)), ends, payload)
}

/** UDP (RFC 768) in an IP packet. */
export function udpPacket(ip: IpFields, sourcePort: number, destinationPort: number, data: Bytes | string): Bytes {
  const payload = typeof data === 'string' ? text(data) : data
  const udp = join([...be16(sourcePort), ...be16(destinationPort), ...be16(8 + payload.length), 0, 0], payload)
  return ipPacket(ip, withChecksum(ip, udp, 6))
}
