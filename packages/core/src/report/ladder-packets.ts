// The packets of one connection as all its captures show them: each packet once, with when it left, when it arrived, and
// where it was lost.
import type { View } from '../diagnose/view.ts'
import { perStory } from '../diagnose/remember.ts'
import { lacksBytes, lacksPackets, watched } from '../diagnose/witness.ts'
import { connectionsOf } from '../observe/connection-table.ts'
import { CLIENT, type PacketRow, RETRANSMISSION, SERVER, type SideIndex } from '../observe/observations.ts'
import { vagueness } from '../story/clocks/order.ts'
import { grouped } from '../story/grouped.ts'
import type { Story } from '../story/story.ts'
import { ACK, FIN, RST, SYN } from '../wire/tcp.ts'

/** A packet kept, or one of which only the moment was kept, and maybe where its first byte is: `seq`, else -1. */
export interface Sent extends PacketRow {
  isMoment: boolean
  /** What the exchange knows it for, as `request`: by this it is known in every view; null for most. */
  part: string | null
}

/** One packet on its way. Times are story times. */
export interface Passage {
  /** As seen nearest to the sender; positions are those of that view. */
  row: Sent
  from: SideIndex
  at: number
  /** As seen nearest to the receiver; null where one capture saw it. */
  arrived: number | null
  /** The receiver's capture watched and does not have it; the alleged sender's watched and does not have it. */
  isLost: boolean
  isUnsent: boolean
  /** Every frame that shows it: index among the views, and the frame of that capture, sender's view first. */
  seen: { view: number; frame: number }[]
}

/** Clocks read loosely, and drivers that hand over packets in batches: what any order of two captures may be off by. */
const JITTER_NS = 20e3
/** A capture that ends sooner behind a packet may have ended before that arrived. */
const UNDER_WAY_NS = 50e6
/** A way that seems to take no time takes up to so long. */
const LEAST_TRAVEL_NS = 1e6

/** `views` from the client's end to the server's, `rows` as they are to be joined, by view. In order of time. */
export function passagesOf(story: Story, views: readonly View[], rows: readonly (readonly Sent[])[]): Passage[] {
  const alike = rows.map((own, i) => (i === 0 ? own : counted(own, views[0]!, views[i]!)))
  let passages = alike[0]!.map((row) => passageOf(row, 0))
  for (let i = 1; i < views.length; i++) {
    const slack = slackBetween(story, views[0]!, views[i]!)
    const next = alike[i]!.map((row) => passageOf(row, i))
    const pick = (all: readonly Passage[], side: SideIndex): Passage[] => all.filter(({ from }) => from === side)
    passages = [
      ...join(pick(passages, CLIENT), pick(next, CLIENT), slack),
      ...join(pick(next, SERVER), pick(passages, SERVER), slack),
    ]
  }
  if (views.length > 1) markAbsences(story, views, alike, passages)
  return passages.toSorted((a, b) => a.at - b.at || a.row.frame - b.row.frame)
}

const passageOf = (row: Sent, view: number): Passage => ({
  row,
  from: row.from,
  at: row.time,
  arrived: null,
  isLost: false,
  isUnsent: false,
  seen: [{ view, frame: row.frame }],
})

/** Nanoseconds by which a packet may seem to arrive before it left. */
function slackBetween(story: Story, a: View, b: View): number {
  const { earlier, later } = vagueness(story, a.capture, b.capture, a.at(a.connection.first))
  return Math.max(earlier, later) + JITTER_NS
}

/** Rows of view `from` with positions as view `to` counts them. */
function counted(rows: readonly Sent[], to: View, from: View): readonly Sent[] {
  const [client, server] = [CLIENT, SERVER].map((side) => {
    const [a, b] = [to, from].map(({ connection }) => connection.sides[side as SideIndex])
    // Who saw both SYNs counts from them, also where a firewall makes up sequence numbers of its own.
    if ((a!.isn >= 0 && b!.isn >= 0) || a!.base < 0 || b!.base < 0) return 0
    return (b!.base - a!.base) | 0
  }) as [number, number]
  if (client === 0 && server === 0) return rows
  return rows.map((row) => {
    const [own, other] = row.from === CLIENT ? [client, server] : [server, client]
    return { ...row, seq: row.seq < 0 ? row.seq : row.seq + own, ack: row.ack < 0 ? row.ack : row.ack + other }
  })
}

/** Flags that a packet keeps on its way; offloading moves PSH. */
const LASTING = SYN | FIN | RST | ACK

const keyOf = ({ row }: Passage): string =>
  row.isMoment ? `${row.part}` : `${row.seq} ${row.length} ${row.ack} ${row.flags & LASTING}`

/** Pairs what left with what arrived. What has no partner stays as it is. */
function join(departures: readonly Passage[], arrivals: readonly Passage[], slack: number): Passage[] {
  const left = grouped(departures, keyOf)
  const joined = new Map<Passage, Passage[]>()
  const unmatched: Passage[] = []
  // From behind: of copies the latest that had left by then, so that it is the earlier ones that were lost.
  for (const arrival of arrivals.toReversed()) {
    const alike = left.get(keyOf(arrival)) ?? []
    const { ipId, part } = arrival.row
    // One view has the packet, and of the other only the moment was kept.
    const known = part === null ? undefined : departures.find(({ row }) => row.part === part)
    if (known !== undefined && known.row.isMoment !== arrival.row.isMoment && !joined.has(known)) {
      joined.set(known, [arrival])
      continue
    }
    const free = alike.filter((one) => !joined.has(one))
    const departure =
      (ipId > 0 ? free.findLast(({ row }) => row.ipId === ipId) : undefined) ??
      free.findLast(({ at }) => at <= arrival.at + slack)
    if (departure === undefined) unmatched.push(arrival)
    else joined.set(departure, [arrival])
  }
  const others = joinParts(
    departures.filter((one) => !joined.has(one)),
    unmatched.toReversed(),
    slack,
    joined,
  )
  return [...departures.map((one) => merged(one, joined.get(one) ?? [])), ...others]
}

/**
 * Network cards cut what a host sends into segments and put together what it receives: segments of other lengths that
 * have the same bytes. A piece belongs to the last departure that has bytes of it; answers what belongs to none.
 */
function joinParts(
  departures: readonly Passage[],
  arrivals: readonly Passage[],
  slack: number,
  joined: Map<Passage, Passage[]>,
): Passage[] {
  const withData = departures.filter(({ row }) => row.length > 0 && !row.isMoment)
  return arrivals.filter((arrival) => {
    if (arrival.row.length === 0 || withData.length === 0) return true
    const whole = withData.filter((one) => overlaps(one.row, arrival.row) && one.at <= arrival.at + slack)
    const last = whole.at(-1)
    if (last === undefined) return true
    joined.set(last, [...(joined.get(last) ?? []), arrival])
    for (const one of whole.slice(0, -1)) one.arrived = Math.max(one.arrived ?? -Infinity, arrival.at)
    return false
  })
}

const overlaps = (a: PacketRow, b: PacketRow): boolean => a.seq < b.seq + b.length && b.seq < a.seq + a.length

const merged = (departure: Passage, arrivals: readonly Passage[]): Passage =>
  arrivals.length === 0
    ? departure
    : {
        ...departure,
        arrived: arrivals.reduce((last, one) => Math.max(last, one.arrived ?? one.at), -Infinity),
        seen: [...departure.seen, ...arrivals.flatMap(({ seen }) => seen)],
      }

/** Says of packets that one end's capture does not have whether it would have them. */
function markAbsences(
  story: Story,
  views: readonly View[],
  rows: readonly (readonly Sent[])[],
  passages: readonly Passage[],
): void {
  const last = views.length - 1
  const travel = longestTravel(passages)
  const isWhole = views.map((view) => !lacksPackets(view) && !losesPackets(story, `${view.capture}`))
  for (const passage of passages) {
    if (passage.arrived !== null || passage.row.seq < 0) continue
    const { at, from, row, seen } = passage
    const by = views[seen[0]!.view]!
    const [sender, receiver] = from === CLIENT ? [0, last] : [last, 0]
    const wouldBeIn = (view: number, earliest: number, latest: number): boolean =>
      seen.every((one) => one.view !== view) &&
      wouldHave(story, views[view]!, rows[view]!, from, by, { from: earliest, to: latest })
    if (wouldBeIn(receiver, at, at + travel)) {
      if (spaceOf(row) > 0) passage.isLost = !isAcknowledged(passages, passage, receiver)
      // A capture may lack a single packet that nobody has to acknowledge.
      else passage.isLost = row.flags & RST ? isWhole[receiver]! : isMissed(passages, passage)
    } else if ((spaceOf(row) > 0 || row.flags & RST) && isWhole[sender]! && wouldBeIn(sender, at - travel, at))
      passage.isUnsent = true
  }
}

/** Whether a capture lacks bytes of any connection. */
const losesPackets = perStory((story, capture) =>
  connectionsOf(story.captures[Number(capture)]!.observations).some(lacksBytes),
)

/** Nanoseconds that a packet of the connection may be under way, by those that were seen at both ends. */
function longestTravel(passages: readonly Passage[]): number {
  const travels = passages.flatMap(({ at, arrived }) => (arrived === null ? [] : [arrived - at]))
  return travels.length === 0 ? UNDER_WAY_NS : travels.reduce((most, one) => Math.max(most, 2 * one), LEAST_TRAVEL_NS)
}

interface Stretch {
  from: number
  to: number
}

/** Whether a view would have a packet that came by its capture within `when`: it was watched, and its packets are kept. */
function wouldHave(
  story: Story,
  view: View,
  rows: readonly Sent[],
  sender: SideIndex,
  by: View,
  when: Stretch,
): boolean {
  const { connection, capture } = view
  const { counts } = story.captures[capture]!.observations
  // A capture that has nobody's packets of that direction shows one direction only.
  const isBlind = (sender === CLIENT ? counts.syn : counts.synAck) === 0
  if (isBlind && connection.sides[sender].segments === 0) return false
  const slack = slackBetween(story, by, view)
  const [from, to] = [when.from - slack, when.to + slack]
  if (!watched(story, capture, from, to + UNDER_WAY_NS, by.capture)) return false
  // So late nothing at all came by.
  if (view.at(connection.last) < from) return true
  const kept = rows.filter((row) => !row.isMoment)
  const [first, last] = [kept[0], kept.at(-1)]
  if (first === undefined || last === undefined) return false
  // What came by before and after those is kept with other exchanges.
  if (from < first.time && first.frame !== connection.first.frame) return false
  if (to > last.time && last.frame !== connection.last.frame) return false
  const hole = holeOf(rows, view.packetsOmitted)
  return hole === null || to < hole.from || from > hole.to
}

/** Between which story times packets were left out. */
export function holeOf(rows: readonly Sent[], omitted: number): { from: number; to: number } | null {
  const kept = rows.filter((row) => !row.isMoment)
  if (omitted === 0 || kept.length < 2) return null
  // Where the log was cut is not written down: there the positions leap.
  const top = [-1, -1]
  let at = kept.length >> 1
  let widest = 0
  kept.forEach((row, i) => {
    const leap = top[row.from] < 0 ? 0 : row.seq - top[row.from]
    if (leap > widest) [widest, at] = [leap, i]
    top[row.from] = Math.max(top[row.from], row.seq + row.length)
  })
  at = Math.max(1, at)
  return { from: kept[at - 1].time, to: kept[at].time }
}

/** Sequence numbers that a segment takes (RFC 9293 section 3.4). */
const spaceOf = ({ length, flags }: PacketRow): number => length + (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0)

/** The receiver acknowledged a packet before its end came by the receiver's capture otherwise, which then lacks it. */
function isAcknowledged(passages: readonly Passage[], { row, from, at }: Passage, receiver: number): boolean {
  const end = row.seq + spaceOf(row)
  const acknowledged = passages.reduce(
    (first, p) =>
      p.from !== from && !p.row.isMoment && !(p.row.flags & RST) && p.row.ack >= end && p.at > at - JITTER_NS
        ? Math.min(first, p.arrived ?? p.at)
        : first,
    Infinity,
  )
  if (acknowledged === Infinity) return false
  return !passages.some(
    (p) =>
      p.from === from &&
      p.at <= acknowledged &&
      p.row.seq < end &&
      p.row.seq + spaceOf(p.row) >= end &&
      p.seen.some(({ view }) => view === receiver),
  )
}

/** Later the other side sends again what an acknowledgement was for. */
const isMissed = (passages: readonly Passage[], { row, from, at }: Passage): boolean =>
  passages.some(
    (p) => p.from !== from && p.at > at && p.row.marks & RETRANSMISSION && p.row.seq + spaceOf(p.row) <= row.ack,
  )
