// A well-formed header section larger than the proxy's buffer: the proxy answers as soon as its limit is passed.
import { productOf } from '../../gateways/products.ts'
import { clientView, frontOf, serverView } from '../../story/story.ts'
import { clientStatus, type Facts, upstreamClosed } from '../facts.ts'
import { gatewayOf } from '../gateway.ts'
import { duration, frames, type Judge, upstreamOf } from '../judgement.ts'
import { perStory } from '../remember.ts'

/** No proxy in use has a smaller buffer than one page of memory, less its own overhead. */
const SMALLEST_LIMIT = 3800
/** The proxy does not wait: it gives up as it reads. */
const AT_ONCE_SECONDS = 1

const judge: Judge = (facts) => {
  const { near, answer, gaveUp } = facts
  const { exchange } = near
  if (exchange === null || exchange.response.frame < 0 || exchange.headSize < SMALLEST_LIMIT) return null
  const fault = exchange.detail?.responseFault ?? null
  if ((fault !== null && fault.part !== 'header-size') || exchange.status < 100) return null
  if ((clientStatus(facts.request) ?? 502) === 504 || !Number.isFinite(gaveUp)) return null
  const last = answer.before.at(-1)
  const pause = (gaveUp - (last?.time ?? near.at(exchange.responseEnd))) / 1e9
  if (pause > AT_ONCE_SECONDS) return null
  // An upstream that closed inside its response truncated it, unless the limit had been passed before.
  const closed = upstreamClosed(facts)
  const whole = exchange.detail === null || exchange.detail.headComplete
  const limit = limitOf(facts)
  const beyond = limit !== null && exchange.headSize >= limit
  const cutOff = closed !== null && !answer.complete
  if ((cutOff && !(whole && beyond)) || exchange.headSize <= largestPassedOn(facts)) return null
  // HTTP/2 sizes are those of SETTINGS_MAX_HEADER_LIST_SIZE, which no buffer is measured by.
  const sure = beyond && whole && !cutOff && facts.stream === null
  // Who configures it, makes it larger.
  const small = limit !== null && exchange.headSize < limit * 0.75
  return {
    cause: 'response-header-too-large',
    confidence: sure ? 'certain' : small ? 'possible' : 'likely',
    summary: `The response header section from ${upstreamOf(facts)} is ${whole ? '' : 'at least '}${exchange.headSize} bytes, larger than the proxy takes; it gave up ${duration(Math.max(0, pause))} after reading it.`,
    findings: [
      {
        text: `well-formed header section of ${exchange.headSize} bytes`,
        frames:
          answer.before.length > 0
            ? frames(near, answer.before, 4)
            : [near.ref(exchange.response), near.ref(exchange.responseEnd)],
      },
      ...(limit === null ? [] : [{ text: `the proxy's usual limit is ${limit} bytes`, frames: [] }]),
    ],
    ...(sure
      ? {}
      : {
          competing: [
            {
              cause: 'response-malformed' as const,
              because: 'the proxy may have disliked something else in it; its error log names the reason',
              frames: [],
            },
          ],
        }),
  }
}

/** The largest header section that the same proxy passed on to a client. */
const largestPassedOn = ({ story, request }: Facts): number =>
  request === null ? 0 : largestPassedOnAt(story, frontOf(request))

const largestPassedOnAt = perStory((story, front): number => {
  let largest = 0
  for (const request of story.requests) {
    const answer = serverView(request.turn).exchange
    const back = request.tries.at(-1)?.turn ?? null
    if (frontOf(request) !== front || back === null || answer.status === 0) continue
    const { exchange } = clientView(back)
    if (exchange.status === answer.status) largest = Math.max(largest, exchange.headSize)
  }
  return largest
})

function limitOf(facts: Facts): number | null {
  return productOf(gatewayOf(facts.request)?.id ?? null)?.headerLimit?.bytes ?? null
}
export default judge
