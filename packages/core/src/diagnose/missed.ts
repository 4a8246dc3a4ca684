// Failed tries that no request has, and failed requests that have no try, of captures that only cause and effect tie: one
// may be made for the other all the same, on a clock that was set, or told from too little.
import { isSealed } from '../observe/observations.ts'
import { vagueness } from '../story/clocks/order.ts'
import { grouped } from '../story/grouped.ts'
import { likeness, originForm, START_NS, TURN_NS } from '../story/pairing.ts'
import {
  clientView,
  frontOf,
  nearClient,
  type Request,
  runOf,
  serverView,
  type Story,
  type Try,
} from '../story/story.ts'
import { isBehindProxy } from './gateway.ts'
import { perStory } from './remember.ts'

/** Clocks are set by less than this, mostly; and tries are not looked for elsewhere. */
export const SET_BY_NS = 10e9

/** Requests that failed and have no try. */
const lonely = perStory((story): Request[] =>
  story.requests.filter(({ turn, tries }) => {
    const { exchange } = serverView(turn)
    return tries.length === 0 && !(exchange.status > 0 && exchange.status < 500)
  }),
)

/** The same, of captures that packets do not tie to one: nearly always none. */
const lonelyBeside = perStory((story, capture): Request[] =>
  lonely(story).filter(({ turn }) => isElsewhere(story, serverView(turn).sighting.capture, Number(capture))),
)

/** Tries that have no request, of captures that packets do not tie to one. */
const astrayBeside = perStory((story, capture): Try[] =>
  story.strays.filter(
    ({ conversation }) =>
      conversation !== null && isElsewhere(story, nearClient(conversation).capture, Number(capture)),
  ),
)

/** The tries that may have been made for a request. */
export const missedTries = (story: Story, request: Request): Try[] =>
  // Connections without a request fail before one as well: that is why the proxy made no more.
  astrayBeside(story, `${serverView(request.turn).sighting.capture}`).filter(
    (attempt) => attempt.turn !== null && mayBeFor(story, attempt, request),
  )

/** Whether a try may have been made for a request that failed, and that says so itself. */
export const isMissed = (story: Story, attempt: Try): boolean =>
  lonelyBesideTry(story, attempt).some((request) => mayBeFor(story, attempt, request))

/** The same of what looks like a request, as to an upstream that is a proxy as well. */
export const isMissedHop = (story: Story, { turn, start, end }: Request): boolean =>
  lonelyBesideTry(story, turn).some(
    (request) =>
      serverView(request.turn).exchange.status === serverView(turn).exchange.status &&
      mayBeFor(story, { conversation: turn.conversation, turn, start, end }, request),
  )

const lonelyBesideTry = (story: Story, { conversation }: Pick<Try, 'conversation'>): Request[] =>
  lonelyBeside(story, `${nearClient(conversation!).capture}`)

interface MissedHops {
  hops: ReadonlyMap<Request, Request>
  made: ReadonlySet<Request>
}

/**
 * Of requests that failed and have no try, the request that another proxy got, and failed alike, in the same order: who
 * made it may have made it for that one. By both of them.
 */
export const missedHops: (story: Story) => MissedHops = perStory((story) => {
  const outers = grouped(lonely(story), groupOf)
  const inners = grouped(outers.size === 0 ? [] : story.requests, (request) =>
    request.tries.length > 0 && isBehindProxy(story, request) ? groupOf(request) : null,
  )
  const hops = new Map<Request, Request>()
  for (const [group, outer] of outers) {
    const inner = inners.get(group) ?? []
    // Where they are not as many, nobody knows which is whose.
    if (outer.length !== inner.length) continue
    outer.forEach((request, i) => {
      const { turn, start, end } = inner[i]
      if (mayBeFor(story, { conversation: turn.conversation, turn, start, end }, request)) hops.set(request, inner[i])
    })
  }
  return { hops, made: new Set(hops.values()) }
})

/** A try, or a request that may be one. */
type Span = Pick<Try, 'conversation' | 'turn' | 'start' | 'end'>

function mayBeFor(story: Story, attempt: Span, request: Request): boolean {
  const { conversation, turn, start } = attempt
  const { capture, connection } = nearClient(conversation!)
  const { exchange, sighting } = serverView(request.turn)
  if (!isElsewhere(story, capture, sighting.capture) || connection.server === frontOf(request)) return false
  if (conversation === request.turn.conversation) return false
  const { earlier, later } = vagueness(story, capture, sighting.capture, start)
  if (start - earlier > request.answered + SET_BY_NS || start + later < request.start - SET_BY_NS) return false
  if (turn === null) return true
  if (answeredSooner(story, attempt, request)) return false
  const { exchange: made, sighting: at } = clientView(turn)
  return isSealed(made) || isSealed(exchange) || likeness(exchange, made, sighting.connection, at.connection) !== null
}

/** Who answers at once, before a try was over, or as long as that was watched without an end, did not wait for it. */
function answeredSooner(
  story: Story,
  { conversation, start, end }: Span,
  { start: asked, answered }: Request,
): boolean {
  const took = answered - asked
  const watched = runOf(story, nearClient(conversation!).capture).last
  return took <= TURN_NS && Math.min(end, watched) - start > took + START_NS
}

/** By status, method and target. */
function groupOf({ turn }: Request): string {
  const { method, target, status } = serverView(turn).exchange
  return `${status} ${method} ${originForm(target)}`
}

/** Directly; over others a step may be anybody's. */
export const isTiedByPackets = ({ ties }: Story, one: number, other: number): boolean =>
  ties.some(({ a, b, by }) => by === 'packets' && Math.min(one, other) === a && Math.max(one, other) === b)

const isElsewhere = (story: Story, one: number, other: number): boolean =>
  one !== other && !isTiedByPackets(story, one, other)
