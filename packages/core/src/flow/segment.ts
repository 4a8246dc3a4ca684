// One TCP segment, as the flow takes it.
import type { Bytes } from '../bytes/read.ts'
import { TcpOptions } from '../wire/tcp.ts'

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
  options: TcpOptions
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
  options: new TcpOptions(),
  bytes: new Uint8Array(0),
  at: 0,
  end: 0,
  length: 0,
  ttl: 0,
  ipId: 0,
  link: 0,
})
