// The formats that captures are written in.
import { pcapWriter } from './write-pcap.ts'
import { pcapngWriter, type WrittenSection } from './write-pcapng.ts'
import type { CaptureWriter, Emit } from './writer.ts'

/** `pcap` has nanoseconds; `usecpcap` microseconds, for readers that know no others. */
export type WrittenFormat = 'pcapng' | 'pcap' | 'usecpcap'

/** Only pcapng has room for the section. */
export function captureWriter(format: WrittenFormat, section: WrittenSection, emit: Emit): CaptureWriter {
  if (format === 'pcapng') return pcapngWriter(section, emit)
  return pcapWriter(emit, { resolution: format === 'pcap' ? 'nanoseconds' : 'microseconds' })
}
