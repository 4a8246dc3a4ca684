// The judges in the order in which they are heard: what the packets say most plainly comes first. The first that
// recognises its cause gives the primary one; what later ones have to say stands beside it.
import type { CauseCode } from '../catalogue.ts'
import type { Judge } from '../judgement.ts'
import acceptQueueFull from './accept-queue-full.ts'
import closedWithoutResponse from './closed-without-response.ts'
import connectRefused from './connect-refused.ts'
import connectTimeout from './connect-timeout.ts'
import connectUnreachable from './connect-unreachable.ts'
import dependencySlow from './dependency-slow.ts'
import h2Goaway from './h2-goaway.ts'
import h2StreamReset from './h2-stream-reset.ts'
import idleDrop from './idle-drop.ts'
import keepaliveRace from './keepalive-race.ts'
import mtuBlackhole from './mtu-blackhole.ts'
import protocolOther from './protocol-other.ts'
import protocolPlaintextToTls from './protocol-plaintext-to-tls.ts'
import protocolTlsToPlaintext from './protocol-tls-to-plaintext.ts'
import relayedFromUpstream from './relayed-from-upstream.ts'
import requestUndelivered from './request-undelivered.ts'
import resetBeforeResponse from './reset-before-response.ts'
import resetByMiddlebox from './reset-by-middlebox.ts'
import resetMidResponse from './reset-mid-response.ts'
import responseHeaderTooLarge from './response-header-too-large.ts'
import responseLost from './response-lost.ts'
import responseMalformed from './response-malformed.ts'
import responseStalled from './response-stalled.ts'
import responseTruncated from './response-truncated.ts'
import timeoutPolicy from './timeout-policy.ts'
import tlsCertificateRejected from './tls-certificate-rejected.ts'
import tlsClientCertificateRequired from './tls-client-certificate-required.ts'
import tlsClosed from './tls-closed.ts'
import tlsStalled from './tls-stalled.ts'
import tlsUnrecognizedName from './tls-unrecognized-name.ts'
import tlsVersionOrCipher from './tls-version-or-cipher.ts'
import upstreamSilent from './upstream-silent.ts'
import upstreamSlow from './upstream-slow.ts'
import zeroWindow from './zero-window.ts'

export const JUDGES: readonly (readonly [CauseCode, Judge])[] = [
  ['connect-refused', connectRefused],
  ['connect-unreachable', connectUnreachable],
  ['accept-queue-full', acceptQueueFull],
  ['connect-timeout', connectTimeout],
  ['protocol-plaintext-to-tls', protocolPlaintextToTls],
  ['protocol-tls-to-plaintext', protocolTlsToPlaintext],
  ['protocol-other', protocolOther],
  ['tls-unrecognized-name', tlsUnrecognizedName],
  ['tls-version-or-cipher', tlsVersionOrCipher],
  ['tls-client-certificate-required', tlsClientCertificateRequired],
  ['tls-certificate-rejected', tlsCertificateRejected],
  ['relayed-from-upstream', relayedFromUpstream],
  ['h2-goaway', h2Goaway],
  ['h2-stream-reset', h2StreamReset],
  ['idle-drop', idleDrop],
  ['reset-by-middlebox', resetByMiddlebox],
  ['tls-closed', tlsClosed],
  ['keepalive-race', keepaliveRace],
  ['response-header-too-large', responseHeaderTooLarge],
  ['response-malformed', responseMalformed],
  ['reset-before-response', resetBeforeResponse],
  ['reset-mid-response', resetMidResponse],
  ['closed-without-response', closedWithoutResponse],
  ['response-truncated', responseTruncated],
  ['zero-window', zeroWindow],
  ['mtu-blackhole', mtuBlackhole],
  ['request-undelivered', requestUndelivered],
  ['response-lost', responseLost],
  ['tls-stalled', tlsStalled],
  ['dependency-slow', dependencySlow],
  ['timeout-policy', timeoutPolicy],
  ['upstream-slow', upstreamSlow],
  ['response-stalled', responseStalled],
  ['upstream-silent', upstreamSilent],
]
