// Opens records with the secrets of a key log: TLS 1.3 (RFC 8446 section 5.2), AEAD of TLS 1.2 (RFC 5246 section 6.2.3.3,
// 5288, 6655, 7905), CBC with HMAC of TLS 1.0 to 1.2, before or after encryption (RFC 7366).
//
// Only whole records: one that the snap length cut has lost its tag or MAC, and without that nobody knows whether the
// keys fit. A session with compression (RFC 3749) gives compressed text. A renegotiation within TLS 1.2 needs a
// protection of its own, from the hellos inside.
//
// Whether padding or MAC was wrong is told to nobody, so nothing here has to run in constant time.
import type { Bytes } from '../../bytes/read.ts'
import type { AeadOpen, CbcDecrypt, Mac, TlsCrypto } from './crypto.ts'
import {
  keyBlock,
  nextTrafficSecret,
  secretLength,
  TLS_1_0,
  TLS_1_2,
  TLS_1_3,
  trafficKeys,
  type WriteKeys,
} from './key-schedule.ts'
import type { KeyLog, SecretLabel, SessionSecrets } from './keylog.ts'
import type { Epoch, FindProtection, OpenedRecord, Protection, SessionParameters } from './ports.ts'
import { suiteProtection, type SuiteProtection } from './suite-protection.ts'

/**
 * Sequence numbers tried beyond the expected one while records are missing: nobody sees how many were in the hole. A
 * hole of this many records is some 90 KiB of ordinary ones, or 1 MiB of full ones.
 */
const LOOK_AHEAD = 64
/** Records in a row searched that far without success; after them only the expected number is tried until one fits. */
const MAX_SEARCHES = 16

/** A way to look sessions up in a key log, for a session that knows of no keys itself. */
export function findProtection(keys: KeyLog, crypto: TlsCrypto): FindProtection {
  return (clientRandom) => {
    const secrets = keys.find(clientRandom)
    return secrets && ((parameters) => createProtection(secrets, parameters, crypto))
  }
}

/**
 * What opens the records of the session. Null: suite or version is not one that is read here, or the log has no secret
 * for it. Whether the secrets are the right ones shows with the first record.
 */
export function createProtection(
  secrets: SessionSecrets,
  parameters: SessionParameters,
  crypto: TlsCrypto,
): Protection | null {
  const suite = suiteProtection(parameters.cipher)
  if (suite === null) return null
  const { version } = parameters
  if (version === TLS_1_3) return suite.kind === 'cbc' ? null : createTls13(secrets, suite, crypto)
  return version >= TLS_1_0 && version <= TLS_1_2 ? createTls12(secrets, parameters, suite, crypto) : null
}

/** What opens a record under one key, given its sequence number: the plain text, or null where that does not fit. */
interface Opener {
  /** The first sequence number of `from` to `to` that fits, with the text; null: none does. */
  open(from: number, to: number, type: number, version: number, body: Bytes): Opened | null
  /** Records are missing before the next. */
  skip(): void
}

interface Opened {
  sequence: number
  plain: Bytes
}

/** Records under one key: who comes next. */
class Lane {
  readonly #opener: Opener
  #next = 0
  #ahead = 0
  #searches = 0

  constructor(opener: Opener) {
    this.#opener = opener
  }

  open(type: number, version: number, body: Bytes): Bytes | null {
    const isSearch = this.#ahead > 0 && this.#searches < MAX_SEARCHES
    const opened = this.#opener.open(this.#next, this.#next + (isSearch ? this.#ahead : 0), type, version, body)
    if (opened === null) {
      if (isSearch) this.#searches++
      return null
    }
    this.#next = opened.sequence + 1
    this.#ahead = 0
    this.#searches = 0
    return opened.plain
  }

  skip(count: number): void {
    this.#next += count
    this.#ahead = LOOK_AHEAD
    this.#opener.skip()
  }
}

function createTls12(
  secrets: SessionSecrets,
  parameters: SessionParameters,
  suite: SuiteProtection,
  crypto: TlsCrypto,
): Protection | null {
  const { version, clientRandom, serverRandom, encryptThenMac } = parameters
  const master = secrets.CLIENT_RANDOM
  // AEAD came with TLS 1.2 (RFC 5246 section 6.2.3.3).
  if (master === undefined || (suite.kind !== 'cbc' && version < TLS_1_2)) return null
  const keys = keyBlock(crypto, version, suite, master, clientRandom, serverRandom)
  const opener = (own: WriteKeys): Opener | null =>
    suite.kind === 'cbc'
      ? cbcOpener(crypto, suite, own, version === TLS_1_0, encryptThenMac)
      : aeadOpener(crypto, suite, own)
  const [client, server] = [opener(keys[0]), opener(keys[1])]
  if (client === null || server === null) return null
  const lanes = [new Lane(client), new Lane(server)]
  return {
    open(from, _epoch, type, recordVersion, bytes, at, end): OpenedRecord | null {
      const plain = lanes[from].open(type, recordVersion, bytes.subarray(at, end))
      return plain && { type, bytes: plain, at: 0, end: plain.length }
    },
    keyUpdate(): void {},
    skip(from, count): void {
      lanes[from].skip(count)
    },
  }
}

const SECRETS: { readonly [epoch in Epoch]: readonly [SecretLabel, SecretLabel | null] } = {
  early: ['CLIENT_EARLY_TRAFFIC_SECRET', null],
  handshake: ['CLIENT_HANDSHAKE_TRAFFIC_SECRET', 'SERVER_HANDSHAKE_TRAFFIC_SECRET'],
  application: ['CLIENT_TRAFFIC_SECRET_0', 'SERVER_TRAFFIC_SECRET_0'],
}

function createTls13(secrets: SessionSecrets, suite: SuiteProtection, crypto: TlsCrypto): Protection | null {
  const sides = [tls13Side(0, secrets, suite, crypto), tls13Side(1, secrets, suite, crypto)]
  if (sides[0] === null && sides[1] === null) return null
  return {
    open(from, epoch, type, version, bytes, at, end): OpenedRecord | null {
      return sides[from]?.open(epoch, type, version, bytes.subarray(at, end)) ?? null
    },
    keyUpdate(from): void {
      sides[from]?.keyUpdate()
    },
    skip(from, count): void {
      sides[from]?.skip(count)
    },
  }
}

interface Tls13Side {
  open(epoch: Epoch, type: number, version: number, body: Bytes): OpenedRecord | null
  keyUpdate(): void
  skip(count: number): void
}

/** One sender of TLS 1.3: three keys one after the other, and the last of them renewed. Null: nothing of it is known. */
function tls13Side(from: 0 | 1, secrets: SessionSecrets, suite: SuiteProtection, crypto: TlsCrypto): Tls13Side | null {
  const laneOf = (secret: Bytes | undefined): Lane | null => {
    // The log may be of another session with a suite of another hash; half of such a secret is no key.
    if (secret === undefined || secret.length !== secretLength(suite)) return null
    const opener = tls13Opener(crypto, suite, trafficKeys(crypto, suite, secret))
    return opener && new Lane(opener)
  }
  const secretOf = (epoch: Epoch): Bytes | undefined => {
    const label = SECRETS[epoch][from]
    return label === null ? undefined : secrets[label]
  }
  const lanes = {
    early: laneOf(secretOf('early')),
    handshake: laneOf(secretOf('handshake')),
    application: laneOf(secretOf('application')),
  }
  if (lanes.early === null && lanes.handshake === null && lanes.application === null) return null
  let traffic = secretOf('application')
  let present: Epoch = 'handshake'
  return {
    open(epoch, type, version, body): OpenedRecord | null {
      const inner = lanes[epoch]?.open(type, version, body) ?? null
      if (inner === null) return null
      present = epoch
      // TLSInnerPlaintext: content, its type, then zeros as padding (RFC 8446 section 5.4).
      let end = inner.length - 1
      while (end >= 0 && inner[end] === 0) end--
      return { type: end < 0 ? 0 : inner[end], bytes: inner, at: 0, end: Math.max(0, end) }
    },
    keyUpdate(): void {
      if (traffic === undefined || lanes.application === null) return
      traffic = nextTrafficSecret(crypto, suite, traffic)
      lanes.application = laneOf(traffic)
    },
    skip(count): void {
      // The hole may reach into the epochs that follow.
      if (present === 'early') lanes.handshake?.skip(0)
      if (present !== 'application') lanes.application?.skip(0)
      lanes[present]?.skip(count)
    },
  }
}

// AEAD

const NONCE = 12
/** Sequence number, type, version, length: what TLS 1.2 and before authenticate of a record beside its content. */
const PSEUDO_HEADER = 13

function tls13Opener(crypto: TlsCrypto, suite: SuiteProtection, keys: WriteKeys): Opener | null {
  const aead = aeadOf(crypto, suite, keys)
  if (aead === null) return null
  const additional = new Uint8Array(5)
  const nonce = new Uint8Array(NONCE)
  return {
    open(from, to, type, version, body): Opened | null {
      if (body.length < suite.tagLength + 1) return null
      writeHeader(additional, 0, type, version, body.length) // as on the wire, section 5.2
      for (let sequence = from; sequence <= to; sequence++) {
        const plain = aead(xorSequence(nonce, keys.iv, sequence), additional, body)
        if (plain !== null) return { sequence, plain }
      }
      return null
    },
    skip(): void {},
  }
}

/** AEAD of TLS 1.2. AES carries 8 bytes of the nonce in the record, ChaCha20 makes it as TLS 1.3 does (RFC 7905). */
function aeadOpener(crypto: TlsCrypto, suite: SuiteProtection, keys: WriteKeys): Opener | null {
  const aead = aeadOf(crypto, suite, keys)
  if (aead === null) return null
  const explicitLength = NONCE - suite.ivLength
  const additional = new Uint8Array(PSEUDO_HEADER)
  const nonce = new Uint8Array(NONCE)
  nonce.set(keys.iv)
  const nonces = new ExplicitNonce()
  const attempt = (sequence: number, body: Bytes): Opened | null => {
    writeSequence(additional, sequence)
    if (explicitLength === 0) xorSequence(nonce, keys.iv, sequence)
    const plain = aead(nonce, additional, body.subarray(explicitLength))
    if (plain === null) return null
    if (explicitLength > 0) nonces.saw(body, sequence)
    return { sequence, plain }
  }
  return {
    open(from, to, type, version, body): Opened | null {
      const length = body.length - explicitLength - suite.tagLength
      if (length < 0) return null
      writeHeader(additional, 8, type, version, length)
      nonce.set(body.subarray(0, explicitLength), suite.ivLength)
      if (to > from && explicitLength > 0) {
        const likely = nonces.guess(body)
        const opened = likely < from ? null : attempt(likely, body)
        if (opened !== null) return opened
      }
      for (let sequence = from; sequence <= to; sequence++) {
        const opened = attempt(sequence, body)
        if (opened !== null) return opened
      }
      return null
    },
    skip(): void {},
  }
}

/**
 * The explicit nonce of TLS 1.2: any number that does not come twice (RFC 5288 section 3), but everybody counts, some from
 * zero and some from a random number. So it tells how many records are missing, however many.
 */
class ExplicitNonce {
  readonly #last = new Uint8Array(8)
  #sequence = 0

  saw(body: Bytes, sequence: number): void {
    this.#last.set(body.subarray(0, 8))
    this.#sequence = sequence
  }

  /** Sequence number of the record if nonces are counted up from the last one seen; -1 where that cannot be. */
  guess(body: Bytes): number {
    let distance = 0
    for (let at = 0; at < 8; at++) distance = distance * 256 + body[at] - this.#last[at]
    return distance > 0 && distance <= 0xffff_ffff ? this.#sequence + distance : -1
  }
}

function aeadOf(crypto: TlsCrypto, suite: SuiteProtection, keys: WriteKeys): AeadOpen | null {
  return suite.kind === 'cbc' ? null : crypto.aead(suite.kind, keys.key, suite.tagLength)
}

// CBC

const BLOCK = 16

function cbcOpener(
  crypto: TlsCrypto,
  suite: SuiteProtection,
  keys: WriteKeys,
  implicitIv: boolean,
  encryptThenMac: boolean,
): Opener | null {
  const decrypt = crypto.aesCbc(keys.key)
  if (decrypt === null || suite.mac === null) return null
  const mac = crypto.hmac(suite.mac, keys.mac)
  const chain = implicitIv ? new CbcChain(keys.iv) : null
  return encryptThenMac ? openerMacLast(decrypt, mac, chain) : openerMacFirst(decrypt, mac, chain)
}

/**
 * The IV of TLS 1.0: the last block of the record before (RFC 2246 section 6.2.3.2). A record that did not open still
 * holds the IV of the next one, if that record was passed over and is not tried again.
 */
class CbcChain {
  /** Null: the record before was not captured. */
  iv: Bytes | null
  #refused: Bytes | null = null

  constructor(iv: Bytes) {
    this.iv = iv
  }

  opened(sealed: Bytes): void {
    this.iv = sealed.slice(sealed.length - BLOCK)
    this.#refused = null
  }

  refused(sealed: Bytes): void {
    this.#refused = sealed.slice(sealed.length - BLOCK)
  }

  skip(): void {
    this.iv = this.#refused
    this.#refused = null
  }
}

/** Encrypted are content, MAC and padding (RFC 5246 section 6.2.3.2). */
function openerMacFirst(decrypt: CbcDecrypt, mac: Mac, chain: CbcChain | null): Opener {
  const macLength = mac().length
  const header = new Uint8Array(PSEUDO_HEADER)
  return {
    open(from, to, type, version, body): Opened | null {
      const ivLength = chain === null ? BLOCK : 0
      if (body.length % BLOCK !== 0 || body.length < ivLength + macLength + 1) return null
      const sealed = body.subarray(ivLength)
      const iv = chain === null ? body.subarray(0, BLOCK) : chain.iv
      const plain = iv && withoutPadding(decrypt(iv, sealed), macLength)
      if (plain) {
        const content = plain.subarray(0, plain.length - macLength)
        writeHeader(header, 8, type, version, content.length)
        const sequence = macSequence(mac, header, content, plain.subarray(content.length), from, to)
        if (sequence >= 0) {
          chain?.opened(sealed)
          return { sequence, plain: content }
        }
      }
      chain?.refused(sealed)
      return null
    },
    skip(): void {
      chain?.skip()
    },
  }
}

/** The MAC comes last and covers IV and encrypted text (RFC 7366 section 3). */
function openerMacLast(decrypt: CbcDecrypt, mac: Mac, chain: CbcChain | null): Opener {
  const macLength = mac().length
  const header = new Uint8Array(PSEUDO_HEADER)
  return {
    open(from, to, type, version, body): Opened | null {
      const ivLength = chain === null ? BLOCK : 0
      const end = body.length - macLength
      if (end % BLOCK !== 0 || end < ivLength + BLOCK) return null
      const sealed = body.subarray(ivLength, end)
      const iv = chain === null ? body.subarray(0, BLOCK) : chain.iv
      writeHeader(header, 8, type, version, end)
      const sequence = macSequence(mac, header, body.subarray(0, end), body.subarray(end), from, to)
      const plain = sequence < 0 || iv === null ? null : withoutPadding(decrypt(iv, sealed), 0)
      if (plain === null) {
        chain?.refused(sealed)
        return null
      }
      chain?.opened(sealed)
      return { sequence, plain }
    },
    skip(): void {
      chain?.skip()
    },
  }
}

/** The sequence number of `from` to `to` under which `found` is the MAC of header and content; -1: none. */
function macSequence(mac: Mac, header: Bytes, content: Bytes, found: Bytes, from: number, to: number): number {
  for (let sequence = from; sequence <= to; sequence++) {
    writeSequence(header, sequence)
    if (mac(header, content).every((byte, at) => byte === found[at])) return sequence
  }
  return -1
}

/** Padding is n bytes of value n and one more of it, the length; at least `least` bytes come before. Null: it is not. */
function withoutPadding(plain: Bytes, least: number): Bytes | null {
  const length = plain[plain.length - 1]
  const end = plain.length - 1 - length
  if (end < least) return null
  for (let at = end; at < plain.length; at++) if (plain[at] !== length) return null
  return plain.subarray(0, end)
}

// Fields

function writeHeader(to: Bytes, at: number, type: number, version: number, length: number): void {
  to[at] = type
  to[at + 1] = version >> 8
  to[at + 2] = version
  to[at + 3] = length >> 8
  to[at + 4] = length
}

/** 64 bits, of which a number holds 53. */
function writeSequence(to: Bytes, sequence: number): void {
  let rest = sequence
  for (let at = 7; at >= 0; at--) {
    to[at] = rest
    rest = Math.floor(rest / 256)
  }
}

/** The IV, its last 8 bytes combined with the sequence number (RFC 8446 section 5.3). */
function xorSequence(nonce: Bytes, iv: Bytes, sequence: number): Bytes {
  nonce.set(iv)
  let rest = sequence
  for (let at = NONCE - 1; rest > 0; at--) {
    nonce[at] ^= rest
    rest = Math.floor(rest / 256)
  }
  return nonce
}
