// Step three of three: the Story becomes the document.
import { plural } from '../amounts.ts'
import { connectionsOf } from '../observe/connection-table.ts'
import { DNS_PORT, isSealed } from '../observe/observations.ts'
import { CATALOGUE } from '../diagnose/catalogue.ts'
import { clientStatus } from '../diagnose/facts.ts'
import { gatewayOf } from '../diagnose/gateway.ts'
import type { Judgement } from '../diagnose/judgement.ts'
import { contributing, type JudgedTry, type Resolution, resolve } from '../diagnose/resolve.ts'
import { type JudgedStray, judgeStrays } from '../diagnose/strays.ts'
import { viewsOf } from '../diagnose/view.ts'
import { remedies } from '../gateways/remedies.ts'
import { inferredStatus } from '../gateways/status.ts'
import {
  clientView,
  frontOf,
  nearClient,
  type Request,
  serverView,
  type Story,
  type StoryCapture,
  type Try,
} from '../story/story.ts'
import { checklistOf } from './checklist.ts'
import type { Attempt, CaptureSummary, DiagnosisDocument, Hop, Incident } from './document.ts'
import { filtersOf } from './filter.ts'
import { hopsBetween } from './incident-tries.ts'
import { missingFor } from './missing.ts'
import { timelineOf } from './timeline.ts'
import { ownTimestamp } from './time.ts'

const seconds = (ns: number): number | null => (Number.isFinite(ns) ? Math.round(ns) / 1e9 : null)

export const diagnose = (story: Story): DiagnosisDocument => diagnoseInTime(story).document

/** When an incident began and was over, in story time; the end is Infinity where it was not seen. */
export interface Span {
  start: number
  end: number
}

/** The document, and when its incidents were. */
export function diagnoseInTime(story: Story): { document: DiagnosisDocument; spans: ReadonlyMap<Incident, Span> } {
  const incidents: Incident[] = []
  const masked: Incident[] = []
  const spans = new Map<Incident, Span>()
  const untold: Request[] = []
  let healthy = story.served
  for (const request of story.requests) {
    const resolution = resolve(story, request)
    if (resolution.outcome === 'untold') untold.push(request)
    if (resolution.outcome === 'served' || resolution.outcome === 'masked') healthy++
    if (resolution.outcome !== 'masked' && resolution.outcome !== 'incident') continue
    const isMasked = resolution.outcome === 'masked'
    const id = isMasked ? `m${masked.length + 1}` : String(incidents.length + 1)
    const incident = incidentOf(story, request, resolution, id)
    spans.set(incident, { start: request.start, end: endOf(request) })
    if (isMasked) masked.push(incident)
    else incidents.push(incident)
  }
  const { judged, unsure } = judgeStrays(story)
  for (const stray of judged) {
    const { front } = stray
    const id = stray.masked ? `m${masked.length + 1}` : String(incidents.length + 1)
    const incident = incidentOf(story, null, strayResolution(stray), id)
    if (front !== null) {
      incident.client = front.connection.client
      incident.proxyFront = front.connection.server
      incident.findings.push({
        text: 'the client leg is encrypted; its data before and after the try fit in time',
        frames: [],
      })
    }
    const { start } = stray.tries[0].attempt
    spans.set(incident, { start, end: stray.tries.at(-1)!.attempt.end })
    if (stray.masked) masked.push(incident)
    else incidents.push(incident)
  }
  const document: DiagnosisDocument = {
    schema: 'pcap-surgery/diagnosis@1',
    captures: story.captures.flatMap((capture) => summaries(capture)).toSorted((a, b) => a.id - b.id),
    incidents,
    masked,
    healthy: { exchanges: healthy },
    notes: [...notesOf(story), ...unsureNotes(story, unsure), ...untoldNotes(untold)],
  }
  return { document, spans }
}

/** When the client had its answer, or hoped no more, and no try that ended went on. */
function endOf({ answered, end, tries }: Request): number {
  const over = tries.map((attempt) => attempt.end).filter(Number.isFinite)
  return Math.max(Math.min(answered, end), ...over)
}

/** Tries whose request nobody captured stand for it. */
function strayResolution({ tries, deciding, masked }: JudgedStray): Resolution {
  const [first] = tries
  const { attempt, verdict } = deciding
  const request = {
    start: first.attempt.start,
    answered: Infinity,
    end: tries.at(-1)!.attempt.end,
    tries: tries.map((tried) => tried.attempt),
    lookups: [],
    turn: attempt.turn!,
  }
  return { outcome: masked ? 'masked' : 'incident', request, tries, judgement: verdict.judgement, deciding }
}

function incidentOf(story: Story, request: Request | null, resolution: Resolution, id: string): Incident {
  const judgement = resolution.judgement!
  const entry = CATALOGUE[judgement.cause]
  const front = request === null ? null : serverView(request.turn)
  const attempt = resolution.deciding?.attempt ?? null
  const exchange = front?.exchange ?? (attempt?.turn ? clientView(attempt.turn).exchange : null)
  const hops = request === null ? [] : hopsBetween(request, resolution.request)
  const requests = request === null ? [] : [request, ...hops]
  const gateway = gatewayOf(resolution.request === request ? request : request === null ? null : resolution.request)
  const start = request?.start ?? resolution.request.start
  // Of an answer that nobody can read, and that came, the cause says what it most likely was.
  const isUnread = front !== null && isSealed(front.exchange) && front.exchange.response.frame >= 0
  const status = isUnread ? inferredStatus(gateway?.id ?? null, judgement.cause) : clientStatus(request)
  const facts = resolution.deciding?.verdict?.facts ?? null
  const wait = request === null ? (facts?.waitSeconds ?? Infinity) * 1e9 : request.answered - request.start
  return {
    id,
    status,
    statusSeen: front !== null && !isSealed(front.exchange),
    time: ownTimestamp(story.captures[0].observations, start),
    method: exchange?.method || null,
    path: exchange?.target || null,
    host: exchange?.host ?? null,
    client: front === null ? null : front.sighting.connection.client,
    proxyFront: front === null ? null : front.sighting.connection.server,
    hops: hops.map(hopOf),
    proxyBack: attempt === null ? null : proxyBack(attempt),
    upstream: attempt === null ? null : upstreamOf(attempt),
    gateway: gateway?.id ?? null,
    cause: judgement.cause,
    class: entry.class,
    domain: judgement.domain ?? entry.domain,
    confidence: judgement.confidence,
    summary: judgement.summary,
    waitSeconds: seconds(wait),
    attempts: resolution.tries.map((tried) => attemptOf(tried, start)),
    contributing: contributing(resolution),
    competing: judgement.competing ?? [],
    ruledOut: judgement.ruledOut ?? [],
    findings: findingsOf(story, judgement, attempt),
    timeline: timelineOf(story, requests, resolution, judgement.findings[0]?.frames ?? []),
    checklist: checklistOf(story, request, resolution),
    missing: missingFor(story, request, resolution),
    remedies: remedies(judgement.cause, gateway?.id ?? null, {
      waitSeconds: facts === null || !Number.isFinite(facts.waitSeconds) ? null : facts.waitSeconds,
      idleSeconds: facts === null || facts.idleSeconds < 0 ? null : facts.idleSeconds,
      upstream: attempt === null ? null : upstreamOf(attempt),
      headBytes: facts?.near.exchange?.headSize || null,
      protocol: facts?.near.exchange?.protocol ?? null,
    }),
    filters: filtersOf(story, requests, resolution),
  }
}

function hopOf({ turn }: Request): Hop {
  const { client, server } = nearClient(turn.conversation).connection
  return { from: client, to: server }
}

/** The judge's findings, and how the two legs were joined. */
function findingsOf(story: Story, judgement: Judgement, attempt: Try | null): Incident['findings'] {
  if (attempt === null || attempt.pairing.by === 'nothing') return judgement.findings
  const { strength, by, runnerUp } = attempt.pairing
  const views = viewsOf(story, attempt)
  const frames = views.flatMap((view) =>
    view.exchange === null || view.exchange.request.frame < 0 ? [] : [view.ref(view.exchange.request)],
  )
  const doubt = runnerUp === null ? '' : `; next best: ${runnerUp}`
  return [
    ...judgement.findings,
    { text: `this try belongs to the request by ${by} (${strength}${doubt})`, frames: frames.slice(0, 1) },
  ]
}

function attemptOf({ attempt, verdict }: JudgedTry, start: number): Attempt {
  return {
    upstream: upstreamOf(attempt),
    proxyBack: proxyBack(attempt),
    cause: verdict?.judgement.cause ?? null,
    startSeconds: seconds(attempt.start - start),
    durationSeconds: seconds(attempt.end - attempt.start),
  }
}

function upstreamOf(attempt: Try): string {
  if (attempt.search === null) return nearClient(attempt.conversation!).connection.server
  const { target } = attempt.search.search
  return target.includes(':') ? `[${target}]` : target
}

function proxyBack(attempt: Try): string | null {
  return attempt.search === null ? nearClient(attempt.conversation!).connection.client : null
}

function summaries(capture: StoryCapture): CaptureSummary[] {
  const { observations, ids, clock, vantages, supposed } = capture
  return observations.parts.map((part, i) => ({
    id: ids[i],
    file: part.file,
    format: part.format,
    frames: part.frames,
    first: part.frames === 0 ? null : ownTimestamp(observations, part.first),
    last: part.frames === 0 ? null : ownTimestamp(observations, part.last),
    vantages: vantages.length > 0 ? vantages : supposed,
    clock,
    warnings: warningsOf(capture, i),
  }))
}

/** What lowers the worth of a capture. */
function warningsOf(capture: StoryCapture, part: number): string[] {
  const { observations } = capture
  const { counts, parts, interfaces, evicted, forgotten } = observations
  const connections = connectionsOf(observations)
  const warnings = parts[part].faults.map(
    (fault) =>
      `at byte ${fault.offset}: ${fault.text} (${fault.afterFrame === 0 ? 'no frame stands before it' : `frames to ${fault.afterFrame} were used`})`,
  )
  const dropped = interfaces.reduce((sum, one) => sum + (one.dropped ?? 0), 0)
  const missing = connections.filter((c) => c.sides.some((side) => side.missing > 0)).length
  const oneWay = connections.filter(
    (c) => (c.sides[0].segments === 0) !== (c.sides[1].segments === 0) && c.synAck === null && c.syns.length === 0,
  ).length
  if (capture.clock.isContradictory) {
    warnings.push(
      'its clock cannot be told well: packets, or causes and effects, that the captures show contradict each other',
    )
  }
  for (const { afterSeconds, beforeSeconds, low, high } of capture.clock.steps) {
    const by = Math.abs(((low ?? high) + high) / 2).toPrecision(3)
    const then = `between ${afterSeconds.toFixed(3)} s and ${beforeSeconds.toFixed(3)} s after its first frame`
    warnings.push(`its clock was set ${high > 0 ? 'forward' : 'back'} by ${by} s ${then}`)
  }
  if (dropped > 0) warnings.push(`the capturing system dropped ${dropped} packets`)
  if (missing > 0)
    warnings.push(
      `packets are missing that the other side acknowledged, on ${missing} of ${connections.length} connections`,
    )
  if (counts.cutBySnapLength > 0)
    warnings.push(`${counts.cutBySnapLength} of ${observations.frames} packets are cut by the snap length`)
  if (counts.duplicates > 0) warnings.push(`${counts.duplicates} packets were captured twice; the copies are left out`)
  if (counts.unknownLink > 0)
    warnings.push(
      `${counts.unknownLink} packets have a link type that is not decoded (${observations.linkTypes.join(', ')})`,
    )
  if (counts.broken > 0) warnings.push(`${counts.broken} packets are malformed or cut inside their headers`)
  if (oneWay > 2 && oneWay * 2 > connections.length) warnings.push('most connections show one direction only')
  if (evicted > 0) warnings.push(`${evicted} idle connections were dropped because too many were open at once`)
  const kept = [
    [forgotten.connections, 'connections without an exchange'],
    [forgotten.exchanges, 'exchanges of connections with thousands that went wrong'],
    [forgotten.lookups, 'name lookups'],
    [forgotten.icmpErrors, 'ICMP errors'],
    [forgotten.neighbours, 'searches for neighbours'],
  ] as const
  for (const [count, what] of kept) if (count > 0) warnings.push(`${count} ${what} were not kept: there were too many`)
  return warnings
}

/** Tries that failed if a proxy made them: by sender and server, with what would get them judged. */
function unsureNotes(story: Story, tries: readonly Try[]): string[] {
  const groups = new Map<string, { capture: number; who: string; isHandshake: boolean; count: number }>()
  for (const { conversation, turn } of tries) {
    const { capture, connection } = nearClient(conversation!)
    const isHandshake = turn === null && connection.tls !== null
    const who = `${connection.clientAddress} to ${connection.server}`
    const key = `${isHandshake} ${who}`
    groups.set(key, { capture, who, isHandshake, count: (groups.get(key)?.count ?? 0) + 1 })
  }
  return [...groups.values()].map(({ capture, who, isHandshake, count }) => {
    const { file } = story.captures[capture].observations.parts[0]
    const what = isHandshake
      ? `${plural(count, 'TLS handshake')} from ${who} failed`
      : `${plural(count, 'request')} from ${who} ended without an answer in time, or with a gateway error`
    return `not judged: ${what}; if the sender is the proxy, say so with --vantage ${file}=proxy-back`
  })
}

/** Answers of which nobody can say whose they are, by who gave them and how. */
function untoldNotes(requests: readonly Request[]): string[] {
  const groups = new Map<string, number>()
  for (const request of requests) {
    const who = `${serverView(request.turn).exchange.status} by ${frontOf(request)}`
    groups.set(who, (groups.get(who) ?? 0) + 1)
  }
  return [...groups].map(
    ([who, count]) =>
      `not judged: ${plural(count, 'answer')} ${who}, the proxy’s or the application’s own; a capture of the proxy’s upstream side would tell`,
  )
}

/** What is read where it stands. */
const READ: ReadonlySet<string> = new Set(['http1-request', 'http2', 'tls', 'fastcgi', 'uwsgi', 'scgi', 'ajp'])

function notesOf(story: Story): string[] {
  const opaque = new Map<string, Set<string>>()
  const sealed = new Set<string>()
  for (const { sightings } of story.conversations) {
    const { connection } = sightings[0]
    const { speaks, tls, serverPort, server } = connection
    if (tls !== null && tls.decryption.is !== 'decrypted' && tls.records[0] + tls.records[1] > 0) sealed.add(server)
    const [spoken] = speaks
    if (spoken === null || READ.has(spoken) || connection.exchangeCount > 0 || serverPort === DNS_PORT) continue
    opaque.set(spoken, (opaque.get(spoken) ?? new Set()).add(server))
  }
  const notes = [...opaque].map(([what, servers]) => `not looked into: ${what} to ${fewOf(servers)}`)
  if (sealed.size > 0) notes.push(`not decrypted: TLS to ${fewOf(sealed)} (see --keys)`)
  return notes
}

function fewOf(servers: ReadonlySet<string>): string {
  const [some, more] = [[...servers].slice(0, 3), servers.size - 3]
  return `${some.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
