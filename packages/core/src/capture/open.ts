// Which capture format a file is in is seen from its first bytes, never from its name.
import type { Bytes } from '../bytes/read.ts'
import { addFault, emptyInfo } from './faults.ts'
import type { CaptureFormat } from './format.ts'
import { lookAlike } from './lookalike.ts'
import type { BlockSink, CaptureReader, PacketSink } from './packet.ts'
import { pcap } from './pcap.ts'
import { pcapng } from './pcapng.ts'
import { recordCutter, type RecordCutter } from './records.ts'

const FORMATS: readonly CaptureFormat[] = [pcap, pcapng]

/** So many bytes are collected before the format is decided, or the whole file if it is shorter. */
const HEAD = 16

export interface ReaderOptions {
  /** Who hands on what stands beside the packets; null: nobody, and then it costs nothing. */
  blocks: BlockSink | null
  /** Goes on behind damage where it is proven that a record begins; else reading ends there. */
  resume: boolean
}

/** A reader for a pcap or pcapng capture. A file of another kind becomes a fatal fault at offset 0 that says so. */
export function createCaptureReader(options: Partial<ReaderOptions> = {}): CaptureReader {
  const { blocks = null, resume = false } = options
  const info = emptyInfo()
  const head = new Uint8Array(HEAD)
  let filled = 0
  let decided = false
  let cutter: RecordCutter | null = null

  const decide = (sink: PacketSink): void => {
    decided = true
    const start: Bytes = head.subarray(0, filled)
    const format = FORMATS.find((candidate) => candidate.recognises(start))
    if (format === undefined) {
      const text = filled === 0 ? 'the file is empty' : `not a pcap or pcapng file: ${lookAlike(start)}`
      addFault(info, 0, true, text)
      return
    }
    info.format = format.name
    cutter = recordCutter(format.reader(info, blocks), resume ? info : null)
    cutter.push(start, sink)
  }

  return {
    info,
    push(chunk: Bytes, sink: PacketSink): void {
      let from = 0
      if (!decided) {
        from = Math.min(HEAD - filled, chunk.length)
        head.set(chunk.subarray(0, from), filled)
        filled += from
        if (filled < HEAD) return
        decide(sink)
      }
      // A plain array, whatever the chunk is: where readers copy with `slice`, Node's Buffer would share.
      cutter?.push(new Uint8Array(chunk.buffer, chunk.byteOffset + from, chunk.length - from), sink)
    },
    end(sink: PacketSink): void {
      if (!decided) decide(sink)
      cutter?.end(sink)
    },
  }
}
