// An answer to the client that stands before what it answers, as its clock, or that of the try's capture, was set where too
// little follows for anybody to see it.
import { serverView } from '../story/story.ts'
import type { Facts } from './facts.ts'
import type { Judgement } from './judgement.ts'
import { isTiedByPackets, SET_BY_NS } from './missed.ts'

/** A proxy that gives up answers and leaves within this time. */
const LEFT_NS = 20e6

/**
 * A 502 is the answer to what the upstream did, not to its silence (RFC 9110 sections 15.6.3 and 15.6.5). Whether it
 * stands before that only because the clock of a capture was set, where nothing but cause and effect ties them.
 */
export function mayStandTooEarly({ story, request, near, asked, closings, stream }: Facts): boolean {
  if (request === null) return false
  const { exchange, sighting } = serverView(request.turn)
  if (exchange.status !== 502 || sighting.capture === near.capture) return false
  // A proxy that leaves as it answers gave up, whatever it calls that.
  const closed = closings.find(({ packet }) => packet.time >= asked)
  const left = stream?.reset?.by === 'proxy' ? stream.reset.at : closed?.by === 'proxy' ? closed.packet.time : Infinity
  return Math.abs(left - request.answered) > LEFT_NS && !isTiedByPackets(story, sighting.capture, near.capture)
}

/** Story time just behind what the upstream did next, its closing or a 502 of its own; Infinity where it did nothing. */
export function doneNext({ near, gaveUp, asked, closings, stream }: Facts): number {
  const { exchange } = near
  const closed = closings.find(({ packet }) => packet.time >= asked)
  const [by, at] = stream?.reset ? [stream.reset.by, stream.reset.at] : [closed?.by, closed?.packet.time ?? Infinity]
  const relayed = exchange?.status === 502 && exchange.responseEnd.time >= 0 ? near.at(exchange.responseEnd) : Infinity
  const next = Math.min(relayed, by === 'upstream' ? at : Infinity)
  return next > gaveUp && next < gaveUp + SET_BY_NS ? next + 1 : Infinity
}

/** A judgement that takes a clock to have been set, beside the one that takes it as it is. */
export function clockWasSet(judgement: Judgement, { cause, summary }: Judgement): Judgement {
  const text = 'the answer 502 stands before it, as if a clock had been set: nobody answers 502 to silence'
  return {
    ...judgement,
    confidence: judgement.confidence === 'certain' ? 'likely' : judgement.confidence,
    findings: [...judgement.findings, { text, frames: [] }],
    competing: [...(judgement.competing ?? []), { cause, because: `as the clocks have it, ${summary}`, frames: [] }],
  }
}
