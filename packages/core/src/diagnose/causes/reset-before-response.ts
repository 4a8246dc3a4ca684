// RST from the upstream after the request and before any response byte.
import { SERVER } from '../../observe/observations.ts'
import { upstreamClosed } from '../facts.ts'
import { duration, type Judge, upstreamOf } from '../judgement.ts'

const judge: Judge = (facts) => {
  const { near, far, answer, delivery, connecting } = facts
  const closed = upstreamClosed(facts)
  if (closed === null || closed.kind !== 'RST' || answer.before.length > 0 || connecting.outcome === 'refused')
    return null
  // Bytes came before this RST that the capture does not have.
  if (delivery !== null && closed.packet.seq > answer.from) return null
  const upstream = upstreamOf(facts)
  const after = (closed.packet.time - facts.asked) / 1e9
  // What the upstream's own capture shows of a response, this one has missed.
  const began =
    far !== null &&
    far.packets.some((p) => p.from === SERVER && p.length > 0 && p.seq >= answer.from && p.time >= facts.asked)
  const seenThere = far !== null && far.connection.sides[SERVER].reset !== null
  return {
    cause: 'reset-before-response',
    // Without the proxy's direction nobody knows what was asked: it may have been a handshake.
    confidence: seenThere && !began && delivery !== null ? 'certain' : 'likely',
    summary: `${upstream} reset the connection ${duration(after)} after the request, before any byte of response.`,
    findings: [
      { text: `RST from ${upstream}`, frames: [near.ref(closed.packet)] },
      ...(seenThere
        ? [
            {
              text: 'the capture at the upstream shows it leaving',
              frames: [far.ref(far.connection.sides[SERVER].reset!)],
            },
          ]
        : []),
      ...(delivery === null ? [] : [{ text: 'the request', frames: delivery.first }]),
    ],
    ...(seenThere
      ? {}
      : {
          competing: [
            {
              cause: 'reset-by-middlebox' as const,
              because:
                'nothing in the packets speaks for it; a capture at the upstream would prove that it sent the RST',
              frames: [],
            },
          ],
        }),
  }
}
export default judge
