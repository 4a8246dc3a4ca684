// Statuses that a gateway gives to a failure of its own making.
import type { CauseCode } from '../diagnose/catalogue.ts'
import type { Failure } from './product.ts'
import { productOf } from './products.ts'

/** Any gateway: 500 and 502 to 504, with CDNs 520 to 527 and 530. A status outside says nothing about an upstream. */
export const gatewayStatuses: ReadonlySet<number> = new Set([
  500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 527, 530,
])

/**
 * Whether this product gives this status to some failure at the upstream. Without a known product, or where none of its
 * statuses is on record, 502 to 504 and 520 and up count; 500 does not, as applications use it for their own errors.
 */
export function isOwnDress(gatewayId: string | null, status: number): boolean {
  const statuses = Object.values(productOf(gatewayId)?.statuses ?? {}).filter((dress) => typeof dress === 'number')
  return statuses.length > 0 ? statuses.includes(status) : status !== 500 && gatewayStatuses.has(status)
}

/** Failures that a gateway waits for, and answers with 504 (RFC 9110 section 15.6.5); others get 502. */
const WAITED: ReadonlySet<Failure> = new Set<Failure>(['connect-timeout', 'read-timeout', 'tls-timeout', 'body-stall'])

/** The status that a gateway, of this product where it is known, most likely gives to a cause. */
export function inferredStatus(gatewayId: string | null, cause: CauseCode): number {
  const failure = FAILURE[cause]
  const dress = failure && productOf(gatewayId)?.statuses[failure]
  if (typeof dress === 'number') return dress
  if (failure === 'no-healthy-upstream') return 503
  return failure !== undefined && WAITED.has(failure) ? 504 : 502
}

const FAILURE: { readonly [cause in CauseCode]?: Failure } = {
  'connect-refused': 'connect-refused',
  'connect-unreachable': 'connect-unreachable',
  'connect-timeout': 'connect-timeout',
  'accept-queue-full': 'connect-timeout',
  'name-resolution-failed': 'name-resolution',
  'no-healthy-upstream': 'no-healthy-upstream',
  'tls-version-or-cipher': 'tls-failure',
  'tls-unrecognized-name': 'tls-failure',
  'tls-certificate-rejected': 'tls-failure',
  'tls-client-certificate-required': 'tls-failure',
  'tls-closed': 'tls-failure',
  'tls-stalled': 'tls-timeout',
  'protocol-tls-to-plaintext': 'tls-failure',
  'protocol-plaintext-to-tls': 'malformed-response',
  'protocol-other': 'malformed-response',
  'response-malformed': 'malformed-response',
  'response-header-too-large': 'header-too-large',
  'closed-without-response': 'closed-before-response',
  'response-truncated': 'body-truncated',
  'reset-before-response': 'reset-before-response',
  'reset-mid-response': 'body-truncated',
  'reset-by-middlebox': 'reset-before-response',
  'keepalive-race': 'keepalive-race',
  'request-undelivered': 'read-timeout',
  'idle-drop': 'read-timeout',
  'mtu-blackhole': 'read-timeout',
  'response-lost': 'read-timeout',
  'zero-window': 'read-timeout',
  'upstream-silent': 'read-timeout',
  'upstream-slow': 'read-timeout',
  'response-stalled': 'body-stall',
  'dependency-slow': 'read-timeout',
  'timeout-policy': 'read-timeout',
}
