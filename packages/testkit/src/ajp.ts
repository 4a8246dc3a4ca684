// AJP/1.3 packets, and what a gateway and a container usually say with them.
import { be16, type Bytes, join, text } from './bytes.ts'

const ATTRIBUTE = { query: 5, named: 10, method: 13 }
const METHODS = ['OPTIONS', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE']

/** From the gateway; of the container with `AB`. */
export const ajp = (data: ArrayLike<number>, magic = '\x12\x34'): Bytes => join(text(magic), be16(data.length), data)

export const ajpString = (s: string | null): Bytes =>
  s === null ? join([0xff, 0xff]) : join(be16(s.length), text(s), [0])

/** `ajpRequest('GET /a?b', { host: 'x' }, { AJP_REMOTE_PORT: '77' })`: names spelled out, or as a code like `a00b`. */
export function ajpRequest(
  line: string,
  headers: Record<string, string> = {},
  attributes: Record<string, string> = {},
): Bytes {
  const [method = '', uri = ''] = line.split(' ')
  const [path = '', query] = uri.split('?')
  const code = METHODS.indexOf(method) + 1
  return ajp(
    join(
      [2, code === 0 ? 0xff : code],
      ajpString('HTTP/1.1'),
      ajpString(path),
      ajpString('10.0.0.1'),
      ajpString(null),
      ajpString('server.example'),
      be16(80),
      [0],
      headerLines(headers),
      ...(query === undefined ? [] : [[ATTRIBUTE.query], ajpString(query)]),
      ...(code === 0 ? [[ATTRIBUTE.method], ajpString(method)] : []),
      ...Object.entries(attributes).flatMap(([k, v]) => [[ATTRIBUTE.named], ajpString(k), ajpString(v)]),
      [0xff],
    ),
  )
}

/** A piece of a request's body. */
export const ajpBody = (body: string): Bytes => ajp(join(be16(body.length), text(body)))

export const ajpHeaders = (status: number, reason: string, headers: Record<string, string> = {}): Bytes =>
  ajp(join([4], be16(status), ajpString(reason), headerLines(headers)), 'AB')

export const ajpChunk = (body: string): Bytes => ajp(join([3], be16(body.length), text(body), [0]), 'AB')

export const ajpEnd = (reuse = true): Bytes => ajp([5, reuse ? 1 : 0], 'AB')

/** SEND_HEADERS, one SEND_BODY_CHUNK, END_RESPONSE. */
export const ajpResponse = (status: number, body: string, headers: Record<string, string> = {}): Bytes =>
  join(ajpHeaders(status, 'Said', headers), ajpChunk(body), ajpEnd())

function headerLines(headers: Record<string, string>): Bytes {
  const entries = Object.entries(headers)
  return join(be16(entries.length), ...entries.flatMap(([k, v]) => [headerName(k), ajpString(v)]))
}

const headerName = (name: string): ArrayLike<number> =>
  /^a0[0-9a-f]{2}$/.test(name) ? be16(Number.parseInt(name, 16)) : ajpString(name)
