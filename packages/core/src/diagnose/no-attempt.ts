// A proxy answered with a gateway error and no try at an upstream belongs to the request: either a name did not resolve,
// or the proxy had nobody to ask, or the captures do not show its upstream side.
import { isOwnDress } from '../gateways/status.ts'
import type { FrameRef } from '../report/document.ts'
import { likeness } from '../story/pairing.ts'
import {
  clientView,
  frontOf,
  gotAnswer,
  nearClient,
  type Request,
  serverView,
  type Story,
  storyTime,
} from '../story/story.ts'
import { gatewayOf } from './gateway.ts'
import { duration, type Judgement, plural } from './judgement.ts'
import { endOf } from '../story/vantage.ts'
import { frameRef } from './view.ts'

/** Failures this recent may have taken a pool member out of rotation. */
const RECENT_NS = 120e9

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
  const queries = names.flatMap(({ capture, lookup: l }) => l.queries.map((m) => frameRef(story, capture, m.frame)))
  const answers = names.flatMap(({ capture, lookup: l }) =>
    l.answer === null ? [] : [frameRef(story, capture, l.answer.frame)],
  )
  return {
    cause: 'name-resolution-failed',
    confidence: coverage(story, request) === null || asked.length === 0 ? 'likely' : 'certain',
    summary: `The proxy could not resolve ${lookup.name}: the name server ${lookup.server} ${said}, and no connection to an upstream followed.`,
    findings: [
      {
        text: `${plural(queries.length, 'query', 'queries')} for ${lookup.name} to ${lookup.server}`,
        frames: queries.slice(0, 6),
      },
      ...(answers.length > 0 ? [{ text: `${lookup.server} ${said}`, frames: answers.slice(0, 4) }] : []),
      { text: 'no connection to an upstream before the answer to the client', frames: [answerFrame(story, request)] },
    ],
  }
}

type Lookup = Request['lookups'][number]

/** Lookups that gave no address, of names that did not resolve in the other family either. */
function failedLookups(lookups: readonly Lookup[]): Lookup[] {
  const resolved = new Set(lookups.filter(({ lookup }) => lookup.addresses.length > 0).map(({ lookup }) => lookup.name))
  return lookups.filter(({ lookup }) => lookup.addresses.length === 0 && !resolved.has(lookup.name))
}

/** The proxy's last lookups of each name before it answered, where no connection was tried in the meantime. */
function latestLookups(story: Story, request: Request): Lookup[] {
  const hosts = backHosts(story, request)
  const latest = new Map<string, Lookup & { at: number }>()
  story.captures.forEach(({ observations, shift }, capture) => {
    for (const lookup of observations.lookups) {
      const at = (lookup.answer ?? lookup.queries[0]).time + shift
      if (!hosts.has(lookup.client) || at > request.answered || at < request.start - RECENT_NS) continue
      const key = `${lookup.name} ${lookup.type}`
      if ((latest.get(key)?.at ?? -Infinity) <= at) latest.set(key, { capture, lookup, at })
    }
  })
  const found = [...latest.values()]
  const since = Math.min(...found.map(({ at }) => at))
  const tried = story.conversations.some((c) => {
    const { connection } = nearClient(c)
    return (
      hosts.has(connection.clientAddress) &&
      connection.serverPort !== 53 &&
      c.first > since &&
      c.first < request.answered
    )
  })
  return tried ? [] : found
}

const isKnownProxy = (story: Story, request: Request): boolean =>
  story.proxies.some((proxy) => proxy.front === frontOf(request))

/** A try that belongs to no request and looks like one for this: the captures' clocks do not agree. */
function hasTwin(story: Story, request: Request): boolean {
  const { exchange, sighting } = serverView(request.turn)
  return story.strays.some((attempt) => {
    if (attempt.turn === null || attempt.turn === request.turn) return false
    const { exchange: other, sighting: at } = clientView(attempt.turn)
    if (at.connection.server === sighting.connection.server || at.capture === sighting.capture) return false
    const fit = likeness(exchange, other, sighting.connection.clientAddress)
    return fit !== null && fit.strength !== 'weak' && !gotAnswer(attempt)
  })
}

function noHealthyUpstream(story: Story, request: Request): Judgement | null {
  const covered = coverage(story, request)
  // Of a request that was not captured nobody knows when it began, and so not which tries were made for it.
  if (covered === null || serverView(request.turn).exchange.request.frame < 0 || hasTwin(story, request)) return null
  const failures = earlierFailures(story, request)
  const { exchange } = serverView(request.turn)
  const gateway = gatewayOf(request)
  const waited = (request.answered - request.start) / 1e9
  // A product that answers its own limits (rate, connections) with this status looks the same.
  const usual = gateway === null || isOwnDress(gateway.id, exchange.status)
  return {
    cause: 'no-healthy-upstream',
    // That the two sides' clocks agree is known only where requests were seen passed on.
    confidence: failures.length > 0 && usual && isKnownProxy(story, request) ? 'likely' : 'possible',
    summary: `The proxy answered ${exchange.status} after ${duration(waited)} without trying any upstream${failures.length > 0 ? ', after failures had taken its upstreams out of rotation' : ''}.`,
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
  return {
    cause: 'undetermined',
    confidence: 'possible',
    summary: `The captures show ${answered ? `the answer ${exchange.status}` : 'the connection closed without an answer'}, and nothing of the proxy's side towards its upstreams.`,
    findings: [
      {
        text: answered ? `status ${exchange.status} to the client` : 'no answer to the client',
        frames: [answerFrame(story, request)],
      },
    ],
  }
}

/**
 * Addresses from which the proxy may reach its upstreams. Where no request was ever passed on, the one host that opens
 * connections or asks names, and is no client of the proxy, is taken for its other side.
 */
export function backHosts(story: Story, request: Request): Set<string> {
  const { connection } = serverView(request.turn).sighting
  const proxy = story.proxies.find((p) => p.front === connection.server)
  const hosts = new Set([connection.serverAddress, ...(proxy?.backs ?? [])])
  if (proxy !== undefined) return hosts
  const clients = new Set<string>()
  const others = new Set<string>()
  for (const conversation of story.conversations) {
    const { connection: c } = nearClient(conversation)
    if (c.server === connection.server) clients.add(c.clientAddress)
    else others.add(c.clientAddress)
  }
  for (const { observations } of story.captures) for (const lookup of observations.lookups) others.add(lookup.client)
  const strangers = [...others].filter((host) => !clients.has(host) && !hosts.has(host))
  if (strangers.length === 1) hosts.add(strangers[0])
  return hosts
}

/** Proof that the captures show what the proxy sends to its upstreams around this request; null when they do not. */
function coverage(story: Story, request: Request): { text: string; frames: FrameRef[] } | null {
  const { connection } = serverView(request.turn).sighting
  const hosts = backHosts(story, request)
  for (const conversation of story.conversations) {
    if (conversation === request.turn.conversation) continue
    const sighting = nearClient(conversation)
    if (!hosts.has(sighting.connection.clientAddress) || sighting.connection.server === connection.server) continue
    // What a capture at the upstream lacks may have been sent all the same.
    if (story.captures[sighting.capture].vantages.join() === 'upstream' || endOf(sighting.connection) === 'server')
      continue
    const { observations, shift } = story.captures[sighting.capture]
    if (observations.first + shift > request.start || observations.last + shift < request.answered - RECENT_NS) continue
    // A capture that saw the proxy connect at another time saw that side; it must not have ended before.
    const whole = observations.last + shift >= request.answered || conversation.last >= request.answered
    if (!whole && !sameFile(story, sighting.capture, request)) continue
    return {
      text: `it shows the proxy's connection to ${sighting.connection.server}`,
      frames: [frameRef(story, sighting.capture, sighting.connection.first.frame)],
    }
  }
  return null
}

/** Captures that were taken together end with their last packet, which may come before the last answer. */
function sameFile(story: Story, capture: number, request: Request): boolean {
  const front = serverView(request.turn).sighting.capture
  const a = story.captures[capture]
  const b = story.captures[front]
  return capture === front || Math.abs(a.observations.first + a.shift - (b.observations.first + b.shift)) < RECENT_NS
}

/** Connections of the proxy that failed shortly before the request. */
function earlierFailures(story: Story, request: Request): FrameRef[] {
  const hosts = backHosts(story, request)
  return story.conversations.flatMap((conversation) => {
    const { capture, connection: c } = nearClient(conversation)
    if (
      !hosts.has(c.clientAddress) ||
      conversation.first > request.answered ||
      conversation.first < request.start - RECENT_NS
    )
      return []
    const failed =
      c.synAck === null
        ? (c.sides[1].reset ?? c.syns[0] ?? null)
        : c.exchanges.some((x) => x.status === 0 || x.status >= 500)
          ? c.last
          : null
    return failed === null || storyTime(story, capture, failed) > request.answered
      ? []
      : [frameRef(story, capture, failed.frame)]
  })
}

function answerFrame(story: Story, request: Request): FrameRef {
  const { sighting, exchange } = serverView(request.turn)
  const moment = exchange.response.frame >= 0 ? exchange.response : exchange.request
  return frameRef(story, sighting.capture, moment.frame)
}
