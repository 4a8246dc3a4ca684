// The header of the PROXY protocol that a load balancer puts in front of a stream.
import type { Bytes } from '../bytes/read.ts'
import { readProxyHeader } from '../app/proxy-protocol.ts'
import { bytesOf, type Dissected, type Next, raw, text, Walk } from './walk.ts'

const SIGNATURE = 12
const FIXED = 16

/** A whole header stands there. */
export const beginsProxyHeader = (b: Bytes, at: number, end: number): boolean =>
  end > at && readProxyHeader(b.subarray(at, end)).length > 0

export function dissectProxyHeader(here: Next): Dissected {
  const w = new Walk(here, 'PROXY Protocol')
  const b = w.bytes
  const { length, proxiedFor } = readProxyHeader(b.subarray(w.at, w.end))
  if (b[w.at] === 0x50) w.field('Line', length, text(length - 2))
  else {
    w.field('Magic', SIGNATURE, raw(SIGNATURE))
    w.field('Version, command, family and length', FIXED - SIGNATURE, raw(FIXED - SIGNATURE))
    if (length > FIXED) w.field('Addresses and values', length - FIXED, raw(length - FIXED))
  }
  const summary =
    proxiedFor === null ? `${bytesOf(length)}, for nobody` : `${proxiedFor.source} → ${proxiedFor.destination}`
  return w.done(summary, w.next('payload'))
}
