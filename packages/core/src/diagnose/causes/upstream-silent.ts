// The whole request was delivered, and no byte of response came before the proxy gave up, nor later in the capture.
import { isSealed, SERVER } from '../../observe/observations.ts'
import { runOf } from '../../story/story.ts'
import { type Facts, givingUp, leftUpstream, upstreamClosed } from '../facts.ts'
import type { RuledOut } from '../../report/document.ts'
import { farRan } from '../surroundings.ts'
import { endsSeen } from '../upstream-side.ts'
import { duration, frames, type Judge, upstreamOf } from '../judgement.ts'

/** Nobody gives an upstream less time: a proxy that gives up sooner had an answer, or an error, that was not captured. */
const SHORTEST_TIMER_SECONDS = 0.02

/**
 * Seconds that the proxy waited in vain for the answer to a request that was delivered; null when the try went another
 * way. Used by all causes that begin with such a wait.
 */
export function waited(facts: Facts): number | null {
  const { delivery, gaveUp, waitSeconds, answer } = facts
  if (delivery === null || !delivery.delivered || !Number.isFinite(gaveUp)) return null
  if (upstreamClosed(facts) !== null || answer.complete || answer.isUnseen) return null
  return waitSeconds < SHORTEST_TIMER_SECONDS ? null : waitSeconds
}

/**
 * Whether a late answer would have been seen: the connection was reset or closed by the upstream too, or the capture
 * goes on for as long again. Otherwise the upstream may as well have been slow.
 */
function isOver({ near, story, gaveUp, closings, stream }: Facts, wait: number): boolean {
  // Nobody sends on a stream that was reset.
  if (stream?.reset != null) return false
  const ended = closings.some((c) => c.kind === 'RST' || c.by === 'upstream')
  return ended || runOf(story, near.capture).last >= gaveUp + Math.min(wait, 60) * 1e9
}

/** The proxy is seen to end what it waits for in vain. Where it is not, the end that made it do so was not captured. */
const hasLeft = ({ stream, closings }: Facts): boolean =>
  stream?.reset != null || closings.some(({ by }) => by === 'proxy')

const judge: Judge = (facts) => {
  const { near, far, answer, delivery } = facts
  const wait = waited(facts)
  if (wait === null || answer.before.length > 0 || answer.after.length > 0) return null
  if (leftUpstream(facts).length > 0) return null
  // Without the client leg, a client that hung up looks like a proxy that lost its patience.
  const patience = facts.request !== null
  // What left the upstream and was lost on the way leaves no trace at the proxy; only the upstream's end knows.
  const witness =
    far !== null && farRan(facts, facts.asked, facts.gaveUp) && far.connection.sides[SERVER].reset === null
  const whole = near.exchange?.detail?.incomplete !== true && hasLeft(facts)
  const sure = patience && witness && whole && isOver(facts, wait)
  return {
    cause: 'upstream-silent',
    confidence: sure ? 'certain' : patience ? 'likely' : 'possible',
    summary: `${upstreamOf(facts)} took the request and sent nothing back: the proxy gave up after ${duration(wait)}.`,
    findings: [
      {
        text: 'the request, wholly acknowledged',
        frames: [...delivery!.first, ...(delivery!.ackedAt === null ? [] : frames(near, [delivery!.ackedAt]))],
      },
      {
        text: `no byte of response in ${duration(wait)}, nor later in the capture`,
        frames: givingUp(facts),
      },
      ...(far === null
        ? []
        : [
            {
              text: `the capture at the upstream has no byte of response either${sure || !patience ? '' : ' but ended before'}`,
              frames: [far.ref(far.connection.last)],
            },
          ]),
    ],
    ...(sure ? {} : { competing: rivals(facts) }),
  }
}

function rivals({ stream, request, story, attempt, near }: Facts): RuledOut[] {
  if (stream?.reset != null) {
    const because =
      'the proxy reset the stream, after which no late answer is sent; times of comparable requests would tell'
    return [{ cause: 'upstream-slow', because, frames: [] }]
  }
  if (request === null) {
    const because = 'a client that gave up first looks the same; a capture of the client leg would tell'
    return [{ cause: 'undetermined', because, frames: [] }]
  }
  if (!endsSeen(story, attempt.conversation!).near) {
    // The upstream's own capture shows that nothing left it; that all arrived, only where the request can be read.
    if (near.exchange === null || !isSealed(near.exchange)) return []
    const because = 'more of the request may have been lost on the way; a capture at the proxy would show what was sent'
    return [{ cause: 'request-undelivered', because, frames: [] }]
  }
  const because = 'a response lost as a whole leaves no trace at the proxy; a capture at the upstream would show it'
  return [{ cause: 'response-lost', because, frames: [] }]
}
export default judge
