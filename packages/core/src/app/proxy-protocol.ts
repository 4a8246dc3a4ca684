// The PROXY protocol (haproxy's doc/proxy-protocol.txt, versions 1 and 2): a header in front of the stream proper, put
// there by a load balancer to tell whom it speaks for.
import { type Bytes, u16 } from '../bytes/read.ts'

/** `PROXY ` begins version 1, a line of at most 107 bytes. */
const WORD = [80, 82, 79, 88, 89, 32]
const LINE_LIMIT = 107
/** Version 2: 12 bytes of signature, version and command, family, then the length of what follows. */
const SIGNATURE = [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10]
const LENGTH = 14
const FIXED = 16

/**
 * Length in bytes of the header that `b` begins with: 0 where it begins with none, -1 where it is not all there yet.
 */
export function proxyHeaderLength(b: Bytes): number {
  if (SIGNATURE.every((byte, i) => i >= b.length || b[i] === byte)) {
    if (b.length < FIXED) return -1
    const length = FIXED + u16(b, LENGTH)
    return length <= b.length ? length : -1
  }
  if (!WORD.every((byte, i) => i >= b.length || b[i] === byte)) return 0
  const end = b.indexOf(10)
  if (end >= 0) return end < LINE_LIMIT ? end + 1 : 0
  return b.length < LINE_LIMIT ? -1 : 0
}
