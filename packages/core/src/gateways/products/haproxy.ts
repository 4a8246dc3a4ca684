// HAProxy and what is built on it.
import type { Product, Statuses } from '../product.ts'

const HAPROXY: Statuses = {
  'connect-refused': 503,
  'connect-unreachable': 503,
  'connect-timeout': 503,
  'name-resolution': 503,
  'tls-failure': 503,
  'tls-timeout': 503,
  'no-healthy-upstream': 503,
  'closed-before-response': 502,
  'reset-before-response': 502,
  'keepalive-race': 502,
  'malformed-response': 502,
  'header-too-large': 502,
  'read-timeout': 504,
  'body-stall': 'truncate',
  'body-truncated': 'truncate',
  'queue-full': 503,
}

export const HAPROXY_PRODUCTS: readonly Product[] = [
  {
    id: 'haproxy',
    name: 'HAProxy',
    engine: 'haproxy',
    fingerprints: [
      {
        where: 'body',
        pattern:
          '^<html><body><h1>502 Bad Gateway</h1>\\r?\\nThe server returned an invalid or incomplete response\\.\\r?\\n</body></html>',
        evidence: 'made',
        status: 502,
      },
      {
        where: 'body',
        pattern:
          '^<html><body><h1>503 Service Unavailable</h1>\\r?\\nNo server is available to handle this request\\.\\r?\\n</body></html>',
        evidence: 'made',
        status: 503,
      },
      {
        where: 'body',
        pattern:
          "^<html><body><h1>504 Gateway Time-out</h1>\\r?\\nThe server didn't respond in time\\.\\r?\\n</body></html>",
        evidence: 'made',
        status: 504,
      },
      { where: 'header', name: 'content-length', pattern: '^107$', evidence: 'hint', status: 502 },
      { where: 'header', name: 'content-length', pattern: '^107$', evidence: 'hint', status: 503 },
      { where: 'header', name: 'content-length', pattern: '^92$', evidence: 'hint', status: 504 },
      { where: 'header', name: 'cache-control', pattern: '^no-cache$', evidence: 'hint' },
    ],
    statuses: HAPROXY,
    timers: [
      { phase: 'connect', setting: 'timeout connect', seconds: null, packaged: 5 },
      { phase: 'response', setting: 'timeout server', seconds: null, packaged: 50 },
      { phase: 'queue', setting: 'timeout queue', seconds: null, packaged: 5 },
      { phase: 'idle-client', setting: 'timeout http-keep-alive', seconds: null },
      { phase: 'response', setting: 'timeout tunnel', seconds: null },
      { phase: 'idle-upstream', setting: 'pool-purge-delay', seconds: 5 },
    ],
    headerLimit: { setting: 'tune.bufsize', bytes: 16384 },
    addsToRequest: [],
    addsToResponse: [],
  },
  {
    id: 'openshift-router',
    name: 'OpenShift router (HAProxy)',
    engine: 'haproxy',
    fingerprints: [{ where: 'body', pattern: '<h1>Application is not available</h1>', evidence: 'made', status: 503 }],
    statuses: HAPROXY,
    timers: [
      { phase: 'connect', setting: 'ROUTER_DEFAULT_CONNECT_TIMEOUT', seconds: 5 },
      { phase: 'response', setting: 'ROUTER_DEFAULT_SERVER_TIMEOUT', seconds: 30 },
      { phase: 'idle-client', setting: 'ROUTER_SLOWLORIS_HTTP_KEEPALIVE', seconds: 300 },
      { phase: 'response', setting: 'ROUTER_DEFAULT_TUNNEL_TIMEOUT', seconds: 3600 },
    ],
    headerLimit: { setting: 'tune.bufsize', bytes: null },
    addsToRequest: ['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-port', 'x-forwarded-proto', 'forwarded'],
    addsToResponse: [],
  },
  {
    id: 'haproxy-ingress',
    name: 'HAProxy Kubernetes Ingress Controller (haproxytech)',
    engine: 'haproxy',
    fingerprints: [],
    statuses: HAPROXY,
    timers: [
      { phase: 'connect', setting: 'timeout-connect', seconds: 5 },
      { phase: 'response', setting: 'timeout-server', seconds: 50 },
      { phase: 'queue', setting: 'timeout-queue', seconds: 5 },
    ],
    headerLimit: { setting: 'tune.bufsize', bytes: 16384 },
    addsToRequest: [],
    addsToResponse: [],
  },
]
