import {
  CERTIFICATES,
  certificateMessage,
  certificateRequest,
  changeCipherSpec,
  clientHello,
  clientKeyExchange,
  handshakeMessage,
  handshakeRecord,
  type HelloOptions,
  join,
  opaqueRecord,
  serverHello,
  serverHelloDone,
  serverKeyExchange,
  TLS_1_0,
  TLS_1_2,
  TLS_1_3,
  tlsAlert,
} from '@pcap-surgery/testkit'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { TlsFacts, TlsSide } from './facts.ts'
import { alertName, handshakeName } from './names.ts'
import { TlsSession } from './session.ts'

/** Who sends what: bytes, a number of bytes that are missing, or the end of the stream. A step is a frame. */
type Step = [side: '>' | '<', what: Uint8Array | number | 'FIN' | 'RST', milliseconds?: number]

interface Heard {
  facts: TlsFacts
  /** Events: `> begin 10#3`, `< data 250 10-264#4`. */
  events: string[]
}

const arrow = (from: TlsSide): string => (from === 0 ? '>' : '<')

/** Frames are counted from 1 and come a millisecond apart, if no step says otherwise. */
function hear(...steps: Step[]): Heard {
  const events: string[] = []
  const session = new TlsSession({
    begin: (from, first) => events.push(`${arrow(from)} begin ${first.offset}#${first.frame}`),
    data: (from, plain, length, first, last) =>
      events.push(`${arrow(from)} data ${length} ${first.offset}-${last.offset}#${last.frame}${plain ? ' plain' : ''}`),
    gap: (from, length, frame) => events.push(`${arrow(from)} gap ${length} #${frame}`),
    closed: (from, clean, frame) => events.push(`${arrow(from)} closed${clean ? ' clean' : ''} #${frame}`),
  })
  let time = 0
  steps.forEach(([side, what, wait = 1], i) => {
    const from = side === '>' ? 0 : 1
    time += wait * 1e6
    if (what === 'FIN' || what === 'RST') session.finish(from, what === 'FIN', i + 1, time)
    else if (typeof what === 'number') session.gap(from, what, i + 1, time)
    else session.push(from, what, 0, what.length, i + 1, time)
  })
  return { facts: session.facts, events }
}

const messageName = (type: number): string => (type < 0 ? 'encrypted' : handshakeName(type))

/** `>ClientHello <ServerHello >Finished?`; `?` where inferred, `!` where incomplete. */
function messages(facts: TlsFacts): string {
  return facts.messages
    .map((m) => `${arrow(m.from)}${messageName(m.type)}${m.inferred ? '?' : ''}${m.incomplete ? '!' : ''}`)
    .join(' ')
}

const alerts = (facts: TlsFacts): string[] =>
  facts.alerts.map((a) => `${arrow(a.from)} ${a.level} ${alertName(a.description)} after ${a.after}`)

const ending = ({ handshakeEnd }: TlsFacts): string =>
  handshakeEnd === null ? '' : `${arrow(handshakeEnd.from)} ${handshakeEnd.how} after ${handshakeEnd.after}`

// TLS 1.2

const { leaf, root } = CERTIFICATES
const SUITES = { ciphers: [0xc02f, 0xc030], groups: [29, 23], signatureAlgorithms: [0x0403, 0x0804] }
const hello12 = clientHello({ ...SUITES, serverName: 'app.internal', alpn: ['http/1.1'] })
const serverFlight = join(
  handshakeRecord(serverHello({ cipher: 0xc02f, alpn: 'http/1.1' })),
  handshakeRecord(certificateMessage(leaf, root)),
  handshakeRecord(serverKeyExchange(29)),
  handshakeRecord(serverHelloDone()),
)
/** Finished of AES-GCM in TLS 1.2: nonce 8, header 4, 12 bytes, tag 16. */
const finished12 = opaqueRecord(40, 22)
const clientFlight = join(handshakeRecord(clientKeyExchange()), changeCipherSpec(), finished12)

test('TLS 1.2, from the hello to close_notify', () => {
  const { facts, events } = hear(
    ['>', handshakeRecord(hello12)],
    ['<', serverFlight],
    ['>', clientFlight],
    ['<', join(changeCipherSpec(), finished12)],
    ['>', opaqueRecord(100)],
    ['<', opaqueRecord(300).subarray(0, 200)],
    ['<', opaqueRecord(300).subarray(200)],
    ['>', opaqueRecord(26, 21)],
    ['>', 'FIN'],
    ['<', 'FIN'],
  )
  expect(messages(facts)).toBe(
    '>ClientHello <ServerHello <Certificate <ServerKeyExchange <ServerHelloDone >ClientKeyExchange >Finished? <Finished?',
  )
  expect(facts.clientHello).toMatchObject({
    serverName: 'app.internal',
    alpn: ['http/1.1'],
    version: TLS_1_2,
    versions: [TLS_1_2],
    ciphers: [0xc02f, 0xc030],
    groups: [29, 23],
    signatureAlgorithms: [0x0403, 0x0804],
    ssl2: false,
    incomplete: false,
  })
  expect(facts.serverHello).toMatchObject({ version: TLS_1_2, cipher: 0xc02f, alpn: 'http/1.1', group: 29 })
  expect(facts.certificates[1]).toMatchObject({ count: 2, inOrder: true })
  expect(facts.certificates[1]!.certificates[0]).toMatchObject({ commonName: 'app.internal', issuer: /Example Root/ })
  expect([facts.resumed, facts.clientCertificate, facts.certificateRequest]).toEqual([false, 'none asked', null])
  expect(facts.finished.map((at) => at?.frame)).toEqual([3, 4])
  expect(alerts(facts)).toEqual(['> -1 encrypted alert after 8'])
  expect([ending(facts), facts.faults, facts.decryption.is]).toEqual(['', [], 'no-keys'])
  const [client, server] = [handshakeRecord(hello12).length + clientFlight.length, serverFlight.length + 6 + 45]
  expect(events).toEqual([
    `> begin ${client}#5`,
    `> data 100 ${client}-${client + 104}#5`,
    `< begin ${server}#6`,
    `< data 300 ${server}-${server + 304}#7`,
    '> closed clean #8',
    '< closed #10',
  ])
})

test('TLS 1.2, the server asks for a certificate and gets none', () => {
  const flight = join(
    handshakeRecord(
      serverHello(),
      certificateMessage(leaf),
      serverKeyExchange(),
      certificateRequest(),
      serverHelloDone(),
    ),
  )
  const { facts } = hear(
    ['>', handshakeRecord(hello12)],
    ['<', flight],
    ['>', join(handshakeRecord(certificateMessage()), clientFlight)],
    ['<', tlsAlert(2, 40)],
    ['<', 'FIN'],
  )
  expect([facts.clientCertificate, facts.certificateRequest?.frame]).toEqual(['empty', 2])
  expect(alerts(facts)).toEqual(['< 2 handshake_failure after 9'])
  expect(ending(facts)).toBe('< alert after 9')
  expect(facts.finished).toEqual([expect.objectContaining({ frame: 3 }), null])
})

test('TLS 1.2, a session resumed by its ticket', () => {
  const { facts, events } = hear(
    ['>', handshakeRecord(clientHello({ sessionId: [7], more: [[35, [1, 2, 3]]] }))],
    ['<', join(handshakeRecord(serverHello({ sessionId: [7] })), changeCipherSpec(), finished12)],
    ['>', join(changeCipherSpec(), finished12, opaqueRecord(50))],
  )
  expect([facts.clientHello?.ticket, facts.resumed, facts.clientCertificate]).toEqual([true, true, 'none asked'])
  expect(messages(facts)).toBe('>ClientHello <ServerHello <Finished? >Finished?')
  expect(events).toHaveLength(2)
})

test('TLS 1.2, another handshake inside of the session', () => {
  const { facts, events } = hear(
    ['>', handshakeRecord(hello12)],
    ['<', serverFlight],
    ['>', clientFlight],
    ['<', join(changeCipherSpec(), finished12, opaqueRecord(28, 22))],
    ['>', opaqueRecord(200, 22)],
    ['<', join(opaqueRecord(900, 22), opaqueRecord(400))],
  )
  expect(messages(facts)).toMatch(/<Finished\? <encrypted >encrypted <encrypted$/)
  expect(events.map((line) => line.slice(0, 7))).toEqual(['< begin', '< data '])
})

test.each([
  ['rejects the name', tlsAlert(2, 112), '< 2 unrecognized_name after 1', '< alert after 1'],
  ['wants another version', tlsAlert(2, 70), '< 2 protocol_version after 1', '< alert after 1'],
  ['only warns', tlsAlert(1, 112), '< 1 unrecognized_name after 1', '< close after 1'],
])('the server %s', (_name, alert, told, ended) => {
  const { facts, events } = hear(['>', handshakeRecord(hello12)], ['<', alert], ['<', 'FIN'])
  expect([alerts(facts), ending(facts), events]).toEqual([[told], ended, ['< closed #3']])
})

test.each([
  ['closes', 'FIN', '< close after 1'],
  ['goes away', 'RST', '< cut after 1'],
] as const)('the server %s without a word', (_name, how, ended) => {
  const { facts } = hear(['>', handshakeRecord(hello12)], ['<', how])
  expect([ending(facts), facts.alerts]).toEqual([ended, []])
})

test('the server answers in plaintext', () => {
  const answer = Uint8Array.from('HTTP/1.1 400 Bad Request\r\n\r\n', (c) => c.charCodeAt(0))
  const { facts, events } = hear(['>', handshakeRecord(hello12)], ['<', answer], ['<', 'FIN'])
  expect(facts.foreign).toEqual([null, { looksLike: 'http1-response', first: { offset: 0, frame: 2, time: 2e6 } }])
  expect(facts.faults.map((fault) => fault.text)).toEqual(['The server does not speak TLS but HTTP/1 response'])
  expect([ending(facts), events]).toEqual(['< foreign after 1', ['< closed #3']])
})

test('plaintext to a TLS port', () => {
  const request = Uint8Array.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n', (c) => c.charCodeAt(0))
  const { facts } = hear(['>', request], ['<', tlsAlert(2, 10)], ['>', 'FIN'])
  expect([facts.begins, facts.foreign[0]?.looksLike]).toEqual(['nothing', 'http1-request'])
  expect(alerts(facts)).toEqual(['< 2 unexpected_message after 0'])
})

test('a hello in SSL 2.0 form', () => {
  // Type, version TLS 1.0, 6 bytes of ciphers, no session, 16 of challenge; then an SSL 2.0 cipher and a TLS one.
  const body = [1, 3, 1, 0, 6, 0, 0, 0, 16, 1, 0, 128, 0, 0, 47, ...Array.from({ length: 16 }, () => 9)]
  const { facts } = hear(
    ['>', Uint8Array.of(0x80, body.length, ...body)],
    ['<', handshakeRecord(serverHello({ version: TLS_1_0, cipher: 0x002f }))],
  )
  expect(facts.clientHello).toMatchObject({ ssl2: true, version: TLS_1_0, ciphers: [0x002f], incomplete: false })
  expect(facts.serverHello?.version).toBe(TLS_1_0)
})

test('messages over several records, and several in one', () => {
  const whole = join(serverHello(), certificateMessage(leaf, root), serverKeyExchange(), serverHelloDone())
  const pieces = [0, 1, 3, 70, 500, 900, whole.length].map((at, i, all) => whole.subarray(at, all[i + 1] ?? at))
  const { facts } = hear(
    ['>', handshakeRecord(hello12)],
    ...pieces.filter((piece) => piece.length > 0).map((piece): Step => ['<', handshakeRecord(piece)]),
  )
  expect(messages(facts)).toBe('>ClientHello <ServerHello <Certificate <ServerKeyExchange <ServerHelloDone')
  expect(facts.certificates[1]?.certificates.map((c) => c.commonName)).toEqual(['app.internal', 'Example Root'])
})

test('a hello that the snap length cut', () => {
  const record = handshakeRecord(hello12)
  const { facts } = hear(['>', record.subarray(0, 90)], ['>', record.length - 90], ['<', serverFlight])
  expect(messages(facts)).toMatch(/^>ClientHello! <ServerHello /)
  expect(facts.clientHello).toMatchObject({ incomplete: true, ciphers: [0xc02f, 0xc030], serverName: 'app.internal' })
  expect(facts.clientHello!.ja4).toBe('')
})

test('met in the middle of a session', () => {
  const { facts, events } = hear(
    ['<', 0],
    ['<', new Uint8Array(30).fill(1)],
    ['<', opaqueRecord(80)],
    ['>', opaqueRecord(90)],
    ['>', opaqueRecord(26, 21)],
  )
  expect([facts.begins, facts.records, alerts(facts)]).toEqual(['midstream', [1, 1], ['> -1 encrypted alert after 0']])
  expect(events).toEqual([
    '< gap 30 #2',
    '< begin 30#3',
    '< data 80 30-114#3',
    '> begin 0#4',
    '> data 90 0-94#4',
    '> closed clean #5',
  ])
})

test('holes in data', () => {
  const { events } = hear(
    ['>', 0],
    ['>', opaqueRecord(100).subarray(0, 25)],
    ['>', 80],
    ['>', opaqueRecord(50).subarray(0, 15)],
    ['>', 200],
    ['>', opaqueRecord(10)],
  )
  expect(events).toEqual([
    '> begin 0#2',
    '> gap 80 #3',
    '> data 20 0-104#3',
    '> begin 105#4',
    '> gap 40 #5',
    '> data 10 105-159#5',
    '> gap 160 #5',
    '> begin 320#6',
    '> data 10 320-334#6',
  ])
})

test('the stream ends in a record', () => {
  const { facts, events } = hear(['<', 0], ['<', opaqueRecord(1000).subarray(0, 105)], ['<', 'RST'])
  expect(facts.cutRecord[1]).toMatchObject({ type: 23, length: 1000, had: 100 })
  expect(events).toEqual(['< begin 0#2', '< closed #3'])
})

// TLS 1.3

const OFFER: HelloOptions = {
  versions: [TLS_1_3, TLS_1_2],
  ciphers: [0x1301, 0x1302],
  keyShares: [29],
  serverName: 'a',
}
const hello13 = handshakeRecord(clientHello(OFFER))
const answer13 = join(handshakeRecord(serverHello({ version: TLS_1_3, cipher: 0x1302, group: 29 })), changeCipherSpec())
const finished13 = opaqueRecord(69) // SHA-384
/** EncryptedExtensions, Certificate, CertificateVerify of RSA-2048, Finished. */
const flight13 = join(opaqueRecord(23), opaqueRecord(850), opaqueRecord(281), finished13)
const ticket = opaqueRecord(250)

/** A handshake, then what the test adds. */
const after13 = (...steps: Step[]): Heard =>
  hear(['>', hello13], ['<', join(answer13, flight13)], ['>', join(changeCipherSpec(), finished13)], ...steps)

/** Body lengths of application data, in order: `>100 <300`. */
const lengths = ({ events }: Heard): string =>
  events.flatMap((line) => /^([<>]) data (\d+)/.exec(line)?.slice(1).join('') ?? []).join(' ')

test('TLS 1.3: what is handshake, what are tickets, what is data', () => {
  const heard = after13(
    ['>', opaqueRecord(100)],
    ['<', join(ticket, ticket)],
    ['<', opaqueRecord(300), 500],
    ['<', opaqueRecord(19)],
    ['<', 'FIN'],
    ['>', 'FIN'],
  )
  const { facts } = heard
  expect(messages(facts)).toBe('>ClientHello <ServerHello <encrypted <encrypted <encrypted <Finished? >Finished?')
  expect(facts.finished.map((at) => at?.frame)).toEqual([3, 2])
  expect(facts.serverHello).toMatchObject({ version: TLS_1_3, cipher: 0x1302, group: 29, alpn: null })
  expect([facts.clientCertificate, facts.resumed]).toEqual(['none asked', false])
  expect(facts.tickets.map((record) => record.length)).toEqual([250, 250])
  expect(lengths(heard)).toBe('>100 <300')
  expect(alerts(facts)).toEqual(['< -1 encrypted alert after 7'])
  expect(heard.events.slice(-2)).toEqual(['< closed clean #7', '> closed #9'])
})

test.each<[name: string, steps: Step[], data: string, tickets: number]>([
  [
    'tickets before the request',
    [
      ['<', join(ticket, ticket)],
      ['>', opaqueRecord(90)],
      ['<', opaqueRecord(250)],
    ],
    '>90 <250',
    2,
  ],
  [
    'one ticket, then another size',
    [
      ['>', opaqueRecord(90)],
      ['<', join(opaqueRecord(120), opaqueRecord(300))],
    ],
    '>90 <300',
    1,
  ],
  [
    'an answer that took its time',
    [
      ['>', opaqueRecord(90)],
      ['<', opaqueRecord(300), 200],
    ],
    '>90 <300',
    0,
  ],
  [
    'an answer too large for a ticket',
    [
      ['>', opaqueRecord(90)],
      ['<', opaqueRecord(5000)],
    ],
    '>90 <5000',
    0,
  ],
  [
    'an answer too small for one',
    [
      ['>', opaqueRecord(90)],
      ['<', opaqueRecord(30)],
    ],
    '>90 <30',
    0,
  ],
  [
    'no more than four',
    [
      ['>', opaqueRecord(90)],
      ['<', join(ticket, ticket, ticket, ticket, ticket)],
    ],
    '>90 <250',
    4,
  ],
  ['two bytes of data are no alert if more follows', [['>', join(opaqueRecord(19), opaqueRecord(90))]], '>19 >90', 0],
])('TLS 1.3: %s', (_name, steps, data, tickets) => {
  const heard = after13(...steps)
  expect([lengths(heard), heard.facts.tickets.length, heard.facts.alerts]).toEqual([data, tickets, []])
})

test('TLS 1.3: a client that cannot use tickets gets none', () => {
  const hello = handshakeRecord(clientHello({ ...OFFER, pskModes: false }))
  const heard = hear(
    ['>', hello],
    ['<', join(answer13, flight13)],
    ['>', join(finished13, opaqueRecord(90))],
    ['<', opaqueRecord(250)],
  )
  expect(lengths(heard)).toBe('>90 <250')
})

test('TLS 1.3: HTTP/2 settings in the server’s first flight, and behind the handshake, are no answer', () => {
  const hello = handshakeRecord(clientHello({ ...OFFER, alpn: ['h2'] }))
  const heard = hear(
    ['>', hello],
    ['<', join(answer13, flight13, opaqueRecord(44))],
    ['>', join(finished13, opaqueRecord(120))],
    ['<', join(ticket, ticket, opaqueRecord(26))],
    ['<', opaqueRecord(400), 100],
  )
  expect([lengths(heard), heard.facts.tickets.map((t) => t.length)]).toEqual(['>120 <400', [44, 250, 250, 26]])
})

const certificate = opaqueRecord(900)
const verify = opaqueRecord(4 + 4 + 71 + 17) // ECDSA with P-256

test.each<[name: string, flight: Uint8Array, certificate: string, data: string, finished: boolean]>([
  ['none asked', finished13, 'none asked', '', true],
  ['an empty certificate', join(opaqueRecord(25), finished13), 'empty', '', true],
  ['an empty one in one record', opaqueRecord(77), 'empty', '', true],
  ['certificate, signature, Finished', join(certificate, verify, finished13), 'sent', '', true],
  ['all in one record, then a request', join(opaqueRecord(1100), opaqueRecord(90)), 'unknown', '>90', true],
  [
    'in one, and a request of a signature’s size',
    join(opaqueRecord(1100), verify, opaqueRecord(90)),
    'unknown',
    '>96 >90',
    true,
  ],
  ['a padded Finished, then a request', join(opaqueRecord(512 + 17), opaqueRecord(529)), 'unknown', '>529', true],
  ['all in one record, nothing yet', opaqueRecord(1100), 'unknown', '', false],
])('TLS 1.3, the client’s flight: %s', (_name, flight, what, data, finished) => {
  const heard = hear(['>', hello13], ['<', join(answer13, flight13)], ['>', flight])
  expect([heard.facts.clientCertificate, lengths(heard)]).toEqual([what, data])
  expect(heard.facts.finished.map((at) => at !== null)).toEqual([finished, finished])
})

test('TLS 1.3: who answers has had the Finished, whatever record it was in', () => {
  const heard = hear(
    ['>', hello13],
    ['<', join(answer13, flight13)],
    ['>', opaqueRecord(1100)],
    ['<', join(ticket, ticket)],
    ['>', opaqueRecord(90)],
    ['<', opaqueRecord(400), 100],
  )
  expect([lengths(heard), heard.facts.tickets.length]).toEqual(['>90 <400', 2])
})

test('TLS 1.3: the client rejects the certificate', () => {
  const heard = hear(['>', hello13], ['<', join(answer13, flight13)], ['>', opaqueRecord(19)], ['>', 'FIN'])
  expect([alerts(heard.facts), ending(heard.facts)]).toEqual([['> -1 encrypted alert after 6'], '> alert after 6'])
  expect(heard.events).toEqual(['> closed #4'])
})

test('TLS 1.3: the server rejects the client’s certificate behind a complete handshake', () => {
  const flight = join(opaqueRecord(25), finished13, opaqueRecord(90))
  const heard = hear(
    ['>', hello13],
    ['<', join(answer13, flight13)],
    ['>', flight],
    ['<', opaqueRecord(19)],
    ['<', 'FIN'],
  )
  expect([heard.facts.clientCertificate, alerts(heard.facts)]).toEqual(['empty', ['< -1 encrypted alert after 8']])
  expect(heard.facts.alerts[0]!.afterHandshake).toBe(true)
  expect(heard.events.at(-1)).toBe('< closed #5')
})

test('TLS 1.3: a HelloRetryRequest', () => {
  const retry = handshakeRecord(serverHello({ version: TLS_1_3, cipher: 0x1302, group: 23, retry: true }))
  const again = handshakeRecord(clientHello({ ...OFFER, keyShares: [23] }))
  const heard = hear(
    ['>', hello13],
    ['<', join(retry, changeCipherSpec())],
    ['>', join(changeCipherSpec(), again)],
    ['<', join(answer13, flight13)],
    ['>', join(finished13, opaqueRecord(90))],
  )
  const { facts } = heard
  expect(messages(facts)).toMatch(
    /^>ClientHello <ServerHello >ClientHello <ServerHello <encrypted .*<Finished\? >Finished\?$/,
  )
  expect([facts.helloRetryRequest?.group, facts.secondClientHello?.keyShares]).toEqual([23, [23]])
  expect([facts.serverHello?.group, lengths(heard)]).toEqual([29, '>90'])
})

test('TLS 1.3: resumed, with early data', () => {
  const hello = handshakeRecord(clientHello({ ...OFFER, earlyData: true, preSharedKey: 200 }))
  const answer = handshakeRecord(serverHello({ version: TLS_1_3, cipher: 0x1302, group: 29, preSharedKey: true }))
  const heard = hear(
    ['>', join(hello, changeCipherSpec(), opaqueRecord(140))],
    ['<', join(answer, opaqueRecord(27), finished13)],
    ['>', join(opaqueRecord(21), finished13)],
    ['<', opaqueRecord(400), 100],
  )
  expect(heard.facts.clientHello).toMatchObject({ earlyData: true, preSharedKey: true })
  expect([heard.facts.resumed, lengths(heard)]).toEqual([true, '>140 <400'])
  expect(heard.facts.finished.map((at) => at?.frame)).toEqual([3, 2])
})

test('TLS 1.3: only the server was captured', () => {
  const heard = hear(['<', join(answer13, flight13, ticket, ticket, opaqueRecord(400))], ['<', 'FIN'])
  expect([heard.facts.begins, heard.facts.clientHello, lengths(heard)]).toEqual(['hello', null, '<400'])
})

test('TLS 1.3: the client’s Finished is in a hole', () => {
  const heard = hear(
    ['>', hello13],
    ['<', join(answer13, flight13)],
    ['>', 80],
    ['>', opaqueRecord(90)],
    ['<', opaqueRecord(400), 100],
  )
  expect(lengths(heard)).toBe('>90 <400')
})

// Keys

/** A cipher as simple as can be: content and its type stand in the open, then 16 bytes of tag. */
const sealed = (type: number, ...content: number[]): Uint8Array => {
  const record = opaqueRecord(content.length + 17)
  record.set([...content, type], 5)
  return record
}

test('records are opened where somebody has the keys, and holes are told in plaintext', () => {
  const events: string[] = []
  const skipped: string[] = []
  const session = new TlsSession(
    {
      begin: (from) => events.push(`${from} begin`),
      data: (from, plain) => events.push(`${from} data ${plain?.join(' ')}`),
      gap: (from, length) => events.push(`${from} gap ${length}`),
      closed: (from, clean) => events.push(`${from} closed ${clean}`),
    },
    {
      protection: (random) => (parameters) => ({
        open: (from, epoch, _type, _version, bytes, at, end) => {
          if (random[0] !== 0xc1 || parameters.cipher !== 0x1302) return null
          if (epoch === 'application' && session.facts.finished[from] === null) return null
          return { type: bytes[end - 17]!, bytes, at, end: end - 17, skipped: 0 }
        },
        keyUpdate: (from) => skipped.push(`${from} update`),
        skip: (from, count) => skipped.push(`${from} skip ${count}`),
      }),
    },
  )
  const push = (from: 0 | 1, ...parts: Uint8Array[]): void => {
    const bytes = join(...parts)
    session.push(from, bytes, 0, bytes.length, 1, 1)
  }
  const finished = handshakeMessage(20, new Uint8Array(48))
  push(0, hello13)
  push(1, answer13, sealed(22, ...handshakeMessage(8, [0, 5, 0, 16, 0, 1, 0])), sealed(22, ...finished))
  push(0, sealed(22, ...finished), sealed(23, 1, 2, 3))
  push(1, sealed(22, ...handshakeMessage(4, [1])), sealed(22, ...handshakeMessage(24, [0])), sealed(23, 4))
  push(0, sealed(23, ...new Uint8Array(100)).subarray(0, 50))
  session.gap(0, 72, 1, 1)
  push(0, sealed(21, 1, 0))
  expect(events).toEqual(['0 begin', '0 data 1 2 3', '1 begin', '1 data 4', '0 gap 100', '0 closed true'])
  expect(skipped).toEqual(['1 update', '0 skip 1'])
  expect(session.facts.decryption).toEqual({ is: 'decrypted', reason: '' })
  expect(messages(session.facts)).toMatch(/<EncryptedExtensions <Finished >Finished <NewSessionTicket <KeyUpdate$/)
})

/** Bytes that are told as missing. */
const total = (events: string[]): number =>
  events.reduce((sum, event) => sum + Number(/^gap (\d+)/.exec(event)?.[1] ?? 0), 0)

/** What the client's stream holds. Records with a 7 in front are under the early key. */
const playEarly = (...parts: [from: TlsSide, bytes: Uint8Array][]): string[] => {
  const events: string[] = []
  const session = new TlsSession(
    {
      begin() {},
      data: (from, plain, length) => from === 0 && events.push(plain === null ? `opaque ${length}` : plain.join(' ')),
      gap: (_from, length) => events.push(`gap ${length}`),
      closed() {},
    },
    {
      protection: () => () => ({
        open(from, epoch, _type, _version, bytes, at, to) {
          const isEarly = from === 0 && (bytes[at] === 7 || bytes[at] === 5)
          if (isEarly !== (epoch === 'early')) return null
          return { type: bytes[to - 17]!, bytes, at, end: to - 17, skipped: 0 }
        },
        keyUpdate() {},
        skip() {},
      }),
    },
  )
  parts.forEach(([from, bytes], i) => session.push(from, bytes, 0, bytes.length, i + 1, i + 1))
  session.finish(0, true, 99, 99)
  return events
}
describe('early data', () => {
  const hello = handshakeRecord(clientHello({ versions: [TLS_1_3], earlyData: true, preSharedKey: 1 }))
  const finished = sealed(22, ...handshakeMessage(20, new Uint8Array(48)))
  const extensions = (taken: boolean): Uint8Array =>
    sealed(22, ...handshakeMessage(8, taken ? [0, 4, 0, 42, 0, 0] : [0, 0]))
  const end = sealed(22, ...handshakeMessage(5))
  const begun: [TlsSide, Uint8Array] = [0, join(hello, sealed(23, 7, 1), sealed(23, 7, 2))]

  test('are opened once the server takes them, before anything that comes later', () => {
    const server = join(answer13, extensions(true), finished)
    const told = playEarly(begun, [1, server], [0, join(sealed(23, 7, 3), end, finished, sealed(23, 9))])
    expect(told).toEqual(['7 1', '7 2', '7 3', '9'])
  })

  test('that the server does not take are no part of the stream', () => {
    const server = join(answer13, extensions(false), finished)
    expect(playEarly(begun, [1, server], [0, join(sealed(23, 7, 3), finished, sealed(23, 9))])).toEqual(['9'])
  })

  test('are missing where nobody saw what the server said', () => {
    expect(playEarly(begun, [1, join(answer13, finished)], [0, join(end, finished, sealed(23, 9))])).toEqual([
      'gap 2',
      'gap 2',
      '9',
    ])
  })

  test('stay sealed without an answer, and where they are too many', () => {
    expect(playEarly(begun)).toEqual(['opaque 19', 'opaque 19'])
    const many = Array.from({ length: 40 }, (): [TlsSide, Uint8Array] => [0, opaqueRecord(1000)])
    expect(playEarly(begun, ...many)).toHaveLength(42)
  })
})

describe('behind a hole that hides a header', () => {
  const MARK = 0x7a
  /** Content, then its number and a mark in the place of the tag. */
  const numbered = (number: number, length: number): Uint8Array => {
    const record = sealed(23, ...new Uint8Array(length).fill(number))
    record.set([number, MARK], record.length - 2)
    return record
  }
  /** Pushes `parts` in packets of 700 bytes, of which those in `unseen` are a hole; what the server sent is told. */
  const play = (unseen: number[], ...parts: Uint8Array[]): string[] => {
    const events: string[] = []
    let next = 0
    const session = new TlsSession(
      {
        begin() {},
        data: (from, plain) => from === 1 && events.push(plain === null ? 'opaque' : `${plain[0]} x ${plain.length}`),
        gap: (_from, length) => events.push(`gap ${length}`),
        closed() {},
      },
      {
        protection: () => () => ({
          open(from, _epoch, _type, _version, bytes, at, end) {
            if (from === 1 && bytes[end - 1] !== MARK) return null
            const skipped = from === 1 ? bytes[end - 2]! - next : 0
            if (from === 1) next = bytes[end - 2]! + 1
            return { type: bytes[end - 17]!, bytes, at, end: end - 17, skipped }
          },
          keyUpdate() {},
          skip: (_from, count) => void (next += count),
        }),
      },
    )
    const finished = handshakeMessage(20, new Uint8Array(48))
    const end = sealed(22, ...finished)
    end.set([0, MARK], end.length - 2)
    session.push(0, hello13, 0, hello13.length, 1, 1)
    const flight = join(answer13, end)
    session.push(1, flight, 0, flight.length, 2, 2)
    const reply = sealed(22, ...finished)
    session.push(0, reply, 0, reply.length, 3, 3)
    const bytes = join(...parts)
    for (let at = 0, i = 0; at < bytes.length; at += 700, i++) {
      const to = Math.min(bytes.length, at + 700)
      if (unseen.includes(i)) session.gap(1, to - at, 4 + i, 4 + i)
      else session.push(1, bytes, at, to, 4 + i, 4 + i)
    }
    session.finish(1, true, 99, 99)
    return events
  }
  const stream = [numbered(1, 1000), numbered(2, 1000), numbered(3, 1000), numbered(4, 1000), numbered(5, 10)]

  test('a record in the midst of a packet is found, and what is missing counted in plaintext', () => {
    expect(play([], ...stream)).toEqual(['1 x 1000', '2 x 1000', '3 x 1000', '4 x 1000', '5 x 10'])
    // The second packet holds the end of record 1 and the header of record 2.
    const events = play([1], ...stream)
    expect(events.filter((event) => !event.startsWith('gap'))).toEqual(['3 x 1000', '4 x 1000', '5 x 10'])
    expect(total(events)).toBe(2000)
    expect(total(play([1, 2, 3], ...stream))).toBe(3000)
  })

  test('what only looks like a record is passed over, so many times and no more', () => {
    const fake = new Uint8Array(100)
    fake.set(opaqueRecord(30), 20)
    const fakes = (count: number): Uint8Array => join(...Array.from({ length: count }, () => fake))
    const lost = [numbered(1, 1000), new Uint8Array(393)]
    const told = (count: number): string[] =>
      play([1], ...lost, fakes(count), numbered(2, 50)).filter((event) => !event.startsWith('gap'))
    expect(told(12)).toEqual(['2 x 50'])
    expect(told(18)).toEqual([])
  })
})

test('keys that do not fit change nothing but what is said of them', () => {
  const steps: [TlsSide, Uint8Array][] = [
    [0, hello13],
    [1, join(answer13, flight13)],
    [0, join(finished13, opaqueRecord(90))],
    [1, opaqueRecord(5000)],
  ]
  const play = (options: ConstructorParameters<typeof TlsSession>[1]): [string[], TlsFacts] => {
    const events: string[] = []
    const tell = (...what: unknown[]): void => void events.push(JSON.stringify(what))
    const session = new TlsSession({ begin: tell, data: tell, gap: tell, closed: tell }, options)
    steps.forEach(([from, bytes], i) => session.push(from, bytes, 0, bytes.length, i, i))
    return [events, session.facts]
  }
  const unfit = { open: () => null, keyUpdate: () => {}, skip: () => {} }
  const [events, facts] = play({ protection: () => () => unfit })
  const [expected, opaque] = play({})
  expect(events).toEqual(expected)
  expect({ ...facts, decryption: opaque.decryption }).toEqual(opaque)
  expect(facts.decryption.is).toBe('keys-do-not-fit')
})

// Whatever the bytes

const CONVERSATIONS: Step[][] = [
  [
    ['>', handshakeRecord(hello12)],
    ['<', serverFlight],
    ['>', clientFlight],
    ['<', join(changeCipherSpec(), finished12, opaqueRecord(400))],
    ['>', join(opaqueRecord(100), opaqueRecord(26, 21))],
  ],
  [
    ['>', hello13],
    ['<', join(answer13, flight13)],
    ['>', join(changeCipherSpec(), certificate, verify, finished13, opaqueRecord(90))],
    ['<', join(ticket, ticket, opaqueRecord(700), opaqueRecord(19))],
    ['>', opaqueRecord(19)],
  ],
]

/** Events and facts without the frames, which follow the split. */
function outline({ facts, events }: Heard): unknown {
  const plain = JSON.stringify({ facts, events }).replaceAll(/"(frame|time)":-?\d+,?/g, '')
  return plain.replaceAll(/#\d+/g, '')
}

const conversation = fc.constantFrom(...CONVERSATIONS)

test('any split gives the same events', () => {
  fc.assert(
    fc.property(conversation, fc.infiniteStream(fc.integer({ min: 1, max: 400 })), (steps, sizes) => {
      const split = steps.flatMap(([side, what]): Step[] => {
        const pieces: Step[] = []
        for (let at = 0, bytes = what as Uint8Array; at < bytes.length;) {
          const { value } = sizes.next()
          pieces.push([side, bytes.subarray(at, at + value), 0])
          at += value
        }
        return pieces
      })
      const ends: Step[] = [
        ['>', 'FIN'],
        ['<', 'FIN'],
      ]
      const whole = steps.map(([side, what]): Step => [side, what, 0])
      expect(outline(hear(...split, ...ends))).toEqual(outline(hear(...whole, ...ends)))
    }),
    { numRuns: 200 },
  )
})

test('cut anywhere: what was told before the cut does not change', () => {
  fc.assert(
    fc.property(conversation, fc.nat(4), fc.nat(2000), (steps, step, at) => {
      const upTo = steps.slice(0, step + 1).map(([side, what]): Step => [side, what])
      const last = upTo[step]
      const told = hear(...upTo).events
      if (last !== undefined) upTo[step] = [last[0], (last[1] as Uint8Array).subarray(0, at)]
      const cut = hear(...upTo).events
      expect(told.slice(0, cut.length)).toEqual(cut)
    }),
    { numRuns: 300 },
  )
})

test('bytes changed anywhere, holes anywhere: nothing throws, nothing grows', () => {
  const hole = fc.record({ at: fc.nat(4), length: fc.integer({ min: 0, max: 3000 }) })
  const change = fc.record({ step: fc.nat(4), at: fc.nat(2500), byte: fc.nat(255) })
  fc.assert(
    fc.property(
      conversation,
      fc.array(change, { maxLength: 8 }),
      fc.array(hole, { maxLength: 2 }),
      (steps, changes, holes) => {
        const changed = steps.map(([side, what]): Step => [side, (what as Uint8Array).slice()])
        for (const { step, at, byte } of changes) (changed[step]![1] as Uint8Array)[at] = byte
        for (const { at, length } of holes) changed.splice(at, 0, [at % 2 === 0 ? '>' : '<', length])
        const { facts } = hear(...changed, ['>', 'RST'], ['<', 'RST'])
        expect(structuredClone(facts)).toEqual(facts)
        expect(facts.messages.length).toBeLessThanOrEqual(64)
      },
    ),
    { numRuns: 500 },
  )
})

test('a stream of records without end leaves nothing behind', () => {
  const step: Step = [
    '<',
    join(opaqueRecord(28, 22), opaqueRecord(40), tlsAlert(1, 90), Uint8Array.of(21, 3, 3, 0, 2, 1, 90)),
  ]
  const { facts } = hear(['>', hello13], ...Array.from({ length: 500 }, () => step), ['<', 'RST'])
  expect(JSON.stringify(facts).length).toBeLessThan(20_000)
})
