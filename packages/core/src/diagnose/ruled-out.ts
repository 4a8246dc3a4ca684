// What a cause is most easily mistaken for, and what in the packets speaks against it: an answer is worth more when it
// says why it is not the next best one.
import { RST } from '../wire/tcp.ts'
import { CLIENT, SERVER } from '../observe/observations.ts'
import type { RuledOut } from '../report/document.ts'
import type { CauseCode } from './catalogue.ts'
import { type Facts, upstreamClosed } from './facts.ts'
import { handshakeOf, peerWithSameName } from './handshake.ts'
import { askedOf, duration, frames, type Judgement } from './judgement.ts'
import { choiceOf, nameOf } from './tls-words.ts'

type Against = Pick<RuledOut, 'because' | 'frames'>

/** What contradicts a cause; null: nothing does. */
type Exclusion = (facts: Facts) => Against | null

const acknowledged: Exclusion = ({ near, delivery }) => {
  if (delivery === null || !delivery.delivered || delivery.ackedAt === null) return null
  return { because: `the upstream acknowledged the whole ${askedOf(near)}`, frames: frames(near, [delivery.ackedAt]) }
}

const fresh: Exclusion = ({ reused, near, connecting }) => {
  if (reused || near.connection.synAck === null) return null
  return { because: 'the request was the first on a new connection', frames: connecting.frames.slice(0, 2) }
}

/** The close acknowledges request bytes: it was made by somebody who had the request. */
const knewRequest: Exclusion = (facts) => {
  const closed = upstreamClosed(facts)
  const { delivery, near } = facts
  if (closed === null || delivery === null || closed.packet.flags & RST || closed.packet.ack <= delivery.from)
    return null
  return { because: 'the FIN acknowledges the request', frames: frames(near, [closed.packet]) }
}

const open: Exclusion = ({ connecting }) =>
  connecting.outcome === 'open' && connecting.frames.length > 1
    ? {
        because: `the handshake was completed in ${duration(connecting.seconds)}`,
        frames: connecting.frames.slice(0, 2),
      }
    : null

const stillOpen: Exclusion = (facts) => {
  const own = facts.closings.find(({ by }) => by === 'proxy')
  if (upstreamClosed(facts) !== null || own === undefined) return null
  return { because: 'the upstream had not closed when the proxy did', frames: frames(facts.near, [own.packet]) }
}

/** The upstream's own capture has no byte of a response that could have been lost. */
const nothingSent: Exclusion = ({ far, asked, stream }) => {
  if (far === null || far.packets.length === 0) return null
  const sent =
    stream === null
      ? far.packets.some((p) => p.from === SERVER && p.length > 0 && p.time >= asked)
      : (far.exchange?.response.frame ?? 0) >= 0
  return sent
    ? null
    : { because: 'the capture at the upstream shows that nothing was sent', frames: [far.ref(far.connection.last)] }
}

/** The upstream's own capture shows the RST leaving. */
const sentThere: Exclusion = ({ far }) => {
  const reset = far?.connection.sides[SERVER].reset ?? null
  return reset === null
    ? null
    : { because: 'the capture at the upstream shows it sending the RST', frames: [far!.ref(reset)] }
}

const windowOpen: Exclusion = ({ near, gaveUp }) => {
  const last = near.packets.findLast((p) => p.from === SERVER && p.time <= gaveUp && !(p.flags & RST))
  return last === undefined || last.window === 0
    ? null
    : { because: `the upstream's window stood open (${last.window} bytes)`, frames: frames(near, [last]) }
}

const anySizeLost: Exclusion = ({ near, delivery, answer }) => {
  const small = delivery?.unacked.find((p) => p.length < 1000)
  if (small !== undefined && delivery!.acked < delivery!.to && !delivery!.sacked) {
    return { because: `a segment of ${small.length} bytes was lost as well`, frames: frames(near, [small]) }
  }
  const mss = near.connection.sides[CLIENT].mss
  const large = answer.before.find((p) => mss > 0 && p.length >= mss - 12)
  return large === undefined
    ? null
    : { because: `a segment of ${large.length} bytes, as large as any, came through`, frames: frames(near, [large]) }
}

const noGoaway: Exclusion = ({ stream }) =>
  stream === null || stream.goaways.some(({ by }) => by === 'upstream')
    ? null
    : { because: 'no GOAWAY came from the upstream', frames: [] }

const noReset: Exclusion = ({ stream }) =>
  stream === null || stream.reset?.by === 'upstream'
    ? null
    : { because: `no RST_STREAM came for stream ${stream.id}`, frames: [] }

/** Parameters of TLS were no obstacle: both sides had agreed on them. */
const parametersAgreed: Exclusion = (facts) => {
  const handshake = handshakeOf(facts)
  const hello = handshake?.tls.serverHello ?? null
  if (handshake === null || hello === null || handshake.serverFlight === null) return null
  return { because: `both sides agreed on ${choiceOf(hello)}`, frames: [facts.near.ref(hello.first)] }
}

const nameServed: Exclusion = (facts) => {
  const handshake = handshakeOf(facts)
  if (handshake === null) return null
  const { serverFlight, hello } = handshake
  if (serverFlight !== null) {
    const because = `the upstream went on with the handshake (${nameOf(hello)})`
    return { because, frames: [facts.near.ref(serverFlight.first)] }
  }
  const peer = peerWithSameName(facts, handshake)
  if (peer === null) return null
  return { because: `another handshake succeeded with the same name (${nameOf(peer)})`, frames: [peer.frame] }
}

const certificateUnseen: Exclusion = (facts) => {
  const handshake = handshakeOf(facts)
  if (handshake === null || !handshake.answersHello || handshake.ending === null) return null
  return { because: 'the upstream had not shown a certificate yet', frames: [facts.near.ref(handshake.ending.moment)] }
}

const notAsked: Exclusion = (facts) => {
  const handshake = handshakeOf(facts)
  if (handshake?.tls.clientCertificate !== 'none asked' || handshake.serverFlight === null) return null
  const { last } = handshake.serverFlight
  return { because: 'the upstream did not ask for a client certificate', frames: [facts.near.ref(last)] }
}

/** What came later on the connection had nothing to do with the handshake. */
const handshakeOver: Exclusion = ({ near }) => {
  if (near.connection.tls === null) return null
  const answered = near.connection.exchanges.find(({ response }) => response.frame >= 0)
  if (answered === undefined) return null
  return { because: 'a request was answered behind the TLS handshake', frames: [near.ref(answered.response)] }
}

const EXCLUSIONS: { readonly [cause in CauseCode]?: Exclusion } = {
  'connect-timeout': open,
  'request-undelivered': acknowledged,
  'idle-drop': (facts) => acknowledged(facts) ?? fresh(facts),
  'keepalive-race': (facts) => fresh(facts) ?? knewRequest(facts),
  'accept-queue-full': acknowledged,
  'closed-without-response': stillOpen,
  'reset-before-response': stillOpen,
  'reset-by-middlebox': sentThere,
  'response-lost': nothingSent,
  'mtu-blackhole': (facts) => anySizeLost(facts) ?? acknowledged(facts),
  'zero-window': windowOpen,
  'h2-goaway': noGoaway,
  'h2-stream-reset': noReset,
  'tls-version-or-cipher': parametersAgreed,
  'tls-unrecognized-name': nameServed,
  'tls-certificate-rejected': certificateUnseen,
  'tls-client-certificate-required': notAsked,
  'tls-closed': handshakeOver,
}

/** What each cause is mistaken for. */
const LOOK_ALIKES: { readonly [cause in CauseCode]?: readonly CauseCode[] } = {
  'upstream-silent': [
    'request-undelivered',
    'accept-queue-full',
    'response-lost',
    'closed-without-response',
    'h2-stream-reset',
  ],
  'upstream-slow': ['request-undelivered', 'accept-queue-full', 'closed-without-response'],
  'timeout-policy': ['request-undelivered', 'closed-without-response'],
  'dependency-slow': ['request-undelivered', 'response-lost', 'closed-without-response'],
  'response-stalled': ['response-lost', 'mtu-blackhole', 'zero-window', 'closed-without-response'],
  'request-undelivered': ['mtu-blackhole', 'idle-drop', 'zero-window', 'connect-timeout'],
  'mtu-blackhole': ['connect-timeout', 'zero-window'],
  'response-lost': ['request-undelivered', 'mtu-blackhole'],
  'idle-drop': ['keepalive-race', 'connect-timeout'],
  'keepalive-race': ['closed-without-response', 'idle-drop'],
  'closed-without-response': ['keepalive-race', 'request-undelivered', 'h2-goaway', 'tls-closed'],
  'reset-before-response': ['reset-by-middlebox', 'keepalive-race', 'request-undelivered', 'tls-closed'],
  'reset-mid-response': ['reset-by-middlebox'],
  'response-truncated': ['response-lost'],
  'h2-goaway': ['h2-stream-reset', 'closed-without-response', 'keepalive-race'],
  'h2-stream-reset': ['h2-goaway', 'closed-without-response'],
  'zero-window': ['connect-timeout', 'mtu-blackhole'],
  'tls-version-or-cipher': ['tls-unrecognized-name', 'tls-certificate-rejected'],
  'tls-unrecognized-name': ['tls-certificate-rejected'],
  'tls-certificate-rejected': ['tls-version-or-cipher', 'tls-client-certificate-required', 'tls-unrecognized-name'],
  'tls-client-certificate-required': ['tls-version-or-cipher', 'tls-unrecognized-name'],
  'tls-closed': ['reset-by-middlebox', 'tls-unrecognized-name', 'tls-client-certificate-required'],
  'tls-stalled': ['connect-timeout', 'request-undelivered', 'accept-queue-full'],
}

/** The look-alikes of a verdict that something in the packets contradicts. */
export function ruledOut({ cause, competing = [] }: Judgement, facts: Facts): RuledOut[] {
  const possible = new Set(competing.map((rival) => rival.cause))
  return (LOOK_ALIKES[cause] ?? []).flatMap((other) => {
    const against = possible.has(other) ? null : (EXCLUSIONS[other]?.(facts) ?? null)
    return against === null ? [] : [{ cause: other, ...against }]
  })
}
