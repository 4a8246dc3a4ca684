// Both directions of an HTTP/2 connection (RFC 9113): bytes in, any split; what its streams carry out.
//
// What cannot be known here. The directions are read each for itself, and a capture may show an answer before what it
// answers; so either side's HEADERS may open a stream. After bytes were lost, frames may have been: windows are unknown
// from then on, fields may be, and any stream number that was not heard of is taken for a stream.
import { latin1, u16, u32, type Bytes } from '../../bytes/read.ts'
import type { Place } from '../http1/message.ts'
import type { Http2Fields, Http2Section, Http2Setting, Http2Side, Http2Sink } from './events.ts'
import { addFragment, type FieldBlock, newFieldBlock } from './field-block.ts'
import { FlowControl } from './flow-control.ts'
import * as frames from './frame.ts'
import { HpackDecoder } from './hpack.ts'
import { malformed } from './malformed.ts'
import { FrameScanner, type FrameSink } from './scanner.ts'
import { SettingsLedger } from './settings.ts'
import { endOf, type Stream, StreamTable } from './streams.ts'

const DEBUG_KEPT = 1024
const FAULTS_LIMIT = 64

/** Stream numbers, window increments and the like: the top bit is reserved. */
const NUMBER = 0x7fff_ffff

export interface Http2Options {
  /**
   * The connection was HTTP/1 before (h2c): stream 1 is the request that asked for the upgrade, and is sent whole.
   * `settings`: what it announced of the client (upgrade.ts); null: nobody knows.
   */
  upgraded?: { readonly settings: readonly Http2Setting[] | null }
}

/** What is known of one side as a sender. */
interface Sender {
  scanner: FrameScanner
  hpack: HpackDecoder
  /** Fields whose END_HEADERS has not come. */
  block: FieldBlock | null
  /** What it allows the other side. */
  settings: SettingsLedger
  /** Frames may have been missed. */
  lossy: boolean
  finished: { closed: boolean; place: Place } | null
  /** Bytes told so far, gaps included. */
  offset: number
  faults: number
}

const newSender = (side: Http2Side, sink: FrameSink): Sender => ({
  scanner: new FrameScanner(side, sink),
  hpack: new HpackDecoder(),
  block: null,
  settings: new SettingsLedger(),
  lossy: false,
  finished: null,
  offset: 0,
  faults: 0,
})

const other = (side: Http2Side): Http2Side => (side === 0 ? 1 : 0)

/** What a message announces; -1 where it does not, or not as a number. */
function contentLength(fields: Http2Fields): number {
  const value = fields.get('content-length') ?? ''
  return /^\d{1,15}$/.test(value) ? Number(value) : -1
}

/** Follows one connection. Nothing throws on input, and memory is bounded whatever comes. */
export class Http2Connection {
  readonly #sink: Http2Sink
  readonly #senders: readonly [Sender, Sender]
  readonly #streams: StreamTable = new StreamTable()
  readonly #flow: FlowControl
  /** The highest stream that the client opened. */
  #highest = 0
  #midstream = false

  constructor(sink: Http2Sink, options: Http2Options = {}) {
    this.#sink = sink
    this.#flow = new FlowControl(sink)
    const frameSink: FrameSink = {
      midstream: (from, missed, place) => this.#beginLate(from, missed, place),
      begin: (from, header, first) => this.#begin(from, header, first),
      data: (from, header, bytes, at, end, isLast, first, last) => {
        const stream = this.#heard(from, header.stream)
        const endStream = isLast && (header.flags & frames.END_STREAM) !== 0
        if (stream !== null) {
          sink.data(stream.id, from, bytes, at, end, endStream, first, last)
          this.#countContent(from, stream, end - at, last)
        }
        if (isLast) this.#endData(from, stream, endStream, last)
      },
      missing: (from, header, length, isLast, place) => {
        const stream = this.#heard(from, header.stream)
        const endStream = isLast && (header.flags & frames.END_STREAM) !== 0
        if (stream !== null) {
          sink.missing(stream.id, from, length, endStream, place)
          // How much of it is padding, nobody knows.
          stream.announced[from] = -1
        }
        if (isLast) this.#endData(from, stream, endStream, place)
      },
      frame: (from, header, payload, whole, first, last) => this.#frame(from, header, payload, whole, first, last),
      lost: (from, place) => this.#lose(from, place),
      fault: (from, stream, text, place) => this.#fault(stream, from, text, place),
    }
    this.#senders = [newSender(0, frameSink), newSender(1, frameSink)]
    if (options.upgraded !== undefined) this.#beginUpgraded(options.upgraded.settings)
  }

  /** The capture began after the connection did, on either side. */
  get midstream(): boolean {
    return this.#midstream
  }

  /** Bytes of one direction, in order. Content is handed on as views, never kept. */
  push(from: Http2Side, bytes: Bytes, at: number, end: number, frame: number, time: number): void {
    const sender = this.#senders[from]
    if (sender.finished !== null || at >= end) return
    sender.offset += end - at
    sender.scanner.highestStream = this.#highest
    sender.scanner.push(bytes, at, end, frame, time)
  }

  /** `length` bytes exist and were not captured; 0 before the first byte: the beginning is not in the capture. */
  gap(from: Http2Side, length: number, frame: number, time: number): void {
    const sender = this.#senders[from]
    if (sender.finished !== null) return
    sender.offset += Math.max(0, length)
    sender.scanner.gap(length, frame, time)
  }

  /** The direction ended: by FIN (`closed`), by reset or with the capture. Tells of every stream that is open. */
  finish(from: Http2Side, closed: boolean, frame: number, time: number): void {
    const sender = this.#senders[from]
    if (sender.finished !== null) return
    const place = { offset: sender.offset, frame, time }
    // Fields that stop half way are no end of their stream, whatever their frame says.
    if (sender.block !== null) sender.block.endStream = false
    sender.scanner.finish(frame, time)
    this.#endBlock(from, place, false)
    sender.finished = { closed, place }
    for (const stream of this.#streams.values()) this.#settle(stream, place)
  }

  /** RFC 7540 section 3.2: the request was sent as HTTP/1, with settings in a field, which the 101 acknowledges. */
  #beginUpgraded(announced: readonly Http2Setting[] | null): void {
    const place = { offset: 0, frame: 0, time: 0 }
    const { settings } = this.#senders[0]
    if (announced === null) settings.forget()
    else {
      settings.announce(announced)
      settings.acknowledge()
    }
    this.#applyLimits(0, place)
    const stream = this.#open(1, place)
    stream.halves[0] = 'ended'
    stream.headed[0] = true
    this.#highest = 1
  }

  #beginLate(from: Http2Side, missed: boolean, place: Place): void {
    // RFC 9113 section 3.4. Where the client's beginning was seen, the server's is as well.
    const client = this.#senders[0]
    if (from === 1 && !missed && client.offset > 0 && !client.lossy) {
      this.#fault(0, 1, 'The first bytes are not a SETTINGS frame', place)
    }
    this.#midstream = true
    this.#lose(from, place)
  }

  /** Frames of this side may have been missed: fields, DATA, WINDOW_UPDATE, SETTINGS, acknowledgements. */
  #lose(from: Http2Side, place: Place): void {
    const sender = this.#senders[from]
    this.#endBlock(from, place, false)
    sender.hpack.lose()
    sender.lossy = true
    for (const stream of this.#streams.values()) stream.announced[from] = -1
    this.#flow.forget(place)
    for (const side of [0, 1] as const) {
      this.#senders[side].settings.forget()
      this.#applyLimits(side, place)
    }
  }

  #begin(from: Http2Side, header: Readonly<frames.FrameHeader>, first: Place): void {
    const { type, flags, length, stream: id } = header
    const sender = this.#senders[from]
    const fault = frames.headerFault(header)
    if (fault !== null) this.#fault(id, from, fault, first)
    if (sender.block !== null && (type !== frames.CONTINUATION || id !== sender.block.id)) {
      // RFC 9113 section 6.10: nothing may come between the frames of a field block.
      this.#fault(sender.block.id, from, `${frames.frameName(type)} frame within a field block`, first)
      this.#endBlock(from, first, false)
    }
    if (type === frames.PUSH_PROMISE) sender.block = newFieldBlock(id, null, false, first)
    else if (type === frames.HEADERS) {
      const stream = this.#find(from, id, true, first)
      const endStream = (flags & frames.END_STREAM) !== 0
      sender.block = newFieldBlock(id, stream, endStream, first)
      if (stream !== null && stream.halves[from] === 'open' && !stream.headed[from]) this.#sink.begin(id, from, first)
    } else if (type === frames.DATA) {
      const stream = this.#find(from, id, false, first)
      this.#flow.spend(from, stream, length)
      // Fields behind content are trailers, whether or not those before it were seen.
      if (stream !== null) stream.headed[from] = true
      if (stream?.halves[from] === 'ended') this.#fault(id, from, 'DATA frame after END_STREAM', first)
    }
  }

  #endData(from: Http2Side, stream: Stream | null, endStream: boolean, last: Place): void {
    this.#flow.noteStalls(from, endStream ? null : stream, last)
    if (stream === null || !endStream) return
    this.#endContent(from, stream, last)
    stream.halves[from] = 'ended'
    this.#settle(stream, last)
  }

  /** RFC 9113 section 8.1.1: content-length is the sum of the DATA payloads. */
  #countContent(from: Http2Side, stream: Stream, length: number, last: Place): void {
    stream.content[from] += length
    const announced = stream.announced[from]
    if (announced < 0 || stream.content[from] <= announced) return
    stream.announced[from] = -1
    this.#fault(stream.id, from, `More content than the ${announced} bytes of content-length`, last)
  }

  #endContent(from: Http2Side, stream: Stream, last: Place): void {
    const announced = stream.announced[from]
    const content = stream.content[from]
    // An answer to HEAD, and 204 and 304, may announce what they do not have (RFC 9110 section 8.6).
    if (content >= announced || (from === 1 && stream.mayBeHead && content === 0)) return
    this.#fault(stream.id, from, `Content ends after ${content} of the ${announced} bytes of content-length`, last)
  }

  /** A frame other than DATA is over. */
  #frame(
    from: Http2Side,
    header: Readonly<frames.FrameHeader>,
    b: Bytes,
    whole: boolean,
    first: Place,
    last: Place,
  ): void {
    const { type, flags, stream: id } = header
    switch (type) {
      case frames.HEADERS:
      case frames.PUSH_PROMISE:
      case frames.CONTINUATION:
        return this.#readFields(from, header, b, whole, first, last)
      case frames.GOAWAY:
        // Its debug data may be cut.
        if (b.length >= 8) this.#readGoaway(from, b, first)
        return
    }
    if (frames.headerFault(header) !== null) return
    const ack = (flags & frames.ACK) !== 0
    if (type === frames.SETTINGS && whole) this.#readSettings(from, ack, b, first)
    else if (type === frames.WINDOW_UPDATE && whole) this.#enlarge(from, id, u32(b, 0) & NUMBER, first)
    else if (type === frames.SETTINGS || type === frames.WINDOW_UPDATE) this.#flow.forget(first)
    else if (type === frames.RST_STREAM && whole) this.#reset(from, id, u32(b, 0), first)
    else if (type === frames.PING) this.#sink.ping(from, ack, first)
  }

  #readFields(
    from: Http2Side,
    header: Readonly<frames.FrameHeader>,
    b: Bytes,
    whole: boolean,
    first: Place,
    last: Place,
  ): void {
    const { block, hpack } = this.#senders[from]
    if (block === null) {
      this.#fault(header.stream, from, 'CONTINUATION frame without a field block', first)
      hpack.lose()
      return
    }
    const fault = addFragment(block, header, b, whole)
    if (fault !== null) this.#fault(block.id, from, fault, first)
    if ((header.flags & frames.END_HEADERS) !== 0) this.#endBlock(from, last, true)
  }

  /** The field block at work is over: by END_HEADERS (`ended`), or nothing more of it will come. */
  #endBlock(from: Http2Side, last: Place, ended: boolean): void {
    const sender = this.#senders[from]
    const { block } = sender
    if (block === null) return
    sender.block = null
    const { id, stream, endStream, first } = block
    const { fields, fault } = sender.hpack.decode(block.bytes, 0, block.length, ended && block.whole)
    if (fault !== null) this.#fault(id, from, fault, first)
    if (stream === null) return
    if (stream.halves[from] === 'ended') this.#fault(id, from, 'HEADERS frame after END_STREAM', first)
    if (stream.halves[from] !== 'open') return
    const kind = this.#sectionKind(from, stream, fields)
    if (kind === 'request' || kind === 'response') {
      stream.headed[from] = true
      stream.announced[from] = contentLength(fields)
      const method = kind === 'request' ? fields.get(':method') : null
      if (method !== null) stream.mayBeHead = method === 'HEAD'
      if (/^(204|304)$/.test(fields.get(':status') ?? '')) stream.mayBeHead = true
    }
    this.#sink.headers(id, from, kind, fields, endStream, first, last)
    const wrong = malformed(kind, fields)
    if (wrong !== null) this.#fault(id, from, wrong, first)
    if (endStream) {
      this.#endContent(from, stream, last)
      stream.halves[from] = 'ended'
    }
    this.#settle(stream, last)
  }

  /** RFC 9113 section 8.1: interim responses, then one response; or one request; then trailers. */
  #sectionKind(from: Http2Side, stream: Stream, fields: Http2Fields): Http2Section {
    const status = from === 1 ? fields.get(':status') : null
    if (status !== null) return /^1\d\d$/.test(status) ? 'interim' : 'response'
    if (stream.headed[from]) return 'trailers'
    // Pseudo-header fields come first (section 8.3): a section that begins otherwise opens nothing.
    const opens = fields.list[0]?.name?.startsWith(':') ?? true
    if (!opens && this.#senders[from].lossy) return 'trailers'
    return from === 0 ? 'request' : 'response'
  }

  #reset(from: Http2Side, id: number, code: number, place: Place): void {
    const stream = this.#find(from, id, from === 1, place)
    if (stream === null || stream.halves[from] === 'reset') return
    this.#streams.reset(stream, from, place.time)
    this.#sink.reset(id, from, code, place)
    this.#settle(stream, place)
    this.#forgetResets(place)
  }

  /** Gives up on what was reset long ago: nothing more comes of it. */
  #forgetResets(place: Place): void {
    for (;;) {
      const stream = this.#streams.surplusReset(place.time)
      if (stream === null) return
      this.#close(stream, 'reset', place)
    }
  }

  #readGoaway(from: Http2Side, b: Bytes, place: Place): void {
    const debug = latin1(b, 8, Math.min(b.length, 8 + DEBUG_KEPT))
    this.#sink.goaway(from, u32(b, 0) & NUMBER, u32(b, 4), debug, place)
  }

  #readSettings(from: Http2Side, ack: boolean, b: Bytes, place: Place): void {
    const settings: Http2Setting[] = []
    for (let at = 0; at < b.length; at += 6) settings.push({ id: u16(b, at), value: u32(b, at + 2) })
    this.#sink.settings(from, ack, settings, place)
    const owner = ack ? other(from) : from
    if (ack) this.#senders[owner].settings.acknowledge()
    else this.#senders[owner].settings.announce(settings)
    this.#applyLimits(owner, place)
  }

  /** What `side` allows has changed: the other side may send more, or less. */
  #applyLimits(side: Http2Side, place: Place): void {
    const { limits } = this.#senders[side].settings
    const from = other(side)
    this.#senders[from].scanner.largest = limits.frameSize
    this.#senders[from].hpack.allow(limits.tableSize)
    this.#flow.setInitial(from, limits.window, place)
  }

  #enlarge(by: Http2Side, id: number, increment: number, place: Place): void {
    if (increment === 0) this.#fault(id, by, 'WINDOW_UPDATE frame that adds nothing', place)
    const from = other(by)
    const stream = this.#streams.get(id)
    let fits = true
    if (id === 0) fits = this.#flow.enlargeConnection(from, increment, place)
    else if (stream !== undefined) fits = this.#flow.enlarge(from, stream, increment, place)
    if (!fits) this.#fault(id, by, 'WINDOW_UPDATE frame that makes the window larger than 2^31-1', place)
  }

  /** The stream, where this side has not ended it. */
  #heard(from: Http2Side, id: number): Stream | null {
    const stream = this.#streams.get(id)
    return stream?.halves[from] === 'open' ? stream : null
  }

  /** The stream of a frame; opened where the frame does so (`opens`), or one that was missed may have. */
  #find(from: Http2Side, id: number, opens: boolean, place: Place): Stream | null {
    const isNew = id > this.#highest
    if (from === 0 && opens && isNew) this.#highest = id
    const known = this.#streams.get(id)
    if (known !== undefined) return known
    if (id % 2 === 0 || this.#streams.isOver(id)) return null
    const isMissed = this.#senders[from].lossy || this.#senders[0].lossy
    if (isMissed || (opens && isNew)) return this.#open(id, place)
    // A frame of a stream that was over long ago is late. One of a stream that never was is a fault.
    if (from === 0 && isNew) this.#fault(id, from, 'Frame of a stream that was not opened', place)
    return null
  }

  #open(id: number, place: Place): Stream {
    this.#forgetResets(place)
    const surplus = this.#streams.takeSurplus()
    if (surplus !== null) this.#close(surplus, 'forgotten', place)
    return this.#streams.open(id, [this.#flow.newWindow(), this.#flow.newWindow()])
  }

  /** Ends what the end of its direction ends, and the stream where both halves are over. */
  #settle(stream: Stream, place: Place): void {
    for (const side of [0, 1] as const) {
      const { finished } = this.#senders[side]
      if (stream.halves[side] !== 'open' || finished === null) continue
      stream.halves[side] = 'truncated'
      this.#sink.truncated(stream.id, side, finished.closed, finished.place)
    }
    const how = endOf(stream)
    if (how !== null) this.#close(stream, how, place)
  }

  #close(stream: Stream, how: Parameters<Http2Sink['end']>[1], place: Place): void {
    this.#streams.close(stream)
    this.#flow.close(stream)
    this.#sink.end(stream.id, how, place)
  }

  #fault(stream: number, from: Http2Side, text: string, place: Place): void {
    if (this.#senders[from].faults++ < FAULTS_LIMIT) this.#sink.fault(stream, from, text, place)
  }
}
