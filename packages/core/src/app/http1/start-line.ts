// What can be told of a message while its start line is still coming in, and from the look of a packet's first bytes.
import type { Bytes } from '../../bytes/read.ts'
import { CR, isDigit, isToken, LF, SP, startsWith } from './grammar.ts'

/** No registered method comes near; a longer run of token bytes is not HTTP. */
const METHOD_LIMIT = 64

const VERSION_PREFIX = 'HTTP/'

/** `foreign`: these bytes begin no HTTP/1 message. `line`: they do, and the next LF ends the start line. */
export type StartLine = 'open' | 'foreign' | 'line'

/** Looks at byte `index` of a response: the first five must read `HTTP/` (RFC 9112 section 4). */
export function statusLineByte(c: number, index: number): StartLine {
  if (c !== VERSION_PREFIX.charCodeAt(index)) return 'foreign'
  return index === VERSION_PREFIX.length - 1 ? 'line' : 'open'
}

/** Looks at byte `index` of a request: a method is token bytes, then a space (RFC 9112 section 3). */
export function requestLineByte(c: number, index: number): StartLine {
  if (c === SP && index > 0) return 'line'
  return isToken(c) && index < METHOD_LIMIT ? 'open' : 'foreign'
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH', 'PROPFIND', 'REPORT']

/**
 * Whether a packet that begins with these bytes begins with a start line. Used where bytes are missing and any packet
 * may begin in the middle of a body, so it asks for more than the grammar does: `HTTP/1.x NNN`, or
 * `METHOD SP target SP HTTP/1.x`; a line cut by the snap length passes with a common method and a path.
 */
export function looksLikeStart(kind: 'request' | 'response', b: Bytes, at: number, end: number): boolean {
  return kind === 'response' ? looksLikeStatusLine(b, at, end) : looksLikeRequestLine(b, at, end)
}

function looksLikeStatusLine(b: Bytes, at: number, end: number): boolean {
  if (end - at < 12 || !startsWith(b, at, end, 'HTTP/1.') || !isDigit(b[at + 7]!) || b[at + 8] !== SP) return false
  return isDigit(b[at + 9]!) && isDigit(b[at + 10]!) && isDigit(b[at + 11]!)
}

function looksLikeRequestLine(b: Bytes, at: number, end: number): boolean {
  if (b[at]! < 65 || b[at]! > 90) return false
  let space = at
  while (space < end && space - at < METHOD_LIMIT && isToken(b[space]!)) space++
  if (space === end || b[space] !== SP) return false
  let newline = space
  while (newline < end && b[newline] !== LF) newline++
  if (newline === end) {
    return METHODS.some((name) => startsWith(b, at, space, name) && space - at === name.length) && b[space + 1] === 47
  }
  const lineEnd = b[newline - 1] === CR ? newline - 1 : newline
  return lineEnd - space > 10 && startsWith(b, lineEnd - 9, lineEnd, ' HTTP/1.') && isDigit(b[lineEnd - 1]!)
}
