// Handshake messages of TLS in the clear (RFC 8446 section 4, RFC 5246 section 7.4), in place. Of hellos stays all but
// names; of certificates what `der.ts` leaves; signatures go with the keys they were made by. Tickets and the
// like are random numbers to anyone.
import { EXTENSION } from '../../app/tls/hello.ts'
import { isGrease } from '../../app/tls/cipher-suites.ts'
import { HANDSHAKE } from '../../app/tls/names.ts'
import { Vector } from '../../app/tls/vector.ts'
import { type Bytes, u16 } from '../../bytes/read.ts'
import { FILL, type Pseudonyms } from './contract.ts'
import { scrubDer } from './der.ts'
import { scrubHost } from './text.ts'

const CERTIFICATE_STATUS = 22
/** Length of a hello up to its session id: version(2) random(32). */
const HELLO_FIXED = 34

const CERTIFICATE_AUTHORITIES = 47
const HELLO_EXTENSIONS: ReadonlySet<number> = new Set([
  ...Object.values(EXTENSION),
  // Lengths, points, formats, padding, cookies, keys and what is sealed: numbers all.
  1,
  5,
  11,
  14,
  15,
  17,
  18,
  19,
  20,
  21,
  24,
  25,
  27,
  28,
  34,
  44,
  49,
  50,
  57,
  0x3374,
  0x4469,
  0x44cd,
  0xfe0d,
  0xff01,
])

/** Messages that hold no text. */
const NUMBERS: ReadonlySet<number> = new Set<number>([
  HANDSHAKE.helloRequest,
  HANDSHAKE.newSessionTicket,
  HANDSHAKE.endOfEarlyData,
  HANDSHAKE.serverHelloDone,
  HANDSHAKE.clientKeyExchange,
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
      skipParameters(v)
      scrubSignature(p, v)
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

function scrubVector(p: Pseudonyms, { bytes, at, end }: Vector): void {
  scrubDer(p, bytes, at, end)
}

function scrubExtensions(p: Pseudonyms, v: Vector): void {
  if (v.left === 0) return
  for (const list = v.vector16(); list.left > 0;) {
    const type = list.u16()
    const data = list.vector16()
    if (type === EXTENSION.serverName) scrubServerName(p, data)
    else if (type === CERTIFICATE_AUTHORITIES) scrubNames(p, data.vector16())
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
