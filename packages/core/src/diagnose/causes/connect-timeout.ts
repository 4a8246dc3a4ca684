// SYNs without any answer until the proxy gave up.
import { duration, type Judge, plural, upstreamOf } from '../judgement.ts'
import { neverArrived } from '../surroundings.ts'

/** Nobody waits less for a connection. */
const SHORTEST_TIMER_SECONDS = 0.02

const judge: Judge = (facts) => {
  const { connecting, far, near } = facts
  if (connecting.outcome !== 'no-answer') return null
  const upstream = upstreamOf(facts)
  // Who gives up that soon had an answer, an ICMP error most likely, that was not captured.
  const isHasty = connecting.syns === 1 && connecting.seconds < SHORTEST_TIMER_SECONDS
  const lost = neverArrived(facts)
  const arrived = far !== null && far.connection.syns.length > 0
  // An answer that left the upstream and did not arrive makes it a matter of the path.
  const late = near.connection.synAck
  const answered = late === null ? (far?.connection.synAck ?? null) : null
  return {
    cause: 'connect-timeout',
    confidence: isHasty ? 'possible' : lost || answered !== null ? 'certain' : 'likely',
    ...(late !== null || (arrived && answered === null) ? { domain: 'upstream' as const } : {}),
    summary: `${upstream} did not answer: ${plural(connecting.syns, 'SYN')} in ${duration(connecting.seconds)} got neither SYN-ACK nor RST nor ICMP error.`,
    findings: [
      { text: `${plural(connecting.syns, 'SYN')} without an answer`, frames: connecting.frames.slice(0, 8) },
      ...(lost
        ? [{ text: `the capture at the upstream does not have the SYN: it was dropped on the way`, frames: [] }]
        : []),
      ...(arrived
        ? [
            {
              text: `the SYN did arrive at the upstream's host`,
              frames: far.connection.syns.slice(0, 3).map((m) => far.ref(m)),
            },
          ]
        : []),
      ...(late === null ? [] : [{ text: 'its SYN-ACK came when nobody waited any more', frames: [near.ref(late)] }]),
      ...(far === null || answered === null
        ? []
        : [{ text: 'its SYN-ACK left the upstream and did not arrive', frames: [far.ref(answered)] }]),
    ],
    ...(lost || answered !== null
      ? {}
      : {
          competing: [
            {
              cause: 'accept-queue-full' as const,
              because: 'a full listen backlog drops SYNs too; a capture at the upstream would show whether they arrive',
              frames: [],
            },
          ],
        }),
  }
}
export default judge
