// The response was sent and lost on the way, whatever its segments' size: holes that stay open at the proxy, or
// retransmissions at the upstream that never arrive.
import { CLIENT, type Moment, RETRANSMISSION, SERVER } from '../../observe/observations.ts'
import { type Facts, upstreamClosed } from '../facts.ts'
import { duration, frames, type Judge, type Judgement, plural, upstreamOf } from '../judgement.ts'
import { inFlight, lostOnTheWay } from './mtu-blackhole.ts'

const judge: Judge = (facts) => {
  const { near, far, answer, gaveUp } = facts
  if (answer.complete || (facts.near.exchange === null && !waitedInVain(facts))) return null
  const upstream = upstreamOf(facts)
  const lost = lostOnTheWay(facts)
  if (far !== null && lost.length > 0) {
    const repeats = far.packets.filter((p) => p.from === SERVER && p.marks & RETRANSMISSION && p.time <= gaveUp)
    return {
      cause: 'response-lost',
      confidence: repeats.length > 0 || answer.hole !== null ? 'certain' : 'likely',
      summary: `The response of ${upstream} was lost on the way: ${plural(lost.length, 'segment')} left the upstream and never arrived at the proxy${repeats.length > 0 ? `, with ${plural(repeats.length, 'retransmission')}` : ''}.`,
      findings: [
        { text: 'sent by the upstream, not in the capture at the proxy', frames: frames(far, lost) },
        ...(repeats.length > 0 ? [{ text: 'retransmitted by the upstream', frames: frames(far, repeats, 4) }] : []),
        ...(answer.before.length > 0
          ? [{ text: 'what did arrive at the proxy', frames: frames(near, answer.before, 4) }]
          : []),
      ],
    }
  }
  const first = lateCopy(facts)
  if (first !== null) {
    return {
      cause: 'response-lost',
      confidence: 'likely',
      summary: `The response of ${upstream} left it before the proxy gave up and arrived only after: its first copy was lost on the way.`,
      findings: [
        { text: 'first byte of the response leaves the upstream', frames: [far!.ref(first)] },
        { text: 'and arrives at the proxy, as a repetition', frames: frames(near, answer.after, 1) },
      ],
    }
  }
  const unheard = sentInVain(facts)
  if (unheard !== null) return unheard
  if (answer.hole === null || answer.holeInCapture) return null
  const asks = near.packets.filter(
    (p) => p.from === CLIENT && p.ack === answer.edge && p.sack > p.ack && p.time <= gaveUp,
  )
  const last = answer.before.at(-1)?.time ?? facts.asked
  // That segments as large as the missing ones came through rules out a matter of size.
  const mss = near.connection.sides[CLIENT].mss
  const anySize = mss > 0 && answer.before.some((p) => p.length >= mss - 12)
  return {
    cause: 'response-lost',
    confidence: asks.length >= 2 && anySize ? 'certain' : 'likely',
    summary: `The response of ${upstream} was lost on the way: ${answer.hole.to - answer.hole.from} bytes never arrived, while later ones did; ${duration((gaveUp - last) / 1e9)} later the proxy gave up.`,
    findings: [
      {
        text: 'segments that arrived behind the hole',
        frames: frames(
          near,
          near.packets.filter((p) => p.from === SERVER && p.seq >= answer.hole!.to && p.time <= gaveUp),
          4,
        ),
      },
      ...(asks.length > 0
        ? [{ text: 'the proxy reported the hole (duplicate acknowledgements, SACK)', frames: frames(near, asks, 4) }]
        : []),
    ],
  }
}

/** A TLS handshake that somebody ended in good time did not end for want of what was lost. */
const waitedInVain = (facts: Facts): boolean => upstreamClosed(facts) === null && facts.waitSeconds > 0.1

/** The response as it left, where what came was a later copy of it, too late; null when it was not so. */
function lateCopy({ far, answer, gaveUp, rttSeconds }: Facts): Moment | null {
  const sent = far?.exchange?.response ?? null
  const late = answer.after[0]
  if (sent === null || sent.frame < 0 || late === undefined || answer.before.length > 0) return null
  const left = far!.at(sent)
  return left < gaveUp && late.time - left > inFlight(rttSeconds) ? sent : null
}

/**
 * Where only the upstream's end was captured: what it sent was retransmitted and never acknowledged. Either it or the
 * acknowledgements were lost.
 */
function sentInVain(facts: Facts): Judgement | null {
  const { near, answer, gaveUp } = facts
  const acked = near.packets
    .filter((p) => p.from === CLIENT && p.time <= gaveUp)
    .reduce((most, p) => Math.max(most, p.ack), answer.from)
  const repeats = near.packets.filter(
    (p) =>
      p.from === SERVER && p.length > 0 && p.marks & RETRANSMISSION && p.seq + p.length > acked && p.time <= gaveUp,
  )
  if (acked >= answer.edge || repeats.length < 2) return null
  return {
    cause: 'response-lost',
    confidence: 'likely',
    summary: `The response of ${upstreamOf(facts)} was lost on the way: ${answer.edge - acked} bytes were retransmitted ${plural(repeats.length, 'time')} and never acknowledged.`,
    findings: [{ text: 'retransmitted by the upstream, never acknowledged', frames: frames(near, repeats) }],
    competing: [
      {
        cause: 'mtu-blackhole',
        because: 'a capture at the proxy would show whether smaller segments arrive',
        frames: [],
      },
    ],
  }
}
export default judge
