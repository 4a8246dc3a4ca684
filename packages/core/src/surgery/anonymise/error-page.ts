// Of a body, what shows whose stock error page it is: the parts that the patterns in gateways/ look for, and what TLS
// servers say to those who speak plaintext to them. All else of it goes.
import { latin1 } from '../../bytes/read.ts'
import { PRODUCTS } from '../../gateways/products.ts'
import type { Pieces, SideEdits } from './pieces.ts'

/** Bytes of a body that are looked at (`gateways/identify.ts`). */
export const PAGE_LOOKED_AT = 1024

/** The least status of an answer whose body is looked at. */
export const LEAST_STATUS = 400

const PATTERNS: readonly RegExp[] = [
  ...new Set(
    PRODUCTS.flatMap(({ fingerprints }) => fingerprints.flatMap((one) => (one.where === 'body' ? one.pattern : []))),
  ),
].map((pattern) => new RegExp(pattern))

/** What TLS servers say in plaintext to those who do not speak TLS. */
const SPEAK_TLS: readonly RegExp[] = [
  /plain HTTP request was sent to HTTPS port/i,
  /speaking plain HTTP to an SSL-enabled server port/i,
  /sent an HTTP request to an HTTPS server/i,
  /HTTP request (?:was )?sent to (?:an )?HTTPS/i,
  /combination of host and port requires TLS/i,
]

/** Keeps what a product's page is known by. `body`: its beginning, at most `PAGE_LOOKED_AT` bytes. */
export function keepErrorPage(body: Pieces, edits: SideEdits): void {
  const text = latin1(body.bytes, 0, body.length)
  for (const pattern of [...PATTERNS, ...SPEAK_TLS]) {
    const match = pattern.exec(text)
    if (match !== null) body.keep(edits, match.index, match.index + match[0].length)
  }
}
