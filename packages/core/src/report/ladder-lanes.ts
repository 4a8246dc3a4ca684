// The hosts of a ladder, from left to right: the client, each proxy with the routers that wrote to it, the upstreams,
// whoever else is cited, and name servers.
import type { Story } from '../story/story.ts'
import { nameOf } from './frame-index.ts'
import type { Lane, LaneRole } from './ladder.ts'

interface Draft {
  role: LaneRole
  addresses: Set<string>
  /** Where it stands; equals in the order in which they came. */
  place: number
}

/** Places: client 0, proxies from 10 by tens, and behind each what wrote to it. */
const UPSTREAMS = 100_000
const OTHERS = 200_000
const NAME_SERVERS = 300_000

/** Lanes while they are found; `finish` puts them in order. */
export class Lanes {
  readonly #drafts: Draft[] = []
  /** By address the lanes that have it, in the order in which they came: a request may have thousands of tries. */
  readonly #having = new Map<string, number[]>()

  client(address: string): number {
    return this.#add('client', 0, [address])
  }

  /** A proxy is one host whatever its addresses: `depth` from 0 counts those between it and the client. */
  proxy(depth: number, addresses: readonly string[] = []): number {
    const alike = addresses.flatMap((address) => this.#find(address, (role) => role === 'proxy') ?? [])
    const at = alike.length === 0 ? -1 : alike.toSorted((a, b) => a - b)[0]!
    // A proxy that passes requests on to its own host is two all the same.
    const isNext = at >= 0 && this.#drafts[at]!.place === 10 + depth * 10
    return isNext ? this.also(at, addresses) : this.#add('proxy', 10 + depth * 10, addresses)
  }

  /** Of a proxy's own address each endpoint is an upstream of its own: they are processes of one host. */
  upstream(proxy: number, address: string, endpoint: string): number {
    const isLocal = this.#drafts[proxy]!.addresses.has(address)
    const name = isLocal ? endpoint : address
    return this.#find(name, (role) => role === 'upstream') ?? this.#add('upstream', UPSTREAMS, [name])
  }

  nameServer(address: string): number {
    return this.#find(address, (role) => role === 'name-server') ?? this.#add('name-server', NAME_SERVERS, [address])
  }

  /** A host of which nothing but its address is known; `behind` a lane that it wrote to. */
  host(address: string, behind: number | null = null): number {
    const place = behind === null ? OTHERS : this.#drafts[behind]!.place + 1
    return this.#find(address, () => true) ?? this.#add('host', place, [address])
  }

  also(lane: number, addresses: Iterable<string>): number {
    const own = this.#drafts[lane]!.addresses
    for (const address of addresses) {
      if (own.has(address)) continue
      own.add(address)
      const having = this.#having.get(address)
      if (having === undefined) this.#having.set(address, [lane])
      else having.push(lane)
    }
    return lane
  }

  /** The first of them. */
  #find(address: string, isOf: (role: LaneRole) => boolean): number | null {
    const lanes = (this.#having.get(address) ?? []).filter((lane) => isOf(this.#drafts[lane]!.role))
    return lanes.length === 0 ? null : lanes.reduce((first, lane) => Math.min(first, lane))
  }

  #add(role: LaneRole, place: number, addresses: readonly string[]): number {
    return this.also(this.#drafts.push({ role, place, addresses: new Set() }) - 1, addresses)
  }

  /** The lanes in order, and where each one went. */
  finish(story: Story): { lanes: Lane[]; places: number[] } {
    const order = this.#drafts
      .map((_, i) => i)
      .toSorted((a, b) => this.#drafts[a]!.place - this.#drafts[b]!.place || a - b)
    const places: number[] = []
    order.forEach((draft, place) => (places[draft] = place))
    const counts = new Map<LaneRole, number>()
    const drafts = order.map((i) => this.#drafts[i]!)
    const all = new Map<LaneRole, number>()
    for (const { role } of drafts) all.set(role, (all.get(role) ?? 0) + 1)
    const lanes = drafts.map(({ role, addresses }): Lane => {
      const count = (counts.get(role) ?? 0) + 1
      counts.set(role, count)
      const word = role === 'name-server' ? 'name server' : role
      const isOnly = all.get(role) === 1
      const host = [...addresses].map((address) => nameOf(story, address)).find((name) => name !== null) ?? null
      return { role, addresses: [...addresses], name: isOnly ? word : `${word} ${count}`, host }
    })
    return { lanes, places }
  }
}
