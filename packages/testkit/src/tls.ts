// TLS as bytes: records, handshake messages, alerts (RFC 8446, RFC 5246). Nothing is encrypted: a record that would be is
// so many bytes of filling, because its size is all that anybody without keys sees of it.
import { be16, join, text, type Bytes } from './bytes.ts'

export const TLS_1_0 = 0x0301
export const TLS_1_2 = 0x0303
export const TLS_1_3 = 0x0304

const CHANGE_CIPHER_SPEC = 20
const ALERT = 21
const HANDSHAKE = 22
const APPLICATION_DATA = 23

const CLIENT_HELLO = 1
const SERVER_HELLO = 2
const CERTIFICATE = 11

/** The random value of a ServerHello that asks for another ClientHello (RFC 8446 section 4.1.3). */
const RETRY = hex('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c')

const be24 = (n: number): number[] => [n >>> 16, ...be16(n & 0xffff)]
/** Vectors: the length in one, two or three bytes, then the content. */
const vector8 = (...parts: ArrayLike<number>[]): Bytes => join([join(...parts).length], ...parts)
const vector16 = (...parts: ArrayLike<number>[]): Bytes => join(be16(join(...parts).length), ...parts)
const vector24 = (...parts: ArrayLike<number>[]): Bytes => join(be24(join(...parts).length), ...parts)
const numbers = (list: number[]): number[] => list.flatMap(be16)
const extension = (type: number, ...parts: ArrayLike<number>[]): Bytes => join(be16(type), vector16(...parts))

/** A record: type, version, length, body. */
export function tlsRecord(type: number, body: ArrayLike<number>, version: number = TLS_1_2): Bytes {
  return join([type], be16(version), be16(body.length), body)
}

/** A record of handshake messages. */
export const handshakeRecord = (...messages: Bytes[]): Bytes => tlsRecord(HANDSHAKE, join(...messages))

/** A record whose body is `length` bytes of what cannot be read. */
export function opaqueRecord(length: number, type: number = APPLICATION_DATA): Bytes {
  return tlsRecord(type, new Uint8Array(length).fill(0xee))
}

export const changeCipherSpec = (): Bytes => tlsRecord(CHANGE_CIPHER_SPEC, [1])

/** An alert in the clear: 1 warning, 2 fatal. */
export const tlsAlert = (level: 1 | 2, description: number): Bytes => tlsRecord(ALERT, [level, description])

/** A handshake message, without a record around it. */
export function handshakeMessage(type: number, ...body: ArrayLike<number>[]): Bytes {
  return join([type], vector24(...body))
}

export interface HelloOptions {
  /** server_name. */
  serverName?: string
  alpn?: string[]
  /** supported_versions; without, the hello has its own version alone. */
  versions?: number[]
  version?: number
  ciphers?: number[]
  groups?: number[]
  signatureAlgorithms?: number[]
  keyShares?: number[]
  sessionId?: ArrayLike<number>
  random?: ArrayLike<number>
  earlyData?: boolean
  /** pre_shared_key, with an identity of so many bytes. */
  preSharedKey?: number
  /** psk_key_exchange_modes; sent with supported_versions unless false. */
  pskModes?: boolean
  /** More extensions, as type and content; before pre_shared_key, which is always the last. */
  more?: [type: number, content: ArrayLike<number>][]
}

/** A ClientHello message (RFC 8446 section 4.1.2). */
export function clientHello(options: HelloOptions = {}): Bytes {
  const { serverName, alpn, versions, groups, signatureAlgorithms, keyShares, preSharedKey } = options
  const extensions: Bytes[] = []
  if (serverName !== undefined) extensions.push(extension(0, vector16([0], vector16(text(serverName)))))
  if (groups !== undefined) extensions.push(extension(10, vector16(numbers(groups))))
  if (signatureAlgorithms !== undefined) extensions.push(extension(13, vector16(numbers(signatureAlgorithms))))
  if (alpn !== undefined) extensions.push(extension(16, vector16(...alpn.map((name) => vector8(text(name))))))
  for (const [type, content] of options.more ?? []) extensions.push(extension(type, content))
  if (options.earlyData) extensions.push(extension(42))
  if (versions !== undefined) {
    extensions.push(extension(43, vector8(numbers(versions))))
    if (options.pskModes !== false) extensions.push(extension(45, vector8([1])))
  }
  if (keyShares !== undefined) {
    const shares = keyShares.map((group) => join(be16(group), vector16(new Uint8Array(32))))
    extensions.push(extension(51, vector16(...shares)))
  }
  if (preSharedKey !== undefined) {
    const identity = join(vector16(new Uint8Array(preSharedKey)), [0, 0, 0, 0])
    extensions.push(extension(41, vector16(identity), vector16(vector8(new Uint8Array(32)))))
  }
  return handshakeMessage(
    CLIENT_HELLO,
    be16(options.version ?? TLS_1_2),
    options.random ?? new Uint8Array(32).fill(0xc1),
    vector8(options.sessionId ?? []),
    vector16(numbers(options.ciphers ?? [0xc02f])),
    vector8([0]), // no compression
    extensions.length === 0 ? [] : vector16(...extensions),
  )
}

export interface ServerHelloOptions {
  /** 0x0304 goes into supported_versions. */
  version?: number
  cipher?: number
  group?: number
  alpn?: string
  sessionId?: ArrayLike<number>
  /** The first of the offered pre-shared keys is taken. */
  preSharedKey?: boolean
  /** A HelloRetryRequest. */
  retry?: boolean
}

/** A ServerHello message (RFC 8446 section 4.1.3). */
export function serverHello(options: ServerHelloOptions = {}): Bytes {
  const { version = TLS_1_2, cipher = version === TLS_1_3 ? 0x1301 : 0xc02f, group, alpn } = options
  const extensions: Bytes[] = []
  if (alpn !== undefined) extensions.push(extension(16, vector16(vector8(text(alpn)))))
  if (version === TLS_1_3) extensions.push(extension(43, be16(version)))
  if (group !== undefined) {
    extensions.push(extension(51, be16(group), options.retry ? [] : vector16(new Uint8Array(32))))
  }
  if (options.preSharedKey) extensions.push(extension(41, [0, 0]))
  return handshakeMessage(
    SERVER_HELLO,
    be16(Math.min(version, TLS_1_2)),
    options.retry ? RETRY : new Uint8Array(32).fill(0x5e),
    vector8(options.sessionId ?? []),
    be16(cipher),
    [0], // no compression
    extensions.length === 0 ? [] : vector16(...extensions),
  )
}

/** A Certificate message up to TLS 1.2 (RFC 5246 section 7.4.2); no certificate is a client's "I have none". */
export function certificateMessage(...certificates: Bytes[]): Bytes {
  return handshakeMessage(CERTIFICATE, vector24(...certificates.map((certificate) => vector24(certificate))))
}

/** Messages of TLS 1.2 with nothing in them that anybody reads. */
export const serverKeyExchange = (group = 29): Bytes =>
  handshakeMessage(12, [3], be16(group), vector8(new Uint8Array(32)))
export const certificateRequest = (): Bytes => handshakeMessage(13, vector8([1, 64]), vector16([4, 3]), vector16([]))
export const serverHelloDone = (): Bytes => handshakeMessage(14)
export const clientKeyExchange = (): Bytes => handshakeMessage(16, vector8(new Uint8Array(32)))

const ROOT = [
  '308201cf30820175a00302010202145bfc26a2fa578289f68e14926ba051d91dae62e5300a06082a8648ce3d040302303c310b3009060355',
  '04061302444531163014060355040a0c0d4578616d706c652c20496e632e3115301306035504030c0c4578616d706c6520526f6f74302017',
  '0d3236313132323133343932325a180f32313236313032393133343932325a303c310b300906035504061302444531163014060355040a0c',
  '0d4578616d706c652c20496e632e3115301306035504030c0c4578616d706c6520526f6f743059301306072a8648ce3d020106082a8648ce',
  '3d03010703420004f378bc7efb82a8514b006eb09f5e5392240ed8a2ff70deece23f8840c3ceb81d243b78b6bad296d920a1b3184d001b31',
  'c58c315c3606ca17b70834ae001805e6a3533051301d0603551d0e04160414b7d94ec6bac291cf6a0c12fcecb7bddda653a3a9301f060355',
  '1d23041830168014b7d94ec6bac291cf6a0c12fcecb7bddda653a3a9300f0603551d130101ff040530030101ff300a06082a8648ce3d0403',
  '02034800304502204c7641df8e8313d007ddbcdb82029361d7751ba5f858f46f88a815b93cdf47d1022100f6ad2adff6e9536376cfc0d68c',
  'ab230bed149cf563851d5683ca4a524d1b4f78',
].join('')

const LEAF = [
  '308201ef30820194a00302010202030100e1300a06082a8648ce3d040302303c310b300906035504061302444531163014060355040a0c0d',
  '4578616d706c652c20496e632e3115301306035504030c0c4578616d706c6520526f6f743020170d3236313132323133343932325a180f32',
  '313236313032393133343932325a302f31163014060355040a0c0d4578616d706c652c20496e632e3115301306035504030c0c6170702e69',
  '6e7465726e616c3059301306072a8648ce3d020106082a8648ce3d030107034200045fcb7c4d4f69ddceee77be75759663587189916680b6',
  'b963c60599b651eaa3b7cc4ead2341447a9e931bd9b8e1bad48e4bedeeab38ae93f866bc7cdc437f19dfa3818f30818c303f0603551d1104',
  '383036820c6170702e696e7465726e616c820e2a2e73686f702e6578616d706c6587040a03000b871020010db80000000000000000000000',
  '0230090603551d1304023000301d0603551d0e04160414b13550e6f6ac5a5b20b0612282304a483640287a301f0603551d23041830168014',
  'b7d94ec6bac291cf6a0c12fcecb7bddda653a3a9300a06082a8648ce3d040302034900304602210086ec019d474014ac3089940a2d40bfe6',
  '48df27dd465ecafd51f46e34278190f1022100ce1b2318a04505bd169792e0bf9e61b9f8b839892d09ffa31b4ebc60dc0b389f',
].join('')

const LEAF_KEY = [
  '308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420923858548f5c94cb7e380ed6f2f054b1c1ec6474',
  '982c49e12cbf523cca88b732a144034200045fcb7c4d4f69ddceee77be75759663587189916680b6b963c60599b651eaa3b7cc4ead234144',
  '7a9e931bd9b8e1bad48e4bedeeab38ae93f866bc7cdc437f19df',
].join('')

/**
 * A root, and a leaf that it signed for app.internal, *.shop.example, 10.3.0.11 and 2001:db8::2: DER. The key is the
 * leaf's (PKCS #8). Valid from 2026-11-22 to 2126-10-29; known to everybody and good for nothing but tests.
 */
export const CERTIFICATES: { root: Bytes; leaf: Bytes; leafKey: Bytes } = {
  root: hex(ROOT),
  leaf: hex(LEAF),
  leafKey: hex(LEAF_KEY),
}

function hex(digits: string): Bytes {
  return Uint8Array.from(digits.match(/../g)!, (byte) => parseInt(byte, 16))
}
