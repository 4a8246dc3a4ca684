// Whether a second capture of a connection was taken at its other end, and so is a witness of its own. One that was taken
// at the same place, or is a copy of the first, shows and lacks the same. Clocks are not asked: at the same place packets
// of both directions are as late, at the other end those from there are as much earlier as those to there are later.
import { CLIENT, type Connection, type PacketRow, SERVER, type SideIndex } from '../observe/observations.ts'
import type { Story } from '../story/story.ts'
import { perStory } from './remember.ts'
import type { View } from './view.ts'

/** Two captures whose distance is less than this see the same place: two interfaces of a host, or one file twice. */
const SAME_PLACE_NS = 3e3
/** A host answers a SYN within this time; one that takes longer is told by its share of the round trip. */
const SYN_ANSWERED_NS = 250e3
const SYN_ANSWERED_SHARE = 0.4
/** Packets of both directions that lie closer together than this are compared, or those that lie closest. */
const QUICK_NS = 1e6
/** Clocks run apart by less than this. */
const MOST_DRIFT = 500e-6

/** Whether a second capture of a connection was taken at the server, and so can tell what that sent and got. */
export function isServersEnd(story: Story, near: View, far: View): boolean {
  const byHandshake = isNextToServer(near.connection, far.connection)
  if (byHandshake !== null) return byHandshake
  const shared = sharedBy(near, far)
  const roundTrip = roundTripBetween(shared)
  if (roundTrip !== null) return roundTrip > SAME_PLACE_NS
  // Of one direction alone nothing tells but other connections; at one place they are all the same.
  return othersSay(story, `${near.capture} ${far.capture} ${near.connection.serverAddress}`) ?? true
}

/**
 * At the server the SYN-ACK follows the SYN at once, whatever the clocks say; next to the first capture it takes as long
 * as there. Null where a capture lacks either.
 */
function isNextToServer(near: Connection, far: Connection): boolean | null {
  const [atNear, atFar] = [near, far].map(synAnswered)
  if (atNear < 0 || atFar < 0) return null
  if (atNear - atFar <= Math.max(SAME_PLACE_NS, atNear / 50)) return false
  return atFar <= SYN_ANSWERED_NS || atFar <= atNear * SYN_ANSWERED_SHARE
}

/** What most connections to a server say of two captures, `near far address`; null where none says anything. */
const othersSay = perStory((story, key): boolean | null => {
  const [near, far, address] = key.split(' ')
  let sum = 0
  for (const { sightings } of story.conversations) {
    const [one, other] = [near, far].map((at) => sightings.find(({ capture }) => capture === Number(at))?.connection)
    if (one === undefined || other === undefined || one.serverAddress !== address) continue
    const said = isNextToServer(one, other)
    if (said !== null) sum += said ? 1 : -1
  }
  return sum === 0 ? null : sum > 0
})

/** Nanoseconds between SYN and SYN-ACK; -1 where either was not seen. */
function synAnswered({ syns, synAck }: Connection): number {
  return syns.length === 0 || synAck === null ? -1 : synAck.time - syns.at(-1)!.time
}

/**
 * Nanoseconds that packets take at least from one capture to the other and back, whatever the pace of the clocks; null
 * where they do not share packets of both directions.
 */
function roundTripBetween(shared: readonly Shared[]): number | null {
  const pairs: { gap: number; both: number }[] = []
  const last: [Shared | null, Shared | null] = [null, null]
  for (const one of shared) {
    last[one.from] = one
    const other = last[one.from === CLIENT ? SERVER : CLIENT]
    if (other === null) continue
    const [out, back] = one.from === CLIENT ? [one, other] : [other, one]
    pairs.push({ gap: Math.abs(out.time - back.time), both: out.later - back.later })
  }
  const quick = Math.max(QUICK_NS, Math.min(...pairs.map(({ gap }) => gap)))
  const trips = pairs.filter(({ gap }) => gap <= quick).map(({ gap, both }) => both - gap * MOST_DRIFT)
  return trips.length === 0 ? null : Math.min(...trips)
}

/** A packet that both captures have: when the first one has it, and how much later the second one. */
interface Shared {
  from: SideIndex
  time: number
  later: number
}

/** In the order of the first capture. */
function sharedBy(near: View, far: View): Shared[] {
  const apart: Apart = [basesApart(near, far, CLIENT), basesApart(near, far, SERVER)]
  const there = new Map<string, PacketRow[]>()
  for (const packet of far.packets) {
    const name = nameOf(packet, apart)
    const list = there.get(name)
    if (list === undefined) there.set(name, [packet])
    else list.push(packet)
  }
  return near.packets.flatMap((packet) => {
    const twin = there.get(nameOf(packet, [0, 0]))?.shift()
    return twin === undefined ? [] : [{ from: packet.from, time: packet.time, later: twin.time - packet.time }]
  })
}

type Apart = readonly [client: number, server: number]

/** What makes a packet the same one in both captures. */
function nameOf({ from, seq, ack, length, flags }: PacketRow, [client, server]: Apart): string {
  const [own, other] = from === CLIENT ? [client, server] : [server, client]
  return [from, (seq + own) >>> 0, ack < 0 ? ack : (ack + other) >>> 0, length, flags].join()
}

/**
 * By how much positions of the second capture lie behind those of the first, where it began later. Where both know the
 * first number of a side they count from there, whatever a firewall made of it.
 */
function basesApart(near: View, far: View, side: SideIndex): number {
  const [mine, theirs] = [near.connection.sides[side], far.connection.sides[side]]
  if ((mine.isn >= 0 && theirs.isn >= 0) || mine.base < 0 || theirs.base < 0) return 0
  return (theirs.base - mine.base) | 0
}
