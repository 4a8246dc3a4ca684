// Which frames of a capture are kept. What to keep comes as plain data: endpoints with the frames between which they
// matter, single frames; or, for a cut by hand, conditions. Nothing here knows why.
import { formatAddress, formatEndpoint } from '../bytes/address.ts'
import type { Bytes } from '../bytes/read.ts'
import type { Instant, Packet } from '../capture/packet.ts'
import { Decoder } from '../wire/decode.ts'
import * as icmp from '../wire/icmp.ts'
import { createLayers, FRAGMENT, ICMP, ICMP6, type Kind, type Layers, TCP, UDP } from '../wire/layers.ts'
import { sourcePort, destinationPort } from '../wire/tcp.ts'
import type { Filter } from './filter.ts'
import { merged, type Range } from './ranges.ts'

/** Both ends belong to it. Frames count from 1 in the file. */
export interface FrameRange {
  from: number
  to: number
}

/** Nanoseconds after the selection's `epoch`, both ends included. */
export interface TimeRange {
  from: number
  to: number
}

/** The packets between two endpoints (`address:port`, `[address]:port`), in either direction, in these frames or times. */
export interface ConnectionPart {
  a: string
  b: string
  frames: FrameRange[]
  times: TimeRange[]
}

/** Two hosts: fragments between them that lie near these frames are kept, for they may be of the same datagrams. */
export interface HostPair {
  a: string
  b: string
  frames: FrameRange[]
}

/** What is kept of one file: the frames, and the parts of connections. */
export interface Selection {
  /** Whole seconds since 1970 UTC at time 0 of the times. */
  epoch: number
  frames: FrameRange[]
  connections: ConnectionPart[]
  fragments?: HostPair[]
}

/** A cut by hand: what meets every condition that is stated, and any one of those of a kind. Null: not stated. */
export interface HandCut {
  /** Endpoint pairs, or single endpoints; ICMP errors that quote their packets belong to them. */
  connections: { a: string; b: string | null }[] | null
  frames: FrameRange[] | null
  /** Seconds since 1970 and nanoseconds; null where one end is open. */
  times: { from: Instant | null; to: Instant | null }[] | null
  filter: Filter | null
}

/** Says of each packet of a file, shown in order, whether it is kept. */
export interface Chooser {
  wants(packet: Packet): boolean
  /** No frame behind this one is wanted. */
  last: number
}

/** Fragments of a datagram may lie so many frames before and behind the packet that its connection has. */
const FRAGMENTS = 64

export function selectionChooser(selection: Selection): Chooser {
  const single = frameSet(selection.frames)
  const parts = selection.connections
  const { fragments = [] } = selection
  const around = merged([...parts, ...fragments].flatMap((part) => part.frames)).map(({ from, to }) => ({
    from: from - FRAGMENTS,
    to: to + FRAGMENTS,
  }))
  const times = merged(parts.flatMap((part) => part.times))
  const byEnds = new Map<string, ConnectionPart[]>()
  const hosts = new Set<string>()
  const ports = new Uint8Array(65_536)
  for (const part of parts) {
    for (const key of [`${part.a} ${part.b}`, `${part.b} ${part.a}`]) {
      byEnds.set(key, [...(byEnds.get(key) ?? []), part])
      hosts.add(key.split(' ').map(hostOf).join(' '))
    }
    for (const end of [part.a, part.b]) ports[portOf(end)] = 1
  }
  for (const { a, b } of fragments) hosts.add(`${a} ${b}`).add(`${b} ${a}`)
  const decoder = new Decoder()
  const layers = createLayers()
  const frames = cursor(around)

  const holds = (part: ConnectionPart, frame: number, time: number): boolean =>
    isIn(part.frames, frame) || isIn(part.times, time)

  const belongs = (packet: Packet, time: number): boolean => {
    const kind = decoder.decode(layers, packet)
    if (kind !== TCP && kind !== UDP) return kind === FRAGMENT && hosts.has(addressPair(layers))
    const { bytes, transportAt: at } = layers
    if (ports[sourcePort(bytes, at)] === 0 || ports[destinationPort(bytes, at)] === 0) return false
    const found = byEnds.get(endpointPair(layers))
    return found !== undefined && found.some((part) => holds(part, packet.frame, time))
  }

  return {
    last: times.length > 0 ? Infinity : Math.max(0, single.last, ...around.map(({ to }) => to)),
    wants(packet: Packet): boolean {
      const { frame } = packet
      const time = times.length === 0 ? NaN : (packet.seconds - selection.epoch) * 1e9 + packet.nanoseconds
      if (!frames.holds(frame) && !isIn(times, time)) return single.holds(frame)
      // Decoded also where the frame is wanted anyway: it may be a fragment.
      return belongs(packet, time) || single.holds(frame)
    },
  }
}

export function handChooser(cut: HandCut): Chooser {
  const frames = cut.frames === null ? null : frameSet(cut.frames)
  const decoder = new Decoder()
  const layers = createLayers()
  const quote = icmp.createQuote()
  const needsLayers = cut.connections !== null || cut.filter !== null

  const onConnection = (kind: Kind, connections: NonNullable<HandCut['connections']>): boolean => {
    let ends: string
    if (kind === TCP || kind === UDP) ends = endpointPair(layers)
    else if ((kind === ICMP || kind === ICMP6) && icmp.quoted(layers, quote)) ends = quotedPair(layers.bytes, quote)
    else if (kind === FRAGMENT)
      return connections.some(({ a, b }) => isBetween(addressPair(layers), hostOf(a), b && hostOf(b)))
    else return false
    return connections.some(({ a, b }) => isBetween(ends, a, b))
  }

  return {
    last: frames?.last ?? Infinity,
    wants(packet: Packet): boolean {
      const kind = needsLayers ? decoder.decode(layers, packet) : null
      if (frames !== null && !frames.holds(packet.frame)) return false
      if (cut.times !== null && !cut.times.some((range) => isWithin(packet, range))) return false
      if (kind === null) return true
      if (cut.connections !== null && !onConnection(kind, cut.connections)) return false
      return cut.filter === null || cut.filter(layers)
    },
  }
}

function isBetween(pair: string, a: string, b: string | null): boolean {
  if (b !== null) return pair === `${a} ${b}` || pair === `${b} ${a}`
  return pair.startsWith(`${a} `) || pair.endsWith(` ${a}`)
}

function isWithin(packet: Instant, { from, to }: { from: Instant | null; to: Instant | null }): boolean {
  return (from === null || compare(packet, from) >= 0) && (to === null || compare(packet, to) <= 0)
}

const compare = (a: Instant, b: Instant): number => a.seconds - b.seconds || a.nanoseconds - b.nanoseconds

function endpointPair({ bytes, sourceAt, destinationAt, transportAt, ipVersion }: Layers): string {
  const source = formatEndpoint(formatAddress(bytes, sourceAt, ipVersion as 4 | 6), sourcePort(bytes, transportAt))
  const destination = formatAddress(bytes, destinationAt, ipVersion as 4 | 6)
  return `${source} ${formatEndpoint(destination, destinationPort(bytes, transportAt))}`
}

function addressPair({ bytes, sourceAt, destinationAt, ipVersion }: Layers): string {
  const version = ipVersion as 4 | 6
  return `${formatAddress(bytes, sourceAt, version)} ${formatAddress(bytes, destinationAt, version)}`
}

function quotedPair(bytes: Bytes, quote: icmp.Quote): string {
  const version = quote.ipVersion as 4 | 6
  const source = formatEndpoint(formatAddress(bytes, quote.sourceAt, version), quote.sourcePort)
  return `${source} ${formatEndpoint(formatAddress(bytes, quote.destinationAt, version), quote.destinationPort)}`
}

/** `10.1.0.2` of `10.1.0.2:80`, `2001:db8::2` of `[2001:db8::2]:80`. */
const hostOf = (endpoint: string): string => endpoint.slice(0, endpoint.lastIndexOf(':')).replace(/^\[(.*)\]$/, '$1')
const portOf = (endpoint: string): number => Number(endpoint.slice(endpoint.lastIndexOf(':') + 1))

const isIn = (ranges: readonly Range[], value: number): boolean =>
  ranges.some(({ from, to }) => value >= from && value <= to)

/** Whether frames, asked for in ascending order, are in a range. */
function cursor(ranges: readonly Range[]): { holds(frame: number): boolean } {
  let at = 0
  return {
    holds(frame: number): boolean {
      while (at < ranges.length && ranges[at]!.to < frame) at++
      return at < ranges.length && ranges[at]!.from <= frame
    },
  }
}

function frameSet(ranges: readonly FrameRange[]): { holds(frame: number): boolean; last: number } {
  const inOrder = merged(ranges)
  return { ...cursor(inOrder), last: inOrder.at(-1)?.to ?? 0 }
}
