// RST from the upstream after part of a response.
import { SERVER } from '../../observe/observations.ts'
import { upstreamClosed } from '../facts.ts'
import { duration, frames, type Judge, upstreamOf } from '../judgement.ts'
import { cutAt } from '../surroundings.ts'

const judge: Judge = (facts) => {
  const { near, far, answer } = facts
  const closed = upstreamClosed(facts)
  if (closed === null || closed.kind !== 'RST' || answer.complete || answer.before.length === 0) return null
  const upstream = upstreamOf(facts)
  const seenThere = far !== null && far.connection.sides[SERVER].reset !== null
  return {
    cause: 'reset-mid-response',
    // What the capture cut may have been whole.
    confidence: seenThere && near.exchange?.detail?.incomplete !== true ? 'certain' : 'likely',
    summary: `${upstream} reset the connection in the middle of its response, ${cutAt(near)}.`,
    findings: [
      {
        text: `RST from ${upstream} ${duration((closed.packet.time - facts.asked) / 1e9)} after the request`,
        frames: [near.ref(closed.packet)],
      },
      { text: 'the part of the response that came', frames: frames(near, answer.before, 3) },
      ...(seenThere
        ? [
            {
              text: 'the capture at the upstream shows the RST leaving',
              frames: [far.ref(far.connection.sides[SERVER].reset!)],
            },
          ]
        : []),
    ],
    ...(seenThere
      ? {}
      : {
          competing: [
            {
              cause: 'reset-by-middlebox' as const,
              because: 'a capture at the upstream would prove that it sent the RST',
              frames: [],
            },
          ],
        }),
  }
}
export default judge
