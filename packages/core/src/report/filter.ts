// Wireshark display filters that show an incident's frames, and nothing else, in each capture.
import type { Resolution } from '../diagnose/resolve.ts'
import { viewOf } from '../diagnose/view.ts'
import type { Connection, Exchange, PacketRow } from '../observe/observations.ts'
import type { Conversation, Request, Story, StoryCapture, Turn } from '../story/story.ts'

/** Attempts at the beginning and at the end whose connections are shown: Wireshark takes long over thousands. */
const MOST_ATTEMPTS = 8

/** `requests`: the one that failed, and those to further proxies that it became. */
export function filtersOf(
  story: Story,
  requests: readonly Request[],
  { request: last, tries }: Resolution,
): { capture: number; filter: string }[] {
  const parts = new Map<number, Set<string>>()
  const add = (capture: number, filter: string): void => {
    parts.set(capture, (parts.get(capture) ?? new Set()).add(filter))
  }
  for (const { turn } of requests) addLeg(story, turn.conversation, turn, add)
  const some = tries.filter((_, i) => i < MOST_ATTEMPTS || i >= tries.length - MOST_ATTEMPTS)
  for (const { attempt } of some) {
    if (attempt.conversation !== null) addLeg(story, attempt.conversation, attempt.turn, add)
    if (attempt.search !== null) {
      const { target } = attempt.search.search
      add(
        story.captures[attempt.search.capture].ids[0],
        target.includes(':') ? `icmpv6.nd.ns.target_address == ${target}` : `arp.dst.proto_ipv4 == ${target}`,
      )
    }
  }
  for (const { capture, lookup } of last.lookups) {
    add(story.captures[capture].ids[0], nameFilter(lookup.name))
  }
  return [...parts]
    .map(([capture, filters]) => ({ capture, filter: [...filters].join(' || ') }))
    .toSorted((a, b) => a.capture - b.capture)
}

/**
 * Filters are copied, also between the quotes of a shell. So of a stranger's name nothing is in them that means something
 * there, or to Wireshark: where a name has such bytes, the longest part without them has to do.
 */
export function nameFilter(name: string): string {
  const [part = '', ...rest] = name.split(/(?:\\(?:\d{3}|.)|[^\w.-])+/).toSorted((a, b) => b.length - a.length)
  if (rest.length === 0) return `dns.qry.name == "${part}"`
  return part === '' ? 'dns' : `dns.qry.name contains "${part}"`
}

function addLeg(
  story: Story,
  conversation: Conversation,
  turn: Turn | null,
  add: (capture: number, filter: string) => void,
): void {
  conversation.sightings.forEach((sighting, i) => {
    const exchange = turn?.views[i] ?? null
    const { packets } = viewOf(story, sighting, exchange)
    const frames = span(sighting.connection, exchange, packets)
    for (const { capture, filter } of filtersBetween(
      story.captures[sighting.capture],
      sighting.connection,
      exchange,
      frames,
    ))
      add(capture, filter)
  })
}

/** Filters that show a connection, or what of it one exchange is, in the files of a capture. */
export const filtersFor = (
  capture: Pick<StoryCapture, 'observations' | 'ids'>,
  connection: Connection,
  exchange: Exchange | null,
): { capture: number; filter: string }[] =>
  filtersBetween(capture, connection, exchange, span(connection, exchange, []))

function filtersBetween(
  { observations, ids }: Pick<StoryCapture, 'observations' | 'ids'>,
  connection: Connection,
  exchange: Exchange | null,
  [from, to]: [number, number],
): { capture: number; filter: string }[] {
  // A rotated capture has its frames in several files, each numbered from 1.
  return observations.parts.flatMap((part, n) => {
    const first = Math.max(1, from - part.offset)
    const last = Math.min(part.frames, to - part.offset)
    if (first > last) return []
    const frames = `frame.number >= ${first} && frame.number <= ${last}`
    return [{ capture: ids[n], filter: `(${endpoints(connection)} && ${frames}${onStream(exchange)})` }]
  })
}

/**
 * Of an HTTP/2 connection the stream, GOAWAY, and what carries no whole frame of HTTP/2: handshake, closing, parts of a
 * frame; where Wireshark does not take the port for HTTP/2, everything.
 */
const onStream = (exchange: Exchange | null): string =>
  exchange === null || exchange.stream < 0
    ? ''
    : ` && (!http2 || http2.streamid == ${exchange.stream} || http2.type == 7)`

/** Frames of the exchange within its connection. */
function span(connection: Connection, exchange: Exchange | null, packets: readonly PacketRow[]): [number, number] {
  if (packets.length > 0) return [packets[0].frame, packets.at(-1)!.frame]
  if (exchange === null) return [connection.first.frame, connection.last.frame]
  const frames = [exchange.request, exchange.requestEnd, exchange.response, exchange.responseEnd]
    .map((m) => m.frame)
    .filter((f) => f > 0)
  return [Math.min(...frames), Math.max(...frames)]
}

function endpoints({ clientAddress, serverAddress, client, server }: Connection): string {
  const ip = clientAddress.includes(':') ? 'ipv6' : 'ip'
  return `${ip}.addr == ${clientAddress} && tcp.port == ${port(client)} && ${ip}.addr == ${serverAddress} && tcp.port == ${port(server)}`
}

const port = (endpoint: string): string => endpoint.slice(endpoint.lastIndexOf(':') + 1)
