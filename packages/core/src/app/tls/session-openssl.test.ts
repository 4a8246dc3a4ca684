// OpenSSL speaks to itself; the session listens, once with the keys and once without. What sizes and order
// tell must be what the keys prove.
import type { ConnectionOptions, TLSSocketOptions } from 'node:tls'
import { expect, test } from 'vitest'
import { cert, key, record, type Recording, root, SHORT, TLS12, TLS13 } from '../../../../../tools/openssl.ts'
import { nobleCrypto } from './crypto-noble.ts'
import type { TlsFacts } from './facts.ts'
import { parseKeyLog } from './keylog.ts'
import { alertName, groupName } from './names.ts'
import { findProtection } from './protection.ts'
import { TlsSession } from './session.ts'

/** `>18 <945` with keys: bytes of plaintext; without, of record bodies. */
function listen({ sent, keyLog }: Recording, hasKeys: boolean): { facts: TlsFacts; data: string[]; ends: string[] } {
  const data: string[] = []
  const ends: string[] = []
  const session = new TlsSession(
    {
      begin() {},
      data: (from, _plain, length) => void (length > 0 && data.push(`${from === 0 ? '>' : '<'}${length}`)),
      gap() {},
      closed: (from, clean) => void ends.push(`${from} ${clean}`),
    },
    { protection: hasKeys ? findProtection(parseKeyLog(keyLog), nobleCrypto) : null },
  )
  sent.forEach(([from, bytes], i) => session.push(from, bytes, 0, bytes.length, i + 1, i * 1e5))
  session.finish(0, true, sent.length + 1, sent.length * 1e5)
  session.finish(1, true, sent.length + 1, sent.length * 1e5)
  return { facts: session.facts, data, ends }
}

const FINISHED = 20
const asksForCertificate = { requestCert: true, rejectUnauthorized: false, ca: root }

test.each<[name: string, client: ConnectionOptions, server: TLSSocketOptions, clientCertificate: string]>([
  ['TLS 1.3', TLS13, {}, 'none asked'],
  ['TLS 1.3 with SHA-256', { ...TLS13, ciphers: 'TLS_AES_128_GCM_SHA256' }, {}, 'none asked'],
  ['TLS 1.3 with ChaCha20', { ...TLS13, ciphers: 'TLS_CHACHA20_POLY1305_SHA256' }, {}, 'none asked'],
  ['TLS 1.3, no certificate to show', TLS13, asksForCertificate, 'empty'],
  ['TLS 1.3, a client certificate', { ...TLS13, key, cert }, asksForCertificate, 'sent'],
  ['TLS 1.3, with ALPN', { ...TLS13, ALPNProtocols: ['http/1.1'] }, { ALPNProtocols: ['http/1.1'] }, 'none asked'],
  ['TLS 1.2', TLS12, {}, 'none asked'],
  ['TLS 1.2 with CBC', { ...TLS12, ciphers: 'ECDHE-ECDSA-AES128-SHA' }, {}, 'none asked'],
  ['TLS 1.2, no certificate to show', TLS12, asksForCertificate, 'empty'],
  ['TLS 1.2, a client certificate', { ...TLS12, key, cert }, asksForCertificate, 'sent'],
])('%s', async (_name, client, server, clientCertificate) => {
  const recording = await record(client, server)
  const open = listen(recording, true)
  const opaque = listen(recording, false)
  expect([open.facts.decryption.is, opaque.facts.decryption.is]).toEqual(['decrypted', 'no-keys'])
  expect(open.data).toHaveLength(2)
  // A close_notify that nobody can read is one once nothing follows it: later than with the keys.
  expect([opaque.data, opaque.ends.toSorted()]).toEqual([open.data, open.ends.toSorted()])
  expect([open.facts.clientCertificate, opaque.facts.clientCertificate]).toEqual([clientCertificate, clientCertificate])
  expect(opaque.facts.finished).toEqual(open.facts.finished)
  expect(open.facts.certificates[1]!.certificates[0]!.names).toContain('app.internal')
  expect([open.facts.handshakeEnd, open.facts.faults]).toEqual([null, []])
})

test('TLS 1.3 resumed', async () => {
  const { session } = await record(TLS13, {})
  // A server of its own has keys of its own for tickets: it refuses, and the handshake is a whole one.
  const recording = await record({ ...TLS13, ...(session && { session }) }, {})
  const [open, opaque] = [listen(recording, true), listen(recording, false)]
  expect([opaque.data, opaque.facts.clientHello!.preSharedKey]).toEqual([open.data, true])
  expect(open.facts.resumed).toBe(opaque.facts.resumed)
})

test.each(['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES128-SHA'])('TLS 1.2 renegotiated, %s', async (ciphers) => {
  const recording = await record({ ...TLS12, ciphers }, {}, { ...SHORT, renegotiated: true })
  const { facts, data, ends } = listen(recording, true)
  expect(data.map((told) => told[0])).toEqual(['>', '<'])
  expect([facts.decryption.is, facts.faults, ends[0]]).toEqual(['decrypted', [], '1 true'])
  expect(facts.messages.filter(({ type, inferred }) => type === FINISHED && !inferred)).toHaveLength(4)
})

test('a HelloRetryRequest', async () => {
  const recording = await record({ ...TLS13, ecdhCurve: 'X25519:P-256' }, { ecdhCurve: 'P-256' })
  const [open, opaque] = [listen(recording, true), listen(recording, false)]
  expect([open.data, open.facts.decryption.is]).toEqual([opaque.data, 'decrypted'])
  expect(groupName(opaque.facts.helloRetryRequest!.group)).toBe('secp256r1')
  expect(opaque.facts.secondClientHello!.keyShares.map(groupName)).toEqual(['secp256r1'])
})

test.each<[name: string, client: ConnectionOptions, server: TLSSocketOptions, alert: string]>([
  ['no version in common', TLS13, TLS12, '1 protocol_version'],
  ['no suite in common', { ...TLS12, ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' }, TLS12, '1 handshake_failure'],
  ['no protocol in common', { ...TLS13, ALPNProtocols: ['a'] }, { ALPNProtocols: ['b'] }, '1 no_application_protocol'],
])('%s', async (_name, client, server, alert) => {
  const { facts, data } = listen(await record(client, server), false)
  expect(facts.alerts.map(({ from, description }) => `${from} ${alertName(description)}`)).toEqual([alert])
  expect([facts.handshakeEnd?.how, facts.handshakeEnd?.from, data]).toEqual(['alert', 1, []])
})
