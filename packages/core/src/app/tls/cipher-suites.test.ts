import { expect, test } from 'vitest'
import { cipherSuite, cipherSuiteName } from './cipher-suites.ts'

test.each([
  [0x002f, 'TLS_RSA_WITH_AES_128_CBC_SHA', 'block CBC AES 16/16 mac sha1 20 tag 0 prf sha256'],
  [0x000a, 'TLS_RSA_WITH_3DES_EDE_CBC_SHA', 'block CBC 3DES 24/8 mac sha1 20 tag 0 prf sha256'],
  [0x0005, 'TLS_RSA_WITH_RC4_128_SHA', 'stream  RC4 16/0 mac sha1 20 tag 0 prf sha256'],
  [0xc014, 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA', 'block CBC AES 32/16 mac sha1 20 tag 0 prf sha256'],
  [0xc024, 'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384', 'block CBC AES 32/16 mac sha384 48 tag 0 prf sha384'],
  [0xc030, 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', 'aead GCM AES 32/0 mac  0 tag 16 prf sha384'],
  [0xc0ae, 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8', 'aead CCM AES 16/0 mac  0 tag 8 prf sha256'],
  [0xcca9, 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', 'aead  CHACHA20 32/0 mac  0 tag 16 prf sha256'],
  [0x1302, 'TLS_AES_256_GCM_SHA384', 'aead GCM AES 32/0 mac  0 tag 16 prf sha384'],
  [0x1305, 'TLS_AES_128_CCM_8_SHA256', 'aead CCM AES 16/0 mac  0 tag 8 prf sha256'],
])('suite %i', (code, name, parts) => {
  const s = cipherSuite(code)!
  expect(s.name).toBe(name)
  expect(cipherSuiteName(code)).toBe(name)
  const told = `${s.mode} ${s.chaining} ${s.algorithm} ${s.keyLength}/${s.blockLength}`
  expect(`${told} mac ${s.mac} ${s.macLength} tag ${s.tagLength} prf ${s.prf}`).toBe(parts)
})

test('what is no suite', () => {
  expect([0x00ff, 0x5600, 0x1a1a, 0xfefe].map(cipherSuiteName)).toEqual([
    'TLS_EMPTY_RENEGOTIATION_INFO_SCSV',
    'TLS_FALLBACK_SCSV',
    'GREASE',
    '0xfefe',
  ])
  expect(cipherSuite(0x00ff)).toBeNull()
})
