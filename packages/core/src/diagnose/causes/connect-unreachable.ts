// The network said that the upstream cannot be reached: an ICMP error quotes the SYN, or nobody answers for its address.
import { duration, type Judge, plural, upstreamOf } from '../judgement.ts'
import { unansweredSearch } from '../surroundings.ts'

const judge: Judge = (facts) => {
  const { connecting } = facts
  const upstream = upstreamOf(facts)
  if (connecting.outcome === 'unreachable') {
    return {
      cause: 'connect-unreachable',
      confidence: 'certain',
      summary: `${upstream} cannot be reached: ${connecting.reason}, ${duration(connecting.seconds)} after the SYN.`,
      findings: [{ text: `ICMP answered the SYN: ${connecting.reason}`, frames: connecting.frames.toReversed() }],
    }
  }
  if (connecting.outcome !== 'no-answer') return null
  const search = unansweredSearch(facts.story, facts.near.connection.serverAddress, facts.asked, facts.gaveUp)
  if (search === null) return null
  return {
    cause: 'connect-unreachable',
    confidence: 'likely',
    summary: `${upstream} cannot be reached: ${plural(search.frames.length, 'request')} for its link-layer address went unanswered.`,
    findings: [
      {
        text: `nobody answered for ${facts.near.connection.serverAddress} (asked by ${search.from})`,
        frames: search.frames,
      },
      { text: `${plural(connecting.syns, 'SYN')} without an answer`, frames: connecting.frames.slice(0, 4) },
    ],
    competing: [{ cause: 'connect-timeout', because: 'the search was seen at another point of the path', frames: [] }],
  }
}
export default judge
