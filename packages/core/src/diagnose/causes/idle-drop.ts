// Something on the path forgot a connection that was idle for long: the next request on it is never answered, or a RST
// comes that the upstream did not send.
import { CLIENT } from '../../observe/observations.ts'
import { RST } from '../../wire/tcp.ts'
import { middleboxesForgettingAfter } from '../../gateways/servers.ts'
import { duration, frames, type Judge, plural, upstreamOf } from '../judgement.ts'
import { farRan, hostSigns, longestReuse } from '../surroundings.ts'
import { forgedAtProxy } from '../witness.ts'

const IDLE_SECONDS = 1

const judge: Judge = (facts) => {
  const { near, far, delivery, answer, reused, idleSeconds } = facts
  if (!reused || delivery === null || idleSeconds < IDLE_SECONDS || delivery.acked > delivery.from) return null
  if (answer.before.length > 0 || idleSeconds <= longestReuse(facts)) return null
  const forged = forgedAtProxy(facts, RST)?.packet ?? null
  const arrived =
    far !== null && far.packets.some((p) => p.from === CLIENT && p.length > 0 && p.seq + p.length > delivery.from)
  if (arrived || (forged === null && facts.closings.some((c) => c.by === 'upstream' && c.packet.time <= facts.gaveUp)))
    return null
  if (forged === null && delivery.retransmissions.length === 0) return null
  const signs = hostSigns(facts)
  const alive = signs.opened?.frame ?? signs.spoke
  // Without a sign of life elsewhere a short idle gap may be chance: then the path may be dead altogether.
  if (alive === null && idleSeconds < 4 && far === null) return null
  const boxes = middleboxesForgettingAfter(idleSeconds).slice(0, 1)
  // Only packets that it has from later show that the upstream's capture would have had the request.
  const until = forged?.time ?? delivery.retransmissions[0].time
  const absent = far !== null
  const sure = absent && alive !== null && farRan(facts, facts.asked, until)
  return {
    cause: 'idle-drop',
    confidence: sure ? 'certain' : alive !== null || absent ? 'likely' : 'possible',
    summary: `The connection to ${upstreamOf(facts)} was forgotten on the way after ${duration(idleSeconds)} of idle: ${
      forged === null
        ? `the request and ${plural(delivery.retransmissions.length, 'retransmission')} got no answer`
        : 'a RST came that the upstream did not send'
    }.`,
    findings: [
      { text: `request on the reused connection after ${duration(idleSeconds)} idle`, frames: delivery.first },
      ...(forged === null
        ? [
            {
              text: `${plural(delivery.retransmissions.length, 'retransmission')}, never acknowledged`,
              frames: frames(near, delivery.retransmissions),
            },
          ]
        : [{ text: 'RST that the capture at the upstream does not have', frames: [near.ref(forged)] }]),
      ...(absent
        ? [
            {
              text: 'the capture at the upstream has the connection, and no packet of this request',
              frames: [far.ref(far.connection.last)],
            },
          ]
        : []),
      ...(alive === null ? [] : [{ text: 'meanwhile the upstream answered on other connections', frames: [alive] }]),
      ...boxes.map((box) => ({ text: `${box.name} forgets a TCP flow after ${box.tcpIdleSeconds} s`, frames: [] })),
    ],
    ...(sure
      ? {}
      : {
          competing: [
            {
              cause: 'request-undelivered' as const,
              because: 'the path may have been cut for all connections; a second capture at the upstream would tell',
              frames: [],
            },
          ],
        }),
  }
}
export default judge
