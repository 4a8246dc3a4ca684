// HTTP/2 frames (RFC 9113): headers and control frames stay, field blocks are scrubbed in place, of DATA stay the length
// prefixes of gRPC messages and what shows whose error page it is. Extensions' frames go but for their headers.
import { isGrpc } from '../../app/http2/grpc.ts'
import { BLOCK_LIMIT } from '../../app/http2/field-block.ts'
import * as frames from '../../app/http2/frame.ts'
import { FrameScanner, type FrameSink } from '../../app/http2/scanner.ts'
import type { Http2Side } from '../../app/http2/events.ts'
import type { Place } from '../../app/http1/message.ts'
import type { Sniffed } from '../../app/sniff.ts'
import { type Bytes, u16, u32 } from '../../bytes/read.ts'
import type { Pseudonyms, Side } from './contract.ts'
import { keepErrorPage, LEAST_STATUS, PAGE_LOOKED_AT } from './error-page.ts'
import { FieldBlockScrubber } from './field-block.ts'
import { Pieces, SideEdits } from './pieces.ts'
import { Origin, otherSide, type Reader, type Work } from './reader.ts'
import { scrubText } from './text.ts'
import { keepsWords } from './vocabulary.ts'

/** Bytes of a SETTINGS parameter, identifier(2) value(4), and the one that widens frames (RFC 9113 section 6.5.2). */
const SETTING = 6
const SETTINGS_MAX_FRAME_SIZE = 5
/** The last one of IANA's registry. */
const LAST_SETTING = 0x10

/** What control frames hold besides debug data: PING 8 bytes, GOAWAY 8, others fewer. */
const CONTROL = 8

/** Flag(1) length(4) before each message of gRPC. */
const GRPC_PREFIX = 5

/** Streams of one side whose content is followed; the oldest is forgotten beyond that. */
const STREAMS = 4096

export class Http2Scrubber implements Reader {
  readonly takesAnyAnswer = false
  readonly #client: Side
  /** The client first. */
  readonly #senders: readonly [Sender, Sender]

  constructor({ p, edits }: Work, client: Side) {
    this.#client = client
    const server = otherSide(client)
    const announced = (from: Http2Side, size: number) => {
      const { scanner } = this.#senders[from === 0 ? 1 : 0]
      scanner.largest = Math.max(scanner.largest, size)
    }
    const opened = (stream: number) => {
      for (const { scanner } of this.#senders) scanner.highestStream = Math.max(scanner.highestStream, stream)
    }
    this.#senders = [
      new Sender(0, p, new SideEdits(edits, client), announced, opened),
      new Sender(1, p, new SideEdits(edits, server), announced, opened),
    ]
  }

  expects(_side: Side, speaks: Sniffed): boolean {
    return speaks === 'http2'
  }

  data(side: Side, bytes: Bytes, at: number, end: number, position: number): void {
    this.#of(side).data(bytes, at, end, position)
  }

  gap(side: Side, from: number, to: number): void {
    this.#of(side).gap(from, to)
  }

  end(): void {
    for (const sender of this.#senders) sender.end()
  }

  #of(side: Side): Sender {
    return this.#senders[side === this.#client ? 0 : 1]
  }
}

/** Bytes of a gRPC message to come, or of its prefix so far with the length that it says. */
interface Grpc {
  remaining: number
  prefix: number
  length: number
}

/** Content of one stream. */
interface Content {
  grpc: Grpc | null
  /** The beginning of an error page. */
  page: Pieces | null
}

/** A field block at work. */
interface Block {
  stream: number
  pieces: Pieces
  whole: boolean
}

class Sender {
  readonly scanner: FrameScanner
  readonly #p: Pseudonyms
  readonly #edits: SideEdits
  readonly #origin: Origin = new Origin()
  readonly #announced: (from: Http2Side, frameSize: number) => void
  readonly #opened: (stream: number) => void
  readonly #fields: FieldBlockScrubber
  readonly #streams = new Map<number, Content>()
  #block: Block | null = null
  /** How much of the preface has come; Infinity where none comes any more. */
  #prefaceAt: number

  constructor(
    from: Http2Side,
    p: Pseudonyms,
    edits: SideEdits,
    announced: (from: Http2Side, frameSize: number) => void,
    opened: (stream: number) => void,
  ) {
    this.#p = p
    this.#edits = edits
    this.#announced = announced
    this.#opened = opened
    this.#fields = new FieldBlockScrubber(p)
    this.#prefaceAt = from === 0 ? 0 : Infinity
    this.scanner = new FrameScanner(from, this.#sink())
  }

  data(bytes: Bytes, at: number, end: number, position: number): void {
    this.#origin.meet(position)
    this.#keepPreface(bytes, at, end, position)
    this.scanner.push(bytes, at, end, 0, 0)
  }

  /** What a client begins with (RFC 9113 section 3.4), as far as it is that. */
  #keepPreface(bytes: Bytes, at: number, end: number, position: number): void {
    let p = at
    while (p < end && bytes[p] === frames.PREFACE.charCodeAt(this.#prefaceAt)) {
      p++
      this.#prefaceAt++
    }
    this.#edits.keep(position, position + p - at)
    if (p < end) this.#prefaceAt = Infinity
  }

  gap(from: number, to: number): void {
    this.#prefaceAt = Infinity
    this.#origin.meet(from)
    this.scanner.gap(to - from, 0, 0)
  }

  end(): void {
    this.scanner.finish(0, 0)
    this.#endBlock(false)
    for (const content of this.#streams.values()) this.#endContent(content)
    this.#streams.clear()
  }

  #position(place: Place): number {
    return this.#origin.position(place.offset)
  }

  #sink(): FrameSink {
    return {
      midstream: () => this.#lose(),
      lost: () => this.#lose(),
      // A frame that is too large to be one is told of here alone; of others the header stays anyhow.
      fault: (_from, _stream, text, place) => {
        const position = this.#position(place)
        if (text.endsWith('are allowed')) this.#edits.keep(position, position + frames.FRAME_HEADER)
      },
      begin: (_from, header, first) => this.#begin(header, this.#position(first)),
      data: (_from, header, bytes, at, end, isLast, first) => {
        this.#content(header, bytes, at, end, this.#position(first))
        if (isLast && (header.flags & frames.END_STREAM) !== 0) this.#endStream(header.stream)
      },
      missing: (_from, header, _length, isLast) => {
        const content = this.#streams.get(header.stream)
        if (content !== undefined) {
          this.#endContent(content)
          // Where the next message begins, nobody knows.
          content.grpc = null
        }
        if (isLast && (header.flags & frames.END_STREAM) !== 0) this.#endStream(header.stream)
      },
      frame: (from, header, payload, whole, first) => {
        this.#frame(from, header, payload, whole, this.#position(first) + frames.FRAME_HEADER)
      },
    }
  }

  #lose(): void {
    this.#endBlock(false)
    this.#fields.lose()
  }

  #begin({ type, flags, length, stream }: Readonly<frames.FrameHeader>, position: number): void {
    const isPadded = type === frames.DATA && length > 0 && (flags & frames.PADDED) !== 0
    this.#edits.keep(position, position + frames.FRAME_HEADER + (isPadded ? 1 : 0))
    if (this.#block !== null && (type !== frames.CONTINUATION || stream !== this.#block.stream)) this.#endBlock(false)
    if (type === frames.HEADERS || type === frames.PUSH_PROMISE) {
      this.#block = { stream, pieces: new Pieces(BLOCK_LIMIT), whole: true }
    }
    if (type === frames.HEADERS && stream % 2 === 1) this.#opened(stream)
  }

  #frame(
    from: Http2Side,
    header: Readonly<frames.FrameHeader>,
    payload: Bytes,
    whole: boolean,
    position: number,
  ): void {
    switch (header.type) {
      case frames.HEADERS:
      case frames.PUSH_PROMISE:
      case frames.CONTINUATION:
        this.#fragment(header, payload, whole, position)
        break
      case frames.SETTINGS:
        for (let at = 0; at + SETTING <= payload.length; at += SETTING) {
          const setting = u16(payload, at)
          // Of a private one the value may be anything.
          const known = setting <= LAST_SETTING ? SETTING : 2
          this.#edits.keep(position + at, position + at + known)
          if (setting === SETTINGS_MAX_FRAME_SIZE) this.#announced(from, u32(payload, at + 2))
        }
        break
      case frames.GOAWAY:
        this.#edits.keep(position, position + Math.min(payload.length, CONTROL))
        this.#scrubDebug(payload.slice(CONTROL), position + CONTROL)
        break
      case frames.PING:
        this.#edits.replace(position, this.#p.noise(payload.subarray(0, CONTROL)))
        break
      case frames.PRIORITY:
      case frames.WINDOW_UPDATE:
        this.#edits.keep(position, position + Math.min(payload.length, CONTROL))
        break
      case frames.RST_STREAM:
        this.#edits.keep(position, position + Math.min(payload.length, CONTROL))
        this.#endStream(header.stream)
        break
      default:
    }
  }

  /** GOAWAY says in words why (RFC 9113 section 6.8). */
  #scrubDebug(debug: Bytes, position: number): void {
    if (!debug.every((c) => c >= 32 && c < 127)) return
    scrubText(this.#p, debug, 0, debug.length, keepsWords)
    this.#edits.replace(position, debug)
  }

  /** The part of a field block in a frame; before it padding length, priority, promised stream (sections 6.2, 6.6). */
  #fragment(
    { type, flags, length }: Readonly<frames.FrameHeader>,
    payload: Bytes,
    whole: boolean,
    position: number,
  ): void {
    const block = this.#block
    if (block === null || !block.whole) return
    let at = 0
    let padding = 0
    if (type !== frames.CONTINUATION && (flags & frames.PADDED) !== 0) padding = payload[at++] ?? 0
    if (type === frames.HEADERS && (flags & frames.HAS_PRIORITY) !== 0) at += 5
    else if (type === frames.PUSH_PROMISE) at += 4
    this.#edits.keep(position, position + Math.min(at, payload.length))
    const end = Math.min(payload.length, length - padding)
    block.pieces.add(payload, at, end, position + at)
    block.whole = whole && end >= at && !block.pieces.isFull
    if (!block.whole || (flags & frames.END_HEADERS) !== 0) this.#endBlock(block.whole)
  }

  #endBlock(whole: boolean): void {
    const block = this.#block
    if (block === null) return
    this.#block = null
    const { fields, done } = this.#fields.scrub(block.pieces.bytes, whole)
    block.pieces.replace(this.#edits, 0, done)
    const grpc = isGrpc(fields.get('content-type')) ? { remaining: 0, prefix: 0, length: 0 } : null
    const page = Number(fields.get(':status') ?? 0) >= LEAST_STATUS ? new Pieces(PAGE_LOOKED_AT) : null
    if (grpc === null && page === null) return
    const [oldest] = this.#streams.keys()
    if (this.#streams.size === STREAMS && oldest !== undefined) this.#endStream(oldest)
    this.#streams.set(block.stream, { grpc, page })
  }

  #content({ stream }: Readonly<frames.FrameHeader>, bytes: Bytes, at: number, end: number, position: number): void {
    const content = this.#streams.get(stream)
    content?.page?.add(bytes, at, end, position)
    if (content?.grpc) this.#keepPrefixes(content.grpc, bytes, at, end, position)
  }

  #keepPrefixes(grpc: Grpc, bytes: Bytes, at: number, end: number, position: number): void {
    for (let p = at; p < end;) {
      if (grpc.remaining > 0) {
        const take = Math.min(grpc.remaining, end - p)
        grpc.remaining -= take
        p += take
        continue
      }
      this.#edits.keep(position + p - at, position + p - at + 1)
      // The first byte is a flag.
      grpc.length = grpc.prefix === 0 ? 0 : grpc.length * 256 + bytes[p]!
      grpc.prefix++
      p++
      if (grpc.prefix < GRPC_PREFIX) continue
      grpc.remaining = grpc.length
      grpc.prefix = 0
    }
  }

  #endStream(stream: number): void {
    const content = this.#streams.get(stream)
    if (content !== undefined) this.#endContent(content)
    this.#streams.delete(stream)
  }

  #endContent(content: Content): void {
    if (content.page !== null) keepErrorPage(this.#p, content.page, this.#edits)
    content.page = null
  }
}
