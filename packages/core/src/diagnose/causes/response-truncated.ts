// FIN from the upstream part-way through a response: inside the header section, or before the body's announced end.
import { upstreamClosed } from '../facts.ts'
import { duration, frames, type Judge, upstreamOf } from '../judgement.ts'
import { cutAt } from '../surroundings.ts'

const judge: Judge = (facts) => {
  const { near, answer } = facts
  const closed = upstreamClosed(facts)
  if (closed === null || closed.kind !== 'FIN' || answer.complete) return null
  if (near.exchange === null || near.exchange.response.frame < 0) return null
  // With a hole before it, the FIN may be where it belongs and the bytes lost.
  if (answer.hole !== null && !answer.holeInCapture) return null
  const upstream = upstreamOf(facts)
  const { exchange } = near
  const isCut = exchange.detail?.incomplete === true
  // The capture has not even its status: a FIN ends good responses, too.
  const isUnread = isCut && exchange.status === 0 && exchange.ended === 'closed'
  return {
    cause: 'response-truncated',
    confidence: isUnread ? 'possible' : isCut ? 'likely' : 'certain',
    summary: `${upstream} closed the connection in the middle of its response, ${cutAt(near)}.`,
    findings: [
      {
        text: `FIN from ${upstream} ${cutAt(near)}, ${duration((closed.packet.time - facts.asked) / 1e9)} after the request`,
        frames: [near.ref(closed.packet)],
      },
      { text: 'the part of the response that came', frames: frames(near, answer.before, 3) },
    ],
    ...(isUnread
      ? {
          competing: [
            {
              cause: 'response-malformed' as const,
              because: 'the capture cut the response, which may have been whole; one with whole packets would tell',
              frames: [],
            },
          ],
        }
      : {}),
  }
}
export default judge
