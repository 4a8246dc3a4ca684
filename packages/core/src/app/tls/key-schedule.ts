// From the secrets of a key log to the keys of records: the PRF of TLS 1.0 to 1.2 (RFC 2246 and 5246 section 5), HKDF of
// TLS 1.3 (RFC 8446 section 7.1). What comes before those secrets, the key exchange, is not needed to read.
//
// The extended master secret (RFC 7627) changes how the master secret comes about, not what becomes of it: the key log
// has the result either way.
import type { Bytes } from '../../bytes/read.ts'
import type { HashName, Mac, TlsCrypto } from './crypto.ts'
import type { SuiteProtection } from './suite-protection.ts'

export const TLS_1_0 = 0x0301
export const TLS_1_2 = 0x0303
export const TLS_1_3 = 0x0304

/** What one direction writes its records with. `mac` is empty for AEAD, `iv` for CBC from TLS 1.1 on. */
export interface WriteKeys {
  mac: Bytes
  key: Bytes
  iv: Bytes
}

/** IV of TLS 1.0 CBC: one block (RFC 2246 section 6.3). */
const CBC_IV = 16

const HASH_LENGTH: { readonly [hash in HashName]: number } = { md5: 16, sha1: 20, sha256: 32, sha384: 48 }

/** Keys of TLS 1.0 to 1.2 (RFC 5246 section 6.3), of the client and of the server. */
export function keyBlock(
  crypto: TlsCrypto,
  version: number,
  suite: SuiteProtection,
  masterSecret: Bytes,
  clientRandom: Bytes,
  serverRandom: Bytes,
): [WriteKeys, WriteKeys] {
  const macLength = suite.mac === null ? 0 : HASH_LENGTH[suite.mac]
  const ivLength = suite.kind !== 'cbc' ? suite.ivLength : version === TLS_1_0 ? CBC_IV : 0
  const length = 2 * (macLength + suite.keyLength + ivLength)
  // The server's random first: the other way round than for the master secret.
  const seed = concat(serverRandom, clientRandom)
  const block = prf(crypto, version < TLS_1_2 ? null : suite.hash, masterSecret, 'key expansion', seed, length)
  let at = 0
  const take = (size: number): Bytes => block.slice(at, (at += size))
  const [clientMac, serverMac] = [take(macLength), take(macLength)]
  const [clientKey, serverKey] = [take(suite.keyLength), take(suite.keyLength)]
  const [clientIv, serverIv] = [take(ivLength), take(ivLength)]
  return [
    { mac: clientMac, key: clientKey, iv: clientIv },
    { mac: serverMac, key: serverKey, iv: serverIv },
  ]
}

/** Keys of TLS 1.3 from a traffic secret (RFC 8446 section 7.3). */
export function trafficKeys(crypto: TlsCrypto, suite: SuiteProtection, secret: Bytes): WriteKeys {
  const mac = crypto.hmac(suite.hash, secret)
  return { mac: new Uint8Array(0), key: expandLabel(mac, 'key', suite.keyLength), iv: expandLabel(mac, 'iv', 12) }
}

/** The secret after a KeyUpdate: application_traffic_secret_N+1 (RFC 8446 section 7.2). */
export function nextTrafficSecret(crypto: TlsCrypto, suite: SuiteProtection, secret: Bytes): Bytes {
  return expandLabel(crypto.hmac(suite.hash, secret), 'traffic upd', HASH_LENGTH[suite.hash])
}

/** Length of a traffic secret of the suite, in bytes. */
export const secretLength = (suite: SuiteProtection): number => HASH_LENGTH[suite.hash]

/**
 * HKDF-Expand-Label with an empty context, under the HMAC of a secret (RFC 8446 section 7.1). `length` is at most that of
 * the hash, as all of TLS is: then HKDF-Expand (RFC 5869 section 2.3) is one HMAC.
 */
function expandLabel(mac: Mac, label: string, length: number): Bytes {
  const full = ascii(`tls13 ${label}`)
  // uint16 length, label and context as vectors, and the 1 that counts HKDF's blocks.
  return mac(Uint8Array.of(length >> 8, length & 0xff, full.length, ...full, 0, 1)).slice(0, length)
}

/** The PRF. `hash` null: TLS 1.0 and 1.1, MD5 and SHA-1 at once (RFC 2246 section 5). */
export function prf(
  crypto: TlsCrypto,
  hash: HashName | null,
  secret: Bytes,
  label: string,
  seed: Bytes,
  length: number,
): Bytes {
  const labelled = concat(ascii(label), seed)
  if (hash !== null) return expand(crypto, hash, secret, labelled, length)
  // Two halves of the secret, which share the middle byte where its length is odd.
  const half = Math.ceil(secret.length / 2)
  const output = expand(crypto, 'md5', secret.slice(0, half), labelled, length)
  const other = expand(crypto, 'sha1', secret.slice(secret.length - half), labelled, length)
  for (let at = 0; at < length; at++) output[at] ^= other[at]
  return output
}

/** P_hash (RFC 5246 section 5). */
function expand(crypto: TlsCrypto, hash: HashName, secret: Bytes, seed: Bytes, length: number): Bytes {
  const mac = crypto.hmac(hash, secret)
  const output = new Uint8Array(length)
  let chain = seed
  for (let at = 0; at < length;) {
    chain = mac(chain)
    const piece = mac(chain, seed)
    output.set(piece.subarray(0, length - at), at)
    at += piece.length
  }
  return output
}

function concat(a: Bytes, b: Bytes): Bytes {
  const both = new Uint8Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}

const ascii = (text: string): Bytes => new TextEncoder().encode(text)
