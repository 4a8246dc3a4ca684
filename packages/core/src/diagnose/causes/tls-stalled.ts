// The upstream's kernel acknowledges the ClientHello, and the handshake does not go on until the proxy gives up: nothing
// comes, or a flight that stops half-way. Where segments of a flight were lost on the way, mtu-blackhole and
// response-lost have the word.
import { CLIENT, SERVER } from '../../observe/observations.ts'
import type { RuledOut } from '../../report/document.ts'
import { type Handshake, handshakeOf } from '../handshake.ts'
import { duration, frames, type Judge, upstreamOf } from '../judgement.ts'
import { farRan } from '../surroundings.ts'
import { chosen, messageWords, offered } from '../tls-words.ts'

/** A proxy that leaves sooner than this did not run out of patience. */
const SHORTEST_SECONDS = 0.05

const judge: Judge = (facts) => {
  const { near, far, delivery, gaveUp, answer } = facts
  const handshake = handshakeOf(facts)
  if (handshake === null || !Number.isFinite(gaveUp)) return null
  const { tls, ending, hello } = handshake
  if (ending?.by === 'upstream' || !isUnfinished(handshake)) return null
  if (handshake.isPatchy && !handshake.isHalfway) return null
  const heard = near.packets.filter((p) => p.from === SERVER && p.length > 0 && p.time <= gaveUp)
  if (heard.length === 0 && (delivery === null || delivery.acked < delivery.to)) return null
  const waited = (gaveUp - Math.max(near.at(hello.last), ...heard.map((p) => p.time))) / 1e9
  // A proxy that rejects what it got does so at once.
  if (waited < Math.max(SHORTEST_SECONDS, 4 * facts.rttSeconds)) return null
  const upstream = upstreamOf(facts)
  const last = tls.messages.findLast(({ from }) => from === SERVER) ?? null
  const cut = tls.cutRecord[SERVER]
  const witness = far !== null && farRan(facts, facts.asked, gaveUp)
  const sentMore = far !== null && far.packets.some((p) => p.from === SERVER && p.length > 0 && p.seq >= answer.edge)
  const patience = facts.request !== null
  const sure = patience && witness && !sentMore && answer.hole === null && !handshake.isPatchy
  const nothing = heard.length === 0
  const point = nothing
    ? 'never answered it'
    : `fell silent ${cut !== null ? `inside of a record (${cut.had} of ${cut.length} bytes came)` : last === null ? 'inside of its first record' : `after ${messageWords(last)}`}`
  return {
    cause: 'tls-stalled',
    confidence: sure ? 'certain' : answer.hole === null && patience ? 'likely' : 'possible',
    summary: `${upstream} took the ClientHello and ${point}: the proxy gave up after ${duration(waited)}.`,
    findings: [
      {
        text: nothing
          ? 'the ClientHello, wholly acknowledged and not answered'
          : `the last that came from ${upstream}, ${duration(waited)} before the proxy gave up`,
        frames: nothing
          ? [near.ref(hello.first), ...(delivery?.ackedAt ? frames(near, [delivery.ackedAt]) : [])]
          : frames(near, heard.slice(-1)),
      },
      {
        text: `the proxy gave up after ${duration(waited)}`,
        frames: facts.closings
          .filter(({ by }) => by === 'proxy')
          .slice(0, 1)
          .map(({ packet }) => near.ref(packet)),
      },
      ...(witness && !sentMore
        ? [{ text: 'the capture at the upstream shows no more either', frames: [far!.ref(far!.connection.last)] }]
        : []),
      offered(facts, handshake),
      ...chosen(facts, handshake),
    ],
    ...(sure ? {} : { competing: [patience ? rival(nothing) : HUNG_UP] }),
  }
}

/** It is the server's turn: nothing, or not all of its flight came, or, up to TLS 1.2, not its Finished. */
function isUnfinished({ tls, isTls13, serverFlight, agreed }: Handshake): boolean {
  if (agreed) return false
  // The proxy owes another ClientHello.
  if (tls.helloRetryRequest !== null && tls.secondClientHello === null) return false
  if (serverFlight === null) return true
  return !isTls13 && tls.finished[CLIENT] !== null && tls.finished[SERVER] === null
}

/** Without the client leg a client that hung up looks like a proxy that lost its patience. */
const HUNG_UP: RuledOut = {
  cause: 'undetermined',
  because: 'a client that gave up first looks the same; a capture of the client leg would tell',
  frames: [],
}

const rival = (nothing: boolean): RuledOut =>
  nothing
    ? {
        cause: 'response-lost',
        because:
          'a flight that was lost as a whole leaves no trace at the proxy; a capture at the upstream would show it',
        frames: [],
      }
    : {
        cause: 'mtu-blackhole',
        because:
          'the rest of the flight, in large segments, may be lost on the way; a capture at the upstream would show it',
        frames: [],
      }
export default judge
