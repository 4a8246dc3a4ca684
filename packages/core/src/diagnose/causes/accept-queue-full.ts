// The upstream's host lives, but its listen backlog is full. Linux then drops SYNs, or lets the handshake complete for
// the client's eyes only: the server goes on repeating its SYN-ACK and takes no data.
import { duration, frames, type Judge, plural, upstreamOf } from '../judgement.ts'
import { hostSigns } from '../surroundings.ts'

const judge: Judge = (facts) => {
  const { connecting, near, far, delivery } = facts
  const upstream = upstreamOf(facts)
  if (connecting.synAckRepeats.length > 0 && delivery !== null && delivery.acked <= delivery.from) {
    const arrived = far !== null && far.packets.some((p) => p.from === 0 && p.length > 0)
    return {
      cause: 'accept-queue-full',
      confidence: arrived ? 'certain' : 'likely',
      summary: `${upstream} did not take the connection from its full listen backlog: it repeated its SYN-ACK and acknowledged no data.`,
      findings: [
        { text: `SYN-ACK repeated although the handshake was complete`, frames: connecting.synAckRepeats.slice(0, 6) },
        { text: 'the request was never acknowledged', frames: frames(near, delivery.unacked, 3) },
      ],
      ...(arrived
        ? {}
        : {
            competing: [
              {
                cause: 'request-undelivered' as const,
                because: 'packets to the upstream could be lost after the SYN; a capture at the upstream would show whether they arrive',
                frames: [],
              },
            ],
          }),
    }
  }
  if (connecting.outcome !== 'no-answer') return null
  const signs = hostSigns(facts)
  const arrived = far !== null && far.connection.syns.length > 0
  // Alive means: something else was answered while this SYN was not.
  if (signs.opened === null && !(arrived && (signs.pending !== null || signs.spoke !== null))) return null
  const findings = [
    { text: `${plural(connecting.syns, 'SYN')} to ${upstream} without an answer in ${duration(connecting.seconds)}`, frames: connecting.frames.slice(0, 5) },
  ]
  if (signs.opened !== null) findings.push({ text: `meanwhile ${signs.opened.server} accepted a connection`, frames: [signs.opened.frame] })
  if (signs.pending !== null) findings.push({ text: 'an accepted connection to the same port waits unserved', frames: [signs.pending] })
  if (arrived) findings.push({ text: 'the SYN did arrive at the upstream', frames: far.connection.syns.slice(0, 3).map((m) => far.ref(m)) })
  const sure = arrived && (signs.pending !== null || signs.opened !== null)
  return {
    cause: 'accept-queue-full',
    confidence: sure ? 'likely' : 'possible',
    summary: `${upstream} dropped the SYN while its host answered others: its listen backlog is full${sure ? '' : ', or a rule drops this port'}.`,
    findings,
    competing: [
      {
        cause: 'connect-timeout',
        because: 'a firewall rule for this port looks the same; `ss -ltn` on the upstream (Recv-Q above Send-Q) would decide',
        frames: [],
      },
    ],
  }
}
export default judge
