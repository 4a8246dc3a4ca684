// The upstream does not serve the name in the ClientHello (RFC 6066 section 3), or there is none. Servers say so with
// unrecognized_name, with a vague alert, or by closing; then it takes other names that do work to tell. The same alert as
// a warning ends nothing.
import type { Confidence } from '../../report/document.ts'
import type { Facts } from '../facts.ts'
import { type Handshake, handshakeOf, isAlert, peerWithOtherName } from '../handshake.ts'
import { type Judge, upstreamOf } from '../judgement.ts'
import { ALERT, isVague } from '../tls-alerts.ts'
import { alertWords, chosen, compared, nameOf, offered, endingFinding } from '../tls-words.ts'

const judge: Judge = (facts) => {
  const handshake = handshakeOf(facts)
  if (handshake === null || handshake.clientFlight !== null) return null
  const { ending, hello } = handshake
  const refused = refusal(facts, handshake)
  if (refused === null || ending === null) return null
  const peer = peerWithOtherName(facts, handshake)
  const upstream = upstreamOf(facts)
  const how = isAlert(ending) ? `with ${alertWords(ending)}` : `by closing (${ending.how})`
  return {
    cause: 'tls-unrecognized-name',
    confidence: refused,
    summary:
      hello.serverName === null
        ? `${upstream} refused a handshake that names no server (no SNI) ${how}.`
        : `${upstream} refused the name in the proxy's ClientHello (${nameOf(hello)}) ${how}.`,
    findings: [
      endingFinding(facts, handshake, ending),
      offered(facts, handshake),
      ...chosen(facts, handshake),
      ...(peer === null ? [] : [compared(peer)]),
    ],
    ...(refused === 'certain'
      ? {}
      : {
          competing: [
            isAlert(ending)
              ? {
                  cause: 'tls-version-or-cipher' as const,
                  because: 'the alert does not say what it refuses; the same offer with the other name would decide',
                  frames: [],
                }
              : {
                  cause: 'tls-closed' as const,
                  because: 'a close says nothing of its reason; the same offer with the other name would decide',
                  frames: [],
                },
          ],
        }),
  }
}

/** How sure it is that the name was refused; null: it was not. */
function refusal(facts: Facts, handshake: Handshake): Confidence | null {
  const { ending, answersHello } = handshake
  if (ending?.by !== 'upstream') return null
  if (ending.alert?.description === ALERT.unrecognizedName) return 'certain'
  if (!answersHello || (isAlert(ending) && !isVague(ending.alert.description))) return null
  return peerWithOtherName(facts, handshake) === null ? null : 'likely'
}
export default judge
