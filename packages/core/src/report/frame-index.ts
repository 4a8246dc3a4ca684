// Whose a frame is that the document cites: found without walking all connections for each.
import { perStory } from '../diagnose/remember.ts'
import type { Connection, Exchange, IcmpError, Moment, NameLookup, NeighbourSearch } from '../observe/observations.ts'
import { packetsOf } from '../observe/packets.ts'
import { grouped } from '../story/grouped.ts'
import type { Conversation, Sighting, Story } from '../story/story.ts'
import type { FrameRef } from './document.ts'

/** A frame as its capture's observations count it; `capture` is the story's index. */
export interface StoryFrame {
  capture: number
  frame: number
}

/** The story's number of a frame of the document; null where there is no such capture. */
export function storyFrame(story: Story, { capture: id, frame }: FrameRef): StoryFrame | null {
  const place = partsById(story).get(id)
  return place === undefined ? null : { capture: place.capture, frame: place.offset + frame }
}

const partsById = perStory((story) => {
  const parts = new Map<number, { capture: number; offset: number }>()
  story.captures.forEach(({ ids, observations }, capture) => {
    ids.forEach((id, i) => parts.set(id, { capture, offset: observations.parts[i]!.offset }))
  })
  return parts
})

/** Connections by the stretches of frames that they go over; this many a capture, whatever its length. */
const STRETCHES = 1024

interface Owner {
  conversation: Conversation
  sighting: Sighting
}

const ownersOf = perStory((story, capture) => {
  const { frames } = story.captures[Number(capture)]!.observations
  const size = Math.ceil((frames + 1) / STRETCHES)
  const stretches: Owner[][] = Array.from({ length: STRETCHES }, () => [])
  for (const conversation of story.conversations) {
    for (const sighting of conversation.sightings) {
      if (sighting.capture !== Number(capture)) continue
      const { first, last } = sighting.connection
      const to = Math.min(STRETCHES - 1, Math.floor(last.frame / size))
      for (let i = Math.max(0, Math.floor(first.frame / size)); i <= to; i++) {
        stretches[i]!.push({ conversation, sighting })
      }
    }
  }
  return { size, stretches }
})

/** The connection of which a frame is known, and the exchange that it is kept with; null where none is. */
export function connectionWith(
  story: Story,
  { capture, frame }: StoryFrame,
): { conversation: Conversation; exchange: Exchange | null } | null {
  const { size, stretches } = ownersOf(story, `${capture}`)
  for (const { conversation, sighting } of stretches[Math.floor(frame / size)] ?? []) {
    const { first, last } = sighting.connection
    if (frame < first.frame || frame > last.frame) continue
    const exchange = framesOf(sighting.connection).get(frame)
    if (exchange !== undefined) return { conversation, exchange }
  }
  return null
}

const known = new WeakMap<Connection, Map<number, Exchange | null>>()

/** Every frame that is kept of a connection, with its exchange. */
function framesOf(connection: Connection): Map<number, Exchange | null> {
  const before = known.get(connection)
  if (before !== undefined) return before
  const frames = new Map<number, Exchange | null>()
  const add = (moment: Moment | null | undefined, exchange: Exchange | null): void => {
    if (moment != null && moment.frame >= 0 && !frames.has(moment.frame)) frames.set(moment.frame, exchange)
  }
  for (const exchange of connection.exchanges) {
    const { request, requestEnd, response, responseEnd, detail } = exchange
    for (const moment of [request, requestEnd, response, responseEnd, detail?.responseLast, detail?.streamReset])
      add(moment, exchange)
    if (detail !== null) for (const packet of packetsOf(detail)) add(packet, exchange)
  }
  const { first, last, syns, synAck, synAckRepeats, established, sides, tls, http2 } = connection
  for (const packet of packetsOf(connection)) add(packet, null)
  for (const moment of [...syns, synAck, ...synAckRepeats, established]) add(moment, null)
  for (const { fin, reset } of sides) for (const moment of [fin, reset]) add(moment, null)
  for (const message of tls?.messages ?? []) add(message.first, null)
  for (const alert of tls?.alerts ?? []) add(alert.at, null)
  for (const moment of [...(http2?.goaways ?? []), ...(http2?.stalls ?? []), ...(http2?.faults ?? [])])
    add(moment, null)
  for (const moment of [first, last]) add(moment, null)
  known.set(connection, frames)
  return frames
}

/** What a frame says that belongs to no connection. */
export type Aside =
  | { lookup: NameLookup; isAnswer: boolean }
  | { search: NeighbourSearch; isAnswer: boolean }
  | { error: IcmpError }

export const asideOf = (story: Story, { capture, frame }: StoryFrame): Aside | null =>
  asidesOf(story, `${capture}`).get(frame) ?? null

const asidesOf = perStory((story, capture) => {
  const { lookups, neighbours, icmpErrors } = story.captures[Number(capture)]!.observations
  const asides = new Map<number, Aside>()
  for (const lookup of lookups) {
    for (const { frame } of lookup.queries) asides.set(frame, { lookup, isAnswer: false })
    if (lookup.answer !== null) asides.set(lookup.answer.frame, { lookup, isAnswer: true })
  }
  for (const search of neighbours) {
    for (const { frame } of search.requests) asides.set(frame, { search, isAnswer: false })
    if (search.answer !== null) asides.set(search.answer.frame, { search, isAnswer: true })
  }
  for (const error of icmpErrors) asides.set(error.frame, { error })
  return asides
})

/** Searches for the link-layer address of a host, by any host, with their captures. */
export const searchesFor = (story: Story, address: string): readonly { capture: number; search: NeighbourSearch }[] =>
  searches(story).get(address) ?? []

const searches = perStory(({ captures }) => {
  const all = captures.flatMap(({ observations }, capture) =>
    observations.neighbours.map((search) => ({ capture, search })),
  )
  return grouped(all, ({ search }) => search.target)
})

/** The name that a lookup gave for an address; null where none did. */
export const nameOf = (story: Story, address: string): string | null => names(story).get(address) ?? null

const names = perStory((story) => {
  const byAddress = new Map<string, string>()
  for (const { observations } of story.captures) {
    for (const { name, addresses } of observations.lookups) {
      for (const address of addresses) if (!byAddress.has(address)) byAddress.set(address, name)
    }
  }
  return byAddress
})
