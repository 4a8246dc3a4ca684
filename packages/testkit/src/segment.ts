// TCP segments (RFC 9293) with the options that stacks send: MSS, window scale, SACK, time stamps.
import { be16, be32, join, type Bytes } from './bytes.ts'
import { ipPacket, withChecksum, type IpFields } from './ip.ts'

const LETTERS = 'FSRPAUEC' // FIN, SYN, RST, PSH, ACK, URG, ECE, CWR: bit 0 to 7

/** Flags by their first letters: 'SA' is SYN and ACK. */
export const flagBits = (letters: string): number =>
  [...letters].reduce((bits, letter) => bits | (1 << LETTERS.indexOf(letter)), 0)

export interface TcpOptions {
  mss?: number | undefined
  windowScale?: number | undefined
  sackPermitted?: boolean
  timestamps?: [value: number, echo: number] | undefined
  /** Left and right edges. */
  sack?: [from: number, to: number][]
}

export interface TcpFields {
  sourcePort: number
  destinationPort: number
  seq: number
  ack: number
  flags: string
  /** The field as sent, already scaled. */
  window: number
  options: TcpOptions
  payload: Bytes
  /** What a capture on a sender with checksum offload shows. */
  badChecksum: boolean
}

const NOP = 1

/** Options in the order and alignment that Linux gives them. */
function optionBytes({ mss, windowScale, sackPermitted, timestamps, sack = [] }: TcpOptions): number[] {
  const bytes: number[] = []
  if (mss !== undefined) bytes.push(2, 4, ...be16(mss))
  if (sackPermitted) bytes.push(...(timestamps ? [] : [NOP, NOP]), 4, 2)
  if (timestamps) bytes.push(...(sackPermitted ? [] : [NOP, NOP]), 8, 10, ...timestamps.flatMap(be32))
  if (windowScale !== undefined) bytes.push(NOP, 3, 3, windowScale)
  if (sack.length > 0) bytes.push(NOP, NOP, 5, 2 + 8 * sack.length, ...sack.flat().flatMap(be32))
  return bytes
}

export function tcpPacket(ip: IpFields, tcp: TcpFields): Bytes {
  const options = optionBytes(tcp.options)
  const header = [
    ...be16(tcp.sourcePort),
    ...be16(tcp.destinationPort),
    ...be32(tcp.seq),
    ...be32(tcp.ack),
    ((20 + options.length) / 4) << 4, // data offset in 32-bit words
    flagBits(tcp.flags),
    ...be16(tcp.window),
    0,
    0,
    0,
    0, // checksum, filled in below; urgent pointer
    ...options,
  ]
  const segment = withChecksum(ip, join(header, tcp.payload), 16)
  if (tcp.badChecksum) segment[16]! ^= 0xff
  return ipPacket(ip, segment)
}
