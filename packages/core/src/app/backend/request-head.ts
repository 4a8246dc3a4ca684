// The request that a gateway hands to an application, as the HTTP request it came from would look (RFC 3875 section 4.1).
import { type Bytes, latin1, latin1Bytes } from '../../bytes/read.ts'
import { readHead } from '../http1/head.ts'
import type { Framing, Head, MessageFault, Place } from '../http1/message.ts'

/** Most bytes of variables that are kept of one request; behind them, they are counted. */
export const VARIABLES_KEPT = 65_536

/** Name and value as sent. */
export type Variable = readonly [name: string, value: string]

/** What a request says. `size` in bytes, as sent; `contentLength` -1 when it is not announced. */
export interface RequestParts {
  method: string
  target: string
  fields: Variable[]
  size: number
  framing: Framing
  contentLength: number
  persistent: boolean
  fault: MessageFault | null
}

const NOWHERE: Place = { offset: 0, frame: 0, time: 0 }

/** A head that reads as HTTP/1.1 does, whatever protocol it came in. */
export function requestHead(parts: RequestParts): Head {
  const lines = parts.fields.map(([name, value]) => `${name}: ${oneLine(value)}\r\n`)
  const method = parts.method.replace(/[^!-~]/g, '')
  const text = `${method} ${oneLine(parts.target)} HTTP/1.1\r\n${lines.join('')}\r\n`
  const b = latin1Bytes(text)
  const read = readHead('request', b, 0, b.length, false, '', { placeInHead: () => NOWHERE })
  // A target that was cut away is none, and a method neither.
  if (parts.target === '') read.textEnd = read.textAt
  const head: Head = read
  head.size = parts.size
  head.framing = parts.framing
  head.contentLength = parts.contentLength
  head.persistent = parts.persistent
  head.fault = parts.fault
  return head
}

/**
 * The parts that CGI meta-variables give. Fields of the client's request come as HTTP_*; REMOTE_ADDR and REMOTE_PORT,
 * which say exactly whose request it is, as `forwarded` (RFC 7239) unless the client sent one.
 */
export function cgiParts(
  variables: readonly Variable[],
  isCut: boolean,
): Pick<RequestParts, 'method' | 'target' | 'fields'> {
  const named = new Map<string, string>()
  const fields: Variable[] = []
  for (const [name, value] of variables) {
    // Gateways repeat a variable that both a default and the site's file set; applications differ in which one counts.
    if (value !== '' && !named.has(name)) named.set(name, value)
    if (name.startsWith('HTTP_') && isName(name)) fields.push([fieldName(name.slice(5)), value])
  }
  const has = (field: string) => fields.some(([name]) => name === field)
  const add = (field: string, variable: string) => {
    const value = named.get(variable)
    if (value !== undefined && !has(field)) fields.push([field, value])
  }
  add('host', 'SERVER_NAME')
  add('content-type', 'CONTENT_TYPE')
  add('content-length', 'CONTENT_LENGTH')
  const address = named.get('REMOTE_ADDR')
  if (address !== undefined && !has('forwarded'))
    fields.push(['forwarded', forwarded(address, named.get('REMOTE_PORT'))])
  add('x-script-filename', 'SCRIPT_FILENAME')
  return { method: named.get('REQUEST_METHOD') ?? '', target: targetOf(named, isCut), fields }
}

/** Announced length of the body, -1 without one. */
export function contentLengthOf(variables: readonly Variable[]): number {
  const value = variables.find(([name, text]) => name === 'CONTENT_LENGTH' && /^\d{1,15}$/.test(text))?.[1]
  return value === undefined ? -1 : Number(value)
}

/** REQUEST_URI is what the client sent; without it, what the path was taken apart into; where more is cut away, ''. */
function targetOf(named: Map<string, string>, isCut: boolean): string {
  const uri = named.get('REQUEST_URI')
  if (uri !== undefined) return uri
  if (isCut) return ''
  const path = `${named.get('SCRIPT_NAME') ?? ''}${named.get('PATH_INFO') ?? ''}`
  const query = named.get('QUERY_STRING')
  return (path === '' ? '/' : path) + (query === undefined ? '' : `?${query}`)
}

/** `for=` of RFC 7239 section 6: an IPv6 address stands in brackets, and a port behind the address. */
export function forwarded(address: string, port: string | undefined): string {
  const node = address.includes(':') ? `[${address}]` : address
  return `for="${port === undefined ? node : `${node}:${port}`}"`
}

const isName = (name: string): boolean => /^[A-Za-z0-9_.-]+$/.test(name)

const fieldName = (name: string): string => name.toLowerCase().replaceAll('_', '-')

/** A line end inside a value must not become a field. */
export const oneLine = (value: string): string => value.replace(/[\r\n\0]/g, ' ')

/** The text of a variable's bytes. */
export const textOf = (b: Bytes, from: number, to: number): string => latin1(b, from, to)
