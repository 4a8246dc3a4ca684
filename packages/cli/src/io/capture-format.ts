// The formats that captures are written in, as the command line has them.
import { extname } from 'node:path'
import type { WrittenFormat } from '@pcap-surgery/core'

export const FORMATS: readonly WrittenFormat[] = ['pcapng', 'pcap', 'usecpcap']

/** As stated, else by the name of the output. */
export const formatOf = <F extends WrittenFormat>({
  format,
  output,
}: {
  format?: F
  output: string
}): F | 'pcapng' | 'pcap' => format ?? (extname(output) === '.pcap' ? 'pcap' : 'pcapng')
