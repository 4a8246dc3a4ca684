// Who reads the messages in a cut that is anonymised.
import type { MakeScrubber, ScrubDatagram } from './contract.ts'

export interface Scrubbers {
  stream: MakeScrubber
  datagram: ScrubDatagram
}

export const scrubbers: Scrubbers = {
  stream: (_, edits) => ({ data(side, _b, at, end, p) { edits.keep(side, p, p + end - at) }, gap() {}, end() {} }),
  datagram: () => {},
}
