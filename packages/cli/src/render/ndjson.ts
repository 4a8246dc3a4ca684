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

/** A whole document as lines. */
export function renderNdjson(document: DiagnosisDocument): string {
  const { incidents, masked } = document
  const lines = [...incidents.map((one) => asTold(one, false)), ...masked.map((one) => asTold(one, true))]
  return [...lines, ndjsonSummary(document)].join('')
}

const asTold = (incident: Incident, isMasked: boolean): string =>
  ndjsonOf({ incident, isMasked, revision: 0, isWithdrawn: false })
