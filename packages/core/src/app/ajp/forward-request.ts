// AJP FORWARD_REQUEST: the request with its common methods and header names as numbers, and attributes behind.
import type { Bytes } from '../../bytes/read.ts'
import { forwarded, type RequestParts, type Variable } from '../backend/request-head.ts'
import { PacketReader } from './packet.ts'

const METHODS =
  'OPTIONS GET HEAD POST PUT DELETE TRACE PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK ACL REPORT VERSION-CONTROL CHECKIN CHECKOUT UNCHECKOUT SEARCH MKWORKSPACE UPDATE LABEL MERGE BASELINE-CONTROL MKACTIVITY'.split(
    ' ',
  )
const HEADERS =
  'accept accept-charset accept-encoding accept-language authorization connection content-type content-length cookie cookie2 host pragma referer user-agent'.split(
    ' ',
  )

// Attributes that the reader needs to know; the others are one string each.
const QUERY_STRING = 5
const REQ_ATTRIBUTE = 10
const SSL_KEY_SIZE = 11
const STORED_METHOD = 13
const ARE_DONE = 0xff

/** The data `b[at..end)` of a FORWARD_REQUEST behind its type; `whole` when nothing is missing. */
export function readForwardRequest(
  b: Bytes,
  at: number,
  end: number,
): Pick<RequestParts, 'method' | 'target' | 'fields'> & { whole: boolean } {
  const packet = new PacketReader(b, at, end)
  const code = packet.byte()
  packet.string() // protocol: that of the client's request
  const path = packet.string() ?? ''
  const address = packet.string()
  packet.string() // remote_host
  const serverName = packet.string()
  packet.integer() // server_port
  packet.byte() // is_ssl
  const fields = readHeaders(packet)
  const attributes = readAttributes(packet)
  const add = (name: string, value: string | null | undefined) => {
    if (value !== null && value !== undefined && !fields.some(([field]) => field === name)) fields.push([name, value])
  }
  add('host', serverName)
  if (address !== null) add('forwarded', forwarded(address, attributes.get('AJP_REMOTE_PORT')))
  const query = attributes.get(QUERY_STRING)
  return {
    method: attributes.get(STORED_METHOD) ?? METHODS[code - 1] ?? '',
    target: query === undefined ? path : `${path}?${query}`,
    fields,
    whole: packet.whole,
  }
}

function readHeaders(packet: PacketReader): Variable[] {
  const fields: Variable[] = []
  for (let left = packet.integer(); left > 0 && packet.whole; left--) {
    const name = packet.headerName(HEADERS)
    const value = packet.string()
    if (name !== null && packet.whole) fields.push([name.toLowerCase().replace(/[^!-9;-~]/g, '?'), value ?? ''])
  }
  return fields
}

/** Attributes by their number, those of the gateway's own (REQ_ATTRIBUTE) by their name. Secrets are not told apart. */
function readAttributes(packet: PacketReader): Map<number | string, string> {
  const attributes = new Map<number | string, string>()
  for (let type = packet.byte(); packet.whole && type !== ARE_DONE; type = packet.byte()) {
    if (type === SSL_KEY_SIZE) {
      packet.integer()
      continue
    }
    const name = type === REQ_ATTRIBUTE ? packet.string() : type
    const value = packet.string()
    if (name !== null && value !== null) attributes.set(name, value)
  }
  return attributes
}
