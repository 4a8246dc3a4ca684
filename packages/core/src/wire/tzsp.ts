// TZSP, the TaZmen Sniffer Protocol: how routers and access points mirror packets over UDP.
import { u16, type Bytes } from '../bytes/read.ts'

export const PORT = 37008
const VERSION = 0
const TYPE = 1
const ENCAPSULATION = 2
export const HEADER = 4
const TAG_PADDING = 0
const TAG_END = 1

/** Version 1, type 0 (received packet) or 1 (packet for transmission), Ethernet inside. */
export const holdsEthernet = (b: Bytes, at: number): boolean =>
  b[at + VERSION] === 1 && b[at + TYPE] <= 1 && u16(b, at + ENCAPSULATION) === 1

/** Offset behind the tags, -1 where they do not end. */
export function payloadAt(b: Bytes, at: number, end: number): number {
  let tag = at + HEADER
  while (tag < end) {
    if (b[tag] === TAG_END) return tag + 1
    if (b[tag] === TAG_PADDING) tag++
    else if (tag + 1 < end) tag += 2 + b[tag + 1]
    else return -1
  }
  return -1
}
