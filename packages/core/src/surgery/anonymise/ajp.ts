// AJP/1.3: headers of packets stay, the fields in FORWARD_REQUEST and SEND_HEADERS are scrubbed. Bodies are not spoken of
// but for their lengths, and so they go.
import { readForwardRequest } from '../../app/ajp/forward-request.ts'
import * as packet from '../../app/ajp/packet.ts'
import { requestHead, type RequestParts } from '../../app/backend/request-head.ts'
import type { Head } from '../../app/http1/message.ts'
import { type Bytes, latin1, u16 } from '../../bytes/read.ts'
import { FILL, type Pseudonyms, type Side } from './contract.ts'
import { keepErrorPage, LEAST_STATUS, PAGE_LOOKED_AT } from './error-page.ts'
import { scrubFieldName, scrubReason, scrubValue } from './fields.ts'
import { Pieces } from './pieces.ts'
import type { Reader, Work } from './reader.ts'
import { RecordScrubber, RecordSide } from './records.ts'
import { scrubHost, scrubTarget, scrubText } from './text.ts'
import { keepsProtocol } from './vocabulary.ts'

/** Data of a packet: its length has 16 bits. */
const PACKET_KEPT = 65_536
/** A body packet from the gateway begins with the length of the body in it. */
const CHUNK_LENGTH = 2
/** SEND_BODY_CHUNK: type (1), length (2). */
const CHUNK_AT = 3

const NO_STRING = 0xffff
/** Names of fields that are numbers begin so, and this is how those of interest are told (`app/ajp/`). */
const CODED = 0xa0
const REQUEST_FIELDS =
  'accept accept-charset accept-encoding accept-language authorization connection content-type content-length cookie cookie2 host pragma referer user-agent'.split(
    ' ',
  )
const RESPONSE_FIELDS =
  'content-type content-language content-length date last-modified location set-cookie set-cookie2 servlet-engine status www-authenticate'.split(
    ' ',
  )

/** Attributes whose values have a form of their own. */
const REQ_ATTRIBUTE = 10
const SSL_KEY_SIZE = 11
const STORED_METHOD = 13
const ARE_DONE = 0xff

export function ajpScrubber(work: Work, client: Side): Reader {
  const side = (one: Side): AjpSide => new AjpSide(work, one, one === client, packet.HEADER)
  return new RecordScrubber('ajp', [side(0), side(1)])
}

class AjpSide extends RecordSide {
  /** The packet at work, as far as it is wanted. */
  readonly #packet: Pieces = new Pieces(PACKET_KEPT)
  /** Request body to come; Infinity until an empty packet. */
  #remaining = 0
  #page: Pieces | null = null
  /** Bytes of the packet at work are missing. */
  #isCut = false

  protected override cutOff(): void {
    this.#endPacket()
    this.#isCut = true
  }

  override over(): void {
    this.#endPacket()
    this.#endPage()
  }

  protected override headerFault(i: number): string | null {
    const fault = packet.headerFault(this.header, i, this.isRequest ? packet.TO_CONTAINER : packet.TO_GATEWAY)
    if (fault !== null) this.keepHeader(i + 1)
    return fault
  }

  protected override lengths(): { content: number; padding: number } {
    return { content: u16(this.header, 2), padding: 0 }
  }

  protected override opened(): void {
    this.keepHeader(packet.HEADER)
    this.#packet.clear()
    this.#isCut = false
  }

  protected override content(b: Bytes, from: number, to: number): void {
    if (this.#isCut) return
    const position = this.origin.position(this.place(from).offset)
    // Of bodies only the length is wanted, and of an error page the beginning.
    const isBody = this.isRequest ? this.#remaining > 0 : this.#typeOr(b[from]!) === packet.SEND_BODY_CHUNK
    const most = isBody ? CHUNK_AT + PAGE_LOOKED_AT : PACKET_KEPT
    this.#packet.add(b, from, Math.min(to, from + Math.max(0, most - this.#packet.length)), position)
  }

  /** Type of the packet at work, which `first` is where nothing of it is there yet. */
  #typeOr(first: number): number {
    return this.#packet.length > 0 ? this.#packet.bytes[0]! : first
  }

  protected override closed(): void {
    const isChunk = this.isRequest && this.#remaining > 0
    this.#endPacket()
    if (isChunk && this.length === 0) this.#remaining = 0
  }

  /** What there is of the packet is scrubbed. */
  #endPacket(): void {
    const b = this.#packet.bytes
    if (b.length === 0) return
    if (this.isRequest) this.#endRequestPacket(b)
    else this.#endResponsePacket(b)
    this.#packet.clear()
  }

  #endRequestPacket(b: Bytes): void {
    if (this.#remaining > 0) {
      const chunk = b.length < CHUNK_LENGTH ? 0 : u16(b, 0)
      // lighttpd 1.4.69 sends the body alone.
      const isLength = chunk <= this.length - CHUNK_LENGTH
      if (isLength) this.#packet.keep(this.edits, 0, CHUNK_LENGTH)
      this.#remaining = isLength && chunk === 0 ? 0 : this.#remaining - (isLength ? chunk : this.length)
      return
    }
    if (b[0] !== packet.FORWARD_REQUEST) {
      // CPING, PING, SHUTDOWN
      this.#packet.keep(this.edits, 0, 1)
      return
    }
    const { fields } = readForwardRequest(b, 1, b.length)
    const head = requestHead({ ...NO_PARTS, fields })
    const length = head.field('content-length')
    if (length !== null) this.#remaining = /^\d{1,15}$/.test(length) ? Number(length) : 0
    else this.#remaining = head.field('transfer-encoding') === null ? 0 : Infinity
    scrubForwardRequest(this.p, b)
    this.#packet.replace(this.edits)
  }

  #endResponsePacket(b: Bytes): void {
    switch (b[0]) {
      case packet.SEND_HEADERS:
        this.#endPage()
        this.#page = b.length > 2 && u16(b, 1) >= LEAST_STATUS ? new Pieces(PAGE_LOOKED_AT) : null
        scrubSendHeaders(this.p, b)
        this.#packet.replace(this.edits)
        break
      case packet.SEND_BODY_CHUNK:
        this.#packet.keep(this.edits, 0, CHUNK_AT)
        this.#keepPage(b)
        break
      case packet.END_RESPONSE:
        this.#packet.keep(this.edits, 0, 2)
        this.#endPage()
        break
      default:
        // GET_BODY_CHUNK and its length, CPONG.
        this.#packet.keep(this.edits, 0, CHUNK_AT)
    }
  }

  /** A page comes in one chunk: what shows whose it is is looked for in the first. */
  #keepPage(b: Bytes): void {
    if (this.#page === null || b.length <= CHUNK_AT) return
    const end = Math.min(b.length, CHUNK_AT + u16(b, 1))
    this.#packet.each(CHUNK_AT, end, (position, at, to) => this.#page?.add(b, at, to, position))
    this.#endPage()
  }

  #endPage(): void {
    if (this.#page !== null) keepErrorPage(this.p, this.#page, this.edits)
    this.#page = null
  }

  protected override cut(): Head {
    return requestHead(NO_PARTS)
  }

  protected override isStart(b: Bytes, at: number, end: number): boolean {
    if (end - at <= packet.HEADER) return false
    const [magic, type] = this.isRequest
      ? [packet.TO_CONTAINER, packet.FORWARD_REQUEST]
      : [packet.TO_GATEWAY, packet.SEND_HEADERS]
    const isFirst = u16(b, at) === magic && u16(b, at + 2) > 6 && b[at + packet.HEADER] === type
    if (isFirst) this.#remaining = 0
    return isFirst
  }
}

const NO_PARTS: RequestParts = {
  method: '',
  target: '',
  fields: [],
  size: 0,
  framing: 'none',
  contentLength: -1,
  persistent: true,
  fault: null,
}

/** Walks the data of a packet; behind its end strings are empty. */
class Cursor {
  readonly b: Bytes
  at: number
  isShort = false

  constructor(b: Bytes, at: number) {
    this.b = b
    this.at = at
  }

  skip(length: number): number {
    this.isShort ||= this.at + length > this.b.length
    if (this.isShort) return 0
    this.at += length
    return length === 1 ? this.b[this.at - 1]! : u16(this.b, this.at - 2)
  }

  /** Where a string stands that is `length` bytes long, a NUL behind it. */
  string(length: number = this.skip(2)): [from: number, to: number] {
    if (length === NO_STRING || this.isShort) return [this.at, this.at]
    this.isShort = this.at + length + 1 > this.b.length
    if (this.isShort) return [this.at, this.at]
    this.at += length + 1
    return [this.at - length - 1, this.at - 1]
  }

  /** Scrubs a name, unless it is a number, and the value behind it. */
  field(p: Pseudonyms, codes: readonly string[]): void {
    const code = this.skip(2)
    let name = codes[(code & 0xff) - 1] ?? ''
    if (code >> 8 !== CODED) name = scrubFieldName(p, this.b, ...this.string(code))
    scrubValue(p, name, this.b, ...this.string())
  }

  /** What is left is nobody's. */
  end(): void {
    this.b.fill(FILL, this.at)
  }
}

/** The data of a FORWARD_REQUEST, in the order of `app/ajp/forward-request.ts`. */
function scrubForwardRequest(p: Pseudonyms, b: Bytes): void {
  const v = new Cursor(b, 1)
  v.skip(1) // method
  scrubText(p, b, ...v.string(), keepsProtocol) // protocol
  scrubTarget(p, b, ...v.string())
  scrubText(p, b, ...v.string()) // remote_addr
  scrubHost(p, b, ...v.string()) // remote_host
  scrubHost(p, b, ...v.string()) // server_name
  v.skip(2) // server_port
  v.skip(1) // is_ssl
  for (let left = v.skip(2); left > 0 && !v.isShort; left--) v.field(p, REQUEST_FIELDS)
  for (let type = v.skip(1); !v.isShort && type !== ARE_DONE; type = v.skip(1)) scrubAttribute(p, v, type)
  v.end()
}

function scrubAttribute(p: Pseudonyms, v: Cursor, type: number): void {
  if (type === SSL_KEY_SIZE) {
    v.skip(2)
    return
  }
  let isPort = false
  if (type === REQ_ATTRIBUTE) {
    const [from, to] = v.string()
    isPort = latin1(v.b, from, to) === 'AJP_REMOTE_PORT'
    if (!latin1(v.b, from, to).startsWith('AJP_')) scrubText(p, v.b, from, to)
  }
  if (isPort || type === STORED_METHOD) scrubText(p, v.b, ...v.string(), keepsProtocol)
  else scrubText(p, v.b, ...v.string())
}

/** SEND_HEADERS: type (1), status (2), reason phrase, number of headers (2), names and values. */
function scrubSendHeaders(p: Pseudonyms, b: Bytes): void {
  const v = new Cursor(b, 1)
  v.skip(2)
  scrubReason(p, b, ...v.string())
  for (let left = v.skip(2); left > 0 && !v.isShort; left--) v.field(p, RESPONSE_FIELDS)
  v.end()
}
