// Requests of uwsgi and SCGI: one section of variables, its length before it. Responses are text.
import { type Bytes, join, le16, text } from './bytes.ts'

const cgi = (line: string, body: string, variables: Record<string, string>): [string, string][] => {
  const [method = '', uri = ''] = line.split(' ')
  return Object.entries({
    CONTENT_LENGTH: `${body.length}`,
    REQUEST_METHOD: method,
    REQUEST_URI: uri,
    ...variables,
  })
}

/** `uwsgiRequest('POST /a', {...}, 'body')`. */
export function uwsgiRequest(line: string, variables: Record<string, string> = {}, body = ''): Bytes {
  const section = join(
    ...cgi(line, body, variables).flatMap(([k, v]) => [le16(k.length), text(k), le16(v.length), text(v)]),
  )
  return join([0], le16(section.length), [0], section, text(body))
}

/** `scgiRequest('POST /a', {...}, 'body')`. */
export function scgiRequest(line: string, variables: Record<string, string> = {}, body = ''): Bytes {
  const section = cgi(line, body, { SCGI: '1', ...variables })
    .map(([k, v]) => `${k}\0${v}\0`)
    .join('')
  return text(`${section.length}:${section},${body}`)
}
