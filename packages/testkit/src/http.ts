// HTTP/1.1 messages in text, with the headers that make them complete.

export type Headers = Record<string, string | number>

const REASON: Record<number, string> = {
  200: 'OK',
  204: 'No Content',
  301: 'Moved Permanently',
  404: 'Not Found',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
}

/** `request('GET /a')`; a body brings its Content-Length. */
export function request(line: string, headers: Headers = {}, body = ''): string {
  const length = body === '' ? {} : { 'Content-Length': body.length }
  return `${line} HTTP/1.1\r\n${lines({ Host: 'app.example', ...length, ...headers })}\r\n${body}`
}

/** `response(200, 'hello')`; a body in pieces goes out chunked, a piece a chunk. */
export function response(status: number, body: string | string[] = '', headers: Headers = {}): string {
  const chunked = typeof body !== 'string'
  const length: Headers = chunked ? { 'Transfer-Encoding': 'chunked' } : { 'Content-Length': body.length }
  const payload = chunked ? [...body, ''].map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('') : body
  return `HTTP/1.1 ${status} ${REASON[status] ?? 'Status'}\r\n${lines({ ...length, ...headers })}\r\n${payload}`
}

const lines = (headers: Headers): string =>
  Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')
