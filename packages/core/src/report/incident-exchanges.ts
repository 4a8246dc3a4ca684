// Which of the observed exchanges are an incident's: the request that failed, and every try to serve it, in every capture
// that shows them.
import type { Exchange } from '../observe/observations.ts'
import { nearClient, type Request, serverView, type Story, type Try, type Turn } from '../story/story.ts'
import type { DiagnosisDocument } from './document.ts'
import { ownTimestamp } from './time.ts'

/** An exchange by its place: capture of the story, first frame of its connection, ordinal on it. */
export interface IncidentExchange {
  capture: number
  firstFrame: number
  ordinal: number
  /** Id of the incident; those of masked failures begin with `m`. */
  incident: string
}

/** The exchanges of all incidents of the story's document, each once; of two incidents the first has it. */
export function incidentsOfExchanges(
  story: Story,
  { incidents, masked }: Pick<DiagnosisDocument, 'incidents' | 'masked'>,
): IncidentExchange[] {
  const { observations } = story.captures[0]!
  const timeOf = ({ start }: Request | Try): string => ownTimestamp(observations, start)
  const all = [...incidents, ...masked]
  const byRequest = new Map(all.map(({ id, client, time, path }) => [keyOf(client, time, path), id]))
  const found: IncidentExchange[] = []
  const known = new Set<Exchange>()
  const add = ({ conversation, views }: Turn, incident: string): void => {
    conversation.sightings.forEach(({ capture, connection }, i) => {
      const exchange = views[i] ?? null
      if (exchange === null || known.has(exchange)) return
      known.add(exchange)
      found.push({ capture, firstFrame: connection.first.frame, ordinal: exchange.ordinal, incident })
    })
  }
  const addRequest = (request: Request, incident: string): void => {
    add(request.turn, incident)
    for (const { turn, hop } of request.tries) {
      if (turn !== null) add(turn, incident)
      if (hop !== null) addRequest(hop, incident)
    }
  }
  for (const request of story.requests) {
    const { sighting, exchange } = serverView(request.turn)
    const incident = byRequest.get(keyOf(sighting.connection.client, timeOf(request), exchange.target || null))
    if (incident !== undefined) addRequest(request, incident)
  }
  // Of an incident whose request nobody captured, the first try began when it did, and the others so much later.
  const byTry = new Map(all.map(({ id, attempts, time }) => [keyOf(attempts[0]?.proxyBack ?? null, time, null), id]))
  const strays = story.strays.flatMap((stray) => {
    const { conversation, turn, start } = stray
    return conversation === null || turn === null
      ? []
      : [{ turn, start, back: nearClient(conversation).connection.client, time: timeOf(stray) }]
  })
  const begun = new Map<string, number>()
  for (const { start, back, time } of strays) {
    const incident = byTry.get(keyOf(back, time, null))
    if (incident !== undefined) begun.set(incident, start)
  }
  const tried = new Map<string, { id: string; begin: number; startSeconds: number | null }[]>()
  for (const { id, attempts } of all) {
    const begin = begun.get(id)
    if (begin === undefined) continue
    for (const { proxyBack, startSeconds } of attempts) {
      const list = tried.get(proxyBack ?? '') ?? []
      tried.set(proxyBack ?? '', list)
      list.push({ id, begin, startSeconds })
    }
  }
  for (const { turn, start, back } of strays) {
    const its = tried.get(back)?.find(({ begin, startSeconds }) => Math.round(start - begin) / 1e9 === startSeconds)
    if (its !== undefined) add(turn, its.id)
  }
  return found
}

const keyOf = (endpoint: string | null, time: string, path: string | null): string => `${endpoint} ${time} ${path}`
