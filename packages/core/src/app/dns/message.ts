// DNS messages (RFC 1035), with EDNS (RFC 6891) as far as it widens the response code.
//
// A message cut by a snap length or by the server (TC) is normal: what stands before the cut is kept.
import { formatAddress } from '../../bytes/address.ts'
import { u16, u32, type Bytes } from '../../bytes/read.ts'

const ID = 0
const FLAGS = 2
const QUESTIONS = 4
const ANSWERS = 6
const AUTHORITIES = 8
const ADDITIONALS = 10
const HEADER = 12

const RESPONSE = 0x8000
const TRUNCATED = 0x0200

/** Pointers followed in one name; a chain that is longer, or a loop, is malformed. */
const MAX_POINTERS = 32
/** Length of a name on the wire in bytes (RFC 1035 section 2.3.4). */
const MAX_NAME = 255

const A = 1
const NS = 2
const CNAME = 5
const PTR = 12
const AAAA = 28
const SRV = 33
const OPT = 41

/** IANA dns-parameters. */
const TYPES: { readonly [type: number]: string } = {
  [A]: 'A',
  [NS]: 'NS',
  [CNAME]: 'CNAME',
  6: 'SOA',
  [PTR]: 'PTR',
  15: 'MX',
  16: 'TXT',
  [AAAA]: 'AAAA',
  [SRV]: 'SRV',
  35: 'NAPTR',
  39: 'DNAME',
  [OPT]: 'OPT',
  43: 'DS',
  46: 'RRSIG',
  47: 'NSEC',
  48: 'DNSKEY',
  64: 'SVCB',
  65: 'HTTPS',
  255: 'ANY',
  257: 'CAA',
}

const RCODES = [
  'NOERROR',
  'FORMERR',
  'SERVFAIL',
  'NXDOMAIN',
  'NOTIMP',
  'REFUSED',
  'YXDOMAIN',
  'YXRRSET',
  'NXRRSET',
  'NOTAUTH',
  'NOTZONE',
  'DSOTYPENI',
]

export interface DnsQuestion {
  /** Without the final dot; the root is `.`. Bytes that are not printable ASCII stand as `\ddd`. */
  name: string
  /** `A`, `AAAA` ...; `TYPE65280` where it has no name (RFC 3597). */
  type: string
}

export interface DnsAnswer {
  name: string
  type: string
  /** Seconds. */
  ttl: number
  /** A, AAAA: the address. CNAME, NS, PTR: the name. SRV: `priority weight port target`. Others: ''. */
  data: string
}

export interface DnsMessage {
  id: number
  isResponse: boolean
  opcode: number
  /** With the upper bits that EDNS adds. */
  rcode: number
  rcodeName: string
  /** TC: the server cut the answer to fit; the client asks again over TCP. */
  truncated: boolean
  questions: DnsQuestion[]
  answers: DnsAnswer[]
  /** Records that the header announces are missing. */
  incomplete: boolean
}

export interface DnsFault {
  /** Offset in the bytes that were read. */
  at: number
  text: string
}

/** `message` is what stands before the cut or the fault; null where not even the header is there. */
export type DnsRead =
  | { is: 'complete'; message: DnsMessage; end: number }
  | { is: 'incomplete'; message: DnsMessage | null }
  | { is: 'malformed'; message: DnsMessage; fault: DnsFault }

/** A question or record that was read, for who asks where it stands: `bytes[at]` to `bytes[end - 1]`. */
export interface DnsPart {
  section: 'question' | 'answer' | 'authority' | 'additional'
  at: number
  end: number
  record: DnsQuestion | DnsAnswer
}

/** Reads the message in `bytes[at]` to `bytes[end - 1]`, and tells `onPart` of each of its parts. Never throws. */
export function readDns(bytes: Bytes, at: number, end: number, onPart?: (part: DnsPart) => void): DnsRead {
  if (end - at < HEADER) return { is: 'incomplete', message: null }
  const message = readHeader(bytes, at)
  const cursor: Cursor = { bytes, start: at, at: at + HEADER, end, fault: null, onPart }
  const isWhole = readSections(cursor, message)
  message.rcodeName = rcodeName(message.rcode)
  if (isWhole) return { is: 'complete', message, end: cursor.at }
  message.incomplete = true
  return cursor.fault === null ? { is: 'incomplete', message } : { is: 'malformed', message, fault: cursor.fault }
}

/**
 * Length of the message behind the two-byte length field of DNS over TCP (RFC 7766 section 8), -1 where the field
 * itself is cut. The message is `bytes[at + 2]` to `bytes[at + 1 + length]`, if it is there.
 */
export function dnsTcpLength(bytes: Bytes, at: number, end: number): number {
  return end - at < 2 ? -1 : u16(bytes, at)
}

/** Reads the messages of a DNS over TCP stream, in order; the last may be incomplete. */
export function readDnsTcp(bytes: Bytes, at: number, end: number): DnsRead[] {
  const messages: DnsRead[] = []
  let next = at
  while (next < end) {
    const length = dnsTcpLength(bytes, next, end)
    if (length < 0) break
    messages.push(readDns(bytes, next + 2, Math.min(end, next + 2 + length)))
    next += 2 + length
  }
  return messages
}

/** `NXDOMAIN`, `SERVFAIL` ...; `RCODE4095` where it has no name. */
export function rcodeName(rcode: number): string {
  return rcode === 16 ? 'BADVERS' : (RCODES[rcode] ?? `RCODE${rcode}`)
}

/** Where reading stands. `fault` is set by what breaks the rules; running out of bytes sets none. */
interface Cursor {
  readonly bytes: Bytes
  /** Start of the message, which compression pointers count from. */
  readonly start: number
  at: number
  readonly end: number
  fault: DnsFault | null
  readonly onPart: ((part: DnsPart) => void) | undefined
}

function readHeader(bytes: Bytes, at: number): DnsMessage {
  const flags = u16(bytes, at + FLAGS)
  return {
    id: u16(bytes, at + ID),
    isResponse: (flags & RESPONSE) !== 0,
    opcode: (flags >> 11) & 0x0f,
    rcode: flags & 0x0f,
    rcodeName: '',
    truncated: (flags & TRUNCATED) !== 0,
    questions: [],
    answers: [],
    incomplete: false,
  }
}

/** False where a record is cut or malformed. */
function readSections(cursor: Cursor, message: DnsMessage): boolean {
  const { bytes, start } = cursor
  for (let left = u16(bytes, start + QUESTIONS); left > 0; left--) {
    const { at } = cursor
    const question = readQuestion(cursor)
    if (question === null) return false
    message.questions.push(question)
    cursor.onPart?.({ section: 'question', at, end: cursor.at, record: question })
  }
  return (
    readRecords(cursor, message, 'answer', u16(bytes, start + ANSWERS)) &&
    readRecords(cursor, message, 'authority', u16(bytes, start + AUTHORITIES)) &&
    readRecords(cursor, message, 'additional', u16(bytes, start + ADDITIONALS))
  )
}

function readRecords(cursor: Cursor, message: DnsMessage, section: DnsPart['section'], count: number): boolean {
  for (let left = count; left > 0; left--) {
    const { at } = cursor
    const record = readRecord(cursor, message)
    if (record === null) return false
    if (section === 'answer') message.answers.push(record)
    cursor.onPart?.({ section, at, end: cursor.at, record })
  }
  return true
}

function readQuestion(cursor: Cursor): DnsQuestion | null {
  const name = readName(cursor)
  if (name === null || cursor.end - cursor.at < 4) return null
  const type = typeName(u16(cursor.bytes, cursor.at))
  cursor.at += 4
  return { name, type }
}

function readRecord(cursor: Cursor, message: DnsMessage): DnsAnswer | null {
  const name = readName(cursor)
  const { bytes, at, end } = cursor
  if (name === null || end - at < 10) return null
  const type = u16(bytes, at)
  const ttl = u32(bytes, at + 4)
  const dataAt = at + 10
  const dataEnd = dataAt + u16(bytes, at + 8)
  if (dataEnd > end) return null
  // EDNS keeps the upper eight bits of the response code where others keep the TTL (RFC 6891 section 6.1.3).
  if (type === OPT) message.rcode |= (ttl >>> 24) << 4
  const data = readData(cursor, type, dataAt, dataEnd)
  if (data === null) return null
  cursor.at = dataEnd
  return { name, type: typeName(type), ttl, data }
}

function readData(cursor: Cursor, type: number, at: number, end: number): string | null {
  const { bytes } = cursor
  switch (type) {
    case A:
      return end - at === 4 ? formatAddress(bytes, at, 4) : malformed(cursor, at, 'A record is not 4 bytes long')
    case AAAA:
      return end - at === 16 ? formatAddress(bytes, at, 6) : malformed(cursor, at, 'AAAA record is not 16 bytes long')
    case CNAME:
    case NS:
    case PTR:
      return nameIn(cursor, at, end)
    case SRV: {
      if (end - at < 7) return malformed(cursor, at, 'SRV record is too short')
      const target = nameIn(cursor, at + 6, end)
      return target && `${u16(bytes, at)} ${u16(bytes, at + 2)} ${u16(bytes, at + 4)} ${target}`
    }
    default:
      return ''
  }
}

/** A name that must end inside the record's data. */
function nameIn(cursor: Cursor, at: number, end: number): string | null {
  cursor.at = at
  const name = readName(cursor)
  return name !== null && cursor.at > end ? malformed(cursor, at, 'name runs over the end of its record') : name
}

/** Reads the name at the cursor and moves behind it. Null: cut, or malformed with `cursor.fault` set. */
function readName(cursor: Cursor): string | null {
  const { bytes, start, end } = cursor
  let at = cursor.at
  let text = ''
  let size = 1
  let pointers = 0
  for (;;) {
    if (at >= end) return null
    const length = bytes[at]
    if (length === 0) break
    if (length >= 0xc0) {
      if (end - at < 2) return null
      if (pointers === 0) cursor.at = at + 2
      if (++pointers > MAX_POINTERS) return malformed(cursor, at, 'compression pointers do not end')
      const target = start + (u16(bytes, at) & 0x3fff)
      // A pointer names a prior occurrence (RFC 1035 section 4.1.4), so it never points past the cut.
      if (target >= at) return malformed(cursor, at, 'compression pointer does not point back')
      at = target
      continue
    }
    if (length >= 0x40) return malformed(cursor, at, 'label type is not known')
    size += length + 1
    if (size > MAX_NAME) return malformed(cursor, at, 'name is longer than 255 bytes')
    if (end - at <= length) return null
    text += (text === '' ? '' : '.') + label(bytes, at + 1, at + 1 + length)
    at += 1 + length
  }
  if (pointers === 0) cursor.at = at + 1
  return text === '' ? '.' : text
}

/** RFC 1035 section 5.1: a dot or backslash inside a label is quoted, other odd bytes stand in decimal. */
function label(bytes: Bytes, from: number, to: number): string {
  let text = ''
  for (let at = from; at < to; at++) {
    const byte = bytes[at]
    if (byte === 0x2e || byte === 0x5c) text += `\\${String.fromCharCode(byte)}`
    else if (byte > 0x20 && byte < 0x7f) text += String.fromCharCode(byte)
    else text += `\\${String(byte).padStart(3, '0')}`
  }
  return text
}

function malformed(cursor: Cursor, at: number, text: string): null {
  cursor.fault = { at, text }
  return null
}

const typeName = (type: number): string => TYPES[type] ?? `TYPE${type}`
