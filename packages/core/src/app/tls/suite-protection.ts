// How a cipher suite protects records, of the suites that are read here.
import { cipherSuite } from './cipher-suites.ts'
import type { HashName } from './crypto.ts'

export interface SuiteProtection {
  /** AEAD of RFC 5288, 6655 and 7905; CBC with HMAC of RFC 5246 section 6.2.3.2. */
  kind: 'aes-gcm' | 'aes-ccm' | 'chacha20-poly1305' | 'cbc'
  /** Of AES or ChaCha20, in bytes. */
  keyLength: number
  /** AEAD before TLS 1.3: bytes of the nonce from the key block; 12, or 4 with 8 more in each record. CBC: 0. */
  ivLength: number
  /** AEAD: bytes of the tag. CBC: 0, the MAC is inside. */
  tagLength: number
  /** HMAC of the records; null for AEAD. */
  mac: HashName | null
  /** Of the PRF of TLS 1.2 and of HKDF in TLS 1.3. */
  hash: HashName
}

/** Null where records of the suite are not read: RC4, 3DES, Camellia, ARIA, SM4, no encryption at all. */
export function suiteProtection(cipher: number): SuiteProtection | null {
  const suite = cipherSuite(cipher)
  if (suite === null || suite.prf === 'sm3' || suite.mac === 'sm3') return null
  const { algorithm, chaining, keyLength, tagLength } = suite
  const mac = suite.mac === '' ? null : suite.mac
  const hash = suite.prf
  // Before RFC 7905, drafts numbered ChaCha20 from 0xcc13 and made its nonces otherwise.
  if (algorithm === 'CHACHA20') {
    return cipher <= 0xcc15 && cipher >= 0xcc13
      ? null
      : { kind: 'chacha20-poly1305', keyLength, ivLength: 12, tagLength, mac, hash }
  }
  if (algorithm !== 'AES') return null
  if (chaining === 'CBC') return { kind: 'cbc', keyLength, ivLength: 0, tagLength, mac, hash }
  return { kind: chaining === 'GCM' ? 'aes-gcm' : 'aes-ccm', keyLength, ivLength: 4, tagLength, mac, hash }
}
