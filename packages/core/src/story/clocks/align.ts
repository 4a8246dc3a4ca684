// Puts captures on one clock, that of the first: by the packets that two of them saw, and where they share none by what
// follows from what. What the clocks may be off by is kept, for whoever claims an order of events.
import type { Conversation, StoryCapture } from '../story.ts'
import { tiesByCause } from './cause-and-effect.ts'
import { tiesByPackets } from './shared-packets.ts'
import { agreement, type Tie, widthOf } from './ties.ts'
import { type ClockPiece, composed, inverse } from './time.ts'

/** Sets the pieces of the captures, and answers how they were tied. Sightings are in order. */
export function alignClocks(captures: readonly StoryCapture[], conversations: readonly Conversation[]): Tie[] {
  const ties = tiesByPackets(captures, conversations)
  const [placed, ...groups] = groupsOf(captures, ties)
  const put = (group: ReadonlySet<number>, onto: readonly ClockPiece[]): void => {
    for (const member of group) {
      captures[member].pieces = composed(captures[member].pieces, onto)
      placed.add(member)
    }
  }
  while (groups.length > 0) {
    let found: Tie[] = []
    let next = groups.findIndex((group) => (found = tiesByCause(captures, conversations, placed, group)).length > 0)
    // What nothing ties is taken to agree, and something else may be tied to it.
    if (next < 0) next = 0
    const [group] = groups.splice(next, 1)
    const [root] = group
    const [tie] = found.toSorted((a, b) => widthOf(a) - widthOf(b))
    if (tie === undefined) {
      const shift = agreement(captures[root].observations, captures[0].observations)
      put(group, [{ from: captures[root].pieces[0].from, shift, rate: 0 }])
    } else {
      ties.push(...found)
      const toPlaced = composed(inverse(captures[tie.b].pieces), towards(tie, tie.a))
      put(group, composed(toPlaced, captures[tie.a].pieces))
    }
  }
  return ties
}

/**
 * Captures that ties join, directly or over others, the lowest one first: it is on its own clock, and the others are put
 * on that over the closest ties.
 */
function groupsOf(captures: readonly StoryCapture[], ties: readonly Tie[]): Set<number>[] {
  const groups: Set<number>[] = []
  const inOrder = ties.toSorted((a, b) => widthOf(a) - widthOf(b))
  for (const [root, capture] of captures.entries()) {
    if (groups.some((group) => group.has(root))) continue
    const group = new Set([root])
    capture.pieces = [{ from: Math.max(0, capture.observations.first), shift: 0, rate: 0 }]
    for (let tie = next(inOrder, group); tie !== undefined; tie = next(inOrder, group)) {
      const [known, other] = group.has(tie.a) ? [tie.a, tie.b] : [tie.b, tie.a]
      captures[other].pieces = composed(towards(tie, known), captures[known].pieces)
      group.add(other)
    }
    groups.push(group)
  }
  return groups
}

const next = (ties: readonly Tie[], group: ReadonlySet<number>): Tie | undefined =>
  ties.find(({ a, b }) => group.has(a) !== group.has(b))

/** From times of the other capture of a tie to those of `known`. */
function towards({ a, stretches }: Tie, known: number): ClockPiece[] {
  const pieces = stretches.map(({ from, lines, offset, rate }, i): ClockPiece => {
    // Nobody saw when the clock was set.
    const begin = i === 0 ? from : (stretches[i - 1].until + from) / 2
    return { from: begin, shift: offset + rate * (begin - lines.origin), rate }
  })
  return known === a ? inverse(pieces) : pieces
}
