// FastCGI records (FastCGI specification 1.0, section 3.3): version, type, request id, content length, padding length.
import { type Bytes, u16 } from '../../bytes/read.ts'

export const HEADER = 8
const VERSION = 0
const TYPE = 1
const REQUEST_ID = 2
const CONTENT_LENGTH = 4
const PADDING_LENGTH = 6

/** Types of records (section 8). */
export const BEGIN_REQUEST = 1
export const ABORT_REQUEST = 2
export const END_REQUEST = 3
export const PARAMS = 4
export const STDIN = 5
export const STDOUT = 6
export const STDERR = 7
const UNKNOWN_TYPE = 11

/** FCGI_BEGIN_REQUEST flag: the application leaves the connection open behind the request (section 5.1). */
export const KEEP_CONN = 1

/** Why an application ended a request (section 5.5). */
const PROTOCOL_STATUS = ['FCGI_REQUEST_COMPLETE', 'FCGI_CANT_MPX_CONN', 'FCGI_OVERLOADED', 'FCGI_UNKNOWN_ROLE']

export const typeOf = (header: Bytes): number => header[TYPE]!
export const requestId = (header: Bytes): number => u16(header, REQUEST_ID)
export const contentLength = (header: Bytes): number => u16(header, CONTENT_LENGTH)
export const paddingLength = (header: Bytes): number => header[PADDING_LENGTH]!

/** What is wrong with byte `i` of a header. */
export function headerFault(header: Bytes, i: number): string | null {
  if (i === VERSION && header[i] !== 1) return `FastCGI record of unsupported version ${header[i]}`
  if (i === TYPE && (header[i] === 0 || header[i]! > UNKNOWN_TYPE)) return `FastCGI record of unknown type ${header[i]}`
  return null
}

/** Whether `b[at..end)` begins with the header of a record of `type` for a request. */
export const isRecord = (b: Bytes, at: number, end: number, type: number): boolean =>
  end - at >= HEADER && b[at] === 1 && b[at + 1] === type && u16(b, at + 2) !== 0 && b[at + 7] === 0

export const statusName = (status: number): string => PROTOCOL_STATUS[status] ?? `protocolStatus ${status}`
