// The response began, then stopped, with nothing lost and the proxy's window open, until the proxy gave up.
import { CLIENT } from '../../observe/observations.ts'
import { givingUp, upstreamClosed } from '../facts.ts'
import { duration, frames, type Judge, upstreamOf } from '../judgement.ts'
import { cutAt, farRan } from '../surroundings.ts'

const judge: Judge = (facts) => {
  const { near, answer, gaveUp } = facts
  if (answer.before.length === 0 || answer.complete || !Number.isFinite(gaveUp)) return null
  if (upstreamClosed(facts) !== null || (answer.hole !== null && !answer.holeInCapture)) return null
  if (near.exchange === null || answer.isUnseen) return null
  const last = answer.before.at(-1)!
  const quiet = (gaveUp - last.time) / 1e9
  // A proxy that gives up while data flows has another reason.
  if (quiet < 0.2) return null
  const lossy = near.exchange.detail?.incomplete === true
  const sure = !lossy && farRan(facts, facts.asked, gaveUp)
  return {
    cause: 'response-stalled',
    confidence: sure ? 'certain' : 'likely',
    summary: `${upstreamOf(facts)} began its response and stopped ${cutAt(near)}: ${duration(quiet)} of silence followed until the proxy gave up.`,
    findings: [
      { text: 'last bytes of the response', frames: frames(near, answer.before.slice(-2)) },
      {
        text: `then nothing for ${duration(quiet)}, with nothing missing and the proxy's window open (${windowOf(facts)} bytes)`,
        frames: givingUp(facts),
      },
    ],
    ...(!sure && !lossy
      ? {
          competing: [
            {
              cause: 'response-lost' as const,
              because: 'if all later segments were lost, the proxy saw none; a capture at the upstream would show it',
              frames: [],
            },
          ],
        }
      : {}),
  }
}

function windowOf({ near, gaveUp }: Parameters<Judge>[0]): number {
  return near.packets.findLast((p) => p.from === CLIENT && p.time <= gaveUp)?.window ?? 0
}
export default judge
