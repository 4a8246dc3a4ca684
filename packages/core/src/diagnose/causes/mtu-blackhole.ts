// Small segments pass and full-size ones do not, in one direction, and nobody says so (or an ICMP error is ignored): path
// MTU discovery is broken (RFC 2923). Loss does not choose by size: what passed must be smaller than all that is missing.
import { CLIENT, DUPLICATE_ACK, type PacketRow, SERVER, type SideIndex } from '../../observe/observations.ts'
import type { FrameRef, RuledOut } from '../../report/document.ts'
import { vagueness } from '../../story/clocks/order.ts'
import { nearClient } from '../../story/story.ts'
import { conversationsDuring } from '../by-endpoint.ts'
import type { Facts } from '../facts.ts'
import { frames, type Judge, type Judgement, plural, upstreamOf } from '../judgement.ts'
import { RST } from '../../wire/tcp.ts'
import { hostSigns } from '../surroundings.ts'
import { endsSeen } from '../upstream-side.ts'
import { frameRef, type View } from '../view.ts'

/** Every path takes segments up to this size: IPv4's smallest link MTU for hosts, less headers (RFC 791). */
const ALWAYS_PASSES = 536
/** Smaller segments than these are no reason to think of the MTU. */
const LARGE = 1100

const judge: Judge = (facts) => towardsUpstream(facts) ?? towardsProxy(facts)

function towardsUpstream(facts: Facts): Judgement | null {
  const { near, far, delivery } = facts
  if (delivery === null || delivery.acked >= delivery.to || delivery.retransmissions.length === 0) return null
  const stuck = delivery.unacked.filter((p) => p.seq <= delivery.acked && p.seq + p.length > delivery.acked)
  const missing = stuck.length > 0 ? stuck : delivery.retransmissions.filter((p) => p.seq <= delivery.acked)
  const smallest = Math.min(...missing.map((p) => p.length))
  if (missing.length === 0 || smallest < LARGE) return null
  const mtu = tooBig(facts)
  // Segments of this size that did pass on this path speak for plain loss.
  const passed = Math.max(delivery.largestAcked, largestPassed(facts, CLIENT))
  if (mtu === null && passed >= smallest) return null
  const arrived =
    far?.packets.filter((p) => p.from === CLIENT && p.length > 0 && p.seq + p.length > delivery.from) ?? []
  const small = delivery.sacked || delivery.acked > delivery.from || arrived.some((p) => p.length < smallest)
  // If not even a small segment got through, the path may be dead.
  const tail = delivery.unacked.filter((p) => p.length <= ALWAYS_PASSES && p.seq > delivery.acked)
  const reported = delivery.sacked || near.packets.some((p) => p.from === SERVER && p.marks & DUPLICATE_ACK)
  const tailArrived = reported || arrived.some((p) => p.length <= ALWAYS_PASSES && p.seq > delivery.acked)
  if (mtu === null && tail.length > 0 && !tailArrived) return null
  const farProof = far !== null && arrived.length > 0 && !arrived.some((p) => p.length >= smallest)
  // A path that died between the small segment and the large one looks the same until something small passes later.
  const alive = (far !== null && isHeardAfter(far, CLIENT, missing[0])) || hostSigns(facts).opened !== null
  const competing: RuledOut[] = [
    {
      cause: 'request-undelivered',
      because: 'all that was lost was large; a small request over the same path would decide',
      frames: [],
    },
  ]
  const sure =
    (farProof && alive && delivery.retransmissions.length >= 2) ||
    (delivery.sacked && delivery.retransmissions.length >= 2) ||
    mtu !== null
  // A capture before segmentation offload has the first copy larger than those that followed; of the data behind it some
  // may have been sent again too, and have arrived.
  const again = delivery.retransmissions.filter((p) => p.seq <= delivery.acked && p.seq + p.length > delivery.acked)
  const bytes = Math.min(smallest, ...again.map((p) => p.length))
  return {
    cause: 'mtu-blackhole',
    confidence: sure ? 'certain' : small ? 'likely' : 'possible',
    summary: `Large segments do not reach ${upstreamOf(facts)}: ${bytes} bytes were sent ${plural(again.length + 1, 'time')} and never arrived, smaller ones pass.`,
    findings: [
      {
        text: `segment of ${bytes} bytes, retransmitted ${plural(again.length, 'time')}, never acknowledged`,
        frames: frames(near, [...new Set([...missing.slice(0, 1), ...again])]),
      },
      ...(delivery.sacked
        ? [{ text: 'the upstream acknowledged later, smaller data (SACK)', frames: sackFrames(facts) }]
        : []),
      ...(farProof
        ? [{ text: 'at the upstream only the smaller segments arrive', frames: frames(far, arrived, 3) }]
        : []),
      ...(mtu === null ? [] : [mtu]),
    ],
    ...(sure ? {} : { competing }),
  }
}

/** Later than what left with the lost segment, or hardly after it. */
const LATER_NS = 50e6

/** Whether something that a side sent after a segment was lost arrived in this view: the path lives. */
const isHeardAfter = ({ packets }: View, side: SideIndex, lost: PacketRow): boolean =>
  packets.some((p) => p.from === side && p.time > lost.time + LATER_NS)

function sackFrames({ near, delivery, gaveUp }: Facts): FrameRef[] {
  return near.packets
    .filter((p) => p.from === SERVER && p.sack > delivery!.acked && p.time <= gaveUp)
    .slice(0, 2)
    .map((p) => near.ref(p))
}

function towardsProxy(facts: Facts): Judgement | null {
  const { near, far, answer } = facts
  if (answer.complete || answer.holeInCapture) return null
  const lost = far === null ? [] : lostOnTheWay(facts)
  const got = answer.before
  const largestGot = got.reduce((most, p) => Math.max(most, p.length), 0)
  if (far !== null && lost.length > 0) {
    const smallestLost = Math.min(...lost.map((p) => p.length))
    if (smallestLost < LARGE || largestGot >= smallestLost || largestPassed(facts, SERVER) >= smallestLost) return null
    const repeats = far.packets.filter((p) => p.from === SERVER && p.seq === lost[0].seq && p.length > 0)
    const alive = isHeardAfter(near, SERVER, lost[0]) || got.some((p) => p.seq > lost[0].seq)
    const sure = repeats.length >= 3 && got.length > 0 && alive
    return {
      cause: 'mtu-blackhole',
      confidence: sure ? 'certain' : 'likely',
      summary: `Large segments from ${upstreamOf(facts)} do not reach the proxy: ${smallestLost} bytes were sent ${plural(repeats.length, 'time')} and never arrived, smaller ones pass.`,
      findings: [
        {
          text: `${plural(lost.length, 'segment')} of ${smallestLost} bytes and more left the upstream and never arrived`,
          frames: frames(far, repeats.length > 1 ? repeats : lost),
        },
        ...(got.length > 0
          ? [{ text: `segments of up to ${largestGot} bytes did arrive`, frames: frames(near, got, 3) }]
          : []),
      ],
      ...(sure
        ? {}
        : {
            competing: [
              { cause: 'response-lost' as const, because: 'few segments were lost, all of them large', frames: [] },
            ],
          }),
    }
  }
  // What left the upstream is not known to have got anywhere.
  if (!endsSeen(facts.story, facts.attempt.conversation!).near) return null
  // From the proxy's side alone: a hole of full-size segments stays open, and only smaller ones stand behind it.
  const { hole } = answer
  const mss = near.connection.sides[CLIENT].mss
  if (hole === null || hole.to - hole.from < LARGE || got.length === 0) return null
  const full = mss > 0 ? mss - 12 : LARGE
  if (largestGot >= Math.min(full, hole.to - hole.from) || largestPassed(facts, SERVER) >= full) return null
  const waited = facts.waitSeconds > 1
  return {
    cause: 'mtu-blackhole',
    confidence: waited ? 'likely' : 'possible',
    summary: `Large segments from ${upstreamOf(facts)} do not reach the proxy: ${hole.to - hole.from} bytes are missing in the response, while later segments of up to ${largestGot} bytes came through.`,
    findings: [
      {
        text: `later data arrived behind a hole of ${hole.to - hole.from} bytes that was never filled`,
        frames: frames(
          near,
          got.filter((p) => p.seq >= hole.to),
          3,
        ),
      },
      { text: 'the proxy asked for the missing bytes again (duplicate acknowledgements)', frames: proxyAcks(facts) },
    ],
    competing: [
      {
        cause: 'response-lost',
        because:
          'plain loss could hit large segments alone; a capture at the upstream, or `ping -M do -s 1472`, would decide',
        frames: [],
      },
    ],
  }
}

function proxyAcks({ near, answer, gaveUp }: Facts): FrameRef[] {
  return near.packets
    .filter((p) => p.from === CLIENT && p.ack === answer.edge && p.sack > p.ack && p.time <= gaveUp)
    .slice(0, 3)
    .map((p) => near.ref(p))
}

/** A copy that arrives this much later than the first one left, in nanoseconds, is another one (RFC 6298). */
export const inFlight = (rttSeconds: number): number => (0.15 + rttSeconds) * 1e9

/** Response segments that left the upstream and of which no copy arrived before the proxy gave up, each once. */
export function lostOnTheWay({ near, far, answer, asked, gaveUp, story, rttSeconds }: Facts): PacketRow[] {
  if (far === null) return []
  const got = near.packets.filter((p) => p.from === SERVER && p.length > 0)
  const slack = Math.min(1e9, Math.max(5e6, vagueness(story, far.capture, near.capture, asked).later))
  const seen = new Set<number>()
  // What the proxy acknowledged it got, whether its capture has it or not.
  const acks = [...near.packets, ...far.packets].filter(
    (p) => p.from === CLIENT && !(p.flags & RST) && p.time <= gaveUp,
  )
  const acked = acks.reduce((most, p) => Math.max(most, p.ack), 0)
  const sacked = new Set(acks.map((p) => p.sack))
  return far.packets.filter((p) => {
    if (p.from !== SERVER || p.length === 0 || p.time < asked - slack || p.time > gaveUp || p.seq < answer.from)
      return false
    if (p.seq + p.length <= acked || sacked.has(p.seq + p.length)) return false
    if (seen.has(p.seq)) return false
    seen.add(p.seq)
    const copies = got.filter((q) => q.seq < p.seq + p.length && q.seq + q.length > p.seq)
    return copies.every((q) => q.time > gaveUp && q.time - p.time > inFlight(rttSeconds))
  })
}

/** Largest segment that one side got through meanwhile on other connections between the same hosts. */
function largestPassed({ story, near, attempt, asked, gaveUp }: Facts, side: 0 | 1): number {
  let largest = 0
  for (const conversation of conversationsDuring(story, near.connection.serverAddress, asked, gaveUp)) {
    if (conversation === attempt.conversation || conversation.first < asked) continue
    const { connection } = nearClient(conversation)
    if (connection.clientAddress !== near.connection.clientAddress) continue
    largest = Math.max(largest, connection.sides[side].largestAcked)
  }
  return largest
}

/** An ICMP error that asks for smaller packets on this connection. */
function tooBig({ story, attempt }: Facts): { text: string; frames: FrameRef[] } | null {
  const found = attempt.conversation?.icmp.find(({ error }) => error.mtu >= 0)
  if (found === undefined) return null
  return {
    text: `${found.error.from} said: ${found.error.text}`,
    frames: [frameRef(story, found.capture, found.error.frame)],
  }
}
export default judge
