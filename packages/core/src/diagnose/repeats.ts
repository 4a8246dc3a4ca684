// Tries that repeat one another. A proxy whose try failed asks again at once, elsewhere or over a fresh connection. Where
// the client leg was not captured, only this tells that several tries are one request's, and that a retry hid a failure.
// It rests on time and likeness, so on a busy leg, where another request like it may begin by chance, nothing is said.
import { grouped } from '../story/grouped.ts'
import { START_NS, TURN_NS } from '../story/pairing.ts'
import { backOf, type Roles, rolesOf, turnAt, UNPAIRED } from '../story/requests.ts'
import { nearClient, type Story, type Try } from '../story/story.ts'
import { perStory } from './remember.ts'

/** Finds the one try that repeats another; null where there is none, or more than one that could. */
export type FindRepeat = (attempt: Try) => Try | null

/** Every exchange and bare try of the story, as rows. */
export const rolesIn: (story: Story) => Roles = perStory(({ captures, conversations }) =>
  rolesOf(captures, conversations),
)

const rowsOf = perStory((story) => {
  const roles = rolesIn(story)
  const bySender = grouped(roles.conversations.keys(), (row) =>
    roles.conversations[row] === null ? null : backOf(roles, row),
  )
  for (const rows of bySender.values()) rows.sort((a, b) => roles.tries.start[a] - roles.tries.start[b])
  return { roles, bySender }
})

/** `strays`: those tries come back as the same objects, so that a repetition that failed can be followed on. */
export function repeatsIn(story: Story, strays: readonly Try[]): FindRepeat {
  const known = new Map(strays.map((attempt) => [keyOf(attempt.conversation?.id ?? -1, attempt.start), attempt]))
  return (attempt) => {
    if (attempt.conversation === null || attempt.end === Infinity) return null
    const { roles, bySender } = rowsOf(story)
    const rows = bySender.get(nearClient(attempt.conversation).connection.clientAddress) ?? []
    const row = nextOf(roles, rows, attempt)
    if (row === null) return null
    return known.get(keyOf(roles.conversations[row]!.id, roles.tries.start[row])) ?? tryAt(roles, row)
  }
}

const keyOf = (conversation: number, start: number): string => `${conversation} ${start}`

/** A connection says nothing of what it was for: only what follows at once, where little else is going on, repeats it. */
const AT_ONCE_NS = 2e6
const AROUND_NS = 1e9
const FEW = 10

/** The first try like this one that begins as it ends. The tries of a request do not overlap: where any do, nothing is said. */
function nextOf(roles: Roles, rows: readonly number[], attempt: Try): number | null {
  const { tries } = roles
  const { start, end, turn } = attempt
  const next = between(rows, roles, Math.max(start, end - START_NS), end + TURN_NS).find((row) =>
    isAlike(roles, row, attempt),
  )
  if (next === undefined) return null
  if (turn === null || tries.exchange[next] === null) {
    const isQuiet = between(rows, roles, end - AROUND_NS, end + AROUND_NS, FEW + 1).length <= FEW
    if (!isQuiet || tries.start[next] > end + AT_ONCE_NS) return null
  }
  const until = Math.min(tries.end[next] - START_NS, end + TURN_NS)
  const isOverlapped = between(rows, roles, start, until).some((row) => row !== next && isAlike(roles, row, attempt))
  return isOverlapped ? null : next
}

/** The first rows that start after one time and up to another; `rows` are in order of start. */
function between(rows: readonly number[], { tries }: Roles, from: number, to: number, most = Infinity): number[] {
  let low = 0
  let high = rows.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (tries.start[rows[middle]] <= from) low = middle + 1
    else high = middle
  }
  const found: number[] = []
  for (let i = low; i < rows.length && found.length < most && tries.start[rows[i]] <= to; i++) found.push(rows[i])
  return found
}

/** Asks for the same, as far as both asked for something. */
function isAlike({ tries }: Roles, row: number, { turn }: Try): boolean {
  const [mine, other] = [turn?.views.find((view) => view !== null) ?? null, tries.exchange[row]]
  if (mine === null || other === null) return true
  if (mine.method !== other.method || mine.target !== other.target || mine.host !== other.host) return false
  return mine.ids.length === 0 || other.ids.length === 0 || mine.ids.some((id) => other.ids.includes(id))
}

function tryAt(roles: Roles, row: number): Try {
  const bare = roles.bare.get(row)
  if (bare !== undefined) return bare
  const [start, end] = [roles.tries.start[row], roles.tries.end[row]]
  const turn = turnAt(roles, row)
  return {
    kind: 'exchange',
    conversation: turn.conversation,
    turn,
    search: null,
    start,
    end,
    pairing: UNPAIRED,
    hop: null,
  }
}
