// One TLS session over the two streams of a connection, SSL 3.0 to TLS 1.3 (RFC 8446, RFC 5246): who said what in the
// handshake, and what came behind it. Where somebody has the keys records are opened; else up to TLS 1.2 their types
// tell, and in TLS 1.3 sizes and order (opaque.ts).
//
// Early data (0-RTT) come before the ServerHello that tells their cipher, and before the server says whether it takes
// them: where somebody has the keys they are held until then (early.ts).
import type { Bytes } from '../../bytes/read.ts'
import type { Place } from '../http1/message.ts'
import { SNIFFED_NAMES, type Sniffed } from '../sniff.ts'
import { cipherSuite } from './cipher-suites.ts'
import { EarlyRecords } from './early.ts'
import type { TlsEvents, TlsFacts, TlsSide } from './facts.ts'
import { HandshakeJoiner } from './handshake.ts'
import { isTls13, readClientHello, type ReadClientHello, readServerHello } from './hello.ts'
import { CONTENT, HANDSHAKE } from './names.ts'
import { Negotiation } from './negotiation.ts'
import { type OpaqueRecord, type OpaqueSink, OpaqueTls13 } from './opaque.ts'
import { Opener } from './opener.ts'
import type { FindProtection, OpenedRecord } from './ports.ts'
import { type RecordHeader, RecordReader, type RecordSink, SSL2_HELLO } from './records.ts'

const TICKETS = 8

const FATAL = 2
const CLOSE_NOTIFY = 0
/** level(1) description(1): an alert in the clear. A protected one is longer. */
const ALERT = 2

export interface TlsOptions {
  /** Finds what opens the records of this session. Without, they stay opaque. */
  protection?: FindProtection | null
}

interface Side {
  reader: RecordReader
  joiner: HandshakeJoiner
  /** Up to TLS 1.2: behind its ChangeCipherSpec. `finishing`: its Finished comes next. */
  isProtected: boolean
  finishing: boolean
  /** The handshake message at work was protected. */
  hidden: boolean
  /** Bytes of records that were lost and are not told yet: of how many records, the next one that opens will say. */
  lost: number
  /** `closed` was told; the stream is over. */
  isClosed: boolean
  isOver: boolean
}

/**
 * Reads both directions of a connection. Push each direction's bytes in order; any split gives the same events, except
 * behind a gap that hides a record's header (records.ts). Constant memory. Nothing throws on input.
 */
export class TlsSession {
  readonly facts: TlsFacts
  readonly #events: TlsEvents
  readonly #negotiation: Negotiation
  readonly #opener: Opener
  readonly #opaque: OpaqueTls13
  readonly #sides: [Side, Side]
  /** The ClientHello of a renegotiation that goes on. */
  #hello: ReadClientHello | null = null
  readonly #early: EarlyRecords = new EarlyRecords()

  constructor(events: TlsEvents, options: TlsOptions = {}) {
    this.#events = events
    this.#negotiation = new Negotiation()
    this.facts = this.#negotiation.facts
    this.#opener = new Opener(options.protection ?? null, this.facts)
    this.#opaque = new OpaqueTls13(this.#opaqueSink())
    this.#sides = [this.#side(0), this.#side(1)]
  }

  /** Bytes `bytes[at..end)` of a side, in order, and the frame that carried them. */
  push(from: TlsSide, bytes: Bytes, at: number, end: number, frame: number, time: number): void {
    this.#sides[from].reader.push(bytes, at, end, frame, time)
  }

  /** `length` bytes of a side are not in the capture; 0 before its first byte: it began before the capture. */
  gap(from: TlsSide, length: number, frame: number, time: number): void {
    this.#sides[from].reader.gap(length, frame, time)
  }

  /** The side closed (FIN); `closed` false: reset, or the capture ends. */
  finish(from: TlsSide, closed: boolean, frame: number, time: number): void {
    const side = this.#sides[from]
    if (side.isOver) return
    side.isOver = true
    side.reader.finish(frame, time)
    side.joiner.cut()
    this.#tellLost(from, 0, frame, time)
    if (from === 0) this.#sealEarly()
    this.#opaque.finish(from)
    this.#negotiation.end(from, closed ? 'close' : 'cut', frame, time)
    this.#close(from, false, frame, time)
  }

  #side(from: TlsSide): Side {
    const joiner = new HandshakeJoiner({
      message: (type, length, bytes, at, end, whole, first, last) => {
        const { hidden } = this.#sides[from]
        this.#message({ from, type, length, bytes, at, end, whole, hidden, first, last })
      },
    })
    const reader = new RecordReader(this.#recordSink(from), from === 0)
    return {
      reader,
      joiner,
      isProtected: false,
      finishing: false,
      hidden: false,
      lost: 0,
      isClosed: false,
      isOver: false,
    }
  }

  #recordSink(from: TlsSide): RecordSink {
    return {
      header: (record) => this.#header(from, record),
      // Told with the record: only then it is known what it holds.
      hole: () => {},
      record: (record, b, at, end, missing, last, whole) =>
        this.#record(from, record, b, at, end, missing, last, whole),
      mayProbe: () => this.#opener.active(from),
      probe: (record, b, at, end, last) => {
        const opened = this.#opener.probe(from, record, b, at, end)
        if (opened !== null) this.#opened(from, record, opened, last)
        return opened !== null
      },
      lost: (length, frame, time) => this.#lost(from, length, frame, time),
      broken: (at) => this.#negotiation.fault(from, 'record', at, 'These bytes are no record header'),
      foreign: (looksLike, first) => this.#foreign(from, looksLike, first),
    }
  }

  #header(from: TlsSide, record: RecordHeader): boolean {
    if (record.type !== CONTENT.applicationData) {
      // An encrypted alert is the last thing that an old session says.
      if (record.type === CONTENT.alert && record.length > ALERT) this.#meetMidstream()
      return !this.#isHidden(from) || this.#opener.active(from)
    }
    this.#meetMidstream()
    if (!this.#isTls13) {
      // Its ChangeCipherSpec was not captured, or never sent: either way these are no handshake.
      this.#sides[from].isProtected = true
      this.#events.begin(from, record.first)
      return this.#opener.active(from)
    }
    if (this.#opener.active(from)) return true
    if (this.#holdsEarly(from, record.length)) {
      this.#early.isBegun = true
      return true
    }
    if (from === 0) this.#sealEarly()
    this.#opaque.header(from, record.length, record.first)
    return false
  }

  #record(
    from: TlsSide,
    record: RecordHeader,
    b: Bytes,
    at: number,
    end: number,
    missing: number,
    last: Place,
    whole: boolean,
  ): void {
    if (!whole) {
      const { type, length, first } = record
      this.facts.cutRecord[from] = { type, length, had: length - missing, first }
    }
    switch (record.type) {
      case SSL2_HELLO:
        this.#negotiation.ssl2Hello(b, at, end, missing === 0, record.first, last)
        this.#heardClientHello()
        break
      case CONTENT.changeCipherSpec:
        this.#changeCipherSpec(from, record, b, at, end)
        break
      case CONTENT.alert:
        if (record.length === ALERT && end - at === ALERT) this.#alert(from, b[at]!, b[at + 1]!, record.first)
        else if (this.#isHidden(from)) this.#hiddenRecord(from, record, b, at, end, missing, last, whole)
        break
      case CONTENT.handshake:
        if (this.#isHidden(from)) this.#hiddenRecord(from, record, b, at, end, missing, last, whole)
        else {
          this.#sides[from].hidden = false
          this.#sides[from].joiner.push(b, at, end, missing, record.first, last)
        }
        break
      case CONTENT.applicationData:
        this.#hiddenRecord(from, record, b, at, end, missing, last, whole)
        break
      default:
    }
  }

  /** A protected record: opened, or taken for what it seems to be. */
  #hiddenRecord(
    from: TlsSide,
    record: RecordHeader,
    b: Bytes,
    at: number,
    end: number,
    missing: number,
    last: Place,
    whole: boolean,
  ): void {
    const isData = record.type === CONTENT.applicationData
    const isHeldBack = from === 0 && this.#early.isBegun
    this.#early.isBegun &&= !isHeldBack
    if (this.#opener.active(from)) {
      if (from === 0 && this.#opener.worked(1)) this.#settleEarly()
      else if (from === 0) this.#sealEarly()
      if (missing > 0) this.#missedRecord(from, record, missing, last, whole)
      else {
        const opened = this.#opener.open(from, record, b, at, end)
        if (opened !== null) this.#opened(from, record, opened, last)
        else this.#unopened(from, record, last)
      }
    } else if (isData && this.#holdsEarly(from, record.length)) {
      this.#early.hold(record, b, at, end, missing, last, whole)
    } else if (isData && this.#isTls13) {
      if (isHeldBack) this.#opaque.header(from, record.length, record.first)
      this.#opaque.record(from, missing, last, whole)
    } else if (isData) this.#data(from, null, record.length, missing, record.first, last, whole)
    else if (whole) this.#opaqueRecord(from, record, last)
  }

  #opened(from: TlsSide, record: RecordHeader, opened: OpenedRecord, last: Place): void {
    const { type, bytes, at, end, skipped } = opened
    const { first } = record
    this.#tellLost(from, skipped, last.frame, last.time)
    if (from === 0 && type === CONTENT.applicationData && this.#opener.isEarly && !this.#takesEarly(record, last))
      return
    if (type === CONTENT.applicationData) {
      if (this.#isTls13) this.#events.begin(from, first)
      this.#data(from, bytes.subarray(at, end), record.length, 0, first, last, true)
    } else if (type === CONTENT.alert) {
      if (end - at === ALERT) this.#alert(from, bytes[at]!, bytes[at + 1]!, first)
    } else if (type === CONTENT.handshake) {
      this.#sides[from].hidden = true
      this.#sides[from].joiner.push(bytes, at, end, 0, first, last)
      if (from === 1 && this.#negotiation.takesEarlyData !== null) this.#settleEarly()
    }
  }

  /** Before the ServerHello, as far as there is room: what the client sends is early data, and may be opened later. */
  #holdsEarly(from: TlsSide, length: number): boolean {
    const { clientHello, helloRetryRequest } = this.facts
    if (from === 1 || clientHello?.earlyData !== true || helloRetryRequest !== null) return false
    return this.#opener.expectsEarly && this.#early.hasRoom(length)
  }

  /** The server has spoken, or nobody saw what it said: opens what is held. */
  #settleEarly(): void {
    for (const { record, bytes, missing, last } of this.#early.take()) {
      const opened = missing > 0 ? null : this.#opener.probe(0, record, bytes, 0, bytes.length)
      if (opened !== null) this.#opened(0, record, opened, last)
      else if (this.#negotiation.takesEarlyData !== false) {
        this.#events.gap(0, this.#opener.plainLength(record.length), last.frame, last.time)
      }
    }
  }

  /** Whether early data are part of the stream: what the server did not take the client sends again, if it likes. */
  #takesEarly(record: RecordHeader, last: Place): boolean {
    const { takesEarlyData } = this.#negotiation
    if (takesEarlyData === null) {
      this.#events.gap(0, this.#opener.plainLength(record.length), last.frame, last.time)
    }
    return takesEarlyData === true
  }

  /** Nobody will open what is held: it is what it would be without keys. */
  #sealEarly(): void {
    for (const { record, missing, last, whole } of this.#early.take()) {
      this.#opaque.header(0, record.length, record.first)
      this.#opaque.record(0, missing, last, whole)
    }
  }

  /** The keys do not fit: the record is what it would be without, or a hole in what is read. */
  #unopened(from: TlsSide, record: RecordHeader, last: Place): void {
    this.#tellLost(from, 0, last.frame, last.time)
    const isData = record.type === CONTENT.applicationData
    if (isData && this.#opener.worked(from) && this.#opener.active(from) && this.#negotiation.done) {
      this.#events.gap(from, this.#opener.plainLength(record.length), last.frame, last.time)
    } else if (isData && this.#isTls13) {
      if (this.#negotiation.done) this.#opaque.established()
      this.#opaque.header(from, record.length, record.first)
      this.#opaque.record(from, 0, last, true)
    } else if (isData) this.#data(from, null, record.length, 0, record.first, last, true)
    else this.#opaqueRecord(from, record, last)
  }

  /** A record that would open, if all of it were there. */
  #missedRecord(from: TlsSide, record: RecordHeader, missing: number, last: Place, whole: boolean): void {
    if (!whole) {
      // The stream ends in it: all that can be told is that something had begun.
      if (this.#isTls13 && this.#negotiation.done) this.#events.begin(from, record.first)
      return
    }
    this.#tellLost(from, 0, last.frame, last.time)
    this.#opener.skip(from, 1)
    this.#sides[from].joiner.cut()
    if (record.type === CONTENT.applicationData && this.#negotiation.done) {
      this.#events.gap(from, this.#opener.plainLength(record.length), last.frame, last.time)
    } else this.#negotiation.fault(from, 'handshake', record.first, `${missing} bytes of a record are missing`)
  }

  /** Up to TLS 1.2, an alert or handshake record that nobody can read. */
  #opaqueRecord(from: TlsSide, record: RecordHeader, last: Place): void {
    const side = this.#sides[from]
    if (record.type === CONTENT.alert) this.#opaqueAlert(from, record.first, this.#negotiation.done)
    else {
      // RFC 5246 section 7.4.9: Finished comes immediately behind ChangeCipherSpec.
      const type = side.finishing ? HANDSHAKE.finished : HANDSHAKE.encrypted
      this.#negotiation.note(from, type, record.length, record.first, last, { inferred: side.finishing })
      if (side.finishing) this.#negotiation.finished(from, last)
      side.finishing = false
    }
  }

  #changeCipherSpec(from: TlsSide, record: RecordHeader, b: Bytes, at: number, end: number): void {
    this.#meetMidstream()
    // TLS 1.3 sends it to please middleboxes (RFC 8446 appendix D.4).
    if (this.#isTls13) return
    const side = this.#sides[from]
    // In a second handshake it is itself protected, and counted.
    if (side.isProtected && this.#opener.active(from)) this.#opener.open(from, record, b, at, end)
    side.joiner.cut()
    side.isProtected = true
    side.finishing = true
    this.#negotiation.changeCipherSpec(from)
    this.#opener.changeCipherSpec(from)
  }

  #message(message: Parameters<Negotiation['message']>[0]): void {
    const { from, type } = message
    const { client, server } = this.#negotiation
    this.#negotiation.message(message)
    if (this.#negotiation.client !== client) this.#heardClientHello()
    if (this.#negotiation.server !== server) this.#heardServerHello()
    if (!message.hidden) return
    this.#sides[from].finishing = false
    if (!this.#isTls13 && this.#negotiation.done) this.#renegotiate(message)
    if (type === HANDSHAKE.finished) this.#opener.finished(from)
    else if (type === HANDSHAKE.keyUpdate && this.#isTls13) this.#opener.keyUpdate(from)
  }

  /** RFC 5246 section 7.4.1: hellos within a session bring new keys. Nothing else of them is told. */
  #renegotiate({ from, type, bytes, at, end, whole, first, last }: Parameters<Negotiation['message']>[0]): void {
    if (from === 0 && type === HANDSHAKE.clientHello) {
      this.#hello = readClientHello(bytes, at, end, whole, first, last)
      this.#opener.clientHello(this.#hello)
    } else if (from === 1 && type === HANDSHAKE.serverHello && this.#hello !== null) {
      this.#opener.serverHello(this.#hello, readServerHello(bytes, at, end, whole, first, last))
      this.#hello = null
    }
  }

  #heardClientHello(): void {
    const { client } = this.#negotiation
    if (client === null) return
    const { hello } = client
    this.#sealEarly()
    this.#opaque.hints.earlyData = hello.earlyData && this.facts.helloRetryRequest === null
    this.#opaque.hints.tickets = hello.pskModes || hello.incomplete
    this.#opaque.hints.http2 = hello.alpn.includes('h2')
    this.#opaque.clientHello()
    this.#opener.clientHello(client)
  }

  #heardServerHello(): void {
    const { client, server } = this.#negotiation
    if (server === null) return
    const { cipher, first } = server.hello
    const { hints } = this.#opaque
    hints.hash = { sha256: 32, sha384: 48, sm3: 32 }[cipherSuite(cipher)?.prf ?? 'sha256']
    hints.serverOnly = client === null
    if (client !== null) {
      hints.answered = Math.max(0, first.time - client.hello.last.time)
      this.#opener.serverHello(client, server)
      if (!this.#opener.active(0)) this.#sealEarly()
    }
    this.#opaque.serverHello()
  }

  /** Application data or a ChangeCipherSpec, and no hello from either side: the session is older than the capture. */
  #meetMidstream(): void {
    const { facts } = this
    if (facts.begins !== 'nothing' || facts.messageCount > 0) return
    facts.begins = 'midstream'
    this.#negotiation.done = true
    this.#opaque.established()
  }

  /** Met mid-stream it may be either; what holds for TLS 1.3 does no harm before. */
  get #isTls13(): boolean {
    return this.facts.begins === 'midstream' || this.#negotiation.isTls13
  }

  /** Records that are not application_data are protected as well. */
  #isHidden(from: TlsSide): boolean {
    if (this.facts.begins === 'midstream') return true
    return this.#sides[from].isProtected && !isTls13(this.facts.serverHello?.version ?? 0)
  }

  #lost(from: TlsSide, length: number, frame: number, time: number): void {
    this.#sides[from].joiner.cut()
    this.#opener.skip(from, 0)
    this.#opaque.lost(from, time)
    if (length > 0 && (this.#negotiation.done || this.facts.messageCount === 0 || this.#sides[from].isProtected)) {
      const side = this.#sides[from]
      if (!this.#opener.worked(from)) this.#events.gap(from, length, frame, time)
      else {
        // That something is missing is told at once, how much when that is known.
        if (side.lost === 0) this.#events.gap(from, 1, frame, time)
        side.lost += length
      }
    }
  }

  /** What was lost lies behind: it was `records`, as far as anyone can tell. */
  #tellLost(from: TlsSide, records: number, frame: number, time: number): void {
    const side = this.#sides[from]
    if (side.lost === 0) return
    const rest = this.#opener.plainOf(records, side.lost) - 1
    side.lost = 0
    if (rest > 0) this.#events.gap(from, rest, frame, time)
  }

  #foreign(from: TlsSide, looksLike: Sniffed, first: Place): void {
    this.facts.foreign[from] = { looksLike, first }
    const who = from === 0 ? 'The client' : 'The server'
    this.#negotiation.fault(from, 'record', first, `${who} does not speak TLS but ${SNIFFED_NAMES[looksLike]}`)
    this.#negotiation.end(from, 'foreign', first.frame, first.time)
  }

  #alert(from: TlsSide, level: number, description: number, at: Place): void {
    this.#negotiation.alert(from, level, description, at)
    if (level === FATAL || description === CLOSE_NOTIFY) this.#negotiation.end(from, 'alert', at.frame, at.time)
    if (description === CLOSE_NOTIFY) this.#close(from, true, at.frame, at.time)
  }

  /** `likely`: nothing speaks for another alert than close_notify. */
  #opaqueAlert(from: TlsSide, at: Place, likely: boolean): void {
    this.#negotiation.alert(from, -1, -1, at)
    this.#negotiation.end(from, 'alert', at.frame, at.time)
    if (likely) this.#close(from, true, at.frame, at.time)
  }

  #close(from: TlsSide, clean: boolean, frame: number, time: number): void {
    if (this.#sides[from].isClosed) return
    this.#sides[from].isClosed = true
    this.#events.closed(from, clean, frame, time)
  }

  #data(
    from: TlsSide,
    plain: Bytes | null,
    length: number,
    missing: number,
    first: Place,
    last: Place,
    whole: boolean,
  ): void {
    // The stream ended in it: `cutRecord` says so.
    if (!whole) return
    this.facts.records[from]++
    this.facts.recordBytes[from] += length - missing
    if (missing > 0) this.#events.gap(from, missing, last.frame, last.time)
    this.#events.data(from, plain, length - missing, first, last)
  }

  #opaqueSink(): OpaqueSink {
    const { facts } = this
    const negotiation = this.#negotiation
    return {
      handshake: (from, type, { length, first, last }) => {
        negotiation.note(from, type, length, first, last, { inferred: type !== HANDSHAKE.encrypted })
      },
      finished(from, record) {
        if (record !== null) facts.finished[from] = record.last
        if (from === 0) negotiation.done = true
      },
      clientCertificate(what) {
        facts.clientCertificate = what
      },
      ticket({ length, first, last }) {
        if (facts.tickets.length < TICKETS) facts.tickets.push({ length, first, last })
      },
      // Behind a handshake that the server has agreed to: it went on with tickets or data. Else it may refuse
      // the client's certificate.
      alert: (from, { first }) => {
        const agreed = facts.tickets.length > 0 || facts.records[1] > 0
        this.#opaqueAlert(from, first, negotiation.done && (from === 0 || agreed))
      },
      begin: (from, { first }) => this.#events.begin(from, first),
      data: (from, { length, missing, first, last, whole }: OpaqueRecord) => {
        this.#data(from, null, length, missing, first, last, whole)
      },
    }
  }
}
