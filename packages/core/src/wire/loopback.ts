// BSD loopback: LINKTYPE_NULL (address family in the order of the capturing host) and LINKTYPE_LOOP (network order).
import { u32, u32le, type Bytes } from '../bytes/read.ts'

export const HEADER = 4

/**
 * IP version by the address family at `at`, 0 for others. AF_INET is 2 everywhere; AF_INET6 is 24 (NetBSD, OpenBSD),
 * 28 (FreeBSD), 30 (Darwin), 10 (Linux) or 23 (Windows). All are below 256, so the byte order shows by itself.
 */
export function loopbackVersion(b: Bytes, at: number): 0 | 4 | 6 {
  const family = Math.min(u32(b, at), u32le(b, at))
  switch (family) {
    case 2:
      return 4
    case 10:
    case 23:
    case 24:
    case 28:
    case 30:
      return 6
    default:
      return 0
  }
}
