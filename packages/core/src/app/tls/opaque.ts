// What TLS 1.3 shows without keys. Behind the ServerHello every record says application_data, whatever is in it
// (RFC 8446 section 5.2). Order and exact sizes tell most of it; this file is where they do.
//
// What is certain, as long as nobody pads records:
//   - Until the client's Finished all of the server's records are its flight, or data it sends early (0.5-RTT).
//   - A Finished is 4 bytes and a hash. A client that was asked for a certificate answers with a Certificate message,
//     an empty one at least (section 4.4.2): a first record of exactly a Finished means that it was not asked.
//   - In the handshake a record of 19 bytes is an alert: no handshake message is so short.
// What is a rule, and how it may err:
//   - Client flights in one record (BoringSSL, rustls) and in several (OpenSSL, Go, Java) are told apart by the record
//     behind the first: a Finished, or the size of a CertificateVerify and then a Finished; else it is a request.
//   - A later record of 19 bytes, or 35 of a server (Java pads it), is an alert if nothing of its sender follows (but another of
//     35), else it is data.
//   - The server's first records behind the client's Finished are session tickets while all of this holds: the client
//     can use tickets; it has sent no data yet, or the record came as soon as a ticket would (twice the time of the
//     ServerHello and 20 ms); a ticket may be as large; behind the first, it has the size of that one (servers that
//     send several make them alike). Two in all, or four where the others come in the packet of the second. A server without tickets whose answer is one small record within that
//     time has its answer taken for a ticket: whoever judges "no answer" looks at `tickets`.
//   - Where the client offered HTTP/2, records of up to 90 bytes that come as soon as tickets, and before the first larger
//     one, are SETTINGS and the like.
import type { Place } from '../http1/message.ts'
import type { TlsSide } from './facts.ts'

/** Content type and tag (RFC 8446 section 5.2): what protection adds to every record. */
const PROTECTION = 17
/** level(1) description(1) */
const ALERT = 2 + PROTECTION
/**
 * Java pads its alerts by as much as a tag is long, and sends two: user_canceled, then close_notify. From a server:
 * a client's smallest request has this size.
 */
const PADDED_ALERT = ALERT + 16
/** EndOfEarlyData, an empty handshake message. */
const END_OF_EARLY_DATA = 4 + PROTECTION
/** A Certificate message with empty context and empty list. */
const EMPTY_CERTIFICATE = 4 + 4
/** A record that is full: its message goes on in the next. */
const FULL = 16_384 + PROTECTION

/** CertificateVerify: its header, scheme and length are 8 bytes; signatures of Ed25519, Ed448, RSA from 2048 bits on. */
const SIGNATURES = new Set([64, 114, 256, 384, 512, 1024])
/** DER signatures of ECDSA vary by a few bytes: P-256, P-384, P-521. */
const ECDSA: readonly (readonly [number, number])[] = [
  [68, 72],
  [100, 104],
  [134, 139],
]

/** A NewSessionTicket of the shortest kind: lifetime, age, nonce, an empty ticket and extensions are 13 bytes. */
const TICKET_SHORTEST = 4 + 13 + 1 + PROTECTION
/** Tickets hold the session; where the client showed certificates, these as well. */
const TICKET_LARGEST = 2048
const TICKET_WITH_CERTIFICATES = 16_384 + PROTECTION
const TICKETS = 2
const TICKETS_TOGETHER = 4
const TICKET_SLACK = 20e6
/** SETTINGS with ten values, WINDOW_UPDATE, acknowledgement: frames of HTTP/2 that open a connection. */
const SETTINGS_LARGEST = 90
const EARLY_RECORDS = 8

/** What a record was taken for. */
export interface OpaqueSink {
  /** A record of the handshake; `type` 20 for a Finished, -1 for what cannot be named. */
  handshake(from: TlsSide, type: number, record: OpaqueRecord): void
  /** That side is done with the handshake; null where the record of its Finished is not known. */
  finished(from: TlsSide, record: OpaqueRecord | null): void
  clientCertificate(what: 'none asked' | 'empty' | 'sent' | 'unknown'): void
  ticket(record: OpaqueRecord): void
  alert(from: TlsSide, record: OpaqueRecord): void
  begin(from: TlsSide, record: OpaqueRecord): void
  data(from: TlsSide, record: OpaqueRecord): void
}

export interface OpaqueRecord {
  /** Body bytes. */
  length: number
  /** Of them not captured. */
  missing: number
  first: Place
  /** The record's last byte; of its header while the rest is to come. */
  last: Place
  whole: boolean
}

/** What the hellos say. */
export interface OpaqueHints {
  /** Bytes of a Finished: 32 or 48; 0 while the cipher suite is unknown. */
  hash: number
  earlyData: boolean
  tickets: boolean
  http2: boolean
  /** Nanoseconds between ClientHello and ServerHello as captured; 0 unknown. */
  answered: number
  /** The client's side was not captured: the server's Finished must do. */
  serverOnly: boolean
}

type Verdict = 'handshake' | 'held' | 'ticket' | 'alert' | 'data'

export class OpaqueTls13 {
  readonly #sink: OpaqueSink
  readonly hints: OpaqueHints = {
    hash: 0,
    earlyData: false,
    tickets: true,
    http2: false,
    answered: 0,
    serverOnly: false,
  }
  /** Of the record whose header came last, by sender. */
  readonly #verdicts: [Verdict, Verdict] = ['data', 'data']
  readonly #current: [OpaqueRecord | null, OpaqueRecord | null] = [null, null]
  /** A record of that sender that its next one will explain: two bytes, or a signature. */
  readonly #held: [OpaqueRecord | null, OpaqueRecord | null] = [null, null]
  /** Where the client stands: `certificate` has sent the first record of a flight, `verify` perhaps its signature. */
  #client: 'early' | 'flight' | 'empty' | 'certificate' | 'verify' | 'application' = 'flight'
  /** The last record of the client's flight so far, of the server's, and its Finished if its size told. */
  #clientFlight: OpaqueRecord | null = null
  #serverFlight: OpaqueRecord | null = null
  #serverFinished: OpaqueRecord | null = null
  #clientFinishedAt = -1
  #helloSeen = false
  #hasData: [boolean, boolean] = [false, false]
  #tickets = 0
  #ticketLength = 0
  #ticketFrame = -1
  #earlyRecords = 0
  /** The client showed a certificate, or may have. */
  #hasCertificate = false

  constructor(sink: OpaqueSink) {
    this.#sink = sink
  }

  /** The ClientHello is there: early data may follow it. */
  clientHello(): void {
    this.#client = this.hints.earlyData ? 'early' : 'flight'
  }

  serverHello(): void {
    this.#helloSeen = true
  }

  /** Both sides are past the handshake: met mid-stream, or the keys gave out later on. */
  established(): void {
    this.#client = 'application'
    this.#tickets = TICKETS_TOGETHER
    this.#hasData = [true, true]
  }

  /** Records of that side were lost. Once the server's flight is there, the client's Finished must be among them. */
  lost(from: TlsSide, time: number): void {
    if (from === 1 || this.#client === 'application' || this.#serverFlight === null) return
    this.#hasData[0] = true
    this.#finish(null, time)
  }

  header(from: TlsSide, length: number, first: Place): void {
    const record: OpaqueRecord = { length, missing: 0, first, last: first, whole: false }
    this.#current[from] = record
    const verdict = from === 0 ? this.#clientRecord(record) : this.#serverRecord(record)
    // What was held is explained by now: this record came behind it.
    this.#release(from, length)
    this.#verdicts[from] = verdict
    if (verdict === 'data') this.#begin(from, record)
  }

  record(from: TlsSide, missing: number, last: Place, whole: boolean): void {
    const record = this.#current[from]
    if (record === null) return
    this.#current[from] = null
    record.missing = missing
    record.last = last
    record.whole = whole
    switch (this.#verdicts[from]) {
      case 'held':
        this.#held[from] = record
        break
      case 'data':
        this.#sink.data(from, record)
        break
      case 'alert':
        if (whole) this.#sink.alert(from, record)
        break
      case 'ticket':
        this.#sink.ticket(record)
        break
      case 'handshake':
        if (whole) this.#handshake(from, record)
    }
  }

  /** Nothing follows from that side. */
  finish(from: TlsSide): void {
    const held = this.#held[from]
    if (held === null) return
    this.#held[from] = null
    if (held.whole) this.#sink.alert(from, held)
    else this.#tell(from, held)
  }

  /** A record that was held turned out to be data: another of `length` bytes follows. */
  #release(from: TlsSide, length: number): void {
    const held = this.#held[from]
    this.#held[from] = null
    if (held === null) return
    if (held.length === PADDED_ALERT && length === PADDED_ALERT) this.#sink.alert(from, held)
    else this.#tell(from, held)
  }

  #tell(from: TlsSide, record: OpaqueRecord): void {
    this.#begin(from, record)
    this.#sink.data(from, record)
  }

  #begin(from: TlsSide, record: OpaqueRecord): void {
    this.#hasData[from] = true
    this.#sink.begin(from, record)
  }

  #handshake(from: TlsSide, record: OpaqueRecord): void {
    if (from === 1) {
      // Its first record is, or begins with, EncryptedExtensions.
      const isFinished = this.#serverFlight !== null && this.#serverFinished === null && this.#isFinished(record.length)
      if (isFinished) this.#serverFinished = record
      this.#serverFlight = record
      this.#sink.handshake(1, isFinished ? 20 : -1, record)
      if (isFinished && this.hints.serverOnly) this.#finish(null, record.last.time)
      return
    }
    this.#clientFlight = record
    const isFinished = this.#clientFinishedAt < 0 && this.#client === 'application'
    this.#sink.handshake(0, isFinished ? 20 : -1, record)
    if (isFinished) this.#finish(record, record.last.time)
  }

  /** The client's Finished was in this record, or where nobody sees it; the server's came before. */
  #finish(record: OpaqueRecord | null, time: number): void {
    this.#client = 'application'
    this.#clientFinishedAt = time
    const server = this.#serverFinished ?? this.#serverFlight
    if (server !== null) this.#sink.finished(1, server)
    this.#sink.finished(0, record)
  }

  #isFinished(length: number): boolean {
    const { hash } = this.hints
    return hash === 0
      ? length === 4 + 32 + PROTECTION || length === 4 + 48 + PROTECTION
      : length === 4 + hash + PROTECTION
  }

  #clientRecord(record: OpaqueRecord): Verdict {
    const { length } = record
    switch (this.#client) {
      case 'early':
        return this.#earlyRecord(length)
      case 'flight':
        if (length === ALERT) return 'alert'
        if (this.#isFinished(length)) return this.#lastOfFlight('none asked')
        if (this.#isFinished(length - EMPTY_CERTIFICATE)) return this.#lastOfFlight('empty')
        if (length === EMPTY_CERTIFICATE + PROTECTION) this.#client = 'empty'
        else if (length < FULL) this.#client = 'certificate'
        this.#certificate(this.#client === 'empty' ? 'empty' : 'unknown')
        return 'handshake'
      case 'empty':
      case 'certificate':
        if (length === ALERT) return 'alert'
        if (this.#isFinished(length)) return this.#lastOfFlight(this.#client === 'empty' ? 'empty' : 'sent')
        if (this.#client === 'certificate' && isSignature(length)) {
          this.#client = 'verify'
          return 'held'
        }
        break
      case 'verify':
        if (this.#isFinished(length)) {
          const verify = this.#held[0]
          this.#held[0] = null
          if (verify !== null) this.#sink.handshake(0, -1, verify)
          return this.#lastOfFlight('sent')
        }
        break
      case 'application':
        // Where the server's Finished had to do, the client's may be captured after all.
        if (this.hints.serverOnly && !this.#hasData[0] && this.#isFinished(length)) return 'handshake'
        return length === ALERT ? 'held' : 'data'
    }
    this.#endFlight()
    return length === ALERT ? 'held' : 'data'
  }

  /** Early data until it says that it ends, or until a Finished shows that the server refused it. */
  #earlyRecord(length: number): Verdict {
    if (this.#helloSeen && this.#isFinished(length)) return this.#lastOfFlight('none asked')
    if (this.#helloSeen && length === ALERT) return 'alert'
    if (length !== END_OF_EARLY_DATA) return 'data'
    this.#client = 'flight'
    return 'handshake'
  }

  #lastOfFlight(certificate: 'none asked' | 'empty' | 'sent'): Verdict {
    this.#certificate(certificate)
    this.#client = 'application'
    return 'handshake'
  }

  #certificate(what: 'none asked' | 'empty' | 'sent' | 'unknown'): void {
    this.#hasCertificate = what === 'sent' || what === 'unknown'
    this.#sink.clientCertificate(what)
  }

  /** The flight was over with the record before: one record held all of it. */
  #endFlight(): void {
    const last = this.#clientFlight
    this.#finish(last, last?.last.time ?? -1)
  }

  #serverRecord(record: OpaqueRecord): Verdict {
    const { length } = record
    // Whoever answers has got the client's Finished, in whatever record it was.
    if (this.#clientFlight !== null && (this.#client === 'certificate' || this.#client === 'empty')) this.#endFlight()
    if (this.#client !== 'application') {
      if (length === ALERT) return 'alert'
      if (this.#serverFinished === null) return 'handshake'
      if (!this.#isFinished(length)) return this.#earlyRecords++ < EARLY_RECORDS ? this.#asTicket(record) : 'handshake'
      // Another one of this size: what was taken for the Finished was not.
      this.#serverFinished = null
      this.#tickets = 0
      this.#ticketLength = 0
      return 'handshake'
    }
    if (length === ALERT || length === PADDED_ALERT) return 'held'
    return !this.#hasData[1] && this.#isTicket(record) ? this.#asTicket(record) : 'data'
  }

  #isTicket({ length, first }: OpaqueRecord): boolean {
    const { http2, tickets, answered } = this.hints
    const isSoon = this.#clientFinishedAt >= 0 && first.time - this.#clientFinishedAt <= 2 * answered + TICKET_SLACK
    if (this.#hasData[0] && !isSoon) return false
    if (http2 && length <= SETTINGS_LARGEST) return this.#earlyRecords++ < EARLY_RECORDS
    const largest = this.#hasCertificate ? TICKET_WITH_CERTIFICATES : TICKET_LARGEST
    const most = first.frame === this.#ticketFrame ? TICKETS_TOGETHER : TICKETS
    if (!tickets || length < TICKET_SHORTEST || length > largest || this.#tickets >= most) return false
    return this.#ticketLength === 0 || this.#ticketLength === length
  }

  #asTicket({ length, first }: OpaqueRecord): Verdict {
    if (!this.hints.http2 || length > SETTINGS_LARGEST) {
      this.#tickets++
      this.#ticketLength = length
      this.#ticketFrame = first.frame
    }
    return 'ticket'
  }
}

function isSignature(length: number): boolean {
  const signature = length - PROTECTION - 8
  return SIGNATURES.has(signature) || ECDSA.some(([from, to]) => signature >= from && signature <= to)
}
