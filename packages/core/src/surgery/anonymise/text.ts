// Text in place: every word of it gives way to its pseudonym, what stands between words stays. One function for paths,
// values, names of variables and pages, so that a word looks the same wherever it stands.
import { type Bytes, latin1 } from '../../bytes/read.ts'
import { hexValue, isDigit } from '../../app/http1/grammar.ts'
import type { Pseudonyms } from './contract.ts'

/** Whether a word, in lower case, stays. */
export type Keeps = (word: string) => boolean

export const keepsNothing: Keeps = () => false

/** Letters and digits that are one word at most; a longer run is several. */
const LONGEST_WORD = 256
/** An IPv6 address with an IPv4 tail is the longest there is (RFC 4291 section 2.2), and a port comes behind it. */
const LONGEST_ADDRESS = 45 + 6
const SHORTEST_ADDRESS = 3

const COLON = 58
const DOT = 46
const PERCENT = 37
const AT = 64
const BRACKET = 93

/** Letter or digit of ASCII. */
export const isAlphanumeric = (c: number): boolean => isDigit(c) || isLetter(c)

const isLetter = (c: number): boolean => (c | 32) >= 97 && (c | 32) <= 122

/**
 * Replaces the words of `b[from..to)`: runs of letters and digits by `word`, IP addresses by theirs, percent-escapes by
 * others, runs of bytes above ASCII as words are. Words that `keeps` knows stay.
 */
export function scrubText(p: Pseudonyms, b: Bytes, from: number, to: number, keeps: Keeps = keepsNothing): void {
  walk(p, b, from, to, (text) => (keeps(text.toLowerCase()) ? null : p.word(text)))
}

/** The same for names that are alike in any case: of fields and variables. */
export function scrubNames(p: Pseudonyms, b: Bytes, from: number, to: number, keeps: Keeps): void {
  walk(p, b, from, to, (text) => (keeps(text.toLowerCase()) ? null : p.name(text)))
}

/** Replaces the labels of a host, or of hosts in a list: names in any case are the same. A port at the end stays. */
export function scrubHost(p: Pseudonyms, b: Bytes, from: number, to: number): void {
  let end = to
  while (end > from && isDigit(b[end - 1]!)) end--
  const hasPort = end > from && end < to && to - end <= 5 && b[end - 1] === COLON
  // An IPv6 address without brackets ends in digits as well.
  const isAddress = p.addressText(latin1(b, from, Math.min(to, from + LONGEST_ADDRESS))) !== null
  walk(p, b, from, hasPort && !isAddress ? end : to, (text) => p.name(text))
}

/** Replaces a request target or a URL: scheme and port stay. */
export function scrubTarget(p: Pseudonyms, b: Bytes, from: number, to: number): void {
  const authority = behindScheme(b, from, to)
  if (authority < 0) {
    scrubText(p, b, from, to)
    return
  }
  let path = authority
  while (path < to && b[path] !== 47 && b[path] !== 63 && b[path] !== 35) path++
  // RFC 3986 section 3.2.1: a name and a password may stand before the host.
  const at = b.subarray(authority, path).lastIndexOf(AT)
  const host = at < 0 ? authority : authority + at + 1
  scrubText(p, b, authority, host)
  scrubHost(p, b, host, path)
  scrubText(p, b, path, to)
}

const SCHEMES = ['http', 'https', 'ws', 'wss']

/** Where the authority begins behind one of the schemes of the web and `://`; -1 without. */
function behindScheme(b: Bytes, from: number, to: number): number {
  for (const scheme of SCHEMES) {
    const end = from + scheme.length + 3
    if (end <= to && latin1(b, from, end).toLowerCase() === `${scheme}://`) return end
  }
  return -1
}

function walk(p: Pseudonyms, b: Bytes, from: number, to: number, word: (text: string) => string | null): void {
  for (let at = from; at < to;) {
    const c = b[at]!
    if (hexValue(c) >= 0 || c === COLON) {
      const behind = scrubAddress(p, b, at, to)
      if (behind > at) {
        at = behind
        continue
      }
    }
    if (isAlphanumeric(c)) {
      const end = endOfRun(b, at, to, isAlphanumeric)
      write(b, at, word(latin1(b, at, end)))
      at = end
    } else if (c === PERCENT && at + 2 < to && hexValue(b[at + 1]!) >= 0 && hexValue(b[at + 2]!) >= 0) {
      scrubEscape(p, b, at + 1)
      at += 3
    } else if (c >= 0x80) {
      const end = endOfRun(b, at, to, isAboveAscii)
      write(b, at, p.word(latin1(b, at, end)))
      at = end
    } else at++
  }
}

const isAboveAscii = (c: number): boolean => c >= 0x80

function endOfRun(b: Bytes, from: number, to: number, belongs: (c: number) => boolean): number {
  const stop = Math.min(to, from + LONGEST_WORD)
  let end = from
  while (end < stop && belongs(b[end]!)) end++
  return end
}

/** Replaces the address that begins at `at`, and answers where it ends; `at` where there is none. */
function scrubAddress(p: Pseudonyms, b: Bytes, at: number, to: number): number {
  const stop = Math.min(to, at + LONGEST_ADDRESS + 1)
  let end = at
  let dots = 0
  let colons = 0
  for (; end < stop; end++) {
    const c = b[end]!
    if (c === DOT) dots++
    else if (c === COLON) colons++
    else if (hexValue(c) < 0) break
  }
  if ((dots < 3 && colons < 2) || end - at > LONGEST_ADDRESS || (end < to && isAlphanumeric(b[end]!))) return at
  // A full stop, a colon, a port may come behind.
  while (end > at && b[end - 1] === DOT) end--
  if (b[end - 1] === COLON && b[end - 2] !== COLON) end--
  let text = latin1(b, at, end)
  let replacement = end - at < SHORTEST_ADDRESS ? null : p.addressText(text)
  const colon = text.lastIndexOf(':')
  if (replacement === null && dots === 3 && colon > 0 && /^\d{1,5}$/.test(text.slice(colon + 1))) {
    text = text.slice(0, colon)
    replacement = p.addressText(text)
    if (replacement !== null) {
      write(b, at, replacement)
      return end
    }
  }
  if (replacement === null) return at
  write(b, at, replacement)
  return behindPort(b, at + text.length, to)
}

/** `]:4711` behind an address in brackets stays. */
function behindPort(b: Bytes, from: number, to: number): number {
  if (b[from] !== BRACKET || b[from + 1] !== COLON) return from
  let end = from + 2
  while (end < to && end < from + 7 && isDigit(b[end]!)) end++
  return end
}

/** Replaces the two digits of a percent-escape of a letter, a digit or a byte above ASCII (RFC 3986 section 2.1). */
function scrubEscape(p: Pseudonyms, b: Bytes, at: number): void {
  const c = hexValue(b[at]!) * 16 + hexValue(b[at + 1]!)
  // With its percent sign, so that it is nobody's word.
  if (c >= 0x80 || isAlphanumeric(c)) write(b, at - 1, p.hex(latin1(b, at - 1, at + 2)))
}

/** Writes text over the bytes at `at`; null leaves them. */
export function write(b: Bytes, at: number, text: string | null): void {
  if (text === null) return
  for (let i = 0; i < text.length; i++) b[at + i] = text.charCodeAt(i)
}
