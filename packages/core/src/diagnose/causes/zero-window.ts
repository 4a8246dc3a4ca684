// A receiver that closed its window and did not reopen it in time (RFC 9293 section 3.8.6.1): the upstream stops
// reading the request, or the proxy stops reading the response. HTTP/2 does the same for each stream and for the
// connection (RFC 9113 section 5.2), while TCP's window stands open.
import { CLIENT, type PacketRow, SERVER, type SideIndex } from '../../observe/observations.ts'
import { RST } from '../../wire/tcp.ts'
import type { Facts } from '../facts.ts'
import { duration, frames, type Judge, type Judgement, upstreamOf } from '../judgement.ts'
import { windowName } from '../stream.ts'

/** A window that closes for a moment is flow control at work. */
const SHUT_SECONDS = 0.5

const judge: Judge = (facts) => {
  const { near, delivery, answer } = facts
  const upstream = upstreamOf(facts)
  const stalled = flowControlled(facts)
  if (stalled !== null) return stalled
  const theirs = shut(facts, SERVER)
  // Of a request that the capture cut, nobody knows whether it was whole.
  const unfinished = delivery !== null && (!delivery.complete || near.exchange!.requestEnd.time < 0)
  if (theirs !== null && unfinished && answer.before.length === 0) {
    return {
      cause: 'zero-window',
      // One that closed at the very end was not what the proxy waited for.
      confidence: theirs.seconds > facts.waitSeconds / 2 ? 'certain' : 'possible',
      summary: `${upstream} stopped reading the request: its receive window stayed closed for the last ${duration(theirs.seconds)}.`,
      findings: [
        { text: `window of ${upstream} at 0 until the proxy gave up`, frames: frames(near, theirs.packets) },
        { text: `the request stands at ${delivery.acked - delivery.from} bytes acknowledged`, frames: delivery.first },
      ],
    }
  }
  const own = shut(facts, CLIENT)
  if (own === null || answer.complete || answer.before.length === 0) return null
  return {
    cause: 'zero-window',
    confidence: 'likely',
    domain: 'proxy',
    summary: `The proxy stopped reading the response of ${upstream}: its receive window stayed closed for the last ${duration(own.seconds)}.`,
    findings: [{ text: 'window of the proxy at 0', frames: frames(near, own.packets) }],
    competing: [
      {
        cause: 'response-stalled',
        because: 'a client that reads slowly makes the proxy stop; the client leg would show it',
        frames: [],
      },
    ],
  }
}

/** A flow-control window of HTTP/2 that was used up, and not enlarged until the proxy gave up. */
function flowControlled(facts: Facts): Judgement | null {
  const { near, delivery, answer, stream, gaveUp } = facts
  const stall = stream?.stalls.findLast((s) => s.at <= gaveUp && s.until > gaveUp) ?? null
  if (stall === null || delivery === null || answer.complete || !Number.isFinite(gaveUp)) return null
  const seconds = (gaveUp - stall.at) / 1e9
  if (seconds < SHUT_SECONDS) return null
  const upstream = upstreamOf(facts)
  const window = windowName(stall)
  const finding = { text: `DATA that used up ${window}; no WINDOW_UPDATE followed`, frames: [stall.frame] }
  if (stall.by === 'proxy') {
    if (near.exchange!.requestEnd.time >= 0 || answer.before.length > 0) return null
    return {
      cause: 'zero-window',
      confidence: seconds > facts.waitSeconds / 2 ? 'certain' : 'possible',
      summary: `${upstream} stopped taking the request: ${window} was used up, and ${upstream} did not enlarge it in ${duration(seconds)}, while TCP stood open.`,
      findings: [finding, { text: `the request, on stream ${stream!.id}`, frames: delivery.first }],
    }
  }
  // A header section needs no window.
  if (answer.before.length === 0) return null
  return {
    cause: 'zero-window',
    confidence: 'likely',
    domain: 'proxy',
    summary: `The proxy stopped taking the response of ${upstream}: ${window} was used up, and the proxy did not enlarge it in ${duration(seconds)}.`,
    findings: [finding, { text: 'the part of the response that came', frames: frames(near, answer.before, 3) }],
    competing: [
      {
        cause: 'response-stalled',
        because: 'a client that reads slowly makes the proxy stop; the client leg would show it',
        frames: [],
      },
    ],
  }
}

/** The packets with which a side kept its window closed up to the end, and for how long; null when it was open. */
function shut({ near, gaveUp }: Facts, side: SideIndex): { packets: PacketRow[]; seconds: number } | null {
  const own = near.packets.filter((p) => p.from === side && p.time <= gaveUp && !(p.flags & RST))
  const open = own.findLastIndex((p) => p.window > 0)
  const packets = own.slice(open + 1)
  if (packets.length === 0) return null
  const end = Number.isFinite(gaveUp) ? gaveUp : near.at(near.connection.last)
  const seconds = (end - packets[0].time) / 1e9
  return seconds < SHUT_SECONDS ? null : { packets, seconds }
}
export default judge
