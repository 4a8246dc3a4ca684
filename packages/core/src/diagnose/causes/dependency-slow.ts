// The upstream waited itself: a capture at it shows its own outgoing connection (database, cache, another service) on
// which it had asked and was not answered for most of the time.
import { CLIENT, SERVER } from '../../observe/observations.ts'
import { type Conversation, nearClient } from '../../story/story.ts'
import type { Facts } from '../facts.ts'
import { duration, type Judge, upstreamOf } from '../judgement.ts'
import { viewOf, type View } from '../view.ts'
import { waited } from './upstream-silent.ts'

/** The dependency must account for this much of the wait. */
const SHARE = 0.7
/** How soon after the request the upstream asks its dependency, as a share of the wait. */
const SOON = 0.25

interface Wait {
  view: View
  server: string
  seconds: number
  asked: { frame: number; time: number }
  answered: { frame: number; time: number } | null
}

const judge: Judge = (facts) => {
  const wait = waited(facts)
  if (wait === null || facts.answer.before.length > 0) return null
  const found: Wait[] = []
  for (const conversation of facts.story.conversations) {
    const hit = waitOn(facts, conversation, wait)
    if (hit !== null) found.push(hit)
  }
  const longest = found.toSorted((a, b) => b.seconds - a.seconds)[0]
  if (longest === undefined) return null
  const { view, server, seconds, asked, answered } = longest
  return {
    cause: 'dependency-slow',
    confidence: found.length === 1 ? 'certain' : 'likely',
    summary: `${upstreamOf(facts)} was itself waiting for ${server}: asked within the request, ${answered === null ? `not answered in ${duration(seconds)}` : `answered after ${duration(seconds)}`}.`,
    findings: [
      { text: `the upstream asked ${server}`, frames: [view.ref(asked)] },
      answered === null
        ? { text: `no answer from ${server} until the proxy gave up`, frames: [view.ref(view.connection.last)] }
        : { text: `the answer came ${duration(seconds)} later`, frames: [view.ref(answered)] },
      { text: 'the request that waited', frames: facts.delivery!.first },
    ],
  }
}

/** How long the upstream's host waited on a connection of its own within the try; null when it did not. */
function waitOn(facts: Facts, conversation: Conversation, wait: number): Wait | null {
  const { near, asked, gaveUp, attempt, story } = facts
  if (conversation === attempt.conversation || conversation.first > gaveUp || conversation.last < asked) return null
  const sighting = nearClient(conversation)
  const { connection } = sighting
  // Its own connection starts at the upstream's host; on a host with several addresses, in the upstream's capture.
  const ownHost = connection.clientAddress === near.connection.serverAddress
  const isNear = near.connection.clientAddress === connection.clientAddress
  if (
    !ownHost &&
    (isNear || facts.far?.capture !== sighting.capture || connection.serverAddress === near.connection.serverAddress)
  )
    return null
  if (connection.server === near.connection.server || connection.serverPort === 53) return null
  for (const exchange of [...connection.exchanges, null]) {
    const view = viewOf(story, sighting, exchange)
    const hit = quiet(view, exchange === null && connection.exchanges.length > 0 ? [] : view.packets, facts, wait)
    if (hit !== null) return { view, server: connection.server, ...hit }
  }
  return null
}

/** A question within the try that was not answered for most of it. */
function quiet(
  view: View,
  packets: View['packets'],
  { asked, gaveUp }: Facts,
  wait: number,
): Pick<Wait, 'seconds' | 'asked' | 'answered'> | null {
  const shift = view.at({ frame: 0, time: 0 })
  const result = (
    from: number,
    to: number | null,
    question: { frame: number; time: number },
    answer: { frame: number; time: number } | null,
  ) => {
    if (from < asked - 1e6 || from > asked + wait * SOON * 1e9) return null
    const seconds = (Math.min(to ?? gaveUp, gaveUp) - from) / 1e9
    return seconds < wait * SHARE ? null : { seconds: ((to ?? gaveUp) - from) / 1e9, asked: question, answered: answer }
  }
  const { exchange } = view
  if (exchange !== null && exchange.request.frame >= 0) {
    const answered = exchange.response.frame < 0 ? null : exchange.response
    return result(view.at(exchange.request), answered === null ? null : view.at(answered), exchange.request, answered)
  }
  const own = (p: { time: number; frame: number }) => ({ frame: p.frame, time: p.time - shift })
  for (const question of packets) {
    if (question.from !== CLIENT || question.length === 0 || question.time < asked - 1e6 || question.time > gaveUp)
      continue
    const answer = packets.find((p) => p.from === SERVER && p.length > 0 && p.time > question.time) ?? null
    const hit = result(question.time, answer?.time ?? null, own(question), answer === null ? null : own(answer))
    if (hit !== null) return hit
  }
  // A dependency that does not even accept the connection.
  const syn = view.connection.syns[0]
  if (syn !== undefined && view.connection.synAck === null) return result(view.at(syn), null, syn, null)
  return null
}
export default judge
