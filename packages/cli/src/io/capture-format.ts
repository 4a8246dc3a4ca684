// The formats that captures are written in.
import { extname } from 'node:path'
import { type CaptureWriter, type Emit, pcapngWriter, pcapWriter } from '@pcap-surgery/core'

/** `pcap` has nanoseconds; `usecpcap` microseconds, for readers that know no others. */
export const FORMATS = ['pcapng', 'pcap', 'usecpcap'] as const
export type Format = (typeof FORMATS)[number]

/** As stated, else by the name of the output. */
export const formatOf = ({ format, output }: { format?: Format; output: string }): Format =>
  format ?? (extname(output) === '.pcap' ? 'pcap' : 'pcapng')

/** `application` is `NAME VERSION`, for a section header that has none of its source. */
export function writerFor(format: Format, application: string, emit: Emit): CaptureWriter {
  if (format === 'pcapng') return pcapngWriter({ comments: [], application }, emit)
  return pcapWriter(emit, { resolution: format === 'pcap' ? 'nanoseconds' : 'microseconds' })
}

/** `comments of packets (3), names of interfaces (1)`. */
export const lostText = (lost: readonly (readonly [what: string, count: number])[]): string =>
  lost.map(([what, count]) => `${what} (${count})`).join(', ')
