// IPv4 with its options (RFC 791 section 3.1).
import { formatAddress } from '../bytes/address.ts'
import { type Bytes, u16 } from '../bytes/read.ts'
import * as ip4 from '../wire/ip4.ts'
import type { LayerField } from './layer.ts'
import { protocolName } from './names.ts'
import { bit, bytesOf, type Dissected, hex, hexNumber, type Next, number, raw, u8, Walk } from './walk.ts'

/** IP option numbers (IANA ip-parameters), copy flag included. */
const OPTIONS: { readonly [type: number]: string } = {
  7: 'Record Route',
  68: 'Time Stamp',
  130: 'Security',
  131: 'Loose Source Route',
  136: 'Stream ID',
  137: 'Strict Source Route',
  148: 'Router Alert',
}
const END_OF_OPTIONS = 0
const NO_OPERATION = 1

const EXPLICIT_CONGESTION = ['Not-ECT', 'ECT(1)', 'ECT(0)', 'CE']

export function dissectIp4(here: Next): Dissected {
  const w = new Walk(here, 'Internet Protocol Version 4')
  const b = w.bytes
  w.field(
    'Version and Header Length',
    1,
    (_, at) => `${ip4.version(b, at)}, ${bytesOf(ip4.headerLength(b, at))}`,
    versionParts,
  )
  w.field('Differentiated Services Field', 1, (_, at) => hex(b[at], 2), serviceParts)
  w.field('Total Length', 2, number(u16))
  w.field('Identification', 2, (_, at) => `${hex(u16(b, at), 4)} (${u16(b, at)})`)
  w.field('Flags and Fragment Offset', 2, (_, at) => fragmentText(b, at - 6), fragmentParts)
  w.field('Time to Live', 1, number(u8))
  w.field('Protocol', 1, (_, at) => protocolName(b[at]))
  w.field('Header Checksum', 2, hexNumber(u16, 4))
  w.field('Source Address', 4, (_, at) => formatAddress(b, at, 4))
  w.field('Destination Address', 4, (_, at) => formatAddress(b, at, 4))
  if (w.isOver) return w.done('cut')
  const { start } = w
  const header = ip4.headerLength(b, start)
  const total = ip4.totalLength(b, start)
  const summary = `${formatAddress(b, ip4.sourceAt(start), 4)} → ${formatAddress(b, ip4.destinationAt(start), 4)}`
  // Offloaded packets have a length of 0: the frame's counts.
  const length = total === 0 ? w.wireEnd - start : total
  if (header < ip4.HEADER) w.fault(`header length of ${bytesOf(header)} is below ${ip4.HEADER}`)
  else if (length < header) w.fault(`total length of ${bytesOf(length)} is below that of the header`)
  w.endAfter(start, length, 'total length')
  if (header > ip4.HEADER)
    w.group(
      'Options',
      () => bytesOf(header - ip4.HEADER),
      () => options(w, start + header),
    )
  const isRest = ip4.fragmentOffset(b, start) > 0
  return w.done(
    summary,
    isRest
      ? w.next('fragment', 0, 4)
      : { ...w.next('ipProtocol', ip4.protocol(b, start), 4), isFragment: ip4.moreFragments(b, start) },
  )
}

function options(w: Walk, until: number): void {
  const b = w.bytes
  while (w.at < until && !w.isOver) {
    if (!w.has(1, 'option')) return
    const type = b[w.at]
    if (type === END_OF_OPTIONS) {
      w.field('End of Options List', until - w.at, () => 'the rest is padding')
      return
    }
    if (type === NO_OPERATION) {
      w.field('No Operation', 1, () => '')
      continue
    }
    const length = w.left >= 2 ? b[w.at + 1] : 2
    if (length < 2 || w.at + length > until) {
      w.fault(`option ${type} has a length of ${length}, and ${until - w.at} bytes are left`)
      return
    }
    w.field(OPTIONS[type] ?? `Option ${type}`, length, (_, at) => raw(length - 2)(b, at + 2))
  }
}

const versionParts = (b: Bytes, at: number): LayerField[] => [
  { name: 'Version', value: String(ip4.version(b, at)), at, length: 1 },
  { name: 'Header Length', value: `${bytesOf(ip4.headerLength(b, at))} (${b[at] & 0x0f})`, at, length: 1 },
]

const serviceParts = (b: Bytes, at: number): LayerField[] => [
  { name: 'Differentiated Services Codepoint', value: String(b[at] >> 2), at, length: 1 },
  { name: 'Explicit Congestion Notification', value: EXPLICIT_CONGESTION[b[at] & 3], at, length: 1 },
]

function fragmentText(b: Bytes, start: number): string {
  const flags = [
    ip4.dontFragment(b, start) ? "Don't fragment" : '',
    ip4.moreFragments(b, start) ? 'More fragments' : '',
  ]
  const set = flags.filter((flag) => flag !== '').join(', ')
  return `${set === '' ? 'no flags' : set}, offset ${ip4.fragmentOffset(b, start)}`
}

const fragmentParts = (b: Bytes, at: number): LayerField[] => [
  bit('Reserved bit', (b[at] & 0x80) !== 0, at, 1),
  bit("Don't fragment", (b[at] & 0x40) !== 0, at, 1),
  bit('More fragments', (b[at] & 0x20) !== 0, at, 1),
  { name: 'Fragment Offset', value: String(ip4.fragmentOffset(b, at - 6)), at, length: 2 },
]
