import { expect, test } from 'vitest'
import { nobleCrypto } from './crypto-noble.ts'
import { keyBlock, nextTrafficSecret, prf, TLS_1_0, TLS_1_2, trafficKeys } from './key-schedule.ts'
import { suiteProtection } from './suite-protection.ts'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'))
const digits = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

const AES_128_GCM = suiteProtection(0x1301)!

// RFC 8448 section 3, "Simple 1-RTT Handshake".
test.each([
  [
    'client handshake',
    'b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21',
    'dbfaa693d1762c5b666af5d950258d01',
    '5bd3c71b836e0b76bb73265f',
  ],
  [
    'server handshake',
    'b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38',
    '3fce516009c21727d0f2e4e86ee403bc',
    '5d313eb2671276ee13000b30',
  ],
  [
    'client application',
    '9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5',
    '17422dda596ed5d9acd890e3c63f5051',
    '5b78923dee08579033e523d9',
  ],
  [
    'server application',
    'a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643',
    '9f02283b6c9c07efc26bb9f2ac92e356',
    'cf782b88dd83549aadf1e984',
  ],
])('TLS 1.3, %s traffic secret', (_, secret, key, iv) => {
  const keys = trafficKeys(nobleCrypto, AES_128_GCM, hex(secret))
  expect([digits(keys.key), digits(keys.iv)]).toEqual([key, iv])
})

test('TLS 1.3: the secret after a KeyUpdate has the length of the hash', () => {
  expect(nextTrafficSecret(nobleCrypto, AES_128_GCM, new Uint8Array(32))).toHaveLength(32)
  expect(nextTrafficSecret(nobleCrypto, suiteProtection(0x1302)!, new Uint8Array(48))).toHaveLength(48)
})

// `openssl kdf ... TLS1-PRF` of OpenSSL 3.0; the secret has an odd length, so that its halves share a byte.
test.each([
  [
    null,
    'd15d261f27f994096fbb4709ff20d231799dce32219baafb6883af51983e132f9c83dfee54eba38ec8a35879b14b96132a2561599776267547e8c543d4cd86a8172d0969',
  ],
  [
    'sha256',
    'f6ae86ee5d4fdda335a2cc265fdd8947ae720efea08642cbd161accc0e3187c513272d0e3e28376d075623f4e7f8c0e0353dbf2bc1583505ff5a2633eea24fa37a61dfa8',
  ],
  [
    'sha384',
    '6d02d0d1aa56446ada4b71f9a6b497c8f7e4c1fba591c9d16bbf70dc35c26eb965b9a20c1ce19fb56c8641b704ca9f529b484e7d7574c59362916373cf9cf2c07b1e245c',
  ],
] as const)('PRF, %s', (hash, output) => {
  const secret = hex('9bbe436ba940f017b17652849a71db35aa')
  const seed = hex('a0ba9f936cda311827a6f796ffd5198c')
  expect(digits(prf(nobleCrypto, hash, secret, 'test label', seed, 68))).toBe(output)
})

test('the key block is cut up in the order of RFC 5246 section 6.3', () => {
  const secret = new Uint8Array(48).fill(1)
  const [client, server] = [new Uint8Array(32).fill(2), new Uint8Array(32).fill(3)]
  const suite = suiteProtection(0x002f)! // AES_128_CBC_SHA
  const seed = Uint8Array.of(...server, ...client)
  const block = digits(prf(nobleCrypto, null, secret, 'key expansion', seed, 2 * (20 + 16 + 16)))
  const [a, b] = keyBlock(nobleCrypto, TLS_1_0, suite, secret, client, server)
  expect([a.mac, b.mac, a.key, b.key, a.iv, b.iv].map(digits).join('')).toBe(block)
  const [later] = keyBlock(nobleCrypto, TLS_1_2, suite, secret, client, server)
  expect([later.mac.length, later.key.length, later.iv.length]).toEqual([20, 16, 0]) // the IV is in each record
})
