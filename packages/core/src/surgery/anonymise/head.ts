// A header section in place: start line and field lines (RFC 9112 sections 2 to 5). Whatever breaks the grammar stays
// broken in the same place, because only letters, digits and bytes above ASCII change, each for one of its kind.
import { type Bytes, latin1 } from '../../bytes/read.ts'
import { COLON, CR, HT, LF, SP } from '../../app/http1/grammar.ts'
import type { Pseudonyms } from './contract.ts'
import { scrubFieldName, scrubReason, scrubValue } from './fields.ts'
import { scrubHost, scrubTarget, scrubText } from './text.ts'
import { keepsProtocol } from './vocabulary.ts'

/** Scrubs a request's header section, or what there is of it. */
export function scrubRequestHead(p: Pseudonyms, b: Bytes, from: number, to: number): void {
  const end = endOfLine(b, from, to)
  scrubRequestLine(p, b, from, withoutLineEnd(b, from, end))
  scrubFields(p, b, end, to)
}

/** Scrubs a response's header section, or what there is of it. */
export function scrubResponseHead(p: Pseudonyms, b: Bytes, from: number, to: number): void {
  const end = endOfLine(b, from, to)
  scrubStatusLine(p, b, from, withoutLineEnd(b, from, end))
  scrubFields(p, b, end, to)
}

/** Scrubs field lines; those that begin with a blank belong to the one before (RFC 9112 section 5.2). */
export function scrubFields(p: Pseudonyms, b: Bytes, from: number, to: number): void {
  for (let at = from; at < to;) {
    let end = endOfLine(b, at, to)
    while (end < to && isBlank(b[end]!) && withoutLineEnd(b, at, end) > at) end = endOfLine(b, end, to)
    scrubField(p, b, at, withoutLineEnd(b, at, end))
    at = end
  }
}

function scrubField(p: Pseudonyms, b: Bytes, from: number, to: number): void {
  let colon = from
  while (colon < to && b[colon] !== COLON) colon++
  if (colon === to) {
    scrubText(p, b, from, to)
    return
  }
  let name = from
  let nameEnd = colon
  while (name < nameEnd && isBlank(b[name]!)) name++
  while (nameEnd > name && isBlank(b[nameEnd - 1]!)) nameEnd--
  const field = scrubFieldName(p, b, name, nameEnd)
  let value = colon + 1
  let valueEnd = to
  while (value < valueEnd && isBlank(b[value]!)) value++
  while (valueEnd > value && isBlank(b[valueEnd - 1]!)) valueEnd--
  scrubValue(p, field, b, value, valueEnd)
}

/** request-line = method SP request-target SP HTTP-version (RFC 9112 section 3). */
function scrubRequestLine(p: Pseudonyms, b: Bytes, from: number, to: number): void {
  let method = from
  while (method < to && !isBlank(b[method]!)) method++
  let version = to
  while (version > method && !isBlank(b[version - 1]!)) version--
  const isVersion = version > method && latin1(b, version, Math.min(to, version + 5)) === 'HTTP/'
  const isConnect = latin1(b, from, Math.min(method, from + 8)) === 'CONNECT'
  scrubText(p, b, from, method, keepsProtocol)
  let target = method
  while (target < to && isBlank(b[target]!)) target++
  let targetEnd = isVersion ? version : to
  while (targetEnd > target && isBlank(b[targetEnd - 1]!)) targetEnd--
  if (isConnect) scrubHost(p, b, target, targetEnd)
  else scrubTarget(p, b, target, targetEnd)
  if (isVersion) scrubText(p, b, version, to, keepsProtocol)
}

/** status-line = HTTP-version SP status-code SP [ reason-phrase ] (RFC 9112 section 4). */
function scrubStatusLine(p: Pseudonyms, b: Bytes, from: number, to: number): void {
  let version = from
  while (version < to && !isBlank(b[version]!)) version++
  // A capture may end within it.
  if (!'HTTP/1.1'.startsWith(latin1(b, from, Math.min(version, from + 9))))
    scrubText(p, b, from, version, keepsProtocol)
  let status = version
  while (status < to && isBlank(b[status]!)) status++
  let reason = status
  while (reason < to && !isBlank(b[reason]!)) reason++
  scrubText(p, b, status, reason, keepsProtocol)
  while (reason < to && isBlank(b[reason]!)) reason++
  scrubReason(p, b, reason, to)
}

const isBlank = (c: number): boolean => c === SP || c === HT

/** Behind the line that begins at `from`, its LF included. */
function endOfLine(b: Bytes, from: number, to: number): number {
  let end = from
  while (end < to && b[end] !== LF) end++
  return Math.min(to, end + 1)
}

function withoutLineEnd(b: Bytes, from: number, end: number): number {
  const text = end > from && b[end - 1] === LF ? end - 1 : end
  return text > from && b[text - 1] === CR ? text - 1 : text
}
