// Where each capture was taken, from which legs it holds and from which end it saw them.
import type { Vantage } from '../report/document.ts'
import type { Connection } from '../observe/observations.ts'
import type { Conversation, Sighting, StoryCapture } from './story.ts'

const ORDER: readonly Vantage[] = ['client', 'proxy-front', 'proxy-back', 'upstream']

/** Conversations on which requests reached a proxy, and those of its tries. */
export interface Legs {
  fronts: ReadonlySet<Conversation>
  backs: ReadonlySet<Conversation>
}

/** Names the vantages of every capture; what the user said holds. */
export function nameVantages(
  captures: readonly StoryCapture[],
  { fronts, backs }: Legs,
  hints: ReadonlyMap<number, Vantage>,
): void {
  const found = captures.map(() => new Set<Vantage>())
  for (const { sightings } of fronts) see(found, sightings, 'client', 'proxy-front')
  for (const { sightings } of backs) see(found, sightings, 'proxy-back', 'upstream')
  captures.forEach((capture, i) => {
    const hint = hints.get(i)
    const names = hint === undefined ? found[i] : new Set([hint])
    capture.vantages = ORDER.filter((vantage) => names.has(vantage))
  })
}

/**
 * A capture at the near end of a leg has all captures of this leg behind it. One that is alone with the leg is told by
 * the handshake, and taken for the proxy's where that does not tell: most captures are made there.
 */
function see(found: readonly Set<Vantage>[], sightings: readonly Sighting[], near: Vantage, far: Vantage): void {
  const proxys = near === 'client' ? far : near
  sightings.forEach(({ capture, connection }, i) => {
    if (sightings.length > 1) found[capture].add(i === 0 ? near : far)
    else found[capture].add({ client: near, server: far, either: proxys }[endOf(connection)])
  })
}

/** What systems send with; a packet with another TTL has come over a router. */
const INITIAL_TTLS: ReadonlySet<number> = new Set([32, 64, 128, 255])
/** One end waits this much longer for the handshake's other half, or the capture could be at either. */
const CLEARLY = 4
/** Answers within this time may come from the same host as from the next one. */
const NEXT_DOOR_NS = 300e3

/** Which end of the connection a lone capture is at: that whose own packets of the handshake come at once. */
export function endOf({ syns, synAck, established, sides }: Connection): 'client' | 'server' | 'either' {
  const [ours, theirs] = sides.map(({ ttl }) => ttl < 0 || INITIAL_TTLS.has(ttl))
  if (ours !== theirs) return ours ? 'client' : 'server'
  if (synAck === null || syns.length === 0 || established === null) return 'either'
  const server = synAck.time - syns.at(-1)!.time
  const client = established.time - synAck.time
  if (Math.max(server, client) < NEXT_DOOR_NS) return 'either'
  if (server > client * CLEARLY) return 'client'
  return client > server * CLEARLY ? 'server' : 'either'
}
