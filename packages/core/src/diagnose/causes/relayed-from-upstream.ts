// The upstream itself answered with the gateway error, and the proxy passed it on. What failed lies one hop behind.
import { clientStatus } from '../facts.ts'
import { type Judge, upstreamOf } from '../judgement.ts'

const GATEWAY_ERRORS = new Set([502, 503, 504])

const judge: Judge = (facts) => {
  const { exchange } = facts.near
  if (exchange === null || exchange.response.frame < 0 || !GATEWAY_ERRORS.has(exchange.status)) return null
  const status = clientStatus(facts.request)
  if (status !== null && status !== exchange.status && !GATEWAY_ERRORS.has(status)) return null
  // The proxy had given up before the upstream's own error came: then it relayed nothing.
  if (facts.near.at(exchange.response) > facts.gaveUp) return null
  const upstream = upstreamOf(facts)
  // A proxy whose own tries the captures should show, and do not, may have been failed by them.
  const isProxy = facts.story.proxies.some(({ front }) => front === upstream)
  const weak = facts.attempt.pairing.strength === 'weak'
  // A capture on a clock that nobody knows, or knows well, may show the very hop that failed.
  const unplaced = facts.story.captures.some(({ clock }) => clock.offsetSeconds === null || clock.isContradictory)
  return {
    cause: 'relayed-from-upstream',
    // Cut short, or with the client leg unseen, it may not be what the client was told.
    confidence: facts.request === null || weak || isProxy || unplaced || !facts.answer.complete ? 'likely' : 'certain',
    summary: `${upstream} answered ${exchange.status} itself${facts.request === null ? '' : ', and the proxy passed it on'}: the failure is one hop further back.`,
    findings: [
      {
        text: `${upstream} sent status ${exchange.status} on the upstream leg`,
        frames: [facts.near.ref(exchange.response)],
      },
    ],
  }
}
export default judge
