// TLS records in one direction of a connection (RFC 8446 section 5.1): bytes in, any split; records out.
//
// Bodies are counted, not kept, unless the sink wants them. Where bytes are missing inside of a body its length leads on
// to the next header. Where a header may be among them, the next push that begins with the likes of one is taken for
// it: a push is a packet, and senders begin most packets with a record. Encrypted bytes pass for a header once in some
// millions of pushes. A sink that can open records need not wait for that: what looks like a header anywhere in a push is
// followed to the end of its record, and is one if that opens.
import { type Bytes, u16 } from '../../bytes/read.ts'
import type { Place } from '../http1/message.ts'
import { sniff, SNIFF_LENGTH, type Sniffed } from '../sniff.ts'
import { CONTENT } from './names.ts'

const TYPE = 0
const VERSION = 1
const LENGTH = 3
/** Content type, version, length. */
export const HEADER = 5

/** Content and what protection may add (RFC 5246 section 6.2.3; RFC 8446 section 5.2 allows less). */
export const MAX_BODY: number = 16_384 + 2048

/** Stands for the content type of a ClientHello in SSL 2.0 form, whose header is a length of two bytes. */
export const SSL2_HELLO = 0x80
const SSL2_LENGTH = 2
/** Message type, version and three lengths, a cipher, a challenge (RFC 5246 appendix E.2). */
const SSL2_SHORTEST = 9 + 3 + 16

/** Probes in a row that fail, after which only a push that begins with a record ends the loss. */
const PROBES = 16
/** Bytes that protection adds at least: a record with less is not worth a probe. */
const SHORTEST_PROBED = 17

const NO_BYTES: Bytes = new Uint8Array(0)

/**
 * Where bodies are gathered that come in pieces, ready to be used again: as arrays of their own they are more memory for
 * the collector than all else. Bodies that are short get their own.
 */
const spareBodies: Bytes[] = []
const SPARE_BODIES = 32
const SHORT_BODY = 2048

export interface RecordHeader {
  /** ContentType; `SSL2_HELLO`. */
  type: number
  /** As in the header: most write TLS 1.2 whatever they speak. */
  version: number
  /** Body bytes. */
  length: number
  first: Place
}

export interface RecordSink {
  /** The header of a record is there. Answers whether its body is wanted; `hole` and `record` follow. */
  header(record: RecordHeader): boolean
  /** Body bytes that are not in the capture. */
  hole(record: RecordHeader, length: number, frame: number, time: number): void
  /**
   * The record is over, or (`whole` false) the stream is. `b[at..end)` is its body up to the first hole, empty if not
   * wanted; valid during the call. `missing` bytes were not captured, or did not come.
   */
  record(record: RecordHeader, b: Bytes, at: number, end: number, missing: number, last: Place, whole: boolean): void
  /** Whether `probe` can tell a record from other bytes. */
  mayProbe(): boolean
  /** Behind lost bytes: tells the record `b[at..end)`, whose header was not told, and true; false where it is none. */
  probe(record: RecordHeader, b: Bytes, at: number, end: number, last: Place): boolean
  /** Bytes that cannot be assigned to a record: not captured, or behind such. */
  lost(length: number, frame: number, time: number): void
  /** Behind good records there is none: looking for the next from here on. */
  broken(at: Place): void
  /** The stream does not begin with a record: nothing more is told of it. */
  foreign(looksLike: Sniffed, first: Place): void
}

export class RecordReader {
  readonly #sink: RecordSink
  readonly #mayBeSsl2: boolean
  #state: 'header' | 'body' | 'lost' | 'foreign' | 'done' = 'header'
  /** No record was told yet and none is missing: what is no header here is another protocol. */
  #fresh = true
  #offset = 0
  #frame = -1
  #time = -1

  /** A header that is split, or the first bytes of another protocol. */
  readonly #head: Bytes = new Uint8Array(SNIFF_LENGTH)
  #headSize = 0
  #first: Place = { offset: 0, frame: -1, time: -1 }

  #record: RecordHeader | null = null
  #remaining = 0
  #missing = 0
  #wanted = false
  /** The record at work may be none. */
  #isProbe = false
  #probes = 0
  /** Of the latest record. */
  #version = 0
  #body: Bytes = NO_BYTES
  #bodySize = 0

  /** `mayBeSsl2`: the direction of a client, who may begin with a hello in SSL 2.0 form. */
  constructor(sink: RecordSink, mayBeSsl2: boolean) {
    this.#sink = sink
    this.#mayBeSsl2 = mayBeSsl2
  }

  push(b: Bytes, at: number, end: number, frame: number, time: number): void {
    if (at >= end || this.#state === 'done') return
    this.#frame = frame
    this.#time = time
    for (let p = at; p < end;) {
      if (this.#state === 'header') p = this.#readHeader(b, p, end)
      else if (this.#state === 'body') p = this.#readBody(b, p, end)
      else if (this.#state === 'foreign') p = this.#readForeign(b, p, end)
      else if (this.#state === 'lost') p = this.#seek(b, p, end, p === at)
      else break
    }
  }

  /** `length` 0 before the first byte: the beginning of the stream was not captured. */
  gap(length: number, frame: number, time: number): void {
    if (this.#state === 'done') return
    if (length <= 0) {
      if (this.#offset === 0) this.#lose(0, frame, time)
      return
    }
    this.#frame = frame
    this.#time = time
    if (this.#state === 'foreign') {
      this.#tellForeign()
      return
    }
    if (this.#state === 'body' && length <= this.#remaining) {
      this.#offset += length
      this.#miss(length)
      if (this.#remaining === 0) this.#endRecord(true)
      return
    }
    const rest = this.#state === 'body' ? this.#remaining : 0
    if (rest > 0) {
      this.#offset += rest
      this.#miss(rest)
      this.#endRecord(true)
    }
    this.#offset += length - rest
    this.#lose(length - rest, frame, time)
  }

  finish(frame: number, time: number): void {
    if (this.#state === 'done') return
    this.#frame = frame
    this.#time = time
    if (this.#state === 'foreign') this.#tellForeign()
    else if (this.#state === 'header' && this.#fresh && this.#headSize > 0 && this.#isForeign()) this.#tellForeign()
    else if (this.#state === 'body') {
      this.#missing += this.#remaining
      this.#endRecord(false)
    }
    this.#state = 'done'
  }

  #place(offset: number): Place {
    return { offset, frame: this.#frame, time: this.#time }
  }

  /** Where the next record begins, or may: takes what stands before it. */
  #seek(b: Bytes, p: number, end: number, isFirst: boolean): number {
    this.#isProbe = !(isFirst && looksLikeRecord(b, p, end))
    const found = this.#isProbe ? this.#findProbe(b, p, end) : p
    const to = found < 0 ? end : found
    this.#offset += to - p
    if (to > p) this.#sink.lost(to - p, this.#frame, this.#time)
    if (found >= 0) this.#state = 'header'
    return to
  }

  /** What looks like the header of application data, as those before were; -1 where nothing does. */
  #findProbe(b: Bytes, at: number, end: number): number {
    if (this.#probes === PROBES || !this.#sink.mayProbe()) return -1
    for (let p = at; p + HEADER <= end; p++) {
      if (b[p] !== CONTENT.applicationData || u16(b, p + VERSION) !== this.#version) continue
      const length = u16(b, p + LENGTH)
      if (length < SHORTEST_PROBED || length > MAX_BODY) continue
      this.#probes++
      return p
    }
    return -1
  }

  #readHeader(b: Bytes, p: number, end: number): number {
    if (this.#headSize === 0) this.#first = this.#place(this.#offset)
    const take = Math.min(HEADER - this.#headSize, end - p)
    this.#head.set(b.subarray(p, p + take), this.#headSize)
    this.#headSize += take
    this.#offset += take
    const isForeign = this.#fresh && this.#isForeign()
    if (isForeign) {
      this.#state = 'foreign'
      return p + take
    }
    if (this.#headSize < HEADER) return p + take
    this.#headSize = 0
    if (this.#fresh && this.#mayBeSsl2 && isSsl2Hello(this.#head)) this.#beginSsl2()
    else if (isHeader(this.#head, 0)) this.#begin(this.#head[TYPE]!, u16(this.#head, VERSION), u16(this.#head, LENGTH))
    else {
      this.#sink.broken(this.#first)
      this.#offset += end - p - take
      this.#lose(HEADER + end - p - take, this.#frame, this.#time)
      return end
    }
    return p + take
  }

  /** The bytes of a first header, so far, are none. */
  #isForeign(): boolean {
    const head = this.#head
    const size = this.#headSize
    if (this.#mayBeSsl2 && head[0]! >= 0x80) return size >= HEADER && !isSsl2Hello(head)
    return !isHeaderType(head[TYPE]!) || (size > 1 && head[VERSION] !== 3) || (size >= HEADER && !isHeader(head, 0))
  }

  #begin(type: number, version: number, length: number): void {
    this.#fresh = false
    this.#record = { type, version, length, first: this.#first }
    this.#remaining = length
    this.#missing = 0
    this.#bodySize = 0
    this.#version = version
    this.#wanted = this.#isProbe || this.#sink.header(this.#record)
    this.#state = 'body'
    if (length === 0) this.#endRecord(true)
  }

  #beginSsl2(): void {
    this.#begin(SSL2_HELLO, u16(this.#head, SSL2_LENGTH + 1), u16(this.#head, 0) & 0x7fff)
    // What was gathered as a header is three bytes longer than this one.
    const early = this.#head.slice(SSL2_LENGTH, HEADER)
    if (this.#wanted) this.#keep(early, 0, early.length)
    this.#remaining -= early.length
  }

  #readBody(b: Bytes, p: number, end: number): number {
    const take = Math.min(this.#remaining, end - p)
    this.#offset += take
    this.#remaining -= take
    if (this.#remaining === 0 && this.#bodySize === 0 && this.#missing === 0 && this.#wanted) {
      this.#tell(b, p, p + take, true)
      return p + take
    }
    if (this.#wanted && this.#missing === 0) this.#keep(b, p, p + take)
    if (this.#remaining === 0) this.#endRecord(true)
    return p + take
  }

  #keep(b: Bytes, from: number, to: number): void {
    if (this.#body.length === 0) this.#body = bodyOf(this.#record!.length)
    this.#body.set(b.subarray(from, to), this.#bodySize)
    this.#bodySize += to - from
  }

  #miss(length: number): void {
    this.#remaining -= length
    this.#missing += length
    this.#sink.hole(this.#record!, length, this.#frame, this.#time)
  }

  #endRecord(whole: boolean): void {
    this.#tell(this.#body, 0, this.#bodySize, whole)
  }

  #tell(b: Bytes, at: number, end: number, whole: boolean): void {
    const record = this.#record!
    const gathered = b === this.#body
    this.#state = 'header'
    this.#record = null
    this.#body = NO_BYTES
    this.#bodySize = 0
    const last = this.#place(this.#offset - 1)
    if (this.#isProbe) this.#endProbe(record, b, at, end, whole, last)
    else this.#sink.record(record, b, at, end, this.#missing, last, whole)
    if (gathered && b.length === MAX_BODY && spareBodies.length < SPARE_BODIES) spareBodies.push(b)
  }

  #endProbe(record: RecordHeader, b: Bytes, at: number, end: number, whole: boolean, last: Place): void {
    this.#isProbe = false
    if (whole && this.#missing === 0 && this.#sink.probe(record, b, at, end, last)) {
      this.#probes = 0
      return
    }
    this.#state = 'lost'
    this.#sink.lost(HEADER + record.length - (whole ? 0 : this.#missing), this.#frame, this.#time)
  }

  #lose(length: number, frame: number, time: number): void {
    const pending = this.#state === 'header' ? this.#headSize : 0
    this.#state = 'lost'
    this.#fresh = false
    this.#headSize = 0
    if (length + pending > 0) this.#sink.lost(length + pending, frame, time)
  }

  #readForeign(b: Bytes, p: number, end: number): number {
    const take = Math.min(SNIFF_LENGTH - this.#headSize, end - p)
    this.#head.set(b.subarray(p, p + take), this.#headSize)
    this.#headSize += take
    this.#offset += take
    if (this.#headSize === SNIFF_LENGTH) this.#tellForeign()
    return p + take
  }

  #tellForeign(): void {
    this.#state = 'done'
    const looks = sniff(this.#head, 0, this.#headSize)
    this.#sink.foreign(looks === 'need-more' ? 'unknown' : looks, this.#first)
  }
}

/** Room for a body of so many bytes, or more. */
function bodyOf(length: number): Bytes {
  return length > SHORT_BODY ? (spareBodies.pop() ?? new Uint8Array(MAX_BODY)) : new Uint8Array(length)
}

/** A push that begins with a record: what ends in it is followed by the next header. */
function looksLikeRecord(b: Bytes, at: number, end: number): boolean {
  if (end - at < HEADER || !isHeader(b, at)) return false
  const next = at + HEADER + u16(b, at + LENGTH)
  return next + HEADER > end || isHeader(b, next)
}

/** Whether five bytes at `at` may be the header of a record. */
export function isHeader(b: Bytes, at: number): boolean {
  const length = u16(b, at + LENGTH)
  const mayBeEmpty = b[at + TYPE] === CONTENT.applicationData // RFC 5246 section 6.2.1
  return (
    isHeaderType(b[at + TYPE]!) &&
    b[at + VERSION] === 3 &&
    b[at + VERSION + 1]! <= 4 &&
    length <= MAX_BODY &&
    (length > 0 || mayBeEmpty)
  )
}

function isHeaderType(type: number): boolean {
  return type >= CONTENT.changeCipherSpec && type <= CONTENT.heartbeat
}

function isSsl2Hello(head: Bytes): boolean {
  const length = u16(head, 0) & 0x7fff
  const version = u16(head, SSL2_LENGTH + 1)
  const isVersion = version === 2 || (version >= 0x0300 && version <= 0x0304)
  return head[0]! >= 0x80 && length >= SSL2_SHORTEST && length <= MAX_BODY && head[SSL2_LENGTH] === 1 && isVersion
}
