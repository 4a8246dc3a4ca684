import { X509Certificate } from 'node:crypto'
import { CERTIFICATES, certificateMessage } from '@pcap-surgery/testkit'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readCertificate, readCertificateMessage } from './certificate.ts'

const { leaf, root } = CERTIFICATES
const place = { offset: 0, frame: 1, time: 1 }
const HEADER = 4 // of a handshake message

test('what Node reads of a certificate', () => {
  for (const der of [leaf, root]) {
    const oracle = new X509Certificate(der)
    const read = readCertificate(der, 0, der.length)
    // Node writes one attribute a line, in the order of the certificate, and escapes as we do.
    expect(
      read.subject
        .split(/(?<!\\),/)
        .toReversed()
        .join('\n'),
    ).toBe(oracle.subject)
    expect(
      read.issuer
        .split(/(?<!\\),/)
        .toReversed()
        .join('\n'),
    ).toBe(oracle.issuer)
    expect(read.serial).toBe(oracle.serialNumber.toLowerCase().replace(/^(?:00)+/, ''))
    expect([read.notBefore, read.notAfter]).toEqual([Date.parse(oracle.validFrom), Date.parse(oracle.validTo)])
    expect(read.authority).toBe(oracle.ca)
    expect(read.fault).toBe('')
  }
})

test('names, and who signed it', () => {
  const read = readCertificate(leaf, 0, leaf.length)
  expect(read.names).toEqual(['app.internal', '*.shop.example', '10.3.0.11', '2001:db8::2'])
  expect([read.commonName, read.subject]).toEqual(['app.internal', 'CN=app.internal,O=Example\\, Inc.'])
  expect([read.selfSigned, readCertificate(root, 0, root.length).selfSigned]).toEqual([false, true])
})

test.each([
  ['in order', [leaf, root], 2, true],
  ['upside down', [root, leaf], 2, false],
  ['alone', [leaf], 1, true],
  ['many', Array.from({ length: 12 }, () => root), 12, true],
])('chain %s', (_name, certificates, count, inOrder) => {
  const message = certificateMessage(...certificates)
  const chain = readCertificateMessage(message, HEADER, message.length, false, place, place)
  expect([chain.count, chain.inOrder, chain.certificates.length]).toEqual([count, inOrder, Math.min(10, count)])
})

test('a certificate that is cut keeps what stood before', () => {
  const read = readCertificate(leaf, 0, 200)
  expect([read.issuer, read.fault]).toEqual(['CN=Example Root,O=Example\\, Inc.,C=DE', 'The certificate is cut'])
  expect(readCertificate(new Uint8Array([1, 2, 3]), 0, 3).fault).toBe('This is no certificate')
})

test('never throws, whatever the bytes', () => {
  fc.assert(
    fc.property(fc.nat(leaf.length - 1), fc.nat(255), fc.nat(leaf.length), (at, byte, end) => {
      const bytes = leaf.slice()
      bytes[at] = byte
      const read = readCertificate(bytes, 0, end)
      expect([read.size, read.subject.length < 4096]).toEqual([end, true])
    }),
    { numRuns: 500 },
  )
})
