// The PROXY protocol (haproxy's doc/proxy-protocol.txt, versions 1 and 2): a header in front of the stream proper, put
// there by a load balancer to tell whom it speaks for.
import { formatAddress, formatEndpoint } from '../bytes/address.ts'
import { type Bytes, latin1, u16 } from '../bytes/read.ts'

/** `PROXY ` begins version 1, a line of at most 107 bytes. */
const WORD = [80, 82, 79, 88, 89, 32]
const LINE_LIMIT = 107
/** Version 2: 12 bytes of signature, version and command, family, then the length of what follows. */
const SIGNATURE = [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10]
const COMMAND = 12
const FAMILY = 13
const LENGTH = 14
const FIXED = 16

/** Whom a connection is for: both ends of the connection in front of the load balancer, as `address:port`. */
export interface ProxiedFor {
  source: string
  destination: string
}

export interface ProxyHeader {
  /** Bytes of the header: 0 where there is none, -1 where it is not all there yet. */
  length: number
  /** Null for connections of the load balancer's own (LOCAL, UNKNOWN) and for others than TCP over IP. */
  proxiedFor: ProxiedFor | null
}

/** Reads the header that `b` begins with. */
export function readProxyHeader(b: Bytes): ProxyHeader {
  if (SIGNATURE.every((byte, i) => i >= b.length || b[i] === byte)) return readVersion2(b)
  if (!WORD.every((byte, i) => i >= b.length || b[i] === byte)) return header(0)
  const end = b.indexOf(10)
  if (end < 0) return header(b.length < LINE_LIMIT ? -1 : 0)
  return end < LINE_LIMIT ? { length: end + 1, proxiedFor: readLine(latin1(b, 0, end)) } : header(0)
}

const header = (length: number): ProxyHeader => ({ length, proxiedFor: null })

function readVersion2(b: Bytes): ProxyHeader {
  if (b.length < FIXED) return header(-1)
  const length = FIXED + u16(b, LENGTH)
  if (length > b.length) return header(-1)
  const version = b[FAMILY] === 0x11 ? 4 : b[FAMILY] === 0x21 ? 6 : null
  const size = version === 4 ? 4 : 16
  if (b[COMMAND] !== 0x21 || version === null || length < FIXED + 2 * size + 4) return header(length)
  const end = (at: number, portAt: number): string => formatEndpoint(formatAddress(b, at, version), u16(b, portAt))
  const ports = FIXED + 2 * size
  return { length, proxiedFor: { source: end(FIXED, ports), destination: end(FIXED + size, ports + 2) } }
}

/** `PROXY TCP4 source destination port port`. */
function readLine(line: string): ProxiedFor | null {
  const [, family, source, destination, from, to] = line.trim().split(' ')
  if ((family !== 'TCP4' && family !== 'TCP6') || to === undefined) return null
  return { source: formatEndpoint(source, Number(from)), destination: formatEndpoint(destination, Number(to)) }
}
