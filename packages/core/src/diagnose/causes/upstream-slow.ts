// The whole request was delivered, and the response began only after the proxy had given up.
import { SERVER } from '../../observe/observations.ts'
import { leftUpstream } from '../facts.ts'
import { duration, frames, type Judge, upstreamOf } from '../judgement.ts'
import { waited } from './upstream-silent.ts'

const judge: Judge = (facts) => {
  const { near, answer, delivery } = facts
  const wait = waited(facts)
  if (wait === null || answer.before.length > 0) return null
  const late = answer.after[0] ?? null
  const first =
    late === null
      ? leftUpstream(facts).find(({ time }) => time > facts.gaveUp)
      : { time: late.time, frame: near.ref(late) }
  if (first === undefined) return null
  const after = (first.time - facts.asked) / 1e9
  // The first segment that came may not be the first that was sent.
  const lossy = late !== null && (late.seq > answer.from || near.connection.sides[SERVER].retransmissions > 0)
  return {
    cause: 'upstream-slow',
    confidence: lossy ? 'likely' : 'certain',
    summary: `${upstreamOf(facts)} was too slow: its response began ${duration(after)} after the request, ${duration((first.time - facts.gaveUp) / 1e9)} after the proxy had given up.`,
    findings: [
      {
        text: `first byte of the response, ${duration(after)} after the request`,
        frames: [first.frame],
      },
      {
        text: 'the request, wholly acknowledged',
        frames: [...delivery!.first, ...(delivery!.ackedAt === null ? [] : frames(near, [delivery!.ackedAt]))],
      },
    ],
  }
}
export default judge
