// A RST, or a FIN, in the name of the upstream or of the proxy that the other end's capture shows was never sent. That
// capture, with something else that agrees, is proof; another TTL, or packets of the upstream that go on after it, are
// hints.
import { CLIENT, type PacketRow, SERVER } from '../../observe/observations.ts'
import type { Finding } from '../../report/document.ts'
import { FIN, RST } from '../../wire/tcp.ts'
import { type Facts, upstreamClosed } from '../facts.ts'
import { duration, type Judge, type Judgement, upstreamOf } from '../judgement.ts'
import { countsOn, type Forged, forgedAtProxy, forgedAtUpstream, marksOf } from '../witness.ts'

const judge: Judge = (facts) => {
  const { near, answer } = facts
  if (facts.connecting.outcome === 'refused') return null
  const atProxy = forgedAtProxy(facts, RST) ?? (answer.complete ? null : forgedFin(facts))
  if (atProxy !== null) return proven(facts, atProxy, 'upstream')
  const atUpstream = answer.complete ? null : forgedAtUpstream(facts)
  if (atUpstream !== null) return proven(facts, atUpstream, 'proxy')
  const rst = serverReset(facts)
  // A capture at the upstream that has the RST settles it the other way; so does an IP identification that counts on.
  if (rst === null || facts.far?.connection.sides[SERVER].reset != null || countsOn(near, rst)) return null
  const upstream = upstreamOf(facts)
  const hints = hintsOf(facts, rst)
  if (hints.length === 0) return null
  return {
    cause: 'reset-by-middlebox',
    confidence: 'likely',
    summary: `The RST that ended the connection seems not to come from ${upstream}: ${hints[0].text}.`,
    findings: [{ text: `RST in the name of ${upstream}, ${since(facts, rst)}`, frames: [near.ref(rst)] }, ...hints],
    competing: [
      {
        cause: 'reset-before-response',
        because: 'such marks suggest and do not prove; a capture at the upstream would show whether it sent the RST',
        frames: [],
      },
    ],
  }
}

/** A FIN that the upstream never sent. Behind it comes no answer, so that it is what ended the try. */
function forgedFin(facts: Facts): Forged | null {
  return upstreamClosed(facts)?.kind === 'FIN' ? forgedAtProxy(facts, FIN) : null
}

/** What the capture next to the alleged sender does not have. */
function proven(facts: Facts, { packet, isProven, findings }: Forged, name: 'upstream' | 'proxy'): Judgement {
  const { near, far } = facts
  const upstream = upstreamOf(facts)
  const [at, origin] = name === 'upstream' ? [near, far!] : [far!, near]
  const kind = packet.flags & RST ? 'RST' : 'FIN'
  const got = name === 'upstream' ? 'proxy' : 'upstream'
  return {
    cause: 'reset-by-middlebox',
    confidence: isProven ? 'certain' : 'likely',
    summary: `Something between proxy and upstream ${kind === 'RST' ? 'reset' : 'closed'} the connection: the ${kind} that the ${got} got is not in the capture at ${name === 'upstream' ? upstream : 'the proxy'}.`,
    findings: [
      {
        text: `${kind} in the name of ${name === 'upstream' ? upstream : 'the proxy'}, ${since(facts, packet)}`,
        frames: [at.ref(packet)],
      },
      {
        text: `the capture at the ${name} has this connection and no ${kind} from the ${name}`,
        frames: [origin.ref(origin.connection.last)],
      },
      ...findings,
    ],
    ...(isProven
      ? {}
      : {
          competing: [
            {
              cause: 'reset-before-response' as const,
              because: `the capture at the ${name} may have lost this one packet: nothing else speaks against it`,
              frames: [],
            },
          ],
        }),
  }
}

function since({ near, asked }: Facts, { time }: PacketRow): string {
  return `${duration((time - asked) / 1e9)} after the ${near.exchange === null ? 'SYN' : 'request'}`
}

function serverReset({ near, gaveUp }: Facts): PacketRow | null {
  return near.packets.find((p) => p.from === SERVER && p.flags & RST && p.time <= gaveUp) ?? null
}

function hintsOf({ near }: Facts, rst: PacketRow): Finding[] {
  const goesOn = near.packets.find(
    (p) =>
      p.from === SERVER &&
      !(p.flags & RST) &&
      p.time > rst.time &&
      (p.length > 0 || p.ack > rst.ack) &&
      answered(near.packets, p),
  )
  const on = goesOn === undefined ? [] : [{ text: 'the upstream went on sending after it', frames: [near.ref(goesOn)] }]
  return [...marksOf(near, rst), ...on]
}

/** A packet that was already on its way when the RST was sent says nothing; one that reacts to later packets does. */
function answered(packets: readonly PacketRow[], p: PacketRow): boolean {
  const last = packets.findLast((q) => q.from === CLIENT && q.time < p.time)
  return last !== undefined && p.ack >= last.seq + last.length && last.length > 0
}
export default judge
