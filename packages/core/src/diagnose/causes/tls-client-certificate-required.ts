// The upstream asks for a client certificate, and ends what the proxy goes on with: without one, or with one that does not
// suit. In TLS 1.3 the proxy's handshake is complete by then, and its request often sent; without keys the sizes of its
// flight tell that it was asked, and a short record of the upstream's that this refuses it.
import { CLIENT, SERVER } from '../../observe/observations.ts'
import type { Confidence, Finding } from '../../report/document.ts'
import type { Facts } from '../facts.ts'
import { atOnce, type Ending, type Handshake, handshakeOf, isAlert } from '../handshake.ts'
import { type Judge, upstreamOf } from '../judgement.ts'
import { accusesCertificate, accusesParameters, ALERT, missesCertificate } from '../tls-alerts.ts'
import { alertWords, chosen, clockAt, offered, endingFinding, shown } from '../tls-words.ts'
import { certificateDefects } from '../certificate-defects.ts'

const judge: Judge = (facts) => {
  const handshake = handshakeOf(facts)
  if (handshake === null) return null
  const { ending, tls } = handshake
  if (ending?.by !== 'upstream') return null
  const confidence = refusal(facts, handshake, ending)
  if (confidence === null) return null
  const upstream = upstreamOf(facts)
  const isNone = tls.clientCertificate === 'empty' || (isAlert(ending) && missesCertificate(ending.alert.description))
  const how = isAlert(ending) ? `with ${alertWords(ending)}` : `by closing (${ending.how})`
  return {
    cause: 'tls-client-certificate-required',
    confidence,
    summary: isNone
      ? `${upstream} asked for a client certificate, the proxy had none to send, and the upstream ended the connection ${how}.`
      : `${upstream} refused the proxy's client certificate ${how}.`,
    findings: [
      endingFinding(facts, handshake, ending),
      ...askedFor(facts, handshake),
      ...sent(facts, handshake),
      offered(facts, handshake),
      ...chosen(facts, handshake),
    ],
    ...(confidence === 'certain'
      ? {}
      : {
          competing: [
            {
              cause: 'tls-closed' as const,
              because:
                isAlert(ending) && ending.alert.description < 0
                  ? 'the alert is encrypted; a key log (--keys) or the upstream’s error log names it'
                  : 'it does not say why; the upstream’s error log does',
              frames: [],
            },
          ],
        }),
  }
}

/** How sure it is that the proxy's certificate, or its lack, was refused; null: it was not. */
function refusal(facts: Facts, handshake: Handshake, ending: Ending): Confidence | null {
  const { tls, clientFlight, agreed, isPatchy } = handshake
  const { clientCertificate, certificateRequest } = tls
  const description = ending.alert?.description ?? null
  if (description !== null && missesCertificate(description)) return 'certain'
  if (clientFlight === null) return isPatchy && refusedFlight(facts, handshake, ending) ? 'likely' : null
  if (description !== null && accusesCertificate(description)) return 'certain'
  const wasAsked = certificateRequest !== null || clientCertificate === 'empty' || clientCertificate === 'sent'
  // The alert or close answers the client's flight, and not something later.
  const answered = facts.near.at(tls.finished[CLIENT] ?? clientFlight.last)
  if (!wasAsked || clientCertificate === 'none asked' || !atOnce(facts, answered, ending.at)) return null
  if (description === ALERT.handshakeFailure && clientCertificate === 'empty') return 'certain'
  if (description !== null && description >= 0) return accusesParameters(description) ? null : 'likely'
  // A server that is content says so with tickets or an answer.
  if (handshake.isTls13 && agreed) return null
  return description !== null || clientCertificate === 'empty' ? 'likely' : null
}

/**
 * What a capture that cuts packets has left: handshake_failure in the clear, behind what the proxy sent in answer to the
 * server's flight. Parameters are agreed on by then.
 */
function refusedFlight({ near }: Facts, { answersHello }: Handshake, { alert, moment }: Ending): boolean {
  if (alert?.description !== ALERT.handshakeFailure || answersHello) return false
  const theirs = near.packets.find((p) => p.from === SERVER && p.length > 0)
  if (theirs === undefined || theirs.frame >= moment.frame) return false
  return near.packets.some((p) => p.from === CLIENT && p.length > 0 && p.frame > theirs.frame && p.frame < moment.frame)
}

function askedFor({ near }: Facts, { tls }: Handshake): Finding[] {
  if (tls.certificateRequest !== null)
    return [
      { text: 'the upstream asked for a certificate (CertificateRequest)', frames: [near.ref(tls.certificateRequest)] },
    ]
  if (tls.clientCertificate !== 'empty' && tls.clientCertificate !== 'sent') return []
  const text = 'the sizes of the proxy’s encrypted flight show that it was asked for a certificate'
  return [{ text, frames: tls.finished[CLIENT] === null ? [] : [near.ref(tls.finished[CLIENT])] }]
}

function sent(facts: Facts, { tls, clientFlight }: Handshake): Finding[] {
  const { near } = facts
  const chain = tls.certificates[CLIENT]
  if (chain !== null) {
    const defects = certificateDefects(chain, null, clockAt(facts, chain.first))
    const frames = [near.ref(chain.first)]
    return [
      shown(facts, "the proxy's", chain),
      ...defects.map((text) => ({ text: `that certificate: ${text}`, frames })),
    ]
  }
  if (tls.clientCertificate !== 'empty') return []
  const own = tls.messages.find(({ from, type }) => from === CLIENT && type === 11)
  const first = own?.first ?? clientFlight?.first ?? null
  return [{ text: 'the proxy answered with an empty Certificate', frames: first === null ? [] : [near.ref(first)] }]
}
export default judge
