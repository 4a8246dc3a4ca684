// What the handshake says, message by message, into the facts (RFC 8446 section 4, RFC 5246 section 7.4).
import { type Bytes, u16 } from '../../bytes/read.ts'
import type { Place } from '../http1/message.ts'
import { readCertificateMessage } from './certificate.ts'
import type { HandshakeEnd, HandshakeMessage, TlsAlert, TlsFacts, TlsFault, TlsSide } from './facts.ts'
import {
  isTls13,
  readClientHello,
  type ReadClientHello,
  readEncryptedExtensions,
  readServerHello,
  type ReadServerHello,
  readSsl2Hello,
  serverKeyExchangeGroup,
} from './hello.ts'
import { ja4 } from './ja4.ts'
import { HANDSHAKE } from './names.ts'

const MESSAGES = 64
const ALERTS = 16
const FAULTS = 16

/** Bytes of a list of certificates that holds none, length included. */
const EMPTY_LIST = 3

/** A message as the joiner tells it. `hidden`: it was protected and has been opened. */
export interface MessageRead {
  from: TlsSide
  type: number
  length: number
  bytes: Bytes
  at: number
  end: number
  whole: boolean
  hidden: boolean
  first: Place
  last: Place
}

export class Negotiation {
  readonly facts: TlsFacts = newFacts()
  /** The ClientHello that counts, and its answer; of the first handshake on the connection. */
  client: ReadClientHello | null = null
  server: ReadServerHello | null = null
  /** Both Finished are there, or the session was met behind them. */
  done = false
  /** The server's word on early data (RFC 8446 section 4.2.10); null while it is not there. */
  takesEarlyData: boolean | null = null

  /** TLS 1.3, as far as the hellos tell; without a ServerHello it is what the client hopes for. */
  get isTls13(): boolean {
    if (this.server !== null) return isTls13(this.server.hello.version)
    return this.client !== null && isTls13(this.client.hello.version)
  }

  message(m: MessageRead): void {
    this.note(m.from, m.type, m.length, m.first, m.last, { incomplete: !m.whole })
    // A second handshake on the connection changes keys, and nothing worth telling.
    if (this.done) return
    switch (m.type) {
      case HANDSHAKE.clientHello:
        if (m.from === 0) this.#clientHello(readClientHello(m.bytes, m.at, m.end, m.whole, m.first, m.last))
        else this.fault(1, 'order', m.first, 'The server sends a ClientHello')
        break
      case HANDSHAKE.serverHello:
      case HANDSHAKE.helloRetryRequest:
        if (m.from === 1) this.#serverHello(m)
        else this.fault(0, 'order', m.first, 'The client sends a ServerHello')
        break
      case HANDSHAKE.encryptedExtensions:
        if (this.facts.serverHello !== null) {
          const { alpn, earlyData } = readEncryptedExtensions(m.bytes, m.at, m.end)
          this.facts.serverHello.alpn = alpn
          if (m.whole) this.takesEarlyData = earlyData
        }
        break
      case HANDSHAKE.certificate:
        this.#certificate(m)
        break
      case HANDSHAKE.compressedCertificate:
        if (m.from === 0) this.facts.clientCertificate = 'sent'
        break
      case HANDSHAKE.serverKeyExchange:
        this.facts.resumed = false
        if (this.facts.serverHello !== null) this.facts.serverHello.group = serverKeyExchangeGroup(m.bytes, m.at, m.end)
        break
      case HANDSHAKE.certificateRequest:
        this.facts.certificateRequest = m.first
        break
      case HANDSHAKE.serverHelloDone:
        this.facts.resumed = false
        this.#endOfServerFlight()
        break
      case HANDSHAKE.finished:
        if (m.from === 1 && this.isTls13) this.#endOfServerFlight()
        this.finished(m.from, m.last)
        break
      default:
    }
  }

  ssl2Hello(b: Bytes, at: number, end: number, whole: boolean, first: Place, last: Place): void {
    this.note(0, HANDSHAKE.clientHello, end - at, first, last, { incomplete: !whole })
    this.#clientHello(readSsl2Hello(b, at, end, whole, first, last))
  }

  /** Up to TLS 1.2: the server goes over to protected records; without a Certificate before, it resumes a session. */
  changeCipherSpec(from: TlsSide): void {
    if (from === 0 || this.facts.resumed !== null || this.server === null) return
    this.facts.resumed = true
    this.#endOfServerFlight()
  }

  finished(from: TlsSide, at: Place): void {
    this.facts.finished[from] ??= at
    if (this.facts.finished[0] !== null && this.facts.finished[1] !== null) this.done = true
  }

  /** Adds to the list of messages. */
  note(
    from: TlsSide,
    type: number,
    length: number,
    first: Place,
    last: Place,
    how: { inferred?: boolean; incomplete?: boolean },
  ): void {
    this.facts.messageCount++
    if (this.facts.messages.length === MESSAGES) return
    const { inferred = false, incomplete = false } = how
    const message: HandshakeMessage = { from, type, length, inferred, incomplete, first, last }
    this.facts.messages.push(message)
  }

  alert(from: TlsSide, level: number, description: number, at: Place): void {
    const alert: TlsAlert = {
      from,
      level,
      description,
      after: this.facts.messages.length,
      afterHandshake: this.done,
      at,
    }
    if (this.facts.alerts.length < ALERTS) this.facts.alerts.push(alert)
  }

  fault(from: TlsSide, part: TlsFault['part'], at: Place, text: string): void {
    if (this.facts.faults.length < FAULTS) this.facts.faults.push({ from, at, part, text })
  }

  /** The handshake, if there is one, does not go on. */
  end(from: TlsSide, how: HandshakeEnd['how'], frame: number, time: number): void {
    const { facts } = this
    if (this.done || facts.handshakeEnd !== null || facts.messageCount === 0) return
    facts.handshakeEnd = { from, how, after: facts.messages.length, frame, time }
  }

  #clientHello(read: ReadClientHello): void {
    const { facts } = this
    const { hello } = read
    if (!hello.incomplete) hello.ja4 = ja4(hello)
    if (facts.clientHello === null) facts.clientHello = hello
    else if (facts.helloRetryRequest !== null && facts.secondClientHello === null) facts.secondClientHello = hello
    else return
    facts.begins = 'hello'
    this.client = read
  }

  #serverHello(m: MessageRead): void {
    const { facts } = this
    // Drafts of TLS 1.3 up to 21 have a message of its own for the retry: a version, then cipher or extensions.
    if (m.type === HANDSHAKE.helloRetryRequest) {
      const version = m.end - m.at < 2 ? 0 : u16(m.bytes, m.at)
      const { first, last } = m
      const incomplete = !m.whole
      facts.helloRetryRequest ??= { first, last, incomplete, version, cipher: 0, alpn: null, group: 0, extensions: [] }
      return
    }
    const read = readServerHello(m.bytes, m.at, m.end, m.whole, m.first, m.last)
    if (read.isRetry) {
      facts.helloRetryRequest ??= read.hello
      return
    }
    if (facts.serverHello !== null) return
    facts.serverHello = read.hello
    facts.begins = 'hello'
    this.server = read
    if (this.isTls13) facts.resumed = read.preSharedKey
  }

  #certificate(m: MessageRead): void {
    const { facts } = this
    const chain = readCertificateMessage(m.bytes, m.at, m.end, m.hidden && this.isTls13, m.first, m.last)
    if (m.from === 1) facts.resumed = false
    else if (chain.count === 0 && m.whole) facts.clientCertificate = 'empty'
    else if (chain.count > 0 || m.length > EMPTY_LIST) facts.clientCertificate = 'sent'
    if (chain.count > 0) facts.certificates[m.from] ??= chain
  }

  #endOfServerFlight(): void {
    if (this.facts.certificateRequest === null) this.facts.clientCertificate = 'none asked'
  }
}

function newFacts(): TlsFacts {
  return {
    begins: 'nothing',
    clientHello: null,
    helloRetryRequest: null,
    secondClientHello: null,
    serverHello: null,
    resumed: null,
    certificates: [null, null],
    certificateRequest: null,
    clientCertificate: 'unknown',
    messages: [],
    messageCount: 0,
    alerts: [],
    finished: [null, null],
    handshakeEnd: null,
    tickets: [],
    records: [0, 0],
    recordBytes: [0, 0],
    cutRecord: [null, null],
    foreign: [null, null],
    decryption: { is: 'no-keys', reason: '' },
    faults: [],
  }
}
