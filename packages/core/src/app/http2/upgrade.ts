// From HTTP/1.1 to HTTP/2 on one connection, by `Upgrade: h2c` (RFC 7540 section 3.2). RFC 9113 took it back, and proxies
// still do it.
import { type Bytes, u16, u32 } from '../../bytes/read.ts'
import type { Head } from '../http1/message.ts'
import type { Http2Setting } from './events.ts'
import { PREFACE } from './frame.ts'

/** Bytes of a SETTINGS parameter: identifier(2) value(4). */
const SETTING = 6
/** Settings of a field that are read; there are ten identifiers. */
const SETTINGS_LIMIT = 64

/** A request that asks for HTTP/2, or the 101 that grants it. */
export function namesHttp2(head: Head): boolean {
  const protocols = head.upgrade ? head.field('upgrade') : null
  return protocols !== null && namesH2c(protocols)
}

function namesH2c(protocols: string): boolean {
  return protocols.split(',').some((protocol) => protocol.trim().toLowerCase() === 'h2c')
}

/** The settings that the request of an upgrade announces in HTTP2-Settings (section 3.2.1); null: none that make sense. */
export function upgradeSettings(head: Head): Http2Setting[] | null {
  const payload = readBase64Url(head.field('http2-settings') ?? '', SETTINGS_LIMIT * SETTING)
  if (payload === null || payload.length % SETTING !== 0) return null
  const settings: Http2Setting[] = []
  for (let at = 0; at < payload.length; at += SETTING)
    settings.push({ id: u16(payload, at), value: u32(payload, at + 2) })
  return settings
}

/** The bytes are a client's preface or its first part, with all of the method that no request has. */
export function beginsPreface(b: Bytes, at: number, end: number): boolean {
  const length = Math.min(end - at, PREFACE.length)
  for (let i = 0; i < length; i++) if (b[at + i] !== PREFACE.charCodeAt(i)) return false
  return length >= 'PRI '.length
}

const BASE64_URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** RFC 4648 section 5; some pad all the same. Null: it is not that, or longer than `limit` bytes. */
function readBase64Url(text: string, limit: number): Bytes | null {
  const digits = text.replace(/={0,2}$/, '')
  const length = Math.floor((digits.length * 6) / 8)
  if (digits.length % 4 === 1 || length === 0 || length > limit) return null
  const bytes = new Uint8Array(length)
  let bits = 0
  for (let i = 0, at = 0; i < digits.length; i++) {
    const digit = BASE64_URL.indexOf(digits[i]!)
    if (digit < 0) return null
    bits = ((bits << 6) | digit) & 0xffff
    if (i % 4 > 0) bytes[at++] = bits >> (6 - 2 * (i % 4))
  }
  return bytes
}
