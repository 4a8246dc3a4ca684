// One TCP segment, as the flow takes it.
import type { Bytes } from '../bytes/read.ts'
import type { Layers } from '../wire/layers.ts'
import * as tcp from '../wire/tcp.ts'
import { widen } from './numbers.ts'

/**
 * A segment in a record that is used again for the next one. It is handed down whole rather than in parts: V8 makes an
 * object of every time and sequence number that a call is given, as they are numbers over 31 bits.
 */
export interface Segment {
  frame: number
  time: number
  flags: number
  seq: number
  ack: number
  window: number
  options: tcp.TcpOptions
  bytes: Bytes
  /** Captured payload is `bytes[at]` to `bytes[end - 1]`; `length` is the payload's length on the wire. */
  at: number
  end: number
  length: number
  ttl: number
  ipId: number
  /** Fingerprint of the link that carried the frame (interface, VLAN, MAC, TTL). */
  link: number
}

export const createSegment = (): Segment => ({
  frame: 0,
  time: 0,
  flags: 0,
  seq: 0,
  ack: 0,
  window: 0,
  options: new tcp.TcpOptions(),
  bytes: new Uint8Array(0),
  at: 0,
  end: 0,
  length: 0,
  ttl: 0,
  ipId: 0,
  link: 0,
})

/** Takes the segment out of a decoded packet; `frame`, `time` and `link` are the caller's to set. */
export function readSegment(s: Segment, layers: Layers): void {
  const { bytes, transportAt: at, transportEnd: end } = layers
  const header = tcp.headerLength(bytes, at)
  s.flags = tcp.flags(bytes, at)
  s.seq = tcp.sequence(bytes, at)
  s.ack = tcp.acknowledgment(bytes, at)
  s.window = tcp.window(bytes, at)
  s.options.read(bytes, at, end)
  if (s.bytes !== bytes) s.bytes = bytes
  s.at = Math.min(at + header, end)
  s.end = end
  s.length = Math.max(0, layers.transportLength - header)
  s.ttl = layers.ttl
  s.ipId = layers.ipId
}

widen(createSegment(), 'time', 'seq', 'ack')
widen(new tcp.TcpOptions(), 'tsval', 'tsecr')
