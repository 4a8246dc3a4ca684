// One TCP conversation, told by the test: who sends what, what is lost, who waits. Sequence numbers count from the
// initial one here and wrap only when they are written.
import { text, type Bytes } from './bytes.ts'
import { icmpPacket, type IcmpError } from './icmp.ts'
import { isIp6, TCP, type IpFields } from './ip.ts'
import { IP4, IP6 } from './link.ts'
import { expectedAt, lengthOf, NOTHING, receive, side, type Host, type Segment, type Side } from './side.ts'
import { tcpPacket, type TcpOptions } from './segment.ts'
import { carry, nanoseconds, type Fate, type Nanoseconds, type Wire } from './wire.ts'

/** '>' from the side that opens to the side that accepts, '<' the other way. */
export type Direction = '>' | '<'

export interface TcpSetup {
  /** Round-trip time in seconds; 0.001. */
  rtt?: number
  /** Port of the opening side; counts up from 40001. */
  port?: number
  /** Announced by both, or [opening, accepting]; 1460, over IPv6 1440. */
  mss?: number | [number, number]
  /** Null leaves the option out; 7. */
  windowScale?: number | null
  sack?: boolean
  timestamps?: boolean
  /** Receive window in bytes; 64256. */
  window?: number
  /** Initial sequence numbers [opening, accepting]. */
  isn?: [number, number]
  /** Vantages between the two hosts, evenly spread on the way. */
  via?: string[]
  /** Routers on the way. */
  hops?: number
}

export interface PacketOptions extends Fate {
  /** Window in bytes for this packet only. */
  window?: number
  badChecksum?: boolean
}

export interface SendOptions extends Omit<PacketOptions, 'lost' | 'unseen'> {
  /** As in Fate, or the segments (from 0) of this send that are lost. */
  lost?: boolean | number[]
  /** As in Fate, or the segments (from 0) of this send that no capture has. */
  unseen?: boolean | string[] | number[]
  /**
   * How the receiver acknowledges: at once (every second segment and the last), the last 40 ms later unless it sends
   * before, not until it sends itself, or in vain because the acknowledgements are lost. 'now'.
   */
  ack?: 'now' | 'delayed' | 'none' | 'lost'
}

export interface RawSegment extends PacketOptions {
  /** Letters, as 'PA'. */
  flags: string
  /** Distance from the next sequence number to send, and from the next one expected. */
  seqOffset?: number
  ackOffset?: number
  payload?: string | Bytes
}

export interface IcmpOptions extends Fate {
  /** Address of the router, or of the other host; the router next to the sender, x.x.x.254, when not said. */
  from?: string
  /** Direction of the packet it is about: the last one sent that way. */
  about?: Direction
  mtu?: number
  /** Bytes of that packet that it quotes; IP header and 8 bytes. */
  quoteBytes?: number
}

/** Every call sends at the present time and leaves the clock at the arrival of what it sent (if lost: at its leaving). */
export interface Tcp {
  /** The two ends as `address:port`. */
  readonly left: string
  readonly right: string
  syn(options?: PacketOptions): Tcp
  synAck(options?: PacketOptions): Tcp
  /** SYN, SYN-ACK, ACK; `unseen: true` for a connection that is older than the capture. */
  handshake(options?: PacketOptions): Tcp
  /** A pure acknowledgement of all that has arrived. */
  ack(direction: Direction, options?: PacketOptions): Tcp
  /** Data, cut into segments. */
  send(direction: Direction, data: string | Bytes, options?: SendOptions): Tcp
  /** The oldest unacknowledged segment again (none: the last one), once after each pause in seconds; [0.2]. */
  retransmit(direction: Direction, options?: SendOptions & { after?: number[] }): Tcp
  fin(direction: Direction, options?: SendOptions): Tcp
  /** FIN this way, FIN and ACK the other way, ACK. */
  close(direction: Direction, options?: PacketOptions): Tcp
  /** RST with ACK; `bare` without, `seqOffset` away from the next sequence number. */
  rst(direction: Direction, options?: PacketOptions & { bare?: boolean; seqOffset?: number }): Tcp
  /** The sender announces this receive window, in bytes, now and from now on. */
  window(direction: Direction, bytes: number, options?: PacketOptions): Tcp
  /** An empty segment one below the next sequence number, and its acknowledgement. */
  keepAlive(direction: Direction, options?: SendOptions): Tcp
  /** One byte of new data into a closed window: acknowledged, not accepted. */
  windowProbe(direction: Direction, options?: SendOptions): Tcp
  /** Any segment; nothing answers it and no state changes. */
  segment(direction: Direction, segment: RawSegment): Tcp
  icmp(error: IcmpError, options?: IcmpOptions): Tcp
  /** Time passes, for the whole network; a negative time goes back, for what crosses the last packet on its way. */
  wait(seconds: number): Tcp
}

const SEGMENT_GAP: Nanoseconds = 10_000
const DELAYED_ACK: Nanoseconds = 40_000_000

export function tcp(wire: Wire, opener: Host, acceptor: Host, port: number, localPort: number, setup: TcpSetup): Tcp {
  const ip6 = isIp6(opener.ip)
  const {
    rtt = 0.001,
    mss = ip6 ? 1440 : 1460,
    windowScale = 7,
    sack = true,
    timestamps = true,
    via = [],
    hops = 0,
  } = setup
  const oneWay = nanoseconds(rtt / 2)
  const [openerMss, acceptorMss] = typeof mss === 'number' ? [mss, mss] : mss
  const [openerIsn, acceptorIsn] = setup.isn ?? [0x10000000 + localPort * 1000, 0x70000000 + localPort * 1000]
  const window = setup.window ?? 64256
  const left = side(opener, localPort, openerIsn, openerMss, window)
  const right = side(acceptor, port, acceptorIsn, acceptorMss, window)
  const ends = (direction: Direction): [Side, Side] => (direction === '>' ? [left, right] : [right, left])

  function vantages(direction: Direction): string[] {
    const way = [opener.name, ...via, acceptor.name]
    return direction === '>' ? way : way.toReversed()
  }

  function link(source: Side, destination: Side) {
    return { sourceMac: source.host.mac, destinationMac: destination.host.mac, etherType: ip6 ? IP6 : IP4 }
  }

  /** Puts one segment on the wire; when it arrives, the receiver takes note of it. */
  function emit(direction: Direction, segment: Segment, options: PacketOptions, at: Nanoseconds, ackOffset = 0) {
    const [me, peer] = ends(direction)
    const syn = segment.flags.includes('S')
    const bytes = options.window ?? me.window
    const scaled = syn || windowScale === null ? Math.min(bytes, 0xffff) : Math.min(bytes >>> windowScale, 0xffff)
    const acks = segment.flags.includes('A')
    const ack = expectedAt(me, at) + ackOffset
    const fields = {
      sourcePort: me.port,
      destinationPort: peer.port,
      seq: (me.isn + segment.seq) >>> 0,
      ack: acks ? (peer.isn + ack) >>> 0 : 0,
      flags: segment.flags,
      window: segment.flags.includes('R') ? 0 : scaled,
      options: segment.flags.includes('R') ? {} : optionsOf(me, peer, syn, acks, at),
      payload: segment.payload,
      badChecksum: options.badChecksum ?? false,
    }
    // Who forges a packet does not know what its alleged sender has counted to.
    const ipId = options.ipId ?? (options.forged ? 0 : me.host.ipId++ & 0xffff)
    const ttl = options.ttl ?? me.host.ttl
    const ip: IpFields = { source: me.host.ip, destination: peer.host.ip, protocol: TCP, ttl, ipId }
    const packet = (passed: number): Bytes => tcpPacket({ ...ip, ttl: ttl - passed }, fields)
    withdrawDelayedAck(me, at)
    const way = { at, vantages: vantages(direction), oneWay, hops, fate: options, link: link(me, peer), packet }
    const { arrival, seen } = carry(wire, way)
    if (!options.forged) me.lastPacket = packet(0)
    if (!options.lost && acks) peer.unacknowledged = Math.max(peer.unacknowledged, ack)
    if (!options.lost && fields.options.timestamps) peer.timestampToEcho = fields.options.timestamps[0]
    return { arrival, seen }
  }

  function optionsOf(me: Side, peer: Side, syn: boolean, acks: boolean, at: Nanoseconds): TcpOptions {
    const stamp = me.host.mac * 1_000_000 + Math.floor(at / 1e6) // milliseconds, from another zero on each host
    const common: TcpOptions = timestamps ? { timestamps: [stamp, acks ? me.timestampToEcho : 0] } : {}
    if (syn) return { ...common, mss: me.mss, sackPermitted: sack, windowScale: windowScale ?? undefined }
    if (!sack || !acks) return common
    const blocks = [...(me.duplicate ? [me.duplicate] : []), ...me.islands].slice(0, timestamps ? 3 : 4)
    me.duplicate = null // RFC 2883: a duplicate is reported once
    const wrapped = blocks.map(([from, to]) => [(peer.isn + from) >>> 0, (peer.isn + to) >>> 0] as [number, number])
    return { ...common, sack: wrapped }
  }

  function acknowledge(direction: Direction, at: Nanoseconds, options: PacketOptions = {}) {
    const [me] = ends(direction)
    return emit(direction, { seq: me.next, flags: 'A', payload: NOTHING }, options, at)
  }

  /** Sends segments back to back, lets the other side acknowledge as told, and moves the clock. */
  function deliver(direction: Direction, segments: Segment[], options: SendOptions): void {
    const [me, peer] = ends(direction)
    const { ack = 'now', lost, unseen, ...rest } = options
    let end = wire.now
    let waiting = 0
    for (const [i, segment] of segments.entries()) {
      const at = wire.now + i * SEGMENT_GAP
      const fate = { lost: pick(lost, i), unseen: isNumbers(unseen) ? unseen.includes(i) : (unseen ?? false) }
      const { arrival } = emit(direction, segment, { ...rest, ...fate }, at)
      me.next = Math.max(me.next, segment.seq + lengthOf(segment))
      end = Math.max(end, arrival)
      if (fate.lost) continue
      const urgent = receive(peer, segment, arrival)
      waiting++
      const last = i === segments.length - 1
      if (ack === 'none' || segment.flags.includes('S') || !(urgent || last || waiting === 2)) continue
      if (ack === 'delayed' && !urgent && waiting < 2) {
        const late = arrival + DELAYED_ACK
        peer.delayedAck = { at: late, seen: acknowledge(other(direction), late).seen }
      } else acknowledge(other(direction), arrival, { lost: ack === 'lost' })
      waiting = 0
    }
    wire.now = end
  }

  /** A segment with a place in the sequence: remembered for retransmission. */
  function fresh(direction: Direction, flags: string, payload: Bytes = NOTHING): Segment {
    const [me] = ends(direction)
    const segment = { seq: me.next, flags, payload }
    me.sent.push(segment)
    return segment
  }

  function withdrawDelayedAck(me: Side, at: Nanoseconds): void {
    if (me.delayedAck && me.delayedAck.at > at) {
      const { seen } = me.delayedAck
      wire.sightings = wire.sightings.filter((sighting) => !seen.includes(sighting))
    }
    me.delayedAck = null
  }

  const conversation: Tcp = {
    left: endpoint(left),
    right: endpoint(right),
    syn(options = {}) {
      deliver('>', [fresh('>', 'S')], options)
      return conversation
    },
    synAck(options = {}) {
      deliver('<', [fresh('<', 'SA')], options)
      return conversation
    },
    handshake: (options = {}) => conversation.syn(options).synAck(options).ack('>', options),
    ack(direction, options = {}) {
      wire.now = acknowledge(direction, wire.now, options).arrival
      return conversation
    },
    send(direction, data, options = {}) {
      const [me, peer] = ends(direction)
      const payload = typeof data === 'string' ? text(data) : data
      const size = Math.min(me.mss, peer.mss) - (timestamps ? 12 : 0)
      const segments: Segment[] = []
      for (let at = 0; at < payload.length; at += size) {
        const flags = at + size >= payload.length ? 'PA' : 'A'
        segments.push({ seq: me.next + at, flags, payload: payload.subarray(at, at + size) })
      }
      me.sent.push(...segments)
      deliver(direction, segments, options)
      return conversation
    },
    retransmit(direction, { after = [0.2], ...options } = {}) {
      const [me] = ends(direction)
      for (const pause of after) {
        conversation.wait(pause)
        const outstanding = me.sent.find((segment) => segment.seq + lengthOf(segment) > me.unacknowledged)
        const again = outstanding ?? me.sent.at(-1)
        if (!again) throw new Error(`nothing was sent ${direction} that could be retransmitted`)
        deliver(direction, [again], options)
      }
      return conversation
    },
    fin(direction, options = {}) {
      deliver(direction, [fresh(direction, 'FA')], options)
      return conversation
    },
    close(direction, options = {}) {
      conversation.fin(direction, { ...options, ack: 'none' })
      return conversation.fin(other(direction), options)
    },
    rst(direction, { bare = false, seqOffset = 0, ...options } = {}) {
      const [me] = ends(direction)
      const refusal = me.next === 0 && direction === '<' // no sequence number of its own yet: RFC 9293 section 3.10.7.1
      const seq = refusal ? -me.isn : me.next + seqOffset
      wire.now = emit(direction, { seq, flags: bare ? 'R' : 'RA', payload: NOTHING }, options, wire.now).arrival
      return conversation
    },
    window(direction, bytes, options = {}) {
      ends(direction)[0].window = bytes
      return conversation.ack(direction, options)
    },
    keepAlive(direction, options = {}) {
      const [me] = ends(direction)
      deliver(direction, [{ seq: me.next - 1, flags: 'A', payload: NOTHING }], options)
      return conversation
    },
    windowProbe(direction, { ack = 'now', lost, unseen, ...rest } = {}) {
      const [me] = ends(direction)
      const fate = { lost: pick(lost, 0), unseen: isNumbers(unseen) ? unseen.includes(0) : (unseen ?? false) }
      const probe = { seq: me.next, flags: 'A', payload: Uint8Array.of(0x20) }
      wire.now = emit(direction, probe, { ...rest, ...fate }, wire.now).arrival
      if (!fate.lost && ack !== 'none') acknowledge(other(direction), wire.now, { lost: ack === 'lost' })
      return conversation
    },
    segment(direction, { flags, seqOffset = 0, ackOffset = 0, payload = '', ...options }) {
      const [me] = ends(direction)
      const bytes = typeof payload === 'string' ? text(payload) : payload
      const segment = { seq: me.next + seqOffset, flags, payload: bytes }
      wire.now = emit(direction, segment, options, wire.now, ackOffset).arrival
      return conversation
    },
    icmp(error, { about = '>', mtu = 1400, from, quoteBytes, ...fate } = {}) {
      const [me, peer] = ends(about)
      const source = from ?? me.host.ip.replace(/[^.:]*$/, ip6 ? 'fe' : '254')
      const byPeer = source === peer.host.ip
      const ipId = fate.ipId ?? 1
      const packet = (passed: number): Bytes => {
        const ip = { source, destination: me.host.ip, ttl: (fate.ttl ?? 64) - passed, ipId }
        return icmpPacket(ip, error, me.lastPacket, mtu, quoteBytes ?? (ip6 ? 48 : 28))
      }
      // A router half-way saw the packet when half of the way was over, and its word takes as long back.
      const at = byPeer || fate.lost ? wire.now : wire.now + oneWay / 2
      const way = { vantages: vantages(other(about)), oneWay, hops, link: link(peer, me), packet }
      wire.now = carry(wire, { ...way, at, fate: { ...fate, forged: !byPeer } }).arrival
      return conversation
    },
    wait(seconds) {
      wire.now += nanoseconds(seconds)
      return conversation
    },
  }
  return conversation
}

const endpoint = ({ host, port }: Side): string => (isIp6(host.ip) ? `[${host.ip}]:${port}` : `${host.ip}:${port}`)
const other = (direction: Direction): Direction => (direction === '>' ? '<' : '>')
const pick = (lost: boolean | number[] | undefined, i: number): boolean =>
  Array.isArray(lost) ? lost.includes(i) : (lost ?? false)
const isNumbers = (value: unknown): value is number[] => Array.isArray(value) && typeof value[0] === 'number'
