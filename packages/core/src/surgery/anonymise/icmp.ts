// ICMP (RFC 792) and ICMPv6 (RFC 4443, RFC 4861, RFC 3810): headers stay with their addresses mapped, quotes are packets,
// and what else a message says goes. `quote` takes the packet between two offsets.
import { type Bytes, u16 } from '../../bytes/read.ts'
import * as icmp from '../../wire/icmp.ts'
import { FILL } from './contract.ts'
import { blankNeighbourOptions, mapAddress, type Mapped } from './options.ts'
import { type Around, keepingChecksum, NO_PSEUDO_HEADER } from './transport.ts'

type TakeQuote = (at: number, end: number) => void

/** The message in `b[at..end)`, of which the header is there; its checksum is the caller's. */
export function blankIcmp(b: Bytes, at: number, end: number, mapped: Mapped, quote: TakeQuote): void {
  const type = icmp.type(b, at)
  const body = at + icmp.HEADER
  if (type === icmp.REDIRECT) {
    mapAddress(b, at + 4, end, 4, mapped)
    quote(body, end)
  } else if (icmp.isError(b, at, 4)) takeQuote(b, body, end, b[at + 5]! * 4, quote)
  else if (type === icmp.ECHO_REQUEST || type === icmp.ECHO_REPLY) b.fill(FILL, body, end)
  else b.fill(0, body, end)
}

const MULTICAST_QUERY = 130
const MULTICAST_REPORT = 131
const MULTICAST_DONE = 132
const ROUTER_SOLICITATION = 133
const ROUTER_ADVERTISEMENT = 134
const REDIRECT_6 = 137
const MULTICAST_REPORT_2 = 143

/** As `blankIcmp`. */
export function blankIcmp6(b: Bytes, at: number, end: number, mapped: Mapped, quote: TakeQuote): void {
  const type = icmp.type(b, at)
  const body = at + icmp.HEADER
  const address = (from: number): void => mapAddress(b, Math.min(end, from), end, 16, mapped)
  const options = (from: number): void => blankNeighbourOptions(b, Math.min(end, from), end, mapped, quote)
  switch (type) {
    case icmp.UNREACHABLE_6:
    case icmp.TIME_EXCEEDED_6:
      takeQuote(b, body, end, b[at + 4]! * 8, quote)
      break
    case icmp.PACKET_TOO_BIG_6:
    case icmp.PARAMETER_PROBLEM_6:
      quote(body, end)
      break
    case icmp.ECHO_REQUEST_6:
    case icmp.ECHO_REPLY_6:
      b.fill(FILL, body, end)
      break
    case MULTICAST_QUERY:
    case MULTICAST_REPORT:
    case MULTICAST_DONE:
      address(body)
      // Flags, interval and number of sources stand before these (RFC 3810 section 5.1).
      for (let source = body + 20; source < end; source += 16) address(source)
      break
    case MULTICAST_REPORT_2:
      blankRecords(b, body, end, mapped)
      break
    case ROUTER_SOLICITATION:
      options(body)
      break
    case ROUTER_ADVERTISEMENT:
      options(body + 8)
      break
    case icmp.NEIGHBOUR_SOLICITATION:
    case icmp.NEIGHBOUR_ADVERTISEMENT:
      address(body)
      options(body + 16)
      break
    case REDIRECT_6:
      address(body)
      address(body + 16)
      options(body + 32)
      break
    default:
      b.fill(0, body, end)
  }
}

/** MLDv2 (RFC 3810 section 5.2): type, length of auxiliary data in words, number of sources, group, sources. */
function blankRecords(b: Bytes, from: number, end: number, mapped: Mapped): void {
  let at = from
  while (at + 20 <= end) {
    const sources = at + 20 + u16(b, at + 2) * 16
    const next = sources + b[at + 1]! * 4
    for (let i = at + 4; i < Math.min(end, sources); i += 16) mapAddress(b, i, end, 16, mapped)
    b.fill(0, Math.min(end, sources), Math.min(end, next))
    at = next
  }
  b.fill(0, Math.min(at, end), end)
}

/** A quote and the extensions behind it (RFC 4884); `length` of the quote, 0 where it is all. */
function takeQuote(b: Bytes, at: number, end: number, length: number, quote: TakeQuote): void {
  const quoteEnd = length === 0 ? end : Math.min(end, at + length)
  quote(at, quoteEnd)
  if (quoteEnd < end) blankExtensions(b, quoteEnd, end)
}

/** Class of an ICMP extension object (RFC 4950). */
const MPLS_STACK = 1

/** MPLS labels stay, whatever else routers tell does not. */
function blankExtensions(b: Bytes, at: number, end: number): void {
  if (end - at < 4) {
    b.fill(0, at, end)
    return
  }
  const around: Around = { version: 4, source: b, destination: b, before: 0, after: 0 }
  const covered = { protocol: NO_PSEUDO_HEADER, field: at + 2, at, end, wireEnd: end, isOptional: true }
  keepingChecksum(b, around, covered, () => {
    let object = at + 4
    while (object + 4 <= end && u16(b, object) >= 4) {
      const next = object + u16(b, object)
      if (b[object + 2] !== MPLS_STACK) b.fill(0, object + 4, Math.min(end, next))
      object = next
    }
    b.fill(0, Math.min(object, end), end)
  })
}
