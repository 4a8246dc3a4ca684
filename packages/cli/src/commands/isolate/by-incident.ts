// A cut of an incident, as files: the narrowest one of which a diagnosis says what it says of the captures.
import {
  correlate,
  cutIncident,
  diagnose,
  type DiagnosisDocument,
  hasDecrypted,
  type Incident,
  unprovenText,
} from '@pcap-surgery/core'
import { inputsOf, readCaptures, vantagesOf } from '../../io/captures.ts'
import { readKeys } from '../../io/keys.ts'
import { Refused } from '../../io/refused.ts'
import { say } from '../../io/talk.ts'
import { fileBench } from './bench.ts'
import type { Job } from './job.ts'
import { anonymiseKey, formOf, type IsolateCommandOptions, outputsOf } from './options.ts'
import { sealedIncident } from './sealed.ts'

/** One file, or one a leg. */
export async function byIncident(files: readonly string[], options: IsolateCommandOptions): Promise<Job> {
  const keys = await readKeys(options.keys ?? [])
  const captures = await readCaptures(files, keys)
  const { observations, ids, named, flawless } = captures
  if (observations.length === 0) throw new Refused('nothing could be read')
  const story = correlate(observations, { ids, vantages: vantagesOf(captures, options.vantage ?? []) })
  const incident = incidentOf(diagnose(story), options.incident!)
  const frames = new Map(
    observations.flatMap((seen, i) => seen.parts.map((part, k) => [named[ids[i][k]].file, part.frames])),
  )
  const isAnonymised = options.anonymise ?? false
  const expected = isAnonymised ? await sealedIncident(files, observations, incident, options) : incident
  const made = await cutIncident(
    fileBench(options, keys),
    { story, inputs: inputsOf(captures), incident, expected },
    {
      ...formOf(options, keys?.texts ?? []),
      legs: outputsOf(options).map(([, leg]) => leg),
      padSeconds: options.pad ?? 0,
      anonymise: isAnonymised ? { key: await anonymiseKey(options) } : null,
    },
  )
  if (made.is === 'unproven')
    throw new Refused(`${unprovenText(made.proof, expected, isAnonymised)}; nothing was written`)
  if (!isAnonymised && observations.some(hasDecrypted) && !options.secrets) {
    say(
      'TLS is decrypted for this diagnosis: whoever repeats it needs the secrets too (--keys; --secrets puts them in)',
    )
  }
  return { ...made, frames, flawless }
}

function incidentOf({ incidents, masked }: DiagnosisDocument, id: string): Incident {
  const all = [...incidents, ...masked]
  const found = all.find((one) => one.id === id)
  if (found !== undefined) return found
  const known = all.map((one) => one.id)
  const some = known.length > 20 ? `${known.slice(0, 20).join(', ')} ...` : known.join(', ')
  throw new Refused(
    `there is no incident ${id}; ${known.length === 0 ? 'these captures show none' : `there are ${some}`}`,
  )
}
