// The causes a diagnosis can name: one row a code. The table is checked by the compiler: a missing code does not compile.

export type Domain = 'proxy' | 'load-balancer' | 'upstream' | 'dependency' | 'network' | 'name-service' | 'unknown'
export type CauseClass =
  | 'connect-failure'
  | 'network-stall'
  | 'slow-upstream'
  | 'name-resolution'
  | 'no-healthy-upstream'
  | 'tls-failure'
  | 'protocol-mismatch'
  | 'bad-response'
  | 'upstream-closed'
  | 'upstream-reset'
  | 'mtu'
  | 'timeout-policy'
  | 'relayed'
  | 'undetermined'
export type CauseCode =
  | 'connect-refused'
  | 'connect-unreachable'
  | 'connect-timeout'
  | 'accept-queue-full'
  | 'name-resolution-failed'
  | 'no-healthy-upstream'
  | 'tls-version-or-cipher'
  | 'tls-unrecognized-name'
  | 'tls-certificate-rejected'
  | 'tls-client-certificate-required'
  | 'tls-closed'
  | 'tls-stalled'
  | 'protocol-tls-to-plaintext'
  | 'protocol-plaintext-to-tls'
  | 'protocol-other'
  | 'response-malformed'
  | 'response-header-too-large'
  | 'closed-without-response'
  | 'response-truncated'
  | 'reset-before-response'
  | 'reset-mid-response'
  | 'reset-by-middlebox'
  | 'h2-goaway'
  | 'h2-stream-reset'
  | 'keepalive-race'
  | 'request-undelivered'
  | 'idle-drop'
  | 'mtu-blackhole'
  | 'response-lost'
  | 'zero-window'
  | 'upstream-silent'
  | 'upstream-slow'
  | 'response-stalled'
  | 'dependency-slow'
  | 'timeout-policy'
  | 'relayed-from-upstream'
  | 'undetermined'

export interface CauseEntry {
  class: CauseClass
  /** Whose failure it normally is; a judge may name another domain where packets show it. */
  domain: Domain
  /** Headline for a person: a few words. */
  title: string
  /** What to change, for any product: one or two sentences in the imperative. */
  remedy: string
}

export const CATALOGUE: { readonly [code in CauseCode]: CauseEntry } = {
  'connect-refused': {
    class: 'connect-failure',
    domain: 'upstream',
    title: 'Connection refused',
    remedy:
      "Start the server on the upstream's address and port, or correct the address, port or pod selector that the proxy uses.",
  },
  'connect-unreachable': {
    class: 'connect-failure',
    domain: 'network',
    title: 'Upstream unreachable',
    remedy:
      'Repair the route, the firewall rule or the neighbour entry between proxy and upstream; the sender of the ICMP message is where to start.',
  },
  'connect-timeout': {
    class: 'network-stall',
    domain: 'network',
    title: 'Connect timed out',
    remedy:
      'Find where the SYN is dropped: a security group, a firewall, a missing route, or a host that is down. Take the upstream out of rotation until it answers.',
  },
  'accept-queue-full': {
    class: 'slow-upstream',
    domain: 'upstream',
    title: 'Accept queue full',
    remedy:
      'Let the upstream accept faster (more workers, nothing blocking the accept loop), then raise its listen backlog together with net.core.somaxconn.',
  },
  'name-resolution-failed': {
    class: 'name-resolution',
    domain: 'name-service',
    title: 'Name resolution failed',
    remedy:
      'Correct the record or the name, or restore the name server that the proxy asks; let the proxy re-resolve and keep the last good answer.',
  },
  'no-healthy-upstream': {
    class: 'no-healthy-upstream',
    domain: 'load-balancer',
    title: 'No healthy upstream',
    remedy:
      "Look at why the members left rotation: the failing health checks or the attempts before. Check that the check's path, port and limits fit a healthy member.",
  },
  'tls-version-or-cipher': {
    class: 'tls-failure',
    domain: 'proxy',
    title: 'TLS parameters do not match',
    remedy:
      'Give both ends a protocol version, cipher suite, signature algorithm and ALPN protocol in common, normally by enabling TLS 1.2 or later on the older end.',
  },
  'tls-unrecognized-name': {
    class: 'tls-failure',
    domain: 'proxy',
    title: 'TLS server name rejected',
    remedy:
      "Send the server name that the upstream serves in the ClientHello (SNI), not the pool's name or the IP address.",
  },
  'tls-certificate-rejected': {
    class: 'tls-failure',
    domain: 'upstream',
    title: 'Upstream certificate rejected',
    remedy:
      "Renew or replace the upstream's certificate with its full chain, or give the proxy the issuing CA and the name it should verify.",
  },
  'tls-client-certificate-required': {
    class: 'tls-failure',
    domain: 'proxy',
    title: 'Client certificate required',
    remedy:
      'Configure a client certificate and key on the proxy for this upstream, from a CA that the upstream names in its CertificateRequest.',
  },
  'tls-closed': {
    class: 'tls-failure',
    domain: 'upstream',
    title: 'Closed during TLS handshake',
    remedy:
      "Read the upstream's own TLS log for the moment of the close: a missing key, a crash, a policy, or a TCP balancer with no member behind it.",
  },
  'tls-stalled': {
    class: 'tls-failure',
    domain: 'upstream',
    title: 'TLS handshake stalled',
    remedy:
      'Find what blocks the upstream inside the handshake: CPU, a blocked worker, a key service or revocation check. Check that large handshake flights get through the path.',
  },
  'protocol-tls-to-plaintext': {
    class: 'protocol-mismatch',
    domain: 'proxy',
    title: 'TLS sent to a plaintext port',
    remedy: "Make the proxy speak plain HTTP to this port, or point it at the upstream's TLS port.",
  },
  'protocol-plaintext-to-tls': {
    class: 'protocol-mismatch',
    domain: 'proxy',
    title: 'Plaintext sent to a TLS port',
    remedy: 'Make the proxy speak TLS to this upstream, or point it at the plaintext port.',
  },
  'protocol-other': {
    class: 'protocol-mismatch',
    domain: 'proxy',
    title: 'Wrong protocol on the upstream port',
    remedy:
      'Point the proxy at the port that speaks the protocol it uses, or switch the proxy to the protocol of that port.',
  },
  'response-malformed': {
    class: 'bad-response',
    domain: 'upstream',
    title: 'Malformed response',
    remedy:
      "Correct the application or library that writes the response: the finding names the line that breaks the grammar. Do not loosen the proxy's parser.",
  },
  'response-header-too-large': {
    class: 'bad-response',
    domain: 'proxy',
    title: 'Response header section too large',
    remedy:
      "Shrink the header section (cookies, tokens, policies); where it has to be that large, raise the proxy's limit above it.",
  },
  'closed-without-response': {
    class: 'upstream-closed',
    domain: 'upstream',
    title: 'Closed without a response',
    remedy:
      "Look in the upstream's log at the moment of the FIN: a crashed or recycled worker, an unhandled error, or a worker timeout shorter than the work.",
  },
  'response-truncated': {
    class: 'upstream-closed',
    domain: 'upstream',
    title: 'Response cut short',
    remedy:
      'Find why the upstream ended early (crash, worker limit, a write timeout), or correct a Content-Length that promises more than is sent.',
  },
  'reset-before-response': {
    class: 'upstream-reset',
    domain: 'upstream',
    title: 'Reset before the response',
    remedy:
      'Look for a crash, a kill (out of memory, worker timeout) or a close with unread request data on the upstream at the moment of the RST.',
  },
  'reset-mid-response': {
    class: 'upstream-reset',
    domain: 'upstream',
    title: 'Reset during the response',
    remedy: 'Look for a crash, a kill or an abortive close on the upstream while it was writing the response.',
  },
  'reset-by-middlebox': {
    class: 'upstream-reset',
    domain: 'network',
    title: 'Reset by a middlebox',
    remedy:
      'Find the firewall, balancer or IPS between proxy and upstream that sent the RST, and correct its rule or its idle limit.',
  },
  'h2-goaway': {
    class: 'upstream-closed',
    domain: 'upstream',
    title: 'HTTP/2 connection shut down',
    remedy:
      'Let the upstream drain: GOAWAY first, then time for open streams. Let the proxy repeat streams above the last-stream-id, which were not processed.',
  },
  'h2-stream-reset': {
    class: 'upstream-reset',
    domain: 'upstream',
    title: 'HTTP/2 stream reset',
    remedy:
      "Act on the error code: REFUSED_STREAM may be repeated, ENHANCE_YOUR_CALM asks for less, HTTP_1_1_REQUIRED for HTTP/1.1, INTERNAL_ERROR is the upstream's fault.",
  },
  'keepalive-race': {
    class: 'upstream-closed',
    domain: 'proxy',
    title: 'Keep-alive race',
    remedy:
      "Keep the proxy's idle timer for pooled connections below the upstream's keep-alive timeout, and repeat idempotent requests once on a fresh connection.",
  },
  'request-undelivered': {
    class: 'network-stall',
    domain: 'network',
    title: 'Request never delivered',
    remedy:
      'Find the loss between proxy and upstream: a host that died, a link or route that changed, or a filter that lets the handshake through and drops data.',
  },
  'idle-drop': {
    class: 'network-stall',
    domain: 'network',
    title: 'Idle connection forgotten',
    remedy:
      'Keep pooled connections shorter than the idle limit of the firewall or NAT on the path, or send TCP keep-alives well below that limit.',
  },
  'mtu-blackhole': {
    class: 'mtu',
    domain: 'network',
    title: 'MTU black hole',
    remedy:
      'Let ICMP fragmentation-needed and packet-too-big through, or clamp the TCP MSS to the path MTU where the tunnel begins.',
  },
  'response-lost': {
    class: 'network-stall',
    domain: 'network',
    title: 'Response lost on the way',
    remedy:
      'Find the loss between upstream and proxy: interface errors, drops in queues or virtual switches, an overloaded or asymmetric path.',
  },
  'zero-window': {
    class: 'network-stall',
    domain: 'upstream',
    title: 'Receiver stopped reading',
    remedy: 'Find why the receiver left its socket buffer full: a blocked worker, a disk, or a slow reader further on.',
  },
  'upstream-silent': {
    class: 'slow-upstream',
    domain: 'upstream',
    title: 'Upstream never answered',
    remedy:
      'Look at what the upstream did with this request: a deadlock, an exhausted worker or connection pool, or work without a time limit.',
  },
  'upstream-slow': {
    class: 'slow-upstream',
    domain: 'upstream',
    title: 'Upstream too slow',
    remedy:
      "Find what the upstream spends the time on; move long work out of the request, or raise the proxy's timeout only where such answers are meant to take that long.",
  },
  'response-stalled': {
    class: 'slow-upstream',
    domain: 'upstream',
    title: 'Response stalled',
    remedy:
      "Find what the upstream waits for between the parts of its response; send something at intervals below the proxy's read timeout where pauses are meant.",
  },
  'dependency-slow': {
    class: 'slow-upstream',
    domain: 'dependency',
    title: 'Dependency too slow',
    remedy:
      "Look at the dependency that the upstream waited on, and give the upstream's own calls a time limit below the proxy's.",
  },
  'timeout-policy': {
    class: 'timeout-policy',
    domain: 'proxy',
    title: 'Proxy timeout too short',
    remedy:
      "Set the proxy's timeout above the time in which this upstream answers such requests, or make the requests shorter; limits should shrink from the client inwards.",
  },
  'relayed-from-upstream': {
    class: 'relayed',
    domain: 'upstream',
    title: 'Relayed from behind the upstream',
    remedy: 'Diagnose one hop further back: capture between this upstream and whatever it calls.',
  },
  undetermined: {
    class: 'undetermined',
    domain: 'unknown',
    title: 'Not determined',
    remedy: 'Capture at the missing vantage point with the command given, and diagnose all captures together.',
  },
}
