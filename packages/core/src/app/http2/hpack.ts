// HPACK, the compression of field sections (RFC 7541), as its decoder sees it.
//
// What cannot be known here. The dynamic table is what all field blocks before have put there. Where the capture began
// mid-connection or lost bytes, entries older than that are unknown: a field line that refers to one is kept with null
// for name and value. Literals and the static table still tell, and what they put into the table is known again.
import { latin1, type Bytes } from '../../bytes/read.ts'
import type { Http2Field, Http2Fields } from './events.ts'
import { decodeHuffman } from './huffman.ts'
import { STATIC_TABLE } from './static-table.ts'

/** SETTINGS_HEADER_TABLE_SIZE until something else is agreed (RFC 9113 section 6.5.2). */
export const DEFAULT_TABLE_SIZE = 4096
/** Bytes of dynamic table that are remembered, whatever was agreed; older entries count as unknown. */
const TABLE_KEPT = 65_536
/** Decoded size of a field section up to which its lines are kept. A kilobyte can decode to megabytes. */
const SECTION_KEPT = 262_144
/** What an entry counts besides its bytes (RFC 7541 section 4.1). */
const ENTRY_OVERHEAD = 32
/** Numbers beyond this make no sense anywhere in HPACK; it keeps the arithmetic within 32 bits. */
const INTEGER_LIMIT = 0x0fff_ffff

const UNKNOWN: Readonly<Http2Field> = { name: null, value: null }

const sizeOf = (field: Readonly<Http2Field>): number =>
  (field.name?.length ?? 0) + (field.value?.length ?? 0) + ENTRY_OVERHEAD

/** A field section, and what broke its encoding: then the lines before that are there. */
export interface HpackRead {
  fields: Http2Fields
  fault: string | null
}

/** Decodes the field blocks of one direction. They must come in order, all of them, or `lose` must be told. */
export class HpackDecoder {
  readonly #table: DynamicTable = new DynamicTable()
  /** The largest table that the receiver allows. */
  #limit = DEFAULT_TABLE_SIZE

  /**
   * The receiver allows a table of up to `size` bytes. Section 4.2 wants a sender whose table is larger to say first that
   * it makes it smaller. Servers that never use the table do not bother, and nobody minds: that is no fault here.
   */
  allow(size: number): void {
    this.#limit = size
  }

  /** Field blocks were missed: what the dynamic table holds is unknown. */
  lose(): void {
    this.#table.lose()
  }

  /**
   * Decodes the field block `b[at..end)`. With `whole` false it is the beginning of one whose rest is missing; the table
   * is unknown afterwards, as after a fault. Never throws.
   */
  decode(b: Bytes, at: number, end: number, whole: boolean): HpackRead {
    const cursor: Cursor = { b, at, end, fault: null, short: false }
    const section = new FieldSection()
    let hasFields = false
    while (cursor.at < end) {
      const first = b[cursor.at]!
      if ((first & 0xe0) === 0x20) this.#resize(cursor, hasFields)
      else {
        hasFields = true
        const field = this.#readField(cursor, first)
        if (field !== null) section.add(field)
      }
      if (cursor.fault !== null || cursor.short) break
    }
    if (cursor.short && whole) fail(cursor, 'A field line runs beyond the end of its field block')
    if (!whole || cursor.fault !== null) {
      section.complete = false
      this.lose()
    }
    return { fields: section, fault: cursor.fault }
  }

  /** RFC 7541 section 6.3: dynamic table size update, before the first field line only (section 4.2). */
  #resize(cursor: Cursor, hasFields: boolean): void {
    const size = readInteger(cursor, 5)
    if (size < 0) return
    if (hasFields) return fail(cursor, 'A dynamic table size update follows a field line')
    if (size > this.#limit) {
      return fail(cursor, `The dynamic table is made ${size} bytes large, ${this.#limit} are allowed`)
    }
    this.#table.resize(size)
  }

  /** RFC 7541 sections 6.1 and 6.2. Null where the line is cut or breaks the rules. */
  #readField(cursor: Cursor, first: number): Readonly<Http2Field> | null {
    if (first >= 0x80) {
      const index = readInteger(cursor, 7)
      return index < 0 ? null : this.#entry(cursor, index)
    }
    const isIndexed = first >= 0x40
    const index = readInteger(cursor, isIndexed ? 6 : 4)
    if (index < 0) return null
    const name = index === 0 ? readString(cursor) : this.#entry(cursor, index)?.name
    if (name === undefined || cursor.fault !== null || cursor.short) return null
    const value = readString(cursor)
    if (value === null) return null
    const field = { name, value }
    if (isIndexed) this.#table.insert(field)
    return field
  }

  #entry(cursor: Cursor, index: number): Readonly<Http2Field> | null {
    const entry =
      index <= STATIC_TABLE.length ? STATIC_TABLE[index - 1] : this.#table.entry(index - STATIC_TABLE.length - 1)
    if (entry !== undefined) return entry
    fail(cursor, `A field line refers to entry ${index} of a table of ${STATIC_TABLE.length + this.#table.length}`)
    return null
  }
}

/** The dynamic table (RFC 7541 section 2.3.2) as far as it is known: the newest entries always are. */
class DynamicTable {
  capacity = DEFAULT_TABLE_SIZE
  /** The capacity is what the sender says, not a guess. */
  exact = true
  /** Oldest first; those before `#first` are evicted. */
  #entries: Readonly<Http2Field>[] = []
  #first = 0
  #size = 0
  /** There may be entries older than those known. */
  #older = false

  get length(): number {
    return this.#entries.length - this.#first
  }

  /** Counted from the newest, 0. Undefined where there is none. */
  entry(index: number): Readonly<Http2Field> | undefined {
    if (index < this.length) return this.#entries[this.#entries.length - 1 - index]
    return this.#older ? UNKNOWN : undefined
  }

  insert(field: Readonly<Http2Field>): void {
    this.#entries.push(field)
    this.#size += sizeOf(field)
    this.#evict()
  }

  resize(capacity: number): void {
    this.capacity = capacity
    this.exact = true
    if (capacity === 0) this.#older = false
    this.#evict()
  }

  lose(): void {
    this.#entries = []
    this.#first = 0
    this.#size = 0
    this.#older = true
    this.exact = false
  }

  #evict(): void {
    const capacity = this.exact ? Math.min(this.capacity, TABLE_KEPT) : TABLE_KEPT
    if (this.#size <= capacity) return
    // Where entries in sight leave because the sender's table is full, all older ones have left before.
    this.#older = !this.exact || this.capacity > TABLE_KEPT
    while (this.#size > capacity) this.#size -= sizeOf(this.#entries[this.#first++]!)
    if (this.#first < 64 && this.length > 0) return
    this.#entries = this.#entries.slice(this.#first)
    this.#first = 0
  }
}

class FieldSection implements Http2Fields {
  readonly list: Readonly<Http2Field>[] = []
  complete = true
  size = 0

  add(field: Readonly<Http2Field>): void {
    this.size += sizeOf(field)
    if (field.name === null || field.value === null || this.size > SECTION_KEPT) this.complete = false
    if (this.size <= SECTION_KEPT) this.list.push(field)
  }

  get(name: string): string | null {
    let value: string | null = null
    for (const field of this.list) {
      if (field.name !== name || field.value === null) continue
      // RFC 9113 section 8.2.3: cookies may come as one line each.
      value = value === null ? field.value : `${value}${name === 'cookie' ? '; ' : ', '}${field.value}`
    }
    return value
  }
}

interface Cursor {
  b: Bytes
  at: number
  end: number
  fault: string | null
  /** The block ended within a field line. */
  short: boolean
}

function fail(cursor: Cursor, text: string): void {
  cursor.fault ??= text
}

/** RFC 7541 section 5.1: an integer that begins in the low `bits` of a byte. -1 where it is cut or absurd. */
function readInteger(cursor: Cursor, bits: number): number {
  const mask = (1 << bits) - 1
  let value = cursor.b[cursor.at++]! & mask
  if (value < mask) return value
  for (let shift = 0; shift <= 28; shift += 7) {
    if (cursor.at >= cursor.end) {
      cursor.short = true
      return -1
    }
    const byte = cursor.b[cursor.at++]!
    value += (byte & 0x7f) * 2 ** shift
    if (value > INTEGER_LIMIT) break
    if (byte < 0x80) return value
  }
  fail(cursor, 'A number in a field block is too large')
  return -1
}

/** RFC 7541 section 5.2: a string literal. Null where it is cut or no valid encoding. */
function readString(cursor: Cursor): string | null {
  if (cursor.at >= cursor.end) {
    cursor.short = true
    return null
  }
  const isHuffman = cursor.b[cursor.at]! >= 0x80
  const length = readInteger(cursor, 7)
  if (length < 0) return null
  const from = cursor.at
  if (length > cursor.end - from) {
    cursor.short = true
    return null
  }
  cursor.at += length
  if (!isHuffman) return latin1(cursor.b, from, cursor.at)
  const text = decodeHuffman(cursor.b, from, cursor.at)
  if (text === null) fail(cursor, 'A string in a field block breaks the Huffman code')
  return text
}
