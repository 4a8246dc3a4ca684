// FastCGI records, and what a gateway and an application usually say with them (FastCGI specification 1.0).
import { be16, be32, type Bytes, join, text } from './bytes.ts'

export const FCGI = { BEGIN: 1, ABORT: 2, END: 3, PARAMS: 4, STDIN: 5, STDOUT: 6, STDERR: 7, GET_VALUES: 9 } as const

export interface RecordOptions {
  id?: number
  padding?: number
}

/** One record; text is one byte a character. */
export function fcgi(type: number, content: string | ArrayLike<number> = '', options: RecordOptions = {}): Bytes {
  const { id = 1, padding = 0 } = options
  const bytes = typeof content === 'string' ? text(content) : content
  return join([1, type], be16(id), be16(bytes.length), [padding, 0], bytes, new Uint8Array(padding))
}

/** Name-value pairs, lengths of 128 and more in four bytes. */
export function fcgiParams(params: Record<string, string>): Bytes {
  return join(...Object.entries(params).flatMap(([k, v]) => [length(k), length(v), text(k), text(v)]))
}

const length = (s: string) => (s.length < 128 ? [s.length] : be32((s.length | 0x8000_0000) >>> 0))

/** Role responder; `keep` sets FCGI_KEEP_CONN. */
export const fcgiBegin = (keep = false, options: RecordOptions = {}): Bytes =>
  fcgi(FCGI.BEGIN, [0, 1, keep ? 1 : 0, 0, 0, 0, 0, 0], options)

export const fcgiEnd = (appStatus = 0, protocolStatus = 0, options: RecordOptions = {}): Bytes =>
  fcgi(FCGI.END, [...be32(appStatus), protocolStatus, 0, 0, 0], options)

/** `fastcgiRequest('POST /a?b', {...}, 'body')`: all records of a request. */
export function fastcgiRequest(line: string, params: Record<string, string> = {}, body = '', keep = false): Bytes {
  const [method = '', uri = ''] = line.split(' ')
  const all = {
    REQUEST_METHOD: method,
    REQUEST_URI: uri,
    CONTENT_LENGTH: body === '' ? '' : `${body.length}`,
    ...params,
  }
  const stdin = body === '' ? [] : [fcgi(FCGI.STDIN, body)]
  return join(fcgiBegin(keep), fcgi(FCGI.PARAMS, fcgiParams(all)), fcgi(FCGI.PARAMS), ...stdin, fcgi(FCGI.STDIN))
}

/** `fastcgiResponse('Status: 404 Not Found\r\n\r\nbody')`: all records of a response. */
export const fastcgiResponse = (output: string): Bytes =>
  join(fcgi(FCGI.STDOUT, output, { padding: -output.length & 7 }), fcgiEnd())
