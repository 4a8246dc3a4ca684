// What is open: the captures and all that was made of them.
import type { DiagnosisDocument, KeyLog, Observations, Story } from '@pcap-surgery/core'
import type { InputFile } from '../session/protocol.ts'

/** A sentence for the user; anything else that is thrown is a defect of ours. */
export class Refused extends Error {}

/** A capture, or one of the captures in a cut: what one id of the document stands for. */
export interface OpenCapture {
  file: InputFile
  /** Name of the source in the cut (`sourceName` without interface); null where the file is no cut. */
  within: string | null
}

export interface Session {
  /** By the ids of the document. */
  captures: OpenCapture[]
  /** Secrets of TLS sessions; null without. */
  keys: KeyLog | null
  /** One a capture, the files of a rotated one together: in the order of `story.captures`. */
  observations: Observations[]
  story: Story
  document: DiagnosisDocument
  /** Which key logs were used, and by job what was read to its end: need not be read again. */
  keyed: string
  observed: Map<string, Observations[]>
}
