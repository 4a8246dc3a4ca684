// Who reads the messages in a cut that is anonymised.
import type { MakeScrubber, ScrubDatagram } from './contract.ts'
import { scrubDatagram } from './dns.ts'
import { createStreamScrubber } from './stream.ts'

export interface Scrubbers {
  stream: MakeScrubber
  datagram: ScrubDatagram
}

export const scrubbers: Scrubbers = { stream: createStreamScrubber, datagram: scrubDatagram }
