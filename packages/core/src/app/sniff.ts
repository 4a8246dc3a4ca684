// What a stream looks like from its first bytes: for the times when the other end speaks something else than expected.
//
// Only what a few bytes tell with confidence. Protocols that begin with a bare number or with free text (and FTP's and
// SMTP's `220` when the greeting names neither) stay `unknown` or `text`: a wrong name misleads more than none.
import { latin1, u16, u16le, u24, u32, u32le, type Bytes } from '../bytes/read.ts'

/** What a stream looks like, with its name for a person. */
export const SNIFFED_NAMES = {
  'http1-request': 'HTTP/1 request',
  'http1-response': 'HTTP/1 response',
  http2: 'HTTP/2',
  'tls-alert': 'TLS alert',
  tls: 'TLS',
  'proxy-protocol': 'PROXY protocol',
  fastcgi: 'FastCGI',
  uwsgi: 'uwsgi',
  scgi: 'SCGI',
  ajp: 'AJP',
  ssh: 'SSH',
  smtp: 'SMTP',
  ftp: 'FTP',
  pop3: 'POP3',
  imap: 'IMAP',
  redis: 'Redis',
  memcached: 'memcached',
  mysql: 'MySQL',
  postgres: 'PostgreSQL',
  mongodb: 'MongoDB',
  rtsp: 'RTSP',
  dns: 'DNS over TCP',
  text: 'text of an unknown protocol',
  unknown: 'an unknown protocol',
} as const

export type Sniffed = keyof typeof SNIFFED_NAMES

/** Beyond as many bytes a recogniser that still cannot tell never will. */
export const SNIFF_LENGTH = 64

/**
 * Names the protocol of the stream that begins with `b[at..end)`. `need-more`: too few bytes to tell; never answered
 * for `SNIFF_LENGTH` bytes or more.
 */
export function sniff(b: Bytes, at: number, end: number): Sniffed | 'need-more' {
  const until = Math.min(end, at + SNIFF_LENGTH)
  if (isPlainRequest(b, at, until)) return 'http1-request'
  if (beginsWith(b, at, until, 'HTTP/')) return 'http1-response'
  const first = b.subarray(at, until)
  let open = first.length === 0
  for (const [name, look] of RECOGNISERS) {
    const answer = look(first)
    if (answer === 'yes') return name
    if (answer === 'open') open = true
  }
  if (open && first.length < SNIFF_LENGTH) return 'need-more'
  return isText(first) ? 'text' : 'unknown'
}

/** `open`: nothing speaks against it, and more bytes would tell. */
type Answer = 'yes' | 'no' | 'open'
type Recogniser = (b: Bytes) => Answer

/** In order: what comes first wins. */
const RECOGNISERS: readonly (readonly [Sniffed, Recogniser])[] = [
  ['http2', either(begins('PRI * HTTP/2.0\r\n'), http2Settings)],
  // Whole, it was told before.
  ['http1-response', begins('HTTP/')],
  ['rtsp', either(begins('RTSP/'), requestLine('RTSP/'))],
  ['http1-request', either(commonRequest, requestLine('HTTP/'))],
  ['tls-alert', tlsAlert],
  ['tls', either(tlsRecord, ssl2Hello)],
  ['proxy-protocol', either(begins('PROXY TCP'), begins('PROXY UNKNOWN'), begins('\r\n\r\n\0\r\nQUIT\n'))],
  ['fastcgi', either(fastcgiRequest, fastcgiResponse)],
  ['uwsgi', uwsgi],
  ['scgi', scgi],
  ['ajp', either(ajp('\x12\x34', [2, 7, 8, 10]), ajp('AB', [3, 4, 5, 6, 9]))],
  ['ssh', begins('SSH-')],
  ['smtp', either(begins('EHLO '), begins('HELO '), begins('LHLO '), greeting('SMTP'))],
  ['ftp', greeting('FTP')],
  ['pop3', begins('+OK ')],
  ['imap', either(begins('* OK '), begins('* PREAUTH '), begins('* BYE '))],
  ['redis', either(begins('+OK\r\n'), begins('+PONG\r\n'), begins('-ERR '), begins('-NOAUTH '), redisLength)],
  ['memcached', memcached],
  ['mysql', mysqlGreeting],
  ['postgres', either(postgresStartup, postgresAnswer)],
  ['mongodb', mongodb],
  ['dns', dns],
]

function begins(text: string): Recogniser {
  return (b) => {
    for (let i = 0; i < text.length && i < b.length; i++) if (b[i] !== text.charCodeAt(i)) return 'no'
    return b.length < text.length ? 'open' : 'yes'
  }
}

function either(...recognisers: Recogniser[]): Recogniser {
  return (b) => {
    let open = false
    for (const look of recognisers) {
      const answer = look(b)
      if (answer === 'yes') return answer
      open ||= answer === 'open'
    }
    return open ? 'open' : 'no'
  }
}

/** Judges `length` bytes once they are there; before that, `prefix` must fit as far as it goes. */
function fixed(b: Bytes, prefix: string, length: number, fits: () => boolean): Answer {
  const answer = begins(prefix)(b)
  if (answer !== 'yes') return answer
  if (b.length < length) return 'open'
  return fits() ? 'yes' : 'no'
}

/** A text line with its line end, as far as it is there. */
function firstLine(b: Bytes): { line: string; complete: boolean } {
  const end = b.indexOf(10)
  return { line: latin1(b, 0, end < 0 ? b.length : end).replace(/\r$/, ''), complete: end >= 0 }
}

/** RFC 9113 section 3.4: a server's first frame is SETTINGS, on stream 0, of 6 bytes a setting, no ACK. */
function http2Settings(b: Bytes): Answer {
  return fixed(b, '\0', 9, () => u24(b, 0) % 6 === 0 && u24(b, 0) <= 600 && b[3] === 4 && b[4] === 0 && u32(b, 5) === 0)
}

const PLAIN_REQUESTS = ['GET /', 'POST /', 'PUT /', 'HEAD /', 'DELETE /', 'PATCH /', 'OPTIONS /']

/** What most streams begin with, told without making text of it: for speed. */
function isPlainRequest(b: Bytes, at: number, end: number): boolean {
  if (!PLAIN_REQUESTS.some((begin) => beginsWith(b, at, end, begin))) return false
  let lf = at
  while (lf < end && b[lf] !== 10) lf++
  if (lf === end) return true
  const version = lf - (b[lf - 1] === 13 ? 10 : 9)
  return beginsWith(b, version, lf, ' HTTP/1.0') || beginsWith(b, version, lf, ' HTTP/1.1')
}

/** `text` stands at `at`, whole. */
function beginsWith(b: Bytes, at: number, end: number, text: string): boolean {
  if (end - at < text.length) return false
  for (let i = 0; i < text.length; i++) if (b[at + i] !== text.charCodeAt(i)) return false
  return true
}

const COMMON_REQUEST =
  /^(?:GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH|TRACE|PURGE|REPORT|SEARCH|PROP(?:FIND|PATCH)|MKCOL|COPY|MOVE|(?:UN)?LOCK) (?:\/|https?:\/\/|\* HTTP)/

/** Method and path tell where the line is long; a version never comes in HTTP/0.9. */
function commonRequest(b: Bytes): Answer {
  const { line, complete } = firstLine(b)
  if (complete && / [A-Z]+\/[\d.]+$/.test(line) && !/ HTTP\/[\d.]+$/.test(line)) return 'no'
  if (COMMON_REQUEST.test(line)) return 'yes'
  return /^[A-Z]{1,10}(?: \S*)?$/.test(line) && !complete ? 'open' : 'no'
}

/** A whole line of method, target and version. */
function requestLine(version: string): Recogniser {
  const whole = new RegExp(`^[!#$%&'*+.^_\`|~\\w-]+ +\\S.* ${version}\\d\\.\\d$`)
  return (b) => {
    const { line, complete } = firstLine(b)
    if (complete) return whole.test(line) ? 'yes' : 'no'
    return /^[!#$%&'*+.^_`|~\w-]+(?: [\x20-\x7e\x80-\xff]*)?\r?$/.test(line) ? 'open' : 'no'
  }
}

/** A record of the plain two bytes, level and description (RFC 8446 section 6); an encrypted one is longer. */
function tlsAlert(b: Bytes): Answer {
  return fixed(b, '\x15\x03', 7, () => b[2]! <= 4 && u16(b, 3) === 2 && (b[5] === 1 || b[5] === 2))
}

/** TLS record header (RFC 8446 section 5.1, limits as in RFC 5246 section 6.2.3): type, version, length. */
function tlsRecord(b: Bytes): Answer {
  if (b.length > 0 && (b[0]! < 0x14 || b[0]! > 0x17)) return 'no'
  if ((b.length > 1 && b[1] !== 3) || (b.length > 2 && b[2]! > 4)) return 'no'
  if (b.length < 5) return 'open'
  if (b[0] === 0x15 && u16(b, 3) === 2 && b.length < 7) return 'open' // an alert, most likely
  return u16(b, 3) > 0 && u16(b, 3) <= 16_384 + 2048 ? 'yes' : 'no'
}

/** A ClientHello in SSLv2 form (RFC 5246 appendix E.2): length with the top bit set, type 1, version. */
function ssl2Hello(b: Bytes): Answer {
  if (b.length > 0 && b[0]! < 0x80) return 'no'
  if (b.length > 2 && b[2] !== 1) return 'no'
  if (b.length < 5) return 'open'
  const version = u16(b, 3)
  return (u16(b, 0) & 0x7fff) >= 25 && (version === 2 || (version >= 0x300 && version <= 0x303)) ? 'yes' : 'no'
}

/** FCGI_BEGIN_REQUEST: version 1, type 1, 8 bytes of content that begin with a role of 1 to 3. */
function fastcgiRequest(b: Bytes): Answer {
  return fixed(b, '\x01\x01', 10, () => u16(b, 4) === 8 && b[7] === 0 && u16(b, 8) >= 1 && u16(b, 8) <= 3)
}

/** FCGI_END_REQUEST (8 bytes), FCGI_STDOUT or FCGI_STDERR: what an application answers with. */
function fastcgiResponse(b: Bytes): Answer {
  return fixed(b, '\x01', 8, () => b[7] === 0 && (b[1] === 6 || b[1] === 7 || (b[1] === 3 && u16(b, 4) === 8)))
}

/** Modifier 0, size of the variables, modifier 0; then the first variable's name with its length before it. */
function uwsgi(b: Bytes): Answer {
  return fixed(b, '\0', 8, () => {
    const length = u16le(b, 4)
    if (b[3] !== 0 || length < 2 || length > 64 || u16le(b, 1) < length + 4) return false
    return /^[A-Z][A-Z0-9_]+$/.test(latin1(b, 6, Math.min(b.length, 6 + length)))
  })
}

/** A netstring whose first header is CONTENT_LENGTH, as SCGI demands. */
function scgi(b: Bytes): Answer {
  const text = latin1(b, 0, b.length)
  if (/^\d{1,6}:CONTENT_LENGTH\0/.test(text)) return 'yes'
  const colon = text.indexOf(':')
  if (colon < 0) return /^\d{0,6}$/.test(text) ? 'open' : 'no'
  return /^\d+$/.test(text.slice(0, colon)) && 'CONTENT_LENGTH\0'.startsWith(text.slice(colon + 1)) ? 'open' : 'no'
}

/** AJP/1.3 packet: magic of the sender, length, and a message code that this sender may begin with. */
function ajp(magic: string, codes: readonly number[]): Recogniser {
  return (b) => fixed(b, magic, 5, () => u16(b, 2) >= 1 && u16(b, 2) <= 8192 && codes.includes(b[4]!))
}

/** A server's greeting line that names its protocol: `220 host ESMTP ...`. */
function greeting(word: string): Recogniser {
  return (b) => {
    const is220 = either(begins('220 '), begins('220-'))(b)
    if (is220 !== 'yes') return is220
    if (new RegExp(word, 'i').test(latin1(b, 4, b.length))) return 'yes'
    return firstLine(b).complete ? 'no' : 'open'
  }
}

/** An array, number or string of RESP: its sign, a number, CRLF. */
function redisLength(b: Bytes): Answer {
  const text = latin1(b, 0, Math.min(b.length, 16))
  if (/^[*$:]-?\d+\r\n/.test(text)) return 'yes'
  return /^[*$:](?:-?\d*\r?)?$/.test(text) ? 'open' : 'no'
}

/** Commands of the text protocol, whole lines, in lower case as the protocol has them; and its error answer. */
function memcached(b: Bytes): Answer {
  const { line, complete } = firstLine(b)
  if (!complete) return /^(?:[a-z]+(?: [\x21-\x7e]*)*|E[ROR]*)\r?$/.test(line) ? 'open' : 'no'
  if (/^(?:gets? [^ ]+|(?:set|add|replace|append|prepend) [^ ]+ \d+ -?\d+ \d+)(?: noreply)?$/.test(line)) return 'yes'
  return line === 'ERROR' ? 'yes' : 'no'
}

/** The server speaks first: length, sequence 0, protocol 10 and its version; or 0xff and an error number. */
function mysqlGreeting(b: Bytes): Answer {
  if (b.length < 7) {
    const fits =
      (b.length < 3 || b[2] === 0) && (b.length < 4 || b[3] === 0) && (b.length < 5 || [10, 255].includes(b[4]!))
    return fits ? 'open' : 'no'
  }
  const length = u16le(b, 0)
  if (b[2] !== 0 || b[3] !== 0 || length < 5 || length > 1024) return 'no'
  if (b[4] === 10) return b[5]! >= 0x31 && b[5]! <= 0x39 && length >= 40 ? 'yes' : 'no'
  return b[4] === 255 && u16le(b, 5) >= 1040 && u16le(b, 5) < 4000 ? 'yes' : 'no'
}

/** StartupMessage 3.0, or the request codes for TLS, GSSAPI and cancelling. */
function postgresStartup(b: Bytes): Answer {
  return fixed(b, '\0\0', 8, () => {
    const code = u32(b, 4)
    if (code === 196_608) return u32(b, 0) >= 9
    return (code === 80_877_103 || code === 80_877_104) && u32(b, 0) === 8
      ? true
      : code === 80_877_102 && u32(b, 0) === 16
  })
}

/** Authentication request, or an error with its severity. */
function postgresAnswer(b: Bytes): Answer {
  return either(
    (bytes) => fixed(bytes, 'R\0\0\0', 9, () => bytes[4]! >= 8 && u32(bytes, 5) <= 12),
    (bytes) => fixed(bytes, 'E\0\0', 11, () => ['SFATAL', 'SERROR', 'SPANIC'].includes(latin1(bytes, 5, 11))),
  )(b)
}

/** Header of the wire protocol: message length, two ids, operation (OP_MSG, OP_COMPRESSED, OP_QUERY, OP_REPLY). */
function mongodb(b: Bytes): Answer {
  if (b.length >= 4 && (u32le(b, 0) < 16 || u32le(b, 0) > 48_000_000)) return 'no'
  if (b.length < 16) return b.length > 2 && b[3]! > 2 ? 'no' : 'open'
  const operation = u32le(b, 12)
  return [2013, 2012, 2004].includes(operation) || (operation === 1 && u32le(b, 8) !== 0) ? 'yes' : 'no'
}

/** Length (RFC 1035 section 4.2.2), then a header of a query or response with one question and plausible counts. */
function dns(b: Bytes): Answer {
  if (b.length >= 2 && (u16(b, 0) < 17 || u16(b, 0) > 4096)) return 'no'
  if (b.length < 15) return 'open'
  const flags = u16(b, 4)
  const isResponse = flags >= 0x8000
  if (u16(b, 6) !== 1 || (flags & 0x7840) !== 0 || b[14]! > 63) return 'no'
  if (isResponse) return u16(b, 8) < 256 && u16(b, 10) < 256 ? 'yes' : 'no'
  return u16(b, 8) === 0 && u16(b, 10) === 0 && u16(b, 12) <= 2 && (flags & 15) === 0 ? 'yes' : 'no'
}

/** Printable ASCII, UTF-8 or Latin-1 letters, and white space. */
function isText(b: Bytes): boolean {
  return b.length > 0 && b.every((c) => (c >= 32 && c !== 127) || c === 9 || c === 10 || c === 13)
}
