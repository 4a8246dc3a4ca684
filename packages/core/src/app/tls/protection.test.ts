import { createCipheriv, createHmac, type CipherCCMTypes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nobleCrypto } from './crypto-noble.ts'
import { keyBlock, nextTrafficSecret, TLS_1_0, TLS_1_2, TLS_1_3, trafficKeys, type WriteKeys } from './key-schedule.ts'
import { KeyLog, type SessionSecrets } from './keylog.ts'
import type { Epoch, Protection, SessionParameters } from './ports.ts'
import { createProtection, findProtection } from './protection.ts'
import { suiteProtection } from './suite-protection.ts'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'))

const HANDSHAKE = 22
const APPLICATION_DATA = 23

const parameters = (more: Partial<SessionParameters>): SessionParameters => ({
  version: TLS_1_2,
  cipher: 0xc02f,
  clientRandom: new Uint8Array(32).fill(0xc1),
  serverRandom: new Uint8Array(32).fill(0x5e),
  extendedMasterSecret: true,
  encryptThenMac: false,
  earlyData: false,
  ...more,
})

/** What is in the record, as text; null where it does not open. */
function open(protection: Protection, from: 0 | 1, epoch: Epoch, record: Uint8Array): [number, string] | null {
  const opened = protection.open(from, epoch, record[0], (record[1] << 8) | record[2], record, 5, record.length)
  return opened && [opened.type, Buffer.from(opened.bytes.subarray(opened.at, opened.end)).toString('latin1')]
}

// RFC 8448

// Section 3, "Simple 1-RTT Handshake": TLS_AES_128_GCM_SHA256.
const SIMPLE: SessionSecrets = {
  CLIENT_HANDSHAKE_TRAFFIC_SECRET: hex('b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21'),
  SERVER_HANDSHAKE_TRAFFIC_SECRET: hex('b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38'),
  CLIENT_TRAFFIC_SECRET_0: hex('9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5'),
  SERVER_TRAFFIC_SECRET_0: hex('a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643'),
}
const CLIENT_FINISHED = hex(`17 0303 0035
  75ec4dc238cce60b298044a71e219c56cc77b0517fe9b93c7a4bfc44d87f38f80338ac98fc46deb384bd1caeacab6867d726c40546`)
const CLIENT_DATA = hex(`17 0303 0043
  a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a20441e2b62974e1f5a6292a2977014bd1e
  3deae63aeebb21694915e4`)
const CLIENT_CLOSE = hex('17 0303 0013 c9872760655666b74d7ff1153efd6db6d0b0e3')
const NEW_SESSION_TICKET = hex(`17 0303 00de
  3a6b8f90414a97d6959c3487680de5134a2b240e6cffac116e95d41d6af8f6b580dcf3d11d63c758db289a015940252f55713e061dc13e07
  8891a38efbcf5753ad8ef170ad3c7353d16d9da773b9ca7f2b9fa1b6c0d4a3d03f75e09c30ba1e62972ac46f75f7b981be63439b2999ce13
  0646151398 91d5e4c5b406f16e3fc181a77ca475840025db2f0a77f81b5ab05b94c01346755f69232c86519d86cbeeac87aac347d143f960
  5d64f650db4d023e70e952ca49fe5137121c74bc2697687e248746d6df353005f3bce18696129c8153556b3b6c6779b37bf15985684f`)
const SERVER_DATA = hex(`17 0303 0043
  2e937e11ef4ac740e538ad36005fc4a46932fc3225d05f82aa1b36e30efaf97d90e6dffc602dcb501a59a8fcc49c4bf2e5f0a21c0047c2ab
  f332540dd032e167c2955d`)
const SERVER_CLOSE = hex('17 0303 0013 b58fd67166ebf599d24720cfbe7efa7a8864a9')

const FIFTY = Buffer.from(Array.from({ length: 50 }, (_, at) => at)).toString('latin1')
const CLOSE_NOTIFY = '\x01\x00'

test('RFC 8448 section 3: records of the handshake and behind it', () => {
  const session = createProtection(SIMPLE, parameters({ version: TLS_1_3, cipher: 0x1301 }), nobleCrypto)!
  const finished = open(session, 0, 'handshake', CLIENT_FINISHED)!
  expect(finished[0]).toBe(HANDSHAKE)
  expect(finished[1].slice(0, 4)).toBe('\x14\x00\x00\x20') // Finished, 32 bytes
  expect(open(session, 1, 'application', NEW_SESSION_TICKET)?.[1].slice(0, 4)).toBe('\x04\x00\x00\xc9')
  expect(open(session, 0, 'application', CLIENT_DATA)).toEqual([APPLICATION_DATA, FIFTY])
  expect(open(session, 1, 'application', SERVER_DATA)).toEqual([APPLICATION_DATA, FIFTY])
  expect(open(session, 0, 'application', CLIENT_CLOSE)).toEqual([21, CLOSE_NOTIFY])
  expect(open(session, 1, 'application', SERVER_CLOSE)).toEqual([21, CLOSE_NOTIFY])
})

test('RFC 8448 section 4: early data', () => {
  const secret = hex('3fbbe6a60deb66c30a32795aba0eff7eaa10105586e7be5c09678d63b6caab62')
  const session = createProtection(
    { CLIENT_EARLY_TRAFFIC_SECRET: secret },
    parameters({ version: TLS_1_3, cipher: 0x1301, earlyData: true }),
    nobleCrypto,
  )!
  const record = hex('17 0303 0017 ab1df420e75c457a7cc5d2844f76d5aee4b4edbf049be0')
  expect(open(session, 1, 'early', record)).toBeNull() // servers send none
  expect(open(session, 0, 'handshake', record)).toBeNull() // the log has no secret for it
  expect(open(session, 0, 'early', record)).toEqual([APPLICATION_DATA, 'ABCDEF'])
})

test('what does not fit counts for nothing', () => {
  const session = createProtection(SIMPLE, parameters({ version: TLS_1_3, cipher: 0x1301 }), nobleCrypto)!
  expect(open(session, 0, 'application', CLIENT_FINISHED)).toBeNull()
  expect(open(session, 1, 'application', CLIENT_DATA)).toBeNull()
  expect(open(session, 0, 'application', CLIENT_CLOSE)).toBeNull() // comes second
  expect(open(session, 0, 'application', CLIENT_DATA)?.[1]).toBe(FIFTY)
  expect(open(session, 0, 'application', CLIENT_DATA)).toBeNull() // a copy
  expect(open(session, 0, 'application', CLIENT_CLOSE)?.[1]).toBe(CLOSE_NOTIFY)
})

// OpenSSL 3.0

// The client's Finished, and "hello from the client", of `openssl s_client`. TLS 1.0 sends an empty record in between
// (the remedy against BEAST), and each record is the IV of the next.
test.each([
  {
    name: 'TLS 1.0 AES128-SHA',
    session: parameters({
      version: TLS_1_0,
      cipher: 0x002f,
      clientRandom: hex('94eea6c64663ea5c26746684c1b107659525323bbde4cb42fce31657d030238e'),
      serverRandom: hex('10b389573ce7ef38048071975f73477db1e2f738f591dd215b4fe770e6ed8943'),
    }),
    master: 'dbd9321cb99b7ab536c2846335626c12b8c5e3cd8a81072d57b1a765667027da5c5470876005b809919ec62affbcb7aa',
    records: [
      `16 0301 0030
       da65f7ab7c57e4f521888862277c4282006cb31417f24f3e20b1404de7730dde285681ab0d4dea2e4e73d74cb71f037c`,
      '17 0301 0020 c1ed09a6c17655720b50818f938e530bad0138c870255cd1ded2916c835ea465',
      `17 0301 0030
       f8f0a64b79b6cd1879ca9f6cf83bcdfd3a49197924a2f057e79dddd049d52708b3b36d431b45722dbed23fcc119faeb1`,
    ],
  },
  {
    name: 'TLS 1.2 AES128-SHA256, MAC then encrypt',
    session: parameters({
      cipher: 0x003c,
      clientRandom: hex('dc755c5aa0c96ce3608948244403d933c05ef692cae835c2a81ddc9669ad9e44'),
      serverRandom: hex('df186c84578f626adfe0f7e575dff3fc17a63fb9cc814976a64ba34c4e6d4bd1'),
    }),
    master: '24c3182f63bb975ca58b419ed076b81ba48aae8f55c3a48bb02e3afefa50514d7db9dee03ad258b6a6028dc70a5c8a31',
    records: [
      `16 0303 0050
       58317e1ad9e27c7b5b36e2c7568056d62b12da0ad7d2da6634f5799314f8d93518cf2e1b891283b128015ab5ad632f1ed2fbc9a76da9d9c5
       7d0f5c5d7df9b710bebc129fda508d30386c6f43b07a6cb0`,
      `17 0303 0050
       c0672a027f24c02ecc4ece170cd73136db3170e692408c680988bcd521157a957d4c04750877f038b355bbe492813f4dd8d0a623cd6f7944
       ea402e417bbabbb3320a395fbc65c30a36ba1df42b4f3263`,
    ],
  },
  {
    name: 'TLS 1.2 ECDHE-RSA-AES256-SHA384, encrypt then MAC',
    session: parameters({
      cipher: 0xc028,
      clientRandom: hex('130965490f751bad0e7a9ba02e4d0ca4c1050eef1f94d1798095c26ac844cbd8'),
      serverRandom: hex('33ef37f54256bf9dafc377d9f35f61e5fb6f88ee6dee0f21b7621a448ed9268e'),
      encryptThenMac: true,
    }),
    master: 'fbafd3acfdc05872292f7aced4b792e8b989a422be32ef3c8466128536d38742ff2a8265ec0a4ffc862c90819234d067',
    records: [
      `16 0303 0060
       9dff70616516d9893eb175aab14ca5d7d7661309fe464f8a03fa1e9625837cc2cfd22b32dc1010cdf78e61ef6d9c9f4a8ad67c7b44391157
       67bfbad7071ea3f9df6f1cbb5d943e3e4b8ae7bdeecafe44c58f7aac1cc9ddc06334e64b018be3b0`,
      `17 0303 0060
       098c52b902fad7eee90a542faaf71214d3156646f85a51727aebc7e65398ce1efcf7b6999d215b49ae954de0d0710a42b850a7f5eff865a8
       cc24ed3c931c423a8258d6fb588feeb81318f43f20d6796b4a81abc8e397af6fc81d29e51f63e1bc`,
    ],
  },
  {
    name: 'TLS 1.2 AES128-CCM8 (RFC 6655)',
    session: parameters({
      cipher: 0xc0a0,
      clientRandom: hex('cb1b15fc8745c382fcd02603bc1cf85d257570f0e7386d384a5ccd9eabb7b8c2'),
      serverRandom: hex('e3e6a9c79c7bf20cadc3bae0a32ad7cd8495dd89dc0247c2a8945df89fadfe95'),
    }),
    master: 'd7a8e005ba095e7acdb0cf7cdb94903c6eb8c40770d6f0dc8444bb4d2dfe99510112bef2c66f69939056c2c1c6a871f5',
    records: [
      '16 0303 0020 0000000000000000 9b4edeb47f1e3d70865f2e17b1301063 d31c045e10285d86',
      '17 0303 0026 0000000000000001 c639d940371c355629470348b61ad56d77d99a308431593e4fdcaaaa8bf0',
    ],
  },
  {
    name: 'TLS 1.2 ECDHE-RSA-CHACHA20-POLY1305 (RFC 7905)',
    session: parameters({
      cipher: 0xcca8,
      clientRandom: hex('578a88dc858e64c7ec1411f460867dc410ea9e9aa1e29fa06b26c7ee968a3d68'),
      serverRandom: hex('478ed3a6b88317cbb85077244176d0580b1bbbfe640dadd379b36953019c2ebe'),
    }),
    master: 'ccd3608ce71f7c8afb8bd245b45fec00cf2a176d594a609a2e60e7e7eb258d889c99ecd29a555bce77cb0314f6da88f3',
    records: [
      '16 0303 0020 cfb5620725f8dd21baefbe3e7f9a71a0 883954ec8c1cf7beff78a2a9fa5a55d0',
      '17 0303 0026 362837e48b36c19366c7f085a28e60856d7451f9ac8ab144f61a17190cf677013de304e29ae4',
    ],
  },
])('records of OpenSSL: $name', ({ session: hello, master, records }) => {
  const log = new KeyLog()
  log.add('CLIENT_RANDOM', Buffer.from(hello.clientRandom).toString('hex'), master)
  const session = findProtection(log, nobleCrypto)(hello.clientRandom)!(hello)!
  const [finished, ...data] = records.map((record) => open(session, 0, 'application', hex(record)))
  expect(finished?.[0]).toBe(HANDSHAKE)
  expect(finished?.[1].slice(0, 4)).toBe('\x14\x00\x00\x0c') // Finished, 12 bytes
  expect(data.map((opened) => opened?.[1]).join('')).toBe('hello from the client\n')
})

// Sealed by the test

interface Sealer {
  /** The whole record. */
  seal(sequence: number, type: number, content: Uint8Array): Buffer
}

/** Seals as RFC 5246 and RFC 8446 say, by Node's OpenSSL. */
function sealer(version: number, cipher: number, keys: WriteKeys, encryptThenMac = false): Sealer {
  const suite = suiteProtection(cipher)!
  let chain = Buffer.from(keys.iv)
  const header = (type: number, length: number): Buffer =>
    Buffer.from([type, 3, Math.min(version, TLS_1_2) & 0xff, length >> 8, length])
  const numbered = (sequence: number, type: number, length: number): Buffer => {
    const field = Buffer.alloc(8)
    field.writeBigUInt64BE(BigInt(sequence))
    return Buffer.concat([field, header(type, length)])
  }
  const aead = (nonce: Uint8Array, additional: Uint8Array, plain: Uint8Array): Buffer => {
    const name = suite.kind === 'chacha20-poly1305' ? suite.kind : suite.kind.replace('-', `-${8 * suite.keyLength}-`)
    const options = { authTagLength: suite.tagLength }
    const seal = createCipheriv(name as CipherCCMTypes, keys.key, nonce, options)
    seal.setAAD(additional, { plaintextLength: plain.length })
    return Buffer.concat([seal.update(plain), seal.final(), seal.getAuthTag()])
  }
  const xored = (sequence: number): Buffer => {
    const nonce = Buffer.from(keys.iv)
    nonce.writeBigUInt64BE(nonce.readBigUInt64BE(4) ^ BigInt(sequence), 4)
    return nonce
  }
  const cbc = (sequence: number, type: number, content: Uint8Array): Buffer => {
    const mac = (text: Uint8Array, length: number): Buffer =>
      createHmac(suite.mac!, keys.mac)
        .update(numbered(sequence, type, length))
        .update(text)
        .digest()
    const iv = version === TLS_1_0 ? chain : Buffer.alloc(16, sequence + 7)
    const plain = encryptThenMac ? content : Buffer.concat([content, mac(content, content.length)])
    const padding = 15 - (plain.length % 16) + 16 * (sequence % 3) // longer than needed is allowed
    const seal = createCipheriv(`aes-${(8 * suite.keyLength) as 128 | 256}-cbc`, keys.key, iv).setAutoPadding(false)
    const sealed = Buffer.concat([seal.update(plain), seal.update(Buffer.alloc(padding + 1, padding)), seal.final()])
    chain = sealed.subarray(-16)
    const body = version === TLS_1_0 ? sealed : Buffer.concat([iv, sealed])
    return encryptThenMac ? Buffer.concat([body, mac(body, body.length)]) : body
  }
  return {
    seal(sequence, type, content): Buffer {
      if (version === TLS_1_3) {
        const inner = Buffer.concat([content, Buffer.of(type), Buffer.alloc(sequence % 5)])
        const outer = header(APPLICATION_DATA, inner.length + suite.tagLength)
        return Buffer.concat([outer, aead(xored(sequence), outer, inner)])
      }
      let body: Buffer
      if (suite.kind === 'cbc') body = cbc(sequence, type, content)
      else {
        const explicit = Buffer.alloc(12 - suite.ivLength)
        if (explicit.length > 0) explicit.writeBigUInt64BE(BigInt(sequence) + 0xff_ffff_ffffn)
        const nonce = explicit.length > 0 ? Buffer.concat([keys.iv, explicit]) : xored(sequence)
        body = Buffer.concat([explicit, aead(nonce, numbered(sequence, type, content.length), content)])
      }
      return Buffer.concat([header(type, body.length), body])
    },
  }
}

/** Both ends of a session: the client's sealer, and what opens it. */
function pair(version: number, cipher: number, encryptThenMac = false): { client: Sealer; session: Protection } {
  const suite = suiteProtection(cipher)!
  const hello = parameters({ version, cipher, encryptThenMac })
  if (version === TLS_1_3) {
    const secret = new Uint8Array(suite.hash === 'sha384' ? 48 : 32).fill(9)
    return {
      client: sealer(version, cipher, trafficKeys(nobleCrypto, suite, secret)),
      session: createProtection({ CLIENT_TRAFFIC_SECRET_0: secret }, hello, nobleCrypto)!,
    }
  }
  const master = new Uint8Array(48).fill(9)
  const [keys] = keyBlock(nobleCrypto, version, suite, master, hello.clientRandom, hello.serverRandom)
  return {
    client: sealer(version, cipher, keys, encryptThenMac),
    session: createProtection({ CLIENT_RANDOM: master }, hello, nobleCrypto)!,
  }
}

const SUITES: [name: string, version: number, cipher: number, encryptThenMac: boolean][] = [
  ['TLS 1.3 AES_128_GCM', TLS_1_3, 0x1301, false],
  ['TLS 1.3 AES_256_GCM', TLS_1_3, 0x1302, false],
  ['TLS 1.3 CHACHA20_POLY1305', TLS_1_3, 0x1303, false],
  ['TLS 1.3 AES_128_CCM', TLS_1_3, 0x1304, false],
  ['TLS 1.3 AES_128_CCM_8', TLS_1_3, 0x1305, false],
  ['TLS 1.2 AES_128_GCM', TLS_1_2, 0xc02f, false],
  ['TLS 1.2 AES_256_GCM', TLS_1_2, 0xc030, false],
  ['TLS 1.2 CHACHA20_POLY1305', TLS_1_2, 0xcca8, false],
  ['TLS 1.2 AES_128_CCM', TLS_1_2, 0xc0ac, false],
  ['TLS 1.2 AES_256_CCM_8', TLS_1_2, 0xc0af, false],
  ...[false, true].flatMap((encryptThenMac): [string, number, number, boolean][] => [
    [`TLS 1.0 AES_128_CBC_SHA, encrypt then MAC ${encryptThenMac}`, TLS_1_0, 0x002f, encryptThenMac],
    [`TLS 1.1 AES_256_CBC_SHA, encrypt then MAC ${encryptThenMac}`, 0x0302, 0xc014, encryptThenMac],
    [`TLS 1.2 AES_128_CBC_SHA256, encrypt then MAC ${encryptThenMac}`, TLS_1_2, 0xc027, encryptThenMac],
    [`TLS 1.2 AES_256_CBC_SHA384, encrypt then MAC ${encryptThenMac}`, TLS_1_2, 0xc028, encryptThenMac],
  ]),
]

test.each(SUITES)('%s: any content; cut or damaged anywhere it does not open', (_, version, cipher, encryptThenMac) => {
  const { client, session } = pair(version, cipher, encryptThenMac)
  let sequence = 0
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(), fc.integer({ min: 1, max: 255 }), (content, at, flip) => {
      const record = client.seal(sequence++, APPLICATION_DATA, content)
      const cut = 5 + (at % (record.length - 5))
      expect(open(session, 0, 'application', record.subarray(0, cut))).toBeNull()
      const damaged = Uint8Array.from(record)
      damaged[cut] ^= flip
      expect(open(session, 0, 'application', damaged)).toBeNull()
      const text = Buffer.from(content).toString('latin1')
      expect(open(session, 0, 'application', record)).toEqual([APPLICATION_DATA, text])
    }),
    { numRuns: 60 },
  )
})

test.each(SUITES)('%s: with the keys of another session nothing opens', (_, version, cipher, encryptThenMac) => {
  const { client } = pair(version, cipher, encryptThenMac)
  const length = suiteProtection(cipher)!.hash === 'sha384' ? 48 : 32
  const wrong: SessionSecrets = {
    CLIENT_RANDOM: new Uint8Array(48).fill(8),
    CLIENT_TRAFFIC_SECRET_0: new Uint8Array(length).fill(8),
  }
  const session = createProtection(wrong, parameters({ version, cipher, encryptThenMac }), nobleCrypto)!
  expect(open(session, 0, 'application', client.seal(0, APPLICATION_DATA, hex('61')))).toBeNull()
})

test.each(SUITES)('%s: garbage', (_, version, cipher, encryptThenMac) => {
  const { session } = pair(version, cipher, encryptThenMac)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(255), (body, type) => {
      expect(session.open(0, 'application', type, 0x0303, body, 0, body.length)).toBeNull()
    }),
  )
})

const filled = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)
const text = (line: string): Uint8Array => Uint8Array.from(Buffer.from(line))

// TLS 1.0 loses one record more: the lost one held its IV.
test.each(SUITES.filter(([, version]) => version > TLS_1_0))(
  '%s: goes on behind records that were not captured',
  (_, version, cipher, encryptThenMac) => {
    const { client, session } = pair(version, cipher, encryptThenMac)
    expect(open(session, 0, 'application', client.seal(0, APPLICATION_DATA, text('one')))?.[1]).toBe('one')
    const later = client.seal(40, APPLICATION_DATA, text('two'))
    expect(open(session, 0, 'application', later)).toBeNull() // nobody said that any are missing
    session.skip(0, 1)
    expect(open(session, 0, 'application', later)?.[1]).toBe('two')
    expect(open(session, 0, 'application', client.seal(41, APPLICATION_DATA, text('three')))?.[1]).toBe('three')
    expect(open(session, 0, 'application', client.seal(43, APPLICATION_DATA, text('four')))).toBeNull()
  },
)

test('a hole too long to be searched: explicit nonces tell how long it is', () => {
  const gcm = pair(TLS_1_2, 0xc02f)
  const chacha = pair(TLS_1_2, 0xcca8)
  for (const { client, session } of [gcm, chacha]) {
    open(session, 0, 'application', client.seal(0, APPLICATION_DATA, text('one')))
    session.skip(0, 1)
  }
  const [found, lost] = [gcm, chacha].map(({ client, session }) =>
    open(session, 0, 'application', client.seal(5000, APPLICATION_DATA, text('two'))),
  )
  expect(found?.[1]).toBe('two')
  expect(lost).toBeNull()
})

test('the search ahead ends after some records without success', () => {
  const { client, session } = pair(TLS_1_3, 0x1303)
  open(session, 0, 'application', client.seal(0, APPLICATION_DATA, text('one')))
  const stray = client.seal(9999, APPLICATION_DATA, text('stray'))
  for (let record = 0; record < 20; record++) {
    session.skip(0, 0)
    expect(open(session, 0, 'application', stray)).toBeNull()
  }
  expect(open(session, 0, 'application', client.seal(3, APPLICATION_DATA, text('near')))).toBeNull()
  expect(open(session, 0, 'application', client.seal(1, APPLICATION_DATA, text('next')))?.[1]).toBe('next')
})

test('a hole at the end of the handshake reaches into what follows', () => {
  const { client, session } = pair(TLS_1_3, 0x1301)
  session.skip(0, 2)
  expect(open(session, 0, 'application', client.seal(3, APPLICATION_DATA, text('data')))?.[1]).toBe('data')
})

test('records known to be missing are counted for the keys in use', () => {
  const suite = suiteProtection(0x1301)!
  const session = createProtection(
    {
      CLIENT_EARLY_TRAFFIC_SECRET: filled(1),
      CLIENT_HANDSHAKE_TRAFFIC_SECRET: filled(2),
      CLIENT_TRAFFIC_SECRET_0: filled(3),
    },
    parameters({ version: TLS_1_3, cipher: 0x1301, earlyData: true }),
    nobleCrypto,
  )!
  const [early, handshake, application] = [1, 2, 3].map((byte) =>
    sealer(TLS_1_3, 0x1301, trafficKeys(nobleCrypto, suite, filled(byte))),
  )
  session.skip(0, 100)
  expect(open(session, 0, 'early', early.seal(100, APPLICATION_DATA, text('early')))?.[1]).toBe('early')
  session.skip(0, 1)
  expect(open(session, 0, 'handshake', handshake.seal(2, HANDSHAKE, text('later')))?.[1]).toBe('later')
  expect(open(session, 0, 'application', application.seal(0, APPLICATION_DATA, text('data')))?.[1]).toBe('data')
  session.skip(0, 100)
  expect(open(session, 0, 'application', application.seal(101, APPLICATION_DATA, text('more')))?.[1]).toBe('more')
})

test.each([0, 15, 17])('an authentic body of %i bytes that is no whole blocks', (length) => {
  const hello = parameters({ cipher: 0xc027, encryptThenMac: true })
  const master = new Uint8Array(48).fill(9)
  const suite = suiteProtection(hello.cipher)!
  const [keys] = keyBlock(nobleCrypto, TLS_1_2, suite, master, hello.clientRandom, hello.serverRandom)
  const body = Buffer.alloc(16 + length) // the IV is in it
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, APPLICATION_DATA, 3, 3, 0, body.length])
  const mac = createHmac('sha256', keys.mac).update(header).update(body).digest()
  const session = createProtection({ CLIENT_RANDOM: master }, hello, nobleCrypto)!
  const record = Buffer.concat([Buffer.from([APPLICATION_DATA, 3, 3, 0, body.length + 32]), body, mac])
  expect(open(session, 0, 'application', record)).toBeNull()
})

test('TLS 1.0 takes the IV of the next record from one that did not open', () => {
  const { client, session } = pair(TLS_1_0, 0x002f)
  const [, second, third] = ['one', 'two', 'three'].map((line, at) => client.seal(at, APPLICATION_DATA, text(line)))
  session.skip(0, 1) // the first was not captured, and with it the IV of the second
  expect(open(session, 0, 'application', second)).toBeNull()
  session.skip(0, 1)
  expect(open(session, 0, 'application', third)?.[1]).toBe('three')
})

test('KeyUpdate: the next keys, counted from zero, in one direction', () => {
  const suite = suiteProtection(0x1302)!
  const secret = new Uint8Array(48).fill(9)
  const session = createProtection(
    { CLIENT_TRAFFIC_SECRET_0: secret, SERVER_TRAFFIC_SECRET_0: secret },
    parameters({ version: TLS_1_3, cipher: 0x1302 }),
    nobleCrypto,
  )!
  const before = sealer(TLS_1_3, 0x1302, trafficKeys(nobleCrypto, suite, secret))
  const after = sealer(TLS_1_3, 0x1302, trafficKeys(nobleCrypto, suite, nextTrafficSecret(nobleCrypto, suite, secret)))
  expect(open(session, 0, 'application', before.seal(0, HANDSHAKE, hex('18 000001 00')))).not.toBeNull()
  session.keyUpdate(0)
  expect(open(session, 0, 'application', before.seal(1, APPLICATION_DATA, text('old')))).toBeNull()
  expect(open(session, 0, 'application', after.seal(0, APPLICATION_DATA, text('new')))?.[1]).toBe('new')
  expect(open(session, 1, 'application', before.seal(0, APPLICATION_DATA, text('server')))?.[1]).toBe('server')
})

test.each([
  ['suite that is not read', { CLIENT_RANDOM: new Uint8Array(48) }, parameters({ cipher: 0x000a })], // 3DES
  ['SSL 3.0', { CLIENT_RANDOM: new Uint8Array(48) }, parameters({ version: 0x0300, cipher: 0x002f })],
  ['AEAD before TLS 1.2', { CLIENT_RANDOM: new Uint8Array(48) }, parameters({ version: 0x0302 })],
  ['secrets of TLS 1.3 for TLS 1.2', SIMPLE, parameters({})],
  [
    'secrets of TLS 1.2 for 1.3',
    { CLIENT_RANDOM: new Uint8Array(48) },
    parameters({ version: TLS_1_3, cipher: 0x1301 }),
  ],
  ['secrets of another hash', SIMPLE, parameters({ version: TLS_1_3, cipher: 0x1302 })],
])('no protection: %s', (_, secrets: SessionSecrets, hello) => {
  expect(createProtection(secrets, hello, nobleCrypto)).toBeNull()
})
