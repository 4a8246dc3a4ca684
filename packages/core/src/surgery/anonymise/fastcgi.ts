// FastCGI (specification 1.0): headers of records stay, parameters and the CGI header section are scrubbed. Bodies and
// what an application complains of on FCGI_STDERR are not spoken of, and so they go.
import { ResponseSection } from '../../app/backend/response-section.ts'
import * as record from '../../app/fastcgi/record.ts'
import { COLON, isToken } from '../../app/http1/grammar.ts'
import { HEAD_LIMIT } from '../../app/http1/head.ts'
import type { Head, Place } from '../../app/http1/message.ts'
import { type Bytes, u32 } from '../../bytes/read.ts'
import { scrubCgiHead } from './cgi.ts'
import { FILL, type Pseudonyms, type Side } from './contract.ts'
import { keepErrorPage, LEAST_STATUS, PAGE_LOOKED_AT } from './error-page.ts'
import { scrubVariable } from './fields.ts'
import { Pieces } from './pieces.ts'
import type { Reader, Work } from './reader.ts'
import { RecordScrubber, RecordSide } from './records.ts'

/** FCGI_UNKNOWN_TYPE: the type that was not known. */
const UNKNOWN_TYPE = 11
/** Bytes of content that say something: role and flags; status of application and protocol; a type. Others are reserved. */
const FIXED: ReadonlyMap<number, number> = new Map([
  [record.BEGIN_REQUEST, 3],
  [record.END_REQUEST, 5],
  [UNKNOWN_TYPE, 1],
])

export function fastCgiScrubber(work: Work, client: Side): Reader {
  const side = (one: Side): FastCgiSide => new FastCgiSide(work, one, one === client, record.HEADER)
  return new RecordScrubber('fastcgi', [side(0), side(1)])
}

const NO_PLACE: Place = { offset: 0, frame: 0, time: 0 }

class FastCgiSide extends RecordSide {
  readonly #params: Pieces = new Pieces(HEAD_LIMIT)
  /** Bytes of the parameters, or of the header section, are missing: of the rest nobody knows what it is. */
  #isCut = false
  #section: ResponseSection = new ResponseSection()
  readonly #head: Pieces = new Pieces(HEAD_LIMIT)
  #page: Pieces | null = null

  protected override cutOff(): void {
    this.#isCut = this.#params.length > 0 || this.#section.size > 0 || this.index < this.length
    this.#flush()
  }

  override over(): void {
    this.#flush()
  }

  protected override headerFault(i: number): string | null {
    const fault = record.headerFault(this.header, i)
    if (fault !== null) this.keepHeader(i + 1)
    return fault
  }

  protected override lengths(): { content: number; padding: number } {
    return { content: record.contentLength(this.header), padding: record.paddingLength(this.header) }
  }

  protected override opened(): void {
    this.keepHeader(record.HEADER)
    const type = record.typeOf(this.header)
    if (type === record.BEGIN_REQUEST || (type === record.PARAMS && this.length === 0)) this.#endMessage()
  }

  protected override content(b: Bytes, from: number, to: number): void {
    const position = this.origin.position(this.place(from).offset)
    const type = record.typeOf(this.header)
    const fixed = FIXED.get(type)
    if (fixed !== undefined) {
      this.edits.keep(position, position + Math.max(0, Math.min(to - from, fixed - this.index)))
    } else if (type === record.PARAMS && this.isRequest && !this.#isCut) this.#params.add(b, from, to, position)
    else if (type === record.STDOUT && !this.isRequest && !this.#isCut) this.#output(b, from, to, position)
  }

  #output(b: Bytes, from: number, to: number, position: number): void {
    let at = from
    if (!this.#section.isComplete && !this.#section.isTooLong) {
      at = this.#section.add(b, from, to, NO_PLACE)
      this.#head.add(b, from, at, position)
      if (this.#section.isComplete) this.#endHead()
    }
    if (at < to) this.#page?.add(b, at, to, position + at - from)
  }

  #endHead(): void {
    const { status } = this.#section.read(!this.#section.isComplete, '')
    if (status >= LEAST_STATUS) this.#page = new Pieces(PAGE_LOOKED_AT)
    const b = this.#head.bytes
    scrubCgiHead(this.p, b, 0, b.length)
    this.#head.replace(this.edits)
    this.#head.clear()
  }

  protected override closed(): void {
    if (record.typeOf(this.header) === record.END_REQUEST) this.#endMessage()
  }

  #endMessage(): void {
    this.#flush()
    this.#section = new ResponseSection()
    this.#isCut = false
  }

  #flush(): void {
    scrubParams(this.p, this.#params.bytes)
    this.#params.replace(this.edits)
    this.#params.clear()
    if (this.#head.length > 0) this.#endHead()
    if (this.#page !== null) keepErrorPage(this.p, this.#page, this.edits)
    this.#page = null
  }

  protected override cut(): Head {
    return this.#section.read(true, '')
  }

  /** A first record, as `app/fastcgi/` would have it: of output that begins with a field name. */
  protected override isStart(b: Bytes, at: number, end: number): boolean {
    if (!record.isRecord(b, at, end, this.isRequest ? record.BEGIN_REQUEST : record.STDOUT)) return false
    let name = at + record.HEADER
    while (name < end && isToken(b[name]!)) name++
    const isFirst = this.isRequest || (name > at + record.HEADER && b[name] === COLON)
    if (isFirst) this.#endMessage()
    return isFirst
  }
}

/** Name-value pairs (section 3.4): both lengths, one or four bytes each, then both texts. */
function scrubParams(p: Pseudonyms, b: Bytes): void {
  let at = 0
  while (at < b.length) {
    const second = at + lengthSize(b, at)
    if (second >= b.length) break
    const name = second + lengthSize(b, second)
    if (name > b.length) break
    const value = name + lengthAt(b, at)
    const end = value + lengthAt(b, second)
    if (end > b.length) break
    scrubVariable(p, b, name, value, value, end)
    at = end
  }
  b.fill(FILL, at)
}

const lengthSize = (b: Bytes, at: number): number => (b[at]! < 0x80 ? 1 : 4)

const lengthAt = (b: Bytes, at: number): number => (b[at]! < 0x80 ? b[at]! : u32(b, at) & 0x7fff_ffff)
