// What one capture of a connection proves of packets in another: that they were never sent where they claim to come
// from, or that a capture lacks what must have been there. Presence proves; absence only does where the capture is
// known to have watched, and something else agrees with it: any capture may lack a single packet.
import { connectionsOf } from '../observe/connection-table.ts'
import { CLIENT, type PacketRow, SERVER, type SideIndex } from '../observe/observations.ts'
import type { Finding } from '../report/document.ts'
import type { Story, StoryCapture } from '../story/story.ts'
import { vagueness } from '../story/clocks/order.ts'
import { toStory } from '../story/clocks/time.ts'
import { FIN, RST, SYN } from '../wire/tcp.ts'
import type { Facts } from './facts.ts'
import { frames } from './judgement.ts'
import { perStory } from './remember.ts'
import type { View } from './view.ts'

/** A capture that has packets up to the moment in question and no later may have ended just before it. */
const COVERED_NS = 1e6

/**
 * Whether a capture surely watched from one story time to another, which are known by capture `by`: it began before,
 * ended after, and was not interrupted.
 */
export function watched(story: Story, capture: number, from: number, until: number, by: number): boolean {
  const source = story.captures[capture]
  const [first, last] = [source.observations.first, source.observations.last].map((time) => toStory(source, time))
  if (first + vagueness(story, capture, by, first).later > from) return false
  if (last - vagueness(story, capture, by, last).earlier < until) return false
  return breaks(story, `${capture}`).every((gap) => gap.to <= from || gap.from >= until)
}

/** Story times between two files of a rotated capture where a file may be missing. */
const breaks = perStory((story, capture) => breaksOf(story.captures[Number(capture)]))

/** No connection that goes on from the one file to the next shows that nothing lies between, or one shows that it does. */
function breaksOf(capture: StoryCapture): { from: number; to: number }[] {
  const { parts } = capture.observations
  const connections = parts.length > 1 ? connectionsOf(capture.observations) : []
  return parts.slice(1).flatMap(({ offset, first }, i) => {
    const going = connections.filter((c) => c.first.frame <= offset && c.last.frame > offset)
    const isWhole = going.some(({ sides }) => sides.some(({ bytes }) => bytes > 0)) && !going.some(lacksBytes)
    return isWhole ? [] : [{ from: toStory(capture, parts[i].last), to: toStory(capture, first) }]
  })
}

/** The other side acknowledged bytes that the capture does not have. */
export const lacksBytes = ({ sides }: View['connection']): boolean => sides.some(({ missing }) => missing > 0)

/**
 * Whether a view lacks packets that must have been there: something was acknowledged that it does not show, be it a FIN,
 * or a connection opened without an answer to its SYN.
 */
export function lacksPackets({ connection, packets }: View): boolean {
  const { syns, synAck, sides } = connection
  if (lacksBytes(connection)) return true
  if (syns.length > 0 && synAck === null && sides.some(({ segments }) => segments > 0)) return true
  return [CLIENT, SERVER].some((side) => packets.length > 0 && unseenOf(packets, side as SideIndex) > 0)
}

/** Bytes that come in the file so much later than their acknowledgement had been given up: see `ConnectionTracker`. */
const GIVEN_UP_NS = 10e6

/**
 * Whether bytes stand in the file behind the RST that acknowledges them or came after them, or far from their
 * acknowledgement: whoever reads the capture from front to back had given them up, and took the message for cut.
 */
export function isOutOfOrder({ packets }: View): boolean {
  const top = [0, 0]
  const acked = [0, 0]
  const ackedAt = [-Infinity, -Infinity]
  let resetAt = -Infinity
  for (const p of packets) {
    const other = p.from === CLIENT ? SERVER : CLIENT
    const isGivenUp = p.seq < acked[p.from] && Math.abs(p.time - ackedAt[p.from]) > GIVEN_UP_NS
    if (p.length > 0 && p.seq + p.length > top[p.from]) {
      if (isGivenUp || p.time < resetAt) return true
      top[p.from] = p.seq + p.length
    }
    if (p.flags & RST) resetAt = Math.max(resetAt, p.time)
    if (p.ack > acked[other]) {
      acked[other] = p.ack
      ackedAt[other] = p.flags & RST ? -Infinity : p.time
    }
  }
  return false
}

/** How far one side was acknowledged beyond all that the packets show of it. A FIN that is not there counts for one. */
export function unseenOf(packets: readonly PacketRow[], side: SideIndex, until: number = Infinity): number {
  const acks = packets.filter((p) => p.from !== side && p.ack >= 0 && !(p.flags & RST))
  const ends = packets.flatMap((p) => {
    if (p.from !== side || p.flags & RST || (p.length === 0 && !(p.flags & (SYN | FIN)))) return []
    return [p.seq + p.length + (p.flags & (SYN | FIN) ? 1 : 0)]
  })
  // What was acknowledged at the beginning came before these packets.
  const top = Math.max(acks[0]?.ack ?? Infinity, ...ends)
  const acked = acks.filter((p) => p.time <= until).reduce((most, p) => Math.max(most, p.ack), 0)
  return Math.max(0, acked - top)
}

/** A packet in somebody's name that their own capture does not have. */
export interface Forged {
  packet: PacketRow
  /** Something else agrees that it was not lost by that capture alone. */
  isProven: boolean
  findings: Finding[]
}

/** The RST, or the FIN, in the upstream's name at the proxy that the upstream never sent. */
export function forgedAtProxy(facts: Facts, flag: typeof RST | typeof FIN): Forged | null {
  const { near, far, gaveUp } = facts
  if (far === null) return null
  const packet = near.packets.find((p) => p.from === SERVER && p.flags & flag && p.time <= gaveUp) ?? null
  const { reset, fin } = far.connection.sides[SERVER]
  const sent = flag === RST ? reset : fin
  return packet === null || (sent !== null && !isLater(facts, far.at(sent), packet))
    ? null
    : forged(facts, near, far, packet)
}

/** The RST in the proxy's name at the upstream that the proxy never sent, at least not before it got there. */
export function forgedAtUpstream(facts: Facts): Forged | null {
  const { near, far, gaveUp, asked } = facts
  if (far === null) return null
  const packet = far.packets.find((p) => p.from === CLIENT && p.flags & RST && p.time <= gaveUp) ?? null
  const own = near.connection.sides[CLIENT].reset
  if (packet === null || packet.time < asked || (own !== null && !isLater(facts, near.at(own), packet))) return null
  return forged(facts, far, near, packet)
}

/** Whether something was sent too late to be a packet that arrived elsewhere. Says no where the clocks cannot tell. */
function isLater({ story, near, far, rttSeconds }: Facts, sent: number, arrived: PacketRow): boolean {
  const { earlier, later } = vagueness(story, near.capture, far!.capture, arrived.time)
  return sent - arrived.time > Math.max(earlier, later) + rttSeconds * 1e9 + COVERED_NS
}

/** Judges a packet that `at` shows and `origin`, the capture next to its alleged sender, does not. */
function forged(facts: Facts, at: View, origin: View, packet: PacketRow): Forged | null {
  const { story } = facts
  const isOneWay = origin.connection.sides[packet.from].segments === 0 && origin.connection.synAck === null
  if (isOneWay || !watched(story, origin.capture, packet.time, packet.time + COVERED_NS, at.capture)) return null
  if (countsOn(at, packet)) return null
  const findings = [...wentOn(facts, origin, packet), ...neverCame(at, origin, packet), ...returned(facts, at, packet)]
  const marks = marksOf(at, packet)
  return { packet, isProven: findings.length > 0 || marks.length > 0, findings: [...findings, ...marks] }
}

/** IP identifications that follow each other so closely come from one counter. */
const NEXT_ID = 16

/** Whether a packet was counted on from the one before: who sent the others sent it too, whatever a capture lacks. */
export function countsOn({ packets }: View, packet: PacketRow): boolean {
  const before = packets.findLast((p) => p.from === packet.from && p.frame < packet.frame)
  if (before === undefined || before.ipId <= 0 || packet.ipId <= 0) return false
  const ahead = (packet.ipId - before.ipId) & 0xffff
  return ahead > 0 && ahead <= NEXT_ID
}

/** The alleged sender goes on with the connection as if nothing had been. */
function wentOn({ rttSeconds }: Facts, origin: View, packet: PacketRow): Finding[] {
  const later = origin.packets.filter(
    (p) => p.from === packet.from && !(p.flags & RST) && p.time > packet.time + rttSeconds * 1e9 + COVERED_NS,
  )
  if (later.length === 0) return []
  const who = packet.from === SERVER ? 'the upstream' : 'the proxy'
  return [{ text: `${who} went on with the connection after it`, frames: frames(origin, later, 3) }]
}

/** What it answers never reached its alleged sender. */
function neverCame(at: View, origin: View, packet: PacketRow): Finding[] {
  const cause = at.packets.findLast((p) => p.from !== packet.from && p.length > 0 && p.time <= packet.time)
  if (cause === undefined) return []
  const { isn, bytes } = origin.connection.sides[cause.from]
  if (isn < 0 || bytes + 1 >= cause.seq + cause.length) return []
  const who = packet.from === SERVER ? 'the upstream' : 'the proxy'
  return [{ text: `what it answers never reached ${who}`, frames: [at.ref(cause)] }]
}

/** Its like was sent the other way too. */
function returned({ near, far }: Facts, at: View, packet: PacketRow): Finding[] {
  if (at !== near || far === null || near.connection.sides[CLIENT].reset !== null) return []
  const other = far.packets.find((p) => p.from === CLIENT && p.flags & RST)
  if (other === undefined || !(packet.flags & RST)) return []
  return [
    { text: 'the upstream got a RST in the proxy’s name, which the proxy did not send', frames: [far.ref(other)] },
  ]
}

/** What its headers say against its alleged sender; for themselves, no more than marks. */
export function marksOf({ connection, packets, ref }: View, packet: PacketRow): Finding[] {
  const others = packets.filter((p) => p.from === packet.from && !(p.flags & RST) && p !== packet)
  const ttls = new Set(others.map((p) => p.ttl))
  const { ttl } = connection.sides[packet.from]
  if (ttl > 0) ttls.add(ttl)
  if (ttls.size === 0 || ttls.has(packet.ttl)) return []
  const whose = packet.from === SERVER ? 'the upstream' : 'the proxy'
  const usual = [...ttls].join(' or ')
  return [{ text: `its TTL is ${packet.ttl}, that of ${whose}'s other packets ${usual}`, frames: [ref(packet)] }]
}
