// The upstream ends the connection during the handshake and does not say why, or says nothing that tells: FIN, RST,
// internal_error. In TLS 1.3 the proxy's handshake is complete before the server has agreed to it; a server that sends
// tickets to others and none here had not.
import { alertName } from '../../app/tls/names.ts'
import { CLIENT, SERVER } from '../../observe/observations.ts'
import type { Confidence, RuledOut } from '../../report/document.ts'
import type { Facts } from '../facts.ts'
import { type Ending, type Handshake, handshakeOf, isAlert, peersOf } from '../handshake.ts'
import { type Judge, upstreamOf } from '../judgement.ts'
import { alertWords, behind, chosen, offered, endingFinding } from '../tls-words.ts'

const judge: Judge = (facts) => {
  const handshake = handshakeOf(facts)
  if (handshake === null || handshake.agreed || (handshake.isPatchy && !handshake.isHalfway)) return null
  const { near, far } = facts
  const { ending, tls } = handshake
  if (ending?.by !== 'upstream') return null
  // Behind its Finished a server of TLS 1.3 that meant it would have sent tickets.
  const isOpenEnded = tls.finished[CLIENT] !== null && tls.finished[SERVER] !== null
  if (isOpenEnded && (isAlert(ending) || !expectsTickets(facts, handshake))) return null
  const upstream = upstreamOf(facts)
  const seenThere = far !== null && far.connection.sides[SERVER].reset !== null
  const isProven = ending.how === 'FIN' || (ending.how === 'RST' && seenThere)
  const confidence: Confidence =
    isProven && !isOpenEnded && (!handshake.isPatchy || handshake.answersHello) ? 'certain' : 'likely'
  const after = behind(facts, handshake, ending)
  return {
    cause: 'tls-closed',
    confidence,
    summary: isAlert(ending)
      ? `${upstream} ended the TLS handshake with ${alertWords(ending)}${after}, which does not say what it refuses.`
      : `${upstream} ${ending.how === 'FIN' ? 'closed' : 'reset'} the connection during the TLS handshake${after}, without an alert.`,
    findings: [
      endingFinding(facts, handshake, ending),
      ...(seenThere
        ? [
            {
              text: 'the capture at the upstream shows it leaving',
              frames: [far.ref(far.connection.sides[SERVER].reset!)],
            },
          ]
        : []),
      ...(isOpenEnded
        ? [
            {
              text: 'nothing came from the upstream behind the Finished of the proxy, no session tickets either',
              frames: tls.finished[CLIENT] === null ? [] : [near.ref(tls.finished[CLIENT])],
            },
          ]
        : []),
      offered(facts, handshake),
      ...chosen(facts, handshake),
    ],
    ...(confidence === 'certain' ? {} : { competing: [rival(ending, isOpenEnded)] }),
  }
}

/** A server whose other handshakes, as far as there are any, were followed by tickets. */
function expectsTickets(facts: Facts, { hello, isTls13 }: Handshake): boolean {
  const peers = peersOf(facts)
  return isTls13 && hello.pskModes && peers.every(({ tickets }) => tickets)
}

function rival({ alert }: Ending, isOpenEnded: boolean): RuledOut {
  if (alert !== null && alert.description >= 0) {
    const because = `${alertName(alert.description)} may stand for parameters that do not match; the upstream’s error log names the reason`
    return { cause: 'tls-version-or-cipher', because, frames: [] }
  }
  if (isOpenEnded) {
    const because =
      'an upstream that sends no tickets and fails at the request looks the same; a key log (--keys) and the upstream’s log would tell'
    return { cause: 'reset-before-response', because, frames: [] }
  }
  const because =
    'inspection boxes reset right behind a ClientHello; a capture at the upstream would show who sent the RST'
  return { cause: 'reset-by-middlebox', because, frames: [] }
}
export default judge
