// Which of two legs is the outer one, by how long like exchanges take on them: every try that was answered, or ended by its
// server, lies within a request, so that there are as many requests that take at least as long. This needs no clock but
// each capture's own, and counts where nothing ties the captures of the two legs, or little: then like requests seem
// open at any time by chance.
import { CLIENT, type Connection, type Exchange, isSealed, SERVER, type SideIndex } from '../observe/observations.ts'
import { originForm } from './pairing.ts'
import { backOf, type Roles } from './requests.ts'
import { endings } from './story.ts'

/** Times of one exchange that two captures of one host have differ by less. */
const JITTER_NS = 20e3
/** Share of the tries that must have a request to lie in; some requests lie outside of the captures. */
const SHARE = 0.75

/** What ties clocks by fewer exchanges leaves them vague. */
const FEW = 4096

/**
 * Whether the exchanges that came to an endpoint may be requests for which those sent from an address were made: false
 * where how long they took forbids it, and nothing ties the clocks of the two closely. `clocks`: a number for each
 * capture, the same where anything ties them.
 */
export function outlasting(roles: Roles, clocks: readonly number[]): (front: string, back: string) => boolean {
  const groups = roles.count <= FEW ? clocks.map((_, capture) => capture) : clocks
  const isOne = groups.every((group) => group === groups[0])
  let waits: Waits | null = null
  return (front, back) => {
    if (isOne) return true
    waits ??= waitsOf(roles, groups)
    const [asked, made] = [waits.at.get(front), waits.from.get(back)]
    if (asked === undefined || made === undefined) return true
    if ([...asked.clocks].some((clock) => made.clocks.has(clock))) return true
    return mayHold(asked.byWord, made.byWord, front)
  }
}

/** Nanoseconds from request to response by what was asked for, and the endpoint that was asked. */
type ByWord = Map<string, { server: string; wait: number }[]>

interface Leg {
  clocks: Set<number>
  byWord: ByWord
}

/** By the endpoint that requests came to, and by the address that tries came from. */
interface Waits {
  at: Map<string, Leg>
  from: Map<string, Leg>
}

function waitsOf(roles: Roles, clocks: readonly number[]): Waits {
  const { requests, tries, count } = roles
  const waits: Waits = { at: new Map(), from: new Map() }
  for (let row = 0; row < count; row++) {
    const [asked, made] = [requests.exchange[row], tries.exchange[row]]
    if (asked === null || made === null) continue
    const [front, back] = [requests.sighting[row]!, tries.sighting[row]!]
    note(waits.at, front.connection.server, clocks[front.capture], front.connection, asked)
    note(waits.from, backOf(roles, row), clocks[back.capture], back.connection, made)
  }
  return waits
}

function note(all: Map<string, Leg>, key: string, clock: number, connection: Connection, exchange: Exchange): void {
  const { request, status, method, target } = exchange
  if (request.frame < 0 || target === '' || isSealed(exchange)) return
  const wait = endOf(connection, exchange) - request.time
  if (wait === Infinity) return
  let leg = all.get(key)
  if (leg === undefined) all.set(key, (leg = { clocks: new Set(), byWord: new Map() }))
  leg.clocks.add(clock)
  const { byWord } = leg
  // A try that failed is followed by an error of the gateway's own.
  const isGood = status > 0 && status < 500
  const word = `${method} ${isGood ? status : 'failed'} ${originForm(target)}`
  const list = byWord.get(word)
  if (list === undefined) byWord.set(word, [{ server: connection.server, wait }])
  else list.push({ server: connection.server, wait })
}

/** When a server answered, or ended the connection instead; Infinity where its client had gone by then. */
function endOf(connection: Connection, { request, response }: Exchange): number {
  const [client, server] = [CLIENT, SERVER].map((side) =>
    Math.min(...endings(connection, side as SideIndex).flatMap(({ time }) => (time > request.time ? [time] : []))),
  )
  const over = response.frame >= 0 ? response.time : server
  return over <= client ? over : Infinity
}

/** Of the tries that have requests of their word, most have one to lie in: the slowest in the slowest, and so on. */
function mayHold(requests: ByWord, tries: ByWord, front: string): boolean {
  let looked = 0
  let held = 0
  for (const [word, made] of tries) {
    const asked = requests.get(word)
    if (asked === undefined) continue
    const outer = asked.map(({ wait }) => wait).toSorted((a, b) => b - a)
    const inner = made
      .flatMap(({ server, wait }) => (server === front ? [] : [wait]))
      .toSorted((a, b) => b - a)
      .slice(0, outer.length)
    looked += inner.length
    held += inner.filter((wait, i) => wait <= outer[i] + JITTER_NS).length
  }
  return held >= looked * SHARE
}
