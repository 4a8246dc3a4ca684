// What a command has made and not yet delivered.
import type { Cut, Incident, KeyedPseudonyms, Proof } from '@pcap-surgery/core'
import type { CutFile } from '../../io/cut-file.ts'

export interface Job {
  cuts: Cut<CutFile>[]
  /** Frames of the inputs, by file. */
  frames: ReadonlyMap<string, number>
  incident: Incident | null
  proof: Proof | null
  flawless: boolean
  /** Of an anonymised cut. */
  pseudonyms: KeyedPseudonyms | null
}
