// Envoy and what is built on it.
import type { Product, Statuses } from '../product.ts'

const ENVOY: Statuses = {
  'connect-refused': 503,
  'connect-unreachable': 503,
  'connect-timeout': 503,
  'name-resolution': 503,
  'tls-failure': 503,
  'tls-timeout': 503,
  'no-healthy-upstream': 503,
  'closed-before-response': 503,
  'reset-before-response': 503,
  'keepalive-race': 503,
  'malformed-response': 502,
  'read-timeout': 504,
  'body-stall': 'truncate',
  'body-truncated': 'truncate',
  'queue-full': 503,
}

export const ENVOY_PRODUCTS: readonly Product[] = [
  {
    id: 'envoy',
    name: 'Envoy',
    engine: 'envoy',
    fingerprints: [
      {
        where: 'body',
        pattern:
          '^upstream connect error or disconnect/reset before headers\\. (retried and the latest )?reset reason: ',
        evidence: 'made',
      },
      { where: 'body', pattern: '^upstream request timeout$', evidence: 'made', status: 504 },
      { where: 'body', pattern: '^no healthy upstream$', evidence: 'made', status: 503 },
      { where: 'body', pattern: '^stream timeout$', evidence: 'made' },
      { where: 'body', pattern: '^upstream max stream duration reached$', evidence: 'made' },
      { where: 'header', name: 'x-envoy-overloaded', pattern: '^true$', evidence: 'made' },
      { where: 'header', name: 'x-envoy-upstream-service-time', pattern: '^\\d+$', evidence: 'passed' },
      { where: 'header', name: 'server', pattern: '^envoy$', evidence: 'passed' },
    ],
    requestMarks: [
      { name: 'x-envoy-expected-rq-timeout-ms', pattern: '^\\d+$' },
      { name: 'x-envoy-external-address', pattern: '.' },
      { name: 'x-envoy-internal', pattern: '.' },
      { name: 'x-envoy-attempt-count', pattern: '^\\d+$' },
      { name: 'x-envoy-original-path', pattern: '.' },
    ],
    statuses: ENVOY,
    timers: [
      { phase: 'total', setting: 'route timeout', seconds: 15 },
      { phase: 'connect', setting: 'cluster connect_timeout', seconds: 5 },
      { phase: 'response', setting: 'stream_idle_timeout', seconds: 300 },
      { phase: 'response', setting: 'retry per_try_timeout', seconds: null },
      { phase: 'idle-upstream', setting: 'upstream idle_timeout', seconds: 3600 },
      { phase: 'idle-client', setting: 'downstream idle_timeout', seconds: 3600 },
      { phase: 'response', setting: 'tcp_proxy idle_timeout', seconds: 3600 },
    ],
    addsToRequest: ['x-forwarded-proto', 'x-request-id', 'x-envoy-expected-rq-timeout-ms'],
    addsToResponse: ['server', 'date', 'x-envoy-upstream-service-time', 'x-envoy-overloaded'],
  },
  {
    id: 'istio',
    name: 'Istio (sidecar or gateway Envoy)',
    engine: 'envoy',
    fingerprints: [{ where: 'header', name: 'server', pattern: '^istio-envoy$', evidence: 'passed' }],
    requestMarks: [
      { name: 'x-envoy-peer-metadata-id', pattern: '.' },
      { name: 'x-envoy-decorator-operation', pattern: '.' },
      { name: 'x-forwarded-client-cert', pattern: 'spiffe://' },
    ],
    statuses: ENVOY,
    timers: [
      { phase: 'connect', setting: 'meshConfig.connectTimeout', seconds: 10 },
      { phase: 'total', setting: 'VirtualService timeout', seconds: null },
      { phase: 'idle-upstream', setting: 'DestinationRule connectionPool.http.idleTimeout', seconds: 3600 },
    ],
    addsToRequest: ['x-request-id', 'x-forwarded-proto', 'x-envoy-attempt-count', 'x-forwarded-client-cert'],
    addsToResponse: ['server', 'x-envoy-upstream-service-time'],
  },
  {
    id: 'contour',
    name: 'Contour (Envoy)',
    engine: 'envoy',
    fingerprints: [],
    statuses: ENVOY,
    timers: [
      { phase: 'connect', setting: 'connect-timeout', seconds: 2 },
      { phase: 'total', setting: 'response timeout', seconds: 15 },
      { phase: 'idle-client', setting: 'connection-idle-timeout', seconds: 60 },
    ],
    addsToRequest: ['x-forwarded-proto', 'x-request-id'],
    addsToResponse: ['server', 'x-envoy-upstream-service-time'],
  },
  {
    id: 'envoy-gateway',
    name: 'Envoy Gateway',
    engine: 'envoy',
    fingerprints: [],
    statuses: ENVOY,
    timers: [
      { phase: 'connect', setting: 'TCP connectTimeout', seconds: 10 },
      { phase: 'total', setting: 'HTTPRoute timeouts.request', seconds: null },
    ],
    addsToRequest: ['x-forwarded-proto', 'x-request-id'],
    addsToResponse: ['server'],
  },
]
