// DNS messages in place (RFC 1035): names label by label, addresses of A and AAAA; header, types, times to live, lengths
// and compression stay. Other data goes but for the lengths in it.
import { type Bytes, latin1, u16 } from '../../bytes/read.ts'
import { dnsTcpLength } from '../../app/dns/message.ts'
import { FILL, type Pseudonyms, type ScrubDatagram } from './contract.ts'
import { scrubHost } from './text.ts'

const HEADER = 12
const COUNTS = 4
/** type(2) class(2), and in records ttl(4) length(2) behind them. */
const QUESTION_FIXED = 4
const RECORD_FIXED = 10
const RECORD_LENGTH = 8

const A = 1
const SOA = 6
const MX = 15
const TXT = 16
const AAAA = 28
const SRV = 33
const OPT = 41
const HTTPS = 65
/** NS, CNAME, PTR, DNAME: a name and nothing else. */
const NAMES: ReadonlySet<number> = new Set([2, 5, 12, 39])

/** The longest name on the wire, in labels. */
const LABELS = 128
const POINTER = 0xc0

/** Overwrites a message, all that is not understood with `FILL`. */
export const scrubDatagram: ScrubDatagram = (_kind, bytes, at, end, pseudonyms) => {
  const message = bytes.subarray(at, end)
  const scrubbed = scrubDns(pseudonyms, message)
  message.set(scrubbed)
}

/** The messages of a DNS over TCP stream (RFC 7766 section 8), each behind its length. */
export function scrubDnsTcp(p: Pseudonyms, b: Bytes): void {
  for (let at = 0; at < b.length;) {
    const length = dnsTcpLength(b, at, b.length)
    const from = Math.min(b.length, at + 2)
    const to = Math.min(b.length, from + Math.max(0, length))
    b.set(scrubDns(p, b.subarray(from, to)), from)
    at = to
  }
}

/** A scrubbed copy of the message `b`. */
export function scrubDns(p: Pseudonyms, b: Bytes): Bytes {
  const work: Work = { p, b, out: new Uint8Array(b.length).fill(FILL), at: HEADER }
  keep(work, 0, Math.min(b.length < HEADER ? COUNTS : HEADER, b.length))
  if (b.length >= HEADER && !scrubSections(work) && isText(b)) work.out.fill(FILL, COUNTS, HEADER)
  return work.out
}

interface Work {
  readonly p: Pseudonyms
  /** As it came, and what becomes of it. */
  readonly b: Bytes
  readonly out: Bytes
  at: number
}

function keep({ b, out }: Work, from: number, to: number): void {
  if (to > from) out.set(b.subarray(from, to), from)
}

/** Counts as no message has them: letters. */
const isText = (b: Bytes): boolean => [0, 2, 4, 6].every((at) => b[COUNTS + at]! >= 0x20)

/** False where not even the first name is one. */
function scrubSections(work: Work): boolean {
  const { b } = work
  for (let left = u16(b, COUNTS); left > 0; left--) {
    if (!scrubName(work)) return false
    if (b.length - work.at < QUESTION_FIXED) {
      keep(work, work.at, b.length)
      return true
    }
    keep(work, work.at, work.at + QUESTION_FIXED)
    work.at += QUESTION_FIXED
  }
  for (let left = u16(b, COUNTS + 2) + u16(b, COUNTS + 4) + u16(b, COUNTS + 6); left > 0; left--) {
    if (!scrubRecord(work)) break
  }
  return true
}

function scrubRecord(work: Work): boolean {
  const { b } = work
  if (!scrubName(work)) return false
  const { at } = work
  const data = at + RECORD_FIXED
  keep(work, at, Math.min(b.length, data))
  if (data > b.length) return false
  const end = data + u16(b, at + RECORD_LENGTH)
  if (end > b.length) return false
  scrubData(work, u16(b, at), data, end)
  work.at = end
  return true
}

function scrubData(work: Work, type: number, at: number, end: number): void {
  const { b, out, p } = work
  work.at = at
  if ((type === A && end - at === 4) || (type === AAAA && end - at === 16)) out.set(p.address(b.slice(at, end)), at)
  else if (NAMES.has(type)) scrubName(work, end)
  else if (type === MX || type === SRV) scrubTarget(work, at + (type === MX ? 2 : 6), end)
  else if (type === SOA) {
    // Two names, then numbers.
    if (scrubName(work, end) && scrubName(work, end)) keep(work, work.at, end)
  } else if (type === TXT) {
    for (let text = at; text < end; text += 1 + b[text]!) keep(work, text, text + 1)
  } else if (type === OPT) scrubOptions(work, at, end)
  else if (type === HTTPS || type === HTTPS - 1) {
    if (scrubTarget(work, at + 2, end)) scrubOptions(work, work.at, end)
  }
}

/** A name behind numbers. */
function scrubTarget(work: Work, at: number, end: number): boolean {
  if (at >= end) return false
  keep(work, work.at, at)
  work.at = at
  return scrubName(work, end)
}

/** Options of EDNS (RFC 6891 section 6.1.2) and parameters of SVCB (RFC 9460 section 2.2): code (2), length (2), value. */
function scrubOptions(work: Work, from: number, end: number): void {
  for (let at = from; at + 4 <= end; at += 4 + u16(work.b, at + 2)) {
    keep(work, at, at + 4)
    // Zeros are an address, a port, a length of nothing.
    work.out.fill(0, at + 4, Math.min(end, at + 4 + u16(work.b, at + 2)))
  }
}

/**
 * Scrubs the labels of the name at `work.at` and goes behind it; false where it is cut or malformed. A pointer is not
 * followed: what it points to is a name that stood before, and is scrubbed there.
 */
function scrubName(work: Work, end: number = work.b.length): boolean {
  const { b, out, p } = work
  const labels: number[] = []
  for (let at = work.at; labels.length < LABELS; at += 1 + b[at]!) {
    if (at >= end) break
    const length = b[at]!
    const isPointer = length >= POINTER
    keep(work, at, Math.min(end, at + (isPointer ? 2 : 1)))
    if (length === 0 || isPointer) {
      work.at = at + (isPointer ? 2 : 1)
      scrubReverse(work, labels)
      return work.at <= end
    }
    // A label type that nobody knows, or a label that is cut: nothing behind it makes sense.
    if (length > 63) break
    const to = Math.min(end, at + 1 + length)
    const label = b.slice(at + 1, to)
    scrubHost(p, label, 0, label.length)
    out.set(label, at + 1)
    if (at + 1 + length > end) break
    labels.push(at)
  }
  work.at = b.length
  return false
}

/** 2.0.1.10.in-addr.arpa is the address 10.1.0.2 (RFC 1035 section 3.5), and ip6.arpa the like in digits (RFC 3596). */
function scrubReverse(work: Work, labels: readonly number[]): void {
  const { b, out, p } = work
  const texts = labels.map((at) => latin1(b, at + 1, at + 1 + b[at]!))
  const zone = texts.slice(-2).join('.').toLowerCase()
  if (zone !== 'in-addr.arpa' && zone !== 'ip6.arpa') return
  const write = (i: number, text: string): void => {
    for (let c = 0; c < text.length; c++) out[labels[i]! + 1 + c] = text.charCodeAt(c)
  }
  write(texts.length - 2, texts.at(-2)!)
  write(texts.length - 1, texts.at(-1)!)
  const parts = texts.slice(0, -2).toReversed()
  const isIp4 = zone === 'in-addr.arpa'
  const fits = isIp4 ? parts.length === 4 : parts.length === 32
  if (!fits || !parts.every((part) => (isIp4 ? /^\d{1,3}$/ : /^[\da-f]$/i).test(part))) return
  const address = isIp4
    ? Uint8Array.from(parts, Number)
    : Uint8Array.from({ length: 16 }, (_, i) => Number.parseInt(parts[2 * i]! + parts[2 * i + 1]!, 16))
  const mapped = p.address(address)
  for (let i = 0; i < parts.length; i++) {
    const nibble = i % 2 === 0 ? mapped[i >> 1]! >> 4 : mapped[i >> 1]! & 15
    const text = isIp4 ? String(mapped[i]) : nibble.toString(16)
    // As many digits, or the labels do not fit: then what `scrubHost` made of it stays.
    if (text.length === parts[i]!.length) write(parts.length - 1 - i, text)
  }
}
