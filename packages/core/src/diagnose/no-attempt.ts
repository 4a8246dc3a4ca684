// A proxy answered with a gateway error and no try at an upstream belongs to the request: either a name did not resolve,
// or the proxy had nobody to ask, or the captures do not show its upstream side.
import { http2ErrorName } from '../app/http2/errors.ts'
import { isOwnDress } from '../gateways/status.ts'
import { isSealed } from '../observe/observations.ts'
import type { FrameRef, RuledOut } from '../report/document.ts'
import { likeness } from '../story/pairing.ts'
import {
  clientView,
  frontOf,
  gotAnswer,
  type Request,
  serverView,
  type Story,
  storyTime,
  type Turn,
} from '../story/story.ts'
import { gatewayOf } from './gateway.ts'
import { duration, type Judgement, plural } from './judgement.ts'
import { missedTries } from './missed.ts'
import { perStory } from './remember.ts'
import { coverage, earlierFailures, latestLookups, type Lookup } from './upstream-side.ts'
import { frameRef } from './view.ts'

export function judgeWithoutTry(story: Story, request: Request): Judgement {
  return nameResolutionFailed(story, request) ?? noHealthyUpstream(story, request) ?? undetermined(story, request)
}

function nameResolutionFailed(story: Story, request: Request): Judgement | null {
  const asked = failedLookups(request.lookups)
  // A proxy that resolves in the background has no try to make until the name resolves again.
  const names = asked.length > 0 ? asked : failedLookups(latestLookups(story, request))
  const first = names[0]
  if (first === undefined) return null
  const { lookup } = first
  const said =
    lookup.rcode === null
      ? 'did not answer'
      : lookup.rcode === 'NOERROR'
        ? 'has no address for it'
        : `answered ${lookup.rcode}`
  // Who asks a name in vain says so at once; who waited on has waited for somebody else.
  const isFollowed = names.some(({ capture, lookup: { answer } }) => {
    return answer === null || request.answered - storyTime(story, capture, answer) <= WAITED_NS
  })
  if (!isFollowed && hadUnreadTry(story, request)) return null
  const queries = names.flatMap(({ capture, lookup: l }) => l.queries.map((m) => frameRef(story, capture, m.frame)))
  const answers = names.flatMap(({ capture, lookup: l }) =>
    l.answer === null ? [] : [frameRef(story, capture, l.answer.frame)],
  )
  return {
    cause: 'name-resolution-failed',
    confidence: coverage(story, request) === null || asked.length === 0 || !isFollowed ? 'likely' : 'certain',
    summary: `The proxy could not resolve ${lookup.name}: the name server ${lookup.server} ${said}, and no connection to an upstream followed.`,
    findings: [
      {
        text: `${plural(queries.length, 'query', 'queries')} for ${lookup.name} to ${lookup.server}`,
        frames: queries.slice(0, 6),
      },
      ...(answers.length > 0 ? [{ text: `${lookup.server} ${said}`, frames: answers.slice(0, 4) }] : []),
      { text: 'no connection to an upstream before the answer to the client', frames: [answerFrame(story, request)] },
    ],
    ...(isFollowed ? {} : { competing: [WAITED_ON] }),
  }
}

const WAITED_ON: RuledOut = {
  cause: 'undetermined',
  because:
    'the proxy answered some time after the name server: it may have waited for an upstream that it knew already',
  frames: [],
}

/** Lookups that gave no address, of names that did not resolve in the other family either. */
function failedLookups(lookups: readonly Lookup[]): Lookup[] {
  const resolved = new Set(lookups.filter(({ lookup }) => lookup.addresses.length > 0).map(({ lookup }) => lookup.name))
  return lookups.filter(({ lookup }) => lookup.addresses.length === 0 && !resolved.has(lookup.name))
}

const isKnownProxy = (story: Story, request: Request): boolean =>
  story.proxies.some((proxy) => proxy.front === frontOf(request))

/** Turns of the tries that belong to no request and got no answer. */
const unanswered = perStory((story): Turn[] =>
  story.strays.flatMap((attempt) => (attempt.turn === null || gotAnswer(attempt) ? [] : [attempt.turn])),
)

/** A try that belongs to no request and looks like one for this: the captures' clocks do not agree. */
function hasTwin(story: Story, request: Request): boolean {
  const { exchange, sighting } = serverView(request.turn)
  return unanswered(story).some((turn) => {
    if (turn === request.turn) return false
    const { exchange: other, sighting: at } = clientView(turn)
    if (at.connection.server === sighting.connection.server || at.capture === sighting.capture) return false
    const fit = likeness(exchange, other, sighting.connection, at.connection)
    return fit !== null && fit.strength !== 'weak'
  })
}

/** A failed try inside TLS that was under way, and that nothing joins to a request, may have been made for this one. */
function hadUnreadTry(story: Story, request: Request): boolean {
  const backs = story.proxies.find((proxy) => proxy.front === frontOf(request))?.backs ?? []
  return unanswered(story).some((turn) => {
    const { exchange, sighting } = clientView(turn)
    const { connection, capture } = sighting
    const start = storyTime(story, capture, exchange.request)
    return (
      isSealed(exchange) &&
      backs.includes(connection.clientAddress) &&
      start >= request.start - SAME_TIME_NS &&
      start <= request.answered
    )
  })
}

/** How far the clocks of two captures may be apart. */
const SAME_TIME_NS = 5e6
const WAITED_NS = 0.5e9

function noHealthyUpstream(story: Story, request: Request): Judgement | null {
  const covered = coverage(story, request)
  // Of a request that was not captured nobody knows when it began, and so not which tries were made for it.
  if (covered === null || serverView(request.turn).exchange.request.frame < 0 || hasTwin(story, request)) return null
  // Who answers 504 after a wait has waited for somebody.
  const { status } = serverView(request.turn).exchange
  if (status === 504 && request.answered - request.start > WAITED_NS) return null
  if (hadUnreadTry(story, request)) return null
  // Whose clock was set is in doubt, and so when its tries were.
  if (story.captures.some(({ settings }) => settings.some(({ isSure }) => !isSure))) return null
  if (missedTries(story, request).length > 0) return null
  const failures = earlierFailures(story, request)
  const { exchange } = serverView(request.turn)
  const gateway = gatewayOf(request)
  const waited = (request.answered - request.start) / 1e9
  const said = exchange.status > 0 ? `answered ${exchange.status} after ${duration(waited)}` : 'ended the request'
  // A product that answers its own limits (rate, connections) with this status looks the same.
  const usual = gateway === null || isOwnDress(gateway.id, exchange.status)
  return {
    cause: 'no-healthy-upstream',
    // That the two sides' clocks agree is known only where requests were seen passed on.
    confidence:
      failures.length > 0 && usual && !covered.isVague && isKnownProxy(story, request) ? 'likely' : 'possible',
    summary: `The proxy ${said} without trying any upstream${failures.length > 0 ? ', after failures had taken its upstreams out of rotation' : ''}.`,
    findings: [
      { text: 'answered by the proxy itself', frames: [answerFrame(story, request)] },
      {
        text: `its upstream side is captured (${covered.text}) and has no try for this request`,
        frames: covered.frames,
      },
      ...(failures.length > 0
        ? [
            {
              text: `${plural(failures.length, 'failed connection')} to upstreams before it`,
              frames: failures.slice(0, 6),
            },
          ]
        : []),
    ],
    competing: [
      {
        cause: 'undetermined',
        because:
          'a limit of the proxy (requests, connections, queue) or a cached failure looks the same; its log names the reason',
        frames: [],
      },
    ],
  }
}

function undetermined(story: Story, request: Request): Judgement {
  const { exchange } = serverView(request.turn)
  const answered = exchange.response.frame >= 0
  const reset = exchange.detail?.streamReset ?? null
  const ended = reset === null ? 'the connection closed' : `the stream reset with ${http2ErrorName(reset.code)}`
  return {
    cause: 'undetermined',
    confidence: 'possible',
    summary: `The captures show ${answered ? `the answer ${exchange.status}` : `${ended} without an answer`}, and no try at an upstream that belongs to it.`,
    findings: [
      {
        text: answered ? `status ${exchange.status} to the client` : 'no answer to the client',
        frames: [answerFrame(story, request)],
      },
    ],
  }
}

function answerFrame(story: Story, request: Request): FrameRef {
  const { sighting, exchange } = serverView(request.turn)
  const moment = exchange.response.frame >= 0 ? exchange.response : (exchange.detail?.streamReset ?? exchange.request)
  return frameRef(story, sighting.capture, moment.frame)
}
