// How to get the TLS key log that `--keys` reads, by who writes it. Only what the products' own documentation says.

/** The proxies of one make share a way. `front`: they can for the client leg; `back`: for the upstream leg. */
interface KeyLogging {
  of: readonly string[]
  front: string | null
  back: string | null
}

const PRELOAD =
  'preload a library that hooks OpenSSL (LD_PRELOAD=libsslkeylog.so, with SSLKEYLOGFILE set), where OpenSSL is linked dynamically'

const WAYS: readonly KeyLogging[] = [
  {
    of: ['envoy', 'istio', 'contour', 'envoy-gateway'],
    front: 'Envoy: `key_log` in the common_tls_context of the listener’s transport socket',
    back: 'Envoy: `key_log` in the common_tls_context of the cluster’s transport socket',
  },
  {
    of: ['nginx', 'openresty', 'tengine', 'ingress-nginx', 'f5-nginx-ingress', 'kong', 'apisix'],
    front: `nginx: \`ssl_key_log\` is in the commercial edition alone; otherwise ${PRELOAD}`,
    back: `nginx: \`proxy_ssl_key_log\` is in the commercial edition alone; otherwise ${PRELOAD}`,
  },
  {
    of: ['haproxy', 'openshift-router', 'haproxy-ingress'],
    front: 'HAProxy: `tune.ssl.keylog on`, and the ssl_fc_ secrets in the log format, a line of the key log each',
    back: null,
  },
  { of: ['caddy'], front: 'Caddy: `insecure_secrets_log FILE` in the site’s `tls` block', back: null },
  {
    of: ['trafficserver'],
    front: 'Traffic Server: `proxy.config.ssl.keylog_file`',
    back: 'Traffic Server: `proxy.config.ssl.keylog_file`',
  },
  { of: ['squid'], front: 'Squid: `tls_key_log`', back: 'Squid: `tls_key_log`' },
]

/** What holds of every key log: secrets are written as handshakes happen, and `--keys` wants them line by line. */
const ALWAYS =
  'It has to be on before the connections are opened: restart, or let pooled ones close. The file opens the traffic to whoever reads it. Diagnose with --keys FILE, with the capture from the handshake on.'

/**
 * How the secrets of a leg come into a file. Either end’s do. `gateway`: id of the proxy’s product, null when unknown.
 */
export function keyLogAdvice(leg: 'client' | 'upstream', gateway: string | null): string {
  const way = WAYS.find(({ of }) => gateway !== null && of.includes(gateway))
  const own = (leg === 'client' ? way?.front : way?.back) ?? null
  const atProxy = own ?? `at the proxy, ${PRELOAD}`
  const atPeer =
    leg === 'client'
      ? 'or at the client: curl and browsers write one to the file that SSLKEYLOGFILE names'
      : 'or at the upstream’s server, by the same means'
  return `A key log (NSS format) of either end: ${atProxy}; ${atPeer}. ${ALWAYS}`
}
