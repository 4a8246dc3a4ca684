// The request's segments were retransmitted and never acknowledged.
import { CLIENT } from '../../observe/observations.ts'
import { askedOf, duration, frames, type Judge, plural, upstreamOf } from '../judgement.ts'
import { farRan } from '../surroundings.ts'

const judge: Judge = (facts) => {
  const { near, far, delivery, answer, closings, gaveUp } = facts
  if (delivery === null || delivery.acked >= delivery.to || answer.before.length > 0) return null
  if (closings.some((c) => c.by === 'upstream' && c.packet.time <= gaveUp)) return null
  const repeats = delivery.retransmissions.length
  if (repeats === 0) return null
  const reached =
    far !== null && far.packets.some((p) => p.from === CLIENT && p.length > 0 && p.seq + p.length > delivery.acked)
  if (reached) return null
  // Only packets that it has from later show that the upstream's capture would have had these.
  const sure = farRan(facts, facts.asked, delivery.retransmissions[0].time)
  return {
    cause: 'request-undelivered',
    confidence: sure ? 'certain' : repeats >= 2 ? 'likely' : 'possible',
    summary: `The ${askedOf(near)} did not reach ${upstreamOf(facts)}: ${delivery.to - delivery.acked} bytes were sent ${plural(repeats + 1, 'time')} in ${duration(facts.waitSeconds)} and never acknowledged.`,
    findings: [
      {
        text: `${askedOf(near)} sent, then ${plural(repeats, 'retransmission')}, none acknowledged`,
        frames: [...delivery.first, ...frames(near, delivery.retransmissions)],
      },
      ...(far === null
        ? []
        : [
            {
              text: 'the capture at the upstream has the connection, and not these segments',
              frames: [far.ref(far.connection.last)],
            },
          ]),
    ],
    ...(sure
      ? {}
      : {
          competing: [
            {
              cause: 'upstream-silent' as const,
              because:
                'an upstream whose kernel stopped looks the same; a capture at the upstream would show whether the request arrives',
              frames: [],
            },
          ],
        }),
  }
}
export default judge
