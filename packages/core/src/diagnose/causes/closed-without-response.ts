// FIN from the upstream after the request and before any response byte. That it acknowledges the request tells it from
// a keep-alive race.
import { GAP_BEFORE, type PacketRow, SERVER } from '../../observe/observations.ts'
import { upstreamClosed } from '../facts.ts'
import { duration, type Judge, upstreamOf } from '../judgement.ts'

/** Comes behind bytes that the capture lacks, and with the end of what the upstream sent. */
const isAhead = (p: PacketRow, { time, ack }: PacketRow): boolean =>
  p.from === SERVER && (p.marks & GAP_BEFORE) !== 0 && p.ack === ack && p.time <= time

const judge: Judge = (facts) => {
  const { near, far, answer, delivery } = facts
  const closed = upstreamClosed(facts)
  if (closed === null || closed.kind !== 'FIN' || answer.before.length > 0) return null
  // Bytes came before this FIN that the capture does not have.
  if (closed.packet.seq > answer.from || near.packets.some((p) => isAhead(p, closed.packet))) return null
  const upstream = upstreamOf(facts)
  const after = (closed.packet.time - facts.asked) / 1e9
  const forged = far !== null && far.connection.sides[SERVER].fin === null
  const asked = delivery !== null
  // One that was sent before the request came is no answer to it.
  const taken = asked && closed.packet.ack >= delivery.to
  return {
    cause: 'closed-without-response',
    confidence:
      forged || !asked || (facts.near.connection.synAck === null && delivery.acked <= delivery.from)
        ? 'likely'
        : 'certain',
    ...(forged ? { domain: 'network' as const } : {}),
    summary: `${upstream} ${taken ? 'took the request and closed' : 'closed'} the connection${after > 0 ? ` ${duration(after)} later` : ''} without a byte of response.`,
    findings: [
      {
        text: `FIN from ${upstream}${taken ? ', acknowledging the whole request' : ''}`,
        frames: [near.ref(closed.packet)],
      },
      ...(asked ? [{ text: 'the request', frames: delivery.first }] : []),
    ],
  }
}
export default judge
