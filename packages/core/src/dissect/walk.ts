// How dissectors read: from field to field, each with its place, until the captured bytes end.
import { type Bytes, hexOf, latin1 } from '../bytes/read.ts'
import type { Layer, LayerField } from './layer.ts'

/**
 * What a layer holds: `bytes[at]` to `bytes[end - 1]` were captured; on the wire it went on to `wireEnd`, which is
 * behind `end` where a snap length cut.
 */
export interface Piece {
  bytes: Bytes
  at: number
  end: number
  wireEnd: number
}

/** Who reads on. `etherType` and `ipProtocol`: whoever has the number. */
export type Protocol =
  | 'arp'
  | 'ciscoHdlc'
  | 'cooked'
  | 'cooked2'
  | 'data'
  | 'dns'
  | 'dnsTcp'
  | 'erspan'
  | 'ethernet'
  | 'etherType'
  | 'extension'
  | 'fragment'
  | 'geneve'
  | 'gre'
  | 'http1'
  | 'http2'
  | 'icmp'
  | 'ip'
  | 'ipProtocol'
  | 'llc'
  | 'loopback'
  | 'mpls'
  | 'nflog'
  | 'nsh'
  | 'payload'
  | 'ppp'
  | 'pppoe'
  | 'proxy'
  | 'tcp'
  | 'tls'
  | 'tzsp'
  | 'udp'
  | 'vlan'
  | 'vxlan'

export interface Next extends Piece {
  protocol: Protocol
  /** EtherType or protocol number, where the protocol is told by one; else 0. */
  number: number
  /** Version of the nearest IP header, 0 where there is none yet. */
  ipVersion: 0 | 4 | 6
  isQuoted: boolean
  /** The first fragment of a datagram, which goes on in others. */
  isFragment: boolean
}

/** What a dissector makes of the beginning of a piece. `next`: who reads on, and where. */
export interface Dissected {
  layer: Layer
  next: Next | null
}

export type Dissector = (here: Next) => Dissected

export type Show = (bytes: Bytes, at: number) => string

/** Fields kept of a layer, and characters of a value: a frame may hold any number of either. */
const MAX_FIELDS = 1024
const MAX_VALUE = 2048

/** Walks through one layer. Once bytes are missing, nothing more is read and `isOver` says so. */
export class Walk {
  readonly bytes: Bytes
  readonly start: number
  at: number
  /** Bytes from here on are not this layer's, or not captured. */
  end: number
  wireEnd: number
  isOver = false
  readonly #here: Next
  readonly #layer: Layer
  #into: LayerField[]
  #count = 0

  constructor(here: Next, name: string) {
    this.#here = here
    this.bytes = here.bytes
    this.start = here.at
    this.at = here.at
    this.end = here.end
    this.wireEnd = here.wireEnd
    this.#layer = { name, summary: '', at: here.at, length: 0, fields: [], fault: null, isQuoted: here.isQuoted }
    this.#into = this.#layer.fields
  }

  get left(): number {
    return this.end - this.at
  }

  /** The next `length` bytes as a field; false where they are not all there, which ends the walk. */
  field(name: string, length: number, show: Show, parts?: (bytes: Bytes, at: number) => LayerField[]): boolean {
    if (!this.has(length, name)) return false
    // There are no bytes to show.
    if (length === 0) return true
    const field: LayerField = { name, value: shortened(show(this.bytes, this.at)), at: this.at, length }
    const fields = parts?.(this.bytes, this.at)
    if (fields !== undefined && fields.length > 0) field.fields = fields
    this.#add(field)
    this.at += length
    return true
  }

  /** Bytes that no field shows. */
  skip(length: number, name: string): boolean {
    if (!this.has(length, name)) return false
    this.at += length
    return true
  }

  /** Fields that `read` adds stand under one that spans them all. Left out where `read` took no byte. */
  group(name: string, show: () => string, read: () => void): void {
    if (this.isOver) return
    const outside = this.#into
    const { at } = this
    const fields: LayerField[] = []
    this.#into = fields
    read()
    this.#into = outside
    if (this.at === at) return
    const value = shortened(show())
    this.#add(
      fields.length > 0 ? { name, value, at, length: this.at - at, fields } : { name, value, at, length: this.at - at },
    )
  }

  /** Whether `length` bytes of `what` are there; where not, the walk is over and the layer says why. */
  has(length: number, what: string): boolean {
    if (this.isOver) return false
    if (this.#count > MAX_FIELDS) {
      this.fault(`more than ${MAX_FIELDS} fields; the rest is not shown`)
      return false
    }
    if (length >= 0 && this.left >= length) return true
    const there = Math.max(0, this.left)
    const isCut = this.wireEnd - this.at >= length && length >= 0
    if (!isCut && this.#here.isFragment) this.fault(`${what} goes on in another fragment`)
    else
      this.fault(
        isCut
          ? `${this.cut}: ${what} has ${bytesOf(length)}, of which ${there} are there`
          : `${what} is longer than the packet: ${bytesOf(length)}, and ${Math.max(0, this.wireEnd - this.at)} are left`,
      )
    return false
  }

  /** The layer and what it holds end `length` bytes behind `from`, by the field `name`; a quote may have less of that. */
  endAfter(from: number, length: number, name: string): void {
    const { isQuoted } = this.#here
    const end = from + length
    if (end > this.wireEnd && !isQuoted)
      this.note(`${name} of ${bytesOf(length)} is more than the frame holds: ${this.wireEnd - from}`)
    this.wireEnd = isQuoted ? end : Math.min(this.wireEnd, end)
    this.end = Math.min(this.end, end)
  }

  /** Why bytes are missing that were on the wire: an ICMP error need not quote a packet whole (RFC 792). */
  get cut(): string {
    return this.#here.isQuoted ? 'quoted in part' : 'cut by the snap length'
  }

  /** Notes the first fault and ends the walk. */
  fault(text: string): void {
    this.note(text)
    this.isOver = true
  }

  /** Notes the first fault; the walk goes on. */
  note(text: string): void {
    this.#layer.fault ??= text
  }

  /** What follows is read by `protocol`, up to the ends that are known here. */
  next(protocol: Protocol, number: number = 0, ipVersion: 0 | 4 | 6 = this.#here.ipVersion): Next {
    const { bytes, at, end, wireEnd } = this
    return {
      bytes,
      at,
      end,
      wireEnd,
      protocol,
      number,
      ipVersion,
      isQuoted: this.#here.isQuoted,
      isFragment: this.#here.isFragment,
    }
  }

  done(summary: string, next: Next | null = null): Dissected {
    this.#layer.summary = shortened(summary)
    this.#layer.length = this.at - this.start
    return { layer: this.#layer, next: this.isOver ? null : next }
  }

  #add(field: LayerField): void {
    this.#count++
    this.#into.push(field)
  }
}

const shortened = (text: string): string => (text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text)

/** How numbers and texts are shown. */
export const number =
  (read: (b: Bytes, at: number) => number): Show =>
  (b, at) =>
    String(read(b, at))
export const hex = (value: number, digits: number): string => `0x${value.toString(16).padStart(digits, '0')}`
export const hexNumber =
  (read: (b: Bytes, at: number) => number, digits: number): Show =>
  (b, at) =>
    hex(read(b, at), digits)
export const u8 = (b: Bytes, at: number): number => b[at]
export const raw =
  (length: number): Show =>
  (b, at) =>
    hexOf(b.subarray(at, at + Math.min(length, MAX_VALUE / 2)))
export const text =
  (length: number): Show =>
  (b, at) =>
    latin1(b, at, at + Math.min(length, MAX_VALUE + 1))
/** `02:42:ac:11:00:02`. */
export const mac: Show = (b, at) => Array.from(b.subarray(at, at + 6), (x) => x.toString(16).padStart(2, '0')).join(':')
export const bytesOf = (count: number): string => `${count} byte${count === 1 ? '' : 's'}`

/** One bit of flags as a field of its own. */
export const bit = (name: string, isSet: boolean, at: number, length: number): LayerField => ({
  name,
  value: isSet ? 'Set' : 'Not set',
  at,
  length,
})
