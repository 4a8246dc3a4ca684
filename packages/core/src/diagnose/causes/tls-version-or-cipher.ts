// The two ends have no parameters of TLS in common: version, cipher suite, group, signature scheme, ALPN protocol. An
// alert says so, before a certificate was judged. handshake_failure is the vaguest of them: names that are not served
// and certificates that are missing are refused with it too.
import { alertName, versionName } from '../../app/tls/names.ts'
import type { RuledOut } from '../../report/document.ts'
import type { Facts } from '../facts.ts'
import {
  atOnce,
  type EndingAlert,
  type Handshake,
  handshakeOf,
  isAlert,
  peersOf,
  peerWithOtherName,
  peerWithSameName,
} from '../handshake.ts'
import { type Judge, type Judgement, plural, upstreamOf } from '../judgement.ts'
import { accusesParameters, ALERT } from '../tls-alerts.ts'
import {
  alertWords,
  choiceOf,
  chosen,
  compared,
  defectsOf,
  offered,
  endingFinding,
  suitesOf,
  versionsOf,
} from '../tls-words.ts'

const judge: Judge = (facts) => {
  const handshake = handshakeOf(facts)
  if (handshake === null) return null
  const { ending } = handshake
  if (isAlert(ending) && ending.by === 'upstream') return refusedByUpstream(facts, handshake, ending)
  const refused = isAlert(ending) ? refusedByProxy(facts, handshake, ending) : null
  return refused ?? withoutProtocol(facts, handshake)
}

function refusedByUpstream(facts: Facts, handshake: Handshake, ending: EndingAlert): Judgement | null {
  const { hello, tls, clientFlight, agreed, answersHello, isPatchy } = handshake
  const { description } = ending.alert
  const isVague = description === ALERT.handshakeFailure
  // What the server sends under protection before the proxy's flight came is about what it was offered.
  const isHidden = description < 0 && tls.serverHello !== null && clientFlight === null && !isPatchy
  if (agreed || !(accusesParameters(description) || isVague || isHidden)) return null
  if (clientFlight !== null && (isVague || tls.certificateRequest !== null)) return null
  if (isVague && isPatchy && !answersHello) return null
  if (isVague && peerWithOtherName(facts, handshake) !== null) return null
  const served = peerWithSameName(facts, handshake)
  const sure = !isHidden && (!isVague || served !== null)
  const upstream = upstreamOf(facts)
  return judgement(facts, handshake, {
    confidence: sure ? 'certain' : 'likely',
    summary: `${upstream} refused the proxy's ClientHello with ${alertWords(ending)}: ${
      description === ALERT.noApplicationProtocol
        ? `it speaks none of ${hello.alpn.join(', ')}`
        : `it finds nothing that suits it in ${versionsOf(hello)} with ${plural(suitesOf(hello).length, 'cipher suite')}`
    }.`,
    competing: sure
      ? []
      : isHidden
        ? [{ cause: 'tls-closed', because: 'the alert is encrypted; a key log (--keys) would name it', frames: [] }]
        : [
            {
              cause: 'tls-unrecognized-name',
              because: `some servers refuse a missing or unknown name with ${alertName(description)} too; a handshake with the same offer and another name would decide`,
              frames: [],
            },
          ],
  })
}

function refusedByProxy(facts: Facts, handshake: Handshake, ending: EndingAlert): Judgement | null {
  const { tls, serverFlight, hello } = handshake
  if (tls.serverHello === null) return null
  const { description } = ending.alert
  const isVague = description === ALERT.handshakeFailure
  // With a certificate on the table, one that is visibly wrong is the better reason.
  if (
    !accusesParameters(description) &&
    !(isVague && (serverFlight === null || defectsOf(facts, handshake).length === 0))
  )
    return null
  const unoffered = !hello.versions.includes(tls.serverHello.version)
  return judgement(facts, handshake, {
    confidence: isVague && !unoffered ? 'likely' : 'certain',
    summary: `The proxy refused what ${upstreamOf(facts)} chose (${choiceOf(tls.serverHello)}) with ${alertWords(ending)}${unoffered ? `: it had not offered ${versionName(tls.serverHello.version)}` : ''}.`,
    competing: isVague && !unoffered ? [certificate] : [],
  })
}

const certificate: RuledOut = {
  cause: 'tls-certificate-rejected',
  because: 'some proxies refuse a certificate with this alert; the proxy’s error log names the reason',
  frames: [],
}

/** The handshake was completed without an application protocol, and the proxy, who had offered some, left at once. */
function withoutProtocol(facts: Facts, handshake: Handshake): Judgement | null {
  const { tls, hello, ending } = handshake
  const [client, server] = tls.finished
  if (client === null || server === null || ending?.by !== 'proxy' || tls.serverHello === null) return null
  const isLegible = !handshake.isTls13 || tls.decryption.is === 'decrypted'
  const isPicky = hello.alpn.length > 0 && !hello.alpn.includes('http/1.1')
  if (!isLegible || !isPicky || tls.serverHello.alpn !== null || facts.near.connection.exchangeCount > 0) return null
  if (!atOnce(facts, facts.near.at(client), ending.at) || defectsOf(facts, handshake).length > 0) return null
  return judgement(facts, handshake, {
    confidence: 'likely',
    summary: `The proxy left ${upstreamOf(facts)} as soon as the handshake was complete: the upstream had chosen none of the protocols that it offered (ALPN ${hello.alpn.join(', ')}).`,
    competing: [certificate],
  })
}

function judgement(
  facts: Facts,
  handshake: Handshake,
  words: Pick<Judgement, 'confidence' | 'summary'> & { competing: RuledOut[] },
): Judgement {
  const { ending } = handshake
  const [peer] = peersOf(facts)
  return {
    cause: 'tls-version-or-cipher',
    confidence: words.confidence,
    summary: words.summary,
    findings: [
      ...(ending === null ? [] : [endingFinding(facts, handshake, ending)]),
      offered(facts, handshake),
      ...chosen(facts, handshake),
      ...(peer === undefined ? [] : [compared(peer)]),
    ],
    ...(words.competing.length > 0 ? { competing: words.competing } : {}),
  }
}
export default judge
