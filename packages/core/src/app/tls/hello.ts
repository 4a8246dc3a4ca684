// ClientHello and ServerHello (RFC 8446 sections 4.1.2 and 4.1.3, RFC 5246 section 7.4.1, RFC 6066, RFC 7301).
//
// A hello may be cut: what stands before the cut is read. Lists are kept to LIST, which no client comes near.
import { type Bytes, hexOf, latin1 } from '../../bytes/read.ts'
import type { Place } from '../http1/message.ts'
import { isGrease } from './cipher-suites.ts'
import type { ClientHello, ServerHello } from './facts.ts'
import { Vector } from './vector.ts'

const RANDOM = 32
/** Numbers kept of a list, names of protocols, bytes of a name. */
const LIST = 256
const PROTOCOLS = 32
const NAME = 255
/** type(2) length(2) */
const EXTENSION_HEADER = 4

/** ExtensionType. */
export const EXTENSION = {
  serverName: 0,
  supportedGroups: 10,
  signatureAlgorithms: 13,
  alpn: 16,
  encryptThenMac: 22,
  extendedMasterSecret: 23,
  sessionTicket: 35,
  preSharedKey: 41,
  earlyData: 42,
  supportedVersions: 43,
  pskKeyExchangeModes: 45,
  keyShare: 51,
} as const

/** The random value that makes a ServerHello a HelloRetryRequest (RFC 8446 section 4.1.3). */
const RETRY = 'cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c'

/** What a hello says beyond what is worth telling: it goes into keys. */
export interface ReadClientHello {
  hello: ClientHello
  random: Bytes
  sessionId: Bytes
  extendedMasterSecret: boolean
  encryptThenMac: boolean
}

export interface ReadServerHello {
  hello: ServerHello
  isRetry: boolean
  random: Bytes
  sessionId: Bytes
  /** pre_shared_key: a session of before goes on. */
  preSharedKey: boolean
  extendedMasterSecret: boolean
  encryptThenMac: boolean
}

export function readClientHello(
  b: Bytes,
  at: number,
  end: number,
  whole: boolean,
  first: Place,
  last: Place,
): ReadClientHello {
  const v = new Vector(b, at, end)
  const legacyVersion = v.u16()
  const random = v.copy(RANDOM)
  const sessionId = v.vector8().copy(RANDOM)
  const hello: ClientHello = {
    first,
    last,
    ssl2: false,
    incomplete: false,
    version: legacyVersion,
    versions: [legacyVersion],
    ciphers: v.vector16().numbers(LIST),
    groups: [],
    signatureAlgorithms: [],
    keyShares: [],
    extensions: [],
    serverName: null,
    alpn: [],
    ja4: '',
    sessionId: sessionId.length,
    ticket: false,
    preSharedKey: false,
    earlyData: false,
    pskModes: false,
  }
  const read: ReadClientHello = { hello, random, sessionId, extendedMasterSecret: false, encryptThenMac: false }
  v.vector8() // compression methods
  const extensions = eachExtension(v, (type, data) => clientExtension(read, type, data))
  hello.extensions = extensions
  hello.incomplete = !whole || v.short
  return read
}

function clientExtension(read: ReadClientHello, type: number, data: Vector): void {
  const { hello } = read
  switch (type) {
    case EXTENSION.serverName:
      hello.serverName = serverName(data)
      break
    case EXTENSION.supportedGroups:
      hello.groups = data.vector16().numbers(LIST)
      break
    case EXTENSION.signatureAlgorithms:
      hello.signatureAlgorithms = data.vector16().numbers(LIST)
      break
    case EXTENSION.alpn:
      hello.alpn = protocols(data)
      break
    case EXTENSION.supportedVersions: {
      const versions = data.vector8().numbers(LIST)
      if (versions.length === 0) break
      hello.versions = versions
      hello.version = versions.reduce((high, version) => (isGrease(version) ? high : Math.max(high, version)), 0)
      break
    }
    case EXTENSION.keyShare:
      for (const shares = data.vector16(); shares.left > 0 && hello.keyShares.length < LIST; shares.vector16()) {
        hello.keyShares.push(shares.u16())
      }
      break
    case EXTENSION.sessionTicket:
      hello.ticket = data.left > 0
      break
    case EXTENSION.preSharedKey:
      hello.preSharedKey = true
      break
    case EXTENSION.earlyData:
      hello.earlyData = true
      break
    case EXTENSION.pskKeyExchangeModes:
      hello.pskModes = true
      break
    case EXTENSION.extendedMasterSecret:
      read.extendedMasterSecret = true
      break
    case EXTENSION.encryptThenMac:
      read.encryptThenMac = true
      break
    default:
  }
}

/** RFC 5246 appendix E.2: type, version, three lengths, ciphers of three bytes, session id, challenge. */
export function readSsl2Hello(
  b: Bytes,
  at: number,
  end: number,
  whole: boolean,
  first: Place,
  last: Place,
): ReadClientHello {
  const v = new Vector(b, at, end)
  v.u8()
  const version = v.u16()
  const ciphersLength = v.u16()
  const sessionLength = v.u16()
  const challengeLength = v.u16()
  const ciphers: number[] = []
  for (const list = v.part(ciphersLength); list.left >= 3 && ciphers.length < LIST;) {
    // Ciphers of SSL 2.0 itself are larger than 16 bits.
    const cipher = list.u24()
    if (cipher <= 0xffff) ciphers.push(cipher)
  }
  v.part(sessionLength)
  const challenge = v.copy(challengeLength)
  const random = new Uint8Array(RANDOM)
  random.set(challenge.subarray(-RANDOM), Math.max(0, RANDOM - challenge.length))
  const hello: ClientHello = {
    first,
    last,
    ssl2: true,
    incomplete: !whole || v.short,
    version,
    versions: [version],
    ciphers,
    groups: [],
    signatureAlgorithms: [],
    keyShares: [],
    extensions: [],
    serverName: null,
    alpn: [],
    ja4: '',
    sessionId: 0,
    ticket: false,
    preSharedKey: false,
    earlyData: false,
    pskModes: false,
  }
  return { hello, random, sessionId: new Uint8Array(0), extendedMasterSecret: false, encryptThenMac: false }
}

export function readServerHello(
  b: Bytes,
  at: number,
  end: number,
  whole: boolean,
  first: Place,
  last: Place,
): ReadServerHello {
  const v = new Vector(b, at, end)
  const version = v.u16()
  const random = v.copy(RANDOM)
  // Up to draft 21 of TLS 1.3 neither session id nor compression method stood here.
  const isOldDraft = version >> 8 === 0x7f
  const sessionId = isOldDraft ? new Uint8Array(0) : v.vector8().copy(RANDOM)
  const cipher = v.u16()
  if (!isOldDraft) v.u8()
  const hello: ServerHello = { first, last, incomplete: false, version, cipher, alpn: null, group: 0, extensions: [] }
  const read: ReadServerHello = {
    hello,
    isRetry: hexOf(random) === RETRY,
    random,
    sessionId,
    preSharedKey: false,
    extendedMasterSecret: false,
    encryptThenMac: false,
  }
  hello.extensions = eachExtension(v, (type, data) => {
    if (type === EXTENSION.supportedVersions) hello.version = data.u16()
    else if (type === EXTENSION.keyShare) hello.group = data.u16()
    else if (type === EXTENSION.alpn) hello.alpn = protocols(data)[0] ?? null
    else if (type === EXTENSION.preSharedKey) read.preSharedKey = true
    else if (type === EXTENSION.extendedMasterSecret) read.extendedMasterSecret = true
    else if (type === EXTENSION.encryptThenMac) read.encryptThenMac = true
  })
  hello.incomplete = !whole || v.short
  return read
}

/** EncryptedExtensions (RFC 8446 section 4.3.1): what TLS 1.3 moved there from the ServerHello. */
export function readEncryptedExtensions(
  b: Bytes,
  at: number,
  end: number,
): { alpn: string | null; earlyData: boolean } {
  let alpn: string | null = null
  let earlyData = false
  eachExtension(new Vector(b, at, end), (type, data) => {
    if (type === EXTENSION.alpn) alpn = protocols(data)[0] ?? null
    else if (type === EXTENSION.earlyData) earlyData = true
  })
  return { alpn, earlyData }
}

/** Named group of a ServerKeyExchange with ephemeral elliptic curves (RFC 8422 section 5.4); 0 otherwise. */
export function serverKeyExchangeGroup(b: Bytes, at: number, end: number): number {
  const v = new Vector(b, at, end)
  const named = 3
  return v.u8() === named ? v.u16() : 0
}

/** TLS 1.3, or one of its drafts. */
export function isTls13(version: number): boolean {
  return version === 0x0304 || version >> 8 === 0x7f
}

/** Reads the extensions at the end of a hello; answers their types in order. A hello may end without any. */
function eachExtension(v: Vector, read: (type: number, data: Vector) => void): number[] {
  const types: number[] = []
  if (v.left === 0) return types
  const list = v.vector16()
  while (list.left >= EXTENSION_HEADER && types.length < LIST) {
    const type = list.u16()
    const data = list.vector16()
    types.push(type)
    read(type, data)
  }
  v.short ||= list.short || list.left > 0
  return types
}

/** The name in a server_name extension (RFC 6066 section 3), or null. */
export function serverName(data: Vector): string | null {
  const list = data.vector16()
  while (list.left > 0) {
    const type = list.u8()
    const name = list.vector16()
    if (type === 0 && !name.short) return latin1(name.bytes, name.at, Math.min(name.end, name.at + NAME))
  }
  return null
}

/** The names in an ALPN extension (RFC 7301 section 3.1). */
export function protocols(data: Vector): string[] {
  const names: string[] = []
  for (const list = data.vector16(); list.left > 0 && names.length < PROTOCOLS;) {
    const name = list.vector8()
    if (!name.short) names.push(latin1(name.bytes, name.at, name.end))
  }
  return names
}
