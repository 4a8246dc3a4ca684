// RST_STREAM from the upstream for the request's stream (RFC 9113 section 6.4), before its response was complete. Behind
// a complete response it only says that the rest of the request is not wanted (section 8.1); one that the proxy sends is
// its giving up, and another cause's matter.
import { http2ErrorName } from '../../app/http2/errors.ts'
import type { Domain } from '../catalogue.ts'
import type { Facts } from '../facts.ts'
import { accuses, http2ErrorMeaning, REFUSED_STREAM } from '../http2-codes.ts'
import { grpcTimeout } from '../../app/http2/grpc.ts'
import { duration, frames, type Judge, plural, upstreamOf } from '../judgement.ts'
import { othersOpen, type StreamReset } from '../stream.ts'
import { cutAt } from '../surroundings.ts'

const judge: Judge = (facts) => {
  const { near, answer, delivery, stream } = facts
  const reset = stream?.reset ?? null
  if (stream === null || reset === null || reset.by === 'proxy' || reset.at > facts.gaveUp || answer.complete)
    return null
  const upstream = upstreamOf(facts)
  const after = duration((reset.at - facts.asked) / 1e9)
  const { code } = reset
  const name = http2ErrorName(code)
  const faults = accuses(code) ? stream.faults.filter((f) => f.by === 'proxy' && f.at <= reset.at) : []
  const domain: Domain | null = faults.length > 0 ? 'proxy' : null
  const begun = answer.before.length > 0
  return {
    cause: 'h2-stream-reset',
    confidence: 'certain',
    ...(domain === null ? {} : { domain }),
    summary: `${upstream} reset stream ${stream.id} with ${name} ${after} after the request${begun ? `, in the middle of its response, ${cutAt(near)}` : ''}: ${http2ErrorMeaning(code)}.`,
    findings: [
      { text: `RST_STREAM ${name} from ${upstream} for stream ${stream.id}`, frames: [reset.frame] },
      ...(delivery === null ? [] : [{ text: `the request, on stream ${stream.id}`, frames: delivery.first }]),
      ...(begun ? [{ text: 'the part of the response that came', frames: frames(near, answer.before, 3) }] : []),
      ...faults.slice(0, 3).map((f) => ({ text: `from the proxy: ${f.text}`, frames: [f.frame] })),
      ...crowd(facts, reset),
      ...deadline(facts, reset),
    ],
  }
}

/** A stream may be refused because there are too many. */
function crowd({ near }: Facts, { code }: StreamReset): { text: string; frames: [] }[] {
  const others = code === REFUSED_STREAM ? othersOpen(near) : 0
  if (others === 0) return []
  const text = `${plural(others, 'other stream')} of the connection ${others === 1 ? 'was' : 'were'} open; compare with SETTINGS_MAX_CONCURRENT_STREAMS`
  return [{ text, frames: [] }]
}

/** gRPC servers cancel what is still going on at the caller's own deadline. */
function deadline({ near, asked }: Facts, { at }: StreamReset): { text: string; frames: [] }[] {
  const field = near.exchange?.detail?.requestFields.find(([name]) => name === 'grpc-timeout')?.[1] ?? null
  const timeout = grpcTimeout(field)
  if (timeout < 0 || at - asked < timeout * 0.9) return []
  return [{ text: `the request allowed ${duration(timeout / 1e9)} (grpc-timeout), which had passed`, frames: [] }]
}
export default judge
