// Which of the observed exchanges are an incident's: the request that failed, and every try to serve it, in every capture
// that shows them.
import type { Exchange } from '../observe/observations.ts'
import type { Story } from '../story/story.ts'
import type { DiagnosisDocument } from './document.ts'
import { membersOf } from './incident-tries.ts'

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
  const found: IncidentExchange[] = []
  const known = new Set<Exchange>()
  for (const incident of [...incidents, ...masked]) {
    for (const { turn } of membersOf(story, incident).members) {
      turn?.conversation.sightings.forEach(({ capture, connection }, i) => {
        const exchange = turn.views[i] ?? null
        if (exchange === null || known.has(exchange)) return
        known.add(exchange)
        found.push({
          capture,
          firstFrame: connection.first.frame,
          ordinal: exchange.ordinal,
          incident: incident.id,
        })
      })
    }
  }
  return found
}
