// What makes a message malformed by its fields (RFC 9113 sections 8.1.1, 8.2 and 8.3). A gateway that sees it answers
// 502, or resets the stream with PROTOCOL_ERROR. Values are never quoted: they may be secrets.
import { showText } from '../http1/grammar.ts'
import type { Http2Fields, Http2Section } from './events.ts'

/** Pseudo-header fields by the section that they stand in; RFC 8441 adds `:protocol`. */
const PSEUDO: { readonly [kind in Http2Section]: readonly string[] } = {
  request: [':method', ':scheme', ':authority', ':path', ':protocol'],
  response: [':status'],
  interim: [':status'],
  trailers: [],
}

/** Section 8.2.2: they speak of one HTTP/1 connection, and have no place here. */
const OF_CONNECTION = new Set(['connection', 'proxy-connection', 'keep-alive', 'transfer-encoding', 'upgrade'])

/** Section 8.2.1: bytes that no name may hold; a colon may only begin it. */
const NOT_IN_NAME = /^$|[^\x21-\x7e]|[A-Z]|.:/s
const NOT_IN_VALUE = /[\0\r\n]/

/** What makes the section malformed, the first thing found; null where nothing does, as far as it is known. */
export function malformed(kind: Http2Section, fields: Http2Fields): string | null {
  const pseudo: string[] = []
  let isBehind = false
  for (const { name, value } of fields.list) {
    if (value !== null && NOT_IN_VALUE.test(value)) return `Value of "${show(name ?? '?')}" holds a line end or NUL`
    if (name === null) continue
    if (NOT_IN_NAME.test(name)) return `Field name "${show(name)}" holds a byte that none may hold`
    if (!name.startsWith(':')) {
      isBehind = true
      if (OF_CONNECTION.has(name)) return `Field "${name}" belongs to HTTP/1`
      if (name === 'te' && value !== null && value.toLowerCase() !== 'trailers') return 'Field "te" is not "trailers"'
    } else if (!PSEUDO[kind].includes(name)) return `Field "${show(name)}" does not belong in ${nameOf(kind)}`
    else if (isBehind) return `Field "${name}" stands behind others`
    else if (pseudo.includes(name)) return `Field "${name}" stands twice`
    else pseudo.push(name)
  }
  return fields.complete ? lacking(kind, fields) : null
}

/** Sections 8.3.1 and 8.3.2: what must be there. */
function lacking(kind: Http2Section, fields: Http2Fields): string | null {
  if (kind === 'trailers') return null
  if (kind !== 'request') {
    return /^\d{3}$/.test(fields.get(':status') ?? '') ? null : 'Response without a status of three digits'
  }
  const method = fields.get(':method')
  // CONNECT has neither scheme nor path, unless it is the extended one (section 8.5, RFC 8441 section 4).
  const isConnect = method === 'CONNECT' && fields.get(':protocol') === null
  const needed = isConnect ? [':authority'] : [':method', ':scheme', ':path']
  const missing = needed.find((name) => (fields.get(name) ?? '') === '')
  return missing === undefined ? null : `Request without "${missing}"`
}

const nameOf = (kind: Http2Section): string =>
  kind === 'trailers' ? 'trailers' : kind === 'request' ? 'a request' : 'a response'

function show(name: string): string {
  const bytes = Uint8Array.from(name.slice(0, 41), (c) => c.charCodeAt(0))
  return showText(bytes, 0, bytes.length)
}
