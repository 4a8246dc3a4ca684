// What to change, in the words of the product that failed: settings by name, with values that the incident suggests.
import { duration } from '../amounts.ts'
import { CATALOGUE, type CauseCode } from '../diagnose/catalogue.ts'
import type { TimerPhase } from './product.ts'
import { productOf } from './products.ts'
import { middleboxesForgettingAfter, serversClosingAfter } from './servers.ts'
import { SETTINGS, type Knob } from './settings.ts'
import { matchingTimer } from './timers.ts'

/** What is known of the incident; null where it is not. */
export interface RemedyContext {
  /** From the last byte of the request on the upstream leg to the gateway's error. */
  waitSeconds: number | null
  /** How long the upstream connection was idle before the request. */
  idleSeconds: number | null
  /** Address and port as printed in the document. */
  upstream: string | null
  /** Size of the response's header section, as far as it was seen. */
  headBytes: number | null
  /** What the upstream leg speaks, as an exchange's `protocol` says it. */
  protocol: string | null
}

/** One to three steps, the first for whoever owns the failure. */
export function remedies(cause: CauseCode, gatewayId: string | null, context: RemedyContext): string[] {
  const owner = ownersStep(cause, context)
  const gateway = gatewayStep(cause, gatewayId, context)
  const hint = neighbourStep(cause, gatewayId, context)
  // A balancer run as a service keeps its pool as long as it likes: then it is the server's timer that can move.
  const fixedPool = cause === 'keepalive-race' && gateway === null && productOf(gatewayId) !== null
  if (fixedPool && hint) return [hint, owner]
  const steps = CATALOGUE[cause].domain === 'proxy' && gateway ? [gateway, hint ?? owner] : [owner, gateway, hint]
  return steps.filter((step) => step !== null)
}

function ownersStep(cause: CauseCode, { upstream, waitSeconds }: RemedyContext): string {
  const who = upstream ?? 'the upstream'
  if (waitSeconds !== null) {
    if (cause === 'upstream-slow')
      return `Find what ${who} does for more than ${duration(waitSeconds)} before it answers.`
    if (cause === 'upstream-silent') {
      return `Find what became of the request on ${who}: it was delivered, and nothing came back within ${duration(waitSeconds)}.`
    }
    if (cause === 'closed-without-response' || cause === 'reset-before-response') {
      return `${CATALOGUE[cause].remedy} It came ${duration(waitSeconds)} after the request: compare with the time limits of ${who}.`
    }
  }
  if (cause === 'connect-refused' && upstream) {
    return `Start the server that should listen on ${upstream}, or correct the address or port that the proxy uses.`
  }
  return CATALOGUE[cause].remedy
}

/** Which setting each cause turns to, and with which words around it. */
const KNOBS: { readonly [cause in CauseCode]?: [Knob, (name: string, setting: string) => string] } = {
  'connect-refused': [
    'health',
    (name, setting) => `${name}: keep members that refuse out of rotation with ${setting}.`,
  ],
  'connect-unreachable': ['health', (name, setting) => `${name}: keep unreachable members out with ${setting}.`],
  'connect-timeout': [
    'connect',
    (name, setting) => `${name}: a short ${setting} lets a retry reach another member in time.`,
  ],
  'accept-queue-full': [
    'connect',
    (name, setting) => `${name}: raising ${setting} only moves the wait; fix the upstream.`,
  ],
  'name-resolution-failed': ['dns', (name, setting) => `${name}: see ${setting}.`],
  'no-healthy-upstream': [
    'health',
    (name, setting) => `${name}: compare ${setting} with how a healthy member behaves.`,
  ],
  'tls-version-or-cipher': [
    'tls-versions',
    (name, setting) => `${name}: set ${setting} to what the upstream supports.`,
  ],
  'tls-unrecognized-name': ['sni', (name, setting) => `${name}: set the server name with ${setting}.`],
  'tls-certificate-rejected': [
    'trust',
    (name, setting) => `${name}: check ${setting}; do not switch verification off.`,
  ],
  'tls-client-certificate-required': ['client-certificate', (name, setting) => `${name}: set ${setting}.`],
  'tls-stalled': ['connect', (name, setting) => `${name}: the handshake normally runs under ${setting}.`],
  'protocol-tls-to-plaintext': ['to-plain', (name, setting) => `${name}: ${setting}, or the upstream's TLS port.`],
  'protocol-plaintext-to-tls': ['to-tls', (name, setting) => `${name}: ${setting}, or the upstream's plaintext port.`],
  'response-header-too-large': ['header', (name, setting) => `${name}: ${setting}`],
  'closed-without-response': ['retry', retryStep],
  'reset-before-response': ['retry', retryStep],
  'h2-goaway': ['retry', retryStep],
  'h2-stream-reset': ['retry', retryStep],
  'keepalive-race': [
    'pool',
    (name, setting) => `${name}: close pooled connections before the upstream does: ${setting}`,
  ],
  'idle-drop': [
    'pool',
    (name, setting) => `${name}: give up pooled connections before the path forgets them: ${setting}`,
  ],
  'upstream-silent': ['response', waitStep],
  'upstream-slow': ['response', waitStep],
  'response-stalled': ['response', waitStep],
  'dependency-slow': ['response', waitStep],
  'timeout-policy': [
    'response',
    (name, setting) => `${name}: raise ${setting} above the time such answers normally take.`,
  ],
}

function retryStep(name: string, setting: string): string {
  return `${name}: idempotent requests can be repeated: ${setting}.`
}

function waitStep(name: string, setting: string): string {
  return `${name}: raise ${setting} only where answers are meant to take that long.`
}

function gatewayStep(cause: CauseCode, gatewayId: string | null, context: RemedyContext): string | null {
  const product = productOf(gatewayId)
  const [knob, words] = KNOBS[cause] ?? []
  if (!product || !knob || !words) return null
  const template = SETTINGS[product.id]?.[knob] ?? SETTINGS[product.engine]?.[knob]
  if (!template) return null
  const name = product.name.replace(/ \(.*/, '')
  const setting = inDialect(product.engine, context.protocol, fill(template, cause, context))
  return words(name, setting) + timerNote(product.id, knob, context)
}

/** nginx has the directives of its proxy module once more for each protocol that it speaks to an upstream. */
function inDialect(engine: string, protocol: string | null, setting: string): string {
  const prefix = protocol === null || engine !== 'nginx' ? undefined : NGINX_MODULES[protocol]
  return prefix === undefined ? setting : setting.replaceAll('proxy_', `${prefix}_`)
}

const NGINX_MODULES: { readonly [protocol: string]: string | undefined } = {
  http2: 'grpc',
  fastcgi: 'fastcgi',
  uwsgi: 'uwsgi',
  scgi: 'scgi',
}

/** Puts values in: an idle limit safely below the gap that failed, a buffer safely above the head that did not fit. */
function fill(template: string, cause: CauseCode, { idleSeconds, headBytes }: RemedyContext): string {
  const bytes = 2 ** Math.ceil(Math.log2(Math.max(16_384, (headBytes ?? 0) * 1.25)))
  const idle = cause === 'idle-drop' ? forgottenAfter(idleSeconds) : idleSeconds
  return template
    .replaceAll('{bytes}', String(bytes))
    .replaceAll('{kilobytes}', String(bytes / 1024))
    .replaceAll('{seconds}', String(below(idle ?? 5)))
}

/** A round number below an idle limit, with room for a round trip and for a coarse clock. */
function below(limit: number): number {
  return Math.max(1, limit > 10 ? Math.floor(limit * 0.9) : Math.ceil(limit - 0.5) - 1)
}

/** The longest known idle limit that had passed, or the gap itself. */
function forgottenAfter(idleSeconds: number | null): number | null {
  return idleSeconds === null ? null : (middleboxesForgettingAfter(idleSeconds)[0]?.tcpIdleSeconds ?? idleSeconds)
}

const PHASES: { readonly [knob in Knob]?: readonly TimerPhase[] } = {
  response: ['response', 'total'],
  connect: ['connect'],
}

function timerNote(gatewayId: string, knob: Knob, { waitSeconds, protocol }: RemedyContext): string {
  if (waitSeconds === null) return ''
  const engine = productOf(gatewayId)?.engine ?? ''
  for (const phase of PHASES[knob] ?? []) {
    const timer = matchingTimer(gatewayId, phase, waitSeconds)
    if (timer)
      return ` The wait of ${duration(waitSeconds)} is about the default of ${inDialect(engine, protocol, timer.setting)} (${timer.defaultSeconds} s).`
  }
  return ''
}

/** Who else has a timer like the gap: the server that closed, or the box that forgot. A hint, said as one. */
function neighbourStep(cause: CauseCode, gatewayId: string | null, { idleSeconds }: RemedyContext): string | null {
  if (idleSeconds === null) return null
  if (cause === 'keepalive-race') {
    const names = serversClosingAfter(idleSeconds).map((server) => server.name)
    const pool = productOf(gatewayId)?.timers.find((timer) => timer.phase === 'idle-upstream')?.seconds
    const above = pool ? `the proxy's pool timer (${pool} s by default)` : "the proxy's pool timer"
    const who =
      names.length > 0 ? ` The idle time of ${duration(idleSeconds)} is about the default limit of ${list(names)}.` : ''
    return `Raise the upstream's keep-alive timeout above ${above}.${who}`
  }
  if (cause === 'idle-drop' || (cause === 'reset-by-middlebox' && idleSeconds >= 60)) {
    const limit = forgottenAfter(idleSeconds)
    const boxes = middleboxesForgettingAfter(idleSeconds).filter((box) => box.tcpIdleSeconds === limit)
    if (boxes.length === 0) return null
    return `Idle for ${duration(idleSeconds)}: ${list(boxes.map((box) => box.name))} would forget after ${limit} s. Look for one on the path.`
  }
  return null
}

function list(names: string[]): string {
  const shown = names.slice(0, 4)
  return names.length > shown.length ? `${shown.join(', ')} and others` : shown.join(', ')
}
