// The upstream's bytes begin as HTTP, or should, and break its grammar (RFC 9112).
import { http2ErrorName } from '../../app/http2/errors.ts'
import { SERVER } from '../../observe/observations.ts'
import { clientStatus, type Facts, upstreamClosed } from '../facts.ts'
import { accuses, http2ErrorMeaning } from '../http2-codes.ts'
import { duration, frames, type Judge, type Judgement, upstreamOf } from '../judgement.ts'

const judge: Judge = (facts) => {
  if (facts.stream !== null) return onStream(facts)
  const { near, answer, gaveUp } = facts
  const { exchange } = near
  const fault = exchange?.detail?.responseFault ?? null
  if (exchange === null || fault === null || fault.part === 'header-size' || exchange.detail!.incomplete) return null
  // What stands behind a loss of the capture does not begin where a response does.
  if (fault.part === 'start-line' && near.connection.sides[SERVER].missing > 0) return null
  // What came after the proxy had given up did not make it give up.
  if (near.at(fault.at) > gaveUp) return null
  const pause = (gaveUp - near.at(fault.at)) / 1e9
  const atOnce = pause < 1 || upstreamClosed(facts) !== null
  const timedOut = clientStatus(facts.request) === 504 && !atOnce
  // Where more stands before it than the request acknowledged, that may be the beginning; in TLS there is more.
  const asked = near.packets.find((p) => p.frame === exchange.request.frame)?.ack ?? -1
  const isBegun = asked < 0 || exchange.responseFrom <= asked || near.connection.tls !== null
  const sure = !timedOut && ((fault.part === 'start-line' && isBegun) || fault.part === 'chunk')
  return {
    cause: 'response-malformed',
    confidence: sure ? 'certain' : timedOut ? 'possible' : 'likely',
    summary: `${upstreamOf(facts)} sent a response that breaks the grammar of HTTP: ${fault.text}${Number.isFinite(pause) && atOnce ? ` (the proxy gave up ${duration(Math.max(0, pause))} later)` : ''}.`,
    findings: [
      { text: fault.text, frames: [near.ref(fault.at)] },
      { text: 'the response on the upstream leg', frames: frames(near, answer.before, 3) },
    ],
    ...(timedOut
      ? {
          competing: [
            { cause: 'response-stalled' as const, because: 'the proxy waited on before it gave up', frames: [] },
          ],
        }
      : {}),
  }
}
/** A proxy that dislikes what it gets on a stream ends it as soon as it reads that. */
const AT_ONCE_SECONDS = 1

/** HTTP/2: what breaks RFC 9113, or the proxy says so itself with the code of its RST_STREAM or GOAWAY. */
function onStream(facts: Facts): Judgement | null {
  const { near, answer, gaveUp, asked, stream } = facts
  const fault = stream!.faults.find((f) => f.by === 'upstream' && f.at >= asked && f.at <= gaveUp) ?? null
  const refusals = [...stream!.goaways, ...(stream!.reset === null ? [] : [stream!.reset])]
  const refusal = refusals.find((r) => r.by === 'proxy' && r.at >= asked && accuses(r.code)) ?? null
  const since = fault?.at ?? answer.before.at(-1)?.time
  // A whole answer that goes against the rules is none.
  if (since === undefined || (answer.complete && fault?.stream !== stream!.id)) return null
  if (refusal === null && fault === null) return null
  // Faults that the proxy lives with are no cause.
  if (((refusal?.at ?? gaveUp) - since) / 1e9 > AT_ONCE_SECONDS) return null
  const said = refusal === null ? '' : `, and the proxy ended it with ${http2ErrorName(refusal.code)}`
  return {
    cause: 'response-malformed',
    confidence: fault !== null && refusal !== null ? 'certain' : 'likely',
    summary: `${upstreamOf(facts)} sent on stream ${stream!.id} what breaks HTTP/2: ${fault?.text ?? 'the capture does not show what'}${said}.`,
    findings: [
      ...(fault === null ? [] : [{ text: fault.text, frames: [fault.frame] }]),
      ...(refusal === null
        ? []
        : [
            {
              text: `${http2ErrorName(refusal.code)} from the proxy: ${http2ErrorMeaning(refusal.code)}`,
              frames: [refusal.frame],
            },
          ]),
      ...(answer.before.length === 0
        ? []
        : [{ text: 'the response on the upstream leg', frames: frames(near, answer.before, 3) }]),
    ],
  }
}
export default judge
