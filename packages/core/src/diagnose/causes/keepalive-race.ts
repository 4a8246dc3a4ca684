// The proxy reuses an idle connection as the upstream closes it. What tells it from an application that closes: the FIN
// does not acknowledge the request, so it was sent before the request arrived; or a RST without ACK answers at once,
// which a kernel sends for a connection that it no longer has.
import { serversClosingAfter } from '../../gateways/servers.ts'
import { type Facts, knowsConnection } from '../facts.ts'
import { duration, type Judge, type Judgement, upstreamOf } from '../judgement.ts'
import { othersOpen } from '../stream.ts'
import { idleCloses } from '../surroundings.ts'

/** A connection that was used a moment ago is not idle; a close right then is the application's. */
const IDLE_SECONDS = 0.5

const judge: Judge = (facts) => {
  const { near, answer, closings, delivery, reused, idleSeconds } = facts
  if (!reused || delivery === null || answer.before.length > 0) return null
  // A connection that serves other streams is not idle.
  if (facts.stream !== null && othersOpen(near) > 0) return null
  const upstream = upstreamOf(facts)
  const fin = closings.find((c) => c.by === 'upstream' && c.kind === 'FIN' && c.packet.time <= facts.gaveUp)
  if (fin !== undefined && fin.packet.ack <= delivery.from) {
    const before = fin.packet.time <= facts.asked
    const by = Math.abs(fin.packet.time - facts.asked) / 1e9
    return withIdle(facts, {
      cause: 'keepalive-race',
      confidence: 'certain',
      summary: `${upstream} was closing the idle connection as the proxy reused it: its FIN ${before ? `came ${duration(by)} before the request` : `crossed the request (${duration(by)} after it, not acknowledging it)`}.`,
      findings: [
        { text: `FIN from ${upstream} that does not acknowledge the request`, frames: [near.ref(fin.packet)] },
        { text: `request sent on the connection after ${duration(idleSeconds)} idle`, frames: delivery.first },
      ],
    })
  }
  const rst = closings.find((c) => c.by === 'upstream' && c.kind === 'RST' && c.packet.time <= facts.gaveUp)
  if (rst === undefined || rst.packet.time < facts.asked || idleSeconds < IDLE_SECONDS) return null
  const after = (rst.packet.time - facts.asked) / 1e9
  const atOnce = after <= 2 * facts.rttSeconds + 0.02
  if (!atOnce || delivery.acked > delivery.from) return null
  const gone = !knowsConnection(rst.packet)
  return withIdle(facts, {
    cause: 'keepalive-race',
    confidence: 'likely',
    summary: `${upstream} reset the reused connection ${duration(after)} after the request, which followed ${duration(idleSeconds)} of idle: it had closed it already.`,
    findings: [
      {
        text: gone
          ? `RST from a host that no longer has the connection (no ACK in it)`
          : `RST right behind the request`,
        frames: [near.ref(rst.packet)],
      },
      { text: `request sent on the connection after ${duration(idleSeconds)} idle`, frames: delivery.first },
    ],
    competing: [
      {
        cause: gone ? 'idle-drop' : 'reset-before-response',
        because: gone
          ? 'a firewall that forgot the connection may answer so too; a capture at the upstream would show who sent the RST'
          : 'an application may reset at once; the same idle gap before other failures would decide',
        frames: [],
      },
    ],
  })
}

/** Adds what is known of the upstream's keep-alive timer: its other connections, and servers known for such a timer. */
function withIdle(facts: Facts, judgement: Judgement): Judgement {
  const { idleSeconds } = facts
  const closes = idleCloses(facts, 3)
  if (closes.length > 0) {
    judgement.findings.push({
      text: `${upstreamOf(facts)} closed other idle connections after ${duration(closes[0].seconds)}`,
      frames: closes.map((c) => c.frame),
    })
  }
  const server = facts.near.exchange?.detail?.responseFields.find(([name]) => name === 'server')?.[1] ?? null
  const known = idleSeconds >= 1 ? serversClosingAfter(idleSeconds, server).slice(0, 3) : []
  if (known.length > 0) {
    judgement.findings.push({
      text: `${duration(idleSeconds)} is about the idle timer of ${known.map((s) => s.name).join(', ')}`,
      frames: [],
    })
  }
  return judgement
}
export default judge
