// The upstream waited itself: a capture at it shows its own outgoing connection (database, cache, another service) on
// which it had asked and was not answered for most of the time.
import { DNS_PORT, CLIENT, SERVER } from '../../observe/observations.ts'
import { fromStory } from '../../story/clocks/time.ts'
import { type Conversation, nearClient, storyTime } from '../../story/story.ts'
import { conversationsFrom } from '../by-endpoint.ts'
import type { Facts } from '../facts.ts'
import { duration, type Judge, upstreamOf } from '../judgement.ts'
import { perStory } from '../remember.ts'
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
  for (const conversation of ownConversations(facts)) {
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

/** What the upstream's host opened: from its address, or, as it may have others, in its own capture. */
function ownConversations({ story, near, far }: Facts): readonly Conversation[] {
  const { serverAddress, clientAddress } = near.connection
  const own = conversationsFrom(story, serverAddress)
  return far === null ? own : [...own, ...fromOtherAddresses(story, `${far.capture} ${serverAddress} ${clientAddress}`)]
}

/** Conversations that begin in the upstream's capture, and neither at its known address nor at the proxy's. */
const fromOtherAddresses = perStory((story, key): Conversation[] => {
  const [at, upstream, proxy] = key.split(' ')
  return story.conversations.filter((conversation) => {
    const { capture, connection } = nearClient(conversation)
    const { clientAddress, serverAddress } = connection
    return String(capture) === at && clientAddress !== upstream && clientAddress !== proxy && serverAddress !== upstream
  })
})

/** How long the upstream's host waited on a connection of its own within the try; null when it did not. */
function waitOn(facts: Facts, conversation: Conversation, wait: number): Wait | null {
  const { near, asked, gaveUp, attempt, story } = facts
  if (conversation === attempt.conversation || conversation.first > gaveUp || conversation.last < asked) return null
  const sighting = nearClient(conversation)
  const { connection } = sighting
  if (connection.server === near.connection.server || connection.serverPort === DNS_PORT) return null
  for (const exchange of [...connection.exchanges, null]) {
    if (
      exchange !== null &&
      exchange.request.frame >= 0 &&
      !isSoon(storyTime(story, sighting.capture, exchange.request), facts, wait)
    )
      continue
    const view = viewOf(story, sighting, exchange)
    const hit = quiet(view, exchange === null && connection.exchangeCount > 0 ? [] : view.packets, facts, wait)
    if (hit !== null) return { view, server: connection.server, ...hit }
  }
  return null
}

/** Whether a time lies within the try, and near its beginning. */
const isSoon = (time: number, { asked }: Facts, wait: number): boolean =>
  time >= asked - 1e6 && time <= asked + wait * SOON * 1e9

/** A question within the try that was not answered for most of it. */
function quiet(
  view: View,
  packets: View['packets'],
  facts: Facts,
  wait: number,
): Pick<Wait, 'seconds' | 'asked' | 'answered'> | null {
  const { asked, gaveUp } = facts
  const clock = facts.story.captures[view.capture]
  const result = (
    from: number,
    to: number | null,
    question: { frame: number; time: number },
    answer: { frame: number; time: number } | null,
  ) => {
    if (!isSoon(from, facts, wait)) return null
    const seconds = (Math.min(to ?? gaveUp, gaveUp) - from) / 1e9
    return seconds < wait * SHARE ? null : { seconds: ((to ?? gaveUp) - from) / 1e9, asked: question, answered: answer }
  }
  const { exchange } = view
  if (exchange !== null && exchange.request.frame >= 0) {
    const answered = exchange.response.frame < 0 ? null : exchange.response
    return result(view.at(exchange.request), answered === null ? null : view.at(answered), exchange.request, answered)
  }
  const own = (p: { time: number; frame: number }) => ({ frame: p.frame, time: fromStory(clock, p.time) })
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
