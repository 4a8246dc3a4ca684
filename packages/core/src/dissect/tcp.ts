// TCP (RFC 9293) with its options.
import { type Bytes, u16, u32 } from '../bytes/read.ts'
import * as tcp from '../wire/tcp.ts'
import type { LayerField } from './layer.ts'
import { readOptions } from './tcp-options.ts'
import { bit, bytesOf, type Dissected, hex, hexNumber, type Next, number, Walk } from './walk.ts'

const FLAGS: readonly (readonly [bit: number, name: string, short: string])[] = [
  [tcp.CWR, 'Congestion Window Reduced', 'CWR'],
  [tcp.ECE, 'ECN-Echo', 'ECE'],
  [tcp.URG, 'Urgent', 'URG'],
  [tcp.ACK, 'Acknowledgment', 'ACK'],
  [tcp.PSH, 'Push', 'PSH'],
  [tcp.RST, 'Reset', 'RST'],
  [tcp.SYN, 'Syn', 'SYN'],
  [tcp.FIN, 'Fin', 'FIN'],
]

const DNS_PORT = 53

export function dissectTcp(here: Next): Dissected {
  const w = new Walk(here, 'Transmission Control Protocol')
  const b = w.bytes
  const { start } = w
  w.field('Source Port', 2, number(u16))
  w.field('Destination Port', 2, number(u16))
  w.field('Sequence Number', 4, number(u32))
  w.field('Acknowledgment Number', 4, number(u32))
  w.field(
    'Header Length and Flags',
    2,
    () => `${bytesOf(tcp.headerLength(b, start))}, ${flagNames(tcp.flags(b, start))}`,
    flagParts,
  )
  w.field('Window', 2, number(u16))
  w.field('Checksum', 2, hexNumber(u16, 4))
  w.field('Urgent Pointer', 2, number(u16))
  if (w.isOver) return w.done(partly(here, w))
  const header = tcp.headerLength(b, start)
  if (header < tcp.HEADER) w.fault(`header length of ${bytesOf(header)} is below ${tcp.HEADER}`)
  if (header > tcp.HEADER)
    w.group(
      'Options',
      () => bytesOf(header - tcp.HEADER),
      () => readOptions(w, start + header),
    )
  const length = Math.max(0, w.wireEnd - start - header)
  const flags = tcp.flags(b, start)
  const acknowledges = (flags & tcp.ACK) === 0 ? '' : `, ack ${tcp.acknowledgment(b, start)}`
  const ports = `${tcp.sourcePort(b, start)} → ${tcp.destinationPort(b, start)}`
  const summary = `${ports} [${flagNames(flags)}] seq ${tcp.sequence(b, start)}${acknowledges}, ${bytesOf(length)}`
  const isDns = tcp.sourcePort(b, start) === DNS_PORT || tcp.destinationPort(b, start) === DNS_PORT
  return w.done(summary, w.next(isDns ? 'dnsTcp' : 'payload'))
}

/** Quotes and snap lengths often leave only ports and sequence number. */
function partly(here: Next, { bytes, start }: Walk): string {
  if (here.end - start < 4) return 'cut'
  return `${tcp.sourcePort(bytes, start)} → ${tcp.destinationPort(bytes, start)}, cut`
}

const flagNames = (flags: number): string =>
  FLAGS.flatMap(([value, , short]) => ((flags & value) === 0 ? [] : [short]))
    .toReversed()
    .join(', ') || 'no flags'

const flagParts = (b: Bytes, at: number): LayerField[] => [
  { name: 'Header Length', value: `${bytesOf((b[at] >> 4) * 4)} (${b[at] >> 4})`, at, length: 1 },
  { name: 'Flags', value: `${hex(u16(b, at) & 0x0fff, 3)} (${flagNames(b[at + 1])})`, at, length: 2 },
  { name: 'Reserved', value: hex(b[at] & 0x0f, 1), at, length: 1 },
  ...FLAGS.map(([value, name]) => bit(name, (b[at + 1] & value) !== 0, at + 1, 1)),
]
