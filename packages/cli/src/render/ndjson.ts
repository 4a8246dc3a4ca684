// The document as lines, each a JSON object of its own (ndjson): incidents as they come, what they come from at the end.
import { type DiagnosisDocument, type Incident, json, type Told } from '@pcap-surgery/core'

const line = (value: object): string => `${json(value)}\n`

/**
 * An incident, or a failure that a retry hid; `revision` counts how often its verdict has changed since the line that
 * first told it. `withdrawn`: what came since shows that nothing failed.
 */
export const ndjsonOf = ({ incident, isMasked, revision, isWithdrawn }: Told): string =>
  line({ kind: isWithdrawn ? 'withdrawn' : isMasked ? 'masked' : 'incident', revision, ...incident })

/** All that is not an incident, as the last line. */
export const ndjsonSummary = ({ schema, captures, healthy, notes }: DiagnosisDocument): string =>
  line({ kind: 'summary', schema, captures, healthy, notes })

/** A whole document, line by line. */
export function* renderNdjson(document: DiagnosisDocument): Generator<string> {
  for (const one of document.incidents) yield asTold(one, false)
  for (const one of document.masked) yield asTold(one, true)
  yield ndjsonSummary(document)
}

const asTold = (incident: Incident, isMasked: boolean): string =>
  ndjsonOf({ incident, isMasked, revision: 0, isWithdrawn: false })
