// From the facts of a failed try to one cause: every judge is heard, the first in order that recognises its cause has
// the word, and what the others saw stands beside it.
import { connectionsOf } from '../observe/connection-table.ts'
import { mayBeHttp2 } from '../app/tls/facts.ts'
import { CLIENT, isSealed, SERVER } from '../observe/observations.ts'
import type { FrameRef, RuledOut } from '../report/document.ts'
import { wasSet } from '../story/clocks/settings.ts'
import { type Request, serverView, type Story, type Try } from '../story/story.ts'
import type { CauseCode } from './catalogue.ts'
import { JUDGES } from './causes/index.ts'
import { type Facts, factsOf } from './facts.ts'
import { handshakeOf } from './handshake.ts'
import { type Judgement, plural } from './judgement.ts'
import { perStory } from './remember.ts'
import { ruledOut } from './ruled-out.ts'
import { sealedAnswer } from './sealed-answer.ts'
import { clockWasSet, doneNext, mayStandTooEarly } from './too-early.ts'
import { frameRef } from './view.ts'
import { isOutOfOrder, lacksBytes, lacksPackets } from './witness.ts'

/** Causes that rest on something not being there: a capture that lost packets cannot prove them. */
const BY_ABSENCE: ReadonlySet<CauseCode> = new Set<CauseCode>([
  'connect-timeout',
  'accept-queue-full',
  'no-healthy-upstream',
  'request-undelivered',
  'idle-drop',
  'keepalive-race',
  'response-lost',
  'upstream-silent',
  'response-stalled',
  'reset-by-middlebox',
  'closed-without-response',
  'upstream-slow',
  'dependency-slow',
  'tls-closed',
  'tls-stalled',
])

/** Causes that need nothing of what the streams say, or only their first bytes. */
const LEGIBLE: ReadonlySet<CauseCode> = new Set<CauseCode>([
  'connect-refused',
  'connect-unreachable',
  'accept-queue-full',
  'connect-timeout',
  'protocol-tls-to-plaintext',
  'protocol-other',
])

/** Causes that take a TLS handshake for granted: without keys, a refusal behind it looks the same. */
const ENDS: ReadonlySet<CauseCode> = new Set<CauseCode>(['reset-before-response', 'closed-without-response'])

/** Causes of a TLS handshake that failed, and of what is lost on the way; no request is needed for them. */
const OF_HANDSHAKES: ReadonlySet<CauseCode> = new Set<CauseCode>([
  'tls-unrecognized-name',
  'tls-version-or-cipher',
  'tls-client-certificate-required',
  'tls-certificate-rejected',
  'tls-closed',
  'tls-stalled',
  'reset-by-middlebox',
  'mtu-blackhole',
  'request-undelivered',
  'response-lost',
])

/** Causes that take the message itself to see: not to be told of exchanges inside TLS that was not decrypted. */
const NEEDS_PLAINTEXT: ReadonlySet<CauseCode> = new Set<CauseCode>([
  'relayed-from-upstream',
  'response-header-too-large',
  'response-malformed',
])

/** Causes that rest on what came first: the proxy's answer on the one leg, or something on the other. */
const BY_ORDER: ReadonlySet<CauseCode> = new Set<CauseCode>([
  'upstream-slow',
  'upstream-silent',
  'response-stalled',
  'dependency-slow',
])
/** Causes of a proxy that waited in vain; what it waited for, at least an end of the waiting, did not come. */
const BY_WAITING: ReadonlySet<CauseCode> = new Set<CauseCode>([...BY_ORDER, 'tls-stalled'])

/** Clocks further apart than this may turn around what happened at about the same time. */
const VAGUE_SECONDS = 0.05

export interface Verdict {
  judgement: Judgement
  /** Null for tries that have no connection. */
  facts: Facts | null
}

/** Judges one failed try. `until` is the story time at which the proxy's next try, or its answer, began. */
export function judgeTry(story: Story, request: Request | null, attempt: Try, until: number): Verdict {
  if (attempt.search !== null) {
    return { judgement: asPaired(unreachableNeighbour(story, attempt.search), request, attempt), facts: null }
  }
  const facts = factsOf(story, request, attempt, until)
  const verdict = judgeFacts(facts)
  const end = BY_WAITING.has(verdict.cause) && mayStandTooEarly(facts) ? doneNext(facts) : Infinity
  if (end === Infinity) return { judgement: { ...verdict, ruledOut: ruledOut(verdict, facts) }, facts }
  const later = factsOf(story, request, attempt, end)
  const other = judgeFacts(later)
  if (BY_WAITING.has(other.cause) || other.cause === 'undetermined')
    return { judgement: { ...verdict, ruledOut: ruledOut(verdict, facts) }, facts }
  const judgement = clockWasSet(other, verdict)
  return { judgement: { ...judgement, ruledOut: ruledOut(judgement, later) }, facts: later }
}

/** The first of the judges in order that recognises its cause, as far as the captures prove it. */
function judgeFacts(facts: Facts): Judgement {
  // What happens inside a stream that cannot be read is not guessed at: only its opening and a foreign protocol count.
  const opaque = facts.near.exchange === null && facts.near.connection.speaks[0] !== null
  const sealed = facts.near.exchange?.protocol === 'tls'
  const handshaking = facts.near.connection.tls?.clientHello != null
  const isHeard = (code: CauseCode): boolean => {
    if (opaque) return LEGIBLE.has(code) || (handshaking && OF_HANDSHAKES.has(code))
    return !sealed || !NEEDS_PLAINTEXT.has(code)
  }
  const judges = JUDGES.filter(([code]) => isHeard(code))
  const heard = judges.flatMap(([, judge]) => judge(facts) ?? [])
  const judgement = heard[0] ?? sealedAnswer(facts) ?? undeterminedTry(facts)
  const rivals: RuledOut[] = heard
    .slice(1)
    .map((j) => ({ cause: j.cause, because: j.summary, frames: j.findings[0]?.frames ?? [] }))
  return tempered(judgement, rivals, facts)
}

/** Takes back what the captures cannot prove after all. */
function tempered(judgement: Judgement, rivals: readonly RuledOut[], facts: Facts): Judgement {
  let { confidence } = judgement
  const findings = [...judgement.findings]
  if (confidence === 'certain' && BY_ABSENCE.has(judgement.cause) && isLossy(facts, judgement.cause)) {
    confidence = 'likely'
    findings.push({ text: 'the captures themselves lost packets, so absence proves less', frames: [] })
  }
  if (confidence === 'certain' && [facts.near, ...(facts.far === null ? [] : [facts.far])].some(isOutOfOrder)) {
    confidence = 'likely'
    findings.push({ text: 'packets of the connection stand in the capture behind later ones', frames: [] })
  }
  if (confidence === 'certain' && restsOnClocks(judgement.cause, facts)) {
    confidence = 'likely'
    findings.push({
      text: 'the clocks of the two legs are not tied closely enough to prove the order of events',
      frames: [],
    })
  }
  if (confidence === 'certain' && BY_WAITING.has(judgement.cause) && mayHaveLeapt(facts)) {
    confidence = 'likely'
    findings.push({ text: 'in that time the clock of a capture was set: how long it was is not sure', frames: [] })
  }
  const ended = BY_WAITING.has(judgement.cause) ? endedAfter(facts) : null
  if (confidence === 'certain' && ended !== null) {
    confidence = 'likely'
    findings.push({
      text: 'the upstream closed next, after the answer if no clock was set in between',
      frames: [ended],
    })
  }
  if (confidence === 'certain' && BY_WAITING.has(judgement.cause) && mayStandTooEarly(facts)) {
    confidence = 'likely'
    findings.push({ text: 'but 502 is no answer to silence, and only cause and effect tie the clocks', frames: [] })
  }
  const closed = BY_WAITING.has(judgement.cause) ? closedUnseen(facts) : null
  if (closed !== null) {
    if (confidence === 'certain') confidence = 'likely'
    findings.push({
      text: 'the upstream closed the connection before the proxy gave up, which the capture at the proxy does not show',
      frames: [closed],
    })
  }
  if (confidence === 'certain' && ENDS.has(judgement.cause) && isUnconfirmed(facts)) {
    confidence = 'likely'
    findings.push({ text: 'nothing shows that the upstream had agreed to the TLS handshake before', frames: [] })
  }
  const hidden = hiddenByHttp2(judgement.cause, facts)
  if (hidden.length > 0) confidence = 'possible'
  const paired = asPaired({ ...judgement, confidence, findings }, facts.request, facts.attempt)
  const own = [...(judgement.competing ?? []), ...hidden]
  const competing =
    paired.confidence === 'certain' ? [] : [...own, ...rivals.filter((r) => !own.some((o) => o.cause === r.cause))]
  return { ...paired, competing }
}

/** Whether a cause rests on an order of events that the clocks of the two legs' captures do not prove. */
export const restsOnClocks = (cause: CauseCode, { clockSlackSeconds }: Facts): boolean =>
  BY_ORDER.has(cause) && clockSlackSeconds > VAGUE_SECONDS

/** Whether a clock was set while the try waited, as far as it is told. */
const mayHaveLeapt = ({ story, near, far, asked, gaveUp }: Facts): boolean =>
  [near, ...(far === null ? [] : [far])].some(({ capture }) => wasSet(story, capture, asked, gaveUp))

/**
 * The upstream's FIN or RST that comes behind the answer to the client by another capture's clock, where the proxy had
 * not left: it may be what the proxy answered to.
 */
function endedAfter({ request, near, gaveUp, asked, closings }: Facts): FrameRef | null {
  if (request === null || serverView(request.turn).sighting.capture === near.capture) return null
  const next = closings.find(({ packet }) => packet.time >= asked)
  return next?.by === 'upstream' && next.packet.time > gaveUp ? near.ref(next.packet) : null
}

/** What a frame of HTTP/2 that nobody could read may have said instead. */
const UNREAD_FRAMES: { readonly [cause in CauseCode]?: readonly CauseCode[] } = {
  'upstream-silent': ['h2-stream-reset', 'zero-window'],
  'upstream-slow': ['h2-stream-reset', 'zero-window'],
  'dependency-slow': ['h2-stream-reset', 'zero-window'],
  'timeout-policy': ['h2-stream-reset', 'zero-window'],
  'response-stalled': ['h2-stream-reset', 'zero-window'],
  'closed-without-response': ['h2-goaway'],
}

function hiddenByHttp2(cause: CauseCode, { near: { exchange, connection } }: Facts): RuledOut[] {
  if (exchange === null || !isSealed(exchange) || connection.tls === null || !mayBeHttp2(connection.tls)) return []
  const because = 'inside TLS it may be HTTP/2, whose frames cannot be read; a key log (--keys) would tell'
  return (UNREAD_FRAMES[cause] ?? []).map((other) => ({ cause: other, because, frames: [] }))
}

function isUnconfirmed(facts: Facts): boolean {
  const { exchange, connection } = facts.near
  if (exchange?.protocol !== 'tls') return false
  const handshake = handshakeOf(facts)
  if (handshake !== null) return !handshake.agreed
  // Of a handshake that began before the capture, what seems the first request may be the last flight.
  return connection.tls?.clientHello === null && connection.exchanges.every(({ response }) => response.frame < 0)
}

/** What a try proves for itself it proves for the request only as far as it belongs to it. */
function asPaired(judgement: Judgement, request: Request | null, { pairing }: Try): Judgement {
  if (request === null || pairing.strength !== 'weak' || judgement.confidence !== 'certain') return judgement
  const rival = pairing.runnerUp === null ? 'another request that was not captured' : pairing.runnerUp
  const text = `nothing but time joins this try to the request; it may belong to ${rival}`
  return { ...judgement, confidence: 'likely', findings: [...judgement.findings, { text, frames: [] }] }
}

/** The upstream's FIN or RST, which its own capture has and the proxy's has not: lost on the way, or by that capture. */
function closedUnseen({ near, far, gaveUp, closings }: Facts): FrameRef | null {
  if (far === null || closings.some(({ by, packet }) => by === 'upstream' && packet.time <= gaveUp)) return null
  const { fin, reset } = far.connection.sides[SERVER]
  const found = [fin, reset].find((moment) => moment !== null && far.at(moment) < gaveUp) ?? null
  const own = near.connection.sides[CLIENT]
  // What answers the proxy's own closing comes after it.
  if (found === null || [own.fin, own.reset].some((moment) => moment !== null && near.at(moment) < far.at(found)))
    return null
  return far.ref(found)
}

/** A capture of the try lacks packets of it that were acknowledged, or says that it dropped some. */
function isLossy({ story, near, far }: Facts, cause: CauseCode): boolean {
  return [near, ...(far === null ? [] : [far])].some((view) => {
    const { capture, connection } = view
    // A FIN that nobody sent is acknowledged all the same.
    const isForged = cause === 'reset-by-middlebox'
    const { interfaces, counts, forgotten } = story.captures[capture].observations
    const [client, server] = connection.sides
    // Who sends data had an answer to its SYN, at least.
    const isOneSided = client.segments > 0 && server.ttl < 0
    const isCut = counts.cutBySnapLength > 0 && connection.tls?.messages.some((m) => m.incomplete) === true
    if (isOneSided || isCut || (isForged ? lacksBytes(connection) : lacksPackets(view))) return true
    if (forgotten.connections + forgotten.exchanges > 0) return true
    return interfaces.some(({ dropped }) => (dropped ?? 0) > 0) || losesMany(story, `${capture}`)
  })
}

/** A capture that lacks packets of one connection in so many will lack some where nobody can tell. */
const MANY = 20

const losesMany = perStory((story, capture): boolean => {
  const connections = connectionsOf(story.captures[Number(capture)].observations)
  const lacking = connections.filter(({ sides: [client, server] }) => client.missing + server.missing > 0)
  return lacking.length * MANY > connections.length
})

function unreachableNeighbour(story: Story, { capture, search }: NonNullable<Try['search']>): Judgement {
  return {
    cause: 'connect-unreachable',
    confidence: 'certain',
    summary: `${search.target} has no host behind it: ${plural(search.requests.length, 'request')} for its link-layer address went unanswered, and no SYN ever left.`,
    findings: [
      {
        text: `${search.from} asked who has ${search.target}, nobody answered`,
        frames: search.requests.slice(0, 8).map((m) => frameRef(story, capture, m.frame)),
      },
    ],
  }
}

function undeterminedTry(facts: Facts): Judgement {
  const { near } = facts
  const opaque = near.exchange === null && near.connection.speaks[0] !== null
  const encrypted = near.connection.speaks.includes('tls')
  const why = encrypted
    ? 'the upstream leg is encrypted: what the records show from outside does not say why'
    : opaque
      ? 'the upstream leg speaks a protocol that this version does not read'
      : 'what the captures show of this connection does not say why it failed'
  return {
    cause: 'undetermined',
    confidence: 'possible',
    summary: `The try at ${near.connection.server} failed, and ${why}.`,
    findings: [
      {
        text: `connection to ${near.connection.server}`,
        frames: [near.ref(near.connection.first), near.ref(near.connection.last)],
      },
    ],
  }
}
