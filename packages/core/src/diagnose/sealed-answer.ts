// The upstream answered inside TLS that nobody decrypted, and the proxy made an error of it. What was wrong with the
// answer stays unread; its size, and who closed, make one guess better than the others.
import { serverView } from '../story/story.ts'
import { isSealed } from '../observe/observations.ts'
import type { CauseCode } from './catalogue.ts'
import { type Facts, upstreamClosed } from './facts.ts'
import { gatewayOf } from './gateway.ts'
import { frames, type Judgement, upstreamOf } from './judgement.ts'

/** The smallest usual limit of a proxy to a header section. */
const LARGE = 4000

/** What else it may be; the keys would tell. */
const OTHERS: readonly CauseCode[] = [
  'response-truncated',
  'response-malformed',
  'response-header-too-large',
  'relayed-from-upstream',
]

/** Null where there was no whole answer to a sealed exchange, or the client's answer cannot be read either. */
export function sealedAnswer(facts: Facts): Judgement | null {
  const { near, request, answer } = facts
  const { exchange } = near
  if (exchange === null || !isSealed(exchange) || request === null || exchange.response.frame < 0) return null
  const { exchange: front } = serverView(request.turn)
  if (isSealed(front) || front.status < 500 || !answer.complete) return null
  const upstream = upstreamOf(facts)
  // Without content, or with more than came, it is the proxy's own as well.
  const fits = front.responseBytes > 0 && front.responseBytes <= exchange.responseBytes
  const own = gatewayOf(request)?.own === true || !fits
  const closed = upstreamClosed(facts) !== null
  const cause: CauseCode = !own
    ? 'relayed-from-upstream'
    : exchange.responseBytes >= LARGE
      ? 'response-header-too-large'
      : closed
        ? 'response-truncated'
        : 'response-malformed'
  const because = 'the answer is encrypted; a key log of the proxy or the upstream (--keys) would tell'
  return {
    cause,
    confidence: 'possible',
    summary: `${upstream} answered with ${exchange.responseBytes} bytes inside TLS${closed ? ' and closed' : ''}, and the proxy made ${front.status} of it.`,
    findings: [
      { text: 'the answer, encrypted', frames: frames(near, answer.before, 3) },
      ...(own ? [{ text: 'the error is the proxy’s own, not one that was passed on', frames: [] }] : []),
    ],
    competing: OTHERS.filter((other) => other !== cause).map((other) => ({ cause: other, because, frames: [] })),
  }
}
