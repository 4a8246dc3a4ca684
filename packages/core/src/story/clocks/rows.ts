// What went over some captures by its times, to be laid into what went over others: columns, because there may be
// millions.
import { CLIENT, DNS_PORT, type Exchange, isSealed, SERVER } from '../../observe/observations.ts'
import { originForm } from '../pairing.ts'
import type { Conversation, Sighting, StoryCapture } from '../story.ts'
import { toStory } from './time.ts'

/** One end of exchanges: the capture that saw them there, and times of it and of the story. NaN where not seen. */
export interface End {
  capture: number[]
  own: { asked: number[]; answered: number[] }
  asked: number[]
  answered: number[]
}

/** Exchanges by row, as a request is seen (next to its server) and as a try is (next to its client). */
export interface Rows {
  count: number
  /** Null of a connection that never got so far: a try that failed. */
  exchanges: (Exchange | null)[]
  /** What no proxy writes anew of their targets; null where nobody can read it. */
  lastSegments: (string | null)[]
  servers: string[]
  /** SYN of a connection that began with this exchange, in story time; NaN else. */
  opened: number[]
  /** When such a connection was over, in story time; NaN where it is not known, and of exchanges. */
  over: number[]
  atServer: End
  atClient: End
  /** Rows of a word, in order of their start at the server. */
  byWord: Map<string, number[]>
}

/** What two exchanges have in common that follow from each other: '' where nobody can read it. */
export type Word = (exchange: Exchange | null) => string

export const byTarget: Word = (x) => (isUnread(x) ? '' : `${x!.method} ${originForm(x!.target)}`)

/** What is left of a target where a proxy writes it anew. */
export const byLastSegment: Word = (x) => {
  if (isUnread(x)) return ''
  const target = originForm(x!.target)
  const path = target.indexOf('?') < 0 ? target : target.slice(0, target.indexOf('?'))
  const last = target.slice(path.lastIndexOf('/'))
  return last.length > 2 ? `${x!.method} ${last}` : ''
}

/** Anything: where one of two cannot be read. */
export const byNothing: Word = () => '*'

/** What failed, or cannot be read. */
export const byTrouble: Word = (x) => (isUnread(x) || x!.status >= 500 ? '*' : '')

export const isUnread = (x: Exchange | null): boolean => x === null || isSealed(x) || x.method === ''

/** What a set of captures saw the beginning of. */
export function rowsOf(
  captures: readonly StoryCapture[],
  conversations: readonly Conversation[],
  members: ReadonlySet<number>,
): Rows {
  const rows: Rows = {
    count: 0,
    exchanges: [],
    lastSegments: [],
    servers: [],
    opened: [],
    over: [],
    atServer: end(),
    atClient: end(),
    byWord: new Map(),
  }
  for (const { sightings } of conversations) {
    const own = sightings.filter(({ capture }) => members.has(capture))
    if (own.length === 0) continue
    // A capture of one direction has answers alone.
    const asking = own.filter(({ connection }) => connection.exchanges.some(({ request }) => request.frame >= 0))
    const [near, far] = asking.length === 0 ? [own[0], own[0]] : [asking[0], asking.at(-1)!]
    if (near.connection.exchangeCount === 0) {
      addFailed(rows, captures, near)
      continue
    }
    const [mine, theirs] = [near.connection.exchanges, far.connection.exchanges]
    const [syn] = near.connection.syns
    mine.forEach((exchange, i) => {
      if (!isWhole(captures, near, exchange)) return
      add(rows.atClient, captures[near.capture], near, exchange)
      // Where the two saw other exchanges, one of them will do.
      const isBoth = mine.length === theirs.length && isWhole(captures, far, theirs[i])
      if (isBoth) add(rows.atServer, captures[far.capture], far, theirs[i])
      else add(rows.atServer, captures[near.capture], near, exchange)
      const isFirst = exchange.ordinal === 0 && syn !== undefined
      rows.opened.push(isFirst ? toStory(captures[near.capture], syn.time) : NaN)
      rows.over.push(NaN)
      rows.exchanges.push(exchange)
      rows.lastSegments.push(isUnread(exchange) ? null : byLastSegment(exchange))
      rows.servers.push(near.connection.server)
      rows.count++
    })
  }
  return rows
}

/** Of what the capture lost a part of, the first frame that it has need not be the first. A snap length loses no frames. */
const isWhole = (captures: readonly StoryCapture[], { capture }: Sighting, { request, detail }: Exchange): boolean =>
  request.frame >= 0 && (detail?.incomplete !== true || captures[capture].observations.counts.cutBySnapLength > 0)

const end = (): End => ({ capture: [], own: { asked: [], answered: [] }, asked: [], answered: [] })

function add(to: End, clock: StoryCapture, { capture, connection }: Sighting, exchange: Exchange): void {
  const { request, response, ended } = exchange
  const gone = connection.sides[CLIENT].fin ?? connection.sides[CLIENT].reset
  // What did not end well did not end as the other side saw it.
  const isWell = response.frame >= 0 && ended !== 'broken' && (gone === null || gone.time >= response.time)
  put(to, clock, capture, request.time, isWell ? response.time : NaN)
}

function put(to: End, clock: StoryCapture, capture: number, asked: number, answered: number): void {
  to.capture.push(capture)
  to.own.asked.push(asked)
  to.own.answered.push(answered)
  to.asked.push(toStory(clock, asked))
  to.answered.push(toStory(clock, answered))
}

/** A connection without an exchange; `answered` is when its SYN was refused. */
function addFailed(rows: Rows, captures: readonly StoryCapture[], { capture, connection }: Sighting): void {
  const { syns, sides, serverPort, server } = connection
  if (syns.length === 0 || serverPort === DNS_PORT) return
  const refused = connection.synAck === null ? (sides[SERVER].reset?.time ?? NaN) : NaN
  // Of one that was opened the error that the proxy saw need not be its end.
  const ends = sides.flatMap(({ fin, reset }) => [fin, reset]).flatMap((moment) => moment?.time ?? [])
  rows.over.push(ends.length === 0 ? NaN : toStory(captures[capture], Math.min(...ends)))
  for (const to of [rows.atClient, rows.atServer]) put(to, captures[capture], capture, syns[0].time, refused)
  rows.exchanges.push(null)
  rows.lastSegments.push(null)
  rows.servers.push(server)
  rows.opened.push(NaN)
  rows.count++
}

/** Puts the rows in order by what they say. */
export function sortBy(rows: Rows, word: Word): void {
  rows.byWord = new Map()
  for (let row = 0; row < rows.count; row++) {
    const key = word(rows.exchanges[row])
    if (key === '') continue
    const list = rows.byWord.get(key)
    if (list === undefined) rows.byWord.set(key, [row])
    else list.push(row)
  }
  const { asked } = rows.atServer
  for (const list of rows.byWord.values()) list.sort((a, b) => asked[a] - asked[b])
}
