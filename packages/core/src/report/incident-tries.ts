// The requests and tries of the story that an incident of the document is made of. Looked up by endpoint: ten thousand
// incidents must not walk all requests each.
import { perStory } from '../diagnose/remember.ts'
import { type Conversation, nearClient, type Request, serverView, type Story, type Try } from '../story/story.ts'
import type { Incident } from './document.ts'
import { ownTimestamp } from './time.ts'

/** The requests of the incident's client at its time; more than one where HTTP/2 sent several in one packet. */
export function outerRequestsOf(story: Story, { client, time }: Incident): Request[] {
  if (client === null) return []
  const { observations } = story.captures[0]!
  return (requestsByClient(story).get(client) ?? []).filter(({ start }) => ownTimestamp(observations, start) === time)
}

/** The request that failed, and those to the proxies behind that its tries became. */
export function requestsOf(story: Story, incident: Incident): Request[] {
  const all = new Set(outerRequestsOf(story, incident))
  for (const request of all) for (const { hop } of request.tries) if (hop !== null) all.add(hop)
  return [...all]
}

/** Without a request, the incident's attempts are found among the tries by their connection and their time. */
export function triesOf(story: Story, incident: Incident, requests: readonly Request[]): Try[] {
  if (requests.length > 0) return requests.flatMap((request) => request.tries)
  const { observations } = story.captures[0]!
  const of = (back: string | null): Try[] => (back === null ? [] : (straysByClient(story).get(back) ?? []))
  const [first] = incident.attempts
  const begun = of(first?.proxyBack ?? null).find(({ start }) => ownTimestamp(observations, start) === incident.time)
  if (begun === undefined) return []
  return incident.attempts.flatMap(({ proxyBack, startSeconds }) =>
    of(proxyBack).filter(({ start }) => Math.round(start - begun.start) / 1e9 === startSeconds),
  )
}

/** Conversations between two endpoints, as the client's end has them, in the story's order. */
export const conversationsBetween = (story: Story, client: string, server: string): readonly Conversation[] =>
  byEnds(story).get(`${client} ${server}`) ?? []

const requestsByClient = perStory((story) =>
  grouped(story.requests, ({ turn }) => serverView(turn).sighting.connection.client),
)

const straysByClient = perStory((story) =>
  grouped(story.strays, ({ conversation }) =>
    conversation === null ? null : nearClient(conversation).connection.client,
  ),
)

const byEnds = perStory((story) =>
  grouped(story.conversations, (conversation) => {
    const { client, server } = nearClient(conversation).connection
    return `${client} ${server}`
  }),
)

function grouped<T>(all: readonly T[], keyOf: (one: T) => string | null): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const one of all) {
    const key = keyOf(one)
    if (key === null) continue
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [one])
    else group.push(one)
  }
  return groups
}
