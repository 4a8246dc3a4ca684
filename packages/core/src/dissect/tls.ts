// TLS records that begin in a segment (RFC 8446 section 5.1), and what of them is in clear: alerts and handshake
// messages. A message that goes on in the next segment is shown as far as this one holds it.
//
// Nothing in a record of a handshake says that it is encrypted: a message whose type has no name, or whose length does
// not fit, is taken for one.
import { type Bytes, u16, u24 } from '../bytes/read.ts'
import { alertName, CONTENT, HANDSHAKE, handshakeName, versionName } from '../app/tls/names.ts'
import { HEADER, isHeader, MAX_BODY } from '../app/tls/records.ts'
import { clientHello, serverHello } from './tls-hello.ts'
import { bytesOf, type Dissected, hex, type Next, number, raw, Walk } from './walk.ts'

const CONTENT_NAMES: { readonly [type: number]: string } = {
  [CONTENT.changeCipherSpec]: 'Change Cipher Spec',
  [CONTENT.alert]: 'Alert',
  [CONTENT.handshake]: 'Handshake',
  [CONTENT.applicationData]: 'Application Data',
  [CONTENT.heartbeat]: 'Heartbeat',
}
const ALERT_LEVELS = ['', 'warning', 'fatal']
/** type(1) length(3) */
const MESSAGE_HEADER = 4
/** Longer messages are not made: a chain of certificates with post-quantum keys takes some 50 KiB. */
const LONGEST_MESSAGE = 128 * 1024

export const beginsRecord = (b: Bytes, at: number, end: number): boolean => end - at >= HEADER && isHeader(b, at)

export function dissectTls(here: Next): Dissected {
  const w = new Walk(here, 'Transport Layer Security')
  const b = w.bytes
  const { start } = w
  w.field('Content Type', 1, (_, at) => contentName(b[at]))
  w.field('Version', 2, (_, at) => `${versionName(u16(b, at))} (${hex(u16(b, at), 4)})`)
  w.field('Length', 2, number(u16))
  if (w.isOver) return w.done('cut')
  const type = b[start]
  const length = u16(b, start + 3)
  const { end, wireEnd } = w
  const recordEnd = w.at + length
  w.end = Math.min(end, recordEnd)
  w.wireEnd = Math.min(wireEnd, recordEnd)
  const summary = `${CONTENT_NAMES[type] ?? `type ${type}`}: ${body(w, type, length)}`
  if (recordEnd > wireEnd)
    w.note(`goes on in another segment: ${bytesOf(wireEnd - start - HEADER)} of ${length} are in this one`)
  else if (recordEnd > end) w.note(`${w.cut}: ${bytesOf(end - start - HEADER)} of ${length} were captured`)
  const isMore = recordEnd < end && length <= MAX_BODY
  const { layer } = w.done(summary)
  if (!isMore) return { layer, next: null }
  return { layer, next: { ...here, at: recordEnd, protocol: beginsRecord(b, recordEnd, end) ? 'tls' : 'data' } }
}

/** Reads the record's body, up to `w.end`, and says what is in it. */
function body(w: Walk, type: number, length: number): string {
  const b = w.bytes
  if (type === CONTENT.alert && length === 2 && w.left === 2) {
    const { at } = w
    w.field('Level', 1, () => `${ALERT_LEVELS[b[at]] ?? 'unknown'} (${b[at]})`)
    w.field('Description', 1, () => `${alertName(b[at + 1])} (${b[at + 1]})`)
    return alertName(b[at + 1])
  }
  if (type === CONTENT.handshake) return messages(w)
  const { left } = w
  const name =
    type === CONTENT.applicationData
      ? 'Encrypted Application Data'
      : type === CONTENT.changeCipherSpec
        ? 'Change Cipher Spec Message'
        : 'Encrypted message'
  if (left > 0) w.field(name, left, raw(left))
  return bytesOf(length)
}

function messages(w: Walk): string {
  const names: string[] = []
  while (w.left > 0 && !w.isOver) {
    const { at } = w
    const name = w.left >= MESSAGE_HEADER ? messageName(w) : null
    if (name === null) {
      w.field('Encrypted Handshake Message', w.left, raw(w.left))
      names.push('encrypted handshake message')
      break
    }
    const { end, wireEnd } = w
    const messageEnd = at + MESSAGE_HEADER + u24(w.bytes, at + 1)
    w.end = Math.min(end, messageEnd)
    w.wireEnd = Math.min(wireEnd, messageEnd)
    w.group(
      'Handshake Protocol',
      () => name,
      () => message(w),
    )
    names.push(name)
    // A hello that breaks its own lengths ends at its own end.
    if (w.isOver) break
    w.end = end
    w.wireEnd = wireEnd
  }
  return names.join(', ')
}

/** Name of the handshake message at the walk's place, null where it must be encrypted. */
function messageName({ bytes, at, wireEnd }: Walk): string | null {
  const type = bytes[at]
  const length = u24(bytes, at + 1)
  const isKnown = Object.values(HANDSHAKE).some((known) => known === type) || (type >= 21 && type <= 25)
  const mayGoOn = type === HANDSHAKE.certificate || type === HANDSHAKE.clientHello || type === HANDSHAKE.serverHello
  const fits = at + MESSAGE_HEADER + length <= wireEnd || (mayGoOn && length <= LONGEST_MESSAGE)
  return isKnown && fits ? handshakeName(type) : null
}

function message(w: Walk): void {
  const type = w.bytes[w.at]
  w.field('Handshake Type', 1, (b, at) => `${handshakeName(b[at])} (${b[at]})`)
  w.field('Length', 3, number(u24))
  if (type === HANDSHAKE.clientHello) clientHello(w)
  else if (type === HANDSHAKE.serverHello) serverHello(w)
  else if (w.left > 0) w.field('Message', w.left, raw(w.left))
}

const contentName = (type: number): string => `${CONTENT_NAMES[type] ?? 'unknown'} (${type})`
