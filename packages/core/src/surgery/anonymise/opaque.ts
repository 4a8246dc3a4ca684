// Streams that nobody reads: of their first bytes stays what tells the protocol (app/sniff.ts), and of an error the
// number. Of texts the words go, the rest of the stream is not spoken of.
import { sniff, SNIFF_LENGTH, type Sniffed } from '../../app/sniff.ts'
import type { Bytes } from '../../bytes/read.ts'
import type { Pseudonyms } from './contract.ts'
import { scrubRequestHead, scrubResponseHead } from './head.ts'
import type { Pieces, SideEdits } from './pieces.ts'
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
  postgres: 11, // type, length, kind of authentication or severity
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

const keepsText = (word: string): boolean => TEXT_WORDS.has(word) || keepsProducts(word)

/** Scrubs the first bytes of a side, and writes back what stays of them. */
export function scrubForeign(p: Pseudonyms, pieces: Pieces, edits: SideEdits): void {
  const b = pieces.bytes.subarray(0, SNIFF_LENGTH)
  const told = sniff(b, 0, b.length)
  pieces.replace(edits, 0, scrubFirstBytes(p, told === 'need-more' ? 'unknown' : told, b))
}

/** Scrubs the first bytes `b` of a stream in place; answers how many of them stay. */
function scrubFirstBytes(p: Pseudonyms, speaks: Sniffed, b: Bytes): number {
  const fixed = FIXED[speaks]
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
