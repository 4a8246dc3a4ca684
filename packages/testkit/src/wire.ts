// What carries packets: a clock, a way with vantages along it, and what each vantage saw.
import type { Bytes } from './bytes.ts'
import type { Link } from './link.ts'

/** Nanoseconds since the start of the scenario; whole numbers. */
export type Nanoseconds = number

export const nanoseconds = (seconds: number): Nanoseconds => Math.round(seconds * 1e9)

/** What happens to a packet on its way, and what of its IP header is unusual. */
export interface Fate {
  /** It never arrives: the sender's vantage sees it, the others do not. */
  lost?: boolean
  /** Name of the last vantage that sees a lost packet; the sender's unless said otherwise. */
  lostAfter?: string
  /** It arrives, but captures do not have it: none of them (`true`), or those named. */
  unseen?: boolean | string[]
  /** A middlebox half-way made it in the sender's name: the sender's own vantage never sees it. */
  forged?: boolean
  ttl?: number
  ipId?: number
}

export interface Passage {
  at: Nanoseconds
  /** Vantages in the order of travel, the sender's first. */
  vantages: string[]
  oneWay: Nanoseconds
  /** Routers between first and last vantage: each takes one from the TTL. */
  hops: number
  fate: Fate
  link: Omit<Link, 'outgoing'>
  /** The IP packet when `hops` routers were passed. */
  packet(hops: number): Bytes
}

export interface Sighting {
  vantage: string
  at: Nanoseconds
  link: Link
  packet: Bytes
}

export interface Wire {
  now: Nanoseconds
  sightings: Sighting[]
}

/** Sends one packet along its way. Returns when it arrives (or left, when lost) and what was seen of it. */
export function carry(wire: Wire, passage: Passage): { arrival: Nanoseconds; seen: Sighting[] } {
  const { at, oneWay, fate, hops, link } = passage
  const vantages = [...new Set(passage.vantages)]
  const position = (vantage: string) => vantages.indexOf(vantage) / Math.max(1, vantages.length - 1)
  const from = fate.forged ? 0.5 : 0
  const until = fate.lost ? position(fate.lostAfter ?? vantages[0]!) : 1
  const seen: Sighting[] = []
  for (const vantage of vantages) {
    const place = position(vantage)
    const missed = fate.unseen === true || (Array.isArray(fate.unseen) && fate.unseen.includes(vantage))
    if (place < from || place > until || missed) continue
    seen.push({
      vantage,
      at: at + Math.round(oneWay * (place - from)),
      link: { ...link, outgoing: place === 0 },
      packet: passage.packet(Math.round(hops * (place - from))),
    })
  }
  wire.sightings.push(...seen)
  return { arrival: fate.lost ? at : at + Math.round(oneWay * (1 - from)), seen }
}
