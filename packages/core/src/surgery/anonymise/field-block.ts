// Field blocks of HTTP/2 in place (HPACK, RFC 7541). Literal names and values are replaced by ones whose encoding is as
// long, plain or Huffman coded; indexes stay, so the dynamic table holds pseudonyms where it held names.
import type { Http2Fields } from '../../app/http2/events.ts'
import { HpackDecoder } from '../../app/http2/hpack.ts'
import { decodeHuffman, encodeHuffman } from '../../app/http2/huffman.ts'
import { type Bytes, latin1, latin1Bytes } from '../../bytes/read.ts'
import type { Pseudonyms } from './contract.ts'
import { scrubFieldName, scrubValue } from './fields.ts'
import { scrubText } from './text.ts'

/** More than any sender may use: what is too large is judged by those who read the result. */
const ANY_TABLE_SIZE = 0x0fff_ffff

/** Scrubs the field blocks of one direction, in order. */
export class FieldBlockScrubber {
  readonly #p: Pseudonyms
  readonly #decoder: HpackDecoder = new HpackDecoder()

  constructor(p: Pseudonyms) {
    this.#p = p
    this.#decoder.allow(ANY_TABLE_SIZE)
  }

  /** Field blocks were missed. */
  lose(): void {
    this.#decoder.lose()
  }

  /**
   * Scrubs the block `b`; with `whole` false its beginning. Answers the fields as they were, and how many of its bytes
   * are done: up to a fault, or to the string that is cut.
   */
  scrub(b: Bytes, whole: boolean): { fields: Http2Fields; done: number } {
    const { fields } = this.#decoder.decode(b, 0, b.length, whole)
    const cursor: Cursor = { b, at: 0, stopped: false }
    for (let line = 0; cursor.at < b.length && !cursor.stopped;) {
      const first = b[cursor.at]!
      // Section 6.3, a table size update, is no field line.
      if ((first & 0xe0) === 0x20) readInteger(cursor, 5)
      else this.#scrubLine(cursor, first, fields.list[line++]?.name ?? null)
    }
    return { fields, done: cursor.at }
  }

  /** RFC 7541 sections 6.1 and 6.2. `name`: what an index stands for, null where nobody knows. */
  #scrubLine(cursor: Cursor, first: number, name: string | null): void {
    if (first >= 0x80) {
      readInteger(cursor, 7)
      return
    }
    const index = readInteger(cursor, first >= 0x40 ? 6 : 4)
    let field = name ?? ''
    if (index === 0) scrubString(this.#p, cursor, (b) => void (field = scrubFieldName(this.#p, b, 0, b.length)))
    scrubString(this.#p, cursor, (b) => scrubValue(this.#p, field, b, 0, b.length))
  }
}

interface Cursor {
  b: Bytes
  at: number
  /** A number or a string does not end within the block, or makes no sense. */
  stopped: boolean
}

/** RFC 7541 section 5.1: an integer that begins in the low `bits` of a byte. */
function readInteger(cursor: Cursor, bits: number): number {
  const { b } = cursor
  if (cursor.stopped || cursor.at >= b.length) {
    cursor.stopped = true
    return 0
  }
  const mask = (1 << bits) - 1
  let value = b[cursor.at++]! & mask
  if (value < mask) return value
  for (let shift = 0; shift <= 28; shift += 7) {
    if (cursor.at >= b.length) break
    const byte = b[cursor.at++]!
    value += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) return value
  }
  cursor.stopped = true
  return 0
}

/** RFC 7541 section 5.2: a string literal, changed by `scrub`. */
function scrubString(p: Pseudonyms, cursor: Cursor, scrub: (text: Bytes) => void): void {
  const { b } = cursor
  const isHuffman = b[cursor.at]! >= 0x80
  const length = readInteger(cursor, 7)
  const from = cursor.at
  cursor.stopped ||= length > b.length - from
  if (cursor.stopped) return
  cursor.at += length
  const encoded = b.subarray(from, cursor.at)
  if (!isHuffman) scrub(encoded)
  else scrubHuffman(p, encoded, scrub)
}

function scrubHuffman(p: Pseudonyms, encoded: Bytes, scrub: (text: Bytes) => void): void {
  const text = decodeHuffman(encoded, 0, encoded.length)
  if (text === null) {
    // What breaks the code goes on to do so: all ones are no symbol.
    encoded.fill(0xff)
    return
  }
  const bytes = latin1Bytes(text)
  scrub(bytes)
  let replacement = encodeHuffman(latin1(bytes, 0, bytes.length))
  if (replacement.length !== encoded.length) {
    // A host in upper case: in lower case, where it is like all others of its name, it took other codes.
    const words = latin1Bytes(text)
    scrubText(p, words, 0, words.length)
    replacement = encodeHuffman(latin1(words, 0, words.length))
  }
  encoded.set(replacement.subarray(0, encoded.length))
}
