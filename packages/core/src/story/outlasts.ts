// Which of two legs is the outer one, by how long like exchanges take on them: every try that was answered lies within a
// request, so that there are as many requests that take at least as long. This needs no clock but each capture's own, and
// counts where nothing ties the captures of the two legs: then like requests seem open at any time by chance.
import { type Exchange, isSealed } from '../observe/observations.ts'
import { originForm } from './pairing.ts'
import { backOf, type Roles } from './requests.ts'

/** Times of one exchange that two captures of one host have differ by less. */
const JITTER_NS = 20e3
/** Share of the tries that must have a request to lie in; some requests lie outside of the captures. */
const SHARE = 0.75

/**
 * Whether the exchanges that came to an endpoint may be requests for which those sent from an address were made: false
 * where nothing ties the clocks of the two, and how long they took forbids it. `clocks`: a number for each capture, the
 * same where anything ties them.
 */
export function outlasting(roles: Roles, clocks: readonly number[]): (front: string, back: string) => boolean {
  let waits: Waits | null = null
  return (front, back) => {
    if (clocks.every((clock) => clock === clocks[0])) return true
    waits ??= waitsOf(roles, clocks)
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
    const { capture, connection } = requests.sighting[row]!
    note(waits.at, connection.server, clocks[capture], connection.server, asked)
    note(waits.from, backOf(roles, row), clocks[tries.sighting[row]!.capture], connection.server, made)
  }
  return waits
}

function note(all: Map<string, Leg>, key: string, clock: number, server: string, exchange: Exchange): void {
  const { request, response, status, method, target } = exchange
  // What a gateway says in the place of an answer may come sooner than the answer.
  if (request.frame < 0 || response.frame < 0 || status === 0 || status >= 500 || isSealed(exchange)) return
  if (target === '') return
  let leg = all.get(key)
  if (leg === undefined) all.set(key, (leg = { clocks: new Set(), byWord: new Map() }))
  leg.clocks.add(clock)
  const { byWord } = leg
  const word = `${method} ${status} ${originForm(target)}`
  const wait = response.time - request.time
  const list = byWord.get(word)
  if (list === undefined) byWord.set(word, [{ server, wait }])
  else list.push({ server, wait })
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
