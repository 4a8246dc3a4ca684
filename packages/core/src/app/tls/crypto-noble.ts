// The TLS crypto port on @noble/ciphers and @noble/hashes: plain JavaScript, the same on every platform, tens of MB/s.
import { cbc, ctr, gcm } from '@noble/ciphers/aes.js'
import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { hmac } from '@noble/hashes/hmac.js'
import { md5, sha1 } from '@noble/hashes/legacy.js'
import { sha256, sha384 } from '@noble/hashes/sha2.js'
import type { Bytes } from '../../bytes/read.ts'
import type { AeadName, AeadOpen, CbcDecrypt, HashName, Mac, TlsCrypto } from './crypto.ts'

const HASHES = { md5, sha1, sha256, sha384 }
const BLOCK = 16

export const nobleCrypto: TlsCrypto = {
  hash: (name: HashName, data: Bytes) => HASHES[name](data),
  hmac: nobleHmac,
  aead: nobleAead,
  aesCbc: nobleCbc,
}

function nobleHmac(name: HashName, key: Bytes): Mac {
  // Cloning the state behind the key's blocks saves hashing them again for every record.
  const keyed = hmac.create(HASHES[name], key)
  return (...parts) => {
    const state = keyed.clone()
    for (const part of parts) state.update(part)
    return state.digest()
  }
}

function nobleAead(name: AeadName, key: Bytes, tagLength: number): AeadOpen {
  const own = key.slice()
  switch (name) {
    case 'aes-gcm':
      return (nonce, additional, sealed) => orNull(() => gcm(own, nonce, additional).decrypt(sealed))
    case 'chacha20-poly1305': {
      const output = new Scratch()
      return (nonce, additional, sealed) =>
        orNull(() =>
          chacha20poly1305(own, nonce, additional).decrypt(sealed, output.ofLength(sealed.length - tagLength)),
        )
    }
    case 'aes-ccm':
      return ccm(own, tagLength)
  }
}

function nobleCbc(key: Bytes): CbcDecrypt {
  const own = key.slice()
  const output = new Scratch()
  return (iv, sealed) => cbc(own, iv, { disablePadding: true }).decrypt(sealed, output.ofLength(sealed.length))
}

/** noble says by an exception that a tag is wrong. */
function orNull(open: () => Bytes): Bytes | null {
  try {
    return open()
  } catch {
    return null
  }
}

/**
 * CCM (NIST SP 800-38C, RFC 3610) for nonces of 12 bytes, so with a length field of 3 bytes, made of noble's CTR and
 * CBC. Additional data is shorter than 65,280 bytes.
 */
function ccm(key: Bytes, tagLength: number): AeadOpen {
  const zeroIv = new Uint8Array(BLOCK)
  const counter = new Uint8Array(BLOCK)
  const masked = new Scratch()
  const clear = new Scratch()
  const formatted = new Scratch()
  const chained = new Scratch()
  return (nonce, additional, sealed) => {
    const length = sealed.length - tagLength
    // Key stream block 0 masks the tag, the blocks from 1 on the text (RFC 3610 section 2.3).
    counter.fill(0)
    counter[0] = 2 // length of the length field, less one
    counter.set(nonce, 1)
    const input = masked.ofLength(BLOCK + length).fill(0, 0, BLOCK)
    input.set(sealed.subarray(length))
    input.set(sealed.subarray(0, length), BLOCK)
    const opened = ctr(key, counter).decrypt(input, clear.ofLength(input.length))
    const text = opened.subarray(BLOCK)

    // B_0, additional data behind its length, text: each filled up with zeros to whole blocks (section 2.2).
    const textAt = BLOCK + (additional.length > 0 ? wholeBlocks(2 + additional.length) : 0)
    const blocks = formatted.ofLength(textAt + wholeBlocks(length)).fill(0)
    blocks[0] = (additional.length > 0 ? 0x40 : 0) | (((tagLength - 2) / 2) << 3) | 2
    blocks.set(nonce, 1)
    blocks[13] = length >>> 16
    blocks[14] = length >>> 8
    blocks[15] = length
    if (additional.length > 0) {
      blocks[16] = additional.length >>> 8
      blocks[17] = additional.length
      blocks.set(additional, BLOCK + 2)
    }
    blocks.set(text, textAt)
    const chain = cbc(key, zeroIv, { disablePadding: true }).encrypt(blocks, chained.ofLength(blocks.length))
    const tagAt = chain.length - BLOCK
    for (let at = 0; at < tagLength; at++) if (chain[tagAt + at] !== opened[at]) return null
    return text
  }
}

const wholeBlocks = (length: number): number => Math.ceil(length / BLOCK) * BLOCK

/** Memory that is used again from call to call. What it held before is still in it. */
class Scratch {
  #bytes = new Uint8Array(0)

  ofLength(length: number): Uint8Array<ArrayBuffer> {
    if (this.#bytes.length < length) this.#bytes = new Uint8Array(Math.max(length, 2 * this.#bytes.length))
    return this.#bytes.subarray(0, length)
  }
}
