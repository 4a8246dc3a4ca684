// Of a body, what shows whose stock error page it is: the parts that the patterns in gateways/ look for, and what TLS
// servers say to those who speak plaintext to them. All else of it goes, but for the markup of a product's own page.
import { latin1 } from '../../bytes/read.ts'
import { PRODUCTS } from '../../gateways/products.ts'
import type { Pseudonyms } from './contract.ts'
import type { Pieces, SideEdits } from './pieces.ts'
import { scrubText, write } from './text.ts'
import { keepsPages } from './vocabulary.ts'

/** Bytes of a body that are looked at (`gateways/identify.ts`). */
export const PAGE_LOOKED_AT = 1024

/** The least status of an answer whose body is looked at. */
export const LEAST_STATUS = 400

/** `made`: no answer but the product's own has it. */
interface Pattern {
  regex: RegExp
  made: boolean
}

const PATTERNS: readonly Pattern[] = PRODUCTS.flatMap(({ fingerprints }) =>
  fingerprints.flatMap(({ where, pattern, evidence }) =>
    where === 'body' ? [{ regex: new RegExp(pattern), made: evidence === 'made' }] : [],
  ),
)

/** What TLS servers say in plaintext to those who do not speak TLS. */
const SPEAK_TLS: readonly RegExp[] = [
  /plain HTTP request was sent to HTTPS port/i,
  /speaking plain HTTP to an SSL-enabled server port/i,
  /sent an HTTP request to an HTTPS server/i,
  /HTTP request (?:was )?sent to (?:an )?HTTPS/i,
  /combination of host and port requires TLS/i,
]

/**
 * Keeps what a product's page is known by. Of a page that is the product's own the markup stays as well, and the words
 * that are not the product's give way to pseudonyms. `body`: its beginning, at most `PAGE_LOOKED_AT` bytes.
 */
export function keepErrorPage(p: Pseudonyms, body: Pieces, edits: SideEdits): void {
  const b = body.bytes
  const text = latin1(b, 0, b.length)
  const found = PATTERNS.flatMap(({ regex, made }) => {
    const match = regex.exec(text)
    return match === null ? [] : [{ match, made }]
  })
  for (const phrase of SPEAK_TLS) {
    const match = phrase.exec(text)
    if (match !== null) found.push({ match, made: false })
  }
  if (!found.some(({ made }) => made)) {
    for (const { match } of found) body.keep(edits, match.index, match.index + match[0].length)
    return
  }
  scrubText(p, b, 0, b.length, keepsPages)
  for (const { match } of found) write(b, match.index, match[0])
  body.replace(edits)
}
