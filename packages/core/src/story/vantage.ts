// Where each capture was taken, from which legs it holds and from which end it saw them.
import type { Vantage } from '../report/document.ts'
import type { Request, Story } from './story.ts'

const ORDER: readonly Vantage[] = ['client', 'proxy-front', 'proxy-back', 'upstream']

/** Names the vantages of every capture of the story; what the user said holds. */
export function nameVantages(story: Story, hints: ReadonlyMap<number, Vantage>): void {
  const found = story.captures.map(() => new Set<Vantage>())
  const visit = (request: Request): void => {
    see(found, request.turn.conversation.sightings, 'client', 'proxy-front')
    for (const attempt of request.tries) {
      if (attempt.conversation !== null) see(found, attempt.conversation.sightings, 'proxy-back', 'upstream')
      if (attempt.hop !== null) visit(attempt.hop)
    }
  }
  for (const request of story.requests) if (request.tries.length > 0) visit(request)
  story.captures.forEach((capture, i) => {
    const hint = hints.get(i)
    const names = hint === undefined ? found[i] : new Set([hint])
    capture.vantages = ORDER.filter((vantage) => names.has(vantage))
  })
}

/** A capture at the near end of a leg has all captures of this leg behind it; one alone is told by the other leg. */
function see(
  found: readonly Set<Vantage>[],
  sightings: Request['turn']['conversation']['sightings'],
  near: Vantage,
  far: Vantage,
): void {
  sightings.forEach(({ capture, connection }, i) => {
    if (sightings.length > 1) found[capture].add(i === 0 ? near : far)
    else
      found[capture].add(side(connection.synAck, connection.syns[0], connection.established) === 'client' ? near : far)
  })
}

interface At {
  time: number
}

/** Which end of the connection a lone capture is at: that whose answers in the handshake come at once. */
function side(synAck: At | null, syn: At | undefined, established: At | null): 'client' | 'server' | null {
  if (synAck === null || syn === undefined || established === null) return null
  return synAck.time - syn.time >= established.time - synAck.time ? 'client' : 'server'
}
