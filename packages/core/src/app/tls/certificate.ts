// X.509 certificates (RFC 5280) as far as a failed handshake needs them: whose, by whom, for which names, how long.
//
// A walker of DER for this purpose alone. It believes no length it was told, and keeps what stands before a fault.
import { formatAddress } from '../../bytes/address.ts'
import { type Bytes, latin1 } from '../../bytes/read.ts'
import type { Place } from '../http1/message.ts'
import type { Certificate, CertificateChain } from './facts.ts'
import { Vector } from './vector.ts'

/** Certificates kept of a chain, names of a certificate, characters of a name. */
const CHAIN = 10
const NAMES = 100
const TEXT = 1024

const INTEGER = 0x02
const OCTET_STRING = 0x04
const OID = 0x06
const UTC_TIME = 0x17
const BMP_STRING = 0x1e
const UTF8_STRING = 0x0c
const SEQUENCE = 0x30
const SET = 0x31
const VERSION = 0xa0
const EXTENSIONS = 0xa3
/** GeneralName (RFC 5280 section 4.2.1.6). */
const DNS_NAME = 0x82
const IP_ADDRESS = 0x87
const BOOLEAN = 0x01

const SUBJECT_ALT_NAME = '2.5.29.17'
const BASIC_CONSTRAINTS = '2.5.29.19'

/** Short names of RFC 4514 section 3, and those that everybody else uses. */
const ATTRIBUTES: { readonly [oid: string]: string } = {
  '2.5.4.3': 'CN',
  '2.5.4.4': 'SN',
  '2.5.4.5': 'serialNumber',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'STREET',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.12': 'title',
  '2.5.4.42': 'GN',
  '2.5.4.97': 'organizationIdentifier',
  '0.9.2342.19200300.100.1.1': 'UID',
  '0.9.2342.19200300.100.1.25': 'DC',
  '1.2.840.113549.1.9.1': 'emailAddress',
}

const utf8 = new TextDecoder()

/** A value: `bytes[at..end)` is its content, or what there is of it; `start` where its tag stands. */
interface Der {
  tag: number
  bytes: Bytes
  start: number
  at: number
  end: number
  whole: boolean
}

/**
 * The chain of a Certificate message: a list of certificates up to TLS 1.2 (RFC 5246 section 7.4.2); in TLS 1.3 with a
 * context before it and extensions at each (RFC 8446 section 4.4.2).
 */
export function readCertificateMessage(
  b: Bytes,
  at: number,
  end: number,
  isTls13: boolean,
  first: Place,
  last: Place,
): CertificateChain {
  const v = new Vector(b, at, end)
  if (isTls13) v.vector8()
  const chain: CertificateChain = { first, last, certificates: [], count: 0, inOrder: true }
  let issuer: Bytes | null = null
  for (const list = v.vector24(); list.left > 0;) {
    const entry = list.vector24()
    if (isTls13) list.vector16()
    chain.count++
    if (chain.certificates.length === CHAIN) continue
    const { certificate, names } = readNamed(entry.bytes, entry.at, entry.end)
    if (issuer !== null && !equal(issuer, names.subject)) chain.inOrder = false
    issuer = names.issuer
    chain.certificates.push(certificate)
  }
  return chain
}

/** Reads the certificate in `b[at..end)`. Never throws; `fault` says what is wrong with it. */
export function readCertificate(b: Bytes, at: number, end: number): Certificate {
  return readNamed(b, at, end).certificate
}

function readNamed(
  b: Bytes,
  at: number,
  end: number,
): { certificate: Certificate; names: { issuer: Bytes; subject: Bytes } } {
  const certificate: Certificate = {
    subject: '',
    issuer: '',
    commonName: '',
    names: [],
    serial: '',
    notBefore: null,
    notAfter: null,
    selfSigned: false,
    authority: false,
    size: end - at,
    fault: '',
  }
  const names = { issuer: new Uint8Array(0) as Bytes, subject: new Uint8Array(0) as Bytes }
  const outer = read(b, at, end)
  const body = outer?.tag === SEQUENCE ? children(outer, 3)[0] : undefined
  const fields = body?.tag === SEQUENCE ? children(body, 12) : []
  // TBSCertificate (section 4.1): version is left out for version 1, all else has its place.
  if (fields[0]?.tag === VERSION) fields.shift()
  const [serial, , issuer, validity, subject, key] = fields
  if (serial?.tag === INTEGER) certificate.serial = hex(serial)
  else certificate.fault = 'This is no certificate'
  if (issuer !== undefined) {
    certificate.issuer = distinguishedName(issuer)
    names.issuer = issuer.bytes.slice(issuer.start, issuer.end)
  }
  if (validity !== undefined) {
    const [from, to] = children(validity, 2)
    certificate.notBefore = from === undefined ? null : time(from)
    certificate.notAfter = to === undefined ? null : time(to)
  }
  if (subject !== undefined) {
    certificate.subject = distinguishedName(subject)
    certificate.commonName = attributes(subject).find(([type]) => type === 'CN')?.[1] ?? ''
    names.subject = subject.bytes.slice(subject.start, subject.end)
    certificate.selfSigned = equal(names.issuer, names.subject)
  }
  const extensions = fields.find((field) => field.tag === EXTENSIONS)
  if (extensions !== undefined) readExtensions(extensions, certificate)
  if (certificate.fault === '' && (key === undefined || !outer?.whole)) {
    certificate.fault = 'The certificate is cut'
  }
  return { certificate, names }
}

function readExtensions(field: Der, certificate: Certificate): void {
  const list = children(field, 1)[0]
  if (list === undefined) return
  for (const extension of children(list, 64)) {
    const parts = children(extension, 3)
    const value = parts.at(-1)
    if (parts[0]?.tag !== OID || value?.tag !== OCTET_STRING) continue
    const id = oid(parts[0])
    const inner = read(value.bytes, value.at, value.end)
    if (inner === null) continue
    if (id === SUBJECT_ALT_NAME) certificate.names = alternativeNames(inner)
    else if (id === BASIC_CONSTRAINTS) {
      const authority = children(inner, 1)[0]
      certificate.authority = authority?.tag === BOOLEAN && authority.bytes[authority.at] !== 0
    }
  }
}

function alternativeNames(list: Der): string[] {
  const names: string[] = []
  for (const { tag, bytes, at, end } of children(list, NAMES)) {
    if (tag === DNS_NAME) names.push(latin1(bytes, at, Math.min(end, at + TEXT)))
    else if (tag === IP_ADDRESS && (end - at === 4 || end - at === 16)) {
      names.push(formatAddress(bytes, at, end - at === 4 ? 4 : 6))
    }
  }
  return names
}

/** RFC 4514 section 2.1: the last one first. */
function distinguishedName(name: Der): string {
  return attributes(name)
    .toReversed()
    .map(([type, value]) => `${type}=${escape(value)}`)
    .join(',')
}

function attributes(name: Der): [type: string, value: string][] {
  const found: [string, string][] = []
  for (const set of children(name, NAMES)) {
    if (set.tag !== SET) continue
    for (const pair of children(set, NAMES)) {
      const [type, value] = children(pair, 2)
      if (type?.tag !== OID || value === undefined || found.length === NAMES) continue
      const id = oid(type)
      found.push([ATTRIBUTES[id] ?? id, text(value)])
    }
  }
  return found
}

/** RFC 4514 section 2.4. */
function escape(value: string): string {
  return value.replace(/[\\"+,;<>]|^[ #]| $/g, '\\$&').replaceAll('\0', '\\00')
}

function text({ tag, bytes, at, end }: Der): string {
  const to = Math.min(end, at + TEXT)
  if (tag === UTF8_STRING) return utf8.decode(bytes.subarray(at, to))
  if (tag !== BMP_STRING) return latin1(bytes, at, to)
  let value = ''
  for (let p = at; p + 1 < to; p += 2) value += String.fromCharCode((bytes[p]! << 8) | bytes[p + 1]!)
  return value
}

/** Section 4.1.2.5: years of two digits are 1950 to 2049. */
function time({ tag, bytes, at, end }: Der): number | null {
  const value = latin1(bytes, at, Math.min(end, at + 32))
  const match = /^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})?(?:\.\d+)?Z$/.exec(value)
  if (match === null || (match[1]!.length === 2) !== (tag === UTC_TIME)) return null
  const [year, month, day, hour, minute, second] = match.slice(1).map((digits) => Number(digits ?? 0))
  const century = tag !== UTC_TIME ? 0 : year! < 50 ? 2000 : 1900
  return Date.UTC(century + year!, month! - 1, day, hour, minute, second)
}

function oid({ bytes, at, end }: Der): string {
  const numbers: number[] = []
  let number = 0
  for (let p = at; p < end && numbers.length < 32; p++) {
    number = number * 128 + (bytes[p]! & 0x7f)
    if (bytes[p]! >= 0x80) continue
    if (numbers.length === 0) numbers.push(Math.min(2, Math.floor(number / 40)))
    numbers.push(numbers.length === 1 ? number - 40 * numbers[0]! : number)
    number = 0
  }
  return numbers.join('.')
}

/** The value at `at`; null where not even its head is there. One that runs past the end is cut there. */
function read(b: Bytes, at: number, end: number): Der | null {
  if (end - at < 2) return null
  const tag = b[at]!
  let p = at + 2
  let length = b[at + 1]!
  if (length >= 0x80) {
    const digits = length & 0x7f
    if (digits === 0 || digits > 4 || end - p < digits) return null
    for (length = 0; p < at + 2 + digits; p++) length = length * 256 + b[p]!
  }
  return { tag, bytes: b, start: at, at: p, end: Math.min(end, p + length), whole: p + length <= end }
}

/** The values inside of one, up to `limit`. */
function children(parent: Der, limit: number): Der[] {
  const found: Der[] = []
  for (let p = parent.at; p < parent.end && found.length < limit;) {
    const child = read(parent.bytes, p, parent.end)
    if (child === null) break
    found.push(child)
    p = child.end
  }
  return found
}

function hex({ bytes, at, end }: Der): string {
  let digits = ''
  // A leading zero byte only says that the number is positive.
  for (let p = end - at > 1 && bytes[at] === 0 ? at + 1 : at; p < Math.min(end, at + 64); p++) {
    digits += bytes[p]!.toString(16).padStart(2, '0')
  }
  return digits
}

function equal(a: Bytes, b: Bytes): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
