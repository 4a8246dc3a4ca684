// One TCP connection while it is open: what each packet means for it, which bytes are new and in order, and what of it
// is worth keeping. Knows segments and streams; what the bytes say is the business of the two stream sinks.
import {
  DUPLICATE_ACK,
  GAP_BEFORE,
  KEEP_ALIVE,
  type Moment,
  OUT_OF_ORDER,
  RETRANSMISSION,
  type SideIndex,
  SPURIOUS,
  WINDOW_FULL,
  WINDOW_PROBE,
} from '../observe/observations.ts'
import { ACK, FIN, RST, SYN, type TcpOptions } from '../wire/tcp.ts'
import { FARTHEST, Half, Held, type StreamSink } from './half.ts'
import { widen } from './numbers.ts'
import { type PacketBlocks, PacketLog } from './packet-log.ts'
import { RecentPackets } from './recent.ts'
import type { Segment } from './segment.ts'

/**
 * A hole that is filled within this time was reordering; later, it was a retransmission. A known round-trip time is
 * better: nobody learns of a hole sooner. As Wireshark has it.
 */
const REORDER_NS = 3e6
/** IP identifications this close together were counted up. */
const ID_DISTANCE = 256
/** A RST further ahead than this is outside of any window that is usual, and the receiver ignores it. */
const RESET_AHEAD = 1 << 24
/** How long an acknowledged hole may still be filled by frames that were captured late. */
const LATE_CAPTURE_NS = 10e6

/** What the tracker tells the layer above, beside bytes. `from` is 0 for the sender of the connection's first packet. */
export interface StreamEvents {
  /** The sink for the bytes of one side; null where nobody wants them. */
  sink(from: SideIndex): StreamSink | null
  /** All bytes up to the side's FIN were handed on. */
  closed(from: SideIndex, moment: Moment): void
  /** The connection was reset by a side. */
  reset(from: SideIndex, moment: Moment): void
}

/** Stand for lists that nothing was put into yet. */
const NO_NUMBERS: number[] = []
const NO_MOMENTS: Moment[] = []

export class ConnectionTracker {
  /** Index 0 is the sender of the first packet. */
  readonly halves: [Half, Half]
  readonly log: PacketLog
  first: Moment
  lastFrame = -1
  lastTime = -1
  lastFrom: SideIndex = 0
  /** Time of the last packet with payload, before the current one. */
  lastDataTime = -1
  syns: Moment[] = NO_MOMENTS
  /** Who sent the SYN: 0 or 1, -1 when it was not seen. */
  synFrom = -1
  synAck: Moment | null = null
  synAckRepeats: Moment[] = NO_MOMENTS
  established: Moment | null = null
  /** A RST that its receiver must have taken. */
  reset = false
  /** Where it was captured first, and the lists where that is not all. */
  #interface = -1
  #interfaces = NO_NUMBERS
  #vlan = -1
  #vlans = NO_NUMBERS
  readonly #recent: RecentPackets
  /** Nothing is open on either side, and the handshake is behind us: see `#straight`. */
  #isCalm = false

  /** `held`, `recent` and `blocks` are shared by the connections of a capture. */
  constructor(moment: Moment, held: Held, recent: RecentPackets, blocks?: PacketBlocks) {
    this.first = moment
    this.#recent = recent
    this.log = new PacketLog(blocks)
    this.halves = [new Half(held), new Half(held)]
  }

  /**
   * As it was when it was made, for the connection that begins at `moment`. Nobody may hold on to the one before: most of
   * what short connections cost would be trackers that the collector moves about.
   */
  renew(moment: Moment): void {
    for (const half of this.halves) half.renew()
    this.log.renew()
    this.first = moment
    this.lastFrame = -1
    this.lastTime = -1
    this.lastFrom = 0
    this.lastDataTime = -1
    this.syns = NO_MOMENTS
    this.synFrom = -1
    this.synAck = null
    this.synAckRepeats = NO_MOMENTS
    this.established = null
    this.#interface = -1
    this.#interfaces = NO_NUMBERS
    this.#vlan = -1
    this.#vlans = NO_NUMBERS
    this.reset = false
    this.#isCalm = false
  }

  /** Notes where a packet was captured. Nearly always it is where the first one was. */
  captured(interfaceId: number, vlan: number): void {
    if (this.#interface < 0) {
      this.#interface = interfaceId
      this.#vlan = vlan
    }
    if (this.#interface !== interfaceId) {
      this.#interfaces = withNumber(this.#interfaces, this.#interface, interfaceId)
    }
    if (this.#vlan !== vlan) this.#vlans = withNumber(this.#vlans, this.#vlan, vlan)
  }

  /** Interfaces and VLANs that it was captured at, the first ones. */
  get interfaces(): number[] {
    return this.#interfaces.length === 0 ? [this.#interface] : this.#interfaces
  }

  get vlans(): number[] {
    return this.#vlans.length === 0 ? [this.#vlan] : this.#vlans
  }

  get closed(): boolean {
    return this.reset || (this.halves[0].fin >= 0 && this.halves[1].fin >= 0)
  }

  /** Whether a SYN or SYN-ACK opens another connection on the same addresses and ports. */
  isAnother(from: SideIndex, s: Segment): boolean {
    const half = this.halves[from]
    const other = this.halves[from === 0 ? 1 : 0]
    // Not heard of before, and what it answers, if anything, is the other side's SYN: also a simultaneous open.
    const answers = !(s.flags & ACK) || !other.known || other.base === s.ack
    if (!half.known) return !answers
    // The same initial sequence number: repeated, or captured after what acknowledges it or follows it.
    if (half.base === (s.seq + 1) >>> 0) return false
    // Two hosts may answer one SYN, each with a number of its own. And who opened does not accept.
    return !(s.flags & ACK) || (!answers && this.synFrom !== from)
  }

  /** Takes one segment. Returns false when it is a capture duplicate and was only counted. */
  segment(from: SideIndex, s: Segment, events: StreamEvents): boolean {
    if (this.#isCalm && this.#straight(from, s, events)) return true
    const isNoCopy = this.#general(from, s, events)
    this.#isCalm = this.#isCalmNow()
    return isNoCopy
  }

  /**
   * The two commonest segments, for speed: data in order, and an acknowledgement that is news, while nothing is open.
   * For them `#general` comes to just this. False, with nothing done, for any other.
   */
  #straight(from: SideIndex, s: Segment, events: StreamEvents): boolean {
    const half = this.halves[from]
    const other = this.halves[from === 0 ? 1 : 0]
    const { flags, length, frame, time } = s
    const position = half.max
    const ack = other.position(s.ack)
    const isUsual = (flags & (SYN | FIN | RST | ACK)) === ACK && s.options.sackCount === 0
    if (!isUsual || half.position(s.seq) !== position || ack > other.max || other.lastWindow === 0) return false
    if (length === 0 && ack <= half.lastAck) return false
    this.lastFrame = frame
    this.lastTime = time
    this.lastFrom = from
    half.lastNumber = this.#recent.add(s, half.lastNumber)
    half.lastFrame = frame
    if (half.ttl < 0) half.ttl = s.ttl
    other.acknowledge(ack)
    const window = half.windowScale < 0 || other.windowScale < 0 ? s.window : s.window << half.windowScale
    if (ack >= half.lastAck) {
      half.lastAck = ack
      half.lastWindow = window
    }
    let marks = 0
    if (length > 0) {
      const isFull = other.windowScale >= 0 && position + length === other.lastAck + other.lastWindow
      if (isFull && other.lastWindow > 0) marks = WINDOW_FULL
      half.begun = true
      half.strayEnd = -1
      half.book(position, length)
      half.deliver(events.sink(from) ?? NOBODY, position, length, s.bytes, s.at, s.end, frame, time)
      this.lastDataTime = time
    }
    this.log.add(s, from, position, ack, window, -1, marks)
    return true
  }

  #isCalmNow(): boolean {
    const isLate = this.halves[0].lateSince >= 0 || this.halves[1].lateSince >= 0
    const isOpen = this.established !== null || this.synFrom < 0
    return isOpen && !isLate && !this.reset && this.halves[0].isCalm && this.halves[1].isCalm
  }

  #general(from: SideIndex, s: Segment, events: StreamEvents): boolean {
    const to = from === 0 ? 1 : 0
    const half = this.halves[from]
    const other = this.halves[to]
    const { flags, length, time, frame } = s
    this.lastFrame = frame
    this.lastTime = time
    this.lastFrom = from
    if (this.#isCopy(half, other, s)) {
      half.captureDuplicates++
      return false
    }
    half.lastNumber = this.#recent.add(s, half.lastNumber)
    half.lastFrame = frame
    if (half.ttl < 0) half.ttl = s.ttl
    let marks = 0
    if (flags & SYN) marks = this.#handshake(from, half, s)
    // The refusal of a SYN that was not captured has sequence number 0 (RFC 9293 section 3.10.7.1).
    else if (this.synFrom < 0 && this.first.frame === frame && flags & RST && flags & ACK && s.seq === 0) {
      this.synFrom = to
    }

    // A RST may carry any numbers: it must not set the stage for the packets after it.
    let position = !half.known && flags & RST ? 1 : half.position(s.seq)
    let ack = -1
    if (flags & ACK) ack = flags & RST && !other.known ? 1 : other.position(s.ack)
    const scaled =
      flags & SYN || half.windowScale < 0 || other.windowScale < 0 ? s.window : s.window << half.windowScale

    let start = flags & SYN ? position + 1 : position
    let stray = false
    if (length > 0) {
      half.resume(events.sink(from) ?? NOBODY, start)
      stray = half.begun && Math.abs(start - half.max) > FARTHEST
      if (stray && start === half.strayEnd) {
        // Two segments that fit each other are no damage: more was lost than any window holds.
        if (start < half.max) {
          position += 2 ** 32
          start += 2 ** 32
        }
        stray = false
      }
      half.strayEnd = stray ? start + length : -1
      marks |= stray ? GAP_BEFORE : this.#classify(half, other, start, length, time, s.ipId)
      if (other.lastWindow > 0 && other.windowScale >= 0 && start + length === other.lastAck + other.lastWindow) {
        marks |= WINDOW_FULL
      }
    } else if (!(flags & (SYN | FIN | RST))) {
      const heard = half.begun || half.isn >= 0
      if (heard && position === half.max - 1) marks = other.lastWindow === 0 ? WINDOW_PROBE : KEEP_ALIVE
      else if (ack >= 0 && ack === half.lastAck && scaled === half.lastWindow && other.max > ack) marks = DUPLICATE_ACK
    } else if (flags & FIN && position === half.fin) marks = RETRANSMISSION
    if (ack >= 0 && !(flags & RST)) this.#acknowledge(to, other, ack, s, events)
    if (ack >= 1 && !(flags & (SYN | RST)) && this.established === null && from === this.synFrom) {
      this.established = { frame, time }
    }
    // Old acknowledgements that come late must not bring an old window back.
    if (!(flags & RST) && ack >= half.lastAck && ack <= other.max + 1) {
      half.lastAck = ack
      half.lastWindow = scaled
    }
    const sack = s.options.sackCount > 0 ? this.#highestSack(other, s.options) : -1

    if (length > 0 && !stray) this.#data(from, half, start, marks, s, events)
    else if (!(flags & (SYN | RST))) this.#begin(half, start)
    this.#settle(to, other, frame, time, events)

    this.log.add(s, from, position, ack, scaled, sack, marks)
    if (length > 0) this.lastDataTime = time
    if (flags & FIN && half.fin < 0 && !stray) {
      half.fin = start + length
      half.finFrame = frame
      half.finTime = time
    }
    this.#finish(from, half, events)
    if (flags & RST) this.#reset(from, half, other, position, s, events)
    return true
  }

  /** Ends the connection for good: hands on what waits behind holes. */
  end(events: StreamEvents): void {
    this.#handOn(this.lastFrame, this.lastTime, events)
  }

  /** What a packet repeats is looked up only where it may be one: a packet that brings news is no copy. */
  #isCopy(half: Half, other: Half, s: Segment): boolean {
    if (half.lastFrame < 0) return false
    if (half.known && !(s.flags & (SYN | FIN | RST))) {
      const news =
        s.length > 0
          ? half.position(s.seq) + s.length > half.max
          : s.flags & ACK && other.known && other.position(s.ack) > half.lastAck
      if (news) return false
    }
    // A closed port answers every segment of a burst, and so does a receiver that misses one: alike, but no copies.
    const isSpontaneous = !(s.flags & RST) && (s.length > 0 || s.flags & (SYN | FIN))
    const heard = isSpontaneous ? other.lastFrame : -1
    return this.#recent.holdsCopyOf(s, half.lastNumber, heard)
  }

  #handshake(from: SideIndex, half: Half, s: Segment): number {
    const moment = { frame: s.frame, time: s.time }
    const marks = half.isn === s.seq ? RETRANSMISSION : 0
    // Where two hosts answer one SYN, the one that is heard last before the client decides may be the one it takes.
    if (half.isn < 0 || (!half.begun && this.established === null)) half.start(s.seq)
    if (s.options.mss >= 0) half.mss = s.options.mss
    if (half.stamp === 0 && s.options.tsval >= 0) half.stamp = s.options.tsval | 0
    half.windowScale = s.options.windowScale < 0 ? -1 : Math.min(s.options.windowScale, 14)
    if (s.flags & ACK) {
      // In a simultaneous open (RFC 9293 section 3.5) both sides send SYN and SYN-ACK: the first SYN opened.
      if (this.synFrom < 0) this.synFrom = from === 0 ? 1 : 0
      if (from === this.synFrom) return marks
      if (this.synAck === null) this.synAck = moment
      else this.#noteSynAckRepeat(moment)
    } else {
      if (this.synFrom < 0) this.synFrom = from
      if (from === this.synFrom) this.#noteSyn(moment)
    }
    return marks
  }

  /** The first one makes the list: V8 gives an empty one that grows room for 17. */
  #noteSyn(moment: Moment): void {
    if (this.syns.length === 0) this.syns = [moment]
    else if (this.syns.length < 16) this.syns.push(moment)
  }

  #noteSynAckRepeat(moment: Moment): void {
    if (this.synAckRepeats.length === 0) this.synAckRepeats = [moment]
    else if (this.synAckRepeats.length < 16) this.synAckRepeats.push(moment)
  }

  #classify(half: Half, other: Half, position: number, length: number, time: number, ipId: number): number {
    const end = position + length
    const closed = other.lastWindow === 0
    if (!half.begun) return 0
    if (position >= half.max) {
      if (closed && length === 1) return WINDOW_PROBE
      if (position === half.max) return 0
      half.holeTime = time
      half.holeId = ipId
      return GAP_BEFORE
    }
    if (length === 1 && closed) return WINDOW_PROBE
    if (length === 1 && end === half.max && end <= half.acked) return KEEP_ALIVE
    if (position >= half.next && half.waiting > half.next && this.#isReordered(half, time, ipId)) {
      half.outOfOrder++
      return OUT_OF_ORDER
    }
    half.retransmissions++
    return end <= half.acked ? RETRANSMISSION | SPURIOUS : RETRANSMISSION
  }

  /** Whether the segment that fills a hole was sent before the one behind the hole. */
  #isReordered(half: Half, time: number, ipId: number): boolean {
    // Where the sender counts its packets, it says so itself.
    if (ipId > 0 && half.holeId > 0) {
      const ahead = ((ipId - half.holeId) << 16) >> 16
      if (Math.abs(ahead) < ID_DISTANCE) return ahead < 0
    }
    const measured = this.established !== null && this.syns.length === 1
    const limit = measured ? this.established!.time - this.syns[0].time : REORDER_NS
    return time - half.holeTime < limit
  }

  /**
   * The first that is seen of a side, but for its SYN. Where the other side's SYN was captured, what it has acknowledged
   * since says where this side's stream begins; only else there may have been any amount of it.
   */
  #begin(half: Half, start: number): void {
    if (this.synFrom < 0 || half.acked < 1) half.begin(start)
  }

  #data(from: SideIndex, half: Half, start: number, marks: number, s: Segment, events: StreamEvents): void {
    const { frame, time, length } = s
    this.#begin(half, start)
    half.begun = true
    if (marks & WINDOW_PROBE && start >= half.max) {
      half.probe(start, s.bytes, s.at, s.end, frame, time)
      return
    }
    half.book(start, length)
    const sink = events.sink(from)
    if (this.halves[from === 0 ? 1 : 0].lateSince >= 0)
      half.keep(sink ?? NOBODY, start, length, s.bytes, s.at, s.end, frame, time)
    else if (sink !== null) half.deliver(sink, start, length, s.bytes, s.at, s.end, frame, time)
    else half.deliver(NOBODY, start, length, s.bytes, s.at, s.at, frame, time)
    this.#settle(from, half, frame, time, events)
  }

  #acknowledge(to: SideIndex, other: Half, ack: number, s: Segment, events: StreamEvents): void {
    // An acknowledgement far beyond anything sent is damage, not progress.
    if (ack - other.max > FARTHEST) return
    const from = to === 0 ? 1 : 0
    const half = this.halves[from]
    if (half.lateSince >= 0 && ack > other.next && other.holds) {
      // Who has the answer has asked: the question is not late, the capture lost it.
      half.lateSince = -1
      half.skipTo(events.sink(from) ?? NOBODY, half.acked, s.frame, s.time)
      other.letGo(events.sink(to) ?? NOBODY)
      this.#finish(to, other, events)
    }
    // One more than was sent is most likely a FIN that the capture does not have, or a window probe.
    const last = other.fin >= 0 ? other.fin : ack === other.max + 1 ? other.max : ack
    other.acknowledge(Math.min(ack, last))
    this.#settle(to, other, s.frame, s.time, events)
  }

  /** Gives up on acknowledged holes once frames that were only captured late have had their chance. */
  #settle(from: SideIndex, half: Half, frame: number, time: number, events: StreamEvents): void {
    const to = from === 0 ? 1 : 0
    if (half.next >= half.acked) {
      const wasLate = half.lateSince >= 0
      half.lateSince = -1
      if (wasLate) {
        this.halves[to].letGo(events.sink(to) ?? NOBODY)
        this.#finish(to, this.halves[to], events)
      }
      return
    }
    if (half.lateSince < 0 || half.lateAt !== half.next) {
      half.lateSince = time
      half.lateAt = half.next
    } else if (time - half.lateSince > LATE_CAPTURE_NS) {
      half.lateSince = -1
      half.skipTo(events.sink(from) ?? NOBODY, half.acked, frame, time)
      this.halves[to].letGo(events.sink(to) ?? NOBODY)
      this.#finish(to, this.halves[to], events)
    }
  }

  #finish(from: SideIndex, half: Half, events: StreamEvents): void {
    if (half.fin < 0 || half.finished || half.next < half.fin) return
    half.finished = true
    events.closed(from, { frame: half.finFrame, time: half.finTime })
  }

  #reset(from: SideIndex, half: Half, other: Half, position: number, s: Segment, events: StreamEvents): void {
    const { frame, time } = s
    if (half.resetFrame < 0) {
      half.resetFrame = frame
      half.resetTime = time
    }
    // Behind what was acknowledged, or far ahead: outside of the window, so the receiver ignored it (RFC 5961).
    const outside = position < half.acked || position - half.max > RESET_AHEAD
    if (this.reset || (outside && half.known && other.known && !(s.flags & ACK && s.seq === 0))) return
    this.reset = true
    this.#handOn(frame, time, events)
    events.reset(from, { frame, time })
  }

  /** Nothing more is going to fill the holes: hands on what waits behind them. */
  #handOn(frame: number, time: number, events: StreamEvents): void {
    for (const from of [0, 1] as const) {
      const half = this.halves[from]
      // Whoever closed had sent all that lies before its FIN.
      const sent = half.fin - half.next <= FARTHEST ? half.fin : -1
      const to = Math.max(half.waiting, half.acked, sent)
      if (half.next < to) half.skipTo(events.sink(from) ?? NOBODY, to, frame, time)
      this.#finish(from, half, events)
    }
  }

  #highestSack(half: Half, options: TcpOptions): number {
    let highest = -1
    for (let i = 0; i < options.sackCount; i++) highest = Math.max(highest, half.position(options.sackRight[i]))
    return highest
  }
}

widen(new ConnectionTracker({ frame: 0, time: 0 }, new Held(), new RecentPackets(1)), 'lastTime', 'lastDataTime')

/** The list with another number; an empty one stands for the first number alone. */
function withNumber(list: number[], first: number, value: number): number[] {
  if (list.length === 0) return [first, value]
  return list.length >= 16 || list.includes(value) ? list : [...list, value]
}

const NOBODY: StreamSink = { push() {}, gap() {} }
