import { X509Certificate } from 'node:crypto'
import {
  CERTIFICATES,
  certificateMessage,
  changeCipherSpec,
  clientHello,
  handshakeMessage,
  handshakeRecord,
  join,
  opaqueRecord,
  scrubbed,
  serverHello,
  serverHelloDone,
  type StreamPiece,
  tlsAlert,
} from '@pcap-surgery/testkit'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readCertificate } from '../../app/tls/certificate.ts'
import type { TlsFacts } from '../../app/tls/facts.ts'
import { TlsSession } from '../../app/tls/session.ts'
import { isFor } from '../../diagnose/certificate-defects.ts'
import type { StreamHint } from './contract.ts'
import { scrubDer } from './der.ts'
import { KeyedPseudonyms } from './pseudonyms.ts'
import { createStreamScrubber } from './stream.ts'

const pseudonyms = new KeyedPseudonyms(Uint8Array.from({ length: 32 }, (_, i) => i))
const HINT: StreamHint = { isDns: false, opener: () => 0, isMidstream: () => false }
const streams = (...pieces: StreamPiece[]): [string, string] =>
  scrubbed((edits) => createStreamScrubber(pseudonyms, edits, HINT), pieces)
const bytes = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0))
const latin1 = (b: Uint8Array): string => Array.from(b, (c) => String.fromCharCode(c)).join('')

const { leaf, root } = CERTIFICATES

const vector16 = (text: string): number[] => [0, text.length, ...bytes(text)]

/** What our own reader says of a session. */
function factsOf(client: string, server: string): TlsFacts {
  const session = new TlsSession({ begin: () => {}, data: () => {}, gap: () => {}, closed: () => {} })
  session.push(0, bytes(client), 0, client.length, 1, 1)
  session.push(1, bytes(server), 0, server.length, 2, 2)
  return session.facts
}

test('a hello keeps all but its name, and a certificate fits it as before', () => {
  for (const [serverName, fits] of [
    ['app.internal', true],
    ['cart.shop.example', true],
    ['other.internal', false],
  ] as const) {
    const hello = clientHello({ serverName, alpn: ['h2', 'http/1.1'], ciphers: [0xc02f], groups: [29] })
    const flight = handshakeRecord(serverHello({ cipher: 0xc02f }), certificateMessage(leaf, root), serverHelloDone())
    const [client, server] = streams([0, handshakeRecord(hello)], [1, flight])
    const facts = factsOf(client, server)
    const before = factsOf(latin1(handshakeRecord(hello)), latin1(flight))
    expect(facts.clientHello).toMatchObject({ ...before.clientHello!, serverName: facts.clientHello!.serverName })
    expect(facts.clientHello!.serverName).toHaveLength(serverName.length)
    expect(client).not.toContain(serverName)
    const [certificate] = facts.certificates[1]!.certificates
    expect(isFor(certificate!, facts.clientHello!.serverName!)).toBe(fits)
    expect(facts.certificates[1]).toMatchObject({ count: 2, inOrder: true })
    expect(facts.messages.map((m) => m.type)).toEqual(before.messages.map((m) => m.type))
  }
})

test('a signature goes, the parameters that it signs stay', () => {
  const point = Array.from({ length: 32 }, (_, i) => i)
  const parameters = [3, 0, 29, 32, ...point] // named curve, x25519
  const signature = bytes('by alice')
  const exchange = handshakeMessage(12, parameters, [4, 3, 0, signature.length], signature)
  const [, server] = streams(
    [0, handshakeRecord(clientHello())],
    [1, handshakeRecord(serverHello({ cipher: 0xc02f }), exchange)],
  )
  expect(server).toContain(latin1(Uint8Array.from([...parameters, 4, 3, 0, signature.length])))
  expect(server).not.toContain('alice')
})

test('a certificate is one still, of somebody else', () => {
  for (const der of [leaf, root]) {
    const copy = der.slice()
    scrubDer(pseudonyms, copy, 0, copy.length)
    const [read, before] = [readCertificate(copy, 0, copy.length), readCertificate(der, 0, der.length)]
    expect(read).toMatchObject({
      notBefore: before.notBefore,
      notAfter: before.notAfter,
      selfSigned: before.selfSigned,
      authority: before.authority,
      fault: '',
    })
    expect(read.names.map((name) => name.length)).toEqual(before.names.map((name) => name.length))
    expect(read.serial).not.toBe(before.serial)
    expect(new X509Certificate(copy).validTo).toBe(new X509Certificate(der).validTo)
    for (const word of ['Example', 'internal', 'shop']) expect(latin1(copy)).not.toContain(word)
  }
})

test('alerts in the clear stay; what is encrypted goes, and so do handshake messages that nobody knows', () => {
  const flight = join(changeCipherSpec(), opaqueRecord(40, 22), opaqueRecord(90), opaqueRecord(26, 21), tlsAlert(1, 0))
  const unknown = handshakeRecord(Uint8Array.of(99, 0, 0, 5, ...bytes('alice')))
  const [client] = streams([0, join(handshakeRecord(clientHello()), unknown, flight)])
  const records = ['\x14\x03\x03\0\x01\x01', `\x16\x03\x03\0\x28${'x'.repeat(40)}`]
  records.push(`\x17\x03\x03\0\x5a${'x'.repeat(90)}`, `\x15\x03\x03\0\x1a${'x'.repeat(26)}`)
  expect(client.endsWith(records.join('') + latin1(tlsAlert(1, 0)))).toBe(true)
  expect(client).toContain('\x63\0\0\x05xxxxx')
})

test('identities and hints of pre-shared keys go, their lengths stay', () => {
  const curve = [3, 0, 29, 4, 1, 2, 3, 4] // ECDHE_PSK: x25519, a point
  const hinted = handshakeRecord(handshakeMessage(12, vector16('alices'), curve))
  const identity = handshakeRecord(handshakeMessage(16, vector16('alice'), [4, 9, 9, 9, 9]))
  const [client, server] = streams(
    [0, handshakeRecord(clientHello())],
    [1, join(handshakeRecord(serverHello({ cipher: 0xc035 })), hinted)],
    [0, identity],
  )
  expect(client + server).not.toContain('alice')
  expect(server.endsWith(latin1(Uint8Array.from(curve)))).toBe(true)
  expect(client.at(-5)).toBe('\x04')
})

test('names of protocols that not everybody has go, those of others stay', () => {
  const hello = clientHello({ alpn: ['h2', 'alice', 'http/1.1'] })
  const [client] = streams([0, handshakeRecord(hello)])
  expect(client).toContain('\x02h2\x05')
  expect(client).toContain('\x08http/1.1')
  expect(client).not.toContain('alice')
})

test('the second hello of a retry, behind a ChangeCipherSpec, loses its name too', () => {
  const hello = handshakeRecord(clientHello({ serverName: 'app.internal' }))
  const [client] = streams([0, join(hello, changeCipherSpec(), hello)])
  expect(client).not.toContain('internal')
})

test('a session without encryption hides nothing, and so nothing of it stays', () => {
  const flight = join(handshakeRecord(serverHello({ cipher: 0x0002 })), changeCipherSpec(), opaqueRecord(9))
  const [, server] = streams([0, handshakeRecord(clientHello())], [1, flight])
  expect(server.endsWith(`\x17\x03\x03\0\x09${'x'.repeat(9)}`)).toBe(true)
})

test('cut or changed anywhere, nothing throws and nothing grows', () => {
  const hello = join(handshakeRecord(clientHello({ serverName: 'app.internal', alpn: ['h2'] })))
  const flight = handshakeRecord(serverHello(), certificateMessage(leaf, root), serverHelloDone())
  fc.assert(
    fc.property(fc.nat(flight.length), fc.nat(flight.length), fc.nat(255), fc.nat(99), (end, at, byte, hole) => {
      const changed = flight.map((old, i) => (i === at ? byte : old))
      const [client, server] = streams([0, hello], [1, changed.subarray(0, end)], [1, hole], [1, changed.subarray(end)])
      expect([client.length, server.length]).toEqual([hello.length, flight.length + hole])
    }),
  )
})

/** What our own reader says of a handshake but for whose it is. */
function told(client: string, server: string): unknown {
  const { messages, alerts, faults, serverHello: answer, certificates, cutRecord } = factsOf(client, server)
  return {
    messages,
    alerts,
    faults: faults.map((fault) => fault.at),
    // A protocol that nobody has heard of has another name.
    answer: answer === null ? null : { ...answer, alpn: answer.alpn?.length },
    cutRecord,
    certificates: certificates[1]?.count,
  }
}

const HEARTBEAT = 24

test('whatever byte is another, our own reader finds the same messages, alerts and faults', () => {
  const hello = latin1(handshakeRecord(clientHello({ serverName: 'app.internal', alpn: ['h2'], ciphers: [0xc02f] })))
  const flight = latin1(
    join(
      handshakeRecord(serverHello({ cipher: 0xc02f, alpn: 'h2' }), certificateMessage(leaf), serverHelloDone()),
      tlsAlert(2, 40),
    ),
  )
  fc.assert(
    fc.property(fc.nat(flight.length - 1), fc.nat(255), (at, byte) => {
      // A server that begins with a heartbeat is not taken for TLS, and nothing of what it says is kept.
      fc.pre(at > 0 || byte !== HEARTBEAT)
      const changed = `${flight.slice(0, at)}${String.fromCharCode(byte)}${flight.slice(at + 1)}`
      expect(told(...streams([0, hello], [1, changed]))).toEqual(told(hello, changed))
    }),
    { numRuns: 500 },
  )
})
