// GOAWAY from the upstream (RFC 9113 section 6.8) that leaves the request's stream out, or behind which the connection
// closes with the stream unanswered. One that only announces an orderly end (last stream 2^31-1, all that is open
// answered) is none, and neither is one that came when the proxy had given up.
import { SERVER } from '../../observe/observations.ts'
import { http2ErrorName } from '../../app/http2/errors.ts'
import type { Domain } from '../catalogue.ts'
import { type Facts, upstreamClosed } from '../facts.ts'
import { accuses, ENHANCE_YOUR_CALM, http2ErrorMeaning, NO_ERROR } from '../http2-codes.ts'
import { duration, type Judge, upstreamOf } from '../judgement.ts'
import { type Goaway, leftOut, type StreamFacts } from '../stream.ts'

const judge: Judge = (facts) => {
  const { near, answer, delivery, stream } = facts
  if (stream === null || delivery === null || answer.complete || answer.before.length > 0) return null
  const told = stream.goaways.filter((g) => g.by === 'upstream' && g.at <= facts.gaveUp)
  const excluding = leftOut({ ...stream, goaways: told })
  const closed = upstreamClosed(facts)
  const goaway = excluding ?? told.findLast((g) => closed !== null || heeded(facts, g)) ?? null
  if (goaway === null || wasReset(stream, goaway)) return null
  const upstream = upstreamOf(facts)
  const { code, lastStream, debug } = goaway
  const words = `GOAWAY ${http2ErrorName(code)}, last stream ${lastStream}${debug === '' ? '' : `, "${printable(debug)}"`}`
  const domain = domainOf(stream, goaway)
  return {
    cause: 'h2-goaway',
    // A RST may be forged, and a proxy may leave for another reason; a FIN behind a GOAWAY is what was announced.
    confidence: excluding === null && closed?.kind !== 'FIN' ? 'likely' : 'certain',
    ...(domain === null ? {} : { domain }),
    summary:
      excluding === null
        ? `${upstream} shut the HTTP/2 connection down (${words}), and ${closed === null ? 'the proxy left it' : 'closed it'} with stream ${stream.id} unanswered.`
        : `${upstream} shut the HTTP/2 connection down (${words}) and left stream ${stream.id} out: it did not process the request.`,
    findings: [
      { text: `${words} from ${upstream}, ${whenOf(facts, goaway)}`, frames: [goaway.frame] },
      ...(code === NO_ERROR ? [] : [{ text: `${http2ErrorName(code)}: ${http2ErrorMeaning(code)}`, frames: [] }]),
      ...faultFindings(stream, goaway),
      { text: `the request, on stream ${stream.id}`, frames: delivery.first },
      ...(closed === null ? [] : [{ text: `${closed.kind} from ${upstream}`, frames: [near.ref(closed.packet)] }]),
      excluding === null
        ? { text: `stream ${stream.id} may have been processed: not every request may be repeated`, frames: [] }
        : { text: `stream ${stream.id} is above the last stream: the request may be repeated safely`, frames: [] },
    ],
  }
}

/** The proxy takes an error of the connection for the end of its streams, and waits no longer. */
const AT_ONCE_NS = 0.2e9
const heeded = ({ gaveUp }: Facts, { code, at }: Goaway): boolean => code !== NO_ERROR && gaveUp - at <= AT_ONCE_NS

/** The upstream had ended this very stream before, and for a reason of its own. */
const wasReset = ({ reset }: StreamFacts, { at }: Goaway): boolean => reset?.by === 'upstream' && reset.at <= at

/** How the GOAWAY and the request met: one that does not acknowledge the request was sent without knowing of it. */
function whenOf({ near, delivery, asked }: Facts, { at, moment }: Goaway): string {
  const after = (at - asked) / 1e9
  if (after < 0) return `${duration(-after)} before the request`
  const packet = near.packets.find((p) => p.frame === moment.frame && p.from === SERVER)
  const crossed = packet !== undefined && packet.ack >= 0 && packet.ack <= delivery!.from
  return crossed
    ? `which crossed the request (${duration(after)} after it left)`
    : `${duration(after)} after the request`
}

/** What the proxy did wrong before the upstream shut the connection down because of it. */
const broken = ({ faults }: StreamFacts, { at, code }: Goaway) =>
  accuses(code) ? faults.filter((f) => f.by === 'proxy' && f.at <= at) : []

/** An upstream that ends the connection because of what the proxy sent is not at fault. */
function domainOf(stream: StreamFacts, goaway: Goaway): Domain | null {
  const pings = goaway.code === ENHANCE_YOUR_CALM && goaway.debug.includes('too_many_pings')
  return pings || broken(stream, goaway).length > 0 ? 'proxy' : null
}

const faultFindings = (stream: StreamFacts, goaway: Goaway) => {
  const faults = broken(stream, goaway)
  if (faults.length > 0)
    return faults.slice(0, 3).map((f) => ({ text: `from the proxy: ${f.text}`, frames: [f.frame] }))
  return accuses(goaway.code)
    ? [{ text: 'nothing that the proxy sent in this capture breaks the protocol visibly', frames: [] }]
    : []
}

/** Debug data is anything: what cannot be printed is left out, and the rest is kept short. */
const printable = (text: string): string => text.replace(/[^ -~]/g, '').slice(0, 80)

export default judge
