// What reading TLS needs of cryptography, as a port: opening what others sealed, and hashing. Never sealing, never random
// numbers, never private keys. Synchronous, because records are opened in the packet loop.
//
// `crypto-noble.ts` is the implementation that runs everywhere; a platform that has a faster one hands it in.
import type { Bytes } from '../../bytes/read.ts'

export type HashName = 'md5' | 'sha1' | 'sha256' | 'sha384'

/** RFC 5116 and 8439. The key length, 16 or 32 bytes, decides between AES-128 and AES-256. */
export type AeadName = 'aes-gcm' | 'aes-ccm' | 'chacha20-poly1305'

/** HMAC (RFC 2104) of all parts in a row, under one key. */
export type Mac = (...parts: Bytes[]) => Bytes

/**
 * Plain text of `sealed`, which ends with its tag; null where the tag is not that of key, nonce (12 bytes), additional
 * data and text. `sealed` is not shorter than the tag. The result may be overwritten by the next call.
 */
export type AeadOpen = (nonce: Bytes, additional: Bytes, sealed: Bytes) => Bytes | null

/**
 * CBC without padding: `sealed` is whole blocks of 16 bytes, at least one, and so is the result, which may be
 * overwritten by the next call.
 */
export type CbcDecrypt = (iv: Bytes, sealed: Bytes) => Bytes

/**
 * Keys handed in are used up at once: the caller may overwrite them. What `hash` and a `Mac` answer belongs to the
 * caller. Nothing throws on data; null stands for an algorithm that the platform does not offer.
 */
export interface TlsCrypto {
  hash(name: HashName, data: Bytes): Bytes
  hmac(name: HashName, key: Bytes): Mac
  /** `tagLength`: 16, or 8 for AES-CCM. */
  aead(name: AeadName, key: Bytes, tagLength: number): AeadOpen | null
  aesCbc(key: Bytes): CbcDecrypt | null
}
