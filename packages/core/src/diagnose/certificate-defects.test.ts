import { describe, expect, test } from 'vitest'
import type { Certificate, CertificateChain } from '../app/tls/facts.ts'
import { certificateDefects, isFor } from './certificate-defects.ts'

const place = { offset: 0, frame: 1, time: 0 }
const leaf: Certificate = {
  subject: 'CN=app.internal',
  issuer: 'CN=Root',
  commonName: 'app.internal',
  names: ['app.internal', '*.shop.example', '10.3.0.11'],
  serial: '01',
  notBefore: Date.UTC(2026, 0, 1),
  notAfter: Date.UTC(2027, 0, 1),
  selfSigned: false,
  authority: false,
  size: 500,
  fault: '',
}
const chain = (certificate: Partial<Certificate>, more: Partial<CertificateChain> = {}): CertificateChain => ({
  first: place,
  last: place,
  certificates: [{ ...leaf, ...certificate }],
  count: 1,
  inOrder: true,
  ...more,
})
const NOW = Date.UTC(2026, 5, 1)

describe('what is wrong with a certificate', () => {
  test('nothing', () => {
    expect(certificateDefects(chain({}), 'app.internal', NOW)).toEqual([])
    expect(certificateDefects(chain({}), null, NOW)).toEqual([])
    expect(certificateDefects(chain({ notBefore: null, notAfter: null }), 'app.internal', NOW)).toEqual([])
  })

  test('its time', () => {
    expect(certificateDefects(chain({}), null, Date.UTC(2027, 0, 11))).toEqual(['it had expired 10 days before'])
    expect(certificateDefects(chain({}), null, Date.UTC(2025, 11, 31, 23, 30))).toEqual([
      'it becomes valid only 30 min later',
    ])
  })

  test('its names, its issuer, its chain', () => {
    expect(certificateDefects(chain({}), 'other.test', NOW)).toEqual(['it is for other names than the one asked for'])
    expect(certificateDefects(chain({ selfSigned: true }), null, NOW)).toEqual(['it is self-signed'])
    // A root behind its leaf is no leaf that signed itself.
    expect(certificateDefects(chain({}, { count: 2 }), null, NOW)).toEqual([])
    expect(certificateDefects(chain({}, { count: 2, inOrder: false }), null, NOW)).toHaveLength(1)
  })
})

test('a name is matched whole, without case, and a wildcard for one label', () => {
  expect(isFor(leaf, 'APP.internal.')).toBe(true)
  expect(isFor(leaf, '10.3.0.11')).toBe(true)
  expect(isFor(leaf, 'eu.shop.example')).toBe(true)
  expect(isFor(leaf, 'shop.example')).toBe(false)
  expect(isFor(leaf, 'a.eu.shop.example')).toBe(false)
  // The common name is asked where there are no alternative names.
  expect(isFor({ ...leaf, commonName: 'old.test' }, 'old.test')).toBe(false)
  expect(isFor({ ...leaf, names: [], commonName: 'old.test' }, 'old.test')).toBe(true)
})
