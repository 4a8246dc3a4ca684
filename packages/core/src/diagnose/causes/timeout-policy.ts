// The proxy's timeout lies inside the range of times in which this upstream answers comparable requests: some of them
// are cut off though nothing is wrong.
import { plural, duration, type Judge, upstreamOf } from '../judgement.ts'
import { comparableTimes } from '../surroundings.ts'
import { waited } from './upstream-silent.ts'

/** Answers that take at least this share of the timeout are near it. */
const NEAR = 0.6

const judge: Judge = (facts) => {
  const wait = waited(facts)
  if (wait === null || facts.answer.before.length > 0) return null
  const near = comparableTimes(facts, wait * NEAR)
  const above = near.filter((t) => t.seconds > wait)
  const late = facts.answer.after[0]
  const lateSeconds = late === undefined ? null : (late.time - facts.asked) / 1e9
  // An answer that came just after, or others that took as long and were waited for.
  if (above.length === 0 && (near.length < 2 || (lateSeconds ?? 0) > wait * 2)) return null
  const slowest = near[0]
  return {
    cause: 'timeout-policy',
    confidence: above.length > 0 ? 'likely' : 'possible',
    summary: `The proxy waits ${duration(wait)}, and ${upstreamOf(facts)} needs up to ${duration(Math.max(slowest.seconds, lateSeconds ?? 0))} for requests like this one.`,
    findings: [
      {
        text: `${plural(near.length, 'comparable request')} took ${duration(near.at(-1)!.seconds)} to ${duration(slowest.seconds)} and succeeded`,
        frames: near.slice(0, 4).map((t) => t.frame),
      },
      ...(late === undefined
        ? []
        : [{ text: `this answer came after ${duration(lateSeconds!)}`, frames: [facts.near.ref(late)] }]),
      { text: 'the request', frames: facts.delivery!.first },
    ],
    competing: [
      {
        cause: 'upstream-slow',
        because: 'whether such times are normal for this request is for its owner to say',
        frames: [],
      },
    ],
  }
}
export default judge
