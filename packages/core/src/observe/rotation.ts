// Files of one rotated capture (tcpdump -C, -G, -W), whatever their names: connections go on from one to the next. Found
// after each was observed by itself; whoever can read them again observes them as one, in the order given here.
import { connectionsOf } from './connection-table.ts'
import { CLIENT, type Connection, type Observations, SERVER } from './observations.ts'
import { addedAt } from './steady-time.ts'

/** Bytes that may be lost between two files before a connection counts as another one. */
const GAP_BYTES = 1 << 22

/** Sets of captures (indices, in order of time) that are parts of one; captures that stand alone are in none. */
export function rotatedSets(captures: readonly Observations[]): number[][] {
  const order = captures.map((_, i) => i).toSorted((a, b) => start(captures[a]) - start(captures[b]))
  const sets: number[][] = []
  for (const next of order) {
    // Several captures of the same connections may have been rotated, each for itself: names tell them apart.
    const fitting = sets.filter((parts) => goesOn(captures, parts, captures[next]))
    const likeness = ({ 0: first }: number[]): number => inCommon(nameOf(captures[first]), nameOf(captures[next]))
    const [set] = fitting.toSorted((a, b) => likeness(b) - likeness(a))
    if (set === undefined) sets.push([next])
    else set.push(next)
  }
  return sets.filter((parts) => parts.length > 1)
}

const start = ({ epoch, first }: Observations): number => epoch + first / 1e9
const end = ({ epoch, last, setBacks }: Observations): number => epoch + (last - addedAt(setBacks, last)) / 1e9

const nameOf = ({ parts }: Observations): string => parts[0]?.file ?? ''

/** How many characters two names have in common at their beginnings and ends. */
function inCommon(a: string, b: string): number {
  const most = Math.min(a.length, b.length)
  let front = 0
  while (front < most && a[front] === b[front]) front++
  let back = 0
  while (front + back < most && a.at(-1 - back) === b.at(-1 - back)) back++
  return front + back
}

/** Whether a connection of any of the parts goes on in `next`, which begins when they have ended. */
function goesOn(captures: readonly Observations[], parts: readonly number[], next: Observations): boolean {
  const last = captures[parts.at(-1)!]
  if (next.frames === 0 || start(next) < end(last) || String(next.linkTypes) !== String(last.linkTypes)) return false
  return parts.some((part) => {
    const before = new Map(connectionsOf(captures[part]).map((c) => [`${c.client} ${c.server}`, c]))
    return connectionsOf(next).some((c) => {
      const earlier = before.get(`${c.client} ${c.server}`) ?? before.get(`${c.server} ${c.client}`)
      return earlier !== undefined && continues(earlier, c)
    })
  })
}

/** The later sighting has no SYN, its packets come as far as before, and its bytes follow those of the earlier one. */
function continues(earlier: Connection, later: Connection): boolean {
  if (later.syns.length > 0 || later.synAck !== null) return false
  const flipped = earlier.client !== later.client
  return [CLIENT, SERVER].every((side) => {
    const was = earlier.sides[flipped ? 1 - side : side]
    const is = later.sides[side]
    if (was.ttl >= 0 && is.ttl >= 0 && was.ttl !== is.ttl) return false
    if (was.base < 0 || is.base < 0) return true
    const ahead = (is.base - (was.base + was.bytes)) | 0
    return ahead >= 0 && ahead < GAP_BYTES
  })
}
