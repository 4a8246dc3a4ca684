import { createCipheriv, type CipherCCMTypes } from 'node:crypto'
import { type AeadName, type Bytes, nobleCrypto, type TlsCrypto } from '@pcap-surgery/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nodeCrypto } from './crypto.ts'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))
const plain = (bytes: Bytes | null | undefined): Buffer | null => (bytes ? Buffer.from(bytes) : null)

const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length })
const content = fc.uint8Array({ maxLength: 200 })

const PORTS: [string, TlsCrypto][] = [
  ['noble', nobleCrypto],
  ['node', nodeCrypto],
]
const AEADS: [AeadName, openssl: string, keyLength: number, tagLength: number][] = [
  ['aes-gcm', 'aes-128-gcm', 16, 16],
  ['aes-gcm', 'aes-256-gcm', 32, 16],
  ['aes-ccm', 'aes-128-ccm', 16, 16],
  ['aes-ccm', 'aes-256-ccm', 32, 8],
  ['chacha20-poly1305', 'chacha20-poly1305', 32, 16],
]

test.each(AEADS)('%s, %s: both open what Node seals, and neither what was changed', (name, openssl, keyLength, tag) => {
  fc.assert(
    fc.property(bytes(keyLength), bytes(12), content, content, fc.nat(), (key, nonce, additional, text, at) => {
      const seal = createCipheriv(openssl as CipherCCMTypes, key, nonce, { authTagLength: tag })
      seal.setAAD(additional, { plaintextLength: text.length })
      const sealed = Buffer.concat([seal.update(text), seal.final(), seal.getAuthTag()])
      const damaged = Uint8Array.from(sealed)
      damaged[at % damaged.length] ^= 1
      for (const [, port] of PORTS) {
        const handed = key.slice()
        const open = port.aead(name, handed, tag)!
        handed.fill(0) // the key was used up
        expect(open(nonce, additional, damaged)).toBeNull()
        expect(plain(open(nonce, additional, sealed))).toEqual(Buffer.from(text))
        expect(open(nonce, Uint8Array.of(...additional, 0), sealed)).toBeNull()
      }
    }),
    { numRuns: 60 },
  )
})

test.each([16, 32])('CBC with a key of %i bytes: both decrypt what Node encrypts', (keyLength) => {
  fc.assert(
    fc.property(bytes(keyLength), bytes(16), fc.integer({ min: 1, max: 9 }), (key, iv, blocks) => {
      const text = Buffer.alloc(16 * blocks, 'text')
      const seal = createCipheriv(keyLength === 16 ? 'aes-128-cbc' : 'aes-256-cbc', key, iv).setAutoPadding(false)
      const sealed = Buffer.concat([seal.update(text), seal.final()])
      for (const [, port] of PORTS) expect(plain(port.aesCbc(key)!(iv, sealed))).toEqual(text)
    }),
  )
})

test.each(['md5', 'sha1', 'sha256', 'sha384'] as const)('%s: both give the same digest and MAC', (name) => {
  fc.assert(
    fc.property(content, content, content, (key, first, second) => {
      expect(plain(nodeCrypto.hash(name, first))).toEqual(plain(nobleCrypto.hash(name, first)))
      const [a, b] = [nodeCrypto.hmac(name, key), nobleCrypto.hmac(name, key)]
      const whole = Uint8Array.of(...first, ...second)
      expect(plain(a(first, second))).toEqual(plain(b(whole)))
      expect(plain(b(first, second))).toEqual(plain(a(whole))) // keys are used again
    }),
  )
})

test.each(PORTS)('%s: NIST SP 800-38C example 3, RFC 8439 section 2.8.2', (_, port) => {
  const ccm = port.aead('aes-ccm', hex('404142434445464748494a4b4c4d4e4f'), 8)!
  const counted = ccm(
    hex('101112131415161718191a1b'),
    hex('000102030405060708090a0b0c0d0e0f10111213'),
    hex('e3b201a9f5b71a7a9b1ceaeccd97e70b6176aad9a4428aa5' + '484392fbc1b09951'),
  )
  expect(plain(counted)?.toString('hex')).toBe('202122232425262728292a2b2c2d2e2f3031323334353637')

  const key = hex('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f')
  const sunscreen = port.aead('chacha20-poly1305', key, 16)!(
    hex('070000004041424344454647'),
    hex('50515253c0c1c2c3c4c5c6c7'),
    hex(
      'd31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a9e060b29' +
        '05d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b6116' +
        '1ae10b594f09e26a7e902ecbd0600691',
    ),
  )
  expect(plain(sunscreen)?.toString()).toMatch(/^Ladies and Gentlemen.* sunscreen would be it\.$/)
})
