// The frame of HTTP/2 (RFC 9113 sections 4.1 and 6): header, types, flags, and what makes nine bytes look like one.
import { u24, u32, type Bytes } from '../../bytes/read.ts'

const LENGTH = 0
const TYPE = 3
const FLAGS = 4
const STREAM = 5
export const FRAME_HEADER = 9

export const DATA = 0x0
export const HEADERS = 0x1
export const PRIORITY = 0x2
export const RST_STREAM = 0x3
export const SETTINGS = 0x4
export const PUSH_PROMISE = 0x5
export const PING = 0x6
export const GOAWAY = 0x7
export const WINDOW_UPDATE = 0x8
export const CONTINUATION = 0x9

export const END_STREAM = 0x01
export const ACK = 0x01
export const END_HEADERS = 0x04
export const PADDED = 0x08
export const HAS_PRIORITY = 0x20

/** SETTINGS_MAX_FRAME_SIZE until something else is agreed, and the largest that can be (section 6.5.2). */
export const DEFAULT_FRAME_SIZE = 16_384
export const LARGEST_FRAME_SIZE = 0xff_ffff

const STREAM_MASK = 0x7fff_ffff

/** What the connection sends before its first frame (section 3.4). */
export const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'

export interface FrameHeader {
  /** Of the payload, in bytes. */
  length: number
  type: number
  flags: number
  /** 0: the connection. */
  stream: number
}

interface FrameType {
  name: string
  /** Flags that have a meaning. */
  flags: number
  /** On the connection, on a stream, or either. */
  on: 'connection' | 'stream' | 'either'
  /** Length where it is fixed, else -1; and the least there can be. */
  length: number
  least: number
}

const STREAM_FLAGS = END_STREAM | PADDED
const BLOCK_FLAGS = END_HEADERS | PADDED

const TYPES: readonly FrameType[] = [
  { name: 'DATA', flags: STREAM_FLAGS, on: 'stream', length: -1, least: 0 },
  { name: 'HEADERS', flags: END_STREAM | BLOCK_FLAGS | HAS_PRIORITY, on: 'stream', length: -1, least: 0 },
  { name: 'PRIORITY', flags: 0, on: 'stream', length: 5, least: 5 },
  { name: 'RST_STREAM', flags: 0, on: 'stream', length: 4, least: 4 },
  { name: 'SETTINGS', flags: ACK, on: 'connection', length: -1, least: 0 },
  { name: 'PUSH_PROMISE', flags: BLOCK_FLAGS, on: 'stream', length: -1, least: 4 },
  { name: 'PING', flags: ACK, on: 'connection', length: 8, least: 8 },
  { name: 'GOAWAY', flags: 0, on: 'connection', length: -1, least: 8 },
  { name: 'WINDOW_UPDATE', flags: 0, on: 'either', length: 4, least: 4 },
  { name: 'CONTINUATION', flags: END_HEADERS, on: 'stream', length: -1, least: 0 },
]

/** `DATA`; an extension's type as `type 0x10`. */
export const frameName = (type: number): string => TYPES[type]?.name ?? `type 0x${type.toString(16)}`

/** Reads the nine bytes at `at` into `header`. The reserved bit before the stream is ignored. */
export function readFrameHeader(b: Bytes, at: number, header: FrameHeader): void {
  header.length = u24(b, at + LENGTH)
  header.type = b[at + TYPE]!
  header.flags = b[at + FLAGS]!
  header.stream = u32(b, at + STREAM) & STREAM_MASK
}

/** What the length or the stream of a frame breaks, or null. Types that are not known may be anything. */
export function headerFault({ type, flags, length, stream }: Readonly<FrameHeader>): string | null {
  const known = TYPES[type]
  if (known === undefined) return null
  const { name } = known
  if (known.on === 'stream' && stream === 0) return `${name} frame on stream 0`
  if (known.on === 'connection' && stream !== 0) return `${name} frame on stream ${stream}`
  if (known.length >= 0 ? length !== known.length : length < known.least) return `${name} frame of ${length} bytes`
  if (type !== SETTINGS) return null
  const isWrong = (flags & ACK) === 0 ? length % 6 !== 0 : length !== 0
  return isWrong ? `${name} frame of ${length} bytes` : null
}

/** Whether the nine bytes at `at` look like the header of a frame, met somewhere in a stream. */
function isPlausible(b: Bytes, at: number, highestStream: number, header: FrameHeader): boolean {
  const known = TYPES[b[at + TYPE]!]
  if (known === undefined || (b[at + FLAGS]! & ~known.flags) !== 0 || b[at + STREAM]! >= 0x80) return false
  readFrameHeader(b, at, header)
  if (header.length > DEFAULT_FRAME_SIZE || headerFault(header) !== null) return false
  if (header.type === CONTINUATION || header.type === PUSH_PROMISE) return false
  // A run of zeros would pass for empty frames that nobody sends.
  if (header.length === 0 && (header.type === HEADERS || (header.type === DATA && header.flags === 0))) return false
  // A client's streams are odd and go up one by one; thousands are not opened unseen.
  return (
    header.stream === 0 || (header.stream % 2 === 1 && (highestStream === 0 || header.stream < highestStream + 8192))
  )
}

/**
 * Looks in `b[at..end)` for a place where frames go on, in a stream that lost bytes: a plausible header that another
 * follows, or whose payload ends with the bytes there are. `aligned`: `at` is where the sender began to write, so one
 * plausible header is enough there. Returns the place, or -1.
 */
export function findFrame(b: Bytes, at: number, end: number, aligned: boolean, highestStream: number): number {
  const header: FrameHeader = { length: 0, type: 0, flags: 0, stream: 0 }
  for (let p = at; p + FRAME_HEADER <= end; p++) {
    if (b[p + TYPE]! >= TYPES.length || !isPlausible(b, p, highestStream, header)) continue
    const next = p + FRAME_HEADER + header.length
    if (next === end) return p
    if (next + FRAME_HEADER <= end ? isPlausible(b, next, highestStream, header) : aligned && p === at) return p
  }
  return -1
}

/**
 * Whether `b[at..end)`, which a sender wrote at once somewhere in a connection, is frames: one after the other to the
 * last byte, or two whose second goes on beyond.
 */
export function isFrames(b: Bytes, at: number, end: number): boolean {
  const header: FrameHeader = { length: 0, type: 0, flags: 0, stream: 0 }
  let p = at
  let count = 0
  while (p + FRAME_HEADER <= end && isPlausible(b, p, 0, header)) {
    p += FRAME_HEADER + header.length
    count++
  }
  return count > 0 && (p === end || (count > 1 && p > end))
}

/** HPACK's static table (RFC 7541 appendix A): 1 to 7 are for requests, 8 to 14 `:status`, then come other fields. */
const STATUS = 8
const LAST_STATIC = 61

/**
 * Who sent the frames `b[at..end)`: 0 the client, 1 the server, as the first field of a HEADERS frame among them tells.
 * Null without, and where that field stands in the dynamic table. Trailers are taken for a server's (gRPC's, mostly).
 */
export function senderOf(b: Bytes, at: number, end: number): 0 | 1 | null {
  const header: FrameHeader = { length: 0, type: 0, flags: 0, stream: 0 }
  for (let p = at; p + FRAME_HEADER < end; p += FRAME_HEADER + header.length) {
    readFrameHeader(b, p, header)
    if (header.type !== HEADERS) continue
    const { flags } = header
    const field = p + FRAME_HEADER + ((flags & PADDED) !== 0 ? 1 : 0) + ((flags & HAS_PRIORITY) !== 0 ? 5 : 0)
    if (field >= end) continue
    const index = nameIndex(b[field]!)
    if (index > 0 && index < STATUS) return 0
    if (index >= STATUS && index <= LAST_STATIC) return 1
    if (index === 0 && field + 2 < end && !isPseudo(b, field + 1)) return 1
  }
  return null
}

/** Index of the field line that begins with `first` (RFC 7541 section 6); 0 a new name, -1 none that fits in. */
function nameIndex(first: number): number {
  if (first >= 0x80) return first & 0x7f
  if (first >= 0x40) return first & 0x3f
  return first < 0x20 ? first & 0x0f : -1
}

/** Whether the string at `at` begins with a colon: as it is, or as its Huffman code 1011100. */
const isPseudo = (b: Bytes, at: number): boolean => (b[at]! >= 0x80 ? b[at + 1]! >> 1 === 0x5c : b[at + 1] === 0x3a)
