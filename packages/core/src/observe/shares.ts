// One large capture, observed by several threads: each reads all of it and keeps its share of the connections.
import type { Layers } from '../wire/layers.ts'
import { destinationPort, sourcePort } from '../wire/tcp.ts'
import type { Observations } from './observations.ts'

/** Which of so many shares: connections are dealt by their endpoints; what is no TCP belongs to share 0. */
export interface Share {
  index: number
  of: number
}

/** The share that a TCP segment belongs to: the same one for both directions. */
export function shareOf({ bytes, sourceAt, destinationAt, transportAt, ipVersion }: Layers, of: number): number {
  let sum = sourcePort(bytes, transportAt) + destinationPort(bytes, transportAt)
  // Neighbouring addresses and ports shall not fall on one share.
  for (let i = ipVersion === 4 ? 3 : 15; i >= 0; i--) {
    sum = Math.imul(sum, 31) + (bytes[sourceAt + i]! + bytes[destinationAt + i]!)
  }
  return ((Math.imul(sum, 0x9e3779b1) >>> 16) * of) >>> 16
}

/** All shares of one capture as what one thread would have seen. */
export function joinShares(shares: readonly Observations[]): Observations {
  const [first, ...others] = shares as [Observations, ...Observations[]]
  const joined: Observations = {
    ...first,
    counts: { ...first.counts },
    forgotten: { ...first.forgotten },
    connections: shares.flatMap(({ connections }) => connections),
    lookups: shares.flatMap(({ lookups }) => lookups),
  }
  for (const { counts, forgotten, evicted } of others) {
    add(joined.counts, counts)
    add(joined.forgotten, forgotten)
    joined.evicted += evicted
  }
  return joined
}

function add<T extends Record<keyof T, number>>(sum: T, more: T): void {
  for (const key of Object.keys(sum) as (keyof T)[]) (sum as Record<keyof T, number>)[key] += more[key]
}

/** Memory that goes to another thread with the observations, instead of being copied. */
export const transferablesOf = ({ connections }: Observations): ArrayBuffer[] =>
  connections.flatMap(({ counts, numbers, irregular, exchangeNumbers, exchangeTexts }) =>
    [counts, numbers, irregular, exchangeNumbers, exchangeTexts].map((column) => column.buffer as ArrayBuffer),
  )
