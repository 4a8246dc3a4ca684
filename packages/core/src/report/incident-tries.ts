// The requests and tries of the story that an incident of the document is made of. Looked up by endpoint: ten thousand
// incidents must not walk all requests each.
import { perStory } from '../diagnose/remember.ts'
import { grouped } from '../story/grouped.ts'
import { type Conversation, nearClient, type Request, serverView, type Story, type Try } from '../story/story.ts'
import type { Incident } from './document.ts'
import { ownTimestamp } from './time.ts'

/** The requests of the incident's client at its time; more than one where HTTP/2 sent several in one packet. */
const outerRequestsOf = (story: Story, { client, time }: Incident): readonly Request[] =>
  client === null ? [] : (requestsAt(story).get(`${client} ${time}`) ?? [])

/** The request that failed, and those to the proxies behind that its tries became. */
export function requestsOf(story: Story, incident: Incident): Request[] {
  const all = new Set(outerRequestsOf(story, incident))
  for (const request of all) for (const { hop } of request.tries) if (hop !== null) all.add(hop)
  return [...all]
}

/** Without a request, the incident's attempts are found among the tries by their connection and their time. */
export function triesOf(story: Story, incident: Incident, requests: readonly Request[]): Try[] {
  if (requests.length > 0) return requests.flatMap((request) => request.tries)
  const [first] = incident.attempts
  const [begun] = straysAt(story).get(`${first?.proxyBack} ${incident.time}`) ?? []
  if (begun === undefined) return []
  return incident.attempts.flatMap(({ proxyBack, startSeconds }) => {
    if (startSeconds === null) return []
    // The document's seconds are rounded to nanoseconds.
    const near = Math.round(begun.start + startSeconds * 1e9)
    return [near - 1, near, near + 1]
      .flatMap((start) => straysFrom(story).get(`${proxyBack} ${start}`) ?? [])
      .filter(({ start }) => Math.round(start - begun.start) / 1e9 === startSeconds)
  })
}

/** The requests that one became at the proxies behind, in order, down to one of them that it became at last. */
export function hopsBetween(first: Request, last: Request): Request[] {
  // Where only likeness tells that one became the other, nothing is known of what is between them.
  const before = new Map<Request, Request>([[last, first]])
  const found = new Set([first])
  for (const request of found) {
    if (found.has(last)) break
    for (const { hop } of request.tries) {
      if (hop === null || found.has(hop)) continue
      before.set(hop, request)
      found.add(hop)
    }
  }
  const hops: Request[] = []
  for (let request = last; request !== first; request = before.get(request)!) hops.push(request)
  return hops.toReversed()
}

/** The incident's own request: of several in one packet the one for its path that failed as it did. */
export function requestOf(story: Story, incident: Incident): Request | null {
  const all = outerRequestsOf(story, incident)
  const isIts = ({ turn }: Request): boolean =>
    turn.views.some((x) => x !== null && (x.target || null) === incident.path && (x.method || null) === incident.method)
  const alike = all.filter(isIts)
  const tried = alike.find(({ tries }) => tries.some((one) => isAttempt(one, incident)))
  return tried ?? alike[0] ?? all[0] ?? null
}

const isAttempt = ({ conversation, hop }: Try, incident: Incident): boolean =>
  (conversation !== null && nearClient(conversation).connection.client === incident.proxyBack) ||
  (hop !== null && hop.tries.some((one) => isAttempt(one, incident)))

/**
 * What was exchanged for an incident, from the client on: its request, each try of the proxies to serve it, and the
 * requests to proxies behind that tries became, each behind that try; and the story time at which it began.
 */
export function membersOf(story: Story, incident: Incident): { start: number; members: readonly (Request | Try)[] } {
  const own = requestOf(story, incident)
  if (own === null) {
    const tries = triesOf(story, incident, [])
    return { start: tries[0]?.start ?? Infinity, members: tries }
  }
  const members: (Request | Try)[] = []
  const requests = new Set([own])
  for (const request of requests) {
    members.push(request, ...request.tries)
    for (const { hop } of request.tries) if (hop !== null) requests.add(hop)
  }
  return { start: own.start, members }
}

/** Conversations between two endpoints, as the client's end has them, in the story's order. */
export const conversationsBetween = (story: Story, client: string, server: string): readonly Conversation[] =>
  byEnds(story).get(`${client} ${server}`) ?? []

// A client comes back to its ports: by endpoint alone a long capture has thousands of requests.
const requestsAt = perStory((story) => {
  const { observations } = story.captures[0]!
  const keyOf = ({ turn, start }: Request): string =>
    `${serverView(turn).sighting.connection.client} ${ownTimestamp(observations, start)}`
  return grouped(story.requests, keyOf)
})

const straysAt = perStory((story) => {
  const { observations } = story.captures[0]!
  return grouped(story.strays, (one) => keyOfStray(one, ownTimestamp(observations, one.start)))
})

const straysFrom = perStory((story) => grouped(story.strays, (one) => keyOfStray(one, Math.round(one.start))))

const keyOfStray = ({ conversation }: Try, time: string | number): string | null =>
  conversation === null ? null : `${nearClient(conversation).connection.client} ${time}`

const byEnds = perStory((story) =>
  grouped(story.conversations, (conversation) => {
    const { client, server } = nearClient(conversation).connection
    return `${client} ${server}`
  }),
)
