// Clocks of captures that share no packets, from like requests on both sides of a proxy.
import { exchangesOf } from '../../observe/exchange-table.ts'
import { originForm } from '../pairing.ts'
import type { Conversation, StoryCapture } from '../story.ts'
import { toStory } from './time.ts'

/**
 * Captures of a proxy's two sides share no packets. Their clocks are taken to agree unless like requests on both sides
 * say otherwise: then the offset is the one at which most tries lie within their requests.
 */
export function alignByPairing(
  captures: StoryCapture[],
  conversations: readonly Conversation[],
  clocks: readonly { joined: boolean }[],
): void {
  const loose = captures.flatMap((_, i) => (clocks[i].joined ? [] : [i]))
  for (const capture of loose) {
    const group = groupOf(capture, conversations)
    const anchors = captures.flatMap((_, i) => (i < capture && !group.has(i) ? [i] : []))
    const offset = offsetByPairing(captures, conversations, new Set(anchors), group)
    if (offset !== null) for (const member of group) moveClock(captures, captures[member], offset)
    for (const member of group) loose.splice(loose.indexOf(member), loose.includes(member) ? 1 : 0)
  }
}

/** Shifts a capture, and says by how much its clock is then ahead of the first one's. */
function moveClock(captures: readonly StoryCapture[], capture: StoryCapture, offset: Offset): void {
  capture.pieces = capture.pieces.map((piece) => ({ ...piece, shift: piece.shift + offset.by }))
  const seconds = capture.observations.epoch - captures[0].observations.epoch
  const ahead = seconds * 1e9 - capture.pieces[0].shift
  capture.clock = {
    offsetSeconds: Math.round(ahead) / 1e9,
    low: Math.round(ahead + offset.by - offset.high) / 1e9,
    high: Math.round(ahead + offset.by - offset.low) / 1e9,
  }
}

/** Nanoseconds to shift by, and between which bounds that lies. */
interface Offset {
  by: number
  low: number
  high: number
}

/** Captures that share conversations with `capture`, directly or over others. */
function groupOf(capture: number, conversations: readonly Conversation[]): Set<number> {
  const group = new Set([capture])
  for (let size = 0; size < group.size;) {
    size = group.size
    for (const { sightings } of conversations) {
      if (sightings.some((s) => group.has(s.capture))) for (const s of sightings) group.add(s.capture)
    }
  }
  return group
}

/** Votes for offsets are counted in steps of this size. */
const STEP_NS = 50e6
/** Pairs of like requests that are looked at; a busy capture has more than enough. */
const PAIR_LIMIT = 200_000

/** An exchange with its times, to be laid into another one. */
interface Timed {
  start: number
  /** Null when it did not end well: then its end is not what the other side waited for. */
  end: number | null
  server: string
  key: string
}

function timedExchanges(
  captures: readonly StoryCapture[],
  conversations: readonly Conversation[],
  members: ReadonlySet<number>,
): Timed[] {
  return conversations.flatMap(({ sightings }) => {
    const sighting = sightings.find((s) => members.has(s.capture))
    if (sighting === undefined) return []
    const at = captures[sighting.capture]
    const { server } = sighting.connection
    return exchangesOf(sighting.connection).flatMap((x): Timed[] => {
      if (x.request.frame < 0 || x.method === '') return []
      const gone = sighting.connection.sides[0].fin ?? sighting.connection.sides[0].reset
      const well = x.ended === 'complete' && (gone === null || gone.time >= x.response.time)
      const key = `${x.method} ${originForm(x.target)}`
      return [{ start: toStory(at, x.request.time), end: well ? toStory(at, x.response.time) : null, server, key }]
    })
  })
}

/** By how much `group` has to be shifted so that its exchanges lie in those of `anchors`, or they in them. */
function offsetByPairing(
  captures: readonly StoryCapture[],
  conversations: readonly Conversation[],
  anchors: ReadonlySet<number>,
  group: ReadonlySet<number>,
): Offset | null {
  const ours = groupByKey(timedExchanges(captures, conversations, anchors))
  const theirs = timedExchanges(captures, conversations, group)
  const bounds: Bounds[] = []
  for (const of of theirs) {
    for (const mine of ours.get(of.key) ?? []) {
      if (bounds.length >= PAIR_LIMIT) break
      if (mine.server !== of.server) bounds.push(...boundsOf(mine, of))
    }
  }
  if (bounds.length === 0) return null
  const placed = (by: number): number =>
    new Set(bounds.filter((b) => b.low - JITTER_NS <= by && by <= b.high + JITTER_NS).map((b) => b.of)).size
  const steps = new Map<number, Set<Timed>>()
  for (const { likely, of } of bounds) {
    const step = Math.round(likely / STEP_NS)
    steps.set(step, (steps.get(step) ?? new Set()).add(of))
  }
  const [best, second] = [...steps].toSorted((a, b) => b[1].size - a[1].size || Math.abs(a[0]) - Math.abs(b[0]))
  const members = bounds.filter((b) => Math.abs(b.likely / STEP_NS - best[0]) <= 1)
  const low = members.reduce((most, b) => Math.max(most, b.low), -Infinity)
  const high = members.reduce((least, b) => Math.min(least, b.high), Infinity)
  const points = members.map((b) => b.likely).toSorted((a, b) => a - b)
  const by = points[points.length >> 1]
  // Equal clocks need no proof; another offset has to explain clearly more.
  if (placed(0) * 2 > placed(by)) return null
  // Captures that do not even overlap as they stand cannot belong together so: then one pair does, if no other fits.
  const few = placed(by) < 3
  if (few && (overlap(ours, theirs) || (second !== undefined && second[1].size === best[1].size))) return null
  return { by, low: Math.min(low, high), high: Math.max(low, high) }
}

/** Shifting `of` by an amount in [low, high] puts one of two like exchanges into the other. */
interface Bounds {
  low: number
  high: number
  /** The amount that fits best: a proxy turns to its upstream at once. */
  likely: number
  of: Timed
}

function boundsOf(mine: Timed, of: Timed): Bounds[] {
  const starts = mine.start - of.start
  if (mine.end !== null && of.end !== null) {
    const ends = mine.end - of.end
    return [{ low: Math.min(starts, ends), high: Math.max(starts, ends), likely: (starts + ends) / 2, of }]
  }
  // The one that failed is the try, and began within the other.
  if (mine.end !== null) return [{ low: starts, high: mine.end - of.start, likely: starts + AT_ONCE_NS, of }]
  if (of.end !== null) return [{ low: mine.start - of.end, high: starts, likely: starts - AT_ONCE_NS, of }]
  return []
}

/** How soon a proxy passes a request on. */
const AT_ONCE_NS = 0.2e6

/** What captures on one host, and delays between two near ones, may differ by. */
const JITTER_NS = 2e6

function overlap(ours: ReadonlyMap<string, readonly Timed[]>, theirs: readonly Timed[]): boolean {
  const mine = [...ours.values()].flat()
  const first = (list: readonly Timed[]): number => list.reduce((t, x) => Math.min(t, x.start), Infinity)
  const last = (list: readonly Timed[]): number => list.reduce((t, x) => Math.max(t, x.end ?? x.start), -Infinity)
  return first(mine) <= last(theirs) && first(theirs) <= last(mine)
}

function groupByKey(items: readonly Timed[]): Map<string, Timed[]> {
  const groups = new Map<string, Timed[]>()
  for (const item of items) {
    const group = groups.get(item.key)
    if (group === undefined) groups.set(item.key, [item])
    else group.push(item)
  }
  return groups
}
