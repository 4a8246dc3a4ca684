// DNS messages, over UDP and TCP: header, questions and records; names and data are read by `app/dns`.
import { dnsTcpLength, type DnsPart, rcodeName, readDns } from '../app/dns/message.ts'
import { type Bytes, u16 } from '../bytes/read.ts'
import type { LayerField } from './layer.ts'
import { bit, type Dissected, hex, hexNumber, type Next, number, Walk } from './walk.ts'

const HEADER = 12
const OPCODES: { readonly [opcode: number]: string } = {
  0: 'Standard query',
  4: 'Zone change notification',
  5: 'Dynamic update',
}
const SECTIONS = {
  question: 'Query',
  answer: 'Answer',
  authority: 'Authoritative nameserver',
  additional: 'Additional record',
}

export function dissectDns(here: Next): Dissected {
  return message(new Walk(here, 'Domain Name System'))
}

/** Messages that begin in this segment; where a length makes no sense, the segment goes on with another's bytes. */
export function dissectDnsTcp(here: Next): Dissected {
  const w = new Walk(here, 'Domain Name System')
  const length = dnsTcpLength(w.bytes, w.at, w.end)
  if (length >= 0 && length < HEADER) return w.done('continued', w.next('data'))
  if (!w.field('Length', 2, number(u16))) return w.done('cut')
  const { end, wireEnd } = w
  w.end = Math.min(end, w.at + length)
  w.wireEnd = Math.min(wireEnd, w.at + length)
  const { layer } = message(w)
  const at = w.start + 2 + length
  return { layer, next: at < end ? { ...here, at } : null }
}

function message(w: Walk): Dissected {
  const b = w.bytes
  const start = w.at
  w.field('Transaction ID', 2, hexNumber(u16, 4))
  w.field('Flags', 2, (_, at) => hex(u16(b, at), 4), flagParts)
  w.field('Questions', 2, number(u16))
  w.field('Answer RRs', 2, number(u16))
  w.field('Authority RRs', 2, number(u16))
  w.field('Additional RRs', 2, number(u16))
  if (w.isOver) return w.done('cut')
  const parts: DnsPart[] = []
  const read = readDns(b, start, w.end, (part) => parts.push(part))
  for (const part of parts) w.field(SECTIONS[part.section], part.end - part.at, () => partText(part))
  if (read.is === 'malformed') w.note(read.fault.text)
  else if (read.is === 'incomplete') w.note(w.end < w.wireEnd ? w.cut : 'records are missing')
  const { message: dns } = read
  const question = dns?.questions[0]
  const asked = question === undefined ? '' : ` ${question.type} ${question.name}`
  const rcode = dns?.isResponse === true ? `, ${dns.rcodeName}` : ''
  const kind = dns?.isResponse === true ? 'response' : 'query'
  return w.done(`${kind} ${hex(u16(b, start), 4)}${asked}${rcode}`, w.left > 0 && !w.isOver ? w.next('data') : null)
}

function partText({ record }: DnsPart): string {
  if (!('ttl' in record)) return `${record.name}: type ${record.type}`
  return `${record.name}: type ${record.type}, TTL ${record.ttl}${record.data === '' ? '' : `, ${record.data}`}`
}

function flagParts(b: Bytes, at: number): LayerField[] {
  const flags = u16(b, at)
  const opcode = (flags >> 11) & 0x0f
  return [
    { name: 'Response', value: flags >= 0x8000 ? 'Message is a response' : 'Message is a query', at, length: 2 },
    { name: 'Opcode', value: OPCODES[opcode] ?? String(opcode), at, length: 2 },
    bit('Authoritative', (flags & 0x0400) !== 0, at, 2),
    bit('Truncated', (flags & 0x0200) !== 0, at, 2),
    bit('Recursion desired', (flags & 0x0100) !== 0, at, 2),
    bit('Recursion available', (flags & 0x0080) !== 0, at, 2),
    { name: 'Reply code', value: rcodeName(flags & 0x0f), at, length: 2 },
  ]
}
