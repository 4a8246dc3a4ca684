// Handshake messages of TLS in the clear (RFC 8446 section 4, RFC 5246 section 7.4), in place. Of hellos stays all but
// names; of certificates what `der.ts` leaves; signatures go with the keys they were made by, and who shares a key with
// whom is nobody's business. Tickets and the like are random numbers to anyone.
import { EXTENSION } from '../../app/tls/hello.ts'
import { isGrease } from '../../app/tls/cipher-suites.ts'
import { HANDSHAKE } from '../../app/tls/names.ts'
import { Vector } from '../../app/tls/vector.ts'
import { type Bytes, latin1, u16 } from '../../bytes/read.ts'
import { FILL, type Pseudonyms } from './contract.ts'
import { scrubDer } from './der.ts'
import { scrubHost, scrubText } from './text.ts'

const CERTIFICATE_STATUS = 22
/** Length of a hello up to its session id: version(2) random(32). */
const HELLO_FIXED = 34

const CERTIFICATE_AUTHORITIES = 47
const PADDING = 21
const NEXT_PROTOCOL_NEGOTIATION = 0x3374
/** ALPN, and application settings, whose list is the same. */
const PROTOCOL_LISTS: ReadonlySet<number> = new Set([EXTENSION.alpn, 0x4469, 0x44cd])
const HELLO_EXTENSIONS: ReadonlySet<number> = new Set([
  ...Object.values(EXTENSION),
  // Lengths, points, formats, cookies, keys and what is sealed: numbers all.
  1,
  11,
  15,
  19,
  20,
  24,
  27,
  28,
  34,
  44,
  49,
  50,
  57,
  0xfe0d,
  0xff01,
])

/** Messages that hold no text. */
const NUMBERS: ReadonlySet<number> = new Set<number>([
  HANDSHAKE.helloRequest,
  HANDSHAKE.newSessionTicket,
  HANDSHAKE.endOfEarlyData,
  HANDSHAKE.serverHelloDone,
  HANDSHAKE.finished,
  HANDSHAKE.keyUpdate,
])

/** Scrubs the body `b[at..end)` of a message, or what there is of it. */
export function scrubHandshake(p: Pseudonyms, type: number, b: Bytes, at: number, end: number): void {
  const v = new Vector(b, at, end)
  switch (type) {
    case HANDSHAKE.clientHello:
      v.part(HELLO_FIXED)
      v.vector8() // session id
      v.vector16() // cipher suites
      v.vector8() // compression methods
      scrubExtensions(p, v)
      break
    case HANDSHAKE.serverHello:
      v.part(HELLO_FIXED)
      v.vector8()
      v.part(3) // cipher suite, compression method
      scrubExtensions(p, v)
      break
    case HANDSHAKE.certificate:
      for (const list = v.vector24(); list.left > 0;) scrubVector(p, list.vector24())
      fill(v)
      break
    case HANDSHAKE.certificateRequest:
      scrubCertificateRequest(p, v)
      break
    case HANDSHAKE.serverKeyExchange:
      if (isHint(v)) noise(p, v.vector16())
      skipParameters(v)
      scrubSignature(p, v)
      break
    case HANDSHAKE.clientKeyExchange:
      scrubClientKeyExchange(p, v)
      break
    case HANDSHAKE.certificateVerify:
      scrubSignature(p, v)
      break
    case CERTIFICATE_STATUS:
      v.u8()
      scrubVector(p, v.vector24())
      fill(v)
      break
    default:
      if (!NUMBERS.has(type)) fill(v)
  }
}

/** What is left is nobody's: extensions that are not known, bytes behind the end. */
function fill(v: Vector): void {
  v.bytes.fill(FILL, v.at, v.end)
}

function noise(p: Pseudonyms, { bytes, at, end }: Vector): void {
  bytes.set(p.noise(bytes.slice(at, end)), at)
}

function scrubVector(p: Pseudonyms, { bytes, at, end }: Vector): void {
  scrubDer(p, bytes, at, end)
}

function scrubExtensions(p: Pseudonyms, v: Vector): void {
  if (v.left === 0) return
  for (const list = v.vector16(); list.left > 0;) {
    const type = list.u16()
    const data = list.vector16()
    if (type === EXTENSION.serverName) scrubServerName(p, data)
    else if (PROTOCOL_LISTS.has(type)) scrubProtocols(p, data.vector16())
    else if (type === NEXT_PROTOCOL_NEGOTIATION) scrubProtocols(p, data)
    else if (type === EXTENSION.preSharedKey) scrubIdentities(p, data)
    else if (type === CERTIFICATE_AUTHORITIES) scrubNames(p, data.vector16())
    else if (type === PADDING) data.bytes.fill(0, data.at, data.end)
    else if (!HELLO_EXTENSIONS.has(type) && !isGrease(type)) fill(data)
  }
  fill(v)
}

/** ServerNameList (RFC 6066 section 3): type (1), length (2), name. A server's is empty. */
function scrubServerName(p: Pseudonyms, data: Vector): void {
  for (const list = data.vector16(); list.left > 0;) {
    list.u8()
    const name = list.vector16()
    scrubHost(p, name.bytes, name.at, name.end)
  }
  fill(data)
}

/** Identifiers that everybody uses (IANA, TLS ALPN Protocol IDs). */
const PROTOCOLS: ReadonlySet<string> = new Set(
  `h2 h2c h3 http/0.9 http/1.0 http/1.1 spdy/1 spdy/2 spdy/3 spdy/3.1 webrtc c-webrtc stun.turn stun.nat-discovery ftp
   imap pop3 managesieve coap xmpp-client xmpp-server acme-tls/1 mqtt dot ntske/1 sunrpc smb irc nntp doq postgresql
   grpc-exp`.split(/\s+/),
)

/** Names of protocols (RFC 7301 section 3.1), each behind its length; some are an organisation's own. */
function scrubProtocols(p: Pseudonyms, list: Vector): void {
  while (list.left > 0) {
    const { bytes, at, end } = list.vector8()
    const isReserved = end - at === 2 && isGrease(u16(bytes, at))
    if (!isReserved && !PROTOCOLS.has(latin1(bytes, at, end))) scrubText(p, bytes, at, end)
  }
}

/** OfferedPsks (RFC 8446 section 4.2.11): identities, of which those not made by the server are texts, and binders. */
function scrubIdentities(p: Pseudonyms, data: Vector): void {
  // A server's is the number of the chosen one.
  if (data.left <= 2) return
  for (const list = data.vector16(); list.left > 0;) {
    noise(p, list.vector16())
    list.part(4) // age
  }
}

/** Distinguished names, each behind its length. */
function scrubNames(p: Pseudonyms, list: Vector): void {
  while (list.left > 0) scrubVector(p, list.vector16())
}

/** RFC 5246 section 7.4.4: types, from TLS 1.2 on algorithms, names of authorities. */
function scrubCertificateRequest(p: Pseudonyms, v: Vector): void {
  v.vector8()
  const first = v.vector16()
  if (v.left > 0) scrubNames(p, v.vector16())
  else scrubNames(p, first)
  fill(v)
}

/** RFC 8422 section 5.4: a curve by name, and a point. */
const NAMED_CURVE = 3

/** Shorter numbers are no prime that anybody exchanges keys by. */
const SHORTEST_PRIME = 64
const CONTROL_CHARACTERS = 0x20

/**
 * Whether a pre-shared key's hint (RFC 4279 section 2), which is a text, stands first. A prime is long and has bytes of
 * any kind in it. The cipher suite would tell, but the ServerHello may not have been captured.
 */
function isHint({ bytes, at, end }: Vector): boolean {
  const hint = new Vector(bytes, at, end).vector16()
  const isCurve = bytes[at] === NAMED_CURVE && end - at > 4
  if (isCurve && bytes[at + 3]! + 4 <= end - at) return false
  return hint.left < SHORTEST_PRIME || bytes.subarray(hint.at, hint.end).every((byte) => byte >= CONTROL_CHARACTERS)
}

/** A public key or a sealed secret, before it perhaps the identity of a pre-shared key (RFC 4279): lengths stay. */
function scrubClientKeyExchange(p: Pseudonyms, v: Vector): void {
  // A point of a curve is behind a length of one byte (RFC 8422 section 5.7).
  if (v.bytes[v.at] === v.left - 1) v.u8()
  else if (v.left >= 2 && u16(v.bytes, v.at) <= v.left - 2) {
    noise(p, v.vector16())
    if (v.left > 0) scrubClientKeyExchange(p, v)
    return
  }
  noise(p, v)
}

/** Parameters of a key exchange, made for it alone: an elliptic curve's, or p, g and Ys (RFC 5246 section 7.4.3). */
function skipParameters(v: Vector): void {
  if (v.bytes[v.at] === NAMED_CURVE) {
    v.part(3)
    v.vector8()
  } else for (let i = 0; i < 3; i++) v.vector16()
}

/** Whoever has the certificate could tell by a signature whose it is. From TLS 1.2 on its algorithm stands before it. */
function scrubSignature(p: Pseudonyms, v: Vector): void {
  if (v.left < 2) return
  if (u16(v.bytes, v.at) !== v.left - 2) v.u16()
  const { bytes, at, end } = v.vector16()
  bytes.set(p.noise(bytes.slice(at, end)), at)
  fill(v)
}
