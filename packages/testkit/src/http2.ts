// HTTP/2 frames (RFC 9113) and field blocks (RFC 7541), for tests that say what each byte is.
//
//     join(http2Preface, http2Settings(), http2Headers(1, block(indexed(2), literal(':path', '/')), 'END_STREAM'))
import { be16, be32, join, text, type Bytes } from './bytes.ts'

export const FRAME_TYPE = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const
export type FrameType = keyof typeof FRAME_TYPE

export const FRAME_FLAG = { END_STREAM: 0x01, ACK: 0x01, END_HEADERS: 0x04, PADDED: 0x08, PRIORITY: 0x20 } as const
export type FrameFlag = keyof typeof FRAME_FLAG

/** What a client sends before its first frame. */
export const http2Preface: Bytes = text('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/** Any frame; a type without a name by its number. */
export function http2Frame(
  type: FrameType | number,
  stream: number,
  payload: ArrayLike<number> = [],
  ...flags: FrameFlag[]
): Bytes {
  const length = be32(payload.length).slice(1)
  const number = typeof type === 'number' ? type : FRAME_TYPE[type]
  return join(length, [number, flags.reduce((sum, flag) => sum | FRAME_FLAG[flag], 0)], be32(stream), payload)
}

export const http2Data = (stream: number, content: string | Bytes, ...flags: FrameFlag[]): Bytes =>
  http2Frame('DATA', stream, typeof content === 'string' ? text(content) : content, ...flags)

/** A whole field block: END_HEADERS is set. */
export const http2Headers = (stream: number, fields: Bytes, ...flags: FrameFlag[]): Bytes =>
  http2Frame('HEADERS', stream, fields, 'END_HEADERS', ...flags)

/** Settings by number: `http2Settings({ 4: 65_535 })`. */
export function http2Settings(settings: { readonly [id: number]: number } = {}): Bytes {
  const parts = Object.entries(settings).map(([id, value]) => [...be16(Number(id)), ...be32(value)])
  return http2Frame('SETTINGS', 0, join(...parts))
}

export const http2SettingsAck: Bytes = http2Frame('SETTINGS', 0, [], 'ACK')

export const http2Reset = (stream: number, code: number): Bytes => http2Frame('RST_STREAM', stream, be32(code))

export const http2Goaway = (lastStream: number, code: number, debug = ''): Bytes =>
  http2Frame('GOAWAY', 0, join(be32(lastStream), be32(code), text(debug)))

export const http2WindowUpdate = (stream: number, increment: number): Bytes =>
  http2Frame('WINDOW_UPDATE', stream, be32(increment))

/** An HPACK integer (RFC 7541 section 5.1) whose first byte has `bits` for it, below the bits of `pattern`. */
export function hpackInteger(pattern: number, bits: number, value: number): number[] {
  const most = (1 << bits) - 1
  if (value < most) return [pattern | value]
  const bytes = [pattern | most]
  let rest = value - most
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80)
  return [...bytes, rest]
}

const string = (s: string): Bytes => join(hpackInteger(0, 7, s.length), text(s))
const named = (pattern: number, bits: number, name: string | number): Bytes =>
  typeof name === 'number'
    ? join(hpackInteger(pattern, bits, name))
    : join(hpackInteger(pattern, bits, 0), string(name))

/** A field line that is an entry of a table: 1 to 61 of the static one, from 62 of the dynamic one, newest first. */
export const hpackIndexed = (index: number): Bytes => join(hpackInteger(0x80, 7, index))
/** A literal that is not put into the dynamic table; the name may be an index. */
export const hpackLiteral = (name: string | number, value: string): Bytes => join(named(0, 4, name), string(value))
/** A literal that is put into the dynamic table. */
export const hpackInserted = (name: string | number, value: string): Bytes => join(named(0x40, 6, name), string(value))
/** Dynamic table size update. */
export const hpackTableSize = (size: number): Bytes => join(hpackInteger(0x20, 5, size))

/** Fields as literals, in order: `hpackFields({ ':status': '200' })`. */
export const hpackFields = (fields: { readonly [name: string]: string }): Bytes =>
  join(...Object.entries(fields).map(([name, value]) => hpackLiteral(name, value)))
