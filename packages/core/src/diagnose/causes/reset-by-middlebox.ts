// A RST in the upstream's name that the upstream did not send. The upstream's own capture without it is proof; another
// TTL, or packets of the upstream that go on after it, are hints.
import { CLIENT, type PacketRow, SERVER } from '../../observe/observations.ts'
import { runOf } from '../../story/story.ts'
import { RST } from '../../wire/tcp.ts'
import { type Facts } from '../facts.ts'
import { duration, type Judge, upstreamOf } from '../judgement.ts'

/** Packets of one capture may be cut off at the end; it must go on for this long after the RST to be a witness. */
const COVERED_NS = 1e6

const judge: Judge = (facts) => {
  const { near } = facts
  const rst = serverReset(facts)
  if (rst === null || facts.connecting.outcome === 'refused') return null
  const upstream = upstreamOf(facts)
  const after = (rst.time - facts.asked) / 1e9
  const deciding = {
    text: `RST in the name of ${upstream}, ${duration(after)} after the ${near.exchange === null ? 'SYN' : 'request'}`,
    frames: [near.ref(rst)],
  }
  if (resetUnseenAtUpstream(facts) !== null) {
    return {
      cause: 'reset-by-middlebox',
      confidence: 'certain',
      summary: `Something between proxy and upstream reset the connection: the RST that the proxy got is not in the capture at ${upstream}.`,
      findings: [
        { ...deciding },
        {
          text: 'the capture at the upstream has this connection and no RST from the upstream',
          frames: [facts.far!.ref(facts.far!.connection.last)],
        },
      ],
    }
  }
  // A capture at the upstream that has the RST settles it the other way.
  if (facts.far !== null && facts.far.connection.sides[SERVER].reset !== null) return null
  const hints = hintsOf(facts, rst)
  if (hints.length === 0) return null
  return {
    cause: 'reset-by-middlebox',
    confidence: hints.some((hint) => hint.strong) ? 'likely' : 'possible',
    summary: `The RST that ended the connection seems not to come from ${upstream}: ${hints[0].text}.`,
    findings: [deciding, ...hints.map((hint) => ({ text: hint.text, frames: hint.packets.map((p) => near.ref(p)) }))],
    competing: [
      {
        cause: 'reset-before-response',
        because: 'such marks suggest and do not prove; a capture at the upstream would show whether it sent the RST',
        frames: [],
      },
    ],
  }
}

function serverReset({ near, gaveUp }: Facts): PacketRow | null {
  return near.packets.find((p) => p.from === SERVER && p.flags & RST && p.time <= gaveUp) ?? null
}

/** The RST at the proxy that a capture at the upstream, which covers the moment, does not have. */
export function resetUnseenAtUpstream(facts: Facts): PacketRow | null {
  const rst = serverReset(facts)
  const { far, story } = facts
  if (rst === null || far === null || far.connection.sides[SERVER].reset !== null) return null
  const { first, last } = runOf(story, far.capture)
  const oneWay = far.connection.sides[SERVER].segments === 0 && far.connection.synAck === null
  const ran = first <= rst.time && last >= rst.time + COVERED_NS
  return oneWay || !ran ? null : rst
}

interface Hint {
  text: string
  strong: boolean
  packets: PacketRow[]
}

function hintsOf({ near }: Facts, rst: PacketRow): Hint[] {
  const hints: Hint[] = []
  const others = near.packets.filter((p) => p.from === SERVER && !(p.flags & RST))
  const ttls = new Set(others.map((p) => p.ttl))
  if (near.connection.sides[SERVER].ttl > 0) ttls.add(near.connection.sides[SERVER].ttl)
  if (ttls.size > 0 && !ttls.has(rst.ttl)) {
    hints.push({
      text: `its TTL is ${rst.ttl}, that of the upstream's other packets ${[...ttls].join(' or ')}`,
      strong: true,
      packets: [rst],
    })
  }
  const goesOn = others.find((p) => p.time > rst.time && (p.length > 0 || p.ack > rst.ack) && answered(near.packets, p))
  if (goesOn !== undefined)
    hints.push({ text: 'the upstream went on sending after it', strong: true, packets: [goesOn] })
  return hints
}

/** A packet that was already on its way when the RST was sent says nothing; one that reacts to later packets does. */
function answered(packets: readonly PacketRow[], p: PacketRow): boolean {
  const last = packets.findLast((q) => q.from === CLIENT && q.time < p.time)
  return last !== undefined && p.ack >= last.seq + last.length && last.length > 0
}
export default judge
