// What became of a request: served, failed by the proxy (and why), failed by the application itself, or given up by the
// client. Follows the request through a chain of proxies to the hop that failed.
import { mayBeHttp2 } from '../app/tls/facts.ts'
import { gatewayStatuses, isOwnDress } from '../gateways/status.ts'
import { CLIENT, type Exchange, isSealed, SERVER } from '../observe/observations.ts'
import { toStory } from '../story/clocks/time.ts'
import { START_NS, TIGHT_TIME, TURN_NS } from '../story/pairing.ts'
import {
  clientView,
  endings,
  gotAnswer,
  nearClient,
  type Request,
  serverView,
  type Story,
  type Try,
} from '../story/story.ts'
import type { CauseCode } from './catalogue.ts'
import { frontsOf, gatewayOf, isBehindProxy } from './gateway.ts'
import type { Judgement } from './judgement.ts'
import { isGrpcFailure, withGrpcStatus } from './grpc.ts'
import { isMissedHop, missedHops } from './missed.ts'
import { judgeWithoutTry } from './no-attempt.ts'
import { backHosts, coverage, endsSeen } from './upstream-side.ts'
import { judgeTry, type Verdict } from './verdict.ts'

export interface JudgedTry {
  attempt: Try
  /** Null when the try succeeded. */
  verdict: Verdict | null
}

export interface Resolution {
  /**
   * `own`: the application's own error, or nothing that a gateway did. `aborted`: the client gave up first. `untold`: the
   * proxy's or the application's, which its upstream side would tell.
   */
  outcome: 'served' | 'incident' | 'masked' | 'own' | 'untold' | 'aborted' | 'open'
  /** The deepest proxy's request, whose tries these are. */
  request: Request
  tries: JudgedTry[]
  /** Of an incident. `deciding` is the try that it rests on, null where there was none. */
  judgement: Judgement | null
  deciding: JudgedTry | null
}

/** Statuses that stand for a failure behind the gateway whoever sends them. */
const RELAYED: ReadonlySet<number> = new Set([502, 504])

export function resolve(story: Story, request: Request): Resolution {
  // What was most likely made for another request is told with that one.
  return missedHops(story).made.has(request) ? plain(request, 'own') : resolveHop(story, request)
}

function resolveHop(story: Story, request: Request): Resolution {
  const { exchange } = serverView(request.turn)
  if (isSealed(exchange)) return sealed(story, request)
  const answered = exchange.response.frame >= 0 && exchange.status > 0
  if (isGoodAnswer(exchange, answered) && !isPlaintextComplaint(exchange)) return served(story, request)
  if (!answered && mayHaveCome(story, request)) return plain(request, 'open')
  if (!answered && !proxyClosed(request) && !isGarbled(exchange))
    return plain(request, clientClosed(request) ? 'aborted' : 'open')
  const last = request.tries.at(-1)
  // Who waits for the rest of a request in vain may leave without a word.
  if (!answered && last === undefined && exchange.requestEnd.time < 0) return plain(request, 'aborted')
  if (last === undefined) return withoutTry(story, request, exchange)
  const inner = throughHop(story, request, last, exchange)
  if (inner !== null) return inner
  const tries = judgeAll(story, request)
  const deciding = tries.at(-1)!
  if (isTicketAnswer(story, request, deciding.attempt)) return { ...plain(request, 'own'), tries }
  if (isOwnError(request, deciding.attempt, exchange)) return { ...plain(request, 'own'), tries }
  if (deciding.verdict === null) return plain(request, 'own')
  if (isUnopened(story, deciding.attempt) && !RELAYED.has(exchange.status)) return plain(request, 'own')
  if (deciding.verdict.facts?.answer.isUnseen === true && !RELAYED.has(exchange.status)) return plain(request, 'own')
  // A 500 is the application's unless its connection failed.
  const { judgement } = deciding.verdict
  if (
    judgement.cause === 'undetermined' &&
    answered &&
    (exchange.status === 500 || !gatewayStatuses.has(exchange.status))
  )
    return plain(request, 'own')
  const told = withGrpcStatus(asLast(story, request, deciding, judgement), story, request)
  return { outcome: 'incident', request, tries, judgement: told, deciding }
}

/**
 * A judgement of the last try that is known, as far as it was the last. Captures at upstreams show the tries at these
 * alone: the proxy may have gone on to another, and surely did something where its answer took longer than the way.
 */
function asLast(story: Story, request: Request, { attempt, verdict }: JudgedTry, judgement: Judgement): Judgement {
  const { conversation, end } = attempt
  if (conversation === null || endsSeen(story, conversation).near || coverage(story, request) !== null) return judgement
  const { syns, established } = serverView(request.turn).sighting.connection
  const way = established === null || syns.length === 0 ? 0 : established.time - syns.at(-1)!.time
  const slack = TURN_NS + way + 1e9 * ((verdict?.facts?.rttSeconds ?? 0) + (verdict?.facts?.clockSlackSeconds ?? 0))
  const isLate = Number.isFinite(end) && request.answered - end > slack
  const because = isLate
    ? 'the proxy answered some time after this try: it may have made another, which a capture at the proxy would show'
    : 'the proxy may have gone on to another upstream, which a capture at the proxy would show'
  const competing = [...(judgement.competing ?? []), { cause: 'undetermined' as const, because, frames: [] }]
  if (isLate) return { ...judgement, confidence: 'possible', competing }
  return judgement.confidence === 'certain' ? { ...judgement, confidence: 'likely', competing } : judgement
}

/** Who closes this long after an answer waited for more of it. */
const WAITED_ON_NS = 0.5e9

/** Header sections above this are more than some proxies take. */
const LARGE_HEAD = 4000

/** Bytes of an answer that may be a proxy's own error page; longer ones are somebody's content. */
const ERROR_PAGE = 8192

/**
 * A request that nobody can read. Where the last try for it failed and the client got a short answer at once, or none,
 * the proxy failed it.
 */
function sealed(story: Story, request: Request): Resolution {
  const { exchange } = serverView(request.turn)
  const last = request.tries.at(-1)
  const isServed =
    last === undefined || (wentWell(last) && !isGivenUp(story, request, last) && !isRefused(request, last))
  if (isServed) return unread(served(story, request))
  // Whose end nobody saw may have gone well: what looks like one request inside TLS may be several.
  if (last.turn !== null && last.end === Infinity) return plain(request, 'served')
  if (isTicketAnswer(story, request, last)) return plain(request, 'served')
  if (mayBeWhole(last)) return plain(request, 'served')
  if (exchange.tunnel) return plain(request, 'served')
  const at = story.captures[serverView(request.turn).sighting.capture]
  const [client, server] = closedAt(request).map((time) => toStory(at, time))
  if (client < Math.min(server, request.answered)) return plain(request, 'aborted')
  if (exchange.response.frame < 0) {
    // Nobody answers the last message of a WebSocket.
    if (server === Infinity || exchange.ordinal > 0) return plain(request, 'open')
  } else if (isLong(story, request, last) || !(wentWell(last) || isFollowed(story, request, last))) {
    return plain(request, 'served')
  }
  const inner = throughHop(story, request, last, exchange)
  if (inner !== null && inner.outcome === 'incident') return unread(inner)
  const tries = judgeAll(story, request)
  const deciding = tries.at(-1)!
  const judgement = deciding.verdict?.judgement ?? null
  if (judgement === null || judgement.cause === 'undetermined') return plain(request, 'served')
  return unread({ outcome: 'incident', request, tries, judgement, deciding })
}

/** An answer that seemed whole, after which the proxy waited on, and answered when it gave that up. */
function isGivenUp({ captures }: Story, { answered }: Request, { turn, end }: Try): boolean {
  const { capture, connection } = clientView(turn!).sighting
  const closed = toStory(captures[capture], Math.min(...endings(connection, CLIENT).map(({ time }) => time)))
  return closed - end > WAITED_ON_NS && Math.abs(answered - closed) <= TURN_NS
}

/** A header section that is large, and an answer to the client that cannot hold it. */
function isRefused(request: Request, { turn }: Try): boolean {
  const { headSize } = clientView(turn!).exchange
  const { exchange, sighting } = serverView(request.turn)
  const { ordinal, responseBytes } = exchange
  // HPACK sends fields that it has sent before as an index (RFC 7541 section 2.3.2).
  const { tls } = sighting.connection
  if (ordinal > 0 && (tls === null || mayBeHttp2(tls))) return false
  return headSize >= LARGE_HEAD && responseBytes < headSize / 4
}

/** An answer that the capture cut, and that a close ended, as it ends good ones too. */
function mayBeWhole({ turn }: Try): boolean {
  if (turn === null) return false
  const { status, ended, detail } = clientView(turn).exchange
  return status > 0 && status < 500 && ended === 'closed' && detail?.incomplete === true
}

/** Whether the answer came as the try failed: a proxy may close last what it gave up, but cannot know what is to come. */
function isFollowed({ captures }: Story, { answered }: Request, { conversation, end }: Try): boolean {
  const since = answered - end
  if (since > TURN_NS || end === Infinity || conversation === null) return since <= TURN_NS
  const { capture, connection } = nearClient(conversation)
  const isOwn = endings(connection, CLIENT).some(({ time }) => toStory(captures[capture], time) === end)
  return since >= (isOwn ? -TURN_NS : -START_NS)
}

/**
 * Whether a record that was taken for a session ticket was the answer: the proxy answered right after it, and the try
 * went on. TLS 1.3 hides the difference.
 */
function isTicketAnswer({ captures }: Story, { answered }: Request, { turn, end }: Try): boolean {
  if (turn === null) return false
  const { exchange, sighting } = clientView(turn)
  const ticket = sighting.connection.tls?.tickets.at(-1)
  if (!isSealed(exchange) || exchange.response.frame >= 0 || exchange.ordinal > 0 || ticket === undefined) return false
  const since = answered - toStory(captures[sighting.capture], ticket.last.time)
  const isBehind = exchange.requestEnd.time >= 0 && ticket.first.time > exchange.requestEnd.time
  return isBehind && since >= -START_NS && since <= TURN_NS && end - answered > START_NS
}

/** More than an error page, or as much as the upstream sent before: what was passed on. */
function isLong({ captures }: Story, { answered, turn: front }: Request, { turn }: Try): boolean {
  const { responseBytes } = serverView(front).exchange
  if (responseBytes > ERROR_PAGE || turn === null) return responseBytes > ERROR_PAGE
  const { exchange, sighting } = clientView(turn)
  // Nothing that could be passed on, or the error of another gateway, which fails the request as well.
  if (exchange.detail?.headComplete === false && !isSealed(exchange)) return false
  if (!isSealed(exchange) && (exchange.status === 0 || RELAYED.has(exchange.status))) return false
  const waited = answered - toStory(captures[sighting.capture], exchange.response.time)
  const isBefore = exchange.response.frame >= 0 && waited >= 0 && waited <= WAITED_ON_NS
  const sent = exchange.headSize + exchange.responseBytes
  return isBefore && sent > 0 && responseBytes >= sent
}

/** What rests on an answer that nobody could read is likely at most. */
function unread(resolution: Resolution): Resolution {
  const { judgement } = resolution
  if (judgement === null) return resolution
  const text = 'the client leg is encrypted: that its request failed is told by its times and the size of its answer'
  const confidence = judgement.confidence === 'certain' ? 'likely' : judgement.confidence
  return {
    ...resolution,
    judgement: { ...judgement, confidence, findings: [...judgement.findings, { text, frames: [] }] },
  }
}

const isGoodAnswer = (exchange: Exchange, answered: boolean): boolean =>
  answered && exchange.status < 500 && !isGrpcFailure(exchange)

/** Causes of a proxy that waited in vain: where it waited for another proxy, that one knows better. */
const WAITING: ReadonlySet<CauseCode> = new Set<CauseCode>([
  'upstream-slow',
  'upstream-silent',
  'dependency-slow',
  'timeout-policy',
])

/** Causes of a proxy that was left without an answer: by another proxy, because that was left so itself. */
const LEFT: ReadonlySet<CauseCode> = new Set<CauseCode>([
  'closed-without-response',
  'reset-before-response',
  'relayed-from-upstream',
])

/** What the next proxy of a chain made of the request, where its answer, or its silence, is what failed this one. */
function throughHop(story: Story, request: Request, last: Try, exchange: Exchange): Resolution | null {
  const { hop } = last
  if (hop === null) return null
  if (passedOn(last, exchange)) {
    const inner = resolveHop(story, hop)
    if (inner.outcome === 'own' || inner.outcome === 'untold') return plain(request, 'own')
    return inner.outcome === 'incident' ? { ...inner, tries: alongHops(story, request, inner) } : null
  }
  const until = Math.min(request.answered, request.end, last.end)
  const outer = judgeTry(story, request, last, until)
  const innermost = hop.tries.at(-1)
  if (innermost === undefined) return null
  if (LEFT.has(outer.judgement.cause)) {
    const inner = resolveHop(story, hop)
    // One that went while its own upstream let it wait went for reasons of its own.
    const isTold = inner.judgement !== null && inner.judgement.cause !== 'undetermined'
    if (inner.outcome !== 'incident' || !isTold || WAITING.has(inner.judgement!.cause)) return null
    return { ...inner, tries: alongHops(story, request, inner) }
  }
  if (!WAITING.has(outer.judgement.cause)) return null
  const deciding: JudgedTry = { attempt: innermost, verdict: judgeTry(story, hop, innermost, until) }
  const { judgement } = deciding.verdict!
  if (judgement.cause === 'undetermined') return null
  const inner: Resolution = {
    outcome: 'incident',
    request: hop,
    tries: [...judgeAll(story, hop).slice(0, -1), deciding],
    judgement,
    deciding,
  }
  return { ...inner, tries: alongHops(story, request, inner) }
}

/** The tries of the deepest leg, over all tries of the proxy before it that went the same way. */
function alongHops(story: Story, request: Request, inner: Resolution): JudgedTry[] {
  const before = request.tries.slice(0, -1).flatMap((attempt) => {
    if (attempt.hop === null || attempt.hop.tries.length === 0) return []
    return judgeAll(story, attempt.hop)
  })
  return [...before, ...inner.tries]
}

/** Causes of the tries before the deciding one, each once. */
export function contributing({ tries, judgement }: Resolution): CauseCode[] {
  const causes = tries.flatMap(({ verdict }) => (verdict === null ? [] : [verdict.judgement.cause]))
  return [...new Set(causes)].filter((cause) => cause !== judgement?.cause)
}

function plain(request: Request, outcome: Resolution['outcome']): Resolution {
  return { outcome, request, tries: [], judgement: null, deciding: null }
}

/** An answered request: a failed try before the good one was masked by a retry. */
function served(story: Story, request: Request): Resolution {
  const failed = request.tries.filter((attempt) => !wentWell(attempt))
  if (failed.length === 0 || failed.length === request.tries.length) return plain(request, 'served')
  const tries = judgeAll(story, request)
  const at = tries.findIndex(({ verdict }) => verdict !== null)
  const deciding = tries[at]
  if (deciding === undefined || isUnknown(deciding, tries[at + 1])) return plain(request, 'served')
  return { outcome: 'masked', request, tries, judgement: deciding.verdict!.judgement, deciding }
}

/**
 * What cannot be read, and shows no cause of failure, may not have failed. A connection that the proxy left without a
 * request is a health check or one too many, unless it turned to another server right then: it did not like what it saw.
 */
function isUnknown({ attempt, verdict }: JudgedTry, next: JudgedTry | undefined): boolean {
  const { conversation, turn, pairing, end } = attempt
  if (verdict!.judgement.cause !== 'undetermined' || conversation === null) return false
  if (turn !== null) return isSealed(clientView(turn).exchange)
  const { tls, server } = nearClient(conversation).connection
  if (tls === null || tls.handshakeEnd?.from === SERVER || tls.handshakeEnd?.how === 'alert') return false
  const turned = next?.attempt.conversation ?? null
  const gap = next === undefined ? Infinity : next.attempt.start - end
  const isElsewhere = turned !== null && nearClient(turned).connection.server !== server
  return !(isElsewhere && pairing.by === TIGHT_TIME && gap >= -START_NS && gap <= TURN_NS)
}

function judgeAll(story: Story, request: Request): JudgedTry[] {
  const { exchange } = serverView(request.turn)
  return request.tries.map((attempt, i) => {
    const next = request.tries[i + 1]
    const until = Math.min(next?.start ?? Infinity, request.answered, request.end)
    const good = wentWell(attempt) && (next === undefined ? exchange.status < 500 && exchange.status > 0 : false)
    return { attempt, verdict: good ? null : judgeTry(story, request, attempt, until) }
  })
}

/** A complete answer below 500, in time; one that asks for TLS is none, though the proxy may pass it on. */
function wentWell(attempt: Try): boolean {
  if (!gotAnswer(attempt)) return false
  const { exchange } = clientView(attempt.turn!)
  return exchange.status < 500 && !isPlaintextComplaint(exchange)
}

/** The answer of a try is the answer that the client got. */
function passedOn(attempt: Try, { status, grpcStatus }: Exchange): boolean {
  if (attempt.turn === null) return false
  const back = clientView(attempt.turn).exchange
  // Of gRPC answers the status alone says nothing: a gateway's own is 200 as well.
  if (grpcStatus > 0 && back.grpcStatus !== grpcStatus) return false
  return (back.status === status && status > 0) || (back.status === 0 && status === 0)
}

/** The upstream's complete answer carries the client's status: the application's own error, unless it is a relayed 502/504. */
function isOwnError(request: Request, attempt: Try, exchange: Exchange): boolean {
  // An answer that nobody could read is taken for what the client got, but where only gateways answer like that.
  const isUnread =
    attempt.turn !== null &&
    (isCutAway(clientView(attempt.turn).exchange) ||
      (isSealed(clientView(attempt.turn).exchange) && gotAnswer(attempt)))
  if (isUnread && attempt.end <= request.answered) return !RELAYED.has(exchange.status)
  if (attempt.turn === null || !passedOn(attempt, exchange) || exchange.status === 0) return false
  const back = clientView(attempt.turn).exchange
  if (RELAYED.has(exchange.status) || isPlaintextComplaint(back)) return false
  // Of an answer that the capture cut nobody saw the end.
  const isWatched = back.response.frame >= 0 && back.detail?.incomplete !== true
  if (isWatched && attempt.end > request.answered + 1e9) return false
  // A 503 whose page a gateway wrote comes from a proxy one hop further back.
  return !(exchange.status === 503 && gatewayOf({ ...request, turn: attempt.turn })?.own === true)
}

/** The capture has neither the status of an answer nor its end, and it may have been a good one. */
const isCutAway = ({ status, response, ended, detail }: Exchange): boolean =>
  status === 0 && response.frame >= 0 && ended === 'closed' && detail?.incomplete === true

/** Whether the snap length cut the records that hold the answer to a try: no key opens them, and it may well have come. */
function isUnopened({ captures }: Story, { turn }: Try): boolean {
  if (turn === null) return false
  const { exchange, sighting } = clientView(turn)
  const { cutBySnapLength } = captures[sighting.capture].observations.counts
  const isDecrypted = sighting.connection.tls !== null && !isSealed(exchange)
  return isDecrypted && cutBySnapLength > 0 && exchange.detail?.incomplete === true
}

const isPlaintextComplaint = ({ status, detail }: Exchange): boolean =>
  status === 400 && /HTTPS|SSL-enabled|requires TLS/.test(detail?.body ?? '')

function withoutTry(story: Story, request: Request, exchange: Exchange): Resolution {
  // A client that spoke plaintext to the proxy's own TLS port.
  if (isPlaintextComplaint(exchange)) return plain(request, 'own')
  const { connection } = serverView(request.turn).sighting
  const gateway = gatewayOf(request)
  // Without a single request passed on, its own face and a captured upstream side make it a proxy.
  const isFront = frontsOf(story).has(connection.server) || (gateway !== null && backHosts(story, request).size > 1)
  const own = gateway?.own === true
  // 502, 504 and the CDN's own codes are a gateway's; 503 and 500 may be anybody's.
  const telling = RELAYED.has(exchange.status) || exchange.status >= 520
  const isDress = isOwnDress(gateway?.id ?? null, exchange.status) && exchange.status !== 500
  // A request that a proxy sent, with nothing in front of it: it is judged as that proxy's try (strays.ts).
  if (isBehindProxy(story, request) && (story.proxies.length === 0 || isMissedHop(story, request)))
    return plain(request, 'own')
  const isOwn =
    exchange.status === 0 ? !isFront : !(telling || own || (isFront && (isDress || isGrpcFailure(exchange))))
  if (isOwn) return plain(request, 'own')
  // Without its upstream side, a proxy's bare 503 looks like one of the application's that was passed on.
  const isPlain = exchange.status !== 0 && !telling && !own && !isGrpcFailure(exchange)
  if (isPlain && coverage(story, request) === null) return plain(request, 'untold')
  const hop = missedHops(story).hops.get(request)
  const inner = hop === undefined ? null : resolveHop(story, hop)
  if (inner?.outcome === 'incident') return byLikeness(inner)
  const judgement = withGrpcStatus(judgeWithoutTry(story, request), story, request)
  return { outcome: 'incident', request, tries: [], judgement, deciding: null }
}

/** What became of a request that the clocks do not join to the one it is told for. */
function byLikeness(inner: Resolution): Resolution {
  const judgement = inner.judgement!
  const text =
    'the request at this proxy is joined to the client’s by its words and status alone: their clocks disagree'
  const confidence = judgement.confidence === 'certain' ? 'likely' : judgement.confidence
  return { ...inner, judgement: { ...judgement, confidence, findings: [...judgement.findings, { text, frames: [] }] } }
}

/** An answer that the capture lost, or cut before its status, is no silence. A request that it cut may well have got none. */
function mayHaveCome({ captures }: Story, { turn }: Request): boolean {
  const { exchange, sighting } = serverView(turn)
  const { tls, sides } = sighting.connection
  if (sides[SERVER].missing > 0) return true
  if (exchange.detail?.incomplete !== true || isGarbled(exchange)) return false
  // Where clocks are unknown as well, too little tells which leg this is.
  const isUnplaced = captures.some(({ clock }) => clock.offsetSeconds === null)
  return exchange.response.frame >= 0 || tls !== null || exchange.target === '' || isUnplaced
}

/** Bytes came that are no HTTP answer: some proxies pass on what they do not understand (as HTTP/0.9). */
const isGarbled = ({ status, response, detail }: Exchange): boolean =>
  status === 0 && response.frame >= 0 && detail?.responseFault?.part === 'start-line'

/** The server's side of the client leg ended it, and the client had not before. */
function proxyClosed(request: Request): boolean {
  const [client, server] = closedAt(request)
  return server < Infinity && server < client
}

function clientClosed(request: Request): boolean {
  const [client, server] = closedAt(request)
  return client < Infinity && client <= server
}

/** When either side closed the client leg behind this request; Infinity when it did not. */
function closedAt(request: Request): [client: number, server: number] {
  const { sighting, exchange } = serverView(request.turn)
  const after = exchange.request.time
  const stream = exchange.detail?.streamReset ?? null
  const of = (side: 0 | 1): number => {
    // A stream ends by itself; one that a GOAWAY left out is its client's to repeat.
    if (stream !== null) return stream.by === 'RST_STREAM' && stream.from === side ? stream.time : Infinity
    return Math.min(...endings(sighting.connection, side).map(({ time }) => (time < after ? Infinity : time)))
  }
  return [of(CLIENT), of(SERVER)]
}
