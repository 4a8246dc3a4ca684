// The upstream's host lives, but its listen backlog is full. Linux then drops SYNs, or lets the handshake complete for
// the client's eyes only: the server goes on repeating its SYN-ACK and takes no data.
import { CLIENT } from '../../observe/observations.ts'
import { nearClient } from '../../story/story.ts'
import { conversationsWith } from '../by-endpoint.ts'
import { askedOf, duration, frames, type Judge, plural, upstreamOf } from '../judgement.ts'
import { perStory } from '../remember.ts'
import { hostSigns, neverArrived } from '../surroundings.ts'

const judge: Judge = (facts) => {
  const { connecting, near, far, delivery } = facts
  const upstream = upstreamOf(facts)
  const arrived = far?.packets.filter((p) => p.from === CLIENT && p.length > 0) ?? []
  // A kernel acknowledges what arrives on a connection it has; this one has not taken the connection from its queue.
  const untaken =
    delivery !== null &&
    !facts.reused &&
    connecting.outcome === 'open' &&
    delivery.acked <= delivery.from &&
    delivery.retransmissions.length > 0 &&
    // Where the upstream's own capture has none of it, the path has swallowed it.
    (far === null || arrived.length > 0)
  if (untaken && (connecting.synAckRepeats.length > 0 || arrived.length > 1) && facts.answer.lastSign === null) {
    const repeats = connecting.synAckRepeats
    const seen = arrived.length > 1
    return {
      cause: 'accept-queue-full',
      confidence: seen && repeats.length > 0 ? 'certain' : 'likely',
      summary: `${upstream} did not take the connection from its listen queue: the ${askedOf(near)} ${seen ? 'reached its host and' : ''} was never acknowledged${repeats.length > 0 ? ', and it repeated its SYN-ACK' : ''}.`,
      findings: [
        {
          text: `the ${askedOf(near)} was sent and never acknowledged`,
          frames: frames(near, [...delivery.unacked, ...delivery.retransmissions], 4),
        },
        ...(repeats.length > 0
          ? [{ text: 'SYN-ACK repeated although the handshake was complete', frames: repeats.slice(0, 6) }]
          : []),
        ...(seen ? [{ text: 'it did arrive at the upstream', frames: frames(far!, arrived, 4) }] : []),
      ],
      ...(seen && repeats.length > 0
        ? {}
        : {
            competing: [
              {
                cause: 'request-undelivered' as const,
                because:
                  'acknowledgements, or packets behind the SYN, could be lost; `ss -ltn` on the upstream (Recv-Q above Send-Q) would decide',
                frames: [],
              },
            ],
          }),
    }
  }
  if (connecting.outcome !== 'no-answer' || neverArrived(facts)) return null
  // A kernel that answers has room.
  if (far !== null && far.connection.synAck !== null) return null
  const signs = hostSigns(facts)
  const synArrived = far !== null && far.connection.syns.length > 0
  // Alive means: something else was answered while this SYN was not.
  if (signs.opened === null && !(synArrived && (signs.pending !== null || signs.spoke !== null))) return null
  // A port that nobody was seen to open may as well be one that a rule drops: nothing listens, or nothing gets there.
  if (!synArrived && !isOpen(facts.story, near.connection.server)) return null
  const findings = [
    {
      text: `${plural(connecting.syns, 'SYN')} to ${upstream} without an answer in ${duration(connecting.seconds)}`,
      frames: connecting.frames.slice(0, 5),
    },
  ]
  if (signs.opened !== null)
    findings.push({ text: `meanwhile ${signs.opened.server} accepted a connection`, frames: [signs.opened.frame] })
  if (signs.pending !== null)
    findings.push({ text: 'an accepted connection to the same port waits unserved', frames: [signs.pending] })
  if (synArrived)
    findings.push({
      text: 'the SYN did arrive at the upstream',
      frames: far.connection.syns.slice(0, 3).map((m) => far.ref(m)),
    })
  const sure = synArrived && (signs.pending !== null || signs.opened !== null)
  return {
    cause: 'accept-queue-full',
    confidence: sure ? 'likely' : 'possible',
    summary: `${upstream} dropped the SYN while its host answered others: its listen backlog is full${sure ? '' : ', or a rule drops this port'}.`,
    findings,
    competing: [
      {
        cause: 'connect-timeout',
        because:
          'a firewall rule for this port looks the same; `ss -ltn` on the upstream (Recv-Q above Send-Q) would decide',
        frames: [],
      },
    ],
  }
}

/** Whether anybody was seen to connect to a server. */
const isOpen = perStory((story, server): boolean =>
  conversationsWith(story, server).some((c) => nearClient(c).connection.synAck !== null),
)
export default judge
