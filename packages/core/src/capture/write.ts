// The formats that captures are written in.
import { pcapWriter } from './write-pcap.ts'
import { pcapngWriter, type WrittenSection } from './write-pcapng.ts'
import type { CaptureWriter, Emit, LinkTypesDiffer } from './writer.ts'

/** `pcap` has nanoseconds; `usecpcap` microseconds, for readers that know no others. */
export type WrittenFormat = 'pcapng' | 'pcap' | 'usecpcap'

/** Only pcapng has room for the section. */
export function captureWriter(format: WrittenFormat, section: WrittenSection, emit: Emit): CaptureWriter {
  if (format === 'pcapng') return pcapngWriter(section, emit)
  return pcapWriter(emit, { resolution: format === 'pcap' ? 'nanoseconds' : 'microseconds' })
}

/** `comments of packets (3), names of interfaces (1)`. */
export const lostText = (lost: Iterable<readonly [what: string, count: number]>): string =>
  Array.from(lost, ([what, count]) => `${what} (${count})`).join(', ')

export const linkTypesText = ({ message }: LinkTypesDiffer): string =>
  `${message}, and these have several; pcapng takes them`
