// DER in place (ITU-T X.690), as certificates (RFC 5280), names in certificate requests and OCSP answers have it. Tags
// and lengths stay, with them types of attributes, times, versions and flags; texts, addresses, serial numbers, keys and
// signatures go. What is not understood is noise.
import { type Bytes, u16, u24 } from '../../bytes/read.ts'
import { FILL, type Pseudonyms } from './contract.ts'
import { scrubHost, scrubTarget } from './text.ts'

const INTEGER = 0x02
const BIT_STRING = 0x03
const OCTET_STRING = 0x04
const SEQUENCE = 0x30
const UNIVERSAL_STRING = 0x1c
const BMP_STRING = 0x1e
/** BOOLEAN, NULL, OID, ENUMERATED, UTCTime, GeneralizedTime. */
const PLAIN: ReadonlySet<number> = new Set([0x01, 0x05, 0x06, 0x0a, 0x17, 0x18])
/** UTF8String, NumericString, PrintableString, T61String, IA5String, VisibleString; rfc822Name, dNSName. */
const TEXTS: ReadonlySet<number> = new Set([0x0c, 0x12, 0x13, 0x14, 0x16, 0x1a, 0x81, 0x82])
/** GeneralName (RFC 5280 section 4.2.1.6). */
const URI = 0x86
const IP_ADDRESS = 0x87
const CONSTRUCTED = 0x20

/** Values in one another: no certificate comes near. */
const DEPTH = 32
/** Numbers that are no longer are versions and lengths of paths; so is the exponent that nearly all RSA keys have. */
const SHORT_INTEGER = 2
const EXPONENT = 65_537
/** Shorter bit strings are flags: how many bits are unused, and two bytes of them. */
const FLAGS = 3

/** Scrubs the values in `b[at..end)`, one behind the other. The last may be cut. */
export function scrubDer(p: Pseudonyms, b: Bytes, at: number, end: number, depth = 0): void {
  let next = at
  while (next < end) {
    const value = depth < DEPTH ? valueAt(b, next, end) : null
    if (value === null) {
      // What breaks the encoding goes on to do so: type and length.
      b.fill(FILL, depth < DEPTH ? Math.min(end, next + 2) : next, end)
      return
    }
    scrubContent(p, b, b[next]!, value.at, value.end, depth)
    next = value.end
  }
}

/** Where the content of the value at `at` begins and ends, or is cut; null where not even its length is there. */
function valueAt(b: Bytes, at: number, limit: number): { at: number; end: number; whole: boolean } | null {
  if (limit - at < 2) return null
  let content = at + 2
  let length = b[at + 1]!
  if (length >= 0x80) {
    const digits = length & 0x7f
    if (digits === 0 || digits > 4 || limit - content < digits) return null
    length = 0
    for (; content < at + 2 + digits; content++) length = length * 256 + b[content]!
  }
  return { at: content, end: Math.min(limit, content + length), whole: content + length <= limit }
}

function scrubContent(p: Pseudonyms, b: Bytes, tag: number, at: number, end: number, depth: number): void {
  if ((tag & CONSTRUCTED) !== 0) scrubDer(p, b, at, end, depth + 1)
  else if (PLAIN.has(tag)) return
  else if (tag === INTEGER) scrubInteger(p, b, at, end)
  else if (tag === BIT_STRING) scrubBits(p, b, at, end, depth)
  else if (tag === OCTET_STRING) scrubOctets(p, b, at, end, depth)
  else if (tag === BMP_STRING || tag === UNIVERSAL_STRING) scrubWide(p, b, at, end, tag === BMP_STRING ? 2 : 4)
  else if (tag === URI && isText(b, at, end)) scrubTarget(p, b, at, end)
  else if (TEXTS.has(tag) && (tag < 0x80 || isText(b, at, end))) scrubHost(p, b, at, end)
  else if (tag === IP_ADDRESS) scrubAddress(p, b, at, end)
  else noise(p, b, at, end)
}

/** Serial numbers, moduli, r and s: as long, positive, not zero. */
function scrubInteger(p: Pseudonyms, b: Bytes, at: number, end: number): void {
  if (end - at <= SHORT_INTEGER || (end - at === 3 && u24(b, at) === EXPONENT)) return
  const first = b[at] === 0 ? at + 1 : at
  const top = b[first]! & 0x80
  noise(p, b, first, end)
  b[first] = (b[first]! & 0x7f) | (first > at ? top : 0) | 1
}

/** A key or a signature, which may be DER itself. */
function scrubBits(p: Pseudonyms, b: Bytes, at: number, end: number, depth: number): void {
  if (end - at <= FLAGS) return
  if (isValue(b, at + 1, end)) scrubDer(p, b, at + 1, end, depth + 1)
  // The first byte of a point says whether it is compressed (SEC 1 section 2.3.3).
  else noise(p, b, b[at + 1]! <= 4 ? at + 2 : at + 1, end)
}

function scrubOctets(p: Pseudonyms, b: Bytes, at: number, end: number, depth: number): void {
  if (isValue(b, at, end)) scrubDer(p, b, at, end, depth + 1)
  else if (isTimestamps(b, at, end)) scrubTimestamps(p, b, at, end)
  else noise(p, b, at, end)
}

/** One value and nothing else: of a type that stands in such strings. */
function isValue(b: Bytes, at: number, end: number): boolean {
  const isType = [SEQUENCE, INTEGER, BIT_STRING, OCTET_STRING, 0x05, 0x0a, 0x16].includes(b[at] ?? 0)
  const value = isType ? valueAt(b, at, end) : null
  return value !== null && value.whole && value.end === end
}

/** RFC 6962 section 3.3: a list of 16-bit length, each entry behind its own. */
function isTimestamps(b: Bytes, at: number, end: number): boolean {
  if (end - at < 2 || u16(b, at) !== end - at - 2) return false
  let next = at + 2
  while (next + 2 <= end && u16(b, next) >= TIMESTAMP_LEAST && b[next + 2] === 0) next += 2 + u16(b, next)
  return next === end
}

/** Version (1), log (32), time (8), length of extensions (2), hash and signature algorithm (2), length (2). */
const TIMESTAMP_LOG = 1
const TIMESTAMP_TIME = 33
const TIMESTAMP_EXTENSIONS = 41
const TIMESTAMP_LEAST = 47

/** Which log, when, and its signature: the certificate could be found by any of them. */
function scrubTimestamps(p: Pseudonyms, b: Bytes, at: number, end: number): void {
  for (let next = at + 2; next < end;) {
    const entry = next + 2
    next = entry + u16(b, next)
    noise(p, b, entry + TIMESTAMP_LOG, entry + TIMESTAMP_TIME)
    // Of a 64-bit time in milliseconds the upper bytes are those of any year.
    noise(p, b, entry + TIMESTAMP_TIME + 3, entry + TIMESTAMP_EXTENSIONS)
    const signature = entry + TIMESTAMP_LEAST + u16(b, entry + TIMESTAMP_EXTENSIONS)
    if (signature < next) noise(p, b, signature, next)
  }
}

/** Characters of `width` bytes each, most significant first. */
function scrubWide(p: Pseudonyms, b: Bytes, at: number, end: number, width: number): void {
  const places = Array.from({ length: Math.floor((end - at) / width) }, (_, i) => at + (i + 1) * width - 1)
  const narrow = Uint8Array.from(places, (place) => b[place]!)
  scrubHost(p, narrow, 0, narrow.length)
  b.fill(0, at, end)
  for (const [i, place] of places.entries()) b[place] = narrow[i]!
}

/** An address, or in name constraints one and its mask. */
function scrubAddress(p: Pseudonyms, b: Bytes, at: number, end: number): void {
  const length = end - at
  const size = length === 8 || length === 32 ? length / 2 : length
  if (size === 4 || size === 16) b.set(p.address(b.slice(at, at + size)), at)
  else noise(p, b, at, end)
}

function noise(p: Pseudonyms, b: Bytes, at: number, end: number): void {
  if (end > at) b.set(p.noise(b.slice(at, end)), at)
}

function isText(b: Bytes, at: number, end: number): boolean {
  for (let i = at; i < end; i++) if (b[i]! < 32 || b[i]! > 126) return false
  return true
}
