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
  'connect-refused': { class: 'connect-failure', domain: 'upstream', title: '', remedy: '' },
  'connect-unreachable': { class: 'connect-failure', domain: 'network', title: '', remedy: '' },
  'connect-timeout': { class: 'network-stall', domain: 'network', title: '', remedy: '' },
  'accept-queue-full': { class: 'slow-upstream', domain: 'upstream', title: '', remedy: '' },
  'name-resolution-failed': { class: 'name-resolution', domain: 'name-service', title: '', remedy: '' },
  'no-healthy-upstream': { class: 'no-healthy-upstream', domain: 'load-balancer', title: '', remedy: '' },
  'tls-version-or-cipher': { class: 'tls-failure', domain: 'proxy', title: '', remedy: '' },
  'tls-unrecognized-name': { class: 'tls-failure', domain: 'proxy', title: '', remedy: '' },
  'tls-certificate-rejected': { class: 'tls-failure', domain: 'upstream', title: '', remedy: '' },
  'tls-client-certificate-required': { class: 'tls-failure', domain: 'proxy', title: '', remedy: '' },
  'tls-closed': { class: 'tls-failure', domain: 'upstream', title: '', remedy: '' },
  'tls-stalled': { class: 'tls-failure', domain: 'upstream', title: '', remedy: '' },
  'protocol-tls-to-plaintext': { class: 'protocol-mismatch', domain: 'proxy', title: '', remedy: '' },
  'protocol-plaintext-to-tls': { class: 'protocol-mismatch', domain: 'proxy', title: '', remedy: '' },
  'protocol-other': { class: 'protocol-mismatch', domain: 'proxy', title: '', remedy: '' },
  'response-malformed': { class: 'bad-response', domain: 'upstream', title: '', remedy: '' },
  'response-header-too-large': { class: 'bad-response', domain: 'proxy', title: '', remedy: '' },
  'closed-without-response': { class: 'upstream-closed', domain: 'upstream', title: '', remedy: '' },
  'response-truncated': { class: 'upstream-closed', domain: 'upstream', title: '', remedy: '' },
  'reset-before-response': { class: 'upstream-reset', domain: 'upstream', title: '', remedy: '' },
  'reset-mid-response': { class: 'upstream-reset', domain: 'upstream', title: '', remedy: '' },
  'reset-by-middlebox': { class: 'upstream-reset', domain: 'network', title: '', remedy: '' },
  'h2-goaway': { class: 'upstream-closed', domain: 'upstream', title: '', remedy: '' },
  'h2-stream-reset': { class: 'upstream-reset', domain: 'upstream', title: '', remedy: '' },
  'keepalive-race': { class: 'upstream-closed', domain: 'proxy', title: '', remedy: '' },
  'request-undelivered': { class: 'network-stall', domain: 'network', title: '', remedy: '' },
  'idle-drop': { class: 'network-stall', domain: 'network', title: '', remedy: '' },
  'mtu-blackhole': { class: 'mtu', domain: 'network', title: '', remedy: '' },
  'response-lost': { class: 'network-stall', domain: 'network', title: '', remedy: '' },
  'zero-window': { class: 'network-stall', domain: 'upstream', title: '', remedy: '' },
  'upstream-silent': { class: 'slow-upstream', domain: 'upstream', title: '', remedy: '' },
  'upstream-slow': { class: 'slow-upstream', domain: 'upstream', title: '', remedy: '' },
  'response-stalled': { class: 'slow-upstream', domain: 'upstream', title: '', remedy: '' },
  'dependency-slow': { class: 'slow-upstream', domain: 'dependency', title: '', remedy: '' },
  'timeout-policy': { class: 'timeout-policy', domain: 'proxy', title: '', remedy: '' },
  'relayed-from-upstream': { class: 'relayed', domain: 'upstream', title: '', remedy: '' },
  undetermined: { class: 'undetermined', domain: 'unknown', title: '', remedy: '' },
}
