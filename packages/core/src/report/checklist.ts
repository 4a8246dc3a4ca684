// The ten steps of every incident, each with an outcome, one line and the frames that show it.
import { http2ErrorName } from '../app/http2/errors.ts'
import { RST } from '../wire/tcp.ts'
import { duration, plural } from '../amounts.ts'
import type { Resolution } from '../diagnose/resolve.ts'
import type { Facts } from '../diagnose/facts.ts'
import { isGrpcFailure } from '../diagnose/grpc.ts'
import { handshakeOf } from '../diagnose/handshake.ts'
import { choiceOf, endingFinding } from '../diagnose/tls-words.ts'
import { frameRef } from '../diagnose/view.ts'
import { CLIENT, RETRANSMISSION, SERVER } from '../observe/observations.ts'
import { frontOf, serverView, type Request, type Story } from '../story/story.ts'
import type { CheckStep, FrameRef, Outcome } from './document.ts'
import { spoken } from './stream-entries.ts'

export function checklistOf(story: Story, request: Request | null, resolution: Resolution): CheckStep[] {
  const facts = resolution.deciding?.verdict?.facts ?? null
  const tried = resolution.tries.length > 0
  const upstream = facts?.near.connection.server ?? null
  return [
    request !== null && (tried || resolution.judgement?.cause === 'no-healthy-upstream')
      ? step(1, 'pass', `client ${clientOf(request)}, proxy ${frontOf(request)}, upstream ${upstream ?? 'none tried'}`)
      : step(
          1,
          'unknown',
          request === null ? 'the client is not in the captures' : 'no upstream was seen for this request',
        ),
    bothSides(request, tried, resolution),
    finalStatus(story, request),
    handshake(facts),
    encryption(facts),
    requestSent(facts),
    response(facts),
    disturbances(facts),
    waiting(facts),
    step(10, 'pass', 'times are those of the captures as they were read'),
  ]
}

const step = (n: number, outcome: Outcome, text: string, frames: FrameRef[] = []): CheckStep => ({
  step: n,
  outcome,
  text,
  frames,
})

const clientOf = (request: Request): string => serverView(request.turn).sighting.connection.client

function bothSides(request: Request | null, tried: boolean, { judgement }: Resolution): CheckStep {
  const back = tried || judgement?.cause === 'no-healthy-upstream' || judgement?.cause === 'name-resolution-failed'
  if (request !== null && back) return step(2, 'pass', 'client leg and upstream leg are captured')
  return step(2, 'fail', request === null ? 'only the upstream leg is captured' : 'only the client leg is captured')
}

function finalStatus(story: Story, request: Request | null): CheckStep {
  if (request === null) return step(3, 'unknown', 'the client leg is not captured')
  const { sighting, exchange } = serverView(request.turn)
  const reset = exchange.detail?.streamReset ?? null
  if (exchange.response.frame < 0) {
    const how = reset === null ? '' : `: ${reset.by} ${http2ErrorName(reset.code)}`
    const frames = reset === null ? [] : [frameRef(story, sighting.capture, reset.frame)]
    return step(3, 'fail', `the client got no answer${how}`, frames)
  }
  const frame = frameRef(story, sighting.capture, exchange.response.frame)
  const grpc = isGrpcFailure(exchange) ? `, grpc-status ${exchange.grpcStatus}` : ''
  return step(
    3,
    exchange.status < 500 && grpc === '' ? 'pass' : 'fail',
    `status ${exchange.status}${grpc} after ${duration((request.answered - request.start) / 1e9)}`,
    [frame],
  )
}

function handshake(facts: Facts | null): CheckStep {
  if (facts === null) return step(4, 'not-applicable', 'no connection to an upstream was tried')
  const { connecting, near, reused } = facts
  if (connecting.outcome === 'open') {
    const text = reused
      ? 'established earlier, the connection was reused'
      : `established in ${duration(connecting.seconds)}`
    return step(
      4,
      'pass',
      near.connection.synAck === null ? 'established before the capture began' : text,
      connecting.frames,
    )
  }
  if (connecting.outcome === 'not-seen') return step(4, 'unknown', 'the handshake is not in the captures')
  const said = {
    refused: 'refused by RST',
    unreachable: `unreachable: ${connecting.reason}`,
    'no-answer': `${plural(connecting.syns, 'SYN')} without an answer`,
  }
  return step(4, 'fail', said[connecting.outcome], connecting.frames)
}

function encryption(facts: Facts | null): CheckStep {
  const { tls, speaks } = facts?.near.connection ?? { tls: null, speaks: [null, null] }
  if (facts === null || (tls === null && speaks[0] !== 'tls'))
    return step(5, 'not-applicable', 'the upstream leg is not TLS')
  if (tls === null || tls.begins !== 'hello')
    return step(5, 'unknown', 'the upstream leg is TLS, and its handshake is not in the captures')
  const { clientHello, serverHello, finished } = tls
  const chosen = serverHello === null ? 'no ServerHello' : choiceOf(serverHello)
  const places = [clientHello?.first ?? null, serverHello?.first ?? null].filter((place) => place !== null)
  const frames = places.map((place) => facts.near.ref(place))
  const tried = handshakeOf(facts)
  const ending = tried === null || tried.agreed ? null : tried.ending
  const isFailed = facts.near.exchange === null || ending?.by === 'upstream'
  if (tried !== null && ending !== null && isFailed) {
    const { text, frames: last } = endingFinding(facts, tried, ending)
    return step(5, 'fail', `failed: ${text} (${chosen})`, [...frames, ...last])
  }
  const end = finished[CLIENT] ?? finished[SERVER]
  if (end === null || clientHello === null) return step(5, 'fail', `not completed: ${chosen}`, frames)
  const resumed = tls.resumed === true ? ', a session resumed' : ''
  const took = duration((end.time - clientHello.first.time) / 1e9)
  return step(5, 'pass', `${chosen}${resumed}, completed in ${took}`, [...frames, facts.near.ref(end)])
}

function requestSent(facts: Facts | null): CheckStep {
  const delivery = facts?.delivery ?? null
  if (facts === null || facts.connecting.outcome !== 'open')
    return step(6, 'not-applicable', 'there was no connection to send it on')
  if (facts.near.exchange === null && delivery !== null)
    return step(6, 'not-applicable', 'the TLS handshake before it failed')
  if (delivery === null) return step(6, 'unknown', 'no request can be seen on the upstream leg')
  if (delivery.delivered) return step(6, 'pass', 'sent whole and acknowledged', delivery.first)
  const rest = delivery.to - delivery.acked
  if (!delivery.complete)
    return step(6, 'fail', `sent in part: ${delivery.acked - delivery.from} bytes acknowledged`, delivery.first)
  return step(6, 'fail', `sent, ${rest} of ${delivery.to - delivery.from} bytes never acknowledged`, delivery.first)
}

function response(facts: Facts | null): CheckStep {
  if (facts === null || facts.delivery === null || facts.near.exchange === null)
    return step(7, 'not-applicable', 'no request reached an upstream')
  const { answer, near } = facts
  const { status, response: begun } = near.exchange!
  // Its beginning may be among the packets that were not captured.
  if (answer.complete && begun.frame < 0) return step(7, 'pass', 'complete, its beginning was not captured', [])
  if (answer.complete) return step(7, 'pass', `complete, status ${status}`, [near.ref(begun)])
  const bytes =
    facts.stream === null ? `${answer.edge - answer.from} bytes` : `${near.exchange!.responseBytes} bytes of content`
  if (answer.before.length > 0)
    return step(7, 'fail', `begun, ${bytes} before the proxy gave up`, [near.ref(answer.before[0])])
  if (answer.after.length > 0)
    return step(7, 'fail', 'began only after the proxy had given up', [near.ref(answer.after[0])])
  return step(7, 'fail', 'no byte of response')
}

function disturbances(facts: Facts | null): CheckStep {
  if (facts === null) return step(8, 'not-applicable', 'no connection to an upstream was tried')
  const { near, idleSeconds, stream, gaveUp } = facts
  // A connection of many streams may live on for long.
  const closings = facts.closings.filter((c) => stream === null || c.packet.time <= gaveUp + 1e9)
  const words = stream === null ? [] : spoken(stream).filter(({ at }) => at >= facts.asked - 1e9 && at <= gaveUp + 1e9)
  const repeats = near.packets.filter((p) => p.marks & RETRANSMISSION)
  const shut = near.packets.filter((p) => p.window === 0 && p.from === SERVER && p.length === 0 && !(p.flags & RST))
  const said = [
    ...words.map(({ text, by }) => `${text}, by the ${by}`),
    ...closings.map((c) => `${c.kind} by the ${c.by}`),
    ...(repeats.length > 0 ? [plural(repeats.length, 'retransmission')] : []),
    ...(shut.length > 0 ? ['zero window'] : []),
    ...(idleSeconds >= 1 ? [`idle for ${duration(idleSeconds)} before the request`] : []),
  ]
  const bad =
    words.length > 0 ||
    repeats.length > 0 ||
    shut.length > 0 ||
    closings.some((c) => c.kind === 'RST' || c.by === 'upstream')
  const packets = [...closings.map((c) => c.packet), ...repeats.slice(0, 3), ...shut.slice(0, 1)]
  const frames = [...words.slice(0, 4).map(({ frame }) => frame), ...packets.map((p) => near.ref(p))]
  return step(8, bad ? 'fail' : 'pass', said.length === 0 ? 'none' : said.join(', '), frames)
}

function waiting(facts: Facts | null): CheckStep {
  if (facts === null) return step(9, 'not-applicable', 'no request was sent to an upstream')
  if (!Number.isFinite(facts.waitSeconds)) return step(9, 'unknown', 'the end of the try is not in the captures')
  return step(
    9,
    'pass',
    `${duration(facts.waitSeconds)} from the ${facts.delivery === null ? 'SYN' : facts.near.exchange === null ? 'handshake' : 'request'} to the end of the try`,
  )
}
