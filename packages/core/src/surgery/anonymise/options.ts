// Options of IPv4 (RFC 791 section 3.1), IPv6 (RFC 8200 section 4.2), TCP, neighbour discovery, tunnels: those that say how
// packets go stay, addresses in them are mapped, and what else there is may say anything: it is blanked.
import type { Bytes } from '../../bytes/read.ts'
import type { Pseudonyms } from './contract.ts'

/** Overwrites the address at `at`, where all of it is there. */
export function mapAddress(b: Bytes, at: number, end: number, length: 4 | 16, { address }: Mapped): void {
  if (at + length <= end) b.set(address(b.slice(at, at + length)), at)
  else b.fill(0, at, Math.max(at, end))
}

/** As of 6 bytes. */
export function mapMac(b: Bytes, at: number, end: number, { mac }: Mapped): void {
  if (at + 6 <= end) b.set(mac(b.slice(at, at + 6)), at)
  else b.fill(0, at, Math.max(at, end))
}

export interface Mapped {
  address(original: Bytes): Bytes
  mac(original: Bytes): Bytes
}

export const mappedBy = (pseudonyms: Pseudonyms): Mapped => ({
  address: (original) => pseudonyms.address(original),
  mac: (original) => pseudonyms.mac(original),
})

const END = 0
const NO_OPERATION = 1

/** Record route, loose and strict source route: type, length, pointer, addresses. */
const IP4_ROUTES: ReadonlySet<number> = new Set([7, 131, 137])
const IP4_ROUTER_ALERT = 148

export function blankIp4Options(b: Bytes, from: number, end: number, mapped: Mapped): void {
  eachOption(b, from, end, (kind, at, to) => {
    if (IP4_ROUTES.has(kind)) for (let i = at + 3; i < to; i += 4) mapAddress(b, i, to, 4, mapped)
    else if (kind !== IP4_ROUTER_ALERT || to - at !== 4) b.fill(0, at + 2, to)
  })
}

/**
 * Maximum segment size, window scale, SACK permitted, SACK of up to four blocks, timestamps, user timeout (RFC 5482),
 * with their lengths, over which nothing of them is read.
 */
const TCP_KEPT: ReadonlyMap<number, readonly number[]> = new Map([
  [2, [4]],
  [3, [3]],
  [4, [2]],
  [5, [10, 18, 26, 34]],
  [8, [10]],
  [28, [4]],
])

/** The rest holds keys, cookies and, as some load balancers have it, the client's address. */
export function blankTcpOptions(b: Bytes, from: number, end: number): void {
  eachOption(b, from, end, (kind, at, to) => {
    if (!TCP_KEPT.get(kind)?.includes(to - at)) b.fill(0, at + 2, to)
  })
}

/** Kind, length over all, content; END and NO_OPERATION are one byte. What is behind END, or makes no sense, is blanked. */
function eachOption(b: Bytes, from: number, end: number, take: (kind: number, at: number, to: number) => void): void {
  let at = from
  while (at < end) {
    const kind = b[at]!
    if (kind === END) break
    if (kind === NO_OPERATION) {
      at++
      continue
    }
    if (at + 1 >= end) return
    const length = b[at + 1]!
    if (length < 2 || at + length > end) {
      // Malformed, or cut by the capture; kind and length stay and say so.
      if (!TCP_KEPT.get(kind)?.includes(length)) b.fill(0, at + 2, end)
      return
    }
    take(kind, at, at + length)
    at += length
  }
  b.fill(0, at, end)
}

const PAD_1 = 0
/** Tunnel encapsulation limit (RFC 2473), router alert (RFC 2711), jumbo payload (RFC 2675), and their lengths. */
const IP6_KEPT: ReadonlyMap<number, number> = new Map([
  [4, 1],
  [5, 2],
  [0xc2, 4],
])

/** Options of a hop-by-hop or destination options header: type, length of the data, data. */
export function blankIp6Options(b: Bytes, from: number, end: number): void {
  let at = from
  while (at < end) {
    if (b[at] === PAD_1) {
      at++
      continue
    }
    if (at + 2 > end) return
    const to = Math.min(end, at + 2 + b[at + 1]!)
    if (IP6_KEPT.get(b[at]!) !== b[at + 1]) b.fill(0, at + 2, to)
    at = to
  }
}

const SOURCE_LINK_ADDRESS = 1
const TARGET_LINK_ADDRESS = 2
const PREFIX = 3
const REDIRECTED = 4
const MTU = 5
const DNS_SERVERS = 25

/** Options of neighbour discovery (RFC 4861 section 4.6, RFC 8106): type, length in 8 bytes. `quote` takes a packet. */
export function blankNeighbourOptions(
  b: Bytes,
  from: number,
  end: number,
  mapped: Mapped,
  quote: (at: number, end: number) => void,
): void {
  let at = from
  while (at + 2 <= end) {
    const length = b[at + 1]! * 8
    const to = Math.min(end, at + length)
    if (length === 0) break
    switch (b[at]) {
      case SOURCE_LINK_ADDRESS:
      case TARGET_LINK_ADDRESS:
        mapMac(b, at + 2, to, mapped)
        b.fill(0, Math.min(to, at + 8), to)
        break
      case PREFIX:
        mapAddress(b, at + 16, to, 16, mapped)
        break
      case REDIRECTED:
        quote(Math.min(to, at + 8), to)
        break
      case MTU:
        break
      case DNS_SERVERS:
        for (let i = at + 8; i < to; i += 16) mapAddress(b, i, to, 16, mapped)
        break
      default:
        b.fill(0, at + 2, to)
    }
    at = to
  }
  b.fill(0, at, Math.max(at, end))
}

/** Of a neighbour's MAC in ARP, and whatever hardware has addresses of another length. */
export function mapHardwareAddress(b: Bytes, at: number, length: number, mapped: Mapped): void {
  if (length === 6) mapMac(b, at, at + 6, mapped)
  else b.fill(0, at, at + length)
}

/** Of GENEVE (RFC 8926 section 3.5) the lengths of options stay; the rest may say anything. */
export function blankGeneveOptions(b: Bytes, from: number, end: number): void {
  let at = from
  while (at + 4 <= end) {
    const words = b[at + 3]! & 0x1f
    const next = Math.min(end, at + 4 + words * 4)
    b.fill(0, at, next)
    b[at + 3] = words
    at = next
  }
  b.fill(0, at, Math.max(at, end))
}

/** Tag and length stay; padding and end have none. */
export function blankTzspTags(b: Bytes, from: number, end: number): void {
  for (let at = from; at + 1 < end;) {
    if (b[at]! <= 1) at++
    else {
      const next = at + 2 + b[at + 1]!
      b.fill(0, at + 2, Math.min(end, next))
      at = next
    }
  }
}
