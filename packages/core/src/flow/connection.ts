// One TCP connection while it is open: what each packet means for it, which bytes are new and in order, and what of it
// is worth keeping. Knows segments and streams; what the bytes say is the business of the two stream sinks.
import type { Bytes } from '../bytes/read.ts'
import {
  DUPLICATE_ACK,
  GAP_BEFORE,
  KEEP_ALIVE,
  type Moment,
  OUT_OF_ORDER,
  RETRANSMISSION,
  type Side,
  type SideIndex,
  SPURIOUS,
  WINDOW_PROBE,
} from '../observe/observations.ts'
import { ACK, FIN, RST, SYN, type TcpOptions } from '../wire/tcp.ts'
import { Half, type StreamSink } from './half.ts'
import { PacketLog } from './packet-log.ts'

/** A hole that is filled within this time was reordering; later, it was a retransmission (as Wireshark has it). */
const REORDER_NS = 3e6
/** How long an acknowledged hole may still be filled by frames that were captured late. */
const LATE_CAPTURE_NS = 10e6

/** One segment, as the tracker takes it. Reused for every packet. */
export interface Segment {
  frame: number
  time: number
  flags: number
  seq: number
  ack: number
  window: number
  options: TcpOptions
  bytes: Bytes
  /** Captured payload is `bytes[at]` to `bytes[end - 1]`; `length` is the payload's length on the wire. */
  at: number
  end: number
  length: number
  ttl: number
  ipId: number
  /** Fingerprint of the link that carried the frame (interface, VLAN, MAC, TTL). */
  link: number
}

/** What the tracker tells the layer above, beside bytes. `from` is 0 for the sender of the connection's first packet. */
export interface StreamEvents {
  /** The sink for the bytes of one side; null where nobody wants them. */
  sink(from: SideIndex): StreamSink | null
  /** All bytes up to the side's FIN were handed on. */
  closed(from: SideIndex, moment: Moment): void
  /** The connection was reset by a side. */
  reset(from: SideIndex, moment: Moment): void
}

export class ConnectionTracker {
  /** Index 0 is the sender of the first packet. */
  readonly halves: [Half, Half] = [new Half(), new Half()]
  readonly log: PacketLog = new PacketLog()
  readonly first: Moment
  lastFrame = -1
  lastTime = -1
  /** Time of the last packet with payload, before the current one. */
  lastDataTime = -1
  syns: Moment[] = []
  /** Who sent the SYN: 0 or 1, -1 when it was not seen. */
  synFrom = -1
  synAck: Moment | null = null
  synAckRepeats: Moment[] = []
  established: Moment | null = null
  interfaces: number[] = []
  vlans: number[] = []
  /** First sight of acknowledged data that is not there, by side; -1 when nothing is open. */
  #lateSince = [-1, -1]
  #finished = [false, false]

  constructor(moment: Moment) {
    this.first = moment
  }

  get closed(): boolean {
    return this.reset || (this.halves[0].fin >= 0 && this.halves[1].fin >= 0)
  }

  get reset(): boolean {
    return this.halves[0].resetFrame >= 0 || this.halves[1].resetFrame >= 0
  }

  /** Takes one segment. Returns false when it is a capture duplicate and was only counted. */
  segment(from: SideIndex, s: Segment, events: StreamEvents): boolean {
    const half = this.halves[from]
    const other = this.halves[from === 0 ? 1 : 0]
    const { flags, length, time, frame } = s
    this.lastFrame = frame
    this.lastTime = time
    const shape = flags | (length << 9)
    if (half.seenBefore(s.seq, s.ack, shape, s.ipId, s.options.tsval, s.link, time)) {
      half.captureDuplicates++
      return false
    }
    if (half.ttl < 0) half.ttl = s.ttl
    if (flags & SYN) this.#handshake(from, half, s)
    // The refusal of a SYN that was not captured has sequence number 0 (RFC 9293 section 3.10.7.1).
    else if (this.synFrom < 0 && this.first.frame === frame && flags & RST && flags & ACK && s.seq === 0) {
      this.synFrom = from === 0 ? 1 : 0
    }

    // A RST may carry any numbers: it must not set the stage for the packets after it.
    const first = !half.known
    const position = first && flags & RST ? 1 : half.position(s.seq)
    let ack = -1
    if (flags & ACK) ack = flags & RST && !other.known ? 1 : other.position(s.ack)
    const scaled =
      flags & SYN || half.windowScale < 0 || other.windowScale < 0 ? s.window : s.window << half.windowScale

    let marks = 0
    if (length > 0) marks = this.#classify(half, other, position, length, time)
    else if (!(flags & (SYN | FIN | RST))) {
      if (half.begun && position === half.max - 1) marks = KEEP_ALIVE
      else if (ack >= 0 && ack === half.lastAck && scaled === half.lastWindow && other.max > ack) marks = DUPLICATE_ACK
    }
    if (ack >= 0 && !(flags & RST)) this.#acknowledge(from, other, ack, s, events)
    if (ack >= 0 && !(flags & SYN) && this.synAck !== null && this.established === null && from === this.synFrom) {
      this.established = { frame, time }
    }
    if (!(flags & RST)) {
      half.lastAck = ack
      half.lastWindow = scaled
    }
    const sack = s.options.sackCount > 0 ? this.#highestSack(other, s.options) : -1

    const start = flags & SYN ? position + 1 : position
    if (length > 0) {
      if (!half.begun) {
        half.begun = true
        // Met mid-stream: what came before is nobody's loss.
        if (half.isn < 0 && start > half.next) half.next = half.max = start
      }
      half.book(start, length)
      const sink = events.sink(from)
      if (marks & (KEEP_ALIVE | WINDOW_PROBE) && length <= 1 && start < half.next) {
        // A probe repeats a byte; nothing is new.
      } else if (sink !== null) half.deliver(sink, start, length, s.bytes, s.at, s.end, frame, time)
      else half.deliver(NOBODY, start, length, s.bytes, s.at, s.at, frame, time)
      this.#settle(from, half, frame, time, events)
    } else if (!half.begun && half.isn < 0 && !(flags & (SYN | RST))) {
      half.max = half.next = Math.max(half.next, start)
    }
    this.#settle(from === 0 ? 1 : 0, other, frame, time, events)

    this.log.add(frame, time, from, flags, position, length, ack, scaled, sack, s.ttl, s.ipId, marks)
    if (length > 0) this.lastDataTime = time
    if (flags & FIN && half.fin < 0) {
      half.fin = start + length
      half.finFrame = frame
      half.finTime = time
    }
    this.#finish(from, half, events)
    if (flags & RST && half.resetFrame < 0) {
      half.resetFrame = frame
      half.resetTime = time
      events.reset(from, { frame, time })
    }
    return true
  }

  /** Ends the connection for good: hands on what waits behind holes. */
  end(events: StreamEvents): void {
    for (const from of [0, 1] as const) {
      const half = this.halves[from]
      const sink = events.sink(from) ?? NOBODY
      if (half.waiting > half.next) half.skipTo(sink, half.waiting, this.lastFrame, this.lastTime)
      this.#finish(from, half, events)
    }
  }

  /** The record of one side. */
  side(from: SideIndex): Side {
    const h = this.halves[from]
    return {
      bytes: h.bytes,
      segments: h.segments,
      retransmissions: h.retransmissions,
      outOfOrder: h.outOfOrder,
      captureDuplicates: h.captureDuplicates,
      missing: h.missing,
      largest: h.largest,
      largestAcked: h.largestAcked,
      isn: h.isn,
      base: h.base,
      mss: h.mss,
      ttl: h.ttl,
      fin: h.finFrame < 0 ? null : { frame: h.finFrame, time: h.finTime },
      reset: h.resetFrame < 0 ? null : { frame: h.resetFrame, time: h.resetTime },
    }
  }

  #handshake(from: SideIndex, half: Half, s: Segment): void {
    const moment = { frame: s.frame, time: s.time }
    if (half.isn < 0) half.start(s.seq)
    if (s.options.mss >= 0) half.mss = s.options.mss
    half.windowScale = s.options.windowScale < 0 ? -1 : Math.min(s.options.windowScale, 14)
    if (s.flags & ACK) {
      this.synFrom = from === 0 ? 1 : 0
      if (this.synAck === null) this.synAck = moment
      else if (this.synAckRepeats.length < 16) this.synAckRepeats.push(moment)
    } else {
      this.synFrom = from
      if (this.syns.length < 16) this.syns.push(moment)
    }
  }

  #classify(half: Half, other: Half, position: number, length: number, time: number): number {
    const end = position + length
    if (!half.begun) return 0
    if (position >= half.max) {
      if (other.lastWindow === 0 && length === 1) return WINDOW_PROBE
      if (position === half.max) return 0
      half.holeTime = time
      return GAP_BEFORE
    }
    if (length === 1 && end === half.max && end <= half.acked) return KEEP_ALIVE
    if (other.lastWindow === 0 && length <= 1) return WINDOW_PROBE
    if (position >= half.next && half.waiting > half.next && time - half.holeTime < REORDER_NS) {
      half.outOfOrder++
      return OUT_OF_ORDER
    }
    half.retransmissions++
    return end <= half.acked ? RETRANSMISSION | SPURIOUS : RETRANSMISSION
  }

  #acknowledge(from: SideIndex, other: Half, ack: number, s: Segment, events: StreamEvents): void {
    // An acknowledgement far beyond anything sent is damage, not progress.
    if (ack - other.max > 1 << 28) return
    // One more than was sent is most likely a FIN that the capture does not have.
    if (ack === other.max + 1) return
    other.bytes += other.acknowledge(other.fin >= 0 ? Math.min(ack, other.fin) : ack)
    const to = from === 0 ? 1 : 0
    if (other.next < other.acked && this.#lateSince[to]! < 0) this.#lateSince[to] = s.time
    this.#settle(to, other, s.frame, s.time, events)
  }

  /** Gives up on acknowledged holes once frames that were only captured late have had their chance. */
  #settle(from: SideIndex, half: Half, frame: number, time: number, events: StreamEvents): void {
    const since = this.#lateSince[from]!
    if (since < 0) return
    if (half.next >= half.acked) this.#lateSince[from] = -1
    else if (time - since > LATE_CAPTURE_NS) {
      this.#lateSince[from] = -1
      half.skipTo(events.sink(from) ?? NOBODY, half.acked, frame, time)
    }
  }

  #finish(from: SideIndex, half: Half, events: StreamEvents): void {
    if (half.fin < 0 || this.#finished[from] || half.next < half.fin) return
    this.#finished[from] = true
    events.closed(from, { frame: half.finFrame, time: half.finTime })
  }

  #highestSack(half: Half, options: TcpOptions): number {
    let highest = -1
    for (let i = 0; i < options.sackCount; i++) highest = Math.max(highest, half.position(options.sackRight[i]!))
    return highest
  }
}

const NOBODY: StreamSink = { push() {}, gap() {} }
