// Where each capture was taken, from which legs it holds and from which end it saw them.
import { CLIENT, type Connection, type ExchangeProtocol, SERVER } from '../observe/observations.ts'
import type { Vantage } from '../report/document.ts'
import type { Conversation, StoryCapture } from './story.ts'

const ORDER: readonly Vantage[] = ['client', 'proxy-front', 'proxy-back', 'upstream']

/** Conversations on which requests reached a proxy, and those of its tries. */
export interface Legs {
  fronts: ReadonlySet<Conversation>
  backs: ReadonlySet<Conversation>
}

type Leg = 'front' | 'back'

/** Names of the ends of a leg; the proxy's own is taken where nothing tells, as most captures are made there. */
const ENDS: { readonly [leg in Leg]: { client: Vantage; server: Vantage; either: Vantage } } = {
  front: { client: 'client', server: 'proxy-front', either: 'proxy-front' },
  back: { client: 'proxy-back', server: 'upstream', either: 'proxy-back' },
}

/** Names the vantages of every capture; what the user said holds. */
export function nameVantages(
  captures: readonly StoryCapture[],
  conversations: readonly Conversation[],
  { fronts, backs }: Legs,
  hints: ReadonlyMap<number, Vantage>,
): void {
  const found = captures.map(() => new Set<Vantage>())
  const alone = captures.map((): { [leg in Leg]: Connection[] } => ({ front: [], back: [] }))
  const see = (conversation: Conversation, leg: Leg): void => {
    const { sightings } = conversation
    const isBack = backs.has(conversation)
    sightings.forEach(({ capture, connection }, i) => {
      if (sightings.length === 1) alone[capture][leg].push(connection)
      // Between two proxies of a chain, the client is a proxy.
      else if (i > 0) found[capture].add(ENDS[leg].server)
      else if (leg === 'back' || !isBack) found[capture].add(ENDS[leg].client)
    })
  }
  for (const conversation of fronts) see(conversation, 'front')
  for (const conversation of backs) see(conversation, 'back')
  const untold = captures.map((_, i) => found[i].size === 0 && alone[i].front.length + alone[i].back.length === 0)
  for (const { sightings } of untold.includes(true) ? conversations : []) {
    const [{ capture, connection }] = sightings
    const leg = sightings.length === 1 && untold[capture] ? legOf(connection) : null
    if (leg !== null) alone[capture][leg].push(connection)
  }
  captures.forEach((capture, i) => {
    for (const leg of ['front', 'back'] as const) {
      const end = alone[i][leg].length > 0 ? endOf(alone[i][leg]) : null
      // Where not even the other leg is known, nothing says that it was the proxy's side.
      if (end !== null && !(end === 'either' && untold[i])) found[i].add(ENDS[leg][end])
    }
    const hint = hints.get(i)
    const names = hint === undefined ? found[i] : new Set([hint])
    const inOrder = ORDER.filter((vantage) => names.has(vantage))
    if (untold[i] && hint === undefined) capture.supposed = inOrder
    else capture.vantages = inOrder
  })
}

/** Protocols that nobody but a gateway asks in. */
const OF_GATEWAYS: ReadonlySet<ExchangeProtocol> = new Set<ExchangeProtocol>(['fastcgi', 'uwsgi', 'scgi', 'ajp'])

/** The leg of a connection whose other leg was not captured, where its own requests or answers say so. */
function legOf(connection: Connection): Leg | null {
  if (connection.exchangeCount === 0) return null
  const exchanges = connection.exchanges
  if (connection.proxyHeader || exchanges.some((x) => x.forwardedFor !== null || OF_GATEWAYS.has(x.protocol)))
    return 'back'
  return exchanges.some(({ status }) => status === 502 || status === 504) ? 'front' : null
}

/** What systems send with; a packet with another TTL has come over a router. */
const INITIAL_TTLS: ReadonlySet<number> = new Set([32, 64, 128, 255])
/** One end waits this much longer for the handshake's other half, or the capture could be at either. */
const CLEARLY = 4
/** Answers within this time may come from the same host as from the next one. */
const NEXT_DOOR_NS = 300e3

/**
 * Which end a capture is at, that is alone with these connections of a leg: a host's own packets have a TTL that nobody
 * has lowered, and follow at once what they answer; and all connections of the leg end at it.
 */
export function endOf(connections: readonly Connection[]): 'client' | 'server' | 'either' {
  const sum = [byTtl, byTime].map((voice) => connections.reduce((all, one) => all + voice(one), 0)).find((n) => n !== 0)
  const [clients, servers] = [
    new Set(connections.map(({ clientAddress }) => clientAddress)).size,
    new Set(connections.map(({ serverAddress }) => serverAddress)).size,
  ]
  const told = sum ?? (clients === 1 ? Math.sign(servers - 1) : servers === 1 ? -1 : 0)
  return told === 0 ? 'either' : told > 0 ? 'client' : 'server'
}

/** 1: only the client's packets have come over no router; -1: only the server's. */
function byTtl({ sides }: Connection): number {
  const [ours, theirs] = [CLIENT, SERVER].map((side) => sides[side].ttl < 0 || INITIAL_TTLS.has(sides[side].ttl))
  return Number(ours) - Number(theirs)
}

/** 1: only the server takes its time, so that it is far; -1: only the client does. */
function byTime({ syns, synAck, established }: Connection): number {
  if (syns.length === 0 || synAck === null || established === null) return 0
  const server = synAck.time - syns.at(-1)!.time
  const client = established.time - synAck.time
  if (Math.max(server, client) < NEXT_DOOR_NS) return 0
  return Number(server > client * CLEARLY) - Number(client > server * CLEARLY)
}
