// An HTTP/2 field section as a head, so that pairing and judging see one kind of message (RFC 9113 section 8.3).
import type { Bytes } from '../bytes/read.ts'
import type { Http2Fields } from '../app/http2/events.ts'
import type { Head } from '../app/http1/message.ts'

/** Bytes of a head's rendering, as much as of an HTTP/1 head is kept. */
const RENDERED = 65_536

/** The head of a request or response. Fields that stand in an unknown part of the dynamic table are left out. */
export function headOf(kind: Head['kind'], fields: Http2Fields): Head {
  const status = Number(fields.get(':status') ?? 0)
  const length = Number(fields.get('content-length') ?? NaN)
  const contentLength = Number.isSafeInteger(length) && length >= 0 ? length : -1
  const method = fields.get(':method') ?? ''
  const target = fields.get(':path') ?? (method === 'CONNECT' ? (fields.get(':authority') ?? '') : '')
  return {
    kind,
    bytes: render(kind, method, target, status, fields),
    size: fields.size,
    version: 20,
    method,
    target,
    status: Number.isInteger(status) && status >= 100 && status <= 999 ? status : 0,
    reason: '',
    framing: contentLength >= 0 ? 'content-length' : 'until-close',
    contentLength,
    persistent: true,
    upgrade: false, // it has no meaning there (RFC 9113 section 8.6)
    fault: null,
    incomplete: !fields.complete,
    field: (name) => (name === 'host' ? (fields.get(':authority') ?? fields.get('host')) : fields.get(name)),
  }
}

/** The section as HTTP/1 would have sent it; what reads identifiers from heads reads this. */
function render(kind: Head['kind'], method: string, target: string, status: number, fields: Http2Fields): Bytes {
  let text = kind === 'request' ? `${method} ${target} HTTP/2\r\n` : `HTTP/2 ${status}\r\n`
  const authority = fields.get(':authority')
  if (authority !== null) text += `host: ${authority}\r\n`
  for (const { name, value } of fields.list) {
    if (name !== null && value !== null && !name.startsWith(':') && text.length < RENDERED)
      text += `${name}: ${value}\r\n`
  }
  text = `${text}\r\n`
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}
