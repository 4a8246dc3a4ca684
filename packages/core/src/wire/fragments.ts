// Reassembly of IPv4 and IPv6 fragments (RFC 791 section 3.2, RFC 8200 section 4.5).
//
// Where fragments overlap, the bytes that came first stay. RFC 5722 would have a host drop such an IPv6 datagram; a
// witness shows it. What the snap length cut out of a fragment counts as arrived: the datagram is complete on the
// wire, and its captured bytes end where the first hole begins.
import type { Bytes } from '../bytes/read.ts'
import * as ip4 from './ip4.ts'

const MAX_DATAGRAMS = 256
const MAX_BYTES = 4 << 20
/** Seconds of packet time; the reassembly timeout of RFC 8200 section 4.5. */
const TIMEOUT = 60
/** An IPv4 header with options is at most this long; it stands right before the payload. */
const HEADER_ROOM = 60
const MAX_PAYLOAD = 65535
/** What a piece takes beside its bytes, about. */
const OVERHEAD = 128

export interface Fragment {
  /** What fragments of one datagram share: addresses, identification, protocol, and where they were captured. */
  key: string
  /** Packet time in seconds. */
  time: number
  bytes: Bytes
  /** IP header to keep, from the first fragment: `bytes[headerAt]` to `bytes[headerEnd - 1]`. */
  headerAt: number
  headerEnd: number
  /** Protocol of the payload, as the first fragment says. */
  protocol: number
  /** Place in the datagram's payload and length on the wire, in bytes. */
  offset: number
  length: number
  more: boolean
  /** Captured payload: `bytes[at]` to `bytes[end - 1]`, at most `length`. */
  at: number
  end: number
}

/** The fragment whose IPv4 header is at `at`, captured up to `end`; the header says `length`, itself included. */
export function ip4Fragment(b: Bytes, at: number, end: number, length: number, key: string, time: number): Fragment {
  const headerEnd = at + ip4.headerLength(b, at)
  return {
    key,
    time,
    bytes: b,
    headerAt: at,
    headerEnd,
    protocol: ip4.protocol(b, at),
    offset: ip4.fragmentOffset(b, at),
    length: at + length - headerEnd,
    more: ip4.moreFragments(b, at),
    at: headerEnd,
    end,
  }
}

/** A complete datagram. It owns its bytes: IP header, then payload. */
export interface Datagram {
  bytes: Bytes
  headerAt: number
  payloadAt: number
  /** Captured end, and end by the IP headers. */
  end: number
  wireEnd: number
  protocol: number
}

/** Captured bytes of the payload, and where they stand in it. */
interface Piece {
  offset: number
  bytes: Bytes
}

interface Assembly {
  time: number
  header: Bytes
  protocol: number
  /** What was captured, without overlaps. A buffer for all of it would let one byte at its end reserve 64 KiB. */
  pieces: Piece[]
  /** Bytes held by header and pieces, with what holds them. */
  size: number
  /** Payload length, -1 until the last fragment came. */
  total: number
  /** Payload offset of the first byte that was not captured. */
  cutAt: number
  /** What has arrived: from, to, from, to ... in order, without touching neighbours. */
  ranges: number[]
}

export class Reassembly {
  /** Datagrams given up: timed out, or dropped for room. Those still waiting are `pending`. */
  incomplete: number = 0
  readonly #open = new Map<string, Assembly>()
  #bytes = 0

  /** Datagrams that wait for fragments. */
  get pending(): number {
    return this.#open.size
  }

  /**
   * Takes a fragment. Answers the datagram that it completes, 'pending' while others are missing, or 'malformed' for
   * a fragment no datagram can hold; that one is left out.
   */
  add(fragment: Fragment): Datagram | 'pending' | 'malformed' {
    const to = fragment.offset + fragment.length
    // Only the last fragment may end off an 8-byte border (RFC 791 section 3.2).
    if (to > MAX_PAYLOAD || fragment.length <= 0 || (fragment.more && fragment.length % 8 !== 0)) return 'malformed'
    this.#expire(fragment.time)
    let assembly = this.#open.get(fragment.key)
    if (assembly === undefined) {
      assembly = start(fragment.time)
      this.#open.set(fragment.key, assembly)
      this.#bytes += assembly.size
    }
    if (assembly.total >= 0 && to > assembly.total) return 'malformed'
    if (!fragment.more && assembly.total < 0) {
      if (to < (assembly.ranges.at(-1) ?? 0)) return 'malformed'
      assembly.total = to
    }
    const before = assembly.size
    if (fragment.offset === 0 && assembly.header.length === 0) keepHeader(assembly, fragment)
    place(assembly, fragment)
    this.#bytes += assembly.size - before
    if (isComplete(assembly)) {
      this.#open.delete(fragment.key)
      this.#bytes -= assembly.size
      return datagram(assembly)
    }
    this.#shrink()
    return 'pending'
  }

  /** A Map keeps insertion order, so the oldest datagram stands first. */
  #expire(now: number): void {
    for (const [key, assembly] of this.#open) {
      if (now - assembly.time <= TIMEOUT) return
      this.#drop(key, assembly)
    }
  }

  #shrink(): void {
    for (const [key, assembly] of this.#open) {
      if (this.#open.size <= MAX_DATAGRAMS && this.#bytes <= MAX_BYTES) return
      this.#drop(key, assembly)
    }
  }

  #drop(key: string, assembly: Assembly): void {
    this.#open.delete(key)
    this.#bytes -= assembly.size
    this.incomplete++
  }
}

function start(time: number): Assembly {
  const header = new Uint8Array(0)
  return { time, header, protocol: 0, pieces: [], size: OVERHEAD, total: -1, cutAt: MAX_PAYLOAD, ranges: [] }
}

function keepHeader(assembly: Assembly, { bytes, headerAt, headerEnd, protocol }: Fragment): void {
  assembly.header = bytes.slice(headerAt, headerEnd)
  assembly.size += assembly.header.length
  assembly.protocol = protocol
}

/** Copies what is new of the fragment and adds it to the ranges. */
function place(assembly: Assembly, fragment: Fragment): void {
  const to = fragment.offset + fragment.length
  const { ranges } = assembly
  const merged: number[] = []
  let from = fragment.offset
  let left = fragment.offset
  let right = to
  let placed = false
  for (let index = 0; index < ranges.length; index += 2) {
    const rangeFrom = ranges[index]
    const rangeTo = ranges[index + 1]
    if (rangeTo < left) merged.push(rangeFrom, rangeTo)
    else if (rangeFrom > right) {
      if (!placed) merged.push(left, right)
      placed = true
      merged.push(rangeFrom, rangeTo)
    } else {
      copy(assembly, fragment, from, Math.min(to, rangeFrom))
      from = Math.max(from, rangeTo)
      left = Math.min(left, rangeFrom)
      right = Math.max(right, rangeTo)
    }
  }
  copy(assembly, fragment, from, to)
  if (!placed) merged.push(left, right)
  assembly.ranges = merged
}

function copy(assembly: Assembly, fragment: Fragment, from: number, to: number): void {
  if (from >= to) return
  const captured = Math.min(to, fragment.offset + fragment.end - fragment.at)
  if (captured < to) assembly.cutAt = Math.min(assembly.cutAt, Math.max(from, captured))
  if (captured <= from) return
  const shift = fragment.at - fragment.offset
  assembly.pieces.push({ offset: from, bytes: fragment.bytes.slice(shift + from, shift + captured) })
  assembly.size += captured - from + OVERHEAD
}

const isComplete = ({ total, ranges }: Assembly): boolean =>
  total >= 0 && ranges.length === 2 && ranges[0] === 0 && ranges[1] >= total

function datagram({ header, pieces, total, cutAt, protocol }: Assembly): Datagram {
  const bytes = new Uint8Array(HEADER_ROOM + total)
  bytes.set(header, HEADER_ROOM - header.length)
  for (const piece of pieces) bytes.set(piece.bytes, HEADER_ROOM + piece.offset)
  return {
    bytes,
    headerAt: HEADER_ROOM - header.length,
    payloadAt: HEADER_ROOM,
    end: HEADER_ROOM + Math.min(total, cutAt),
    wireEnd: HEADER_ROOM + total,
    protocol,
  }
}
