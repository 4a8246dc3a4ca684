// The proxy ends the handshake once it has the upstream's certificate. Up to TLS 1.2 the certificate is in the clear and
// so, mostly, is the alert; in TLS 1.3 without keys what is left is that the proxy leaves right behind the server's
// flight. Some proxies (nginx among them) verify only when the handshake is complete: then they leave without a request.
import { CLIENT, SERVER } from '../../observe/observations.ts'
import type { Finding, RuledOut } from '../../report/document.ts'
import type { Facts } from '../facts.ts'
import { atOnce, type Ending, type Handshake, handshakeOf, isAlert, TLS_1_3 } from '../handshake.ts'
import { duration, type Judge, upstreamOf } from '../judgement.ts'
import { accusesCertificate, accusesParameters } from '../tls-alerts.ts'
import { isTrusted } from '../surroundings.ts'
import { alertWords, chosen, defectsOf, offered, endingFinding, shown } from '../tls-words.ts'

const UNKNOWN_CA = 48

const judge: Judge = (facts) => {
  const handshake = handshakeOf(facts)
  if (handshake === null) return null
  const { ending, tls } = handshake
  if (ending?.by !== 'proxy' || tls.serverHello === null) return null
  const isNamed = isAlert(ending) && accusesCertificate(ending.alert.description)
  // Who takes it at other times only looked whether somebody is there, or opened one connection too many.
  if (!isNamed && (!leavesAtCertificate(facts, handshake, ending) || isTrusted(facts))) return null
  const defects = defectsOf(facts, handshake)
  const upstream = upstreamOf(facts)
  const complete = tls.finished[CLIENT] !== null
  const how = isAlert(ending) ? `with ${alertWords(ending)}` : `without an alert (${ending.how})`
  const reason = defects.length > 0 ? `: ${defects[0]}` : ''
  return {
    cause: 'tls-certificate-rejected',
    confidence: isNamed ? 'certain' : handshake.isPatchy ? 'possible' : 'likely',
    summary: isNamed
      ? `The proxy rejected the certificate of ${upstream} ${how}${reason}.`
      : `The proxy left ${upstream} ${how} as soon as it had ${complete ? 'completed the handshake, without a request' : "the server's certificate"}${reason || ': it seems to have rejected that'}.`,
    findings: [
      endingFinding(facts, handshake, ending),
      ...flightFinding(facts, handshake, ending.at),
      ...certificateFindings(facts, handshake, defects),
      ...(ending.alert?.description === UNKNOWN_CA ? [TRUST] : []),
      offered(facts, handshake),
      ...chosen(facts, handshake),
    ],
    ...(isNamed ? {} : { competing: [rival(handshake)] }),
  }
}

/** Both ends may be wrong: the packets do not have the proxy's list of authorities. */
const TRUST: Finding = {
  text: 'unknown_ca: either the upstream does not send the intermediate certificates, or the proxy does not trust the authority that issued them',
  frames: [],
}

/** The proxy goes without a word of parameters, right behind what shows the certificate, and before any request. */
function leavesAtCertificate(facts: Facts, handshake: Handshake, { alert, at }: Ending): boolean {
  const { tls, serverFlight, isPatchy } = handshake
  const { near } = facts
  // A resumed session shows no certificate; a request, which a capture may lack, means that the proxy was content.
  if (tls.resumed === true || near.connection.exchangeCount > 0) return false
  if (alert !== null && accusesParameters(alert.description)) return false
  if (isPatchy) return cutAtCertificate(facts, handshake, at)
  if (serverFlight === null) return false
  if (tls.certificates[SERVER] === null && tls.serverHello!.version < TLS_1_3) return false
  const last = tls.messages.at(-1)!
  const complete = tls.finished[CLIENT] !== null
  if (complete && tls.finished[SERVER] === null) return false
  return atOnce(facts, Math.max(near.at(last.last), near.at(serverFlight.last)), at)
}

/** Bytes of a server's flight with a small certificate in it. */
const FLIGHT = 500

/** Where the capture cuts packets, sizes and order of segments are left: a flight that may hold it, and the proxy leaves. */
function cutAtCertificate({ near, rttSeconds }: Facts, { isHalfway }: Handshake, at: number): boolean {
  const flight = near.packets.filter((p) => p.from === SERVER && p.length > 0 && p.time <= at)
  const bytes = flight.reduce((sum, p) => sum + p.length, 0)
  return isHalfway && bytes >= FLIGHT && atOnce({ rttSeconds }, flight.at(-1)!.time, at)
}

function flightFinding({ near }: Facts, { tls, serverFlight }: Handshake, at: number): Finding[] {
  if (tls.certificates[SERVER] !== null || serverFlight === null) return []
  const after = (at - near.at(serverFlight.last)) / 1e9
  return [
    {
      text: `the server's flight, whose encrypted records hold its certificate, was whole ${duration(after)} before`,
      frames: [near.ref(serverFlight.last)],
    },
  ]
}

function certificateFindings(facts: Facts, { tls }: Handshake, defects: readonly string[]): Finding[] {
  const chain = tls.certificates[SERVER]
  if (chain === null) return []
  const { certificates, count } = chain
  const [leaf] = certificates
  const alone = count === 1 && !leaf.selfSigned
  const frames = [facts.near.ref(chain.first)]
  return [
    shown(facts, "the upstream's", chain),
    ...defects.map((text) => ({ text: `the certificate: ${text}, by the capture's clock`, frames })).map(untimed),
    ...(alone ? [{ text: 'no certificate of its issuer was sent with it', frames }] : []),
  ]
}

/** Only dates are held against a clock. */
const untimed = (finding: Finding): Finding =>
  /expired|valid only/.test(finding.text)
    ? finding
    : { ...finding, text: finding.text.replace(/, by the capture.*/, '') }

const rival = ({ isTls13, tls, hello }: Handshake): RuledOut => ({
  cause: 'tls-version-or-cipher',
  because:
    isTls13 && tls.decryption.is !== 'decrypted'
      ? `what the server chose inside EncryptedExtensions${hello.alpn.length > 0 ? ' (ALPN)' : ''} is hidden too; a key log (--keys) or the proxy's error log names the reason`
      : "the proxy may dislike something else that the server chose; the proxy's error log names the reason",
  frames: [],
})
export default judge
