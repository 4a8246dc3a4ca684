// How far apart the clocks of captures are that saw the same packets.
import { exchangesOf } from '../../observe/exchange-table.ts'
import type { Observations } from '../../observe/observations.ts'
import type { Clock } from '../../report/document.ts'
import { alignExchanges } from '../conversations.ts'
import type { Conversation, Sighting } from '../story.ts'
import type { ClockPiece } from './time.ts'

/** Differences between two captures' times of the same packets, in nanoseconds, by direction. */
interface Differences {
  toServer: number[]
  toClient: number[]
}

/**
 * Puts all captures on the clock of the first one. The packets that two captures both saw bound the offset from both
 * sides: those that travel from A to B make B late by at least the offset, those that travel back early by at most it.
 * Captures that share no packets are taken to run on one clock (the same host, mostly) until pairing says otherwise.
 */
export function alignClocks(
  captures: readonly Observations[],
  conversations: readonly Conversation[],
): { pieces: ClockPiece[]; clock: Clock; joined: boolean }[] {
  const base = captures[0]?.epoch ?? 0
  const shifts = captures.map((c) => (c.epoch - base) * 1e9)
  const pairs = new Map<string, Differences>()
  for (const { sightings } of conversations) {
    for (let i = 1; i < sightings.length; i++) {
      for (let j = 0; j < i; j++) compare(pairs, sightings[j], sightings[i], shifts)
    }
  }
  const result = captures.map((_, i) => ({
    pieces: [{ from: Math.max(0, captures[i].first), shift: shifts[i], rate: 0 }],
    clock: { offsetSeconds: i === 0 ? 0 : null, low: i === 0 ? 0 : null, high: i === 0 ? 0 : null } as Clock,
    joined: i === 0,
  }))
  // Breadth first from the first capture; what cannot be reached starts a group of its own.
  const seen = new Set<number>()
  for (let root = 0; root < captures.length; root++) {
    if (seen.has(root)) continue
    seen.add(root)
    const queue = [root]
    for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
      for (let to = 0; to < captures.length; to++) {
        if (seen.has(to)) continue
        const found = at < to ? pairs.get(`${at} ${to}`) : pairs.get(`${to} ${at}`)
        if (found === undefined) continue
        const bounds = offsetOf(found)
        const sign = at < to ? 1 : -1
        const offset = sign * bounds.offset
        const before = shifts[at] - result[at].pieces[0].shift
        result[to].pieces[0].shift = shifts[to] - before - offset
        const from = result[at].clock
        if (from.low !== null && from.high !== null) {
          const [low, high] = sign > 0 ? [bounds.low, bounds.high] : [-bounds.high, -bounds.low]
          result[to].clock = {
            offsetSeconds: round((before + offset) / 1e9),
            low: round(from.low + low / 1e9),
            high: round(from.high + high / 1e9),
          }
          result[to].joined = true
        }
        seen.add(to)
        queue.push(to)
      }
    }
  }
  return result
}

const round = (seconds: number): number => Math.round(seconds * 1e9) / 1e9

function compare(pairs: Map<string, Differences>, a: Sighting, b: Sighting, shifts: readonly number[]): void {
  if (a.capture === b.capture) return
  const [first, second] = a.capture < b.capture ? [a, b] : [b, a]
  const key = `${first.capture} ${second.capture}`
  let found = pairs.get(key)
  if (found === undefined) pairs.set(key, (found = { toServer: [], toClient: [] }))
  const shift = shifts[second.capture] - shifts[first.capture]
  const x = first.connection
  const y = second.connection
  // Repeated SYNs may be different ones at the two places.
  if (x.syns.length === 1 && y.syns.length === 1) found.toServer.push(y.syns[0].time - x.syns[0].time + shift)
  if (x.synAck !== null && y.synAck !== null && x.synAckRepeats.length === 0 && y.synAckRepeats.length === 0) {
    found.toClient.push(y.synAck.time - x.synAck.time + shift)
  }
  if (x.established !== null && y.established !== null) {
    found.toServer.push(y.established.time - x.established.time + shift)
  }
  for (const [mine, theirs] of alignExchanges(exchangesOf(x), exchangesOf(y))) {
    if (mine.request.frame >= 0 && theirs.request.frame >= 0) {
      found.toServer.push(theirs.request.time - mine.request.time + shift)
    }
    if (mine.response.frame >= 0 && theirs.response.frame >= 0) {
      found.toClient.push(theirs.response.time - mine.response.time + shift)
    }
  }
}

/** The value below which a share of the sorted numbers lies; of a few, the first or the last. */
function quantile(sorted: readonly number[], share: number): number {
  const few = Math.floor(sorted.length * Math.min(share, 1 - share))
  return share < 0.5 ? sorted[few] : sorted[sorted.length - 1 - few]
}

/** Offset of the second clock against the first: between the directions' differences, with the bounds they give. */
function offsetOf({ toServer, toClient }: Differences): { offset: number; low: number; high: number } {
  if (toServer.length === 0 || toClient.length === 0) {
    const all = [...toServer, ...toClient].toSorted((a, b) => a - b)
    const middle = all[all.length >> 1] ?? 0
    return { offset: middle, low: all[0] ?? 0, high: all.at(-1) ?? 0 }
  }
  const up = toServer.toSorted((a, b) => a - b)
  const down = toClient.toSorted((a, b) => a - b)
  const nearFirst = up[up.length >> 1] >= down[down.length >> 1]
  // Delays only ever push the two directions apart, so their inner edges bound the offset; among many packets a few
  // that were captured late or out of order must not.
  let [low, high] = nearFirst ? [quantile(down, 0.95), quantile(up, 0.05)] : [quantile(up, 0.95), quantile(down, 0.05)]
  // Crossed bounds mean drift or steps: then the offset is known no better than they differ.
  if (low > high) [low, high] = [high, low]
  // Clocks that may agree are taken to agree: so they do with captures that share no packets with either.
  return { offset: low <= 0 && high >= 0 ? 0 : (low + high) / 2, low, high }
}
