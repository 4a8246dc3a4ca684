// TCP options by name (IANA tcp-parameters), with what they say.
import { type Bytes, u16, u32 } from '../bytes/read.ts'
import { raw, type Walk } from './walk.ts'

const END_OF_OPTIONS = 0
const NO_OPERATION = 1

interface Option {
  name: string
  /** With kind and length; -1: it varies. */
  length: number
  show(b: Bytes, at: number, length: number): string
}

const option = (name: string, length: number = -1, show: Option['show'] = rest): Option => ({ name, length, show })
const rest: Option['show'] = (b, at, length) => raw(length - 2)(b, at + 2)
const none = (): string => ''

const OPTIONS: { readonly [kind: number]: Option } = {
  2: option('Maximum segment size', 4, (b, at) => `${u16(b, at + 2)} bytes`),
  3: option('Window scale', 3, (b, at) => `${b[at + 2]} (multiply by ${2 ** Math.min(14, b[at + 2])})`), // RFC 7323 2.3
  4: option('SACK permitted', 2, none),
  5: option('SACK', -1, sack),
  6: option('Echo', 6),
  7: option('Echo reply', 6),
  8: option('Timestamps', 10, (b, at) => `TSval ${u32(b, at + 2)}, TSecr ${u32(b, at + 6)}`),
  9: option('Partial Order Connection Permitted', 2, none),
  10: option('Partial Order Service Profile', 3),
  11: option('CC', 6),
  12: option('CC.NEW', 6),
  13: option('CC.ECHO', 6),
  14: option('Alternate checksum request', 3),
  15: option('Alternate checksum data'),
  19: option('MD5 signature', 18),
  27: option('Quick-Start Response', 8),
  28: option('User Timeout', 4, userTimeout),
  29: option('TCP Authentication Option (TCP-AO)'),
  30: option('Multipath TCP', -1, multipath),
  34: option('TCP Fast Open', -1, (b, at, length) =>
    length === 2 ? 'Cookie Request' : `Cookie ${rest(b, at, length)}`,
  ),
  69: option('Encryption Negotiation (TCP-ENO)'),
  172: option('Accurate ECN Order 0'),
  174: option('Accurate ECN Order 1'),
  253: option('RFC 3692-style Experiment 1'),
  254: option('RFC 3692-style Experiment 2'),
}

/** MPTCP option subtypes (RFC 8684 section 8.2). */
const MULTIPATH = [
  'MP_CAPABLE',
  'MP_JOIN',
  'DSS',
  'ADD_ADDR',
  'REMOVE_ADDR',
  'MP_PRIO',
  'MP_FAIL',
  'MP_FASTCLOSE',
  'MP_TCPRST',
]

/** Reads the options up to `until`, the end of the header. */
export function readOptions(w: Walk, until: number): void {
  const b = w.bytes
  while (w.at < until && !w.isOver) {
    if (!w.has(1, 'option')) return
    const kind = b[w.at]
    if (kind === END_OF_OPTIONS) {
      w.field('End of Option List (EOL)', Math.min(until, w.end) - w.at, none)
      return
    }
    if (kind === NO_OPERATION) {
      w.field('No-Operation (NOP)', 1, none)
      continue
    }
    const known = OPTIONS[kind]
    const name = known?.name ?? `Option ${kind}`
    if (w.at + 1 >= until) {
      w.fault(`${name} has no room for its length`)
      return
    }
    if (!w.has(2, name)) return
    const length = b[w.at + 1]
    if (length < 2 || w.at + length > until) {
      w.fault(`${name} has a length of ${length}, and ${until - w.at} bytes of options are left`)
      return
    }
    if (known !== undefined && known.length >= 0 && known.length !== length) {
      w.note(`${name} has a length of ${length} instead of ${known.length}`)
      w.field(name, length, (_, at) => rest(b, at, length))
    } else w.field(name, length, (_, at) => (known?.show ?? rest)(b, at, length))
  }
}

/** Left and right edges of blocks (RFC 2018 section 3). */
function sack(b: Bytes, at: number, length: number): string {
  const blocks: string[] = []
  for (let block = at + 2; block + 8 <= at + length; block += 8) blocks.push(`${u32(b, block)}-${u32(b, block + 4)}`)
  return blocks.join(' ')
}

/** Granularity and value (RFC 5482 section 3). */
function userTimeout(b: Bytes, at: number): string {
  const value = u16(b, at + 2)
  return `${value & 0x7fff} ${value >= 0x8000 ? 'minutes' : 'seconds'}`
}

function multipath(b: Bytes, at: number, length: number): string {
  if (length < 3) return ''
  return `${MULTIPATH[b[at + 2] >> 4] ?? `subtype ${b[at + 2] >> 4}`} ${rest(b, at, length)}`
}
