// A TLS handshake in words and findings: what was offered, chosen, shown and said.
import { cipherSuiteName, isGrease } from '../app/tls/cipher-suites.ts'
import type { CertificateChain, ClientHello, HandshakeMessage } from '../app/tls/facts.ts'
import { alertName, groupName, handshakeName, versionName } from '../app/tls/names.ts'
import { SERVER } from '../observe/observations.ts'
import type { Finding } from '../report/document.ts'
import { certificateDefects } from './certificate-defects.ts'
import type { Facts } from './facts.ts'
import { type Ending, type EndingAlert, type Handshake, isAlert, type Peer, TLS_1_3 } from './handshake.ts'
import { duration, plural } from './judgement.ts'

/** Names listed of a longer list. */
const LISTED = 6

/** Signals among the suites that are none (RFC 5746 section 3.3, RFC 7507). */
const RENEGOTIATION_INFO_SCSV = 0x00ff
const FALLBACK_SCSV = 0x5600

const list = (names: readonly string[]): string =>
  names.length <= LISTED + 1
    ? names.join(', ')
    : `${names.slice(0, LISTED).join(', ')} and ${names.length - LISTED} more`

/** Names in hellos and certificates are anything: what cannot be printed is left out, and the rest is kept short. */
const printable = (text: string): string => text.replace(/\p{C}/gu, '').slice(0, 120)

const known = (codes: readonly number[]): number[] => codes.filter((code) => !isGrease(code))

/** Cipher suites offered, without GREASE and signals. */
export const suitesOf = ({ ciphers }: ClientHello): number[] =>
  known(ciphers).filter((code) => code !== RENEGOTIATION_INFO_SCSV && code !== FALLBACK_SCSV)

/** "TLS 1.2, TLS 1.3", the lowest first. */
export const versionsOf = ({ versions }: ClientHello): string =>
  known(versions)
    .toSorted((a, b) => a - b)
    .map(versionName)
    .join(', ')

/** "SNI app.internal". */
export const nameOf = ({ serverName }: { serverName: string | null }): string =>
  serverName === null ? 'no SNI' : `SNI ${printable(serverName)}`

/** The ClientHello, as a finding. */
export function offered({ near }: Facts, { hello }: Handshake): Finding {
  const ciphers = suitesOf(hello)
  const groups = known(hello.groups)
  const words = [
    versionsOf(hello),
    nameOf(hello),
    hello.alpn.length === 0 ? 'no ALPN' : `ALPN ${list(hello.alpn.map(printable))}`,
    `${plural(ciphers.length, 'cipher suite')} (${list(ciphers.map(cipherSuiteName))})`,
    ...(groups.length === 0 ? [] : [`groups ${list(groups.map(groupName))}`]),
  ]
  const text = `the proxy's ClientHello offered ${words.join('; ')}${hello.incomplete ? '; the capture lacks the rest' : ''}`
  return { text, frames: [near.ref(hello.first)] }
}

/** "TLS 1.2, TLS_RSA_WITH_AES_128_CBC_SHA". */
export const choiceOf = ({ version, cipher }: { version: number; cipher: number }): string =>
  `${versionName(version)}, ${cipherSuiteName(cipher)}`

/** The ServerHello, as a finding; none where there was none. */
export function chosen({ near }: Facts, { tls, hello }: Handshake): Finding[] {
  const { serverHello, helloRetryRequest } = tls
  const retry: Finding[] =
    helloRetryRequest === null
      ? []
      : [
          {
            text: `the upstream asked for another ClientHello${helloRetryRequest.group > 0 ? ` with a key share of ${groupName(helloRetryRequest.group)}` : ''} (HelloRetryRequest)`,
            frames: [near.ref(helloRetryRequest.first)],
          },
        ]
  if (serverHello === null) return retry
  const hidden = serverHello.version >= TLS_1_3 && tls.decryption.is !== 'decrypted'
  const alpn =
    serverHello.alpn !== null
      ? `, ALPN ${printable(serverHello.alpn)}`
      : hello.alpn.length === 0 || hidden
        ? ''
        : ', none of the ALPN protocols'
  const resumed = tls.resumed === true ? ', and resumed a former session' : ''
  const text = `the upstream's ServerHello chose ${choiceOf(serverHello)}${alpn}${resumed}`
  return [...retry, { text, frames: [near.ref(serverHello.first)] }]
}

/** "fatal alert unknown_ca"; "encrypted alert". */
export const alertWords = ({ alert }: EndingAlert): string =>
  alert.description < 0
    ? 'an encrypted alert'
    : `the ${alert.level === 2 ? 'fatal ' : ''}alert ${alertName(alert.description)}`

/** The alert or close as a finding: who sent it, behind which message, how long after it. */
export function endingFinding(facts: Facts, handshake: Handshake, ending: Ending): Finding {
  const from = ending.by === 'proxy' ? 'the proxy' : 'the upstream'
  const notified = handshake.tls.alerts.some(
    ({ at, description }) => at.frame === ending.moment.frame && description === 0,
  )
  const what = isAlert(ending)
    ? alertWords(ending)
    : `${notified ? 'close_notify' : ending.how}, with no other alert before it,`
  return { text: `${what} from ${from}${behind(facts, handshake, ending)}`, frames: [facts.near.ref(ending.moment)] }
}

/** " 1.2 ms after the ServerHelloDone of the upstream"; '' where there was no message. */
export function behind({ near }: Facts, { tls }: Handshake, { at, moment }: Ending): string {
  const before = tls.messages.findLast(({ last }) => last.frame < moment.frame)
  return before === undefined ? '' : ` ${duration((at - near.at(before.last)) / 1e9)} after ${messageWords(before)}`
}

/** "the ServerHelloDone of the upstream". */
export const messageWords = ({ type, from }: HandshakeMessage): string =>
  type < 0
    ? `an encrypted handshake record of the ${from === SERVER ? 'upstream' : 'proxy'}`
    : `the ${handshakeName(type)} of the ${from === SERVER ? 'upstream' : 'proxy'}`

/** The capture's own clock, which a certificate's time is held against: milliseconds since 1970. */
export const clockAt = ({ story, near }: Facts, moment: { time: number }): number =>
  story.captures[near.capture].observations.epoch * 1000 + moment.time / 1e6

const date = (milliseconds: number | null): string =>
  milliseconds === null ? '?' : new Date(milliseconds).toISOString().slice(0, 10)

/** The first certificate of a chain, as a finding. */
export function shown({ near }: Facts, whose: string, chain: CertificateChain): Finding {
  const { subject, names, issuer, notBefore, notAfter } = chain.certificates[0]
  const others = chain.count > 1 ? `; ${plural(chain.count - 1, 'more certificate')} with it` : ''
  const text = `${whose} certificate: ${printable(subject) || 'no subject'}; names ${names.length === 0 ? 'none' : list(names.map(printable))}; valid ${date(notBefore)} to ${date(notAfter)}; issued by ${printable(issuer) || 'nobody'}${others}`
  return { text, frames: [near.ref(chain.first)] }
}

/** What is wrong with the upstream's certificate where it can be seen; none where it cannot, or nothing is. */
export function defectsOf(facts: Facts, { tls, hello }: Handshake): string[] {
  const chain = tls.certificates[SERVER]
  return chain === null ? [] : certificateDefects(chain, hello.serverName, clockAt(facts, chain.first))
}

/** A handshake with the same server that went well, for comparison. */
export const compared = (peer: Peer): Finding => ({
  text: `another handshake with the same server succeeded: ${nameOf(peer)}, ${choiceOf(peer)}`,
  frames: [peer.frame],
})
