// CBC records of TLS 1.0 to 1.2 (RFC 2246 and 5246 section 6.2.3.2): the MAC inside of the encryption, or outside (RFC 7366).
//
// Whether padding or MAC was wrong is told to nobody, so nothing here has to run in constant time.
import type { Bytes } from '../../bytes/read.ts'
import type { CbcDecrypt, Mac, TlsCrypto } from './crypto.ts'
import type { WriteKeys } from './key-schedule.ts'
import { type OpenedBody, PSEUDO_HEADER, type RecordCipher, writeHeader, writeSequence } from './record-cipher.ts'
import type { SuiteProtection } from './suite-protection.ts'

const BLOCK = 16

/**
 * AES-CBC with HMAC. `implicitIv`: TLS 1.0, each record is the IV of the next. Null: the platform does not have AES-CBC.
 */
export function cbcCipher(
  crypto: TlsCrypto,
  suite: SuiteProtection,
  keys: WriteKeys,
  implicitIv: boolean,
  encryptThenMac: boolean,
): RecordCipher | null {
  const decrypt = crypto.aesCbc(keys.key)
  if (decrypt === null || suite.mac === null) return null
  const mac = crypto.hmac(suite.mac, keys.mac)
  const chain = implicitIv ? new CbcChain(keys.iv) : null
  return encryptThenMac ? macOutside(decrypt, mac, chain) : macInside(decrypt, mac, chain)
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
function macInside(decrypt: CbcDecrypt, mac: Mac, chain: CbcChain | null): RecordCipher {
  const macLength = mac().length
  const header = new Uint8Array(PSEUDO_HEADER)
  return {
    open(from, to, type, version, body): OpenedBody | null {
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
function macOutside(decrypt: CbcDecrypt, mac: Mac, chain: CbcChain | null): RecordCipher {
  const macLength = mac().length
  const header = new Uint8Array(PSEUDO_HEADER)
  return {
    open(from, to, type, version, body): OpenedBody | null {
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
