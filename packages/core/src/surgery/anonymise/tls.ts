// TLS records (RFC 8446 section 5.1): headers and alerts in the clear stay, handshake messages in the clear are scrubbed.
// What is encrypted goes as well: somebody may have the keys, and all that is read of it without them is its length.
import type { Place } from '../../app/http1/message.ts'
import type { Sniffed } from '../../app/sniff.ts'
import { CONTENT, HANDSHAKE } from '../../app/tls/names.ts'
import { type RecordHeader, RecordReader, SSL2_HELLO } from '../../app/tls/records.ts'
import { type Bytes, u16, u24 } from '../../bytes/read.ts'
import type { Pseudonyms, Side } from './contract.ts'
import { scrubHandshake } from './handshake.ts'
import { Pieces, SideEdits } from './pieces.ts'
import { Origin, type Reader, type Work } from './reader.ts'

/** type(1) version(2) length(2); a hello in SSL 2.0 form has a length of two bytes alone. */
const RECORD_HEADER = 5
const SSL2_HEADER = 2
/** type(1) version(2), lengths of cipher specifications(2), session id(2), challenge(2). */
const SSL2_FIXED = 9
/** level(1) description(1): an alert in the clear. A protected one is longer. */
const ALERT = 2
/** type(1) length(3) */
const MESSAGE_HEADER = 4

/** Longest message that is scrubbed (`app/tls/handshake.ts`); of what is behind it nothing is said. */
const MESSAGE_KEPT = 128 * 1024

export class TlsScrubber implements Reader {
  // What answers in another protocol is scrubbed as that.
  readonly takesAnyAnswer = false
  readonly #sides: readonly [TlsSide, TlsSide]

  constructor({ p, edits }: Work, client: Side) {
    const side = (one: Side): TlsSide => new TlsSide(p, new SideEdits(edits, one), one === client)
    this.#sides = [side(0), side(1)]
  }

  expects(_side: Side, speaks: Sniffed): boolean {
    return speaks === 'tls' || speaks === 'tls-alert'
  }

  data(side: Side, bytes: Bytes, at: number, end: number, position: number): void {
    this.#sides[side].data(bytes, at, end, position)
  }

  gap(side: Side, from: number, to: number): void {
    this.#sides[side].gap(from, to)
  }

  end(): void {
    for (const side of this.#sides) side.end()
  }
}

class TlsSide {
  readonly #p: Pseudonyms
  readonly #edits: SideEdits
  readonly #origin: Origin = new Origin()
  readonly #reader: RecordReader
  /** Behind its ChangeCipherSpec. */
  #isProtected = false
  /** The handshake message at work, and how many bytes of it are passed over. */
  readonly #message: Pieces = new Pieces(MESSAGE_KEPT)
  #skip = 0

  constructor(p: Pseudonyms, edits: SideEdits, mayBeSsl2: boolean) {
    this.#p = p
    this.#edits = edits
    this.#reader = new RecordReader(
      {
        header: ({ type }) => type === CONTENT.handshake,
        hole: () => {},
        record: (record, b, at, end, missing, last) => this.#record(record, b, at, end, missing, last),
        mayProbe: () => false,
        probe: () => false,
        lost: () => this.#cut(),
        broken: () => this.#cut(),
        foreign: () => {},
      },
      mayBeSsl2,
    )
  }

  data(bytes: Bytes, at: number, end: number, position: number): void {
    this.#origin.meet(position)
    this.#reader.push(bytes, at, end, 0, 0)
  }

  gap(from: number, to: number): void {
    this.#origin.meet(from)
    this.#reader.gap(to - from, 0, 0)
  }

  end(): void {
    this.#reader.finish(0, 0)
    this.#cut()
  }

  #record(
    { type, length, first }: RecordHeader,
    b: Bytes,
    at: number,
    end: number,
    missing: number,
    last: Place,
  ): void {
    const start = this.#origin.position(first.offset)
    const behind = this.#origin.position(last.offset) + 1
    const body = start + (type === SSL2_HELLO ? SSL2_HEADER : RECORD_HEADER)
    this.#edits.keep(start, Math.min(body, behind))
    switch (type) {
      case CONTENT.changeCipherSpec:
        this.#isProtected = true
        this.#edits.keep(body, Math.min(behind, body + 1))
        break
      case CONTENT.handshake:
        if (!this.#isProtected || isPlainMessage(b, at, end)) this.#handshake(b, at, end, missing, body)
        break
      case CONTENT.alert:
        if (length === ALERT) this.#edits.keep(body, behind)
        break
      case SSL2_HELLO:
        // The challenge is a random number to anyone, if it is one.
        if (end - at >= SSL2_FIXED) this.#edits.keep(body, Math.min(behind, body + SSL2_FIXED + u16(b, at + 3)))
        break
      default:
    }
  }

  /** A record's body in the clear, and behind it `missing` bytes that nobody has. */
  #handshake(b: Bytes, at: number, end: number, missing: number, position: number): void {
    const message = this.#message
    for (let p = at; p < end;) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, end - p)
        this.#skip -= skipped
        p += skipped
        continue
      }
      const to = Math.min(end, p + this.#want() - message.length)
      message.add(b, p, to, position + p - at)
      p = to
      if (message.length === Math.min(this.#want(), MESSAGE_KEPT)) this.#tell()
    }
    if (missing === 0) return
    const rest = message.length > 0 ? this.#want() - message.length : this.#skip
    this.#cut()
    this.#skip = Math.max(0, rest - missing)
  }

  /** Size of the message with its header, as far as known. */
  #want(): number {
    const { bytes } = this.#message
    return bytes.length < MESSAGE_HEADER ? MESSAGE_HEADER : MESSAGE_HEADER + u24(bytes, 1)
  }

  #tell(): void {
    const b = this.#message.bytes
    if (b.length < MESSAGE_HEADER) return
    const [type] = b
    this.#skip = this.#want() - b.length
    scrubHandshake(this.#p, type!, b, MESSAGE_HEADER, b.length)
    this.#message.replace(this.#edits)
    this.#message.clear()
  }

  /** Nothing more of the message at work will come. */
  #cut(): void {
    this.#tell()
    this.#message.clear()
    this.#skip = 0
  }
}

/** The one handshake message in the clear behind a ChangeCipherSpec: the second ClientHello of TLS 1.3 (RFC 8446 D.4). */
const isPlainMessage = (b: Bytes, at: number, end: number): boolean =>
  end - at > MESSAGE_HEADER + 2 &&
  b[at] === HANDSHAKE.clientHello &&
  u24(b, at + 1) === end - at - MESSAGE_HEADER &&
  b[at + MESSAGE_HEADER] === 3
