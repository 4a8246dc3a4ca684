// A receiver that closed its window and did not reopen it in time (RFC 9293 section 3.8.6.1): the upstream stops
// reading the request, or the proxy stops reading the response.
import { CLIENT, type PacketRow, SERVER, type SideIndex } from '../../observe/observations.ts'
import { RST } from '../../wire/tcp.ts'
import type { Facts } from '../facts.ts'
import { duration, frames, type Judge, upstreamOf } from '../judgement.ts'

/** A window that closes for a moment is flow control at work. */
const SHUT_SECONDS = 0.5

const judge: Judge = (facts) => {
  const { near, delivery, answer } = facts
  const upstream = upstreamOf(facts)
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
