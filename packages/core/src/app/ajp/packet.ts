// AJP/1.3 packets, as the Apache Tomcat Connectors documentation describes them: magic (2), length of the data (2), data.
// Strings are a length (2), the bytes, and a NUL that the length does not count.
import { type Bytes, u16 } from '../../bytes/read.ts'
import { textOf } from '../backend/request-head.ts'

export const HEADER = 4
/** First two bytes from the gateway, and from the container. */
export const TO_CONTAINER = 0x1234
export const TO_GATEWAY = 0x4142

/** First byte of the data from the gateway. */
export const FORWARD_REQUEST = 2
/** First byte of the data from the container. */
export const SEND_BODY_CHUNK = 3
export const SEND_HEADERS = 4
export const END_RESPONSE = 5

const NO_STRING = 0xffff

/** What is wrong with byte `i` of a packet's header. */
export function headerFault(header: Bytes, i: number, magic: number): string | null {
  if (i > 1 || header[i] === (i === 0 ? magic >> 8 : magic & 0xff)) return null
  return `Packet without the magic number of AJP: byte ${i + 1} is 0x${header[i]!.toString(16).padStart(2, '0')}`
}

/** Reads the data of a packet front to back. Behind the end everything is 0 or null, and `whole` is false. */
export class PacketReader {
  whole = true
  readonly #b: Bytes
  readonly #end: number
  #at: number

  constructor(b: Bytes, at: number, end: number) {
    this.#b = b
    this.#at = at
    this.#end = end
  }

  get atEnd(): boolean {
    return this.#at >= this.#end
  }

  byte(): number {
    return this.#take(1) ? this.#b[this.#at - 1]! : 0
  }

  integer(): number {
    return this.#take(2) ? u16(this.#b, this.#at - 2) : 0
  }

  /** Null also for a string that is not there (length 0xffff). */
  string(): string | null {
    return this.#text(this.integer())
  }

  /** A header's name: a code of the table, or spelled out. */
  headerName(codes: readonly string[]): string | null {
    const code = this.integer()
    if (code >> 8 !== 0xa0) return this.#text(code)
    return codes[(code & 0xff) - 1] ?? `x-ajp-${code.toString(16)}`
  }

  #text(length: number): string | null {
    if (length === NO_STRING || !this.#take(length + 1)) return null
    return textOf(this.#b, this.#at - length - 1, this.#at - 1)
  }

  #take(length: number): boolean {
    if (this.whole && this.#at + length <= this.#end) this.#at += length
    else this.whole = false
    return this.whole
  }
}
