// A connection that carries TLS: its session, and what it holds, decrypted and read, or sealed.
import type { Place } from '../app/http1/message.ts'
import type { Sniffed } from '../app/sniff.ts'
import { cipherSuite } from '../app/tls/cipher-suites.ts'
import { mayBeHttp2, type TlsEvents } from '../app/tls/facts.ts'
import { TlsSession } from '../app/tls/session.ts'
import type { Bytes } from '../bytes/read.ts'
import { type Engine, Positions, type Told } from './engine.ts'
import type { Surroundings } from './ledger.ts'
import { CLIENT, type ExchangeTable, SERVER, type SideIndex } from './observations.ts'
import { SealedExchanges, type SealedTicket } from './sealed-exchanges.ts'
import type { StreamPair } from './streams.ts'

/** A record's header (RFC 8446 section 5.1). */
const RECORD_HEADER = 5
const TLS_1_3 = 0x0304

export class TlsStreams implements Engine {
  /** What is no TLS is an answer to a ClientHello all the same. */
  readonly takesAnyAnswer = true
  readonly isSettled = false
  readonly #client: SideIndex
  readonly #session: TlsSession
  readonly #inside: StreamPair
  readonly #sealed: SealedExchanges
  readonly #positions: [Positions, Positions] = [new Positions(), new Positions()]

  constructor(client: SideIndex, surroundings: Surroundings, inside: StreamPair) {
    this.#client = client
    this.#inside = inside
    this.#sealed = new SealedExchanges(client, surroundings)
    this.#session = new TlsSession(this.#events(), surroundings.tls)
  }

  expects(_from: SideIndex, speaks: Sniffed): boolean {
    return speaks === 'tls' || speaks === 'tls-alert'
  }

  push(from: SideIndex, bytes: Bytes, at: number, end: number, position: number, frame: number, time: number): void {
    const role = this.#role(from)
    this.#positions[role].feed(position, end - at)
    this.#session.push(role, bytes, at, end, frame, time)
  }

  gap(from: SideIndex, length: number, position: number, frame: number, time: number): void {
    const role = this.#role(from)
    this.#positions[role].feed(position, length)
    this.#session.gap(role, length, frame, time)
  }

  finish(from: SideIndex, closed: boolean, frame: number, time: number): void {
    this.#session.finish(this.#role(from), closed, frame, time)
  }

  end(frame: number, time: number): void {
    this.#session.finish(CLIENT, false, frame, time)
    this.#session.finish(SERVER, false, frame, time)
    this.#inside.end(frame, time)
    this.#sealed.end(this.#session.facts.cutRecord[SERVER] !== null)
  }

  told(): Told {
    return this.#tell(this.#inside.told(), this.#sealed.exchanges)
  }

  standing(): Told {
    return this.#tell(this.#inside.standing(), this.#sealed.standing())
  }

  forget(time: number): void {
    this.#inside.forget(time)
    this.#sealed.forget(time)
  }

  #tell(inside: Told, sealed: ExchangeTable): Told {
    const exchanges = this.#isDecrypted ? inside.exchanges : sealed
    const [a, b] = this.#inside.sides
    return { ...inside, exchanges, tls: this.#session.facts, inside: [a.speaks, b.speaks] }
  }

  get #isDecrypted(): boolean {
    return this.#session.facts.decryption.is === 'decrypted'
  }

  #events(): TlsEvents {
    return {
      begin: (role, first) => {
        if (this.#isDecrypted || mayBeHttp2(this.#session.facts)) return
        this.#sealed.begin(role, first, this.#position(role, first), this.#lastTicket)
      },
      data: (role, plain, length, first, last) => {
        const from = this.#side(role)
        const start = this.#position(role, first)
        const end = this.#position(role, last) + 1
        if (plain !== null) {
          this.#inside.push(from, plain, 0, plain.length, start + RECORD_HEADER, last.frame, last.time)
        } else if (this.#isDecrypted) {
          this.#inside.gap(from, length, start + RECORD_HEADER, last.frame, last.time)
        } else {
          const size = length - this.#overhead
          const record = { length: size, first, last, start, end }
          if (mayBeHttp2(this.#session.facts)) this.#sealed.dataOfHttp2(role, record)
          else this.#sealed.data(role, record)
        }
      },
      gap: (role, length, frame, time) => {
        if (this.#isDecrypted)
          this.#inside.gap(this.#side(role), length, this.#positions[role].end - length, frame, time)
        else this.#sealed.gap()
      },
      closed: (role, clean, frame, time) => this.#inside.finish(this.#side(role), clean, frame, time),
    }
  }

  get #lastTicket(): SealedTicket | null {
    const ticket = this.#session.facts.tickets.at(-1)
    if (ticket === undefined) return null
    return { ...ticket, length: ticket.length - this.#overhead, start: this.#position(SERVER, ticket.first) }
  }

  /** Bytes that protection adds to a record's content, at least (RFC 8446 section 5.2, RFC 5246 section 6.2.3). */
  get #overhead(): number {
    const { serverHello } = this.#session.facts
    const suite = cipherSuite(serverHello?.cipher ?? 0)
    if (suite === null) return 0
    if (suite.mode !== 'aead') return suite.macLength + 2 * suite.blockLength
    // Its content type goes inside, and its nonce is not sent; before TLS 1.3, ChaCha20 alone does without one.
    if (serverHello!.version >= TLS_1_3) return suite.tagLength + 1
    return suite.tagLength + (suite.chaining === '' ? 0 : 8)
  }

  #position(role: SideIndex, { offset }: Place): number {
    return this.#positions[role].of(offset)
  }

  #role(from: SideIndex): SideIndex {
    return from === this.#client ? CLIENT : SERVER
  }

  /** The tracker's side of a role: the mapping is its own inverse. */
  #side(role: SideIndex): SideIndex {
    return this.#client === 0 ? role : role === CLIENT ? SERVER : CLIENT
  }
}
