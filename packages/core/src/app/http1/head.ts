// The header section: start line, fields, and what they say about the message's end (RFC 9112 sections 2 to 6).
//
// What is a fault? A gateway's own tolerance is not on the wire, so the line is drawn at the strictest of the common
// ones (nginx, HAProxy, Apache, Envoy, Varnish, Squid, Caddy): what one of them refuses is a fault, what all of them
// pass is not. A fault is evidence only once a gateway did fail the exchange. It never stops the reading.
import { latin1, type Bytes } from '../../bytes/read.ts'
import { knownText } from '../../bytes/text.ts'
import * as ascii from './grammar.ts'
import type { Framing, Head, MessageFault, Place } from './message.ts'

/** Most bytes of a header section that `Head.bytes` keeps. */
export const HEAD_KEPT = 65_536

/** A longer header section is a fault and is not read further. No common gateway accepts as much. */
export const HEAD_LIMIT = 1_048_576

/** Tells which frame carried a byte of the head that is being read; `at` counts from the head's first byte. */
export interface Places {
  placeInHead(at: number): Place
}

/** A `Head` over its own copy of the bytes. Text is decoded when asked for. */
export class ReadHead implements Head {
  readonly kind: 'request' | 'response'
  readonly bytes: Bytes
  readonly size: number
  version = 0
  status = 0
  framing: Framing = 'none'
  contentLength = -1
  persistent = false
  fault: MessageFault | null = null
  incomplete = false
  /** False: the fields contradict each other or the grammar, and nobody can say where the message ends. */
  framed = true
  upgrade = false
  /** Words of the start line, as offsets in `bytes`: method, target or reason, and the first field line. */
  methodEnd = 0
  textAt = 0
  textEnd = 0
  fieldsAt = 0

  constructor(kind: 'request' | 'response', bytes: Bytes, size: number) {
    this.kind = kind
    this.bytes = bytes
    this.size = size
  }

  get method(): string {
    return knownText(this.bytes, 0, Math.min(this.methodEnd, this.bytes.length))
  }

  get target(): string {
    return this.kind === 'request' ? startLineText(this) : ''
  }

  get reason(): string {
    return this.kind === 'response' ? startLineText(this) : ''
  }

  field(name: string): string | null {
    const b = this.bytes
    let value: string | null = null
    for (let at = this.fieldsAt; at < b.length;) {
      const end = endOfField(b, at, b.length)
      if (end < 0) break // cut off
      let colon = at
      while (colon < end && b[colon] !== ascii.COLON) colon++
      if (colon < end && ascii.isWord(b, at, trimEnd(b, at, colon), name)) {
        const from = trimStart(b, colon + 1, end)
        const line = unfolded(latin1(b, from, trimEnd(b, from, end)))
        value = value === null ? line : `${value}, ${line}`
      }
      at = end
    }
    return value
  }
}

/** A folded line is a space (RFC 9112 section 5.2). No expression: it would try every blank of a long run of them. */
const unfolded = (value: string): string =>
  value.includes('\n')
    ? value
        .split('\n')
        .map((line) => line.trim())
        .join(' ')
    : value

/**
 * Reads the header section `b[at..end)`. `cut`: its end is not among the bytes; complete lines are read, and of an
 * incomplete start line its complete words. `asked`: for a response, the method of its request.
 */
export function readHead(
  kind: 'request' | 'response',
  b: Bytes,
  at: number,
  end: number,
  cut: boolean,
  asked: string,
  places: Places,
): ReadHead {
  const head = new ReadHead(kind, copyOf(b, at, Math.min(end, at + HEAD_KEPT)), end - at)
  let newline = at
  while (newline < end && b[newline] !== ascii.LF) newline++
  const hasLine = newline < end
  const lineEnd = hasLine ? withoutCR(b, at, newline) : end
  const reading: Reading = {
    head,
    b,
    at,
    places,
    length: -1,
    lengths: 0,
    lengthOk: true,
    codings: 0,
    codingAt: at,
    chunked: false,
  }
  if (kind === 'request') readRequestLine(reading, lineEnd, hasLine)
  else readStatusLine(reading, lineEnd, hasLine)
  head.persistent = head.version >= 11
  head.fieldsAt = hasLine ? newline + 1 - at : end - at
  if (hasLine) readFields(reading, newline + 1, end)
  decideFraming(reading, asked, cut)
  return head
}

/** Heads are copied into blocks of this size, one behind the other: a block a head costs more than all else on it. */
const BLOCK = 16_384
let block: Bytes = new Uint8Array(0)
let blockUsed = 0

/** Long heads get bytes of their own: one that is kept for long should not hold on to much besides. */
function copyOf(b: Bytes, from: number, to: number): Bytes {
  const length = to - from
  if (length > BLOCK / 8) return b.slice(from, to)
  if (blockUsed + length > block.length) {
    block = new Uint8Array(BLOCK)
    blockUsed = 0
  }
  const at = blockUsed
  block.set(b.subarray(from, to), at)
  blockUsed += length
  return block.subarray(at, at + length)
}

/** A head of a message that is not HTTP/1 at all: just the bytes and why. */
export function foreignHead(kind: 'request' | 'response', bytes: Bytes, fault: MessageFault): ReadHead {
  const head = new ReadHead(kind, bytes, bytes.length)
  head.fieldsAt = bytes.length
  head.framing = kind === 'response' ? 'until-close' : 'none'
  head.framed = false
  head.fault = fault
  return head
}

function startLineText(head: ReadHead): string {
  const end = Math.min(head.textEnd, head.bytes.length)
  return head.textAt < end ? knownText(head.bytes, head.textAt, end) : ''
}

/** The work on one head: what the fields of interest have said so far. */
interface Reading {
  head: ReadHead
  b: Bytes
  at: number
  places: Places
  /** Content-Length, -1 without; number of such values; false when one is no number or they differ. */
  length: number
  lengths: number
  lengthOk: boolean
  /** Number of Transfer-Encoding lines, where the last one's value is, whether its last coding is `chunked`. */
  codings: number
  codingAt: number
  chunked: boolean
}

function blame(r: Reading, at: number, part: MessageFault['part'], text: string): void {
  r.head.fault ??= { at: r.places.placeInHead(at - r.at), part, text }
}

/** request-line = method SP request-target SP HTTP-version (RFC 9112 section 3). */
function readRequestLine(r: Reading, end: number, complete: boolean): void {
  const { head, b, at } = r
  let p = at
  while (p < end && ascii.isToken(b[p]!)) p++
  if (p === end && !complete) return
  head.methodEnd = p - at
  const from = skipSpace(b, p, end)
  if (!complete) {
    const space = b.indexOf(ascii.SP, from)
    if (space < 0 || space >= end) return
    setText(r, from, space)
    return
  }
  const lineEnd = trimEnd(b, from, end)
  let version = lineEnd
  while (version > from && b[version - 1] !== ascii.SP && b[version - 1] !== ascii.HT) version--
  head.version = readVersion(b, version, lineEnd)
  if (version === from || !ascii.startsWith(b, version, lineEnd, 'HTTP/')) {
    head.version = version === from ? 9 : 0
    setText(r, from, version === from ? lineEnd : trimEnd(b, from, lineEnd))
    blame(r, at, 'start-line', `Request line without an HTTP version: "${ascii.showText(b, at, end)}"`)
  } else {
    setText(r, from, trimEnd(b, from, version))
    if (head.version !== 10 && head.version !== 11) {
      blame(r, version, 'start-line', `Unknown HTTP version: "${ascii.showText(b, version, lineEnd)}"`)
    }
  }
  for (let i = at + head.textAt; i < at + head.textEnd; i++) {
    const c = b[i]!
    if (c > ascii.SP && c < 127) continue
    blame(r, i, 'start-line', `Request target holds the byte ${ascii.showByte(c)}`)
    return
  }
}

/** status-line = HTTP-version SP status-code SP [ reason-phrase ] (RFC 9112 section 4); many leave out the last SP. */
function readStatusLine(r: Reading, end: number, complete: boolean): void {
  const { head, b, at } = r
  let p = at
  while (p < end && b[p] !== ascii.SP && b[p] !== ascii.HT) p++
  if (p === end && !complete) return
  head.version = readVersion(b, at, p)
  if (head.version !== 10 && head.version !== 11) {
    blame(r, at, 'start-line', `Unknown HTTP version: "${ascii.showText(b, at, p)}"`)
  }
  const code = skipSpace(b, p, end)
  p = code
  while (p < end && ascii.isDigit(b[p]!)) p++
  if (p === end && !complete) return
  const closed = p === end || b[p] === ascii.SP || b[p] === ascii.HT
  const status = p - code === 3 ? (b[code]! - 48) * 100 + (b[code + 1]! - 48) * 10 + b[code + 2]! - 48 : 0
  if (closed && status >= 100) head.status = status
  else blame(r, code, 'start-line', `Status line without a three-digit status: "${ascii.showText(b, at, end)}"`)
  if (!complete) return
  setText(r, skipSpace(b, p, end), end)
  for (let i = p; i < end; i++) {
    if (!ascii.isControl(b[i]!)) continue
    blame(r, i, 'start-line', `Reason phrase holds the control byte ${ascii.showByte(b[i]!)}`)
    return
  }
}

/** `HTTP/1.1` as 11; 0 for anything that is not HTTP, slash, digit, dot, digit. */
function readVersion(b: Bytes, from: number, to: number): number {
  if (to - from !== 8 || !ascii.startsWith(b, from, to, 'HTTP/')) return 0
  const major = b[from + 5]!
  const minor = b[from + 7]!
  if (!ascii.isDigit(major) || b[from + 6] !== 46 || !ascii.isDigit(minor)) return 0
  return (major - 48) * 10 + minor - 48
}

function setText(r: Reading, from: number, to: number): void {
  r.head.textAt = from - r.at
  r.head.textEnd = to - r.at
}

/** Field lines up to the empty line or `end`. One pass over the bytes; only four names are looked into. */
function readFields(r: Reading, from: number, end: number): void {
  const { b } = r
  for (let at = from; at < end;) {
    const plain = readPlainField(r, at, end)
    if (plain >= 0) {
      at = plain
      continue
    }
    const next = endOfField(b, at, end)
    if (next < 0) return
    const lineEnd = withoutCR(b, at, next - 1)
    if (lineEnd === at) return
    readField(r, at, lineEnd)
    at = next
  }
}

/**
 * A field line as nearly all are, in one go for speed: token, colon, value on one line. Answers where the next one
 * begins; -1, with nothing done, for any other line.
 */
function readPlainField(r: Reading, at: number, end: number): number {
  const { b } = r
  let colon = at
  while (colon < end && ascii.isToken(b[colon]!)) colon++
  if (colon === at || colon === end || b[colon] !== ascii.COLON) return -1
  let p = colon + 1
  while (p < end && !ascii.isControl(b[p]!)) p++
  const lineEnd = p
  if (p < end && b[p] === ascii.CR) p++
  if (p >= end || b[p] !== ascii.LF) return -1
  const next = p + 1
  if (next < end && (b[next] === ascii.SP || b[next] === ascii.HT)) return -1
  const value = trimStart(b, colon + 1, lineEnd)
  noteField(r, at, colon, value, trimEnd(b, value, lineEnd))
  return next
}

/** One field line with its folded continuations, line end excluded. */
function readField(r: Reading, at: number, end: number): void {
  const { b } = r
  let colon = at
  while (colon < end && ascii.isToken(b[colon]!)) colon++
  const nameEnd = colon
  if (b[colon] !== ascii.COLON || colon === end) {
    while (colon < end && b[colon] !== ascii.COLON && b[colon] !== ascii.LF) colon++
    if (colon === end || b[colon] === ascii.LF) {
      // It is not quoted: it may be the rest of a cookie that a line end cut in two.
      blame(r, at, 'field', `Field line without a colon, ${end - at} bytes long`)
      return
    }
    blameName(r, at, nameEnd, colon)
  } else if (colon === at) blame(r, at, 'field', 'Field line without a name before the colon')
  for (let i = colon + 1; i < end; i++) {
    const c = b[i]!
    if (!ascii.isControl(c)) continue
    // RFC 9112 section 5.2: a line that begins with a blank continues the one before. nginx refuses it.
    const folds = c === ascii.LF || (c === ascii.CR && b[i + 1] === ascii.LF)
    const what = folds ? 'is folded over several lines' : `holds the control byte ${ascii.showByte(c)}`
    blame(r, i, 'field', `Value of "${ascii.showText(b, at, nameEnd)}" ${what}`)
    break
  }
  const value = trimStart(b, colon + 1, end)
  noteField(r, at, trimEnd(b, at, colon), value, trimEnd(b, value, end))
}

function blameName(r: Reading, at: number, bad: number, colon: number): void {
  const c = r.b[bad]!
  const blank = c === ascii.SP || c === ascii.HT
  const text =
    blank && bad === at
      ? 'White space before the first field line'
      : blank && trimEnd(r.b, at, colon) === bad
        ? `White space between field name "${ascii.showText(r.b, at, bad)}" and colon`
        : `Field name holds the byte ${ascii.showByte(c)} behind "${ascii.showText(r.b, at, bad)}"`
  blame(r, bad, 'field', text)
}

function noteField(r: Reading, name: number, nameEnd: number, value: number, end: number): void {
  const { b, head } = r
  switch (nameEnd - name) {
    case 14:
      if (ascii.isWord(b, name, nameEnd, 'content-length')) noteLength(r, value, end)
      break
    case 17:
      if (ascii.isWord(b, name, nameEnd, 'transfer-encoding')) noteCoding(r, value, end)
      break
    case 10:
      if (!ascii.isWord(b, name, nameEnd, 'connection')) break
      if (listHas(b, value, end, 'close')) head.persistent = false
      else if (head.version === 10 && listHas(b, value, end, 'keep-alive')) head.persistent = true
      break
    case 7:
      if (ascii.isWord(b, name, nameEnd, 'upgrade')) head.upgrade = true
  }
}

/** Content-Length = 1*DIGIT (RFC 9110 section 8.6). A list of one repeated number is unambiguous, yet often refused. */
function noteLength(r: Reading, from: number, end: number): void {
  const { b } = r
  for (let at = from; at <= end;) {
    let to = at
    while (to < end && b[to] !== ascii.COMMA) to++
    const start = trimStart(b, at, to)
    const length = decimal(b, start, trimEnd(b, start, to))
    if (length < 0) {
      r.lengthOk = false
      const why = length === -2 ? 'too large' : 'not a number'
      blame(r, from, 'length', `Content-Length is ${why}: "${ascii.showText(b, from, end)}"`)
    } else if (r.lengths > 0) {
      if (r.length !== length) r.lengthOk = false
      const what = r.length === length ? 'repeated' : `${length} contradicts the ${r.length} before it`
      blame(r, from, 'length', `Content-Length ${what}`)
    } else r.length = length
    r.lengths++
    at = to + 1
  }
}

/** A non-negative decimal number; -1 when it is none, -2 beyond what counts exactly (2^53). */
function decimal(b: Bytes, from: number, to: number): number {
  if (from >= to) return -1
  let n = 0
  for (let i = from; i < to; i++) {
    if (!ascii.isDigit(b[i]!)) return -1
    if (n >= 0) n = n * 10 + b[i]! - 48
    if (n > Number.MAX_SAFE_INTEGER) n = -2
  }
  return n
}

/** Transfer-Encoding (RFC 9112 section 6.1). Gateways know `chunked` alone; other codings are read as far as framing. */
function noteCoding(r: Reading, from: number, end: number): void {
  const { b } = r
  let last = end
  while (last > from && b[last - 1] !== ascii.COMMA) last--
  last = trimStart(b, last, end)
  r.chunked = ascii.isWord(b, last, end, 'chunked')
  if (r.codings > 0) blame(r, from, 'length', 'Transfer-Encoding repeated')
  else if (!r.chunked || last !== from) {
    blame(r, from, 'length', `Transfer-Encoding other than chunked: "${ascii.showText(b, from, end)}"`)
  }
  r.codings++
  r.codingAt = from
}

/** Message body length, in the order of RFC 9112 section 6.3. */
function decideFraming(r: Reading, asked: string, cut: boolean): void {
  const { head } = r
  const { status } = head
  const response = head.kind === 'response'
  if (r.codings > 0 && r.lengths > 0) {
    blame(r, r.codingAt, 'length', 'Content-Length and Transfer-Encoding in one message')
  }
  if (response && (status === 101 || (asked === 'CONNECT' && status >= 200 && status < 300))) {
    head.framing = 'tunnel'
  } else if (response && (asked === 'HEAD' || (status >= 100 && status < 200) || status === 204 || status === 304)) {
    head.framing = 'none'
  } else if (r.codings > 0) {
    if (head.version === 10) blame(r, r.codingAt, 'length', 'Transfer-Encoding in an HTTP/1.0 message')
    head.framing = r.chunked ? 'chunked' : response ? 'until-close' : 'none'
    head.framed = r.chunked || response
  } else if (r.lengths > 0 && r.lengthOk) {
    head.framing = 'content-length'
    head.contentLength = r.length
  } else {
    head.framing = response ? 'until-close' : 'none'
    // Without a status nobody knows whether a body follows at all.
    head.framed = r.lengthOk && (!response || status > 0 || cut)
  }
}

/** Whether a comma-separated list holds `word`, letters of any case. */
function listHas(b: Bytes, from: number, end: number, word: string): boolean {
  for (let at = from; at < end;) {
    let to = at
    while (to < end && b[to] !== ascii.COMMA) to++
    const start = trimStart(b, at, to)
    if (ascii.isWord(b, start, trimEnd(b, start, to), word)) return true
    at = to + 1
  }
  return false
}

/** Offset behind the field line at `at` and its continuations; -1 when its line end is not there. */
function endOfField(b: Bytes, at: number, end: number): number {
  for (let from = at; ;) {
    let p = from
    while (p < end && b[p] !== ascii.LF) p++
    if (p === end) return -1
    from = p + 1
    const folded = from < end && (b[from] === ascii.SP || b[from] === ascii.HT)
    if (!folded || withoutCR(b, at, p) === at) return from
  }
}

const withoutCR = (b: Bytes, at: number, newline: number): number =>
  newline > at && b[newline - 1] === ascii.CR ? newline - 1 : newline

function skipSpace(b: Bytes, from: number, end: number): number {
  let p = from
  while (p < end && (b[p] === ascii.SP || b[p] === ascii.HT)) p++
  return p
}

function trimStart(b: Bytes, from: number, end: number): number {
  let p = from
  while (p < end && ascii.isBlank(b[p]!)) p++
  return p
}

function trimEnd(b: Bytes, from: number, end: number): number {
  let p = end
  while (p > from && ascii.isBlank(b[p - 1]!)) p--
  return p
}
