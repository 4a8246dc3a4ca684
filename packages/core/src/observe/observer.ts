// The packet loop: every packet of a capture goes through `packet`, once. Nothing is allocated per packet; memory
// follows open connections and what went wrong in them.
import type { CaptureFault, CaptureInfo, Packet, PacketSink } from '../capture/packet.ts'
import { readDns } from '../app/dns/message.ts'
import type { TlsOptions } from '../app/tls/session.ts'
import { parseAddress } from '../bytes/address.ts'
import { ConnectionTracker } from '../flow/connection.ts'
import { AddressTable, FlowTable, RecentFlows } from '../flow/flow-table.ts'
import { Held } from '../flow/half.ts'
import { flipSides, PacketBlocks, PacketBudget } from '../flow/packet-log.ts'
import { RecentPackets } from '../flow/recent.ts'
import { createSegment, readSegment, type Segment } from '../flow/segment.ts'
import { formatAddress } from '../wire/address.ts'
import { Decoder } from '../wire/decode.ts'
import * as icmp from '../wire/icmp.ts'
import {
  createLayers,
  ARP,
  BROKEN,
  FRAGMENT,
  ICMP,
  ICMP6,
  type Kind,
  type Layers,
  TCP,
  UDP,
  UNKNOWN_LINK,
} from '../wire/layers.ts'
import { neighbourAddressAt, neighbourMessage, neighbourVersion } from '../wire/neighbour.ts'
import * as tcp from '../wire/tcp.ts'
import { type ConnectionRecord, type ConnectionTable, ConnectionTableBuilder, recordsOf } from './connection-table.ts'
import { NameLookups } from './lookups.ts'
import {
  DNS_PORT,
  type CapturePart,
  type Connection,
  type ExchangeTable,
  type IcmpError,
  type Moment,
  type NeighbourSearch,
  type Observations,
  type SideIndex,
} from './observations.ts'
import { type Share, shareOf } from './shares.ts'
import { SteadyTime } from './steady-time.ts'
import type { Tally } from './ledger.ts'
import { ConnectionStreams } from './streams.ts'

/** Connections tracked at once; beyond it the one idle for longest is closed and counted as evicted. */
const OPEN_LIMIT = 65_536
/**
 * A connection that ended is kept for packets that come late: after a reset, or after both FINs, this long. No more than
 * so many at once: where thousands end in a second, what comes late is a small part of them.
 */
const LINGER_NS = 20e9
const LINGER_LIMIT = 2048
/** Readers kept for connections to come. */
const SPARE = LINGER_LIMIT
/**
 * Seconds between time 0 and the first packet. Packets that were written out of order must not get a time below 0,
 * which means "not seen". And times beyond 2³¹ ns from the first packet on are what the engine compiles for once.
 */
const LEAD = 10
/** Packets between two looks for connections that are over. */
const SWEEP = 4096
/** Different strings (hosts, targets, addresses) that are kept once. */
const STRINGS = 65_536
/**
 * Connections kept that carried no exchange, of one server and of all: a scan or a flood of SYNs must not fill the
 * memory, nor hide what other servers did.
 */
const BARE_LIMIT = 131_072
const BARE_OF_SERVER = 65_536
const ICMP_LIMIT = 65_536
const NEIGHBOUR_LIMIT = 16_384
/** Addresses kept of a capture that goes on and on, before those of no open connection are let go. */
const ADDRESSES = 262_144

/** What reads a connection while it is open. */
interface Reader {
  tracker: ConnectionTracker
  streams: ConnectionStreams
}

interface Open extends Reader {
  slot: number
  /** Address ids and ports of the first packet's sender and of the other side. */
  a: number
  portA: number
  b: number
  portB: number
  /** When it was last found to have ended; -1 while it goes on. */
  overSince: number
}

/** Who talks with whom. */
type Ends = Pick<ConnectionRecord, 'orientation' | 'clientAddress' | 'clientPort' | 'serverAddress' | 'serverPort'> & {
  /** The tracker's side that is the client. */
  client: SideIndex
}

export class Observer implements PacketSink {
  #epoch: number | null = null
  #clock = new SteadyTime()
  #layers: Layers = createLayers()
  #decoder = new Decoder()
  #addresses = new AddressTable()
  #addressTexts: string[] = []
  #flows = new FlowTable()
  #recentFlows = new RecentFlows()
  #held = new Held()
  #recentPackets = new RecentPackets()
  #budget = new PacketBudget()
  #blocks = new PacketBlocks()
  #open: (Open | null)[] = []
  #free: number[] = []
  /** Those of connections that are over and recorded. */
  #spare: Reader[] = []
  /** Connections that ended, those that did so first in front; also such as were closed since, and their slots reused. */
  #over: Open[] = []
  #connections = new ConnectionTableBuilder()
  #lookups: NameLookups
  #icmpErrors: IcmpError[] = []
  #neighbours: NeighbourSearch[] = []
  /** The newest search by target and by who searches. */
  #searches = new Map<string, Map<string, NeighbourSearch>>()
  #quote = icmp.createQuote()
  #segment: Segment = createSegment()
  #known = new Map<string, string>()
  readonly #strings = (text: string): string => this.#string(text)
  #frames = 0
  /** Frames and interfaces of the parts before the current one. */
  #frameOffset = 0
  #first = Infinity
  #last = -Infinity
  #evicted = 0
  #forgotten = { connections: 0, icmpErrors: 0, neighbours: 0 }
  /** Connections kept without an exchange, by server. */
  #bare = new Map<string, number>()
  #bareCount = 0
  #sinceSweep = 0
  #linkTypes: number[] = []
  /** Link type of the packet before. */
  #linkType = -1
  #parts: CapturePart[] = []
  #partFirst = Infinity
  #partLast = -Infinity
  #counts: Observations['counts'] = {
    tcp: 0,
    syn: 0,
    synAck: 0,
    fin: 0,
    rst: 0,
    udp: 0,
    icmp: 0,
    cutBySnapLength: 0,
    unknownLink: 0,
    broken: 0,
    duplicates: 0,
    fragments: 0,
  }

  readonly tally: Readonly<Tally> = { gatewayErrors: 0, exchangesLeft: 0 }
  readonly #tls: TlsOptions

  readonly #share: Share | null

  constructor(tls: TlsOptions = {}, share: Share | null = null) {
    this.#tls = tls
    this.#share = share
    this.#lookups = new NameLookups(this.#strings)
  }

  get frames(): number {
    return this.#frames
  }

  packet(packet: Packet): void {
    this.#epoch ??= packet.seconds - LEAD
    const frame = this.#frameOffset + packet.frame
    const own = (packet.seconds - this.#epoch) * 1e9 + packet.nanoseconds
    const time = this.#clock.of(own, frame, packet.interfaceId)
    this.#frames++
    if (time < this.#partFirst) this.#partFirst = time
    if (time > this.#partLast) this.#partLast = time
    if (packet.linkType !== this.#linkType) this.#noteLinkType(packet.linkType)

    const kind = this.#decoder.decode(this.#layers, packet)
    if (this.#share !== null && !this.#isMine(kind, this.#share)) return
    if (packet.end - packet.at < packet.wireLength) this.#counts.cutBySnapLength++
    if (kind === TCP) {
      // Not handed down: V8 would make an object of the time.
      this.#segment.frame = frame
      this.#segment.time = time
      this.#tcp(packet)
    } else if (kind === UDP) this.#udp(frame, time)
    else if (kind === ICMP || kind === ICMP6) this.#icmp(frame, time)
    else if (kind === ARP) this.#neighbour(frame, time)
    else if (kind === FRAGMENT) this.#counts.fragments++
    else if (kind === UNKNOWN_LINK) this.#counts.unknownLink++
    else if (kind === BROKEN) this.#counts.broken++
    if (++this.#sinceSweep >= SWEEP) this.#sweep(time)
  }

  #isMine(kind: Kind, { index, of }: Share): boolean {
    return (kind === TCP ? shareOf(this.#layers, of) : 0) === index
  }

  #noteLinkType(linkType: number): void {
    this.#linkType = linkType
    if (!this.#linkTypes.includes(linkType)) this.#linkTypes.push(linkType)
  }

  /** A file ended. Further packets belong to the next file of a rotated capture, whose frames count from 1 again. */
  endPart(file: string, info: CaptureInfo, faults: CaptureFault[]): void {
    this.#parts.push(this.#part(file, info, faults))
    this.#first = Math.min(this.#first, this.#partFirst)
    this.#last = Math.max(this.#last, this.#partLast)
    this.#partFirst = Infinity
    this.#partLast = -Infinity
    this.#clock.endPart()
    this.#frameOffset += info.frames
  }

  #part(file: string, info: CaptureInfo, faults: CaptureFault[]): CapturePart {
    return {
      file,
      format: info.format ?? 'unknown',
      frames: info.frames,
      offset: this.#frameOffset,
      first: Number.isFinite(this.#partFirst) ? this.#partFirst : -1,
      last: Number.isFinite(this.#partLast) ? this.#partLast : -1,
      faults: [...info.faults, ...faults],
    }
  }

  /** Ends the capture. `info` is that of its (last) file. */
  finish(info: CaptureInfo): Observations {
    for (let slot = 0; slot < this.#open.length; slot++) this.#close(slot)
    return this.#observations(info, this.#parts, this.#connections.tables)
  }

  /** What was seen so far of a capture that goes on. To be used before the next packet. */
  standing(file: string, info: CaptureInfo): Observations {
    const open = new ConnectionTableBuilder()
    for (const one of this.#open) if (one !== null) open.add(this.#record(one, this.#endsOf(one), 'standing'))
    const parts = [...this.#parts, this.#part(file, info, [])]
    return this.#observations(info, parts, [...this.#connections.tables, ...open.tables])
  }

  /** Lets go of what was over at `time`, in nanoseconds after the epoch, so that a capture may go on for days. */
  forget(time: number): void {
    for (const open of this.#open) {
      if (open !== null && open.tracker.closed && open.tracker.lastTime < time) this.#close(open.slot)
    }
    const kept = new ConnectionTableBuilder()
    for (const record of recordsOf(this.#connections.tables)) {
      if (record.last.time >= time) kept.add(record)
      else {
        this.#budget.giveBack(record.packets)
        for (const { detail } of record.exchanges.troubled) this.#budget.giveBack(detail!.packets)
        if (record.exchangeCount === 0) this.#forgetBare(record)
      }
    }
    this.#connections = kept
    for (const open of this.#open) open?.streams.forget(time)
    this.#lookups.forget(time)
    this.#icmpErrors = this.#icmpErrors.filter((error) => error.time >= time)
    this.#forgetSearches(time)
    if (this.#addresses.count > ADDRESSES) this.#forgetAddresses()
  }

  #forgetSearches(time: number): void {
    this.#neighbours = this.#neighbours.filter(({ requests }) => requests.at(-1)!.time >= time)
    const kept = new Set(this.#neighbours)
    for (const [target, searches] of this.#searches) {
      for (const [from, search] of searches) if (!kept.has(search)) searches.delete(from)
      if (searches.size === 0) this.#searches.delete(target)
    }
  }

  /** Starts the table of addresses anew with those of the connections that are open. */
  #forgetAddresses(): void {
    const texts = this.#addressTexts
    this.#addresses = new AddressTable()
    this.#addressTexts = []
    this.#flows = new FlowTable()
    this.#recentFlows.clear()
    const id = (text: string): number => {
      const bytes = parseAddress(text)!
      const found = this.#addresses.id(bytes, 0, bytes.length === 4 ? 4 : 6)
      this.#addressTexts[found] = text
      return found
    }
    for (const open of this.#open) {
      if (open === null) continue
      open.a = id(texts[open.a])
      open.b = id(texts[open.b])
      this.#flows.set(open.a, open.portA, open.b, open.portB, open.slot)
    }
  }

  #observations(info: CaptureInfo, parts: CapturePart[], connections: ConnectionTable[]): Observations {
    const first = Math.min(this.#first, this.#partFirst)
    const last = Math.max(this.#last, this.#partLast)
    return {
      version: 1,
      epoch: this.#epoch ?? 0,
      parts,
      interfaces: info.interfaces,
      frames: this.#frames,
      first: Number.isFinite(first) ? first : -1,
      last: Number.isFinite(last) ? last : -1,
      setBacks: this.#clock.setBacks.slice(),
      linkTypes: this.#linkTypes,
      counts: this.#counts,
      connections,
      lookups: this.#lookups.finish(),
      icmpErrors: this.#icmpErrors,
      neighbours: this.#neighbours,
      evicted: this.#evicted,
      forgotten: { ...this.#forgotten, exchanges: this.tally.exchangesLeft, lookups: this.#lookups.forgotten },
    }
  }

  /** A TCP segment, whose frame and time are noted already. */
  #tcp(packet: Packet): void {
    const layers = this.#layers
    const s = this.#segment
    readSegment(s, layers)
    s.link = linkOf(packet.interfaceId, layers)
    const counts = this.#counts
    counts.tcp++
    if (s.flags & (tcp.SYN | tcp.FIN | tcp.RST)) countFlags(counts, s.flags)
    const direction = this.#direction(s)
    const open = this.#open[direction >> 1]!
    if (!open.tracker.segment((direction & 1) as SideIndex, s, open.streams)) counts.duplicates++
    open.tracker.captured(packet.interfaceId, layers.vlan)
    if (s.flags & (tcp.FIN | tcp.RST) && open.overSince < 0 && open.tracker.closed) {
      open.streams.settle(s.frame, s.time)
      this.#linger(open, s.time)
    }
  }

  /** Twice the slot of the segment's connection, and one more where its second side sends. */
  #direction(s: Segment): number {
    const { bytes, sourceAt, transportAt, ipVersion } = this.#layers
    if (ipVersion !== 4 || s.flags & tcp.SYN) return this.#lookUp(s)
    const known = this.#recentFlows.find(bytes, sourceAt, transportAt)
    if (known >= 0) return known
    const direction = this.#lookUp(s)
    this.#recentFlows.set(bytes, sourceAt, transportAt, direction)
    return direction
  }

  #lookUp(s: Segment): number {
    const { bytes, sourceAt, destinationAt, transportAt, ipVersion } = this.#layers
    const a = this.#addresses.id(bytes, sourceAt, ipVersion as 4 | 6)
    const b = this.#addresses.id(bytes, destinationAt, ipVersion as 4 | 6)
    const portA = tcp.sourcePort(bytes, transportAt)
    const portB = tcp.destinationPort(bytes, transportAt)
    let slot = this.#flows.find(a, portA, b, portB)
    if (slot >= 0 && s.flags & tcp.SYN) {
      const { tracker, a: first, portA: firstPort } = this.#open[slot]!
      if (tracker.isAnother(first === a && firstPort === portA ? 0 : 1, s)) {
        this.#close(slot)
        slot = -1
      }
    }
    if (slot < 0) slot = this.#begin(a, portA, b, portB, s.frame, s.time)
    const open = this.#open[slot]!
    return slot * 2 + (open.a === a && open.portA === portA ? 0 : 1)
  }

  #begin(a: number, portA: number, b: number, portB: number, frame: number, time: number): number {
    if (this.#open.length - this.#free.length >= OPEN_LIMIT) this.#evict()
    const { tracker, streams } = this.#reader({ frame, time }, portA, portB)
    const slot = this.#free.pop() ?? this.#open.length
    this.#open[slot] = { slot, tracker, streams, a, portA, b, portB, overSince: -1 }
    this.#flows.set(a, portA, b, portB, slot)
    // Texts of addresses are made when first met, while their bytes are at hand.
    const { bytes, sourceAt, destinationAt, ipVersion } = this.#layers
    this.#addressTexts[a] ??= formatAddress(bytes, sourceAt, ipVersion as 4 | 6)
    this.#addressTexts[b] ??= formatAddress(bytes, destinationAt, ipVersion as 4 | 6)
    return slot
  }

  /** What reads a connection: that of one before which is over, or a new one. */
  #reader(first: Moment, portA: number, portB: number): Reader {
    const lowerPort = portA < portB ? 0 : 1
    const isDns = portA === DNS_PORT || portB === DNS_PORT
    const spare = this.#spare.pop()
    if (spare !== undefined) {
      spare.tracker.renew(first)
      spare.streams.renew(lowerPort, isDns)
      return spare
    }
    const connection = new ConnectionTracker(first, this.#held, this.#recentPackets, this.#blocks)
    const surroundings = {
      connection,
      strings: this.#strings,
      budget: this.#budget,
      tls: this.#tls,
      tally: this.tally,
    }
    return { tracker: connection, streams: new ConnectionStreams(surroundings, lowerPort, isDns) }
  }

  #udp(frame: number, time: number): void {
    this.#counts.udp++
    const { bytes, transportAt: at, transportEnd: end, sourceAt, destinationAt, ipVersion } = this.#layers
    const source = tcp.sourcePort(bytes, at)
    const destination = tcp.destinationPort(bytes, at)
    if ((source !== DNS_PORT && destination !== DNS_PORT) || end - at <= 8) return
    this.#lookups.message(
      readDns(bytes, at + 8, end).message,
      formatAddress(bytes, sourceAt, ipVersion as 4 | 6),
      formatAddress(bytes, destinationAt, ipVersion as 4 | 6),
      { frame, time },
    )
  }

  #icmp(frame: number, time: number): void {
    this.#counts.icmp++
    const layers = this.#layers
    if (neighbourMessage(layers) !== null) {
      this.#neighbour(frame, time)
      return
    }
    const quote = this.#quote
    if (!icmp.quoted(layers, quote)) return
    if (this.#icmpErrors.length >= ICMP_LIMIT) {
      this.#forgotten.icmpErrors++
      return
    }
    const { bytes, transportAt: at } = layers
    const version = layers.ipVersion as 4 | 6
    this.#icmpErrors.push({
      frame,
      time,
      from: formatAddress(bytes, layers.sourceAt, version),
      protocol: quote.protocol,
      source: formatAddress(bytes, quote.sourceAt, version),
      destination: formatAddress(bytes, quote.destinationAt, version),
      sourcePort: quote.sourcePort,
      destinationPort: quote.destinationPort,
      sequence: quote.sequence,
      type: icmp.type(bytes, at),
      code: icmp.code(bytes, at),
      version,
      mtu: icmp.mtu(bytes, at, version),
      text: icmp.describe(bytes, at, version),
    })
  }

  #neighbour(frame: number, time: number): void {
    const layers = this.#layers
    const message = neighbourMessage(layers)
    if (message === null) return
    const version = neighbourVersion(layers)
    const target = formatAddress(layers.bytes, neighbourAddressAt(layers), version)
    let searches = this.#searches.get(target)
    if (message === 'reply') {
      for (const search of searches?.values() ?? []) search.answer ??= { frame, time }
      return
    }
    const from = formatAddress(layers.bytes, layers.sourceAt, version)
    let search = searches?.get(from)
    // Asked again after an answer: a search of its own, in the place of the old one if that went as it should.
    const isHealthy = search !== undefined && search.answer !== null && search.requests.length === 1
    if (search?.answer) {
      if (isHealthy) {
        search.requests = []
        search.answer = null
      } else search = undefined
    }
    if (search === undefined) {
      if (this.#neighbours.length >= NEIGHBOUR_LIMIT) {
        this.#forgotten.neighbours++
        return
      }
      if (searches === undefined) this.#searches.set(target, (searches = new Map()))
      searches.set(from, (search = { from, target, requests: [], answer: null }))
      this.#neighbours.push(search)
    }
    if (search.requests.length < 64) search.requests.push({ frame, time })
  }

  /** Keeps a connection that ended for a while. */
  #linger(open: Open, now: number): void {
    open.overSince = now
    this.#over.push(open)
  }

  /** Closes the connections that ended a while ago, and the first of those that ended when there are too many. */
  #sweep(now: number): void {
    this.#sinceSweep = 0
    const over = this.#over
    let at = 0
    for (const stop = over.length; at < stop; at++) {
      const open = over[at]
      if (this.#open[open.slot] !== open) continue
      if (stop - at <= LINGER_LIMIT) {
        if (now - open.overSince <= LINGER_NS) break
        if (now - open.tracker.lastTime <= LINGER_NS) {
          this.#linger(open, now)
          continue
        }
      }
      this.#close(open.slot)
    }
    if (at > 0) over.splice(0, at)
  }

  /** Closes the connection that has been idle for longest, of a sample. */
  #evict(): void {
    let oldest = -1
    for (let i = 0, slot = this.#evicted % this.#open.length; i < 64; i++, slot = (slot + 1) % this.#open.length) {
      const open = this.#open[slot]
      if (open && (oldest < 0 || open.tracker.lastTime < this.#open[oldest]!.tracker.lastTime)) oldest = slot
    }
    if (oldest < 0) oldest = this.#open.findIndex((open) => open !== null)
    this.#evicted++
    this.#close(oldest)
  }

  #close(slot: number): void {
    const open = this.#open[slot]
    if (!open) return
    this.#open[slot] = null
    this.#recentFlows.clear()
    this.#free.push(slot)
    this.#flows.delete(open.a, open.portA, open.b, open.portB)
    open.tracker.end(open.streams)
    open.streams.end(open.tracker.lastFrame, open.tracker.lastTime)
    const ends = this.#endsOf(open)
    const { exchanges } = open.streams.heard.told()
    const isKept = countOf(exchanges) > 0 || this.#mayKeepBare(ends)
    // Nothing is made of a connection that is not kept: of a flood it would be more than all that is.
    if (isKept || ends.serverPort === DNS_PORT) {
      const connection = this.#record(open, ends)
      this.#lookups.connection(connection)
      if (isKept) this.#connections.add(connection)
    }
    if (!isKept) this.#forgotten.connections++
    open.tracker.log.release()
    if (this.#spare.length < SPARE) this.#spare.push({ tracker: open.tracker, streams: open.streams })
  }

  /** Counts a connection without an exchange, if there is room for it. */
  #mayKeepBare({ serverAddress, serverPort }: Ends): boolean {
    const server = `${serverAddress} ${serverPort}`
    const count = this.#bare.get(server) ?? 0
    if (count >= BARE_OF_SERVER || this.#bareCount >= BARE_LIMIT) return false
    this.#bare.set(server, count + 1)
    this.#bareCount++
    return true
  }

  #forgetBare({ serverAddress, serverPort }: ConnectionRecord): void {
    const server = `${serverAddress} ${serverPort}`
    const count = this.#bare.get(server)! - 1
    if (count === 0) this.#bare.delete(server)
    else this.#bare.set(server, count)
    this.#bareCount--
  }

  #endsOf({ tracker, streams, a, portA, b, portB }: Open): Ends {
    const { orientation, client } = orient(tracker, streams, portA, portB)
    const flipped = client === 1
    return {
      orientation,
      client,
      clientAddress: this.#addressTexts[flipped ? b : a],
      clientPort: flipped ? portB : portA,
      serverAddress: this.#addressTexts[flipped ? a : b],
      serverPort: flipped ? portA : portB,
    }
  }

  /** `standing`: of a connection that goes on. */
  #record({ tracker, streams }: Open, ends: Ends, how: 'over' | 'standing' = 'over'): ConnectionRecord {
    const { client } = ends
    const flipped = client === 1
    const server = flipped ? 0 : 1
    const { heard } = streams
    const isOver = how === 'over'
    const { exchanges, tls, http2, inside } = isOver ? heard.told() : heard.standing()
    const count = countOf(exchanges)
    const { packets, omitted } =
      count > 0 ? { packets: [], omitted: 0 } : this.#budget[isOver ? 'keep' : 'peek'](tracker.log)
    // The tracker numbers the sides by who was heard first; in the record the client is 0.
    if (flipped) {
      flipSides(packets)
      for (const exchange of exchanges.troubled) {
        // What stands is the ledger's still.
        if (!isOver) exchange.detail = { ...exchange.detail!, packets: exchange.detail!.packets.slice() }
        flipSides(exchange.detail!.packets)
      }
    }
    return {
      clientPort: ends.clientPort,
      clientAddress: ends.clientAddress,
      serverAddress: ends.serverAddress,
      serverPort: ends.serverPort,
      orientation: ends.orientation,
      first: tracker.first,
      last: { frame: tracker.lastFrame, time: tracker.lastTime },
      lastFrom: tracker.lastFrom === client ? 0 : 1,
      syns: tracker.syns,
      synAck: tracker.synAck,
      synAckRepeats: tracker.synAckRepeats,
      established: tracker.established,
      sides: [tracker.halves[client], tracker.halves[server]],
      speaks: [heard.sides[client].speaks, heard.sides[server].speaks],
      inside: [inside[client], inside[server]],
      tls,
      http2,
      proxyHeader: heard.proxyHeader,
      proxiedFor: heard.proxiedFor,
      exchanges,
      exchangeCount: count,
      packets,
      packetsOmitted: omitted,
      firstBytes: [heard.sides[client].firstBytes, heard.sides[server].firstBytes],
      interfaces: tracker.interfaces,
      vlans: tracker.vlans,
    }
  }

  /** The same string object for equal texts, as long as there are not too many different ones. */
  #string(text: string): string {
    const known = this.#known.get(text)
    if (known !== undefined) return known
    if (this.#known.size < STRINGS) this.#known.set(text, text)
    return text
  }
}

const countOf = ({ ids, troubled }: ExchangeTable): number => ids.length + troubled.length

/** Which side opened the connection: by SYN, by who sends requests, by a refusal, or by the lower port. */
function orient(
  tracker: ConnectionTracker,
  streams: ConnectionStreams,
  portA: number,
  portB: number,
): { orientation: Connection['orientation']; client: SideIndex } {
  if (tracker.synFrom >= 0) return { orientation: 'syn', client: tracker.synFrom as SideIndex }
  if (streams.heard.client >= 0) return { orientation: 'content', client: streams.heard.client as SideIndex }
  return { orientation: 'port', client: portA >= portB ? 0 : 1 }
}

function countFlags(counts: Observations['counts'], flags: number): void {
  if (flags & tcp.SYN) {
    if (flags & tcp.ACK) counts.synAck++
    counts.syn++
  }
  if (flags & tcp.FIN) counts.fin++
  if (flags & tcp.RST) counts.rst++
}

/** A number for the way a frame came: copies of one packet differ in it, repetitions by the sender do not. */
function linkOf(interfaceId: number, layers: Layers): number {
  let h = Math.imul(interfaceId + 1, 0x9e3779b1) ^ Math.imul(layers.cookedInterface + 2, 0x85ebca6b)
  h = Math.imul(h ^ (layers.vlan + 1), 0xc2b2ae35) ^ layers.ttl ^ ((layers.cookedType + 1) << 8)
  return Math.imul(h ^ (layers.sourceMac | 0), 0x27d4eb2f)
}
