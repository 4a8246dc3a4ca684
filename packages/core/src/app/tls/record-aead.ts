// AEAD records: TLS 1.3 (RFC 8446 section 5.2) and TLS 1.2 (RFC 5246 section 6.2.3.3; AES-GCM RFC 5288, AES-CCM RFC 6655,
// ChaCha20-Poly1305 RFC 7905).
import type { Bytes } from '../../bytes/read.ts'
import type { AeadOpen, TlsCrypto } from './crypto.ts'
import type { WriteKeys } from './key-schedule.ts'
import { type OpenedBody, PSEUDO_HEADER, type RecordCipher, writeHeader, writeSequence } from './record-cipher.ts'
import type { SuiteProtection } from './suite-protection.ts'

const NONCE = 12

/** TLS 1.3 (RFC 8446 section 5.2). Null: the platform does not have the cipher. */
export function tls13Cipher(crypto: TlsCrypto, suite: SuiteProtection, keys: WriteKeys): RecordCipher | null {
  const aead = aeadOf(crypto, suite, keys)
  if (aead === null) return null
  const additional = new Uint8Array(5)
  const nonce = new Uint8Array(NONCE)
  return {
    open(from, to, type, version, body): OpenedBody | null {
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
export function tls12AeadCipher(crypto: TlsCrypto, suite: SuiteProtection, keys: WriteKeys): RecordCipher | null {
  const aead = aeadOf(crypto, suite, keys)
  if (aead === null) return null
  const explicitLength = NONCE - suite.ivLength
  const additional = new Uint8Array(PSEUDO_HEADER)
  const nonce = new Uint8Array(NONCE)
  nonce.set(keys.iv)
  const nonces = new ExplicitNonce()
  const attempt = (sequence: number, body: Bytes): OpenedBody | null => {
    writeSequence(additional, sequence)
    if (explicitLength === 0) xorSequence(nonce, keys.iv, sequence)
    const plain = aead(nonce, additional, body.subarray(explicitLength))
    if (plain === null) return null
    if (explicitLength > 0) nonces.saw(body, sequence)
    return { sequence, plain }
  }
  return {
    open(from, to, type, version, body): OpenedBody | null {
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
