// Opens records with the secrets of a key log: TLS 1.3 (RFC 8446 section 5.2), AEAD of TLS 1.2 (RFC 5246 section 6.2.3.3,
// 5288, 6655, 7905), CBC with HMAC of TLS 1.0 to 1.2, before or after encryption (RFC 7366).
//
// Only whole records: one that the snap length cut has lost its tag or MAC, and without that nobody knows whether the
// keys fit. A session with compression (RFC 3749) gives compressed text. A renegotiation within TLS 1.2 has a protection
// of its own, from the hellos inside.
import type { Bytes } from '../../bytes/read.ts'
import type { TlsCrypto } from './crypto.ts'
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
import { tls12AeadCipher, tls13Cipher } from './record-aead.ts'
import { cbcCipher } from './record-cbc.ts'
import type { RecordCipher } from './record-cipher.ts'
import { suiteProtection, type SuiteProtection } from './suite-protection.ts'

/**
 * Sequence numbers tried beyond the expected one behind a hole, as nobody sees how many records were in it: 64 of them are
 * 90 KiB if each fills a segment, 1 MiB if each is full. A KeyUpdate in the hole is not looked for.
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

/** One direction's records under one key: which sequence number comes next. */
class Lane {
  readonly #cipher: RecordCipher
  #next = 0
  #ahead = 0
  #searches = 0

  constructor(cipher: RecordCipher) {
    this.#cipher = cipher
  }

  /** Sequence numbers passed over by the latest record. */
  skipped = 0

  open(type: number, version: number, body: Bytes): Bytes | null {
    const isSearch = this.#ahead > 0 && this.#searches < MAX_SEARCHES
    const opened = this.#cipher.open(this.#next, this.#next + (isSearch ? this.#ahead : 0), type, version, body)
    if (opened === null) {
      if (isSearch) this.#searches++
      return null
    }
    this.skipped = opened.sequence - this.#next
    this.#next = opened.sequence + 1
    this.#ahead = 0
    this.#searches = 0
    return opened.plain
  }

  skip(count: number): void {
    this.#next += count
    this.#ahead = LOOK_AHEAD
    this.#cipher.skip()
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
  // AEAD came with TLS 1.2.
  if (master === undefined || (suite.kind !== 'cbc' && version < TLS_1_2)) return null
  const keys = keyBlock(crypto, version, suite, master, clientRandom, serverRandom)
  const cipherOf = (own: WriteKeys): RecordCipher | null =>
    suite.kind === 'cbc'
      ? cbcCipher(crypto, suite, own, version === TLS_1_0, encryptThenMac)
      : tls12AeadCipher(crypto, suite, own)
  const [client, server] = [cipherOf(keys[0]), cipherOf(keys[1])]
  if (client === null || server === null) return null
  const lanes = [new Lane(client), new Lane(server)]
  return {
    open(from, _epoch, type, recordVersion, bytes, at, end): OpenedRecord | null {
      const plain = lanes[from].open(type, recordVersion, bytes.subarray(at, end))
      return plain && { type, bytes: plain, at: 0, end: plain.length, skipped: lanes[from].skipped }
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
    const cipher = tls13Cipher(crypto, suite, trafficKeys(crypto, suite, secret))
    return cipher && new Lane(cipher)
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
  let present: Epoch = lanes.early === null ? 'handshake' : 'early'
  return {
    open(epoch, type, version, body): OpenedRecord | null {
      const lane = lanes[epoch]
      const inner = lane?.open(type, version, body) ?? null
      if (lane === null || inner === null) return null
      present = epoch
      // TLSInnerPlaintext: content, its type, then zeros as padding (RFC 8446 section 5.4).
      let end = inner.length - 1
      while (end >= 0 && inner[end] === 0) end--
      return { type: end < 0 ? 0 : inner[end], bytes: inner, at: 0, end: Math.max(0, end), skipped: lane.skipped }
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
