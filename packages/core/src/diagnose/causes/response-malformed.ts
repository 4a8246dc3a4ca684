// The upstream's bytes begin as HTTP, or should, and break its grammar (RFC 9112).
import { clientStatus, upstreamClosed } from '../facts.ts'
import { duration, frames, type Judge, upstreamOf } from '../judgement.ts'

const judge: Judge = (facts) => {
  const { near, answer, gaveUp } = facts
  const { exchange } = near
  const fault = exchange?.detail?.responseFault ?? null
  if (exchange === null || fault === null || fault.part === 'header-size' || exchange.detail!.incomplete) return null
  // What came after the proxy had given up did not make it give up.
  if (near.at(fault.at) > gaveUp) return null
  const pause = (gaveUp - near.at(fault.at)) / 1e9
  const atOnce = pause < 1 || upstreamClosed(facts) !== null
  const timedOut = clientStatus(facts.request) === 504 && !atOnce
  const sure = !timedOut && (fault.part === 'start-line' || fault.part === 'chunk')
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
export default judge
