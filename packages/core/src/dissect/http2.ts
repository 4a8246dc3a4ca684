// HTTP/2 frames that begin in a segment (RFC 9113 section 4.1). Field blocks are compressed by what the connection said
// before, so they stay bytes here.
import { type Bytes, u16, u24, u32 } from '../bytes/read.ts'
import { http2ErrorName, http2SettingName } from '../app/http2/errors.ts'
import * as frame from '../app/http2/frame.ts'
import { bytesOf, type Dissected, hex, type Next, number, raw, u8, Walk } from './walk.ts'

const SETTING = 6

const FLAGS: readonly (readonly [bit: number, name: string, types: readonly number[]])[] = [
  [frame.END_STREAM, 'End Stream', [frame.DATA, frame.HEADERS]],
  [frame.ACK, 'ACK', [frame.SETTINGS, frame.PING]],
  [frame.END_HEADERS, 'End Headers', [frame.HEADERS, frame.PUSH_PROMISE, frame.CONTINUATION]],
  [frame.PADDED, 'Padded', [frame.DATA, frame.HEADERS, frame.PUSH_PROMISE]],
  [frame.HAS_PRIORITY, 'Priority', [frame.HEADERS]],
]

export function beginsFrames(b: Bytes, at: number, end: number): boolean {
  return (
    isPreface(b, at, end) ||
    frame.isFrames(b, at, end) ||
    frame.findFrame(b, at, Math.min(end, at + frame.FRAME_HEADER), true, 0) === at
  )
}

function isPreface(b: Bytes, at: number, end: number): boolean {
  if (end - at < frame.PREFACE.length) return false
  for (let i = 0; i < frame.PREFACE.length; i++) if (b[at + i] !== frame.PREFACE.charCodeAt(i)) return false
  return true
}

export function dissectHttp2(here: Next): Dissected {
  const w = new Walk(here, 'HyperText Transfer Protocol 2')
  const b = w.bytes
  if (isPreface(b, w.at, w.end)) {
    w.field('Magic', frame.PREFACE.length, () => 'PRI * HTTP/2.0')
    return w.done('Magic', w.left > 0 ? w.next('http2') : null)
  }
  const { start, end, wireEnd } = w
  w.field('Length', 3, number(u24))
  w.field('Type', 1, (_, at) => `${frame.frameName(b[at])} (${b[at]})`)
  w.field('Flags', 1, (_, at) => flagText(b[at - 1], b[at]))
  w.field('Stream Identifier', 4, (_, at) => String(u32(b, at) & 0x7fff_ffff))
  if (w.isOver) return w.done('cut')
  const header: frame.FrameHeader = { length: 0, type: 0, flags: 0, stream: 0 }
  frame.readFrameHeader(b, start, header)
  const frameEnd = w.at + header.length
  w.end = Math.min(end, frameEnd)
  w.wireEnd = Math.min(wireEnd, frameEnd)
  const fault = frame.headerFault(header)
  if (fault !== null) w.note(fault)
  else if (frameEnd > wireEnd)
    w.note(`goes on in another segment: ${bytesOf(wireEnd - w.at)} of ${header.length} are in this one`)
  else if (frameEnd > end) w.note(`${w.cut}: ${bytesOf(end - w.at)} of ${header.length} were captured`)
  const said = payload(w, header)
  const { layer } = w.done(`${frame.frameName(header.type)}, stream ${header.stream}${said}`)
  return { layer, next: frameEnd < end ? { ...here, at: frameEnd } : null }
}

/** Reads what is there of the payload, and says what matters of it. */
function payload(w: Walk, { type, flags, length }: frame.FrameHeader): string {
  const b = w.bytes
  const { at, left } = w
  if (left === 0) return type === frame.SETTINGS && (flags & frame.ACK) !== 0 ? ', ACK' : ''
  switch (left >= 4 ? type : -1) {
    case frame.RST_STREAM:
      w.field('Error', 4, () => http2ErrorName(u32(b, at)))
      return `, ${http2ErrorName(u32(b, at))}`
    case frame.WINDOW_UPDATE:
      w.field('Window Size Increment', 4, () => String(u32(b, at) & 0x7fff_ffff))
      return `, increment ${u32(b, at) & 0x7fff_ffff}`
    case frame.GOAWAY: {
      w.field('Promised-Stream-ID', 4, () => String(u32(b, at) & 0x7fff_ffff))
      if (left < 8) return ''
      w.field('Error', 4, () => http2ErrorName(u32(b, at + 4)))
      if (w.left > 0) w.field('Additional Debug Data', w.left, raw(w.left))
      return `, last stream ${u32(b, at) & 0x7fff_ffff}, ${http2ErrorName(u32(b, at + 4))}`
    }
    case frame.SETTINGS:
      while (w.left >= SETTING && !w.isOver) {
        w.field('Settings', SETTING, setting, (_, place) => [
          { name: 'Settings Identifier', value: http2SettingName(u16(b, place)), at: place, length: 2 },
          { name: 'Value', value: String(u32(b, place + 2)), at: place + 2, length: 4 },
        ])
      }
      return `, ${Math.floor(length / SETTING)} settings`
    case frame.HEADERS:
      return headers(w, flags)
    default:
      w.field(
        type === frame.DATA ? 'Data' : type === frame.CONTINUATION ? 'Header Block Fragment' : 'Payload',
        left,
        raw(left),
      )
      return `, ${bytesOf(length)}`
  }
}

function headers(w: Walk, flags: number): string {
  if ((flags & frame.PADDED) !== 0) w.field('Pad Length', 1, number(u8))
  if ((flags & frame.HAS_PRIORITY) !== 0) {
    w.field('Stream Dependency', 4, (b, at) => String(u32(b, at) & 0x7fff_ffff))
    w.field('Weight', 1, (b, at) => String(b[at] + 1))
  }
  if (w.left > 0) w.field('Header Block Fragment', w.left, raw(w.left))
  return ''
}

const setting = (b: Bytes, at: number): string => `${http2SettingName(u16(b, at))}: ${u32(b, at + 2)}`

function flagText(type: number, flags: number): string {
  const names = FLAGS.filter(([bit, , types]) => (flags & bit) !== 0 && types.includes(type)).map(([, name]) => name)
  return names.length === 0 ? hex(flags, 2) : `${hex(flags, 2)} (${names.join(', ')})`
}
