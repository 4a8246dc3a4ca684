// Finds the frames in one direction of an HTTP/2 connection (RFC 9113 section 4): bytes in, any split; frames out.
//
// What cannot be known here. Where bytes are missing beyond the frame at work, the next frame begins nobody knows where:
// the scanner says so (`lost`) and looks for bytes that can only be a frame. Content that imitates frames would be
// taken for them.
import type { Bytes } from '../../bytes/read.ts'
import { append } from '../http1/excerpt.ts'
import type { Place } from '../http1/message.ts'
import type { Http2Side } from './events.ts'
import * as frames from './frame.ts'

/** What a scanner tells of its direction. `header` is good only during the call. */
export interface FrameSink {
  /** The beginning was not captured (`missed`), or the first bytes are not those of a connection. */
  midstream(from: Http2Side, missed: boolean, place: Place): void
  /** The nine bytes of a header are there. */
  begin(from: Http2Side, header: Readonly<frames.FrameHeader>, first: Place): void
  /** Content of a DATA frame, padding excluded, as it comes. `isLast`: the frame ends with it. */
  data(
    from: Http2Side,
    header: Readonly<frames.FrameHeader>,
    bytes: Bytes,
    at: number,
    end: number,
    isLast: boolean,
    first: Place,
    last: Place,
  ): void
  /** `length` bytes of a DATA frame's payload were not captured. */
  missing(from: Http2Side, header: Readonly<frames.FrameHeader>, length: number, isLast: boolean, place: Place): void
  /**
   * Any other frame is over. `payload` is good only during the call; with `whole` false it is what stood before the
   * first byte that is missing, or that is not kept.
   */
  frame(
    from: Http2Side,
    header: Readonly<frames.FrameHeader>,
    payload: Bytes,
    whole: boolean,
    first: Place,
    last: Place,
  ): void
  /** Frames may have been missed here. */
  lost(from: Http2Side, place: Place): void
  fault(from: Http2Side, stream: number, text: string, place: Place): void
}

/** Payload kept of a frame that carries fields, and of others (GOAWAY and SETTINGS are the only long ones). */
const FIELDS_KEPT = 1 << 20
const PAYLOAD_KEPT = 16_384

const NO_BYTES: Bytes = new Uint8Array(0)

export class FrameScanner {
  /** SETTINGS_MAX_FRAME_SIZE of the other side. */
  largest: number = frames.DEFAULT_FRAME_SIZE
  /** The highest stream seen on this connection: what is far above is no frame. 0 while unknown. */
  highestStream = 0
  readonly #from: Http2Side
  readonly #sink: FrameSink
  #state: 'preface' | 'header' | 'padding-length' | 'payload' | 'lost' = 'header'
  #isFirst = true
  #finished = false

  // The push at work: its frame and time, and where in the stream its buffer's byte 0 would be.
  #base = 0
  #frame = 0
  #time = 0
  #offset = 0

  /** Preface or frame header that did not come in one push. */
  readonly #start: Bytes = new Uint8Array(frames.FRAME_HEADER)
  #had = 0
  #first: Place = { offset: 0, frame: 0, time: 0 }

  // The frame at work. DATA: bytes of content and of padding to come. Others: all is content, and gathers.
  readonly #header: frames.FrameHeader = { length: 0, type: 0, flags: 0, stream: 0 }
  #content = 0
  #padding = 0
  #whole = true
  #buffer: Bytes = NO_BYTES
  #kept = 0

  constructor(from: Http2Side, sink: FrameSink) {
    this.#from = from
    this.#sink = sink
    if (from === 0) this.#state = 'preface'
  }

  push(bytes: Bytes, at: number, end: number, frame: number, time: number): void {
    if (at >= end || this.#finished) return
    this.#base = this.#offset - at
    this.#offset += end - at
    this.#frame = frame
    this.#time = time
    for (let p = at; p < end;) p = this.#advance(bytes, p, end, p === at)
  }

  gap(length: number, frame: number, time: number): void {
    if (this.#finished) return
    const from = this.#offset
    this.#offset += Math.max(0, length)
    this.#frame = frame
    this.#time = time
    const first = { offset: from, frame, time }
    const isBegun = !this.#isFirst || (this.#from === 0 && this.#state === 'header')
    this.#isFirst &&= !isBegun
    // Nothing is missing, except where a capture that began late says so before its first byte.
    if (!isBegun && (length > 0 || from === 0)) this.#startLate(true, first)
    else if (isBegun && length > 0 && this.#state !== 'lost') this.#miss(length, first)
  }

  finish(frame: number, time: number): void {
    if (this.#finished) return
    this.#finished = true
    if (this.#state !== 'payload' || this.#header.type === frames.DATA) return
    this.#whole = false
    this.#endFrame(this.#gathered(), { offset: this.#offset, frame, time })
  }

  /** Place of byte `p` of the push at work. */
  #place(p: number): Place {
    return { offset: this.#base + p, frame: this.#frame, time: this.#time }
  }

  /** Takes at least one byte; answers where to go on. */
  #advance(b: Bytes, p: number, end: number, aligned: boolean): number {
    switch (this.#state) {
      case 'preface':
        return this.#readPreface(b, p, end)
      case 'header':
        return this.#readHeader(b, p, end)
      case 'padding-length':
        return this.#readPaddingLength(b, p)
      case 'payload':
        return this.#header.type === frames.DATA ? this.#readData(b, p, end) : this.#gather(b, p, end)
      case 'lost':
        return this.#search(b, p, end, aligned)
    }
  }

  #readPreface(b: Bytes, from: number, end: number): number {
    for (let p = from; p < end; p++) {
      if (b[p] !== frames.PREFACE.charCodeAt(this.#had)) {
        this.#startLate(false, this.#place(p))
        // What fitted so far cannot be the header of a frame: its length would be beyond all limits.
        return this.#search(b, from, end, true)
      }
      if (++this.#had < frames.PREFACE.length) continue
      this.#had = 0
      this.#state = 'header'
      return p + 1
    }
    return end
  }

  #startLate(missed: boolean, place: Place): void {
    this.#isFirst = false
    this.#had = 0
    this.#state = 'lost'
    this.#sink.midstream(this.#from, missed, place)
  }

  #search(b: Bytes, p: number, end: number, aligned: boolean): number {
    const found = frames.findFrame(b, p, end, aligned, this.highestStream)
    if (found < 0) return end
    this.#state = 'header'
    return this.#readHeader(b, found, end)
  }

  #readHeader(b: Bytes, p: number, end: number): number {
    if (this.#had === 0) {
      this.#first = this.#place(p)
      if (end - p >= frames.FRAME_HEADER) {
        frames.readFrameHeader(b, p, this.#header)
        this.#begin(b, p)
        return p + frames.FRAME_HEADER
      }
    }
    const to = Math.min(end, p + frames.FRAME_HEADER - this.#had)
    this.#start.set(b.subarray(p, to), this.#had)
    this.#had += to - p
    if (this.#had < frames.FRAME_HEADER) return to
    this.#had = 0
    frames.readFrameHeader(this.#start, 0, this.#header)
    this.#begin(this.#start, 0)
    return to
  }

  /** The header `b[at..at+9)` was read: the frame begins. */
  #begin(b: Bytes, at: number): void {
    const { type, flags, length, stream } = this.#header
    if (this.#isFirst && !this.#readsAsFirst(b, at)) return
    if (length > this.largest) {
      const text = `${frames.frameName(type)} frame of ${length} bytes; ${this.largest} are allowed`
      this.#sink.fault(this.#from, stream, text, this.#first)
      // A frame too large is a frame still, if it looks like one otherwise.
      if (type > frames.CONTINUATION || frames.headerFault(this.#header) !== null) {
        this.#lose(this.#first)
        return
      }
    }
    this.#sink.begin(this.#from, this.#header, this.#first)
    this.#whole = true
    this.#kept = 0
    this.#content = length
    this.#padding = 0
    this.#state = 'payload'
    const last = { offset: this.#first.offset + frames.FRAME_HEADER - 1, frame: this.#frame, time: this.#time }
    if (length === 0) this.#endEmpty(last)
    else if (type === frames.DATA && (flags & frames.PADDED) !== 0) this.#state = 'padding-length'
  }

  /** RFC 9113 section 3.4: SETTINGS come first. Answers whether the frame stands. */
  #readsAsFirst(b: Bytes, at: number): boolean {
    this.#isFirst = false
    const { type, flags } = this.#header
    if (type === frames.SETTINGS && (flags & frames.ACK) === 0 && frames.headerFault(this.#header) === null) return true
    // After a preface it is a fault. Without, the capture began late, and one header is taken for what it looks like.
    if (this.#from === 0) {
      this.#sink.fault(0, 0, 'The preface is not followed by a SETTINGS frame', this.#first)
      return true
    }
    this.#sink.midstream(this.#from, false, this.#first)
    if (frames.findFrame(b, at, at + frames.FRAME_HEADER, true, this.highestStream) === at) return true
    this.#state = 'lost'
    return false
  }

  #endEmpty(last: Place): void {
    this.#state = 'header'
    if (this.#header.type === frames.DATA) {
      this.#sink.data(this.#from, this.#header, NO_BYTES, 0, 0, true, this.#first, last)
    } else this.#endFrame(NO_BYTES, last)
  }

  /** RFC 9113 section 6.1: the first byte of the payload says how many of its last are padding. */
  #readPaddingLength(b: Bytes, p: number): number {
    const padding = b[p]!
    this.#state = 'payload'
    this.#content--
    if (padding > this.#content) {
      const text = `DATA frame of ${this.#header.length} bytes with ${padding} bytes of padding`
      this.#sink.fault(this.#from, this.#header.stream, text, this.#place(p))
    }
    this.#padding = Math.min(padding, this.#content)
    this.#content -= this.#padding
    if (this.#content + this.#padding === 0) this.#endEmpty(this.#place(p))
    return p + 1
  }

  #readData(b: Bytes, p: number, end: number): number {
    if (this.#content > 0) {
      const to = Math.min(end, p + this.#content)
      this.#content -= to - p
      const isLast = this.#content === 0 && this.#padding === 0
      if (isLast) this.#state = 'header'
      this.#sink.data(this.#from, this.#header, b, p, to, isLast, this.#place(p), this.#place(to - 1))
      return to
    }
    const to = Math.min(end, p + this.#padding)
    this.#padding -= to - p
    if (this.#padding === 0) this.#endEmpty(this.#place(to - 1))
    return to
  }

  /** Payload of all but DATA: handed on in one piece. */
  #gather(b: Bytes, p: number, end: number): number {
    const to = Math.min(end, p + this.#content)
    const isAtOnce = this.#content === this.#header.length && to - p === this.#content
    this.#content -= to - p
    if (isAtOnce && to - p <= this.#limit()) {
      this.#endFrame(b.subarray(p, to), this.#place(to - 1))
      return to
    }
    this.#keep(b, p, to)
    if (this.#content === 0) this.#endFrame(this.#gathered(), this.#place(to - 1))
    return to
  }

  #limit(): number {
    const { type } = this.#header
    if (type > frames.CONTINUATION) return 0
    return type === frames.HEADERS || type === frames.CONTINUATION || type === frames.PUSH_PROMISE
      ? FIELDS_KEPT
      : PAYLOAD_KEPT
  }

  #keep(b: Bytes, p: number, to: number): void {
    if (!this.#whole) return
    const take = Math.min(to - p, this.#limit() - this.#kept)
    this.#buffer = append(this.#buffer, this.#kept, b, p, p + take)
    this.#kept += take
    this.#whole = take === to - p
  }

  #gathered(): Bytes {
    return this.#buffer.subarray(0, this.#kept)
  }

  #endFrame(payload: Bytes, last: Place): void {
    this.#state = 'header'
    this.#sink.frame(this.#from, this.#header, payload, this.#whole, this.#first, last)
    if (this.#buffer.length > PAYLOAD_KEPT) this.#buffer = NO_BYTES
  }

  /** `length` bytes are missing: within the payload at work they are counted on. */
  #miss(length: number, first: Place): void {
    if (this.#state === 'padding-length') this.#state = 'payload'
    if (this.#state !== 'payload') {
      this.#lose(first)
      return
    }
    const isData = this.#header.type === frames.DATA
    // Within DATA, missing content comes before missing padding.
    const content = Math.min(length, this.#content)
    const padding = isData ? Math.min(length - content, this.#padding) : 0
    this.#content -= content
    this.#padding -= padding
    const isOver = this.#content + this.#padding === 0
    const { frame, time } = first
    if (isData) {
      if (isOver) this.#state = 'header'
      if (content > 0 || isOver) this.#sink.missing(this.#from, this.#header, content, isOver, first)
    } else {
      this.#whole = false
      const last = { offset: first.offset + content - 1, frame, time }
      if (isOver) this.#endFrame(this.#gathered(), last)
    }
    if (length > content + padding) this.#lose(first)
  }

  #lose(place: Place): void {
    this.#had = 0
    this.#state = 'lost'
    this.#sink.lost(this.#from, place)
  }
}
