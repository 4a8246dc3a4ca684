// The capture that would settle what an incident leaves open: where to take it, what it would decide, and how.
import type { CauseCode } from '../diagnose/catalogue.ts'
import { gatewayOf } from '../diagnose/gateway.ts'
import type { Judgement } from '../diagnose/judgement.ts'
import type { JudgedTry, Resolution } from '../diagnose/resolve.ts'
import { coverage, endsSeen, wasSealed } from '../diagnose/upstream-side.ts'
import { restsOnClocks } from '../diagnose/verdict.ts'
import { type Connection, isSealed } from '../observe/observations.ts'
import { frontOf, nearClient, nearServer, type Request, serverView, type Story, type Try } from '../story/story.ts'
import { type CapturePlace, type Depth, pktmonCommands, tcpdumpCommand } from './capture-command.ts'
import type { MissingCapture } from './document.ts'
import { keyLogAdvice } from './key-log.ts'

/** What a capture at the upstream shows, of causes and rivals that look alike from the proxy. */
const SEEN_AT_UPSTREAM: { readonly [cause in CauseCode]?: string } = {
  'accept-queue-full': 'whether the upstream took the connection from its accept queue',
  'closed-without-response': 'what the upstream got before it closed',
  'connect-timeout': 'whether the SYN arrives, and what answers it',
  'dependency-slow': 'whether the upstream itself waited for somebody',
  'idle-drop': 'whether the request arrives',
  'keepalive-race': 'when the upstream closed, by its own clock',
  'mtu-blackhole': 'which sizes of segments arrive',
  'request-undelivered': 'whether the request arrives',
  'reset-before-response': 'whether the upstream sent the RST',
  'reset-by-middlebox': 'whether the upstream sent the RST',
  'reset-mid-response': 'whether the upstream sent the RST',
  'response-lost': 'whether the upstream answered',
  'response-stalled': 'whether the upstream had sent the rest',
  'response-truncated': 'whether the upstream had sent the rest',
  'tls-closed': 'who ended the handshake',
  'tls-stalled': 'whether the ClientHello arrives, and what answers it',
  'upstream-silent': 'whether the upstream itself waited for somebody',
  'upstream-slow': 'whether the upstream itself waited for somebody',
  'zero-window': 'whether the upstream took what it got',
}

/** An upstream that waits may wait for somebody: its own connections are wanted as well. */
const WAITS: ReadonlySet<CauseCode> = new Set<CauseCode>(['upstream-silent', 'upstream-slow', 'dependency-slow'])
/** Causes that TCP's headers show. */
const OF_HEADERS: ReadonlySet<CauseCode> = new Set<CauseCode>([
  'accept-queue-full',
  'idle-drop',
  'mtu-blackhole',
  'request-undelivered',
  'reset-before-response',
  'reset-by-middlebox',
  'reset-mid-response',
  'response-lost',
  'zero-window',
])

/** What frames inside TLS say, to whoever has the keys. */
const READ_WITH_KEYS: ReadonlySet<CauseCode> = new Set<CauseCode>([
  'h2-goaway',
  'h2-stream-reset',
  'relayed-from-upstream',
  'response-header-too-large',
  'response-malformed',
  'tls-certificate-rejected',
  'tls-client-certificate-required',
  'tls-closed',
  'tls-unrecognized-name',
  'tls-version-or-cipher',
  'undetermined',
])

/**
 * What to capture next, most telling first; nothing where frames prove the cause, or where no capture would settle it.
 * `request`: null for a try whose client leg was not captured.
 */
export function missingFor(story: Story, request: Request | null, resolution: Resolution): MissingCapture[] {
  const { judgement, deciding } = resolution
  if (judgement === null) return []
  // What is certain of a relayed answer is that the cause lies further back.
  if (judgement.cause === 'relayed-from-upstream' && deciding !== null) return behind(deciding.attempt)
  if (judgement.confidence === 'certain') return []
  if (deciding === null) return request === null ? [] : upstreamSide(story, request, judgement)
  const gateway = gatewayOf(request)?.id ?? null
  return [
    ...proxySide(story, deciding, judgement, gateway),
    ...upstreamEnd(story, deciding.attempt, judgement),
    ...clientLeg(request, deciding.attempt, judgement, gateway),
  ]
}

function entry(
  place: CapturePlace,
  because: string,
  decides: readonly CauseCode[],
  keys: string | null = null,
): MissingCapture {
  const { start, stop } = pktmonCommands(place)
  return {
    vantage: place.vantage,
    because,
    decides: [...decides],
    command: tcpdumpCommand(place),
    windows: [...start, ...stop],
    ...(keys === null ? {} : { keys }),
  }
}

/** The cause named, and those that fit as well. */
const candidates = ({ cause, competing = [] }: Judgement): CauseCode[] => [
  ...new Set([cause, ...competing.map((rival) => rival.cause)]),
]

/** One hop further back: what answered is itself a proxy, and its own upstream side was not captured. */
function behind({ conversation }: Try): MissingCapture[] {
  if (conversation === null) return []
  const { server } = nearServer(conversation).connection
  const place: CapturePlace = { vantage: 'proxy-back', peers: [], names: true, depth: 'whole' }
  return [entry(place, `on ${server}, which answered by itself, to see what it asked of its own upstreams`, [])]
}

/** No try is known: whatever the proxy did towards its upstreams, also names asked and neighbours searched in vain. */
function upstreamSide(story: Story, request: Request, { cause }: Judgement): MissingCapture[] {
  const covered = coverage(story, request)
  const isOpen = cause === 'undetermined' || (cause === 'name-resolution-failed' && covered === null)
  if (!isOpen) return []
  const place: CapturePlace = { vantage: 'proxy-back', peers: [], names: true, depth: 'whole' }
  const on = `on ${frontOf(request)}`
  if (covered === null) return [entry(place, `${on}, to see what it tried towards its upstreams`, [])]
  const nothing = 'nothing here joins any of what it tried to the request'
  const keys = wasSealed(story, request) ? keyLogAdvice('upstream', gatewayOf(request)?.id ?? null) : null
  if (covered.capture !== serverView(request.turn).sighting.capture)
    return [entry(place, `${on}, both sides of the proxy in one capture: ${nothing}`, [], keys)]
  return [entry(place, `${on}, ${keys === null ? 'on all its interfaces' : 'with a key log'}: ${nothing}`, [], keys)]
}

/** The near end of the upstream leg: what the proxy sent and got, and inside TLS what that said. */
function proxySide(story: Story, tried: JudgedTry, judgement: Judgement, gateway: string | null): MissingCapture[] {
  const { conversation, pairing } = tried.attempt
  if (conversation === null) return []
  const { connection } = nearClient(conversation)
  const { tls, server, clientAddress } = connection
  const isUnread = tls !== null && tls.decryption.is !== 'decrypted'
  const inside = isUnread ? candidates(judgement).filter((cause) => READ_WITH_KEYS.has(cause)) : []
  const isDoubtful = isUnread && pairing.strength === 'weak' && pairing.by !== 'nothing'
  const keys = inside.length > 0 || isDoubtful ? keyLogAdvice('upstream', gateway) : null
  const place: CapturePlace = { vantage: 'proxy-back', peers: [peerOf(connection)], names: false, depth: 'whole' }
  if (!endsSeen(story, conversation).near) {
    const because = `on ${clientAddress}, to see what the proxy sent to ${server}, what reached it, and when it gave up`
    return [entry(place, because, rivals(judgement), keys)]
  }
  const facts = tried.verdict?.facts ?? null
  if (facts !== null && restsOnClocks(judgement.cause, facts)) {
    const because = `on ${clientAddress}, both sides of the proxy in one capture: the clocks of these do not tell what came first`
    return [entry({ ...place, peers: [] }, because, rivals(judgement), keys)]
  }
  if (keys === null) return []
  const what = isDoubtful
    ? `what was asked of ${server}: nothing but time joins it to the request`
    : `what ${server} and the proxy said inside TLS`
  return [entry(place, `with a key log, to read ${what}`, others(inside, judgement), keys)]
}

/** Without the cause that is named already, and what is no cause. */
const others = (causes: readonly CauseCode[], { cause: named }: Judgement): CauseCode[] =>
  causes.filter((cause) => cause !== named && cause !== 'undetermined')

const rivals = (judgement: Judgement): CauseCode[] => others(candidates(judgement), judgement)

/** The far end: what the proxy's side cannot tell apart. */
function upstreamEnd(story: Story, { conversation }: Try, judgement: Judgement): MissingCapture[] {
  if (conversation === null || endsSeen(story, conversation).far) return []
  const causes = candidates(judgement)
  const isUnknown = judgement.cause === 'undetermined'
  const decides = causes.filter((cause) => SEEN_AT_UPSTREAM[cause] !== undefined)
  if (decides.length === 0 && !isUnknown) return []
  const { connection } = nearServer(conversation)
  const waits = decides.some((cause) => WAITS.has(cause))
  const place: CapturePlace = {
    vantage: 'upstream',
    peers: waits ? [] : [peerOf(connection)],
    names: waits,
    depth: decides.length === 0 || isUnknown ? 'whole' : depthFor(decides),
  }
  const seen = [...new Set(decides.map((cause) => SEEN_AT_UPSTREAM[cause]!))]
  const what = seen.length === 0 ? 'what arrives, and what is sent' : seen.join(', and ')
  // Who waits may have waited for somebody, whether or not that is among the rivals.
  const open = [...new Set<CauseCode>([...decides, ...(waits ? (['dependency-slow'] as const) : [])])]
  return [entry(place, `on the host of ${connection.server}, to see ${what}`, others(open, judgement))]
}

function depthFor(causes: readonly CauseCode[]): Depth {
  // It never came to more.
  if (causes.includes('connect-timeout')) return 'handshakes'
  return causes.every((cause) => OF_HEADERS.has(cause)) ? 'headers' : 'whole'
}

/** What the client asked and got: not captured, or not to be read. */
function clientLeg(
  request: Request | null,
  { conversation }: Try,
  judgement: Judgement,
  gateway: string | null,
): MissingCapture[] {
  if (request === null) {
    const who = conversation === null ? 'the proxy' : nearClient(conversation).connection.clientAddress
    const place: CapturePlace = { vantage: 'proxy-front', peers: [], names: false, depth: 'whole' }
    return [entry(place, `on ${who}, to see what the client asked and got, and who gave up first`, rivals(judgement))]
  }
  const { exchange, sighting } = serverView(request.turn)
  if (!isSealed(exchange)) return []
  const place: CapturePlace = {
    vantage: 'proxy-front',
    peers: [peerOf(sighting.connection)],
    names: false,
    depth: 'whole',
  }
  const because = `with a key log, to read what ${sighting.connection.server} answered inside TLS`
  return [entry(place, because, [], keyLogAdvice('client', gateway))]
}

const peerOf = ({ serverAddress, serverPort }: Connection): CapturePlace['peers'][number] => ({
  address: serverAddress,
  port: serverPort,
})
