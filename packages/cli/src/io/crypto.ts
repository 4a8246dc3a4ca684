// The TLS crypto port of core on Node's OpenSSL: hundreds of MB/s where plain JavaScript makes tens.
import {
  type CipherCCMTypes,
  type CipherChaCha20Poly1305Types,
  type CipherGCMTypes,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  getCipherInfo,
} from 'node:crypto'
import type { AeadName, AeadOpen, Bytes, CbcDecrypt, HashName, Mac, TlsCrypto } from '@pcap-surgery/core'

export const nodeCrypto: TlsCrypto = {
  hash: (name: HashName, data: Bytes) => createHash(name).update(data).digest(),
  hmac: nodeHmac,
  aead: nodeAead,
  aesCbc: nodeCbc,
}

// Keys become KeyObjects once: OpenSSL 3 takes several times as long per record for raw ones.

function nodeHmac(name: HashName, key: Bytes): Mac {
  const secret = createSecretKey(key)
  return (...parts) => {
    const state = createHmac(name, secret)
    for (const part of parts) state.update(part)
    return state.digest()
  }
}

function nodeAead(name: AeadName, key: Bytes, tagLength: number): AeadOpen | null {
  const cipher = cipherName(name, key)
  if (getCipherInfo(cipher) === undefined) return null
  const secret = createSecretKey(key)
  const options = { authTagLength: tagLength }
  return (nonce, additional, sealed) => {
    const length = sealed.length - tagLength
    // The three kinds differ in types alone: CCM has to know the length in advance, the others ignore it.
    const decipher = createDecipheriv(cipher as CipherCCMTypes, secret, nonce, options)
    decipher.setAuthTag(sealed.subarray(length))
    decipher.setAAD(additional, { plaintextLength: length })
    try {
      const plain = decipher.update(sealed.subarray(0, length))
      decipher.final()
      return plain
    } catch {
      return null // `final`, for CCM already `update`: the tag is not the right one
    }
  }
}

function cipherName(name: AeadName, key: Bytes): CipherCCMTypes | CipherGCMTypes | CipherChaCha20Poly1305Types {
  if (name === 'chacha20-poly1305') return name
  const aes = key.length === 16 ? 'aes-128' : 'aes-256'
  return name === 'aes-gcm' ? `${aes}-gcm` : `${aes}-ccm`
}

function nodeCbc(key: Bytes): CbcDecrypt | null {
  const cipher = key.length === 16 ? 'aes-128-cbc' : 'aes-256-cbc'
  if (getCipherInfo(cipher) === undefined) return null
  const secret = createSecretKey(key)
  return (iv, sealed) => createDecipheriv(cipher, secret, iv).setAutoPadding(false).update(sealed)
}
