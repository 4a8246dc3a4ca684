// Streams that nobody reads: of their first bytes stays what tells the protocol (app/sniff.ts), and of an error the
// number. Of texts the words go, the rest of the stream is not spoken of.
import type { MessageSink } from '../../app/http1/message.ts'
import { sniff, SNIFF_LENGTH, type Sniffed } from '../../app/sniff.ts'
import { type Bytes, u32 } from '../../bytes/read.ts'
import type { Pseudonyms } from './contract.ts'
import { scrubRequestHead, scrubResponseHead } from './head.ts'
import { Pieces, type SideEdits } from './pieces.ts'
import type { Origin } from './reader.ts'
import { isAlphanumeric, scrubText } from './text.ts'
import { keepsProducts, keepsProtocol } from './vocabulary.ts'

/** Binary protocols: how many of their first bytes hold nothing but lengths, types and codes. */
const FIXED: { readonly [protocol in Sniffed]?: number } = {
  http2: 9, // the header of SETTINGS
  tls: 5, // the header of a record
  'tls-alert': 7, // with level and description
  fastcgi: 8, // the header of a record
  ajp: 5, // magic, length, type of the message
  scgi: 21, // the length, and the name CONTENT_LENGTH
  mysql: 7, // length, sequence, protocol and the version's first digit; or the number of an error
  mongodb: 16, // lengths, ids, operation
  dns: 15, // length, header, length of the first label
}

/** uwsgi: the header, and the length of a variable's name. */
const UWSGI_FIRST = 6

/** Commands and answers by which protocols of text are known. */
const TEXT_WORDS: ReadonlySet<string> = new Set(
  `ehlo helo lhlo smtp esmtp ftp ftpd proftpd vsftpd pop3 imap imap4 imap4rev1 preauth bye ssh openssh ok pong err noauth
   ping auth hello info get gets set add replace append prepend noreply rtsp describe setup play postfix exim dovecot ready
   too connections authentication required wrong number of arguments unknown command`.split(/\s+/),
)

/** Replies have three digits at most. */
const keepsText = (word: string): boolean => TEXT_WORDS.has(word) || (keepsProducts(word) && !/^\d{4}/.test(word))

/** Bytes of such a stream that are looked at: a message of PostgreSQL is scrubbed whole. */
export const OPAQUE_KEPT = 1024

/** Scrubs the first bytes of a side, and writes back what stays of them. */
export function scrubForeign(p: Pseudonyms, pieces: Pieces, edits: SideEdits): void {
  const b = pieces.bytes.subarray(0, SNIFF_LENGTH)
  const told = sniff(b, 0, b.length)
  const first = b.slice(0, beginsStatusLine(b) + 1)
  const done = told === 'postgres' ? scrubPostgres(p, pieces.bytes) : scrubFirstBytes(p, told, b)
  // The byte by which it is no HTTP response stays, and so does what stands before.
  b.set(first)
  pieces.replace(edits, 0, Math.max(done, first.length))
}

/**
 * For a scanner that is asked for records alone and tells of no message: what it does tell of is a stream that begins
 * in another protocol.
 */
export const foreignSink = (p: Pseudonyms, edits: SideEdits, origin: Origin): MessageSink => ({
  begin: () => {},
  head: ({ bytes, fault }, first) => {
    if (fault?.part !== 'start-line') return 0
    const pieces = new Pieces(OPAQUE_KEPT)
    pieces.add(bytes, 0, bytes.length, origin.position(first.offset))
    scrubForeign(p, pieces, edits)
    return 0
  },
  end: () => {},
})

/** How many bytes are those that a status line begins with (RFC 9112 section 4). */
function beginsStatusLine(b: Bytes): number {
  let at = 0
  while (at < b.length && b[at] === 'HTTP/'.charCodeAt(at)) at++
  return at
}

/** Scrubs the first bytes `b` of a stream in place; answers how many of them stay. */
function scrubFirstBytes(p: Pseudonyms, speaks: Sniffed | 'need-more', b: Bytes): number {
  const fixed = speaks === 'need-more' ? undefined : FIXED[speaks]
  if (fixed !== undefined) return Math.min(fixed, b.length)
  switch (speaks) {
    case 'http1-request':
      scrubRequestHead(p, b, 0, b.length)
      return b.length
    case 'http1-response':
      scrubResponseHead(p, b, 0, b.length)
      return b.length
    case 'uwsgi': {
      const end = Math.min(b.length, UWSGI_FIRST + b[4]!)
      scrubText(p, b, UWSGI_FIRST, end, keepsProtocol)
      return end
    }
    case 'need-more':
    case 'unknown': {
      // The first byte that is no letter or digit, which no message begins with.
      let end = 0
      while (end < b.length && isAlphanumeric(b[end]!)) end++
      end = Math.min(b.length, end + 1)
      scrubText(p, b, 0, end)
      return end
    }
    default:
      scrubText(p, b, 0, b.length, keepsText)
      return b.length
  }
}

/** Length and code of a start-up message; type, length and first field of an answer, or its kind of authentication. */
const POSTGRES_STARTUP = 8
const POSTGRES_ANSWER = 5
const POSTGRES_AUTHENTICATION = 9
const ERROR = 69
/** Fields of an error that hold severity and SQLSTATE. */
const ERROR_KEPT = 'SVC'
const PARAMETERS: ReadonlySet<string> = new Set(['user', 'database', 'replication', 'options', 'client', 'encoding'])

/** The first message: of a start-up the names of the parameters stay, of an error its severity and its code. */
function scrubPostgres(p: Pseudonyms, b: Bytes): number {
  if (b[0] === 0) {
    const end = Math.min(b.length, u32(b, 0))
    scrubText(p, b, POSTGRES_STARTUP, end, (word) => PARAMETERS.has(word))
    return Math.max(POSTGRES_STARTUP, end)
  }
  const end = Math.min(b.length, 1 + u32(b, 1))
  if (b[0] !== ERROR) return Math.min(POSTGRES_AUTHENTICATION, b.length)
  for (let at = POSTGRES_ANSWER; at < end;) {
    let to = at
    while (to < end && b[to] !== 0) to++
    if (!ERROR_KEPT.includes(String.fromCharCode(b[at]!))) scrubText(p, b, at + 1, to)
    at = to + 1
  }
  return end
}
