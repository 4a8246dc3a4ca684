// Opens the protected records of a session where somebody has the keys: which epoch a direction is in, what to do about
// records that were not captured, and when to give up.
import type { Bytes } from '../../bytes/read.ts'
import { cipherSuite, cipherSuiteName } from './cipher-suites.ts'
import type { TlsFacts, TlsSide } from './facts.ts'
import { isTls13, type ReadClientHello, type ReadServerHello } from './hello.ts'
import type { Epoch, FindProtection, OpenedRecord, Protection, SessionParameters } from './ports.ts'
import type { RecordHeader } from './records.ts'

/** Records in a row that do not open before the keys are given up: a log may lack those of the handshake. */
const FAILURES = 16
/** Type, version, length. */
const RECORD_HEADER = 5

export class Opener {
  readonly #find: FindProtection | null
  readonly #facts: TlsFacts
  #make: ((parameters: SessionParameters) => Protection | null) | null = null
  /** In use, by sender; and the one that the next ChangeCipherSpec brings in. */
  readonly #protections: [Protection | null, Protection | null] = [null, null]
  #next: Protection | null = null
  #parameters: SessionParameters | null = null
  readonly #epochs: [Epoch, Epoch] = ['handshake', 'handshake']
  readonly #opened: [number, number] = [0, 0]
  readonly #failures: [number, number] = [0, 0]

  constructor(find: FindProtection | null, facts: TlsFacts) {
    this.#find = find
    this.#facts = facts
    facts.decryption.reason = find === null ? 'There is no key log' : ''
  }

  clientHello({ random, hello }: ReadClientHello): void {
    if (this.#find === null) return
    this.#make = hello.incomplete && random.length < 32 ? null : this.#find(random)
    if (this.#make === null && this.#facts.decryption.is === 'no-keys') {
      this.#facts.decryption.reason = 'The key log does not have this session'
    }
  }

  /** The hellos agree. TLS 1.3 goes on protected at once, others with ChangeCipherSpec. */
  serverHello(client: ReadClientHello, server: ReadServerHello): void {
    if (this.#make === null || server.hello.incomplete) return
    const { version, cipher } = server.hello
    this.#parameters = {
      version,
      cipher,
      clientRandom: client.random,
      serverRandom: server.random,
      extendedMasterSecret: client.extendedMasterSecret && server.extendedMasterSecret,
      encryptThenMac: client.encryptThenMac && server.encryptThenMac,
      earlyData: client.hello.earlyData,
    }
    this.#next = this.#make(this.#parameters)
    this.#make = null
    if (this.#next === null) {
      this.#giveUp(`${cipherSuiteName(cipher)} is not opened here, or the key log lacks a secret for it`)
    } else if (isTls13(version)) {
      // The second ClientHello of a retry offers none.
      if (client.hello.earlyData) this.#epochs[0] = 'early'
      this.#protections[0] = this.#next
      this.#protections[1] = this.#next
    }
  }

  changeCipherSpec(from: TlsSide): void {
    if (this.#next === null) return
    this.#epochs[from] = 'application'
    this.#protections[from] = this.#next
  }

  /** Records of that side are worth keeping. */
  active(from: TlsSide): boolean {
    return this.#protections[from] !== null
  }

  /** There are keys for early data, maybe: the ServerHello is to come. */
  get expectsEarly(): boolean {
    return this.#make !== null
  }

  /** The client's latest record that was opened, if any, was early data. */
  get isEarly(): boolean {
    return this.#epochs[0] === 'early'
  }

  /** That side's Finished was opened (TLS 1.3): its next records are under other keys. */
  finished(from: TlsSide): void {
    this.#epochs[from] = 'application'
  }

  keyUpdate(from: TlsSide): void {
    this.#protections[from]?.keyUpdate(from)
  }

  /** At least `count` records of that side are missing: one with a hole, or nobody knows how many. */
  skip(from: TlsSide, count: number): void {
    this.#protections[from]?.skip(from, count)
  }

  /** Records of that side have been opened. */
  worked(from: TlsSide): boolean {
    return this.#opened[from] > 0
  }

  /** What is in the record; null where it does not open. */
  open(from: TlsSide, record: RecordHeader, b: Bytes, at: number, end: number): OpenedRecord | null {
    const opened = this.probe(from, record, b, at, end)
    if (opened === null) this.#fail(from)
    return opened
  }

  /** As `open`, for bytes that may be no record: that they do not open says nothing of the keys. */
  probe(from: TlsSide, record: RecordHeader, b: Bytes, at: number, end: number): OpenedRecord | null {
    const protection = this.#protections[from]
    if (protection === null) return null
    const open = (epoch: Epoch): OpenedRecord | null =>
      protection.open(from, epoch, record.type, record.version, b, at, end)
    let opened = open(this.#epochs[from])
    if (opened === null && this.#epochs[from] === 'early') {
      opened = open('handshake')
      if (opened !== null) this.#epochs[from] = 'handshake'
    }
    if (opened === null && this.#epochs[from] !== 'application') {
      opened = open('application')
      if (opened !== null) this.#epochs[from] = 'application'
    }
    if (opened !== null) {
      this.#opened[from]++
      this.#failures[from] = 0
      if (this.#facts.decryption.is !== 'decrypted') this.#facts.decryption = { is: 'decrypted', reason: '' }
    }
    return opened
  }

  /** Bytes of plaintext in a record whose body has `length`: exact, but for CBC and padding. */
  plainLength(length: number): number {
    return Math.max(0, length - this.#overhead)
  }

  /** Bytes of plaintext in so many whole records that have `length` with their headers. */
  plainOf(records: number, length: number): number {
    return Math.max(0, length - records * (RECORD_HEADER + this.#overhead))
  }

  /** Bytes that protection adds to a record's content. */
  get #overhead(): number {
    const { version, cipher } = this.#parameters ?? { version: 0, cipher: 0 }
    const suite = cipherSuite(cipher)
    if (suite === null) return 0
    if (isTls13(version)) return 1 + suite.tagLength
    const explicit = suite.mode === 'aead' && suite.algorithm !== 'CHACHA20' ? 8 : 0
    const iv = suite.mode === 'block' && version >= 0x0302 ? suite.blockLength : 0
    const padding = suite.mode === 'block' ? 1 : 0
    return explicit + iv + suite.tagLength + suite.macLength + padding
  }

  #fail(from: TlsSide): void {
    if (this.#facts.decryption.is !== 'decrypted') this.#giveUp('No record opens with the keys of this session')
    if (++this.#failures[from] < FAILURES) return
    this.#protections[from] = null
    if (!this.worked(from)) return
    this.#giveUp(`Records of the ${from === 0 ? 'client' : 'server'} do not open any more from some point on`)
  }

  #giveUp(reason: string): void {
    this.#facts.decryption = { is: 'keys-do-not-fit', reason }
  }
}
